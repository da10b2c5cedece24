"""A Telegram for development and tests: the Bot API over HTTP, and a page that looks like a Telegram client.

`python -m simulator` starts it; `simulator.server.start()` starts it in a thread for tests. It knows nothing of the
product, and the product nothing of it: they meet over HTTP only, as with the real Telegram.

Leniencies that the real Telegram does not have, so the product must not lean on them:
- `http://localhost` and `http://127.0.0.1` are accepted where Telegram asks for HTTPS (Mini App buttons, webhooks);
- photos given by URL are fetched from this machine only;
- everything under `/control` and `/client` exists here only.
"""
