# Everything happens in .venv, which is made on first use. `make` alone lists what there is.

PYTHON ?= python3
# More words for pytest, for example: make test PYTEST_ARGS="-k resume -x"
PYTEST_ARGS ?=
# Many tests wait for servers and time-outs, so that several at once pay even on two cores.
PYTEST_WORKERS ?= auto
# More words for the benchmark, see bench/.
BENCH_ARGS ?=
# More words for the torture, for example: make torture TORTURE_ARGS="--row power --seed 7"; --help tells them.
TORTURE_ARGS ?=
# Which reader is fuzzed (see tests/fuzz/targets.py), and for how long each.
FUZZ_TARGET ?= all
FUZZ_SECONDS ?= 300
# make lock LOCK_ARGS=--upgrade takes newer versions; without it the pins stay unless pyproject.toml forbids them.
LOCK_ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
RUN := .venv/run.stamp
DEV := .venv/dev.stamp

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-engines fuzz torture lint bench lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(RUN) ## show dget at work, on images of its own, without a network
	@$(BIN)/dget demo

test: $(DEV) ## run the unit, component and integration tests
	@scripts/install-test-parts
	$(BIN)/python -m pytest --numprocesses $(PYTEST_WORKERS) --dist loadfile tests/unit tests/fuzz tests/component tests/integration $(PYTEST_ARGS)

test-engines: $(DEV) ## load archives into newer engines, in folders of their own (slow)
	@scripts/install-test-parts
	$(BIN)/python -m pytest tests/engines $(PYTEST_ARGS)

fuzz: .venv/fuzz.stamp ## look for bytes that break a reader, for FUZZ_SECONDS each (Linux; FUZZ_TARGET=layer for one)
	$(BIN)/python -m tests.fuzz $(FUZZ_TARGET) $(FUZZ_SECONDS)

lint: $(DEV) ## check style, types and which package imports which
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

torture: $(DEV) ## break processes, disks and caches for real, for up to half an hour; print what held
	@scripts/install-test-parts
	$(BIN)/python -m torture $(TORTURE_ARGS)

bench: $(DEV) ## measure dget side by side with other tools
	$(BIN)/python -m bench $(BENCH_ARGS)

lock: .venv/pyvenv.cfg ## pin and hash the requirements anew
	$(PIP) install 'uv>=0.9,<1'
	$(LOCK) --extra fast --extra dev pyproject.toml --output-file requirements/dev.txt
	$(LOCK) --extra fast --constraints requirements/dev.txt pyproject.toml --output-file requirements/run.txt
	$(LOCK) --constraints requirements/dev.txt requirements/build.in --output-file requirements/build.txt
	$(LOCK) requirements/fuzz.in --output-file requirements/fuzz.txt

# For every platform and every Python that pyproject.toml allows; no index address gets into the files.
LOCK = UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv --no-config pip compile --quiet --universal \
	--python-version 3.11 --system-certs --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links $(LOCK_ARGS)

clean: ## remove .venv and everything that tools left behind
	rm -rf .venv .fuzz .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/pyvenv.cfg:
	@scripts/make-venv '$(PYTHON)' .venv

# Two stamps in one .venv: the demo needs little, the tests need all of it.
$(RUN): .venv/pyvenv.cfg requirements/run.txt requirements/build.txt pyproject.toml
	$(PIP) install --require-hashes -r requirements/run.txt -r requirements/build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@# As an installed package comes; where Python may write no bytecode, each start would compile it anew.
	@.venv/bin/python -m compileall -q src/dget
	@touch $@

$(DEV): $(RUN) requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

.venv/fuzz.stamp: $(DEV) requirements/fuzz.txt
	$(PIP) install --require-hashes -r requirements/fuzz.txt
	@touch $@
