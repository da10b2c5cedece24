"""Search that is blind to case and accents, the same on both engines.

A searchable table keeps a `search_text` (see `plain`). SQLite looks in an FTS5 trigram index `<table>_fts` that
triggers keep, PostgreSQL in a pg_trgm index; both are made by migrations. What FTS5 numbers its rows by is the primary
key, or `search_key` where that is no number.
"""

import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, and_, column, select, table, text, true

from webapp.base.db import db

MAX_WORDS = 8


def plain(words: str) -> str:
    """Lower case, no accents, single spaces: what is stored in `search_text` and what a query becomes."""
    folded = unicodedata.normalize("NFKD", words.casefold())
    kept = "".join(letter for letter in folded if not unicodedata.combining(letter) and letter.isprintable())
    return " ".join(kept.split())


def matching(model: Any, words: str) -> ColumnElement[bool]:
    """Condition: the row's `search_text` holds every one of `words` (at most 8), anywhere."""
    found = _words(words)
    if db.engine.dialect.name == "sqlite" and any(len(word) >= 3 for word in found):
        return _in_fts(model, found)
    return containing(model, words)


def containing(model: Any, words: str) -> ColumnElement[bool]:
    """The same by no index, for a table of some hundreds of rows."""
    return and_(true(), *(model.search_text.contains(word, autoescape=True) for word in _words(words)))


def _words(words: str) -> list[str]:
    return [word[:64] for word in plain(words).split()[:MAX_WORDS]]


def _in_fts(model: Any, words: list[str]) -> ColumnElement[bool]:
    """Trigrams find words of three letters and more; shorter ones are looked for among those found."""
    name = f"{model.__tablename__}_fts"
    index = table(name, column("rowid"))
    quoted = " AND ".join('"' + word.replace('"', '""') + '"' for word in words if len(word) >= 3)
    rows = select(index.c.rowid).where(text(f"{name} MATCH :fts_words").bindparams(fts_words=quoted))
    key = getattr(model, "search_key", None)
    key = model.__mapper__.primary_key[0] if key is None else key
    short = [model.search_text.contains(word, autoescape=True) for word in words if len(word) < 3]
    return and_(key.in_(rows), *short)
