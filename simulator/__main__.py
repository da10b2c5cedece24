"""`python -m simulator`: serve until told to stop."""

import sys

from simulator.server import main

sys.exit(main())
