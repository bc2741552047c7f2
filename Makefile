# The verbs of the project. Each does all its own set-up: system packages, Python environment, build.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help

export CRETA_VENV ?= $(CURDIR)/.venv
export CARGO_TARGET_DIR ?= $(CURDIR)/target
export CARGO_TERM_PROGRESS_WHEN ?= auto
PYTHON := $(CRETA_VENV)/bin/python
PEERS ?= $(CURDIR)/bench/.peers
CRETA_BIN := $(CARGO_TARGET_DIR)/debug/creta
STEP := scripts/step.sh

.PHONY: help demo test check bench bench-offline crash fuzz scenarios fmt gen system python build

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1	\2/' | expand -t 22

demo: build ## the main job on real data: flights of 2013
	@CRETA_BIN=$(CRETA_BIN) $(PYTHON) examples/flights/demo.py

test: python ## every test
	@$(STEP) "system packages of the tests" scripts/setup_system.sh test
	$(STEP) "build the tests (10 minutes when nothing is cached)" cargo build --workspace --all-targets --quiet
	$(STEP) "Rust tests" env CRETA_TEST_PYTHON=$(PYTHON) cargo test --workspace --quiet
	$(STEP) "Python SDK tests" env CRETA_BIN=$(CRETA_BIN) $(PYTHON) -m pytest -q sdk/python/tests
	$(STEP) "expected values of the functions" $(PYTHON) -m pytest -q crates/engine/tests/functions
	$(STEP) "code in docs" env CRETA_BIN=$(CRETA_BIN) $(PYTHON) -m pytest -q docs/tests
	$(STEP) "example tests" $(PYTHON) -m pytest -q examples
	$(STEP) --summary

check: system ## formatting, lints, the law of the house
	@cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo test --workspace --test main --quiet law::

crash: python ## kill -9 a loaded server at 200 random moments
	@CRETA_TEST_PYTHON=$(PYTHON) CRETA_CRASH_KILLS=$${KILLS:-200} CRETA_CRASH_SEED=$${SEED:-1} \
		cargo test --workspace --test main --quiet crash:: -- --nocapture

bench: python ## load profiles in a release build
	@scripts/setup_system.sh bench
	cargo build --release --bin creta
	CRETA_BIN=$(CARGO_TARGET_DIR)/release/creta $(PYTHON) bench/online/run.py

bench-offline: python ## training sets beside DuckDB, Polars and Feast: OBSERVATIONS=10000000 SPINE=1000000
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --requirement bench/offline/peers.txt
	cargo build --release --bin creta
	CRETA_BIN=$(CARGO_TARGET_DIR)/release/creta $(PYTHON) bench/offline/run.py --peers $(PEERS) \
		--observations $${OBSERVATIONS:-10000000} --spine $${SPINE:-1000000}

scenarios: python ## the scenarios, or one of them: make scenarios ONLY=staleness
	@CRETA_TEST_PYTHON=$(PYTHON) CRETA_SCENARIO=$(ONLY) cargo test --workspace --test main --quiet scenarios:: -- --nocapture

fuzz: ## generated worlds against the oracle: make fuzz WORLDS=5000 SEED=7
	@CRETA_WORLDS=$${WORLDS:-2000} CRETA_WORLDS_SEED=$${SEED:-1} \
		cargo test --workspace --test main --quiet worlds:: -- --nocapture

gen: python ## the generated pages of docs/reference
	@$(PYTHON) crates/engine/tests/functions/generate.py
	$(PYTHON) scripts/document_functions.py
	CRETA_TEST_PYTHON=$(PYTHON) CRETA_GENERATE=1 cargo test --workspace --test main --quiet letters::

fmt: ## format everything
	@cargo fmt --all

system:
	@$(STEP) "system packages" scripts/setup_system.sh

python: system
	@$(STEP) "Python environment" scripts/setup_python.sh

build: python
	@$(STEP) "build (8 minutes when nothing is cached)" cargo build --bin creta
