# What can be done here. Each command is a script below scripts/ that can be run by hand as well.
# Settings of `run` and `dev`: XINDENG_LISTEN, XINDENG_ADMIN, XINDENG_DATA_DIR.
.DEFAULT_GOAL := help
.PHONY: help run test test-rules dev release bench chaos db-new db-prepare types seed reset adr fmt lint

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: ## install what is missing, build, start the demo city on 127.0.0.1:8080
	@scripts/run.sh

test: ## everything CI runs: format, lints, generated files, rules, flows, parity, web, browser
	@scripts/test.sh

test-rules: ## the inner loop: rules and scales, seconds (make test-rules ARGS=triage)
	@scripts/test-rules.sh $(ARGS)

dev: ## server and web console with reload
	@scripts/dev.sh

release: ## the optimised binary, at var/release/xindeng
	@scripts/setup.sh && scripts/build.sh --release

bench: ## measure: a table of ratios with the machine's load
	@scripts/bench.sh $(ARGS)

chaos: ## kill the server at random while clients submit, compare journals
	@scripts/chaos.sh $(ARGS)

db-new: ## a new migration: make db-new NAME=follow_up
	@scripts/db-new.sh "$(NAME)"

db-prepare: ## write .sqlx after changing a query or a migration
	@scripts/db-prepare.sh

types: ## OpenAPI from the code, TypeScript from OpenAPI
	@scripts/types.sh

seed: ## fill the demo city into the data folder and stop
	@scripts/seed.sh

reset: ## remove the demo city's data folder
	@scripts/reset.sh

adr: ## a new decision: make adr TITLE="what was decided"
	@scripts/adr.sh "$(TITLE)"

fmt: ## format everything
	@scripts/fmt.sh

lint: ## clippy, types, biome, shellcheck where it is installed
	@scripts/test.sh fmt lint
