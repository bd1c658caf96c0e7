# The everyday commands. Each of them is also there without make: cargo, and the scripts in dev/.

.DEFAULT_GOAL := help
.PHONY: help build package lint deny test faults instructions demo down clean

MAX_LINES := 500

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the release binary: target/release/siem-loader
	cargo build --release --locked

package: ## the Lambda function: target/lambda/siem-loader-ARCH.zip (ARCH=arm64 or x86_64)
	@dev/package $(ARCH)

lint: ## formatting, clippy, licences, shell scripts, length of files
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	dev/check-licences
	@if command -v shellcheck >/dev/null; then \
	  scripts=$$(grep -lE '^#!.*sh|shellcheck shell=' dev/* .ci/* 2>/dev/null); \
	  shellcheck -x -P dev $$scripts && echo "shellcheck: $$(echo $$scripts | wc -w) scripts"; \
	else \
	  echo "shellcheck is not installed: scripts not checked (apt-get install -y shellcheck)"; \
	fi
	@git ls-files -z '*.rs' | xargs -0 -r wc -l | \
	  awk '$$2 != "total" && $$1 > $(MAX_LINES) { print $$2 ": " $$1 " lines, more than $(MAX_LINES)"; bad = 1 } END { exit bad }'

deny: ## advisories, licences, sources and bans by cargo-deny
	@cargo deny --version >/dev/null 2>&1 || \
	  { echo "cargo-deny is not installed: cargo install --locked cargo-deny" >&2; exit 1; }
	cargo deny --locked check

test: ## all tests, against a real OpenSearch, a real S3 server and MiniStack (ARGS=... for cargo test)
	@dev/test $(ARGS)

faults: ## longer runs of the schedules of faults (SEEDS=1000), see docs/faults.md
	@dev/faults $(or $(SEEDS),1000)

instructions: ## instructions of the hot path against their baseline (ARGS=--update)
	@dev/instructions $(ARGS)

demo: ## logs from an S3 bucket into OpenSearch, on this machine; the dashboards as a page
	@dev/demo

down: ## stop every server that demo, test or you started below .dev
	@for marker in .dev/*/.dev-opensearch; do [ ! -e "$$marker" ] || dev/opensearch down "$${marker%/*}"; done
	@for marker in .dev/*/.dev-s3; do [ ! -e "$$marker" ] || dev/s3 down "$${marker%/*}"; done
	@for marker in .dev/*/.dev-ministack; do [ ! -e "$$marker" ] || dev/ministack down "$${marker%/*}"; done

clean: down ## down, and delete target and .dev (jars, logs, Python environment)
	@for link in .dev/*/elsewhere; do [ ! -L "$$link" ] || rm -rf "$$(readlink "$$link")"; done
	rm -rf .dev
	cargo clean
