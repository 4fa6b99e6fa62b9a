# Ktizo. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first one that runs and is new enough; a name on the PATH may be an empty shim.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.14 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
SOURCES := backend tests bench

.PHONY: help
help: ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

.venv/pip: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Ktizo needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -m venv .venv 2>/dev/null || { \
	  test "$$(id -u)" = 0 && apt-get install -y -q python3-venv >/dev/null && $(PYTHON) -m venv .venv; } \
	  || { echo "cannot make a virtual environment: apt-get install python3-venv"; exit 1; }
	@touch $@

.venv/ready: .venv/pip requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/ready-dev: .venv/ready requirements-dev.lock
	@$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.PHONY: setup
setup: .venv/ready dashboard ## Make .venv with everything `ktizo` needs, and the dashboard

.PHONY: dashboard
dashboard: ## Build the dashboard when its sources changed (needs Node.js 20)
	@scripts/frontend.sh build

.PHONY: types
types: .venv/ready ## Write the API's types anew for the dashboard
	@$(BIN)/python scripts/openapi.py
	@cd frontend && npm run --silent types

.PHONY: setup-dev
setup-dev: .venv/ready-dev ## The same with what tests and linters need

.PHONY: packages
packages: ## Debian packages for tests and lab (as root; else says what is missing)
	@scripts/packages.sh

.PHONY: prism
prism: ## What judges provider clients by their vendors' specifications (needs Node.js)
	@scripts/prism.sh

.PHONY: run
run: setup ## Set everything up and serve on port 8000 (KTIZO_PORT ...)
	@exec $(BIN)/ktizo serve

.PHONY: simulate
simulate: setup ## A fleet from power-on to Ready without hardware (ARGS="--speed 5 --kill all")
	@exec $(BIN)/ktizo simulate $(ARGS)

.PHONY: dev
dev: setup-dev ## Serve with debug logs
	@KTIZO_LOG_LEVEL=debug exec $(BIN)/ktizo serve

.PHONY: lint
lint: setup-dev ## Format, lint, types, import law
	@$(BIN)/ruff format --check -q $(SOURCES)
	@$(BIN)/ruff check -q $(SOURCES)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports
	@scripts/frontend.sh lint

.PHONY: check
# Rooms whose tests take long by themselves run in `make test` only.
check: lint ## lint and the quick tests
	@$(BIN)/pytest -q -n 2 --dist loadfile -m "not lab and not browser and not slow and not root" -p no:cacheprovider -r f \
	  --ignore tests/talos --ignore tests/images --ignore tests/clusters --ignore tests/integration \
	  --ignore tests/nodes --ignore tests/accounts --ignore tests/home --ignore tests/browser

.PHONY: fix
fix: setup-dev ## Format and repair what can be repaired
	@$(BIN)/ruff format -q $(SOURCES)
	@$(BIN)/ruff check -q --fix $(SOURCES)

.PHONY: test
test: packages prism setup-dev ## Everything, lab included, with a count of what was skipped
	@scripts/test.sh

.PHONY: lab
lab: packages setup-dev ## Only the lab: real firmware, real dnsmasq
	@$(BIN)/pytest -m lab tests/lab

.PHONY: screenshots
screenshots: packages setup-dev dashboard ## Draw docs/pictures anew, in Chromium
	@KTIZO_SCREENSHOTS=docs/pictures $(BIN)/pytest -q -p no:cacheprovider tests/browser/test_pictures.py tests/browser/test_pictures_rented.py

.PHONY: bench
bench: packages setup-dev ## Ratios against nginx in one run
	@$(BIN)/python -m bench

.PHONY: migrate
migrate: setup ## Bring the database to this version
	@cd backend && ../$(BIN)/alembic upgrade head

.PHONY: migration
migration: setup-dev ## Write a migration: make migration m="what changed"
	@cd backend && ../$(BIN)/alembic revision --autogenerate -m "$(m)"

.PHONY: golden
golden: setup-dev ## Write the golden files anew; read the diff before committing
	@KTIZO_WRITE_GOLDEN=1 $(BIN)/pytest -q -m "not lab" -k golden || true
	@git status --short tests/golden

.PHONY: protos
protos: setup-dev ## Write the Python side of the Talos API's messages anew
	@scripts/protos.sh

.PHONY: lock
lock: setup-dev ## Resolve the dependencies again into the two lock files
	@scripts/lock.sh
