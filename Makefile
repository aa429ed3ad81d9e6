# Everything a newcomer types: `make demo` and `make test`. Each installs what it needs into .venv first.
PYTHON ?= python3
BIN := .venv/bin
# Both cores work: the tests that start vLLM stay together on one worker, the others fill the second.
WORKERS ?= 2

.PHONY: help demo test test-peers check format docs clean

help:  ## Show this help.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/.installed  ## Install, then run the main job on the embedded default.
	$(BIN)/prism demo

test: check  ## Format check, lint, types, layers, tests.
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

test-peers: .venv/.installed-dev  ## Install the real peers, pinned, and run each once on a few tasks (minutes).
	$(BIN)/python benchmarks/peers.py --smoke

check: .venv/.installed-dev  ## Format check, lint, types, layers.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: .venv/.installed-dev  ## Format the code and fix what lint can fix.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: .venv/.installed-dev  ## Rebuild the generated parts of docs/.
	$(BIN)/python scripts/file_list.py

clean:  ## Remove the virtual environment and tool caches (never cache/ or results/).
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "prism-engine needs Python 3.11 or newer; try: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python pyproject.toml scripts/install.py
	$(BIN)/python scripts/install.py
	@touch $@

.venv/.installed-dev: .venv/bin/python pyproject.toml scripts/install.py
	$(BIN)/python scripts/install.py --dev
	@touch $@ .venv/.installed
