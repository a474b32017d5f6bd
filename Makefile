# The five commands of the project. Each sets up .venv first where that is needed.
#
#   make run      open the window (without a display: the headless tour)
#   make demo     the two-minute tour on the bundled data
#   make test     every check: formatting, lint, types, import rules, tests
#   make lint     the checks that run no tests
#   make bench    every benchmark, each printing one JSON document
#
#   PYTHON=...       the interpreter to build .venv with     PYTEST_ARGS=...  more words for pytest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := run
.PHONY: run demo test lint bench setup

PY := .venv/bin/python
# Files side by side, one for each core; a file's tests share what they set up.
PYTEST_ARGS ?= -n auto --dist loadfile
HAS_DISPLAY = [ -n "$${DISPLAY:-}$${WAYLAND_DISPLAY:-}" ] || [ "$$(uname -s)" = Darwin ]

# Tests run one file a core, so that a second thread each would only wait for the other's core.
test bench: export QT_QPA_PLATFORM := offscreen
test: export OMP_NUM_THREADS ?= 1
bench: export OMP_NUM_THREADS ?= 2
test bench: export WORKBENCH_TEST_DATA ?= ../shared/data
setup: export PYTHON := $(PYTHON)

setup:
	@scripts/bootstrap.sh

run: setup
	@if $(HAS_DISPLAY); then exec $(PY) -m workbench; else \
		echo 'No DISPLAY and no WAYLAND_DISPLAY: running the headless tour instead of the window.'; \
		exec $(PY) -m workbench demo --headless; fi

demo: setup
	@if $(HAS_DISPLAY); then exec $(PY) -m workbench demo; else \
		echo 'No DISPLAY and no WAYLAND_DISPLAY: running the tour without a window.'; \
		exec $(PY) -m workbench demo --headless; fi

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

test: lint
	$(PY) -m pytest $(PYTEST_ARGS)

bench: setup
	@for file in tests/benchmarks/*.py; do \
		name=$$(basename "$$file" .py); \
		case $$name in _*|conftest) continue;; esac; \
		echo "benchmark: $$name" >&2; \
		$(PY) -m "tests.benchmarks.$$name" --json; \
	done
