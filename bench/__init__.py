"""How fast the product is, as ratios to bare limits measured in the same run: `python -m bench [part …]`.

Absolute figures drift with the machine and with whatever else runs on it. So every figure of ours stands beside a limit
or a peer that was measured in turns with it: bare Flask on the same server (the most any Flask page can do), a small
Flask + ORM + Jinja page on the same tables (what one writes without thinking of speed), telebot's own polling.

Parts: start, catalogue, press, bot, outbox. Everything runs on loopback, on ports of its own, on copies of databases of
its own, and is ended at the end. See README.md beside this file.
"""
