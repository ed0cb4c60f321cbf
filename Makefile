# The only entry, for people and for CI. `make` alone explains.
# PYTHON names the interpreter that makes .venv (3.11 or later); the rest runs in .venv.

PYTHON ?= python3
RUN := .venv/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help up down demo test check contracts bench lock local-venv test-venv bench-venv

help: ## explain the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'
	@echo
	@echo "  make up DETACH=1         come back when everything is healthy"
	@echo "  make up PORT_BASE=9000   move every port, so that two copies run side by side"
	@echo "  make up DEMO=0           a real start: nobody is invented, ./coalition init founds it"
	@echo "  ./coalition --help       everything else: doctor, logs, otp, reset, parked, ..."

up: local-venv ## start the whole system here; Ctrl-C stops it
	@./coalition up

down: ## stop it
	@./coalition down

demo: local-venv ## start it if need be, and watch a referral go end to end
	@./coalition demo

test: test-venv ## run every test
	@$(RUN) pytest -n 2 --dist worksteal $(ARGS)

check: test-venv ## lint, types, imports, contracts, secrets
	@$(RUN) ruff check .
	@$(RUN) ruff format --check --quiet .
	@$(RUN) mypy --no-error-summary kit gateway services cli
	@.venv/bin/lint-imports
	@.venv/bin/lint-imports --config tests/architecture/imports.toml
	@$(RUN) cli contracts --check
	@# 3: only line numbers of known ones moved; 1: a secret nobody allowed.
	@.venv/bin/detect-secrets-hook --baseline .secrets.baseline $$(git ls-files) >/dev/null || [ $$? -eq 3 ]

contracts: test-venv ## write the message schemas, OpenAPI and AsyncAPI anew from the code
	@$(RUN) cli contracts

bench: bench-venv ## measure, side by side with others
	@$(RUN) bench

lock: local-venv ## renew every lock in requirements/
	@PATH="$(CURDIR)/.venv/bin:$$PATH" sh requirements/lock.sh $(ARGS)

local-venv test-venv bench-venv:
	@$(PYTHON) cli/bootstrap.py $(@:-venv=)
