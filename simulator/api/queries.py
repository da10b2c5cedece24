"""Answers to buttons pressed and to Mini Apps."""

from typing import Any

from simulator.api.registry import method
from simulator.errors import OLD_QUERY, bad
from simulator.params import Params
from simulator.state import World

Json = dict[str, Any]
LIFE = 60
OLD = OLD_QUERY.removeprefix("Bad Request: ")


@method("answerCallbackQuery")
def answer_callback_query(world: World, params: Params) -> bool:
    """A toast, an alert, or just the end of the spinner; once per query and within a minute."""
    query_id = params.text("callback_query_id")
    query = world.queries.get(query_id)
    if query is None or query["kind"] != "callback" or world.clock.now() - query["date"] > LIFE:
        raise bad(OLD)
    text = params.text("text")
    if len(text) > 200:
        raise bad("MESSAGE_TOO_LONG")
    del world.queries[query_id]
    answer: Json = {"text": text, "show_alert": params.flag("show_alert"), "url": params.text("url")}
    query["result"] = answer
    if not query["answer"].done():
        query["answer"].set_result(answer)
    world.events.tell("answer", {"query": query_id, **answer}, [query["person"]])
    return True


@method("answerWebAppQuery")
def answer_web_app_query(world: World, params: Params) -> Json:
    """The message that a Mini App opened from a button asked the bot to send for its user."""
    query = world.queries.get(params.text("web_app_query_id"))
    if query is None or query["kind"] != "web_app":
        raise bad(OLD)
    result: Any = params.tree("result", "inline query result")
    content = result.get("input_message_content") if isinstance(result, dict) else None
    if not isinstance(content, dict) or not content.get("message_text"):
        raise bad("can't parse inline query result: input message content is not specified")
    del world.queries[params.text("web_app_query_id")]
    person = world.people[query["person"]]
    chat = world.private(person)
    world.post(chat, {"from": person.user(), "chat": world.brief(chat), "date": world.clock.now(),
                      "via_bot": world.bot.user(), "text": content["message_text"]})  # fmt: skip
    return {"inline_message_id": world.secret(20)}
