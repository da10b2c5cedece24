"""Invoices and Telegram Stars."""

from typing import Any

from simulator.api.messages import draft
from simulator.api.registry import method
from simulator.api.target import public
from simulator.errors import OLD_QUERY, bad
from simulator.members import knows
from simulator.params import Params
from simulator.state import World

Json = dict[str, Any]
MONTH = 2_592_000


def _invoice(params: Params) -> Json:
    """What is sold, checked. Only Stars are simulated: other currencies need a provider's token."""
    prices = params.tree("prices", "prices")
    title, text, payload = params.text("title"), params.text("description"), params.text("payload")
    currency = params.text("currency")
    if not 1 <= len(title) <= 32:
        raise bad("TITLE_INVALID" if title else 'parameter "title" is required')
    if not 1 <= len(text) <= 255:
        raise bad("DESCRIPTION_INVALID" if text else 'parameter "description" is required')
    if not 1 <= len(payload.encode()) <= 128:
        raise bad("INVOICE_PAYLOAD_INVALID")
    if not isinstance(prices, list) or not prices:
        raise bad("can't parse prices: expected an Array" if prices is None else "STARS_INVOICE_INVALID")
    amount = sum(int(price.get("amount", 0)) for price in prices)
    if currency != "XTR":
        raise bad("PAYMENT_PROVIDER_INVALID" if len(currency) == 3 else "CURRENCY_INVALID")
    if len(prices) != 1 or not 1 <= amount <= 25_000:
        raise bad("STARS_INVOICE_INVALID")
    period = params.integer("subscription_period")
    if period and (period != MONTH or amount > 10_000):
        raise bad("SUBSCRIPTION_PERIOD_INVALID")
    return {"title": title, "description": text, "payload": payload, "currency": currency, "total_amount": amount,
            "subscription_period": period, "photo_url": params.text("photo_url")}  # fmt: skip


@method("sendInvoice")
def send_invoice(world: World, params: Params) -> Json:
    """A message with a Pay button."""
    chat, message = draft(world, params)
    terms = _invoice(params)
    slug = world.secret()
    world.invoices[slug] = terms
    message["invoice"] = {"title": terms["title"], "description": terms["description"],
                          "start_parameter": params.text("start_parameter"), "currency": terms["currency"],
                          "total_amount": terms["total_amount"]}  # fmt: skip
    if "reply_markup" not in message:
        label = f"Pagar ⭐️ {terms['total_amount']}"
        message["reply_markup"] = {"inline_keyboard": [[{"text": label, "pay": True}]]}
    return public(world.post(chat, {**message, "_invoice": slug}))


@method("createInvoiceLink")
def create_invoice_link(world: World, params: Params) -> str:
    """An address that opens the payment."""
    terms = _invoice(params)
    slug = world.secret()
    world.invoices[slug] = terms
    return f"https://t.me/${slug}"


@method("answerPreCheckoutQuery")
def answer_pre_checkout_query(world: World, params: Params) -> bool:
    """Whether the payment may go on; must come within ten seconds."""
    query = world.queries.pop(params.text("pre_checkout_query_id"), None)
    if query is None or query["kind"] != "checkout" or query["answer"].done():
        raise bad(OLD_QUERY.removeprefix("Bad Request: "))
    ok = params.flag("ok")
    reason = params.text("error_message")
    if not ok and not reason:
        world.queries[params.text("pre_checkout_query_id")] = query
        raise bad("error message can't be empty")
    query["answer"].set_result({"ok": ok, "error": reason})
    return True


@method("refundStarPayment")
def refund_star_payment(world: World, params: Params) -> bool:
    """Give the Stars back."""
    person = knows(world, params.integer("user_id"))
    charge = params.text("telegram_payment_charge_id")
    payment = world.payments.get(charge)
    if payment is None or payment["person"] != person.id:
        raise bad("CHARGE_NOT_FOUND" if charge else "CHARGE_ID_EMPTY")
    if payment["refunded"]:
        raise bad("CHARGE_ALREADY_REFUNDED")
    if world.bot.stars < payment["amount"]:
        raise bad("BALANCE_TOO_LOW")
    payment["refunded"] = True
    person.stars += payment["amount"]
    world.bot.stars -= payment["amount"]
    world.transactions.append({
        "id": charge, "amount": payment["amount"], "date": world.clock.now(),
        "receiver": {"type": "user", "transaction_type": "invoice_payment", "user": person.user(),
                     "invoice_payload": payment["payload"]},
    })  # fmt: skip
    chat = world.private(person)
    world.post(chat, {
        "from": world.bot.user(), "chat": world.brief(chat), "date": world.clock.now(),
        "refunded_payment": {"currency": "XTR", "total_amount": payment["amount"],
                             "invoice_payload": payment["payload"], "telegram_payment_charge_id": charge},
    })  # fmt: skip
    return True


@method("getStarTransactions")
def get_star_transactions(world: World, params: Params) -> Json:
    """The bot's Stars, in and out, oldest first."""
    offset, limit = params.integer("offset"), min(max(params.integer("limit", 100), 1), 100)
    return {"transactions": world.transactions[offset : offset + limit]}


@method("getMyStarBalance")
def get_my_star_balance(world: World, params: Params) -> Json:
    """What the bot has."""
    return {"amount": world.bot.stars}


@method("editUserStarSubscription")
def edit_user_star_subscription(world: World, params: Params) -> bool:
    """Stop or resume the renewal of a subscription."""
    person = knows(world, params.integer("user_id"))
    payment = world.payments.get(params.text("telegram_payment_charge_id"))
    if payment is None or payment["person"] != person.id or not payment["until"]:
        raise bad("CHARGE_NOT_FOUND")
    payment["canceled"] = params.flag("is_canceled")
    return True
