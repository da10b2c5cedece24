"""The catalogue version: the key of what every process keeps rendered."""

from sqlalchemy import update

from webapp.base.db import db
from webapp.domain.catalog.models import CatalogVersion


def bump() -> None:
    """Says, in the transaction of a change that members could see, that what was rendered before is out of date."""
    statement = update(CatalogVersion).values(version=CatalogVersion.version + 1)
    db.session.execute(statement, execution_options={"synchronize_session": False})
