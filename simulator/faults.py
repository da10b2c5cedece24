"""Scripted misfortune: rules that say which calls go wrong, how, and how often."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from simulator.errors import Refusal

KINDS = ("429", "5xx", "timeout_after", "reset", "slow", "invalid_json", "error", "latency", "down")


@dataclass
class Rule:
    """One misfortune.

    kind: 429 (retry_after), 5xx (code), timeout_after (the deed is done, the answer never comes; `seconds` until the
    connection is cut), reset (`after`: once the deed is done), slow (one byte per `seconds`), invalid_json, error
    (code, description, parameters), latency (latency_ms), down (every connection is cut for `seconds`).
    times: how many calls it meets, -1 without end. method `*` is any but getUpdates; chat_id None any chat.
    """

    kind: str
    method: str = "*"
    chat_id: int | None = None
    times: int = 1
    retry_after: int = 1
    code: int = 0
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0
    latency_ms: int = 0
    after: bool = False
    met: int = 0

    def fits(self, method: str, chat_id: str) -> bool:
        """Whether it strikes this call."""
        if self.times == 0:
            return False
        if self.method == "*":
            if method == "getupdates":
                return False
        elif self.method.lower() != method:
            return False
        return self.chat_id is None or str(self.chat_id) == chat_id


class Faults:
    """The rules in force, first fitting first."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.down_until = 0.0

    def script(self, rules: list[dict[str, Any]]) -> None:
        """Add rules written as JSON objects. Raises Refusal for one that makes no sense."""
        for given in rules:
            fields = dict(given)
            if "latency_ms" in fields and "kind" not in fields:
                fields["kind"] = "latency"
            fields["kind"] = str(fields.get("kind", ""))
            if fields["kind"] not in KINDS or not fields.keys() <= Rule.__dataclass_fields__.keys():
                raise Refusal(f"not a fault: {given}", 400)
            rule = Rule(**fields)
            if rule.kind == "down":
                self.down_until = time.monotonic() + (rule.seconds or 3600)
            else:
                self.rules.append(rule)

    def clear(self) -> None:
        """All is well again."""
        self.rules.clear()
        self.down_until = 0.0

    @property
    def is_down(self) -> bool:
        """Whether nothing is reachable now."""
        return self.down_until > 0 and time.monotonic() < self.down_until

    def next(self, method: str, chat_id: str) -> Rule | None:
        """The rule that strikes this call; it is used up by one."""
        for rule in self.rules:
            if rule.fits(method, chat_id):
                rule.times -= rule.times > 0
                rule.met += 1
                return rule
        return None

    def describe(self) -> list[dict[str, Any]]:
        """As JSON, for the page and for tests."""
        rules = [asdict(rule) for rule in self.rules if rule.times]
        if self.is_down:
            rules.append({"kind": "down", "seconds": round(self.down_until - time.monotonic(), 1)})
        return rules
