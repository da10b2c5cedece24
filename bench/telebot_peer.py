"""A peer: telebot as its guide shows it: infinity polling with its two threads, a database deed and an answer.

`python -m bench.telebot_peer URL FILE`: the Bot API's address, and a SQLite file of its own.
"""

import sqlite3
import sys
import threading
import time
from typing import Any

from telebot import TeleBot, apihelper, types

from bench.processes import TOKEN

TABLE = "CREATE TABLE IF NOT EXISTS users (user_id INTEGER PRIMARY KEY, name TEXT, seen REAL)"


def run(url: str, file: str) -> None:
    """Answers every /start until it is ended."""
    library: Any = apihelper
    library.API_URL = url + "/bot{0}/{1}"
    bot = TeleBot(TOKEN)
    here = threading.local()

    def database() -> sqlite3.Connection:
        if not hasattr(here, "connection"):
            here.connection = sqlite3.connect(file, timeout=15)
            here.connection.execute("PRAGMA journal_mode=WAL")
            here.connection.execute("PRAGMA synchronous=NORMAL")
            here.connection.execute(TABLE)
        connection: sqlite3.Connection = here.connection
        return connection

    @bot.message_handler(commands=["start"])
    def start(message: types.Message) -> None:
        person = message.from_user or types.User(0, False, "")
        with database() as deed:
            deed.execute(
                "INSERT INTO users VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET seen = excluded.seen",
                (person.id, person.first_name, time.time()),
            )
        row = [types.InlineKeyboardButton(text, callback_data=text) for text in ("Catálogo", "Mis intereses")]
        bot.send_message(message.chat.id, f"Hola, {person.first_name}", reply_markup=types.InlineKeyboardMarkup([row]))

    bot.infinity_polling(timeout=10, long_polling_timeout=10, skip_pending=False)


if __name__ == "__main__":
    run(*sys.argv[1:3])
