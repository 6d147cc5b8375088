# Everything a newcomer types. Each target does its own set-up; `make help` lists them.
PYTHON ?= python3
CARGO  ?= cargo
# Where `make install` puts the two programs (PREFIX/bin); cargo's own choice by default.
PREFIX ?=
# Passed on: `make test ARGS='lang::units'`, `make demo ARGS='--threads 1'`, `make bench ARGS='--quick'`.
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help setup build demo test fuzz bench install fmt clippy

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## fetch libtorch once into the user's cache (DDL_LIBTORCH=DIR takes another)
	@command -v $(CARGO) >/dev/null || { echo "Rust is needed: https://rustup.rs" >&2; exit 1; }
	@$(PYTHON) .tools/setup-libtorch >/dev/null

build: setup ## build both programs, optimised: target/release/ddl and ddl-engine
	$(CARGO) build --release --locked --workspace --bins

demo: setup ## run the quickstart: a recipe is checked, planned, trained and judged (the build is that of `make test`)
	$(CARGO) build --locked --workspace --bins
	target/debug/ddl run pipelines/quickstart.ddl $(ARGS)

test: setup ## run all tests of the workspace
	@$(PYTHON) .tools/bench/eager.py || echo "tests that hold networks against PyTorch will be skipped" >&2
	$(CARGO) test --locked --workspace $(ARGS)

fuzz: setup ## read thousands of files that were changed at random (`make test` reads some; DDL_FUZZ=N says how many of each file)
	DDL_FUZZ=$${DDL_FUZZ:-5000} $(CARGO) test --locked --release -p ddl --test fuzz $(ARGS)
	DDL_FUZZ=$${DDL_FUZZ:-5000} $(CARGO) test --locked --release -p ddl-data --lib changed_lists $(ARGS)

bench: build ## measure speed and memory beside PyTorch; writes docs/performance.md (takes a while)
	$(PYTHON) .tools/bench/run.py $(ARGS)

install: setup ## install ddl and ddl-engine (PREFIX=DIR, or where cargo installs)
	$(CARGO) install --locked --path . $(if $(PREFIX),--root $(PREFIX))
	$(CARGO) install --locked --path src/engine $(if $(PREFIX),--root $(PREFIX))

fmt: ## format the Rust sources
	$(CARGO) fmt --all

clippy: setup ## lint as CI does
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
