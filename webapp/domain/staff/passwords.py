"""Which passwords are good enough (NIST SP 800-63B: length counts, not being a known one, and not telling of oneself).

The list of known ones is Django's (docs/vendor.md): twenty thousand from what was stolen elsewhere.
"""

import gzip
import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

from webapp.base.errors import Invalid
from webapp.base.i18n import _
from webapp.domain.settings import config

SHORTEST, LONGEST = 12, 200
LIST = Path(__file__).parent / "common-passwords.txt.gz"
# What people write here that the list, made elsewhere, does not know.
OURS = """
    contrasena teamo teamomucho tequiero tequieromucho bienvenido bienvenida administrador administradora telegram
    vitrina mexico barcelona realmadrid futbol estrella princesa princesita qwertyuiop asdfghjkl qazwsxedcrfv
    qazwsxedc zxcvbnm asdf qwerty 1q2w3e4r5t6y 1qaz2wsx3edc iloveyou changeme letmein welcome admin superman password
"""
LOOKS = str.maketrans("013457@$!", "oieastasi")  # written so, and read as a letter
LEAST = 4  # letters of a word that tells of somebody
REST = 6  # letters that must be left without such words


def refuse_weak(password: str, email: str, field: str = "password", *, name: str = "") -> None:
    """Raises Invalid (on `field`) for one that is short, endless, known, or made of what is known of its owner: their
    e-mail and name, the creator's name and channels, "vitrina"."""
    if len(password) < SHORTEST:
        raise Invalid(fields={field: _("Usa al menos %(n)s caracteres.", n=SHORTEST)})
    if len(password) > LONGEST:
        raise Invalid(fields={field: _("Usa como mucho %(n)s caracteres.", n=LONGEST)})
    if is_known(password) or _tells(password, _words(email, name, *_ours())):
        raise Invalid(fields={field: _("Esa contraseña es fácil de adivinar. Prueba con una frase.")})


def is_known(password: str) -> bool:
    """Whether it is what everybody tries first: a known one, also with digits and signs around it or in it, one that
    repeats itself, or that runs along the alphabet."""
    plain = _plain(password)
    bare = re.sub(r"^[^a-z]+|[^a-z]+$", "", plain)
    letters, read = re.sub(r"[^a-z]", "", plain), re.sub(r"[^a-z]", "", plain.translate(LOOKS))
    unit = (plain + plain).find(plain, 1)  # how long the part is that it repeats
    known = known_ones()
    if len(set(plain)) < 4 or unit <= len(plain) // 2:
        return True
    return _runs(plain) or any(one in known for one in (plain, bare, letters, read, re.sub(r"[^a-z0-9]", "", plain)))


@cache
def known_ones() -> frozenset[str]:
    """The known passwords, in small letters."""
    return frozenset(gzip.decompress(LIST.read_bytes()).decode().split()) | frozenset(OURS.split())


def _tells(password: str, words: Iterable[str]) -> bool:
    """Whether too little is left of it without these words."""
    plain = _plain(password)
    rest = plain
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word, "")
    return rest != plain and len(re.sub(r"[^a-z]", "", rest)) < REST


def _words(*texts: str | None) -> set[str]:
    found = {_plain(part) for text in texts for part in re.split(r"[\W_]+", text or "")}
    joined = {re.sub(r"[\W_]+", "", _plain(text or "")) for text in texts}
    return {word for word in found | joined if len(word) >= LEAST} | {"vitrina"}


def _ours() -> tuple[str | None, ...]:
    held = config.current()
    return held.creator_name, held.bot_username, held.vip_channel_title, held.free_channel_title


def _runs(plain: str) -> bool:
    """Mostly letters or digits that follow one another: abcdefgh1234, 987654321098."""
    steps = [ord(after) - ord(before) for before, after in pairwise(plain)]
    return max(steps.count(1), steps.count(-1)) * 10 >= len(steps) * 7


def _plain(text: str) -> str:
    """In small letters without accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(one for one in parts if not unicodedata.combining(one))
