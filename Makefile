# `make demo` and `make test` set everything up by themselves; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
RUN ?= runs/demo
REQUEST ?= signed distance from a point to a box with rounded corners

OP ?= layer_norm
OP_TESTS := $(addprefix tests/test_,kernel_rows.py kernels.py dropout.py gradients.py gpu_kernels.py gpu_shaders.py kernel_docs.py shader_docs.py)

.DEFAULT_GOAL := help
.PHONY: help model setup setup-test vulkan test-tools page demo test test-all torture soak test-op kernels lint bench bench-quick bench-history bench-inference bench-kernels bench-step lock clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 17

setup: $(VENV)/.tat  ## virtual environment with pinned dependencies; puts tat into .venv/bin

setup-test: $(VENV)/.test vulkan test-tools  ## the same with what the tests need

$(VENV)/.tat: requirements/tat.lock pyproject.toml
	@echo "setting up $(VENV) from locked dependencies" >&2
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tat needs Python 3.11 or newer")'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes -r requirements/tat.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: $(VENV)/.tat requirements/test.lock requirements/torch.lock
	@$(PIP) install --require-hashes -r requirements/test.lock
	@$(PIP) install -r requirements/torch.lock
	@touch $@

$(VENV)/.bench: $(VENV)/.test requirements/bench.lock
	@$(PIP) install --require-hashes -r requirements/bench.lock
	@touch $@

# Validating and running WGSL needs a Vulkan adapter; a software one does.
vulkan:
	@sh packaging/require-vulkan.sh

# Pages are tested in a browser and in Node, training over MPI, faults under strace, completion in shells.
test-tools:
	@sh packaging/require-test-tools.sh

page:  ## bundle the editor of the page anew into tat/serve/page/editor.js (needs npm)
	cd packaging/page && npm ci --ignore-scripts --no-audit --no-fund && npm run build

demo: setup  ## train preset tiny on the bundled cookbook and generate a function
	@rm -rf $(RUN)
	@$(BIN)/tat train --preset tiny --run $(RUN)
	@echo 'tat generate "$(REQUEST)" --run $(RUN)' >&2
	@$(BIN)/tat generate "$(REQUEST)" --run $(RUN)

test: lint  ## all tests that belong to a change (about 12 minutes on 2 cores, 2 of them on a software GPU)
	$(BIN)/python -m pytest -m "not slow"

test-all: lint  ## the long ones too
	$(BIN)/python -m pytest --hypothesis-profile=new

EVERY ?= 100
SECONDS ?= 45
EACH ?= 1000
torture: setup-test  ## kills, faults, power cuts, fuzzing: under 3 minutes; EVERY=1 SECONDS=9999 EACH=0 by hand for hours
	$(BIN)/python tests/torture/faults.py --every $(EVERY) --seconds $(SECONDS)
	$(BIN)/python tests/torture/crashes.py --every $(EVERY) --seconds $(SECONDS)
	$(BIN)/python tests/torture/fuzz.py --seconds $(SECONDS) --each $(EACH)

MINUTES ?= 10
soak: setup-test  ## train, save, validate, generate and serve in a loop: does anything grow? MINUTES=480 by hand
	mkdir -p build
	PYTHONPATH=tests $(BIN)/python tests/torture/soak.py --minutes $(MINUTES) --json build/soak.json --svg build/soak.svg

test-op: $(VENV)/.test  ## all about one operation in half a minute: OP=layer_norm
	$(BIN)/python -m pytest --op $(OP) $(OP_TESTS)

kernels: $(VENV)/.tat  ## docs/kernels.md anew: which operation runs where
	$(BIN)/python docs/make_kernels.py

synth-check: $(VENV)/.tat vulkan  ## run what generated functions compute against alternatives and references
	$(BIN)/tat synth --check

lint: setup-test
	$(BIN)/ruff check
	$(BIN)/ruff format --check --quiet

# The model that ships with tat: generated functions alone, so that it may be given away. Needs a GPU
# with f16; killed at any point, the same call goes on. Two parts, the second from the weights of the
# first: 1,680,000 functions each, most of them drawn without MODEL_ENTRIES, so that each family is
# met often.
MODEL ?= build/model
MODEL_ENTRIES := composed/vertex,composed/fragment,composed/elementwise,composed/image,composed/particles,composed/pipeline
# draws: functions of a part into its folder; how many for each seed, seeds, and what else is said
draws = mkdir -p $(MODEL)/$(1)_data; for seed in $(3); do part=$(MODEL)/$(1)_data/part-$$seed.jsonl; \
	  test -s $$part || $(BIN)/tat synth --count $(2) --seed $$seed $(4) -q -o $$part || exit 1; done
# trains: a part from its beginning or from where it stopped; how it begins
trains = if test -f $(MODEL)/$(1)/config.toml; then $(BIN)/tat train --run $(MODEL)/$(1) --resume --device gpu; \
	  else $(BIN)/tat train $(MODEL)/$(1)_data --run $(MODEL)/$(1) --device gpu $(2); fi
