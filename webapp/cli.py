"""Door: what an operator types: everything at once (`up`), demo data, admins, dead letters, the audit, backup."""

import os
import socket
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from honcho.manager import Manager
from sqlalchemy import make_url

from webapp import demo
from webapp.base import outbox
from webapp.base.db import get, transaction
from webapp.base.errors import Refused
from webapp.base.later import later
from webapp.config import SIMULATED_BOT, Settings, settings
from webapp.demo import crowd
from webapp.domain.audit import anchors, chain, proof, retention, verifications
from webapp.domain.audit.actors import Actor
from webapp.domain.clients import clients
from webapp.domain.users import roles
from webapp.domain.users.models import User

flask_migrate = later("flask_migrate")
ROOT = Path(__file__).parent.parent
OPERATOR = Actor("system", "cli", "Línea de comandos", source="SYSTEM")


def init_app(app: Flask) -> None:
    """Adds the commands."""
    for group in (up, demo_commands, users_commands, clients_commands, outbox_commands, audit_commands, backup):
        app.cli.add_command(group)


@click.command("up")
@click.option("--no-demo", is_flag=True, help="Leave the demo data out.")
def up(no_demo: bool) -> None:
    """Migrates, then runs web, bot and worker, and without a token the simulator of Telegram. Ctrl-C ends all."""
    chosen = settings()
    simulated = chosen.telegram_bot_token is None
    simulator_port = int(os.environ.get("SIMULATOR_PORT", "8081"))
    _refuse_taken_port(chosen.host, chosen.port, "PORT")
    if simulated:
        _refuse_taken_port("127.0.0.1", simulator_port, "SIMULATOR_PORT")
    flask_migrate.upgrade(str(ROOT / "migrations"))
    environment = dict(os.environ) | (_simulated(chosen, simulator_port) if simulated else {})
    if simulated and not no_demo:
        demo.seed()
        environment["SIMULATOR_INSIDE"] = str(demo.BEA)
    manager = Manager()
    for name, command in processes(chosen, simulated).items():
        manager.add_process(name, command, env=environment, cwd=str(ROOT))
    _welcome(chosen, simulator_port if simulated else None)
    manager.loop()
    sys.exit(0 if manager.returncode in (0, None, -2, -15, 130, 143) else manager.returncode)


def processes(chosen: Settings, simulated: bool) -> dict[str, str]:
    """Name → command line of each process; the container images run the same ones."""
    python = f'"{sys.executable}"'
    web = (
        f"{python} -m granian --interface wsgi --http 1 --no-ws --host {chosen.host} --port {chosen.port} "
        f"--workers {chosen.web_workers} --blocking-threads {chosen.web_threads} --no-access-log --log-level warning "
        "--respawn-failed-workers --workers-kill-timeout 9 wsgi:app"
    )
    wanted = {"web": web, "bot": f"{python} -m flask bot run", "worker": f"{python} -m flask jobs run"}
    return ({"telegram": f"{python} -m simulator"} if simulated else {}) | wanted


def _simulated(chosen: Settings, port: int) -> dict[str, str]:
    """What the processes are told when Telegram is simulated: its address, its token, who is admin there."""
    admins = {*chosen.admin_user_ids, demo.DORA}
    return {
        "TELEGRAM_API_URL": f"http://127.0.0.1:{port}",
        "ADMIN_USER_IDS": ",".join(str(number) for number in sorted(admins)),
        "FRAME_ANCESTORS": f"http://localhost:{port} http://127.0.0.1:{port}",
        "MINIAPP_SCRIPT": "local",
        "SIMULATOR_TOKEN": SIMULATED_BOT,
        "SIMULATOR_PORT": str(port),
        "SIMULATOR_STATE": str(chosen.home / "simulator.json"),
        "SIMULATOR_STARTED": str(demo.DORA),
    }


