VOI := .venv/bin/voi
PYTHON_BIN := .venv/bin/python
STAGES := lint types unit integration
PYTEST := $(PYTHON_BIN) -m pytest --dist worksteal
# COVERAGE=1: the unit tests say how much of the code they ran.
UNIT := $(PYTEST) -n 2 -m "not integration" $(if $(COVERAGE),--cov --cov-report=term:skip-covered)
# Empty: what was compiled is kept. Else every test process, and every `voi` that the tests start, compiles all of it again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: help run install check test lint types unit integration coverage lock bench clean

help:  ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install:  ## Install into .venv and make the configuration files that are missing
	@./install.sh

run: install  ## Install and start the server
	@echo
	@echo "Talk to it from a second terminal, in this folder:"
	@echo "  $(VOI) talk --agent eliza --text 'I need a holiday'"
	@echo "  $(VOI) talk --agent echo --in tests/data/audio/jfk.wav --out answer.wav"
	@echo "  ./install.sh sound && $(VOI) talk --agent eliza      (microphone and speaker)"
	@echo "Stop it with Ctrl+C."
	@echo
	@exec $(VOI) serve

check: install  ## Check the configuration
	@$(VOI) check

test:  ## Install what the tests need; run all stages, to the end even if one fails, and say which failed
	@./install.sh dev
	@failed=; \
	for stage in $(STAGES); do $(MAKE) --no-print-directory $$stage || failed="$$failed $$stage"; done; \
	if [ -n "$$failed" ]; then echo "make test: failed:$$failed" >&2; exit 1; fi; \
	echo "make test: $(STAGES): all passed"

lint:
	@echo "== lint"
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types:
	@echo "== types"
	.venv/bin/mypy

unit:
	@echo "== unit tests: each module for itself"
	$(UNIT)

# Half of their time they wait: for sound that takes its time, for a process that starts.
integration:
	@echo "== integration tests: whole servers, processes, many callers on one model, reference packages beside ours, training runs"
	$(PYTEST) -n 4 -m integration

coverage:  ## Say how much of the code the unit tests run
	@./install.sh dev
	@$(MAKE) --no-print-directory unit COVERAGE=1

lock:  ## Renew locks/ after a change of pyproject.toml; with UPGRADE=1 take the newest versions in its ranges
	@$(PYTHON_BIN) -m pip install -q --disable-pip-version-check 'uv>=0.13,<1'
	$(PYTHON_BIN) tools/lock.py $(if $(UPGRADE),--upgrade)

bench:  ## Measure Voi beside other servers (see bench/README.md; about an hour)
	@./install.sh
	bench/setup.sh
	$(PYTHON_BIN) bench/run.py

clean:  ## Remove .venv and everything that was built or measured; configuration and recordings stay
	rm -rf .venv build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis bench/venvs bench/results bench/assets
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
