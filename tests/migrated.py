"""`flask db check` on a fresh database: the models and the migrations say the same."""

import tempfile
from pathlib import Path

from flask_migrate import check, upgrade

from webapp import create_app

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(vitrina_env="test", vitrina_home=folder, database_url="", log_level="WARNING")
        with app.app_context():
            migrations = str(Path(__file__).parent.parent / "migrations")
            upgrade(migrations)
            check(migrations)
