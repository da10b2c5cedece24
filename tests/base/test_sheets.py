"""Sheets that people send: written by whatever program, and some that are none."""

import contextlib
import time

import pytest

from webapp.base import sheets
from webapp.base.errors import Invalid

ROWS = [(1, ["usuario", "hasta"]), (2, ["Peña", "2030-01-01"])]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_each_program_writes_its_own_way(app, sign, encoding, ending):
    text = ending.join([f"usuario{sign}hasta", f"Peña{sign} 2030-01-01 ", ""])
    assert sheets.read(text.encode(encoding), most=9) == ROWS


def test_blank_lines_are_left_out_and_numbers_stay_those_of_the_file(app):
    assert sheets.read(b'a,b\n\n , \n"c\nd",e\nf,g\n', most=9) == [(1, ["a", "b"]), (4, ["c\nd", "e"]), (6, ["f", "g"])]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "vacío"),
        (b"\n \n", "vacío"),
        (b"\xef\xbb\xbf", "vacío"),
        (b"PK\x03\x04" + b"x" * 50, "Excel"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 50, "Excel"),
        (b"a,b\x00c\n", "No parece"),
        (b"\xff\xfea", "No parece"),
        (b"\x81\x8d\x8f", "No parece"),
        (b"\x00" * 100, "No parece"),
        (b"x" * (sheets.LARGEST + 1), "10 MB"),
        (b'a\n"' + b"x" * 200_000, "comillas"),
        (b"x" * 200_000, "comillas"),
        (b"a\n" * 10, "demasiadas filas"),
    ],
)
def test_what_is_no_sheet_is_refused_in_words(app, data, words):
    with pytest.raises(Invalid) as refusal:
        sheets.read(data, most=9)
    assert words in refusal.value.fields["file"]


@pytest.mark.parametrize("sign", [b"\n", b"\r", b",", b'"', b'"\n', b",\n", b'"",', b"\x0b", "\u2028".encode()])
def test_no_ten_megabytes_hold_a_thread_long(app, sign):
    hostile = b"a" + sign * ((sheets.LARGEST - 9) // len(sign))
    began = time.process_time()
    with contextlib.suppress(Invalid):
        assert all(len(cells) <= sheets.WIDEST for _line, cells in sheets.read(hostile, most=20_001))
    assert time.process_time() - began < 2
