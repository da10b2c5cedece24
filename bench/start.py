"""How long a process takes until it can work, and what it weighs then."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from bench import data
from bench.processes import ROOT, environment
from bench.report import Figure, at_most
from bench.scale import Scale

SECONDS, MEGABYTES = 1.5, 90.0
CODE = """
import resource
from wsgi import app
used = resource.getrusage(resource.RUSAGE_SELF)
resident = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20
print(resident, used.ru_utime + used.ru_stime)
"""
SMALL = Scale(packages=20, users=40, interests=80, members=20)


def run(scale: Scale) -> Iterator[Figure]:
    """From the start of Python to an app that is whole, as web, bot and worker begin; and its memory."""
    for engine in data.engines():
        with data.database(engine, SMALL) as url, tempfile.TemporaryDirectory() as folder:
            env = environment(url, folder)
            _start(env)
            found = [_start(env) for _ in range(scale.rounds)]
        seconds = statistics.median(one[0] for one in found)
        megabytes = statistics.median(one[1] for one in found)
        used = statistics.median(one[2] for one in found)
        count = scale.rounds
        yield Figure("start of a process", engine, seconds, "s", count, **at_most(seconds, SECONDS, "s"),
                     note=f"cpu {used:.2f} s")  # fmt: skip
        yield Figure("memory of a process", engine, megabytes, "MB", count, **at_most(megabytes, MEGABYTES, "MB"))


def _start(env: dict[str, str]) -> tuple[float, ...]:
    """Seconds, megabytes, seconds of CPU."""
    began = time.perf_counter()
    told = subprocess.run([sys.executable, "-c", CODE], env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    return time.perf_counter() - began, *map(float, told.stdout.split())
