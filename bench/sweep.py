"""The sweep of all whose time is over, against plain SQL that writes the same rows in one go."""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from subprocess import run as run_process

from sqlalchemy import Connection

from bench import data
from bench.processes import ROOT, environment
from bench.report import Figure, at_most
from bench.scale import Scale
from webapp.base.db import new_engine

GOAL = 3.0
BATCH = 100.0  # milliseconds that others who write may have to wait
GROWN = 30.0
MOST_ROUNDS = 3
CHANNEL = -1001000000002

# Everybody has a subscription that ended a minute ago, after a month inside; each tenth has an open link besides.
FILL = (
    "UPDATE users SET role = 'vip' WHERE role <> 'admin'",
    "UPDATE bot_config SET vip_channel_id = {channel}",
    """INSERT INTO vip_subscribers (user_id, plan_name, duration_days, price, currency, status, channel_state, attempts,
    join_date, expiry_date, next_reminder_at, created_at, updated_at)
    SELECT user_id, 'Mensual', 30, 350, 'MXN', 'active', 'member', 0, {month}, {minute}, NULL, {month}, {month}
    FROM users WHERE role = 'vip' ORDER BY user_id LIMIT {due}""",
    """INSERT INTO channel_invites (user_id, channel, link, expires_at, created_at)
    SELECT user_id, 'vip', 'https://t.me/+' || user_id, {minute}, {month}
    FROM vip_subscribers WHERE id / 10 * 10 = id""",
)
# What a sweep writes for each, as sets, with nothing asked and nothing held.
RAW = (
    """INSERT INTO audit_logs (actor_type, actor_id, actor_label, action, resource_type, resource_id, old_values,
    new_values, at) SELECT 'system', '0', 'Sistema', 'update', 'vip_subscribers', {text_id},
    {json}('status', status, 'next_reminder_at', next_reminder_at, 'updated_at', updated_at),
    {json}('status', 'expired', 'next_reminder', 0, 'next_reminder_at', {now}, 'updated_at', {now}), {now}
    FROM {over}""",
    """INSERT INTO audit_logs (actor_type, actor_id, actor_label, action, resource_type, resource_id, old_values,
    new_values, reason, at) SELECT 'system', '0', 'Sistema', 'update', 'users', {text_user},
    {json}('role', 'vip'), {json}('role', 'free'), 'vip_expired', {now} FROM {over}""",
    """INSERT INTO subscription_periods (subscriber_id, what, days, price, "by", by_label, starts_at, ends_at,
    created_at) SELECT id, 'expire', 0, 0, 'system:0', 'Sistema', expiry_date, expiry_date, {now} FROM {over}""",
    """INSERT INTO user_role_change_log (user_id, previous_role, new_role, changed_by, reason, change_source,
    changed_at) SELECT user_id, 'vip', 'free', 0, 'vip_expired', 'SYSTEM', {now} FROM {over}""",
    """INSERT INTO outbox_messages (method, payload, dedupe_key, status, priority, attempts, next_attempt_at,
    created_at) SELECT 'revokeChatInviteLink', {json}('chat_id', {channel}, 'invite_link', link), 'revoke:' || id,
    'ready', 0, 0, {now}, {now} FROM channel_invites WHERE used_at IS NULL""",
    """INSERT INTO outbox_messages (method, payload, dedupe_key, status, priority, attempts, next_attempt_at,
    created_at) SELECT 'banChatMember', {json}('chat_id', {channel}, 'user_id', user_id), 'expel:' || id || ':0:0',
    'ready', 0, 0, {now}, {now} FROM {over}""",
    "UPDATE channel_invites SET revoked_at = {now} WHERE used_at IS NULL",
    "UPDATE user_sessions SET expires_at = {now} WHERE user_id IN (SELECT user_id FROM {over})",
    "UPDATE users SET role = 'free', updated_at = {now} WHERE user_id IN (SELECT user_id FROM {over})",
    """UPDATE vip_subscribers SET status = 'expired', next_reminder = 0, next_reminder_at = {now}, reminder_rules = 2,
    updated_at = {now} WHERE {due}""",
)
DUE = "status IN ('pending_entry', 'active', 'grace') AND expiry_date <= {now}"
SQLITE_TIME = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '{}')"


