"""People paying with Stars: the question to the bot, then the payment."""

import asyncio
from typing import Any

from simulator.api.target import public
from simulator.errors import Refusal
from simulator.state import World
from simulator.things import Person

Json = dict[str, Any]
PATIENCE = 10.0


async def pay(world: World, person: Person, slug: str, wait: float = PATIENCE) -> Json:
    """Pay an invoice: the bot is asked first and has ten seconds; then the Stars move and it is told.

    Returns {"status": "paid" | "failed" | "cancelled", "reason"}. Raises Refusal for unknown invoices.
    """
    terms = world.invoices.get(slug)
    if terms is None:
        raise Refusal("no such invoice", 404)
    if person.stars < terms["total_amount"]:
        return {"status": "failed", "reason": "No tienes suficientes Stars."}
    query_id = world.query_id()
    answer: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
    world.queries[query_id] = {"kind": "checkout", "person": person.id, "date": world.clock.now(), "answer": answer}
    person.seen = True
    world.updates.add("pre_checkout_query", {
        "id": query_id, "from": person.user(), "currency": terms["currency"],
        "total_amount": terms["total_amount"], "invoice_payload": terms["payload"],
    })  # fmt: skip
    try:
        reply = await asyncio.wait_for(answer, wait)
    except TimeoutError:
        world.queries.pop(query_id, None)
        return {"status": "failed", "reason": "El bot no respondió a tiempo."}
    if not reply["ok"]:
        return {"status": "failed", "reason": reply["error"]}
    return {"status": "paid", "charge": settle(world, person, slug)}


def settle(world: World, person: Person, slug: str, recurring: bool = False) -> str:
    """Move the Stars and tell the bot by `successful_payment`. Returns the charge id."""
    terms = world.invoices[slug]
    charge = "stx" + world.secret(40)
    until = world.clock.now() + terms["subscription_period"] if terms["subscription_period"] else 0
    person.stars -= terms["total_amount"]
    world.bot.stars += terms["total_amount"]
    world.payments[charge] = {"person": person.id, "amount": terms["total_amount"], "payload": terms["payload"],
                              "refunded": False, "until": until, "slug": slug, "canceled": False}  # fmt: skip
    partner: Json = {"type": "user", "transaction_type": "invoice_payment", "user": person.user(),
                     "invoice_payload": terms["payload"]}  # fmt: skip
    paid: Json = {"currency": "XTR", "total_amount": terms["total_amount"], "invoice_payload": terms["payload"],
                  "telegram_payment_charge_id": charge, "provider_payment_charge_id": ""}  # fmt: skip
    if until:
        partner["subscription_period"] = terms["subscription_period"]
        paid.update(subscription_expiration_date=until, is_recurring=True)
        if not recurring:
            paid["is_first_recurring"] = True
    world.transactions.append(
        {"id": charge, "amount": terms["total_amount"], "date": world.clock.now(), "source": partner}
    )
    chat = world.private(person)
    message = world.post(chat, {"from": person.user(), "chat": world.brief(chat), "date": world.clock.now(),
                                "successful_payment": paid})  # fmt: skip
    world.updates.add("message", public(message))
    return charge


def renew(world: World, charge: str) -> str:
    """Charge a subscription once more, as Telegram does by itself when a period ends."""
    payment = world.payments.get(charge)
    if payment is None or not payment["until"] or payment["canceled"]:
        raise Refusal("no such running subscription", 404)
    return settle(world, world.people[payment["person"]], payment["slug"], recurring=True)
