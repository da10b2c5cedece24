"""What stays rendered between requests, so that a page of the showcase is put together instead of drawn.

Everything kept belongs to one state of the showcase (`Visitor.key`: the catalogue version, which grows in the
transaction of every change that members could see, and the moment the creator's settings changed). The first request
that reads another key drops it all, in this process; every other process does the same at its next request. Pages also
end at the next publish date. Nothing is kept per person: marks, lock and role choose among kept variants.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from flask import Flask, current_app, render_template
from markupsafe import Markup, escape

from webapp.base.clock import now
from webapp.base.web import is_htmx
from webapp.domain.catalog import showcase
from webapp.domain.catalog.models import ContentCategory
from webapp.domain.catalog.showcase import Item, Listing
from webapp.domain.catalog.visits import Visitor

MOST = {"cards": 2000, "pages": 300, "frames": 300}
MARKS = (None, False, True)
_SECRET = secrets.token_hex(8)
_ID = f"id-{_SECRET}"  # in addresses, where a slot would be quoted
_SLOT = re.compile(f"<{_SECRET}:([a-z]+)>")


@dataclass(slots=True)
class Shelf:
    """What is kept of one state of the showcase."""

    key: Any = None
    cards: dict[Any, "Card"] = field(default_factory=dict)
    pages: dict[Any, "Page"] = field(default_factory=dict)
    frames: dict[Any, "Frame"] = field(default_factory=dict)

    def put(self, kind: str, key: Any, value: Any) -> Any:
        """Keeps one more thing; when there are too many of a kind, they start anew."""
        kept = getattr(self, kind)
        if len(kept) >= MOST[kind]:
            kept.clear()
        kept[key] = value
        return value


@dataclass(frozen=True, slots=True)
class Card:
    """One package's card, in the ways a visitor may see it: by mark (None, False: interested, True: attended)."""

    id: int
    by_mark: Mapping[bool | None, str]


@dataclass(frozen=True, slots=True)
class Page:
    """Twenty cards in order, what follows them, and until when."""

    ids: Sequence[int]
    cards: Sequence[Card]
    tail: str
    news: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Frame:
    """A rendered template with named gaps; good until a moment."""

    parts: Sequence[str]
    until: datetime | None = None
    about: Any = None

    def fill(self, **slots: Any) -> str:
        """The text with its gaps filled; what is not Markup is escaped."""
        parts = list(self.parts)
        parts[1::2] = [str(escape(slots[name])) for name in parts[1::2]]
        return "".join(parts)


def init_app(app: Flask) -> None:
    """An empty shelf."""
    app.extensions["miniapp_shelf"] = Shelf()


def shelf(visitor: Visitor) -> Shelf:
    """What is kept of the showcase as this visitor's request found it."""
    found: Shelf = current_app.extensions["miniapp_shelf"]
    if found.key != visitor.key:
        found = current_app.extensions["miniapp_shelf"] = Shelf(visitor.key)
    return found


def slot(name: str) -> Markup:
    """Stands in a template where `Frame.fill` will put something."""
    return Markup(f"<{_SECRET}:{name}>")  # noqa: S704 - our own text


def frame(visitor: Visitor, key: Any, draw: Callable[[], tuple[str, datetime | None, Any]]) -> Frame:
    """The kept frame called `key`, drawn by `draw` (text, until, about) when there is none in this language."""
    here = shelf(visitor)
    whole = (visitor.locale, is_htmx(), key)
    kept = here.frames.get(whole)
    if kept is None or (kept.until is not None and kept.until <= now()):
        text, until, about = draw()
        kept = here.put("frames", whole, Frame(_SLOT.split(text), until, about))
    return kept


def listing(visitor: Visitor, category: ContentCategory | None, words: str, after: str | None) -> tuple[Markup, int]:
    """(cards of the showcase with what follows them, how many packages are new this week)."""
    if words:
        found = showcase.listing(visitor.user_id, category=category, words=words, after=after)
        return _joined(_page(visitor, found, category, words, after), found.marks), found.news
    key = (visitor.locale, visitor.sees_vip, category, after)
    here = shelf(visitor)
    kept = here.pages.get(key)
    if kept is None or kept.until <= now():
        found = showcase.listing(visitor.user_id, category=category, after=after)
        kept = _page(visitor, found, category, words, after)
        if kept.ids:
            here.put("pages", key, kept)
        return _joined(kept, found.marks), kept.news
    return _joined(kept, showcase.marks(visitor.user_id, kept.ids)), kept.news


def _joined(page: Page, marks: Mapping[int, bool]) -> Markup:
    cards = [card.by_mark[marks.get(card.id)] for card in page.cards]
    return Markup("".join(cards) + page.tail)  # noqa: S704 - rendered by templates


def _page(visitor: Visitor, found: Listing, category: ContentCategory | None, words: str, after: str | None) -> Page:
    cards = [_card(visitor, item) for item in found.items]
    tail = render_template(
        "miniapp/catalog/_tail.html", found=found, category=category, words=words, first=after is None
    )
    return Page([card.id for card in cards], cards, tail, found.news, found.until)


def _card(visitor: Visitor, item: Item) -> Card:
    here = shelf(visitor)
    locked = item.category.for_vip and not visitor.sees_vip
    key = (visitor.locale, locked, item.id, item.is_new, now().toordinal())
    kept = here.cards.get(key)
    if kept is None:
        gap = Markup("") if locked else slot("want")
        text = render_template("miniapp/catalog/_card.html", card=item, locked=locked, want=gap, visitor=visitor)
        filled = Frame(_SLOT.split(text))
        variants = {mark: text if locked else filled.fill(want=want(visitor, item, mark)) for mark in MARKS}
        kept = here.put("cards", key, Card(item.id, variants))
    return kept


def want_vip(visitor: Visitor, mark: bool | None) -> Markup:
    """The button of a locked package's page, as one's interest in VIP asks for it."""
    kept = frame(
        visitor, ("want_vip", mark), lambda: (render_template("miniapp/catalog/_want_vip.html", mark=mark), None, None)
    )
    return Markup(kept.fill())  # noqa: S704 - rendered by a template


def mark_words(visitor: Visitor, mark: bool | None, *, vip: bool = False) -> Markup:
    """How one's interest stands, in words."""
    kept = frame(
        visitor,
        ("mark", mark, vip),
        lambda: (render_template("miniapp/catalog/_mark.html", mark=mark, vip=vip), None, None),
    )
    return Markup(kept.fill())  # noqa: S704 - rendered by a template


def want(visitor: Visitor, package: Any, mark: bool | None, place: str = "card") -> Markup:
    """The button of a package's deed, as this mark asks for it; kept with a gap for the package's id."""

    def draw() -> tuple[str, None, None]:
        text = render_template(
            "miniapp/catalog/_want.html", want=SimpleNamespace(public_id=_ID), mark=mark, place=place
        )
        return text.replace(_ID, slot("id")), None, None

    kept = frame(visitor, ("want", mark, place), draw)
    return Markup(kept.fill(id=package.public_id))  # noqa: S704 - rendered by a template
