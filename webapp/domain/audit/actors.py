"""Who is acting. A door makes one Actor per request, update, command or task, and hands it to every deed."""

import uuid
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody doing something, and from where.

    `kind` staff (panel account), user (person of Telegram) or system; `id` as text; `label` is the name that is shown.
    `undoes`: the id of the audit row that this deed takes back.
    """

    kind: Literal["staff", "user", "system"]
    id: str
    label: str = ""
    ip: str | None = None
    agent: str | None = None
    session: str | None = None
    request: str | None = None
    source: Literal["ADMIN_PANEL", "SYSTEM", "API"] = "API"
    undoes: str | None = None

    @property
    def ref(self) -> str:
        """`kind:id`, how columns name who did something."""
        return f"{self.kind}:{self.id}"

    @property
    def staff_id(self) -> uuid.UUID | None:
        """The id of the panel account that acts; None for anybody else."""
        try:
            return uuid.UUID(self.id) if self.kind == "staff" else None
        except ValueError:
            return None

    @property
    def number(self) -> int:
        """The Telegram id behind the actor; 0 = SYSTEM, also for staff who have none."""
        return int(self.id) if self.kind == "user" else 0


SYSTEM = Actor("system", "0", "Sistema", source="SYSTEM")
