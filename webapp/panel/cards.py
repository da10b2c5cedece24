"""Codes as cards to print: a QR code of the deep link, the code, and what it gives. Codes come with the request."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from markupsafe import Markup

from webapp.base.i18n import _
from webapp.domain.channels import tokens
from webapp.domain.channels.models import InvitationToken

SHEET = 200  # on one page to print; drawing a QR code takes some milliseconds


@dataclass(frozen=True)
class Card:
    """One card: its code, what the QR code says, and the token."""

    code: str
    drawn: Markup
    token: InvitationToken


def draw(codes: Sequence[str], link: str) -> list[Card]:
    """A card of each of these codes that is a token of ours, in their order; `link` is what stands before a code."""
    known = tokens.known(codes)
    return [Card(code, _qr(link + code), known[code]) for code in codes if code in known]


def _qr(text: str) -> Markup:
    """A QR code as SVG, without styles of its own."""
    made = segno.make_qr(text, error="m", boost_error=False)
    title = _("Código QR del enlace")
    drawn = made.svg_inline(border=2, svgclass="qr", lineclass=None, omitsize=True, title=title)
    return Markup(drawn)  # noqa: S704  segno escapes the title; all else is numbers
