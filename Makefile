# Needs Python 3.11 or later and make; everything else goes into .venv beside this file.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
INPUTS := pyproject.toml constraints.txt
INSTALL := $(BIN)/uv -q pip install --python $(BIN)/python --compile-bytecode -c constraints.txt
PACKAGES := observer detectors orchestration dashboards
export UV_HTTP_TIMEOUT ?= 180

# The first of these that is 3.11 or later makes the environment. `make demo PYTHON=/path/to/python` decides otherwise.
PYTHON ?=
CANDIDATES := $(PYTHON) python3 python3.11 python3.12 python3.13 python3.14 python

SERVE ?= 1
PORT ?=
ARGS ?=
SHARED := -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder

.PHONY: help demo test check bench soak clean

help: ## say what there is
	@echo "Tidegate: each command makes what it needs in $(VENV) first (about half a minute, once)."
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | column -t -s '|' 2>/dev/null \
	  || sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1   \2/p' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.demo ## five weeks of real flights, one bad day held, then the dashboard (SERVE=0 stops before it; PORT=8000)
	@$(BIN)/tidegate demo $(if $(filter 0 no false,$(SERVE)),--no-serve) $(if $(PORT),--port $(PORT)) $(ARGS)

test: $(VENV)/.dev ## every test but the soak (ARGS="tests/unit -k gate" narrows it)
	@$(BIN)/python -m pytest $(if $(ARGS),$(ARGS),$(SHARED))

check: $(VENV)/.dev ## lint, format, types, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(VENV)/.dev ## every benchmark, with its numbers
	@$(BIN)/python -m benchmarks all $(ARGS)

soak: $(VENV)/.dev ## the long tests: kills, restarts, many repetitions
	@$(BIN)/python -m pytest -m soak -o faulthandler_timeout=0 $(ARGS)

clean: ## remove the environment, caches and build products; never a project's data
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---------------------------------------------------------------- the environment

# .dev contains what .demo does, so it makes both stamps.
$(VENV)/.dev: $(BIN)/uv $(INPUTS)
	@echo "Installing Tidegate with its test tools into $(VENV) (once; about a minute) ..."
	@$(INSTALL) -e '.[dev]'
	@$(BIN)/python -m compileall -q $(wildcard $(PACKAGES))
	@touch $(VENV)/.demo $@

$(VENV)/.demo: $(BIN)/uv $(INPUTS)
	@echo "Installing Tidegate into $(VENV) (once; about half a minute) ..."
	@$(INSTALL) -e '.[examples]'
	@$(BIN)/python -m compileall -q $(wildcard $(PACKAGES))
	@touch $@

$(BIN)/uv:
	@found=; for python in $(CANDIDATES); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Tidegate needs Python 3.11 or later; found $$(python3 --version 2>&1 || echo 'no python3'). Nothing was changed." >&2; \
	  echo "Install it (Debian: apt-get install python3 python3-venv), or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	echo "Making a virtual environment in $(VENV) with $$("$$found" --version) ..."; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  "$$found" -m venv $(VENV) || { \
	    echo "'$$found -m venv' failed. On Debian and Ubuntu it needs a package: apt-get install python3-venv" >&2; exit 1; }; \
	fi; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c constraints.txt uv
