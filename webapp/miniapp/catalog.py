"""The showcase as members see it: the list, one package, and what they are interested in."""

from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from webapp import faces
from webapp.base.db import transaction
from webapp.base.errors import NotFound
from webapp.base.i18n import _
from webapp.base.web import is_htmx
from webapp.domain.catalog import interests, showcase
from webapp.domain.catalog.models import ContentCategory
from webapp.domain.catalog.showcase import Offer
from webapp.domain.catalog.visits import Visitor
from webapp.miniapp import cards
from webapp.miniapp.visitor import actor, app_link, arguments, doer, visitor

MOST_WORDS = 100


def routes(pages: Blueprint) -> None:
    """What can be asked here."""
    pages.get("/")(vitrina)
    pages.get("/packages")(listing)
    pages.get("/packages/<public_id>")(package)
    pages.get("/packages/<public_id>/want")(want)
    pages.post("/packages/<public_id>/press")(press)
    pages.post("/packages/<public_id>/withdraw")(withdraw)
    pages.get("/interests", endpoint="interests_page")(interests_page)
    pages.get("/<path:unknown>")(nothing)


def vitrina() -> str:
    """The showcase."""
    me, (category, words, after) = visitor(), _asked()
    found, news = cards.listing(me, category, words, after)

    def draw() -> tuple[str, None, None]:
        gaps = {name: cards.slot(name) for name in ("name", "initials", "hue", "news", "words", "cards")}
        return render_template("miniapp/catalog/page.html", visitor=me, category=category, **gaps), None, None

    frame = cards.frame(me, ("vitrina", me.role, category), draw)
    face = {"initials": faces.initials(me.full_name), "hue": faces.hue(me.user_id)}
    return frame.fill(name=me.first_name or me.full_name, **face, news=_news(me, news), words=words, cards=found)


def listing() -> str:
    """The cards alone: as one types, as one scrolls."""
    if not is_htmx() or "path" in g:
        return vitrina()
    return cards.listing(visitor(), *_asked())[0]


def package(public_id: str) -> str:
    """One package."""
    me = visitor()
    frame = cards.frame(me, ("package", public_id, me.sees_vip), lambda: _drawn(me, public_id))
    package, locked = frame.about
    if locked:
        vip = showcase.vip_interest(me.user_id)
        mark = vip.is_attended if vip else None
        return frame.fill(want=cards.want_vip(me, mark), mark=cards.mark_words(me, mark, vip=True))
    mark = showcase.marks(me.user_id, [package.id]).get(package.id)
    return frame.fill(want=cards.want(me, package, mark, "main"), mark=cards.mark_words(me, mark))


def want(public_id: str) -> str:
    """The button of a package's deed, as it is now."""
    package = showcase.get_shown(public_id)
    mark = showcase.marks(visitor().user_id, [package.id]).get(package.id)
    return _button(package, mark, request.args.get("place", "card"))


def press(public_id: str) -> ResponseReturnValue:
    """ "Me interesa"."""
    package = showcase.get_offer(public_id)
    with transaction():
        interests.press(doer(), package, by=actor())
    return _answer(package, False)


def withdraw(public_id: str) -> ResponseReturnValue:
    """No longer interested."""
    package = showcase.get_offer(public_id)
    with transaction():
        interests.withdraw(doer(), package, by=actor())
    return _answer(package, None)


def interests_page() -> str:
    """What the visitor is interested in, and how it stands."""
    found = showcase.mine(visitor().user_id)
    return render_template("miniapp/catalog/interests.html", visitor=visitor(), interests=found)


def nothing(unknown: str) -> str:
    """An address that leads nowhere. Raises NotFound."""
    raise NotFound(_("No encontramos esta página."))


def _asked() -> tuple[ContentCategory | None, str, str | None]:
    asked = arguments()
    names = {category.value: category for category in ContentCategory}
    words = str(asked.get("q", "")).replace("\0", "").strip()[:MOST_WORDS]
    return names.get(asked.get("category", "")), words, asked.get("after")


def _news(me: Visitor, news: int) -> Markup:
    count = f"{news}+" if news >= showcase.MOST_NEWS else str(news)
    kept = cards.frame(
        me, ("news", count), lambda: (render_template("miniapp/catalog/_news.html", news=news, count=count), None, None)
    )
    return Markup(kept.fill())  # noqa: S704 - rendered by a template


def _drawn(me: Visitor, public_id: str) -> tuple[str, Any, Any]:
    package = showcase.get_shown(public_id)
    locked = package.category.for_vip and not me.sees_vip
    text = render_template(
        "miniapp/catalog/package.html",
        visitor=me,
        package=package,
        locked=locked,
        want=cards.slot("want"),
        mark=cards.slot("mark"),
        related=showcase.related(package),
        share=app_link(f"pkg_{package.public_id}"),
    )
    return text, showcase.next_change(), (package, locked)


def _button(package: Any, mark: bool | None, place: str) -> str:
    """The button of a package's deed; on the package's own page with the words on how it stands."""
    if place != "main":
        return str(cards.want(visitor(), package, mark))
    button = str(cards.want(visitor(), package, mark, "main"))
    return button + render_template("miniapp/catalog/_marked.html", mark=mark, vip=False)


def _answer(package: Offer, mark: bool | None) -> ResponseReturnValue:
    """The deed's button (or the list that it stood in) as it is now, with a way back for what was taken away."""
    if not is_htmx():
        return redirect(url_for("miniapp.package", public_id=package.public_id), 303)
    place = request.form.get("place", "card")
    if place == "list":
        found = showcase.mine(visitor().user_id)
        html = render_template("miniapp/catalog/_interests.html", visitor=visitor(), interests=found)
    else:
        html = _button(package, mark, place)
    if mark is None:
        html += render_template("miniapp/catalog/_withdrawn.html", withdrawn=package, place=place)
    answer = make_response(html)
    answer.headers["HX-Trigger"] = "withdrawn" if mark is None else "pressed"
    return answer
