# Vitrina: `make run` and `make test` set up what they need: Python 3.11 or newer, and nothing else.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
export FLASK_APP := wsgi

.DEFAULT_GOAL := help
.PHONY: help setup run test again check bench fmt migrate lock messages screenshots backup browser

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Vitrina needs Python 3.11 or newer; set PYTHON=… to one (found: $$($(PYTHON) --version 2>&1))"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
	  { echo "Python cannot make a virtual environment here; on Debian: apt install python3-venv"; rm -rf .venv; exit 1; }
	@echo "Installing (once, about a minute) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.venv/.messages: $(STAMP) $(wildcard webapp/translations/*/LC_MESSAGES/messages.po)
	@$(BIN)/pybabel -q compile -d webapp/translations 2>/dev/null
	@touch $@

setup: $(STAMP) .venv/.messages ## install into .venv what run and test need

run: setup ## web, bot, worker; a simulated Telegram when TELEGRAM_BOT_TOKEN is not set
	@$(BIN)/flask up

test: setup ## the tests; PostgreSQL, Redis and a browser join in when they are there
	@$(BIN)/python -m tests.ground
	@$(BIN)/python -m pytest -n 2 --dist worksteal

again: setup ## only what failed last time, one at a time
	@$(BIN)/python -m pytest -vv --last-failed --last-failed-no-failures none

check: setup ## all that must hold before a change lands
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python -m tests.migrated
	$(BIN)/python -m tests.audited
	@$(MAKE) --no-print-directory test || \
	  { echo "Once more, alone; what passes now is unsteady and wants mending:"; $(MAKE) --no-print-directory again; }

bench: setup ## speed, as ratios to bare limits in the same run (BENCH=catalogue, bot … for one part)
	@$(BIN)/python -m bench $(BENCH)

fmt: setup ## write it the way `check` wants it
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

migrate: setup ## bring the database up to date
	@$(BIN)/flask db upgrade

lock: setup ## pin the newest versions that requirements*.in allow
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --upgrade requirements-dev.in -o requirements-dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  -c requirements-dev.txt requirements.in -o requirements.txt

messages: setup ## collect new texts into the translations
	@$(BIN)/pybabel -q extract -F babel.cfg -k lazy_gettext -k _l --no-location --sort-output -o .venv/messages.pot .
	@$(BIN)/pybabel -q update -i .venv/messages.pot -d webapp/translations -w 100 \
	  --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

screenshots: setup ## the pictures of the README, taken in Chromium
	@$(BIN)/python -m tests.journeys.screenshots

backup: setup ## copy the database to backup-<time> while it is in use
	@$(BIN)/flask backup backup-$$(date +%Y%m%d-%H%M%S)
