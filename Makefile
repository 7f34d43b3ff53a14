GO ?= go
FUZZTIME ?= 1m

.DEFAULT_GOAL := help

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build ./parley
	CGO_ENABLED=0 $(GO) build -trimpath -o parley ./cmd/parley

serve: ## Run the server
	$(GO) run ./cmd/parley serve

test: ## Run the tests, and say what was left out
	$(GO) test ./...
	@node --version >/dev/null 2>&1 && npm --version >/dev/null 2>&1 || \
		echo "SKIPPED, NOT TESTED: test/compat and test/openapi need Node 20 and npm (make compat)"

race: ## Run the tests with the race detector, shuffled (needs a C compiler)
	$(GO) test -race -gcflags='modernc.org/...=-race=false' -shuffle=on ./...

fmt: ## Format the code
	gofmt -w client cmd internal test

lint: ## Check format, vet and staticcheck
	@test -z "$$(gofmt -l client cmd internal test)" || { gofmt -l client cmd internal test; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

fuzz: ## Run every fuzz target for FUZZTIME (1m) each
	.ci/fuzz $(FUZZTIME)

bench: ## Run the benchmarks
	$(GO) test -run '^$$' -bench . -benchmem ./...

compat: ## Drive a server with the real npm packages (needs Node 20 and the npm registry)
	PARLEY_TEST_STRICT=1 $(GO) test -count=1 ./test/compat/... ./test/openapi/...

docs: ## Write docs/configuration.md anew
	$(GO) run ./cmd/parley config doc > docs/configuration.md

ci: ## Do all that the CI does
	bash .ci/run

clean: ## Remove what was built
	rm -f parley coverage.out

.PHONY: help build serve test race fmt lint fuzz bench compat docs ci clean
