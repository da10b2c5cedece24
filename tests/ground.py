"""Says plainly which parts of the suite can run here, and how to get the rest."""

import os
import shutil

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def browser() -> str | None:
    """Path of a Chromium: TEST_BROWSER, or the first one on the PATH."""
    return os.environ.get("TEST_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)


if __name__ == "__main__":
    parts = {
        "SQLite": (True, ""),
        "PostgreSQL": (bool(os.environ.get("TEST_DATABASE_URL")), "set TEST_DATABASE_URL=postgresql://…"),
        "Redis": (bool(os.environ.get("TEST_REDIS_URL")), "set TEST_REDIS_URL=redis://…"),
        "browser": (browser() is not None, "install Chromium, or set TEST_BROWSER=/path"),
    }
    for name, (there, how) in parts.items():
        print(f"  {name:<11}{'yes' if there else f'no  ({how})'}")
