"""Formatted text becomes entities counted in UTF-16, and plain text shows what Telegram finds in it."""

import pytest

from simulator import entities


def shown(text: str, found: list[dict]) -> list[tuple[str, str]]:
    wide = text.encode("utf-16-le")
    return [(item["type"], wide[item["offset"] * 2 : (item["offset"] + item["length"]) * 2].decode("utf-16-le"))
            for item in found]  # fmt: skip


@pytest.mark.parametrize(("source", "mode", "text", "found"), [
    ("👋 <b>Hola <i>Ana</i></b> &amp; co", "HTML", "👋 Hola Ana & co", [("bold", "Hola Ana"), ("italic", "Ana")]),
    ('<a href="https://e.org/?a=1&amp;b=2">x</a>', "HTML", "x", [("text_link", "x")]),
    ('<a href="tg://user?id=7">Ana</a>', "html", "Ana", [("text_mention", "Ana")]),
    ('<pre><code class="language-py">x = 1</code></pre>', "HTML", "x = 1", [("pre", "x = 1")]),
    ('<span class="tg-spoiler">s</span><tg-spoiler>t</tg-spoiler>', "HTML", "st", [("spoiler", "s"), ("spoiler", "t")]),
    ("<blockquote expandable>q</blockquote>", "HTML", "q", [("expandable_blockquote", "q")]),
    ("  <b> x </b>\n", "HTML", "x", [("bold", "x")]),
    ("a &lt;b&gt; &copy;", "HTML", "a <b> &copy;", []),
    ("*a* _b_ __c__ ~d~ ||e|| `f` \\*", "MarkdownV2", "a b c d e f *",
     [("bold", "a"), ("italic", "b"), ("underline", "c"), ("strikethrough", "d"), ("spoiler", "e"), ("code", "f")]),
    ("[x](https://e.org/\\))", "MarkdownV2", "x", [("text_link", "x")]),
    ("/start@vitrina_sim_bot pkg https://e.org, @anat #hoy a@e.org", "",
     "/start@vitrina_sim_bot pkg https://e.org, @anat #hoy a@e.org",
     [("bot_command", "/start@vitrina_sim_bot"), ("url", "https://e.org"), ("mention", "@anat"), ("hashtag", "#hoy"),
      ("email", "a@e.org")]),
    ("1/2 </script> a/b", "", "1/2 </script> a/b", []),
])  # fmt: skip
def test_text_is_read_as_telegram_reads_it(source: str, mode: str, text: str, found: list[tuple[str, str]]) -> None:
    clean, got = entities.read(source, mode)
    assert clean == text
    assert shown(clean, got) == found


def test_commands_are_the_narrowest_for_a_person_in_their_language(sim) -> None:  # type: ignore[no-untyped-def]
    def names(person: str) -> list[str]:
        return [item["command"] for item in sim.look(f"people/{person}")["commands"]]

    sim.do("start", person="dora")
    sim.api("setMyCommands", commands=[{"command": "start", "description": "x"}])
    sim.api("setMyCommands", commands=[{"command": "help", "description": "x"}], language_code="en")
    scope = {"type": "chat", "chat_id": 710000004}
    sim.api("setMyCommands", commands=[{"command": "admin", "description": "x"}], scope=scope)
    assert (names("ana"), names("eve"), names("dora")) == (["start"], ["help"], ["admin"])
    sim.api("deleteMyCommands", scope=scope)
    assert names("dora") == ["start"]
