# Everything to run, test and measure Meterbridge on one machine. `make help` lists the targets.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

SYNC := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target) # make 3.81, as on macOS, has none: lines mix

.DEFAULT_GOAL := help
.PHONY: help demo test fast faults stacks up down status check bench meter lock clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) ## run three months of real data through Airflow, print what came out, stop
	@$(BIN)/python -m stack demo

test: check ## run the checks and every test
	@echo "running the stacks, the faults and all other tests side by side; each shows what it found when it ends"
	@$(MAKE) --no-print-directory --jobs=3 $(SYNC) stacks faults fast

# Stacks mostly wait, and are watched by the clock: what they wait for comes first, and the others work meanwhile.
stacks: $(INSTALLED) ## the tests that start a real Airflow
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m slow --ignore=tests/faults

faults: $(INSTALLED) ## the tests that kill, cut and corrupt
	@nice $(BIN)/python -m pytest -q -m slow tests/faults

fast: $(INSTALLED) ## all other tests
	@nice $(BIN)/python -m pytest -q -n auto --dist loadfile -m "not slow"

up: $(INSTALLED) ## start PostgreSQL and Airflow and leave them running
	@$(BIN)/python -m stack up

down: $(INSTALLED) ## stop what `make up` started
	@$(BIN)/python -m stack down

status: $(INSTALLED) ## tell what runs
	@$(BIN)/python -m stack status

check: $(INSTALLED) ## style, types and import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(INSTALLED) ## measure landing, deriving, loading and rating beside their floors, and beside others' ways
	@$(BIN)/python -m bench.landing
	@$(BIN)/python -m bench.derive
	@$(BIN)/python -m bench.memory
	@$(BIN)/python -m bench.load
	@$(BIN)/python -m bench.rate

meter: $(INSTALLED) ## write a new meter and its scenario: make meter NAME=disk_peak
	@test -n "$(NAME)" || { echo "say which: make meter NAME=disk_peak" >&2; exit 2; }
	@$(BIN)/python -m pipeline.cli new-meter "$(NAME)"

lock: ## resolve pyproject.toml into requirements.lock anew
	@command -v uv >/dev/null || { echo "make lock needs uv on PATH" >&2; exit 2; }
	uv pip compile --universal --python-version 3.11 --extra dev --extra server --extra s3 --extra spark \
		--generate-hashes --no-emit-index-url --no-header -o requirements.lock pyproject.toml

clean: ## remove the virtual environment and the tools' caches; data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info

# Built whole or not at all: the stamp is written last, and a change of the lock starts from an empty environment.
# pip would compile on one core; to leave it to the imports would show their warnings to the tests, which fail of them.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one: make PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
		{ echo "this Python cannot make virtual environments; on Debian install python3-venv" >&2; exit 2; }
	@echo "installing the locked packages into $(VENV) (minutes at first, nothing after)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --no-compile --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
