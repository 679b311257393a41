# Everything is built from pinned Go modules into .cache/bin; nothing is installed
# on the machine. `make help` lists what there is.

# Where a figure goes as JSON; empty writes none.
JSON ?=
# 1 leaves the demo running and prints its kubeconfigs, until Ctrl-C.
KEEP ?=
# How many storms are played under Evenkeel; empty is what the scenario says.
RUNS ?=
# Further flags of the command behind a target.
ARGS ?=

# Pure Go everywhere: what the demo, the bench and the tests compile is the same,
# and is compiled once. No C compiler is needed.
export CGO_ENABLED := 0

BIN       := .cache/bin
BENCH     := $(BIN)/bench
DECODE    := $(BIN)/bench-decode
LIMITER   := $(BIN)/bench-limiter
SIZING    := $(BIN)/bench-sizing
RULES     := $(BIN)/bench-rules
PANELS    := $(BIN)/bench-panels
WEB       := $(BIN)/web.test
REPLAY    := $(BIN)/bench-replay
LINTER    := $(BIN)/golangci-lint
GENERATOR := $(BIN)/controller-gen

# A folder of the user's own servers is used instead of building them. Tests run
# in folders of their own, so it must not be relative.
ifneq ($(KUBEBUILDER_ASSETS),)
override KUBEBUILDER_ASSETS := $(abspath $(KUBEBUILDER_ASSETS))
export KUBEBUILDER_ASSETS
endif

# The packages whose tests start real servers; the others are fast. They run one
# after another: each fills the machine by itself.
REAL = $(sort $(dir $(shell grep -rlE --include='*_test.go' 'KUBEBUILDER_ASSETS|controller-runtime/pkg/envtest|operator/actuate/hosttest"|operator/observe/etcdtest"' apis bench cmd operator recommender hack manifests 2>/dev/null)))
REAL_PACKAGES = $(patsubst %/,./%,$(REAL))
FAST_PACKAGES = $(shell go list -e -f '{{.Dir}}' ./... | sed 's|^$(CURDIR)|.|' | grep -vxF $(foreach package,./none $(REAL_PACKAGES),-e '$(package)'))

.DEFAULT_GOAL := help
.PHONY: help demo bench-overload bench-growth bench-scale bench-faults bench-sla bench-sizing bench-profile bench-decode bench-limiter test test-fast verify generate lint servers clean FORCE

help: ## Show this help
	@echo 'Evenkeel keeps hosted Kubernetes control planes on an even keel.'
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo '  JSON=FILE   demo, bench-*: write the figures as JSON to FILE as well'
	@echo '  KEEP=1      demo: leave everything running and print the kubeconfigs, until Ctrl-C'
	@echo '  RUNS=N      demo: play N storms under Evenkeel (default: what the scenario says)'
	@echo '  ARGS=...    demo, bench-*: further flags, as in ARGS="--scenario bench/scenarios/short.yaml";'
	@echo '              test, test-fast: flags of go test, as in ARGS="-run TestBars -v"'
	@echo '  KUBEBUILDER_ASSETS=FOLDER   use the kube-apiserver, etcd and kubectl in FOLDER'

demo: $(BENCH) ## Play a LIST storm on a real hosted control plane, by default and under Evenkeel
	@$(BENCH) demo $(if $(JSON),--json '$(JSON)') $(if $(filter-out 0,$(KEEP)),--keep) $(if $(RUNS),--storms $(RUNS)) $(ARGS)

bench-overload: $(BENCH) ## Overload a control plane without one to blame: default, lines by hand, Evenkeel
	@$(BENCH) overload $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-growth: $(BENCH) ## Have a tenant grow to 2,000 nodes: with small sizes, and resized by Evenkeel
	@$(BENCH) growth $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-faults: $(BENCH) ## Kill zones, members, apiservers and Evenkeel itself under load, for half an hour
	@$(BENCH) faults $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-sla: $(BENCH) $(RULES) $(PANELS) $(WEB) ## Play total outages: until a page fires, and whether the ledger is right; takes two hours
	@$(BENCH) sla --rules $(RULES) --panels $(PANELS) --paint $(WEB) $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-scale: $(BENCH) $(REPLAY) ## Load a tenant four times as much, and replay days: the autoscaler alone, and Evenkeel
	@$(BENCH) scale --replay $(REPLAY) $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-sizing: $(SIZING) ## Compare right-sizing with the upstream recommender, on the same samples
	@$(SIZING) $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-profile: $(BENCH) ## Measure what control planes need; ARGS=--write ships it as the default profile
	@$(BENCH) profile $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-decode: $(BENCH) $(DECODE) ## Measure the decoding of a real metrics page beside other decoders
	@$(BENCH) pages --dir .cache/pages
	@$(DECODE) --pages .cache/pages $(if $(JSON),--json '$(JSON)') $(ARGS)

