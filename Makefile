# `make` lists the targets. Everything is installed into .venv; nothing outside the checkout is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip install --quiet --disable-pip-version-check
CHECK ?=
MINUTES ?= 2
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help install check test bench soak fuzz demo lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(VENV)/runs: pyproject.toml requirements/local.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3 ..." >&2; exit 2; }
	@echo "Installing into $(VENV): about a minute, the first time only"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --require-hashes -r requirements/local.lock
	@$(PIP) --no-deps -e .
	@touch $@

$(VENV)/develops: $(VENV)/runs requirements/dev.lock
	$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

$(VENV)/measures: $(VENV)/develops requirements/bench.lock
	$(PIP) --require-hashes -r requirements/bench.lock
	@touch $@

install: $(VENV)/develops ## install Lockgate and all that its tests need into .venv

check: install ## format, lint, types, import contracts
	$(BIN)/ruff format --check --quiet src tests bench
	$(BIN)/ruff check --quiet src tests bench
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check ## every check and every test; what the machine lacks is named and skipped
	$(BIN)/python -m pytest

bench: $(VENV)/measures ## figures: ingest, retrieval, decision, gateway, audit, answers, usefulness
	$(BIN)/python -m bench

soak: install ## kill -9 at every point (half an hour), then an hour of load while everything changes; ARGS="--minutes 10" for less
	LOCKGATE_FAULTS=all $(BIN)/python -m pytest -q -s tests/faults
	$(BIN)/python -m bench.soak $(ARGS)

fuzz: install ## every parser and every route for MINUTES=2 each (four hours); finds stay in .cache/fuzz
	PYTHONPATH=src:tests $(BIN)/python -m fuzz.run --atheris --seconds $$(( $(MINUTES) * 60 ))
	LOCKGATE_FUZZ_SECONDS=$$(( $(MINUTES) * 60 )) $(BIN)/python -m pytest tests/fuzz/test_api.py -o timeout=0
	HYPOTHESIS_PROFILE=nightly $(BIN)/python -m pytest tests/edge/test_fuzz.py -o timeout=0

demo: $(VENV)/runs ## a running Lockgate over an invented company; CHECK=1 plays the story unattended
	@$(BIN)/lockgate demo $(if $(CHECK),--check) $(ARGS)

lock: install ## resolve the dependencies anew and write their hashes
	$(PIP) pip-tools
	for extras in local dev,git,ocr,postgres,s3 bench; do $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe \
	  --strip-extras --no-emit-index-url --no-emit-find-links --no-header --no-annotate --extra local,telemetry,$$extras \
	  $$(test $$extras != bench || echo -c requirements/dev.lock) -o requirements/$${extras%%,*}.lock pyproject.toml; done

clean: ## remove the environment, caches and the demonstration's data
	rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis demo-data demo-data-twin
