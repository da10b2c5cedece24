"""The chat's showcase: categories, packages, "Me interesa", my interests, what VIP is."""

from typing import Any

from webapp.base import texts
from webapp.base.db import get
from webapp.base.i18n import _
from webapp.bot.links import home, miniapp, rows, short, turning
from webapp.bot.replies import Photo, Reply
from webapp.bot.routes import on
from webapp.bot.users import written
from webapp.domain.catalog import interests, shelf
from webapp.domain.catalog.models import ContentCategory, ContentPackage, UserInterest
from webapp.domain.users.models import User
from webapp.domain.users.people import as_actor, zone_of
from webapp.filters import category_label

MARKS = {"pending": "⏳", "attended": "✅"}


@on.command("catalogo", "catalog")
@on.button("cats")
def categories(user: User) -> Reply:
    """The categories that have something to show."""
    found = shelf.categories()
    choices = [
        [texts.button(f"{kind.emoji} {short(category_label(kind))} · {count}", f"cat:{kind.value}")]
        for kind, count in found
    ]
    return Reply("catalog/categories", found=found, buttons=rows(*choices, miniapp(_("Abrir la vitrina")), home()))


@on.button("cat")
def category(user: User, value: str, first: int = 0, second: int = 0, back: int = 0) -> Reply:
    """The packages of a category, some at a time."""
    kind = next((one for one in ContentCategory if one.value == value), None)
    if kind is None:
        return categories(user)
    found = shelf.packages(kind, (first, second) if second else None, back=bool(back))
    locked = kind.for_vip and not user.sees_vip
    choices = [[texts.button(("🔒 " if locked else "") + short(one.name), f"pkg:{one.id}")] for one in found.rows]
    up = [texts.button(_("‹ Categorías"), "cats")]
    turns = turning(found, f"cat:{value}")
    return Reply("catalog/category", kind=kind, locked=locked, found=found, buttons=rows(*choices, turns, up))


@on.deep_link("pkg")
def linked(user: User, public_id: str) -> Reply:
    """A package that somebody was sent a link to."""
    return _shown(user, shelf.package(public_id))


@on.button("pkg")
def package(user: User, package_id: int) -> Reply:
    """One package, with its cover."""
    return _shown(user, get(ContentPackage, package_id))


@on.button("want")
def want(user: User, package_id: int) -> Reply:
    """ "Me interesa"."""
    chosen = get(ContentPackage, package_id)
    interests.press(user, chosen, by=as_actor(user))
    return _view(user, chosen).toasting(_("Anotado. Te escribimos pronto."))


@on.button("drop")
def drop(user: User, package_id: int) -> Reply:
    """No longer interested."""
    chosen = get(ContentPackage, package_id)
    if not interests.withdraw(user, chosen, by=as_actor(user)):
        interests.refuse_hidden(chosen)  # who asks for any number must not see what is not shown
    return _view(user, chosen).toasting(_("Listo, lo quitamos de tus intereses."))


@on.button("vip")
def vip(user: User) -> Reply:
    """What VIP is, in the creator's words, and how to say that one wants it."""
    deed = [] if user.sees_vip else [_vip_button(user)]
    hint = "" if user.sees_vip else _("¿Tienes un código? Envíamelo así: /vip CÓDIGO")
    return Reply("creator", words=written("vip", user), hint=hint, buttons=rows(deed, home()))


@on.button("vipwant")
def want_vip(user: User) -> Reply:
    """ "Me interesa el VIP"."""
    interests.press(user, None, by=as_actor(user))
    return vip(user).toasting(_("Anotado. Te escribimos pronto."))


@on.button("vipdrop")
def drop_vip(user: User) -> Reply:
    """No longer interested in VIP."""
    interests.withdraw(user, None, by=as_actor(user))
    return vip(user).toasting(_("Listo, lo quitamos de tus intereses."))


@on.command("intereses", "interests")
@on.button("mine")
def mine(user: User, first: int = 0, second: int = 0, back: int = 0) -> Reply:
    """What the person is interested in, and how each stands."""
    found = shelf.interests_of(user, (first, second) if second else None, back=bool(back))
    choices = [[_interest_button(one)] for one in found.rows]
    turns = turning(found, "mine")
    zone = zone_of(user)
    see = [texts.button(_("Ver el catálogo"), "cats")] if not found.rows else []
    return Reply("catalog/mine", found=found, marks=MARKS, zone=zone, buttons=rows(*choices, turns, see, home()))


def _interest_button(interest: UserInterest) -> dict[str, Any]:
    mark = MARKS[interest.state]
    if interest.package is None:
        return texts.button(f"{mark} {_('Suscripción VIP')}", "vip")
    return texts.button(f"{mark} {short(interest.package.name)}", f"pkg:{interest.package_id}")


def _shown(user: User, chosen: ContentPackage) -> Reply:
    """A package as this person may see it. Raises NotFound for one that is not shown now, unless it interests them."""
    if shelf.interest_in(user, chosen.id) is None:
        interests.refuse_hidden(chosen)
    return _view(user, chosen)


def _view(user: User, chosen: ContentPackage) -> Reply:
    up = [texts.button("‹ " + short(category_label(chosen.category)), f"cat:{chosen.category.value}")]
    if chosen.category.for_vip and not user.sees_vip:
        choices = rows([_vip_button(user)], [texts.button(_("Qué es VIP"), "vip")], up)
        return Reply("catalog/locked", package=chosen, buttons=choices)
    wanted = shelf.interest_in(user, chosen.id)
    verb, words = ("drop", _("Quitar")) if wanted else ("want", _("Me interesa"))
    see = miniapp(_("Ver en la Mini App"), f"packages/{chosen.public_id}")
    choices = rows([texts.button(words, f"{verb}:{chosen.id}")], see, up)
    cover = shelf.cover(chosen.id)
    photo = Photo(cover.storage_key, cover.file_id) if cover else None
    return Reply("catalog/package", package=chosen, interest=wanted, photo=photo, buttons=choices)


def _vip_button(user: User) -> dict[str, Any]:
    if shelf.interest_in(user, None):
        return texts.button(_("Te interesa el VIP ✓ · Quitar"), "vipdrop")
    return texts.button(_("Me interesa el VIP"), "vipwant")
