# `make` lists the targets. Everything is installed into .venv; nothing outside the checkout is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CHECK ?=

.DEFAULT_GOAL := help
.PHONY: help install check test bench demo clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(VENV)/installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[local,dev]'
	@touch $@

install: $(VENV)/installed ## install Lockgate and what it needs into .venv

check: install ## format, lint, types, import contracts
	$(BIN)/ruff format --check src tests bench
	$(BIN)/ruff check src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## every check and every test; what the machine lacks is named and skipped
	$(BIN)/python -m pytest

bench: install ## first figures: ingest, retrieval, decision, gateway, audit, usefulness
	$(BIN)/python -m bench

demo: install ## a running Lockgate with a demonstration organization; CHECK=1 plays the story unattended
	$(BIN)/lockgate demo $(if $(CHECK),--check)

clean: ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
