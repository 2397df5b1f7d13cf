# The targets and what they do are printed by `make` alone.
.DEFAULT_GOAL := help
SHELL := bash
.SHELLFLAGS := -euo pipefail -c

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -X main.version=$(VERSION)
TESTFLAGS ?=
FUZZTIME ?= 30s
# Packages whose tests are run under the race detector: those that start goroutines.
RACE := ./pipeline/... ./rollup/... ./sinks/... ./bench/produce/... ./internal/...

.PHONY: help
help: ## Print this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 10

.PHONY: build
build: ## Build bin/logproc
	go build -trimpath -ldflags '$(LDFLAGS)' -o bin/logproc ./cmd/logproc

.PHONY: demo
demo: build ## Build, then see logs become metrics and a summary for 20 seconds
	bin/logproc demo --for 20s

.PHONY: test
test: format vet ## Check the format, vet and run all tests that need no service
	go test $(TESTFLAGS) ./...

.PHONY: race
race: ## Run the tests of the concurrent packages under the race detector (needs a C compiler)
	go test $(TESTFLAGS) -race $(RACE)

.PHONY: lint
lint: format vet ## Check the format, vet and run staticcheck
	go tool staticcheck ./...

.PHONY: format
format: ## Fail when a Go file is not gofmt'ed, and name it
	@files=$$(git ls-files -co --exclude-standard '*.go' | xargs -r gofmt -l); \
	if [[ -n $$files ]]; then echo "not gofmt'ed:" $$files >&2; exit 1; fi

.PHONY: vet
vet: ## Run go vet, the end-to-end tests included
	go vet -tags e2e ./...
	go vet -tags simbugs ./pipeline/...

.PHONY: e2e
e2e: ## Install what is missing, then test the built program on real Kafka, Redis, Prometheus, kcat, rsyslog, Exim and Chromium
	internal/e2e/install.sh
	go test $(TESTFLAGS) -tags e2e -count=1 -timeout 20m ./internal/e2e/... ./rollup/redisstore/...

CHAOS_FOR ?= 5m
CHAOS_SEEDS ?= 3
CHAOS_SEED ?= 1
CHAOS_RECORDS ?= 5000000
.PHONY: chaos
chaos: ## Count 5,000,000 records while replicas, Redis and Kafka are killed, for CHAOS_FOR (5m) and CHAOS_SEEDS (3)
	internal/e2e/install.sh
	go test $(TESTFLAGS) -tags e2e -count=1 -timeout 90m -v -run '^TestChaos$$' ./internal/e2e/... -chaos.for=$(CHAOS_FOR) \
	  -chaos.seeds=$(CHAOS_SEEDS) -chaos.seed=$(CHAOS_SEED) -chaos.records=$(CHAOS_RECORDS)

SEEDS ?= 10000
SEED_START ?= 1
.PHONY: sim
sim: ## Simulate crashes, zombies, lost replies and stores that fall back: SEEDS (10000) runs from SEED_START (1) on
	go test -tags simbugs ./pipeline/sim -run 'TestPlanted|TestSame' -count=1
	go test ./pipeline/sim -run '^TestSimulation$$' -count=1 -timeout 60m -v -seeds=$(SEEDS) -start=$(SEED_START) \
	  | { grep -vE '^(=== |\s*--- PASS|PASS$$|ok )' || true; }

.PHONY: bench
bench: ## Measure the whole pipeline against fetch + parse alone
	go run ./bench

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s) each
	@for package in $$(go list ./...); do \
	  for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package; \
	  done; \
	done

.PHONY: clean
clean: ## Remove what the other targets built
	rm -rf bin
