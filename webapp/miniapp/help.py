"""How to reach the creator, and what people ask."""

from flask import Blueprint, render_template

from webapp.domain.settings import config
from webapp.miniapp.visitor import visitor

NETWORKS = (
    ("social_instagram", "Instagram", "https://instagram.com/"),
    ("social_tiktok", "TikTok", "https://www.tiktok.com/@"),
    ("social_x", "X", "https://x.com/"),
)


def routes(pages: Blueprint) -> None:
    """What can be asked here."""
    pages.get("/help", endpoint="help_page")(help_page)


def help_page() -> str:
    """Contact, networks and frequent questions."""
    creator = config.current()
    networks = [
        (name, handle if handle.startswith("https://") else base + handle.removeprefix("@"))
        for column, name, base in NETWORKS
        if (handle := (getattr(creator, column) or "").strip())
    ]
    return render_template("miniapp/help/page.html", visitor=visitor(), creator=creator, networks=networks)
