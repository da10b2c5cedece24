"""A process that ends all whose time is over, as the worker does, and tells how long it took and what it needed."""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

from webapp import create_app
from webapp.base import outbox
from webapp.base.db import transaction
from webapp.domain.audit.actors import SYSTEM
from webapp.domain.channels import expiry


def main() -> None:
    """The brake holds first; a person lets it go."""
    app = create_app()
    outbox.on_promise(lambda: None)  # there is no worker to wake
    with app.app_context():
        _batch()
        run = expiry.braked()
        if run is not None:
            with transaction():
                expiry.release(run, by=SYSTEM)
        before, ended = peak(), 0
        moments, used = [time.perf_counter()], time.process_time()
        while done := _batch():
            ended += done
            moments.append(time.perf_counter())
        batches = [after - begin for begin, after in pairwise(moments)] or [0.0]
        told = {"seconds": moments[-1] - moments[0], "batch": median(batches), "longest": max(batches)}
        told |= {"cpu": time.process_time() - used, "ended": ended, "peak": peak(), "grown": peak() - before}
        sys.stdout.write(json.dumps(told) + "\n")


def _batch() -> int:
    with transaction():
        return expiry.sweep()


def peak() -> float:
    """The most memory that this process has needed, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


if __name__ == "__main__":
    main()
