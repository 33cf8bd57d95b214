# Every target sets up what it needs on a fresh machine: Python 3.11+, Java 17+ and Maven are asked for by name, the rest
# is fetched. Ports and files of `make test` are its own, so both may run at once.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

# make demo INCIDENTS=20000 NIBRS=folder-or-file KAFKA_PORT=9192 AIRFLOW_PORT=8081
INCIDENTS ?= 5000
NIBRS ?=
KAFKA_PORT ?= 9092
AIRFLOW_PORT ?= 8080

.PHONY: help demo down status test check fix lock bench env jars clean
.DEFAULT_GOAL := help

help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

demo: env jars ## start Kafka and Airflow, send incidents, show what went where and why
	@$(BIN)/cordon demo --incidents $(INCIDENTS) $(if $(NIBRS),--nibrs '$(NIBRS)') \
	  --kafka-port $(KAFKA_PORT) --airflow-port $(AIRFLOW_PORT)

down: ## stop what `make demo` started
	@if [ -x $(BIN)/cordon ]; then $(BIN)/cordon stack down; else echo 'cordon: nothing is installed, so nothing runs'; fi

status: env ## what of it runs
	@$(BIN)/cordon stack status

test: env jars ## every test; starts and stops its own broker, Airflow and PostgreSQL
	@$(BIN)/python -m pytest -n 2 --dist loadfile

check: env ## style, types and the fast tests; under two minutes
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo 'cordon: not formatted: make fix'; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/python -m pytest -q -m 'not slow and not e2e' -n 2

fix: env ## mend what the style tools can mend
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format .

bench: env ## measure; bench/README.md says what
	@$(BIN)/python -m bench

lock: env ## resolve requirements/*.in anew: versions and hashes only, no address of any index
	@for name in tools run dev; do \
	  echo "cordon: requirements/$$name.lock"; \
	  $(BIN)/python -m uv --quiet pip compile --universal --python-version 3.11 --generate-hashes --no-header \
	    --no-annotate --upgrade requirements/$$name.in --output-file requirements/$$name.lock || exit 1; \
	done

env:
	@if [ -z '$(PYTHON)' ]; then echo 'cordon: no Python 3.11 or newer was found. For example: sudo apt-get install python3.11 python3.11-venv' >&2; exit 2; fi
	@$(PYTHON) pipelines/stack/bootstrap.py env

jars: env
	@$(PYTHON) pipelines/stack/bootstrap.py jars

clean: down ## remove what was fetched and made, state included
	@rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache
