.DEFAULT_GOAL := help
.PHONY: help install console demo run test check bench screenshots bench-optimizer soak clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS="$$(printf '\t')" read -r t d; do printf '  make %-15s %s\n' "$$t" "$$d"; done

install: ## set up .venv from the lock and build the web console; quick when nothing changed
	@scripts/install.sh
	@scripts/console.sh

console: ## build the web console into the package; quick when nothing changed
	@scripts/console.sh

demo: ## set everything up, build GNU hello into an RPM, install and run it
	@scripts/demo.sh

run: ## serve on 127.0.0.1:8080 (ARGS="--port 9000" to change)
	@scripts/run.sh $(ARGS)

test: ## set everything up and run all tests (ARGS="-k name" reaches pytest)
	@scripts/test.sh $(ARGS)

check: ## lint, formatting, types, import rules, generated files
	@scripts/check.sh

bench: ## print the benchmarks beside their baselines
	@scripts/bench.sh $(ARGS)

bench-optimizer: ## what optimizing saves on real packages (ARGS="hello six" for some of them)
	@scripts/bench_optimizer.sh $(ARGS)

screenshots: ## take a picture of every page of the web console
	@scripts/screenshots.sh

soak: ## the long fault, race and fuzz runs
	@scripts/soak.sh $(ARGS)

clean: ## remove .venv, caches and .run, after stopping the engine started from here
	@scripts/clean.sh
