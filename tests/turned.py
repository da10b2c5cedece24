"""Bot and worker in this process, turned by hand, and people who use them through the simulated Telegram."""

from flask import Flask
from sqlalchemy import delete

from tests.bot.conftest import finish
from tests.conftest import Telegram
from webapp.base.db import db, transaction
from webapp.base.leases import Lease
from webapp.base.pace import Pacer
from webapp.base.sender import Sender
from webapp.base.telegram import Gateway
from webapp.bot.loop import Loop
from webapp.bot.poller import Poller
from webapp.domain.catalog import notices
from webapp.domain.channels import results
from webapp.jobs import clockwork, delivery


class Turned:
    """What the processes do, as often as a test says."""

    def __init__(self, app: Flask, telegram: Telegram) -> None:
        self.app, self.telegram, self.away = app, telegram, False
        self.gateway = Gateway(telegram.running.token, telegram.url)
        self.begin()

    def begin(self) -> None:
        """A bot and a worker that know nothing yet."""
        self.loop = Loop(self.app, holder=f"bot-{id(self)}")
        self.loop.courier.sender.gateway, self.loop.courier.sender.pacer = self.gateway, Pacer(0)
        self.loop.poller = Poller(self.gateway, self.loop.wakened.set, seconds=0)
        self.worker = Sender(self.gateway, Pacer(0), self.app.extensions["storage"], settled=results.settle)

    def end(self) -> None:
        """They are no more; their leases are anybody's, though the clock may stand still."""
        self.loop.courier.close()
        self.worker.close()
        forget_leases()

    def turn(self) -> None:
        """Both do what there is to do, until all is quiet. While Telegram is `away` nothing is fetched from it."""
        for _round in range(50):
            busy = False
            while not self.away and self.loop.poller is not None and self.loop.poller.fetch():
                busy = True
                finish(self.loop)
            finish(self.loop)
            clockwork.turn(1.0)
            with transaction():
                notices.write_due()
            while outcomes := self.worker.deliver():
                busy = True
                delivery.note_unreachable(outcomes)
            db.session.rollback()
            db.session.expire_all()
            if not busy:
                return
        raise AssertionError("it never came to rest")


def forget_leases() -> None:
    """Whoever held a part is gone."""
    with transaction():
        db.session.execute(delete(Lease))
