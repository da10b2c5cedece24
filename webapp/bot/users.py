"""The chat's words on people: greeting, access, language, help, privacy."""

from webapp.base import texts
from webapp.base.i18n import LOCALES, _, speaking
from webapp.bot.events import Event
from webapp.bot.links import home, miniapp, rows
from webapp.bot.replies import Reply
from webapp.bot.routes import on
from webapp.domain.channels import subscriptions
from webapp.domain.settings import config
from webapp.domain.settings import texts as creator_texts
from webapp.domain.users import people
from webapp.domain.users.models import Reach, User
from webapp.domain.users.people import as_actor

HERE = ("member", "administrator", "creator")


@on.button("menu")
def menu(user: User) -> Reply:
    """What can be done from here, by role."""
    buttons = rows(
        miniapp(_("Abrir la vitrina")),
        [texts.button(_("Catálogo"), "cats"), texts.button(_("Mis intereses"), "mine")],
        [texts.button(_("Mi acceso"), "access"), texts.button(_("Idioma"), "langs")],
        [texts.button(_("Administración"), "admin")] if user.is_admin else [],
    )
    return Reply("creator", words=written(f"start_{user.role.value}", user), buttons=buttons)


@on.text()
def anything(user: User, said: str) -> Reply:
    """Whatever we do not understand gets the menu."""
    return menu(user)


@on.command("cancelar", "cancel")
def cancel(user: User) -> Reply:
    """There is nothing half done in the chat; says so, with the menu."""
    return Reply("users/cancelled", buttons=[home()])


@on.deep_link("ref")
def referred(user: User, code: str) -> Reply:
    """Somebody came by a person's link."""
    people.refer(user, code, by=as_actor(user))
    return menu(user)


@on.command("ayuda", "help")
@on.button("help")
def help_(user: User) -> Reply:
    """What the bot can do, in the creator's words."""
    return Reply("creator", words=written("help", user), buttons=rows(miniapp(_("Ayuda"), "help"), home()))


@on.command("privacidad", "privacy")
def privacy(user: User) -> Reply:
    """What we keep of a person."""
    return Reply("users/privacy", creator=config.current().creator_name, buttons=[home()])


@on.command("acceso")
@on.button("access")
def access(user: User) -> Reply:
    """What the person is to us, and since when we know each other."""
    vip = [] if user.sees_vip else [texts.button(_("Qué es VIP"), "vip")]
    until = subscriptions.open_until(user.user_id)
    return Reply("users/access", until=until, zone=people.zone_of(user), buttons=rows(vip, home()))


@on.command("idioma", "language")
@on.button("langs")
def languages(user: User) -> Reply:
    """Which languages we speak."""
    mark = {user.locale: "✓ "}
    choices = [[texts.button(mark.get(code, "") + name, f"lang:{code}")] for code, name in LOCALES.items()]
    return Reply("users/languages", buttons=rows(*choices, home()))


@on.button("lang")
def speak(user: User, code: str) -> Reply:
    """The person chooses a language; it is spoken at once."""
    if code in LOCALES:
        people.choose_locale(user, code, by=as_actor(user))
    with speaking(user.locale):
        return languages(user).toasting(_("Ahora hablamos en español."))


def reach(event: Event) -> None:
    """Somebody blocks the bot, or lets it write again."""
    if event.is_private and event.person:
        now_is = event.body.get("new_chat_member")
        status = now_is.get("status") if isinstance(now_is, dict) else None
        people.note_reach(int(event.person["id"]), Reach.OK if status in HERE else Reach.BLOCKED)


def written(name: str, user: User) -> str:
    """A text that the creator can rewrite, told of this reader."""
    return creator_texts.render(name, nombre=user.first_name or user.full_name)
