"""What an operator types about staff accounts."""

import click
from flask.cli import AppGroup

from webapp.base.db import transaction
from webapp.base.errors import Refused
from webapp.config import settings
from webapp.domain.audit.actors import Actor
from webapp.domain.staff import accounts
from webapp.domain.staff.models import StaffRole

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
