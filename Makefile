# Two commands to begin with: `make run` and `make test`. `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

.DEFAULT_GOAL := help
.PHONY: help run demo test check format faults generate lock clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

run: $(VENV)/run.stamp ## set up, move this user's old files into the database, and serve it
	@$(BIN)/strongroom serve

demo: $(VENV)/run.stamp ## the same on a throw-away copy of examples/legacy-home
	@$(BIN)/python examples/demo.py

test: $(VENV)/test.stamp ## set up and run every test; four at a time, for many wait for other processes
	$(PYTEST) -n 4 $(TESTS)

check: $(VENV)/test.stamp ## lint, formatting, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

faults: $(VENV)/test.stamp ## every point of the fault laboratory (long)
	FAULTS=all $(PYTEST) -n 2 -m faults -s tests/integration/faults

format: $(VENV)/test.stamp ## let ruff format and fix what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

generate: $(VENV)/test.stamp ## write anew what is made from the code: completions, manual pages, OpenAPI
	$(BIN)/python packaging/generate.py
	$(BIN)/python packaging/openapi.py

lock: $(VENV)/test.stamp ## resolve the dependencies again, with hashes
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet $(LOCK_FLAGS) pyproject.toml --group build -o requirements.lock
	$(BIN)/uv pip compile --quiet $(LOCK_FLAGS) pyproject.toml --group build --group dev -c requirements.lock -o requirements-dev.lock

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean: ## remove what make has made
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Strongroom needs Python 3.11 or newer; name one: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
		|| { echo "python3-venv is missing: on Debian, apt-get install python3-venv"; exit 1; }

$(VENV)/run.stamp: requirements.lock pyproject.toml | $(BIN)/python
	@echo "setting up $(VENV) (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/test.stamp: requirements-dev.lock $(VENV)/run.stamp
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@
