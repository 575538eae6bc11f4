# `make demo` and `make test` set everything up by themselves; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
RUN ?= runs/demo
REQUEST ?= signed distance from a point to a box with rounded corners

.DEFAULT_GOAL := help
.PHONY: help setup setup-test vulkan demo test test-all lint bench-step lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.tat  ## virtual environment with pinned dependencies; puts tat into .venv/bin

setup-test: $(VENV)/.test vulkan  ## the same with what the tests need

$(VENV)/.tat: requirements/tat.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tat needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/tat.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.tat requirements/test.lock requirements/torch.lock
	$(PIP) install --require-hashes -r requirements/test.lock
	$(PIP) install -r requirements/torch.lock
	@touch $@

# Validating and running WGSL needs a Vulkan adapter; a software one does.
vulkan:
	@sh packaging/require-vulkan.sh

demo: setup  ## train preset tiny on the bundled cookbook and generate a function
	@rm -rf $(RUN)
	$(BIN)/tat train --preset tiny --run $(RUN)
	$(BIN)/tat generate "$(REQUEST)" --run $(RUN)

test: setup-test  ## all tests that belong to a change (under 9 minutes on 2 cores)
	$(BIN)/ruff check
	$(BIN)/python -m pytest -m "not slow"

test-all: setup-test  ## the long ones too
	$(BIN)/ruff check
	$(BIN)/python -m pytest

lint: setup-test
	$(BIN)/ruff check

bench-step: setup-test  ## training step of the default model beside PyTorch, as a ratio
	$(BIN)/python bench/step.py

lock:  ## pin the newest versions that requirements/*.in allow
	$(BIN)/python -m pip install -q pip-tools
	for part in tat test; do $(BIN)/pip-compile -q --upgrade --strip-extras --generate-hashes --allow-unsafe --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/$$part.lock requirements/$$part.in; done

clean:  ## remove the virtual environment and what was built
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache
