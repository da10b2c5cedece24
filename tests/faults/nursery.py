"""Forks parts from a process that has imported the product already: a hundred starts in the time of ten.

Reads lines "<part> <log file> [<moment>]", answers each with the pid of the child, which makes its own app like
`flask bot run`. With a moment the child's clock stands still there.
"""

import os
import signal
import sys
from datetime import datetime

import time_machine

from webapp import bot, create_app, jobs

PARTS = {"bot": bot.run_command, "worker": jobs.run}


def become(part: str, log: str, moment: str = "") -> None:
    """From here on this process is the part, alone in its session."""
    os.setsid()
    words = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(words, 1)
    os.dup2(words, 2)
    if moment:
        time_machine.travel(datetime.fromisoformat(moment), tick=False).start()
    with create_app().app_context():
        PARTS[part].main(standalone_mode=True)


def main() -> None:
    """One child a line; nobody waits for them, the kernel buries them."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            become(*line.split())
        print(child, flush=True)


if __name__ == "__main__":
    main()
