"""Door: commands and buttons in the chat. `flask bot run` is the bot process, `flask bot doctor` looks at its setup."""

import signal
import threading
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from webapp.base.later import later
from webapp.base.telegram import Gateway
from webapp.bot import (
    admin,
    admin_free,
    admin_plans,
    admin_setup,
    admin_stats,
    admin_subscriber,
    admin_vip,
    catalog,
    channels,
    staff,
    users,
    webhook,
)
from webapp.bot.loop import Loop
from webapp.bot.poller import Poller
from webapp.config import Settings

doctor, setup = later("webapp.bot.doctor"), later("webapp.bot.setup")  # they bring the bot library along
# Importing a room registers its handlers.
ROOMS = (
    users,
    staff,
    catalog,
    channels,
    admin,
    admin_vip,
    admin_subscriber,
    admin_free,
    admin_plans,
    admin_stats,
    admin_setup,
)
QUICK = 0.1


def init_app(app: Flask) -> None:
    """Adds the webhook's address and `flask bot`."""
    app.register_blueprint(webhook.pages)
    app.cli.add_command(commands)


def run(app: Flask) -> None:
    """The bot process: handles updates until SIGTERM, then finishes what is on its way."""
    loop = ready(app)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_signal: _end(loop))
    telling = setup.Setup(app.extensions["gateway"])
    threading.Thread(target=telling.run, args=(app, loop.ended), name="setup", daemon=True).start()
    if loop.poller is not None:
        loop.poller.start()
    loop.run()


def ready(app: Flask) -> Loop:
    """The loop of this process, with its poller in polling mode; nothing is started yet."""
    chosen: Settings = app.extensions["settings"]
    gateway: Gateway = app.extensions["gateway"]
    if chosen.telegram_mode == "webhook":
        return Loop(app, idle=QUICK)
    loop = Loop(app)
    loop.poller = Poller(gateway, loop.wakened.set)
    return loop


def _end(loop: Loop) -> None:
    loop.ended.set()
    loop.wakened.set()


commands = AppGroup("bot", help="The bot in the chat.")


@commands.command("run")
def run_command() -> None:
    """Handles updates until SIGTERM."""
    app: Any = current_app
    run(app._get_current_object())


@commands.command("doctor")
def doctor_command() -> None:
    """Says what is well and what is not, and how to mend it."""
    gateway: Gateway = current_app.extensions["gateway"]
    found = doctor.examine(gateway.bot())
    for one in found:
        click.secho(f"{'✓' if one.fine else '✗'} {one.name}: {one.seen}", fg="green" if one.fine else "red")
        if not one.fine and one.mend:
            click.echo(f"    {one.mend}")
    if not all(one.fine for one in found):
        raise SystemExit(1)
