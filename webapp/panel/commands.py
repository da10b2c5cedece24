"""What an operator types about staff accounts."""

import click
from flask.cli import AppGroup

from webapp.base.db import transaction
from webapp.base.errors import Refused
from webapp.config import settings
from webapp.domain.audit.actors import Actor
from webapp.domain.sessions import devices
from webapp.domain.staff import accounts, second_factor
from webapp.domain.staff.models import StaffRole, StaffUser

staff = AppGroup("staff", help="Accounts of the panel.")
OPERATOR = Actor("system", "0", "Consola", source="SYSTEM")


@staff.command("invite")
@click.option("--email", help="Who the link is for; without it, they choose.")
@click.option("--role", type=click.Choice([role.value for role in StaffRole]), default="sysadmin", show_default=True)
@click.option("--if-none", is_flag=True, help="Only while no account exists.")
def invite(email: str | None, role: str, if_none: bool) -> None:
    """Prints a link, good once within 24 hours, with which somebody makes an account."""
    if if_none and accounts.anybody():
        return
    try:
        with transaction():
            token = accounts.invite(StaffRole(role), email=email, by=OPERATOR)
    except Refused as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{settings().public}/panel/invitation/{token}")


@staff.command("code")
@click.argument("email")
def code(email: str) -> None:
    """Prints the code that somebody's phone would show now: for trying things out. Refused in production."""
    if settings().production:
        raise click.ClickException("codes are printed on one's own machine only, never in production")
    account = accounts.find(email)
    if account is None:
        raise click.ClickException(f"nobody has an account as {email}")
    secret = second_factor.secret_of(account) if second_factor.is_on(account) else _offered(account)
    if secret is None:
        raise click.ClickException("sign in with the password first: the page then offers a secret")
    click.echo(second_factor.now_shown(secret))


@staff.command("unpair")
@click.argument("email")
def unpair(email: str) -> None:
    """Takes somebody's second factor away, whose phone and codes are lost: they set up another when they sign in."""
    account = accounts.find(email)
    if account is None:
        raise click.ClickException(f"nobody has an account as {email}")
    with transaction():
        second_factor.reset(account, by=OPERATOR)
    click.echo(f"{account.email} sets up a new second step at the next sign-in; all their sessions have ended")


def _offered(account: StaffUser) -> str | None:
    """What the page offers to whoever has just signed in."""
    waiting = [one for one in devices.of(staff_id=account.id) if one.auth_level == "pwd"]
    return second_factor.offer(account, waiting[0].id) if waiting else None
