"""Keys rotate: what is looked up is found as long as the oldest key is there, whatever stands beside it."""

import pytest
from cryptography.fernet import Fernet

from webapp.base import crypto

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


@pytest.fixture
def turned():
    """Gives data keys to this process, and takes them back."""
    kept = {name: list(keys) for name, keys in crypto._keys.items()}
    yield lambda *data: crypto.set_keys(["x"], list(data))
    crypto.set_keys(kept["secret"], kept["data"])


def test_a_new_key_beside_the_old_one_loses_nothing_that_is_looked_up(turned):
    turned(OLD)
    before, closed = crypto.keyed_hash("11144477735", "cpf"), crypto.encrypt("11144477735")
    turned(NEW, OLD)
    assert crypto.keyed_hash("11144477735", "cpf") == before and crypto.decrypt(closed) == "11144477735"


def test_without_the_old_key_nothing_is_found_or_opened(turned):
    turned(NEW, OLD)
    before = crypto.keyed_hash("11144477735", "cpf")
    turned(OLD)
    closed = crypto.encrypt("11144477735")
    turned(NEW)
    assert crypto.keyed_hash("11144477735", "cpf") != before
    with pytest.raises(ValueError, match="no key"):
        crypto.decrypt(closed)
