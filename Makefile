# The one list of commands. CI runs the same targets a person runs.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

BUILT := $(or $(CARGO_TARGET_DIR),target)/debug
# The tests of a cluster are left out: .config/nextest.toml, and here.
TESTS = $(if $(shell command -v cargo-nextest),cargo nextest run --workspace --locked,cargo test --workspace --locked -- --skip cluster::)

.NOTPARALLEL:
.PHONY: help setup web build demo dev test cluster lint fmt bench fuzz chaos mutations doctor screenshots

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install or name what this machine lacks
	@scripts/setup --agents

web: ## build the web UI, which the program takes in
	@scripts/web build

screenshots: build ## pictures of every page of the UI into docs/screenshots
	@scripts/web screenshots

# The dev profile: a first build takes a fraction of what the release profile takes, and agents wait for
# models, not for us. Optio looks for optio-runner next to itself, so both are built.
build: web ## build optio and optio-runner
	@cargo build --locked -p optio -p optio-runner

demo: setup build ## bring up a team of agents and give it work (ARGS=--exit to end after its answer)
	@exec $(BUILT)/optio demo $(ARGS)

dev: setup build ## run everything on this machine
	@exec $(BUILT)/optio dev $(ARGS)

# Tests come last, so that their summary is the last thing to read. Tests of whole systems start optio and
# optio-runner as they lie in the target directory, which cargo does not build for them.
test: ## everything a contributor needs to pass
	@scripts/setup --test --agents
	@scripts/web check
	@scripts/lint
	@cargo build --workspace --bins --locked
	@scripts/web test
	@scripts/with-postgres $(TESTS)

# What it needs, and which cluster, scripts/cluster-test says.
cluster: ## the tests that need a Kubernetes (KUBECONFIG, OPTIO_TEST_HOST)
	@scripts/cluster-test $(ARGS)

lint: ## every check that needs no running test
	@scripts/web check
	@scripts/lint

fmt: ## format the code
	@cargo fmt --all

bench: ## measure (ARGS="--quick --only curve"; scripts/plot puts a record into docs)
	@scripts/bench $(ARGS)

fuzz: ## search for bytes that break a reader (ARGS="--seconds 60")
	@scripts/fuzz $(ARGS)

chaos: ## kill everything under load and count (ARGS="--minutes 20 --replicas 3 --seed 7")
	@scripts/chaos $(ARGS)

mutations: ## break the code on purpose and see that the simulation notices (ARGS=name for some)
	@scripts/mutations $(ARGS)

doctor: build ## check what Optio needs from this machine
	@exec $(BUILT)/optio doctor $(ARGS)