model: setup  ## train the bundled model on a GPU (an hour on one H200) and put it into tat/models
	$(call draws,first,60000,$$(seq 8501 8524),--without $(MODEL_ENTRIES))
	$(call draws,first,60000,$$(seq 8601 8604))
	$(call draws,second,60000,$$(seq 8701 8724),--without $(MODEL_ENTRIES))
	$(call draws,second,60000,$$(seq 8801 8804))
	$(call trains,first,--preset small --config config/bundled.toml)
	$(call trains,second,--config config/bundled.toml --config config/bundled_second.toml --from $(MODEL)/first)
	$(BIN)/tat export $(MODEL)/second --int8 -o tat/models/bundled.safetensors

bench: $(VENV)/.bench  ## all benchmarks under pyperf, to build/bench.json (half an hour; BENCH="-p 2 --only step")
	@mkdir -p build
	$(BIN)/python bench/pyperf_suite.py -o build/bench.json $(BENCH)

bench-quick: setup  ## all benchmarks in process, in less than two minutes
	$(BIN)/tat bench --quick

# Once, and on a machine that does nothing else: growth of cost, and the first version of all.
bench-history: setup
	$(BIN)/python bench/growth.py
	test -d build/first || git worktree add --detach build/first ff7552c
	PYTHONPATH=build/first $(BIN)/python bench/first_version.py

bench-inference: $(VENV)/.bench  ## forward, attention and decoding beside PyTorch and CTranslate2, as ratios
	$(BIN)/python bench/inference.py

bench-kernels: $(VENV)/.bench  ## tokenizing, a softmax and AdamW beside their peers, as ratios
	$(BIN)/python bench/kernel_peers.py

bench-step: setup-test  ## training step of the default model beside PyTorch, as a ratio
	$(BIN)/python bench/step.py

lock:  ## pin the newest versions that requirements/*.in allow
	$(BIN)/python -m pip install -q pip-tools
	for part in tat test bench release; do $(BIN)/pip-compile -q --upgrade --strip-extras --generate-hashes --allow-unsafe --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements/$$part.lock requirements/$$part.in; done

clean:  ## remove the virtual environment and what was built
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache

# The released file: see BUILD_AND_PACKAGING.md.
LEVEL ?= 19
PREFIX ?= /usr/local
RELEASE_VENV := build/venv
RELEASE_LOCKS := requirements/tat.lock requirements/release.lock
RELEASE_PYTHON := PYTHONPATH=packaging:. $(RELEASE_VENV)/bin/python
.PHONY: release release-tools test-release smoke smoke-places smoke-cli-1 smoke-cli-2 release-check install

release: release-tools $(RELEASE_VENV)/.ready  ## one static file for every x86-64 Linux: dist/tat (LEVEL=3 is fast)
	$(RELEASE_PYTHON) -m release $(LEVEL)

release-tools:
	@sh packaging/require-build-tools.sh
	@sh packaging/require-test-tools.sh openmpi-bin

$(RELEASE_VENV)/.ready: $(RELEASE_LOCKS)
	$(PYTHON) -m venv --clear $(RELEASE_VENV)
	for lock in $(RELEASE_LOCKS); do \
	  $(RELEASE_VENV)/bin/python -m pip --disable-pip-version-check -q install --require-hashes -r $$lock || exit 1; done
	@touch $@

test-release: release-tools $(RELEASE_VENV)/.ready  ## the tests of the launcher and of the build
	$(RELEASE_PYTHON) -m pytest $(wildcard tests/test_packaging*.py)

smoke: smoke-cli-1 smoke-cli-2 test-release smoke-places  ## dist/tat at work in four places without a network; tests of the command line on it (-j2)

smoke-places: $(RELEASE_VENV)/.ready
	$(RELEASE_PYTHON) -m release.smoke dist/tat

# In two parts, which take about as long, for -j2.
CLI_TESTS := $(wildcard tests/test_cli*.py)
CLI_TESTS_1 := $(wildcard tests/test_cli.py tests/test_cli_[a-f]*.py)
CLI_TESTS_2 := $(filter-out $(CLI_TESTS_1),$(CLI_TESTS))
smoke-cli-1 smoke-cli-2: smoke-cli-%: $(RELEASE_VENV)/.ready
	$(RELEASE_PYTHON) -m pytest --program dist/tat $(CLI_TESTS_$*)

release-check: smoke  ## also on Debian 11 and 13, and a second build compared byte by byte
	@sh packaging/require-build-tools.sh check
	$(RELEASE_PYTHON) -m release.check dist/tat $(LEVEL)

install:  ## put dist/tat, its manual and completions under PREFIX (/usr/local)
	install -D -m 755 dist/tat $(DESTDIR)$(PREFIX)/bin/tat
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 dist/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -D -m 644 dist/completions/bash/tat $(DESTDIR)$(PREFIX)/share/bash-completion/completions/tat
	install -D -m 644 dist/completions/zsh/_tat $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_tat
	install -D -m 644 dist/completions/fish/tat.fish $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/tat.fish
	install -D -m 644 NOTICE $(DESTDIR)$(PREFIX)/share/doc/tat/NOTICE
