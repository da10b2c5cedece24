"""The CPF, the number by which Brazil knows who pays: nine digits, and two more that check them."""

import re

from webapp.base.i18n import _

ELEVEN = re.compile(r"[0-9]{11}")
WITHIN = re.compile(r"[0-9](?:[.\-/ \u00a0]*[0-9]){10}")
ALONE = re.compile(rf"(?<![0-9]){WITHIN.pattern}(?![0-9])")
SIGNS = str.maketrans("", "", ".-/ \u00a0")
HIDDEN = "•••.•••.•••-••"


def read(text: object) -> str:
    """The eleven digits of a CPF, however it is written. Raises ValueError with words for who typed it."""
    digits = str(text or "").strip().translate(SIGNS)
    if not ELEVEN.fullmatch(digits):
        raise ValueError(_("Un CPF tiene 11 números, como 123.456.789-09."))
    if len(set(digits)) == 1:
        raise ValueError(_("Ese CPF no existe: todos sus números son iguales."))
    if digits[9:] != check_digits(digits[:9]):
        raise ValueError(_("Ese CPF no existe: revisa los números."))
    return digits


def check_digits(nine: str) -> str:
    """The two digits that go with these nine. Source: Receita Federal, modulus 11."""
    found = nine
    for _place in range(2):
        total = sum(int(digit) * weight for weight, digit in enumerate(reversed(found), start=2))
        found += str(total * 10 % 11 % 10)
    return found[9:]


def written(digits: str) -> str:
    """123.456.789-09."""
    return f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}"


def masked(digits: str) -> str:
    """•••.•••.789-09: as it is shown everywhere."""
    return f"•••.•••.{digits[6:9]}-{digits[9:]}"


def find(text: str) -> str | None:
    """The eleven digits of the first CPF that stands among other words; None when none does."""
    for found in ALONE.finditer(text):
        try:
            return read(found[0])
        except ValueError:
            continue
    return None


def hidden(text: str) -> str:
    """A text with each CPF in it masked: for what is written down of what somebody asked."""
    return WITHIN.sub(_unless_none, text)


def may_be(text: str) -> bool:
    """Whether words could be a CPF, a part of one, or hold one: they are no name, and have no place in an address."""
    if WITHIN.search(" ".join(word for word in text.split() if "@" not in word)):
        return True
    digits = text.translate(SIGNS)
    return len(digits) >= 3 and sum(sign.isdigit() for sign in digits) * 2 > len(digits)


def _unless_none(found: re.Match[str]) -> str:
    try:
        return masked(read(found[0]))
    except ValueError:
        return found[0]
