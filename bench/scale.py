"""How much and how long: what a run may be told by BENCH_* variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Scale:
    """Rows in the databases, and how long and how often each thing is measured (BENCH_ROUNDS, BENCH_PACKAGES …)."""

    packages: int = 10_000
    users: int = 100_000
    interests: int = 1_000_000
    members: int = 2_000
    workers: int = 2
    connections: int = 16
    rounds: int = 5
    seconds: float = 3.0
    updates: int = 3_000
    slow_updates: int = 400
    messages: int = 3_000
    paced_seconds: float = 10.0
    due: int = 100_000
    staff: int = 1_000
    periods: int = 1_000_000

    @property
    def rows(self) -> tuple[int, int, int, int]:
        """What a database is filled with."""
        return self.packages, self.users, self.interests, self.members

    @property
    def words(self) -> str:
        """The same for people."""
        rows = f"{self.packages:,} packages, {self.users:,} users, {self.interests:,} interests"
        load = f"{self.workers} web workers of 1 thread, {self.connections} connections"
        return f"{rows} · {load} · {self.rounds} rounds of {self.seconds:g} s"


def read(env: Mapping[str, str] = os.environ) -> Scale:
    """The scale of this run. Raises SystemExit naming a variable that is not a number."""
    given = {}
    for one in fields(Scale):
        told = env.get(f"BENCH_{one.name.upper()}")
        if told:
            try:
                given[one.name] = float(told) if one.type is float else int(told)
            except ValueError:
                raise SystemExit(f"BENCH_{one.name.upper()} must be a number, not {told!r}") from None
    return Scale(**given)  # type: ignore[arg-type]
