# Two commands are enough: `make run` and `make test`. Each sets up what it needs, in this folder alone.

# A distribution's Python is built with profile-guided optimisation and takes 15 % less time per request than a plain
# build, so it comes first where it is recent enough and can make environments.
usable = $(shell $(1) -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(1))
PYTHON ?= $(firstword $(call usable,/usr/bin/python3) $(call usable,python3) python3)
VENV := .venv
BIN := $(VENV)/bin
stamp = $(VENV)/.$(1)-$(shell cat requirements/$(1).lock pyproject.toml | cksum | cut -d' ' -f1)
RUN := $(call stamp,run)
DEV := $(call stamp,dev)
DOCS := $(call stamp,docs)
MUTATION := $(call stamp,mutation)
GUIDED := $(call stamp,guided)
BENCH := $(call stamp,bench)

# Recorded traffic and data sets stand beside the checkout where they stand at all.
ifneq ($(wildcard ../shared/corpus),)
export PENSTOCK_TEST_DATA ?= $(abspath ../shared)
endif

# Tests whose assertions were prepared once are kept: to do so anew takes longer than to run the quick ones.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run check static quick test test-clients test-long fuzz fuzz-guided mutation mutated bench figures peers docs lock clean
.DEFAULT_GOAL := help

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

setup: $(RUN) ## Make the environment in .venv

run: $(RUN) ## Run the gateway; with no provider key in the environment, the simulator answers
	@$(BIN)/penstock serve --demo

check: $(DEV) ## Lint, types, import contracts, size budgets and the quick tests: within a minute
	@$(MAKE) --no-print-directory -j 2 static quick

static: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/python tests/budgets.py

quick: $(DEV)
	$(BIN)/pytest -n 2 --dist worksteal --hypothesis-profile=quick tests/unit tests/laws -m "not long and not slow"

# Tests of time and of processes that die share two busy cores here: what fails among others is asked once more, alone,
# and what fails there too fails. Both are told of; who fails only among others is a fault to be looked into all the same.
twice = $(1) || { [ $$? -eq 1 ] && echo "Failed among others; once more, alone:" && $(1) -n 0 --last-failed --maxfail 1; }

# Half of the time tests wait for gateways, so there are more processes than cores. Each takes tests that stand together:
# they share what was started for them.
# What pages tell to type is typed in test-clients, where the clients are that many pages speak of.
test: static docs ## Everything but the real clients: within ten minutes
	@$(call twice,$(BIN)/pytest -n 4 --dist worksteal tests --ignore=tests/clients --ignore=tests/docs/test_blocks.py -m "not long")

SCRUBBED = $(addprefix tests/clients/,$(addprefix test_,anthropic.py openai.py google.py) \
  $(addprefix cli/test_,claude_code.py codex.py gemini_cli.py))

test-clients: $(DEV) ## Real SDKs and command-line clients, and what pages tell to type; installs the clients in .clients
	$(BIN)/python tests/clients/install.py
	@$(call twice,$(BIN)/pytest -n 2 --dist loadfile tests/clients tests/docs/test_blocks.py -m "not long")
	@$(call twice,PENSTOCK_TEST_INTENSITY=full $(BIN)/pytest -n 2 --dist loadfile tests/clients -m "not long")
	@$(call twice,PENSTOCK_TEST_SCRUB=1 $(BIN)/pytest -n 2 --dist loadfile -m "not long" $(SCRUBBED))

test-long: $(DEV) ## The runs that take long: deep fuzzing, load
	$(BIN)/pytest tests -m long --timeout=3600

SECONDS ?= 60
fuzz: $(DEV) ## Arbitrary bytes against every reader, for SECONDS=60; what is found is tried first the next time
	$(BIN)/python -m tests.fuzz $(SECONDS)

fuzz-guided: $(GUIDED) ## The same readers, for SECONDS=60, by bytes that reach new code: what does is changed further
	@nice $(BIN)/python -m tests.fuzz.guided $(SECONDS)

FILES ?=
# Not in .venv: what mutmut brings runs a hook at every start of Python, and gateways are started by the hundred.
mutation: ## Would a test notice? Changes the code place by place, all or FILES=...; goes on where it was stopped
	@$(MAKE) --no-print-directory VENV=.cache/mutation mutated

mutated: $(MUTATION)
	@nice $(BIN)/python -m tests.mutation $(if $(AGAIN),--again $(AGAIN)) $(if $(EVERY),--every $(EVERY)) $(FILES)

bench: $(DEV) ## Measure the gateway beside nginx and peers, in one run
	$(BIN)/python -m bench

figures: $(BENCH) ## Measure, look where the time goes, and draw docs/performance.md anew: a quarter of an hour
	$(BIN)/python -m bench --rounds 3 --seconds 720
	$(BIN)/python -m bench.flames
	$(BIN)/python docs/generate_figures.py

peers: $(DEV) ## Install other gateways for `make bench`, each in an environment of its own
	$(BIN)/python -m bench.peers

docs: $(DOCS) ## Build the documentation's site into site/, offline; a dead link or anchor ends it
	$(BIN)/zensical build --strict --clean
	@rm -f site/generate_*.py

# What stands in one environment beside `dev` has to agree with it; everything else stands alone.
BESIDE := docs mutation guided bench
ALONE := $(filter-out $(BESIDE),$(basename $(notdir $(wildcard requirements/*.in))))
chosen = $(BIN)/python -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-annotate --upgrade -o requirements/$$name.lock requirements/$$name.in

lock: $(DEV) ## Choose the newest versions of all requirements anew, with hashes
	for name in $(ALONE); do $(chosen) || exit; done
	for name in $(BESIDE); do $(chosen) -c requirements/dev.lock || exit; done

clean: ## Remove what the other commands made
	rm -rf $(VENV) .clients .cache site mutants .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV)

pip = $(BIN)/python -m pip install --quiet --disable-pip-version-check
locked = echo "Setting up $(VENV)$(2) ..." && $(pip) --require-hashes -r requirements/$(1).lock $(3)
stamped = rm -f $(VENV)/.$(1)-* && touch $@

$(RUN): $(VENV)/bin/python
	@$(call locked,run) && $(pip) --no-deps --no-build-isolation -e . && $(call stamped,run)

$(DEV): $(RUN)
	@$(call locked,dev, with what tests need) && $(call stamped,dev)

$(DOCS): $(DEV)
	@$(call locked,docs, with what the documentation's site needs) && $(call stamped,docs)

$(MUTATION): $(DEV)
	@$(call locked,mutation, with what changes the code) && $(call stamped,mutation)

$(GUIDED): $(DEV)
	@$(call locked,guided, with what guides the fuzzing,--only-binary :all:) && $(call stamped,guided) \
	  || echo "No Atheris for this Python or machine."

$(BENCH): $(DEV)
	@$(call locked,bench, with what flame graphs need) && $(call stamped,bench) || echo "py-spy can't be had here: no flame graphs"