def _refuse_taken_port(host: str, port: int, setting: str) -> None:
    """Raises one clear line when something listens there already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise click.ClickException(f"port {port} cannot be used ({error.strerror}): set {setting}") from None


def _welcome(chosen: Settings, simulator_port: int | None) -> None:
    lines = ["", "  Vitrina", f"  Panel      {chosen.public}/panel/"]
    if simulator_port:
        lines.append(f"  Telegram   http://localhost:{simulator_port}/   (simulated: no TELEGRAM_BOT_TOKEN is set)")
    invitation = subprocess.run(
        [sys.executable, "-m", "flask", "staff", "invite", "--if-none"], capture_output=True, text=True, cwd=ROOT
    ).stdout.strip()
    if invitation:
        lines.append(f"  First account of the panel (one use, 24 h):\n  {invitation}")
    click.echo("\n".join([*lines, "  Ctrl-C ends everything.", ""]))


demo_commands = AppGroup("demo", help="Data to look around with.")


@demo_commands.command("seed")
@click.option("--scale", type=click.Choice(("small", "large")), default="small", help="large: two busy years.")
def seed(scale: str) -> None:
    """Adds what is missing of the demo data; again changes nothing. Refused in production."""
    if settings().production:
        raise click.ClickException("demo data is refused in production")
    click.echo(f"{demo.seed()} packages added")
    if scale == "large":
        click.echo(f"{crowd.fill()} people added")


users_commands = AppGroup("users", help="People.")


clients_commands = AppGroup("clients", help="Who buys.")


@clients_commands.command("rekey")
def rekey() -> None:
    """Encrypts and hashes every CPF by the DATA_KEY in force: after a new one was put first, and after the old one
    was taken out."""
    done = 0
    while True:
        with transaction():
            some = clients.rekey(by=OPERATOR)
        done += some
        if not some:
            break
    click.echo(f"{done} clients")


@users_commands.command("promote")
@click.argument("user_id", type=int)
def promote(user_id: int) -> None:
    """Makes somebody the bot has met an admin of the bot."""
    with transaction():
        user = get(User, user_id)
        roles.promote_to_admin(user, by=OPERATOR)
    click.echo(f"{user.full_name} is an admin")


outbox_commands = AppGroup("outbox", help="Messages promised to Telegram.")


@outbox_commands.command("resend")
@click.argument("message_id", type=int)
def resend(message_id: int) -> None:
    """Sends one again that failed or whose result is unknown."""
    with transaction():
        done = outbox.resend(message_id)
    click.echo("it will be sent again" if done else "nothing to send again under this id")


audit_commands = AppGroup("audit", help="Who did what: the chain of the audit.")


@audit_commands.command("verify")
@click.option("--anchor", "given", multiple=True, metavar="SEQ:HASH", help="An anchor that was kept elsewhere.")
def verify(given: tuple[str, ...]) -> None:
    """Walks over the whole chain and names what was edited, moved, added, removed or cut off; then it ends with 1."""
    walk, end = proof.whole([_anchor(one) for one in given])
    for one in walk.findings:
        where = f"{one.seq}" if one.until == one.seq else f"{one.seq} to {one.until}"
        click.echo(f"{one.kind.value}: number {where}" + (f" (row {one.row})" if one.row else ""))
    waiting, _since = chain.unsealed()
    click.echo(f"{end:,} rows sealed, {waiting:,} waiting for their seal")
    if walk.findings:
        raise click.ClickException("the chain is not whole")
    click.echo("the chain is whole")


@audit_commands.command("anchor")
def anchor() -> None:
    """Prints the end of the chain, to be kept elsewhere: whoever cuts the tail off is found out by it."""
    with transaction():
        _seal_all()
    try:
        with transaction():
            told = anchors.tell(by=OPERATOR)
    except Refused as error:
        raise click.ClickException(str(error)) from None
    click.echo(anchors.command(told.seq, told.row_hash))


@audit_commands.command("prune")
@click.option("--before", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Older than this day (UTC).")
def prune(before: datetime) -> None:
    """Verifies the chain, then removes what is older, by whole stretches that are anchored."""
    with transaction():
        verifications.ask(by=OPERATOR)
    more = 1
    while more:
        with transaction():
            more = verifications.step()
    gone, number = 0, 1
    while number:
        try:
            with transaction():
                number = retention.prune(before.replace(tzinfo=UTC), by=OPERATOR)
        except Refused as error:
            raise click.ClickException(f"{error} ({gone:,} rows removed before)") from None
        gone += number
    click.echo(f"{gone:,} rows removed")


def _seal_all() -> None:
    while chain.seal():
        pass


def _anchor(told: str) -> tuple[int, str]:
    seq, _sign, seen = told.partition(":")
    if not seq.isdecimal() or len(seen) != len(chain.GENESIS):
        raise click.BadParameter(f"{told}: an anchor is a number, a colon and 64 hexadecimal digits")
    return int(seq), seen.lower()


@click.command("backup")
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
def backup(target: Path) -> None:
    """Copies the database to TARGET while it is in use: a SQLite file, or a dump of pg_dump's custom format."""
    url = make_url(str(current_app.config["SQLALCHEMY_DATABASE_URI"]))
    if url.get_backend_name() == "sqlite":
        with sqlite3.connect(str(url.database)) as source, sqlite3.connect(target) as copy:
            source.backup(copy)  # in one breath: in several, each write of another process would make it begin anew
    else:
        # The password travels in the environment: a command line can be read by every user of the machine.
        address = url.set(drivername="postgresql", password=None).render_as_string()
        command = ["pg_dump", "--format=custom", f"--file={target}", address]
        subprocess.run(command, check=True, env=os.environ | {"PGPASSWORD": str(url.password or "")})
    click.echo(f"{target}: {target.stat().st_size:,} bytes")
