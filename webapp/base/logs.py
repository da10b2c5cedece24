"""Logs: structured, one line an event, with secrets scrubbed in one processor."""

import logging
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

TOKEN = re.compile(r"(?<!\d)\d{6,12}:[A-Za-z0-9_-]{20,}")
INIT_DATA = re.compile(r"(?:hash|signature|tgWebAppData|query_id)=[^&\s\"']+")
BEARER = re.compile(r"(?i)(bearer\s+)[A-Za-z0-9_.-]+")
CPF = re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b")


def scrub(text: str) -> str:
    """The text without bot tokens, initData, session tokens and CPFs."""
    text = TOKEN.sub("<token>", text)
    text = INIT_DATA.sub("<initData>", text)
    text = BEARER.sub(r"\1<session>", text)
    return CPF.sub("<cpf>", text)


def _scrub_event(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: scrub(value) if isinstance(value, str) else value for key, value in event.items()}


def configure(level: str, form: str) -> None:
    """Sends structlog and the standard library's logging through the same lines; `form` text or json."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _scrub_event,
    ]
    last = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("huey", "urllib3", "alembic", "PIL", "TeleBot"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    # While its queue is away the consumer would write a traceback several times a second; the beat says it once.
    logging.getLogger("huey.consumer").setLevel(logging.CRITICAL)
