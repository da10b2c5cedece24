"""`python -m bench [part …] [--json PATH]`: measures, and prints one table."""

import argparse
import json
import sys
import time
from pathlib import Path

from bench import bot, catalogue, data, figures, outbox, press, report, rights, scale, start, sweep

PARTS = {
    "start": start.run,
    "catalogue": catalogue.run,
    "press": press.run,
    "bot": bot.run,
    "outbox": outbox.run,
    "sweep": sweep.run,
    "rights": rights.run,
    "figures": figures.run,
}


def main() -> int:
    """Runs the parts that were asked for (all, when none was); 0, whatever the figures are."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Speed, as ratios to limits of the same run.")
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args()
    unknown = [name for name in asked.parts if name not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)} (there are {', '.join(PARTS)})")
    chosen, about = scale.read(), report.machine()
    _say(" · ".join(f"{name} {value}" for name, value in about.items()))
    _say(chosen.words)
    if not data.server():
        _say(data.MISSING)
    found: list[report.Figure] = []
    try:
        for name in asked.parts or PARTS:
            began = time.monotonic()
            sys.stderr.write(f"measuring {name} …\n")
            found.extend(PARTS[name](chosen))
            sys.stderr.write(f"  {time.monotonic() - began:.0f} s\n")
    finally:
        _say("\n" + report.table(found))
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(found, about), indent=1) + "\n")
    return 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
