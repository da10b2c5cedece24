"""The parameters of one Bot API call, whatever way they came: query, form, JSON or multipart."""

import json
from typing import Any

from simulator.errors import bad

TRUE = {"true", "yes", "1"}


class Params:
    """Reads parameters as the types a method expects, refusing as Telegram does."""

    def __init__(self, values: dict[str, Any], files: dict[str, tuple[str, bytes]] | None = None) -> None:
        self.values = values
        self.files = files or {}

    def has(self, name: str) -> bool:
        """Whether it was given and is not empty."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str, default: str = "") -> str:
        """As a string, with surrounding space kept."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, str):
            return value
        if type(value) is int:
            return str(value)
        return json.dumps(value, ensure_ascii=False)

    def integer(self, name: str, default: int = 0) -> int:
        """As an integer; what is not one counts as absent."""
        value = self.values.get(name)
        if isinstance(value, bool):
            return int(value)
        try:
            return int(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            return default

    def flag(self, name: str, default: bool = False) -> bool:
        """As a boolean: true, yes and 1 are true."""
        value = self.values.get(name)
        if value is None or value == "":
            return default
        return str(value).lower() in TRUE

    def tree(self, name: str, what: str = "") -> Any:
        """As JSON, decoded when it came as text; None when absent.

        Raises ApiError "can't parse {what} JSON object" for bad JSON.
        """
        value = self.values.get(name)
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise bad(f"can't parse {what or name} JSON object") from None