def run(scale: Scale) -> Iterator[Figure]:
    """In turns, each in a process of its own and on a copy of the same database."""
    for engine in data.engines():
        bare, told = [], []
        for _round in range(min(scale.rounds, MOST_ROUNDS)):
            with data.database(engine, scale) as url:
                due = _fill(url, scale.due)
                bare.append(_raw(url))
            with data.database(engine, scale) as url, tempfile.TemporaryDirectory() as folder:
                _fill(url, scale.due)
                told.append(_swept(url, folder))
        yield from _figures(engine, due, bare, told)


def _figures(engine: str, due: int, bare: list[tuple[float, float]], told: list[dict[str, float]]) -> Iterator[Figure]:
    raw, swept = median(one for one, _cpu in bare), median(one["seconds"] for one in told)
    used = median(one["cpu"] for one in told) / max(0.001, median(cpu for _one, cpu in bare))
    by_cpu = f", {used:.1f} by CPU" if engine == "SQLite" else ""  # PostgreSQL works elsewhere
    runs, ratio = len(bare), swept / raw
    yield Figure("plain SQL, all at once", engine, raw, "s", runs, note=f"{due:,} subscriptions")
    yield Figure("expiry sweep", engine, swept, "s", runs, ratio, "plain SQL", f"≤ {GOAL:g}", ratio <= GOAL,
                 f"{1e6 * swept / max(1, due):.0f} µs each{by_cpu}")  # fmt: skip
    batch = 1000 * median(one["batch"] for one in told)
    yield Figure("one batch of it", engine, batch, "ms", runs, **at_most(batch, BATCH, "ms"),
                 note=f"the longest {1000 * max(one['longest'] for one in told):.0f} ms")  # fmt: skip
    grown = max(one["grown"] for one in told)
    yield Figure("memory grown in the sweep", engine, grown, "MB", runs, **at_most(grown, GROWN, "MB"),
                 note=f"{max(one['peak'] for one in told):.0f} MB at its peak")  # fmt: skip
    wrong = sum(abs(one["ended"] - due) for one in told)
    yield Figure("ends left out or doubled", engine, wrong, "ends", runs, **at_most(wrong, 0))


def words_for(dialect: str) -> dict[str, str]:
    """The SQL of a dialect for what the statements leave open."""
    shifts = {"now": "+0 days", "minute": "-1 minutes", "month": "-30 days"}
    if dialect == "sqlite":
        times = {name: SQLITE_TIME.format(shift) for name, shift in shifts.items()}
        made = {"json": "json_object", "text_id": "id", "text_user": "user_id"}
    else:
        times = {name: f"(now() + interval '{shift}')" for name, shift in shifts.items()}
        made = {"json": "jsonb_build_object", "text_id": "id::text", "text_user": "user_id::text"}
    due = DUE.format(**times)
    return times | made | {"due": due, "over": f"vip_subscribers WHERE {due}", "channel": str(CHANNEL)}


def _fill(url: str, due: int) -> int:
    """Makes up to `due` subscriptions that are over; returns how many."""
    with _transaction(url) as connection:
        known = words_for(connection.dialect.name) | {"due": str(due)}
        for statement in FILL:
            connection.exec_driver_sql(statement.format(**known))
        return int(connection.exec_driver_sql("SELECT count(*) FROM vip_subscribers").scalar() or 0)


def _raw(url: str) -> tuple[float, float]:
    """Seconds that plain SQL takes for all of them, and of CPU here."""
    with _transaction(url) as connection:
        known = words_for(connection.dialect.name)
        began, used = time.perf_counter(), time.process_time()
        for statement in RAW:
            connection.exec_driver_sql(statement.format(**known))
        connection.commit()
        return time.perf_counter() - began, time.process_time() - used


@contextmanager
def _transaction(url: str) -> Iterator[Connection]:
    engine = new_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        yield connection
        connection.commit()
    engine.dispose()


def _swept(url: str, folder: str) -> dict[str, float]:
    """What a process of its own tells of its sweep; see sweeping.py."""
    env = environment(url, folder) | {"PYTHONPATH": str(ROOT)}
    done = run_process([sys.executable, "-m", "bench.sweeping"], env=env, cwd=ROOT, capture_output=True,
                       text=True, check=False)  # fmt: skip
    if done.returncode:
        sys.stderr.write(done.stderr[-4000:])
        raise SystemExit("the sweep failed")
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told
