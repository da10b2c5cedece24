"""What the first paint costs in bytes."""

import gzip
import re

import pytest

from tests.factories import PackageFactory
from tests.miniapp.conftest import Phone

PACKED = {"Accept-Encoding": "gzip"}


def test_the_first_page_weighs_at_most_sixty_kilobytes_packed(client, ana):
    PackageFactory.create_batch(25)
    shell = client.get("/miniapp/", headers=PACKED)
    page = gzip.decompress(shell.data).decode()
    files = {name for name in re.findall(r'(?:src|href)="(/static/[^"#]+)', page) if "favicon" not in name}
    first = gzip.compress(Phone(client, ana).open().data, 1)
    weight = len(shell.data) + len(first) + sum(len(client.get(name, headers=PACKED).data) for name in files)
    assert len(files) >= 6 and weight <= 60 * 1024


@pytest.mark.parametrize("name", ["miniapp/app.css", "vendor/htmx/htmx.min.js"])
def test_static_files_are_packed_only_for_who_can_unpack(client, name):
    packed, plain = client.get(f"/static/{name}?v=1", headers=PACKED), client.get(f"/static/{name}?v=1")
    assert gzip.decompress(packed.data) == plain.data and "Content-Encoding" not in plain.headers
    assert "immutable" in packed.headers["Cache-Control"] and "Accept-Encoding" in packed.headers["Vary"]
    plain.close()


@pytest.mark.parametrize("name", ["../wsgi.py", "nada.css", "..%2fwsgi.py"])
def test_what_is_no_static_file_is_not_found(client, name):
    assert client.get(f"/static/{name}", headers=PACKED).status_code == 404
