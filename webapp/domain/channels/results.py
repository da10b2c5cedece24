"""What Telegram's answers to the channels' calls mean to the rows they were made for.

The key of a promise names its row; this runs in the transaction that settles the call, so no answer is lost.
"""

from collections.abc import Callable, Iterable

from webapp.base.settling import Outcome
from webapp.domain.audit import anchors
from webapp.domain.channels import checks, expulsions, invites, members, requests

_BY_KEY: dict[str, Callable[[Outcome], None]] = {
    "invite": invites.settled,
    "expel": expulsions.settled,
    "free": requests.settled,
    "decline": requests.settled,
    "where": members.settled,
    "look": checks.settled,
    "audit": anchors.settled,
}


def settle(outcomes: Iterable[Outcome]) -> None:
    """Tells each outcome that is final to the part that promised the call."""
    for outcome in outcomes:
        told = _BY_KEY.get((outcome.dedupe_key or "").partition(":")[0])
        if told is not None and outcome.status != "retry":
            told(outcome)
