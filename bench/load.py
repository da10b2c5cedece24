"""Load on a web server: wrk where it is installed, else a plain generator of our own, good enough for ratios.

Both send prepared requests in turn over kept-alive connections and count what came of them. `in_turns` measures
several servers alternately, so that whatever else the machine does meets all of them.
"""

import json
import math
import selectors
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from bench.processes import cpu

SCRIPT = Path(__file__).with_name("wrk.lua")
MARK = b"\n--next--\n"
PATIENCE = 30


@dataclass(frozen=True)
class Sample:
    """One run: requests answered, seconds, errors; p50, p99, slowest in milliseconds; the server's seconds of CPU."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p99: float
    slowest: float
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Result:
    """What several runs against one server say together."""

    samples: Sequence[Sample]

    @property
    def rate(self) -> float:
        """Requests a second, the median of the runs."""
        return statistics.median(one.rate for one in self.samples)

    @property
    def p50(self) -> float:
        """Milliseconds."""
        return statistics.median(one.p50 for one in self.samples)

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return statistics.median(one.p99 for one in self.samples)

    @property
    def slowest(self) -> float:
        """Milliseconds, of all runs."""
        return max(one.slowest for one in self.samples)

    @property
    def errors(self) -> int:
        """Refused, failed and lost, of all runs."""
        return sum(one.errors for one in self.samples)

    @property
    def requests(self) -> int:
        """Answers of all runs."""
        return sum(one.requests for one in self.samples)

    @property
    def cost(self) -> float:
        """Microseconds of CPU that the server spent on a request: steady on a busy machine, where `rate` is not."""
        return sum(one.cpu for one in self.samples) * 1e6 / max(1, self.requests)


@dataclass(frozen=True)
class Target:
    """A server to measure: its address and process, and what to send to it in a round."""

    url: str
    pid: int
    requests: Callable[[int], Sequence[bytes]]


def raw(method: str, path: str, headers: Mapping[str, str] | None = None, body: str = "") -> bytes:
    """One request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{k}: {v}" for k, v in (headers or {}).items())]
    if method == "POST":
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def measure(url: str, requests: Sequence[bytes], *, connections: int, seconds: float) -> Sample:
    """One run against a server."""
    if shutil.which("wrk"):
        return _wrk(url, requests, connections, seconds)
    return _plain(url, requests, connections, seconds)


def in_turns(targets: Mapping[str, Target], *, rounds: int, seconds: float, connections: int) -> dict[str, Result]:
    """Name → result: every round meets every server once."""
    found: dict[str, list[Sample]] = {name: [] for name in targets}
    for turn in range(rounds):
        for name, one in targets.items():
            requests, before = one.requests(turn), cpu(one.pid)
            sample = measure(one.url, requests, connections=connections, seconds=seconds)
            found[name].append(replace(sample, cpu=cpu(one.pid) - before))
    return {name: Result(samples) for name, samples in found.items()}


def _wrk(url: str, requests: Sequence[bytes], connections: int, seconds: float) -> Sample:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(one + MARK for one in requests))
        file.flush()
        duration = max(1, math.ceil(seconds))
        command = ["wrk", "-t1", f"-c{connections}", f"-d{duration}s", f"--timeout={PATIENCE}s", "-s", str(SCRIPT)]
        told = subprocess.run([*command, url, "--", file.name], capture_output=True, text=True, check=True).stdout
    return Sample(**json.loads(told.strip().splitlines()[-1]))


class _Connection:
    """One kept-alive connection that asks again as soon as it is answered."""

    def __init__(self, place: tuple[str, int]) -> None:
        self.socket = socket.create_connection(place, PATIENCE)
        self.buffer, self.began = b"", 0.0

    def ask(self, request: bytes) -> None:
        """Sends the next request."""
        self.buffer, self.began = b"", time.perf_counter()
        self.socket.sendall(request)

    def answer(self) -> int | None:
        """Reads what is there: the status once the answer is whole, 0 when the connection is lost, else None."""
        piece = self.socket.recv(65536)
        if not piece:
            return 0
        self.buffer += piece
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        size = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        return int(head[9:12]) if len(body) >= int(size or 0) else None


def _plain(url: str, requests: Sequence[bytes], connections: int, seconds: float) -> Sample:
    """A selector over the connections, in this process."""
    parts = urlsplit(url)
    place = (parts.hostname or "127.0.0.1", parts.port or 80)
    turn, errors, took = 0, 0, []
    began = time.perf_counter()
    with selectors.DefaultSelector() as ready:
        for number in range(connections):
            one = _Connection(place)
            ready.register(one.socket, selectors.EVENT_READ, one)
            one.ask(requests[number % len(requests)])
        turn = connections
        while (moment := time.perf_counter()) < began + seconds:
            for key, _events in ready.select(0.1):
                one = key.data
                status = one.answer()
                if status is None:
                    continue
                took.append(time.perf_counter() - one.began)
                errors += not 200 <= status < 400
                if status == 0:
                    ready.unregister(one.socket)
                    one.socket.close()
                    one = _Connection(place)
                    ready.register(one.socket, selectors.EVENT_READ, one)
                one.ask(requests[turn % len(requests)])
                turn += 1
        for key in list(ready.get_map().values()):
            key.data.socket.close()
    return _sample(took, moment - began, errors)


def _sample(took: list[float], seconds: float, errors: int) -> Sample:
    times = sorted(took) or [0.0]
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    return Sample(len(took), seconds, errors, p50 * 1000, p99 * 1000, times[-1] * 1000)