bench-limiter: $(LIMITER) ## Compare how the load line is found with a library's concurrency limiter
	@$(LIMITER) $(if $(JSON),--json '$(JSON)') $(ARGS)

test: test-fast $(BENCH) ## Run every test; those that need them run against real servers
	@assets="$$($(BENCH) servers --metrics-server --vpa --prometheus --evenkeel)" || exit 1; \
	packages="$(REAL_PACKAGES)"; \
	if [ -n "$$packages" ]; then \
		echo "tests against real servers: $$packages"; \
		KUBEBUILDER_ASSETS="$$assets" go test -p 1 -timeout 15m $(ARGS) $$packages; \
	fi

test-fast: ## Run the tests that need no servers
	@go test -timeout 5m $(ARGS) $(FAST_PACKAGES)
	@cd bench/decode && go test -timeout 5m $(ARGS) .
	@cd bench/limiter && go test -timeout 5m $(ARGS) .
	@cd bench/sizing && go test -timeout 5m $(ARGS) .
	@cd bench/panels && go test -timeout 5m $(ARGS) ./...
	@cd bench/rules && go test -timeout 5m $(ARGS) .

verify: $(GENERATOR) $(LINTER) ## Check all that is checked before a change lands, the clean tree included
	@hack/verify

generate: $(GENERATOR) ## Write deepcopy functions, CRDs and what is made from monitoring/ anew
	@$(GENERATOR) object:headerFile=hack/boilerplate.go.txt paths=./apis/...
	@$(GENERATOR) crd paths=./apis/... output:crd:dir=manifests/crd
	@go run ./hack/monitoring

lint: $(LINTER) ## Run the linters
	@$(LINTER) run ./...

servers: $(BENCH) ## Build the upstream servers and print their folder
	@$(BENCH) servers $(ARGS)

clean: ## End what a killed run left behind, and remove everything that was built
	@[ ! -x $(BENCH) ] || $(BENCH) clean
	rm -rf .cache .run .run.lock

# Go knows best what has changed.
$(BENCH): FORCE
	@[ -x $@ ] || echo 'building the bench; the first time takes a minute or two' >&2
	@go build -o $@ ./bench/cmd/bench

$(DECODE): FORCE
	@[ -x $@ ] || echo 'building the decoders to compare with' >&2
	@cd bench/decode && go build -o ../../$@ .

$(LIMITER): FORCE
	@[ -x $@ ] || echo 'building the limiters to compare' >&2
	@cd bench/limiter && go build -o ../../$@ .

$(SIZING): FORCE
	@[ -x $@ ] || echo 'building the recommenders to compare' >&2
	@cd bench/sizing && go build -o ../../$@ .

# A test binary: the dashboard's own tests know how to paint it in a browser.
$(WEB): FORCE
	@go test -c -o $@ ./operator/web

$(PANELS): FORCE
	@[ -x $@ ] || echo 'building what asks for panels' >&2
	@cd bench/panels && go build -o ../../$@ .

$(RULES): FORCE
	@[ -x $@ ] || echo 'building Prometheus'"'"'s engine; the first time takes a minute or two' >&2
	@cd bench/rules && go build -o ../../$@ .

# A test binary: hours pass in seconds within tests alone. Upstream's autoscaler takes some
# minutes to compile for the first time, so that `make test` leaves it out; its tests run
# with the bench.
$(REPLAY): FORCE
	@[ -x $@ ] || echo 'building the replay with upstream'"'"'s autoscaler; the first time takes a minute or two' >&2
	@cd bench/replay && go test -c -o ../../$@ .

$(LINTER): hack/lint/go.mod hack/lint/go.sum
	@echo 'building golangci-lint; the first time takes some minutes' >&2
	@cd hack/lint && CGO_ENABLED=0 go build -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

$(GENERATOR): hack/tools/go.mod hack/tools/go.sum
	@echo 'building controller-gen' >&2
	@cd hack/tools && CGO_ENABLED=0 go build -o ../../$@ sigs.k8s.io/controller-tools/cmd/controller-gen
	@touch $@
