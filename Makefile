# What a developer does here. All paths are relative, so that the folder may have any name.

PYTHON ?= python3
ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK = 1

# Programs of the venv are started as modules: their scripts hold the path at which they were installed.
VENV := .venv/bin/python
DEPARTMENTS := $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
STAMP := .venv/.installed

INSTALLED := from importlib.metadata import distributions as d; [print(x.name) for x in d() if x.name.startswith('tongban-')]

# A department that came or went, and a folder that was moved, call for a new install whatever the files' times say.
ifneq ($(shell cat $(STAMP) 2>/dev/null),$(shell pwd) $(DEPARTMENTS))
.PHONY: $(STAMP)
endif

.PHONY: help install serve test test-long lint format schema history contract drill migration-check constraints clean
.DEFAULT_GOAL := help

help: ## Says what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' Makefile

install: $(STAMP) ## Installs Tongban, all departments and the tools into .venv

serve: $(STAMP) ## Starts the server with the data of the city: http://127.0.0.1:8000/graphql
	@exec $(VENV) -m tongban serve $(ARGS)

test: $(STAMP) ## Runs the tests (ARGS="-k catalog" for some)
	$(VENV) -m pytest -n 2 --dist worksteal -m "not long" $(ARGS)

test-long: $(STAMP) ## Runs the tests that take their time: guides, random histories, drills
	$(VENV) -m pytest -n 2 --dist worksteal -m long $(ARGS)

lint: $(STAMP) ## Checks style, walls between rooms, and types
	$(VENV) -m ruff check
	$(VENV) -m ruff format --check
	$(VENV) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	$(VENV) -m mypy core plugins
	$(VENV) -m mypy --explicit-package-bases tests

format: $(STAMP) ## Formats the code and mends what can be mended
	$(VENV) -m ruff check --fix
	$(VENV) -m ruff format

schema: $(STAMP) ## Writes schema.graphql anew
	$(VENV) -m tongban schema > schema.graphql.new
	mv schema.graphql.new schema.graphql

history: $(STAMP) ## Writes the shipped decisions and their reports anew (ARGS=--quick in seconds)
	$(VENV) -m tongban.admission.release $(ARGS)

contract: $(STAMP) ## Lists what the schema lacks of docs/reference/contract.graphql
	@$(VENV) -m tongban schema --missing-from docs/reference/contract.graphql

drill: $(STAMP) ## Kills everything under load for ten minutes, and looks for what is lost (ARGS="--seconds 60")
	$(VENV) bench/crash.py $(ARGS)

migration-check: $(STAMP) ## Checks that models and migrations agree, on a new database
	@rm -rf build/migration-check
	@env -u TONGBAN_DATABASE_URL TONGBAN_DATA_DIR=build/migration-check $(VENV) -m tongban migrate --check

constraints: $(STAMP) ## Writes constraints.txt anew with the newest versions that fit
	$(VENV) -m pip install -q uv
	$(VENV) -m uv export --upgrade --all-packages --no-emit-workspace --no-hashes --no-annotate --no-header -q > constraints.new
	mv constraints.new constraints.txt

clean: ## Removes what tools left, but neither .venv nor var
	rm -rf build dist schema.graphql.new constraints.new .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find core plugins tests migrations -name __pycache__ -prune -exec rm -rf {} +

$(VENV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Tongban needs Python 3.11 or later and $(PYTHON) is not: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv: install it (Debian: apt install python3-venv) and run make again" >&2; exit 1; }
	@echo "Make .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; exit 1; }

# Written last: an install that failed is begun again.
$(STAMP): pyproject.toml constraints.txt $(DEPARTMENTS:=/pyproject.toml) | $(VENV)
	@rm -f $@
	@echo "Install the tools (constraints.txt says which versions)"
	@$(VENV) -m pip install -q "pip>=25.1"
	@$(VENV) -m pip install -q -c constraints.txt --group dev
	@echo "Install Tongban and its departments: $(DEPARTMENTS:plugins/%=%)"
	@# A department whose folder is gone must not stay.
	@$(VENV) -c "$(INSTALLED)" | xargs -r $(VENV) -m pip uninstall -q -y
	@$(VENV) -m pip install -q -c constraints.txt --no-build-isolation -e . $(DEPARTMENTS:%=-e ./%)
	@{ pwd; echo $(DEPARTMENTS); } > $@
