# `make demo` and `make test` do all the set-up on a fresh machine. Each works when the other ran before.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DOCS := $(VENV)/.installed-docs
MUTATION := $(VENV)/.installed-mutation
LOWEST := .venv-lowest

.DEFAULT_GOAL := help
.PHONY: help demo format lint test-fast test test-diagnosis test-training test-portable test-lowest test-slurm simulations coverage mutate browser bench bench-check docs figures dist fuzz faults clean

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

$(DOCS): $(INSTALLED)
	$(BIN)/pip install --quiet --editable '.[docs]'
	touch $@

$(MUTATION): $(INSTALLED)
	$(BIN)/pip install --quiet --editable '.[mutation]'
	touch $@

# A run that was interrupted resumes; a finished one is not trained again.
demo: $(INSTALLED)  ## train with and without the bank on the embedded data, side by side, and write every measurement to report/
	$(BIN)/pixcon-diag demo

format: $(INSTALLED)  ## format the code and apply the linter's fixes
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lint: $(INSTALLED)  ## check style, spelling and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	mkdir -p .typing && ln -sfn ../cli .typing/pixcon_cli && ln -sfn ../figures .typing/pixcon_figures
	$(BIN)/mypy

test-fast: $(INSTALLED)  ## run the quick tests, which need no reference material
	$(BIN)/python -m pytest -m "not slow and not reference"

# Two halves side by side, on a core each; both run to their end.
test: $(INSTALLED) browser  ## run all tests
	$(MAKE) --no-print-directory --keep-going --jobs=2 test-diagnosis test-training

test-diagnosis: $(INSTALLED)
	$(BIN)/python -m pytest -p no:cacheprovider $(DIAGNOSIS)

test-training: $(INSTALLED)
	$(BIN)/python -m pytest -p no:cacheprovider $(addprefix --ignore=,$(DIAGNOSIS))

# The simulations of the statistics run with the training half, so that both take equally long.
DIAGNOSIS = tests/browser tests/cli tests/figures $(filter-out %/statistics %/__pycache__,$(wildcard tests/pixcon_diag/*))

test-portable: $(INSTALLED)  ## run the tests that compute with PyTorch as other processors would; TESTS=tests for all
	$(BIN)/python .ci/portable.py $(TESTS)

# The environment is separate but shares the installed PyTorch.
test-lowest: $(LOWEST)/.installed browser  ## run all tests with the lowest versions that pyproject.toml allows
	$(LOWEST)/bin/python -m pytest

$(LOWEST)/.installed: $(INSTALLED) .ci/lowest.py
	$(BIN)/python .ci/lowest.py $(LOWEST)
	touch $@

test-slurm: $(INSTALLED)  ## run the tests that need a Slurm of one node, which they install (as root, with apt-get) and start
	PIXCON_SLURM=1 $(BIN)/python -m pytest -m slurm tests/pixcon_train/jobs

simulations: $(INSTALLED)  ## run the simulations of the statistics with 2,000 repetitions, and not 800
	PIXCON_SIMULATIONS=full $(BIN)/python -m pytest tests/pixcon_diag/statistics tests/pixcon_diag/measures/test_bank_contamination.py

coverage: $(INSTALLED)  ## measure which lines and branches the tests run; TESTS=tests/pixcon_diag for some of them
	$(BIN)/python -m coverage run -m pytest $(TESTS)
	$(BIN)/python -m coverage report | awk 'NR <= 32 || /^TOTAL/'

mutate: $(MUTATION)  ## change measurements in one place at a time and list what no test notices; MODULES=FILE for some
	$(BIN)/python .ci/mutate.py $(MODULES)

browser:  ## install Chromium for the browser tests where no browser is installed and apt-get may be used
	.ci/browser.sh

fuzz: $(INSTALLED)  ## read hostile files of each kind from two seeds, and an hour more where atheris is installed; prints every fault
	$(foreach seed,1 2,$(BIN)/python -m tests.fuzz --files 500 --seed $(seed) --page docs/reliability.md &&) true
	$(foreach seed,1 2,$(BIN)/python -m tests.fuzz --kind checkpoints --files 2500 --seed $(seed) --page docs/reliability.md &&) true
	$(BIN)/python -m tests.fuzz.coverage_guided
	$(BIN)/python -m pytest -q --hypothesis-profile=default tests/test_names.py

faults: $(INSTALLED)  ## disturb trainings, passes and commands at random moments; writes the table of docs/reliability.md
	$(BIN)/python -m tests.faults

bench: $(INSTALLED)  ## run every benchmark of speed and memory; each prints a table and saves a JSON in benchmarks/results/
	-$(BIN)/python -m benchmarks.contrastive
	-$(BIN)/python -m benchmarks.bootstrap
	-$(BIN)/python -m benchmarks.training_step --crop 140 --batch 2
	$(if $(wildcard runs/demo-clean/latest.pth),-$(BIN)/python -m benchmarks.pass runs/demo-clean)
	-$(BIN)/python -m benchmarks.evaluation
	-$(BIN)/python -m benchmarks.input_pipeline
	-$(BIN)/python -m benchmarks.peak_memory --classes 19
	-$(BIN)/python -m benchmarks.commands
	-$(BIN)/python -m benchmarks.report
	-$(BIN)/python -m benchmarks.scaling

bench-check: $(INSTALLED) browser  ## check the seconds of commands, of the demo's report and of its page; fails where a target is missed
	$(BIN)/python -m benchmarks.commands --check
	$(BIN)/python -m benchmarks.report
	$(BIN)/python -m benchmarks.report_page

docs: $(DOCS)  ## build the documentation site into site/, with warnings as errors
	$(BIN)/mkdocs build --strict

figures: report/report.md browser  ## draw the README's pictures from the demo's report
	$(BIN)/python docs/overview.py report docs/overview.png
	$(BIN)/python -m docs.screenshot report docs/report.png

report/report.md:
	$(MAKE) demo

dist: $(INSTALLED)  ## build wheel and sdist into dist/ and check that the wheel works outside the checkout
	rm -rf dist build
	$(BIN)/python -m build
	$(BIN)/python .ci/check_wheel.py dist

clean:  ## remove environments, caches and built files
	rm -rf $(VENV) $(LOWEST) build dist site *.egg-info .typing .pytest_cache .mypy_cache .ruff_cache
