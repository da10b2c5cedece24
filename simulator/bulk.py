"""Many people and updates at once, for benchmarks."""

from typing import Any

from simulator import talk
from simulator.api.target import public
from simulator.core import Simulator
from simulator.things import Person

Json = dict[str, Any]
FIRST = 910_000_001


def inject(simulator: Simulator, people: int, updates: int, texts: list[str], data: list[str]) -> Json:
    """`updates` messages (the texts in turn) or, with `data`, callback queries, from `people` in turn.

    Returns the ids of the first and last person and update.
    """
    world = simulator.world
    crowd = []
    for number in range(people):
        person_id = FIRST + number
        if person_id not in world.people:
            name = f"Persona {number + 1}"
            world.people[person_id] = Person(person_id, name, f"p{number + 1}", username=f"persona{number + 1}",
                                             shown=False, started=True, seen=True)  # fmt: skip
        crowd.append(world.people[person_id])
    first = world.updates.next_id
    for number in range(updates):
        person = crowd[number % len(crowd)]
        if data:
            _press(simulator, person, data[number % len(data)])
        else:
            text = texts[number % len(texts)]
            talk.say(world, person, text)
    return {"first_person": FIRST, "last_person": FIRST + people - 1, "first_update": first,
            "last_update": world.updates.next_id - 1, "pending": len(world.updates.pending)}  # fmt: skip


def _press(simulator: Simulator, person: Person, data: str) -> None:
    """A callback query from a message of the bot that carries this one button."""
    world = simulator.world
    chat = world.private(person)
    markup = {"inline_keyboard": [[{"text": data, "callback_data": data}]]}
    message = world.post(chat, {"from": world.bot.user(), "chat": world.brief(chat), "date": world.clock.now(),
                                "text": "…", "reply_markup": markup})  # fmt: skip
    talk.press(world, person, chat, public(message)["message_id"], data)
