"""A CPF as people write it: which exist, which do not, how it is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.clients import cpf


@pytest.fixture(autouse=True)
def _spoken(app):
    """Refusals are said in somebody's language."""


@pytest.mark.parametrize(
    "typed", ["529.982.247-25", "52998224725", " 529 982 247 25 ", "529.982.247/25", "529982247-25"]
)
def test_it_is_read_however_it_is_written(typed):
    assert cpf.read(typed) == "52998224725"


@pytest.mark.parametrize(
    "typed", ["", None, "5299822472", "529982247255", "529.982.247-2a", "५२९९८२२४७२५", "=52998224725"]
)
def test_what_has_not_eleven_digits_is_none(typed):
    with pytest.raises(ValueError, match="11 números"):
        cpf.read(typed)


@pytest.mark.parametrize("typed", ["52998224724", "52998224735", "25998224725", "12345678900"])
def test_a_digit_that_is_wrong_is_found_out(typed):
    with pytest.raises(ValueError, match="no existe"):
        cpf.read(typed)


@pytest.mark.parametrize("digit", "0123456789")
def test_one_digit_eleven_times_is_none_though_its_sums_fit(digit):
    with pytest.raises(ValueError, match="iguales"):
        cpf.read(digit * 11)


@given(st.text("0123456789", min_size=9, max_size=9).filter(lambda nine: len(set(nine)) > 1))
def test_any_nine_digits_with_what_checks_them_are_one(nine):
    digits = nine + cpf.check_digits(nine)
    assert cpf.read(cpf.written(digits)) == digits


def test_it_is_shown_by_its_last_five_digits_alone():
    assert cpf.written("52998224725") == "529.982.247-25"
    assert cpf.masked("52998224725") == "•••.•••.247-25"


@pytest.mark.parametrize(
    "words", ["529", "529.982", "529 982 247 25", "529.982.247-2x", "Inês Carvalho de Souza 529.982.247-24"]
)
def test_what_could_be_one_is_no_name(words):
    assert cpf.may_be(words)


@pytest.mark.parametrize(
    "words", ["", "Ana", "Ana 2", "José 1º", "ana7@vitrina.example", "12", "ana52998224725@vitrina.example"]
)
def test_a_name_is_none(words):
    assert not cpf.may_be(words)


def test_it_is_found_among_other_words_and_no_longer_number_is_one():
    assert cpf.find("Inês, 529.982.247-25 (suyo)") == cpf.find("529 982 247 25") == "52998224725"
    for words in ("Inês Carvalho", "5299822472529", "529.982.247-24", ""):
        assert cpf.find(words) is None


def test_within_other_words_it_is_masked_and_other_numbers_stay():
    told = cpf.hidden("Inês 529.982.247-25, o 529 982 247 25; id 71000000001, 30/12/1990")
    assert told == "Inês •••.•••.247-25, o •••.•••.247-25; id 71000000001, 30/12/1990"
