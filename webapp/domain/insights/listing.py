"""What a list is that can be taken away as a file; those that there are stand in listings.py."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from webapp.base.db import Page
from webapp.base.workbooks import Line
from webapp.domain.staff.rights import Act

PAGE = 1000
Maker = Callable[[Any], Line]


@dataclass(frozen=True)
class Listing:
    """One list as a file. `name` is the file's; `section` and `act` the right that taking it needs; `resource` the
    table that the audit names; `wanted` the class of its filters. `find` answers a page of a size, `count` how many
    rows there are up to a number; `maker`, told the zone, what makes a line of a row."""

    name: str
    title: Callable[[], str]
    section: str
    act: Act
    resource: str
    wanted: type
    heads: Callable[[Any], list[str]]
    maker: Callable[[Any, str], Maker]
    find: Callable[[Any, str | None, int], Page]
    count: Callable[[Any, int], int]

    def lines(self, wanted: Any, zone: str) -> Iterator[Line]:
        """All its lines, found page by page: of a short list."""
        line, found = self.maker(wanted, zone), self.page(wanted, None)
        yield from map(line, found.rows)
        while found.after is not None:
            found = self.page(wanted, found.after)
            yield from map(line, found.rows)

    def page(self, wanted: Any, after: str | None) -> Page:
        """The next of its rows, as many as are read at once."""
        return self.find(wanted, after, PAGE)

    def keep(self, wanted: Any) -> dict[str, Any]:
        """The filters as a document."""
        found: dict[str, Any] = TypeAdapter(self.wanted).dump_python(wanted, mode="json")
        return {name: value.replace("\0", "") if isinstance(value, str) else value for name, value in found.items()}

    def read(self, kept: Mapping[str, Any]) -> Any:
        """The filters of a document."""
        return TypeAdapter(self.wanted).validate_python(kept)


def person(row: Any) -> list[Any]:
    """Id, name, @username, of a row that has them."""
    return [row.user_id, f"{row.first_name or ''} {row.last_name or ''}".strip(), row.username or ""]


def words(kind: Any) -> dict[Any, str]:
    """How the members of an enum read, looked up once for all lines."""
    return {one: one.display_name for one in kind}
