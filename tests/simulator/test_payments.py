"""Telegram Stars: asked, paid, told, given back."""

from concurrent.futures import ThreadPoolExecutor

import requests

from tests.conftest import PATIENCE

from .conftest import ANA, Sim

INVOICE = {"title": "VIP", "description": "30 días", "payload": "vip:1", "currency": "XTR",
           "prices": [{"label": "VIP", "amount": 350}]}  # fmt: skip


def pay(sim: Sim, slug: str, **answer: object) -> dict:
    with ThreadPoolExecutor() as pool:
        paying = pool.submit(sim.do, "pay", person="ana", slug=slug)
        found = requests.post(f"{sim.base}/getUpdates", json={"timeout": PATIENCE}, timeout=PATIENCE).json()["result"]
        query = found[-1]["pre_checkout_query"]
        body = {"pre_checkout_query_id": query["id"], **answer}
        assert requests.post(f"{sim.base}/answerPreCheckoutQuery", json=body, timeout=PATIENCE).json()["ok"]
        return paying.result()


def test_a_payment_asks_first_then_moves_the_stars_and_tells(sim: Sim, ana: int) -> None:
    link = sim.api("createInvoiceLink", **INVOICE)
    assert link.startswith("https://t.me/$")
    assert pay(sim, link, ok=True)["status"] == "paid"
    paid = next(item for item in sim.updates("message") if "successful_payment" in item)["successful_payment"]
    assert (paid["total_amount"], paid["invoice_payload"], paid["currency"]) == (350, "vip:1", "XTR")
    assert sim.api("getMyStarBalance")["amount"] == 350


def test_a_refused_checkout_moves_nothing(sim: Sim, ana: int) -> None:
    result = pay(sim, sim.api("createInvoiceLink", **INVOICE), ok=False, error_message="Agotado")
    assert result == {"status": "failed", "reason": "Agotado"}
    assert sim.api("getMyStarBalance")["amount"] == 0


def test_a_refund_happens_once(sim: Sim, ana: int) -> None:
    charge = pay(sim, sim.api("createInvoiceLink", **INVOICE), ok=True)["charge"]
    assert sim.api("refundStarPayment", user_id=ana, telegram_payment_charge_id=charge) is True
    assert sim.refusal("refundStarPayment", user_id=ana, telegram_payment_charge_id=charge) == (
        "Bad Request: CHARGE_ALREADY_REFUNDED"
    )
    transactions = sim.api("getStarTransactions")["transactions"]
    assert ["source" in transactions[0], "receiver" in transactions[1]] == [True, True]


def test_a_subscription_is_renewed_until_canceled(sim: Sim, ana: int) -> None:
    charge = pay(sim, sim.api("createInvoiceLink", **INVOICE, subscription_period=2592000), ok=True)["charge"]
    sim.updates()
    sim.do("renew", charge=charge)
    again = sim.updates("message")[0]["successful_payment"]
    assert again["is_recurring"] and "is_first_recurring" not in again
    sim.api("editUserStarSubscription", user_id=ANA, telegram_payment_charge_id=charge, is_canceled=True)
    assert "no such running" in sim.refused("renew", charge=charge)


def test_only_stars_in_one_price_are_taken(sim: Sim, ana: int) -> None:
    two = {**INVOICE, "prices": INVOICE["prices"] * 2}
    assert sim.refusal("sendInvoice", chat_id=ana, **two) == "Bad Request: STARS_INVOICE_INVALID"
    assert sim.refusal("createInvoiceLink", **{**INVOICE, "subscription_period": 60}) == (
        "Bad Request: SUBSCRIPTION_PERIOD_INVALID"
    )
    assert sim.refusal("createInvoiceLink", **{**INVOICE, "payload": "x" * 129}) == (
        "Bad Request: INVOICE_PAYLOAD_INVALID"
    )
