# Two commands do all the set-up on a fresh machine: `make demo` and `make test`. Each works when the other ran before.
# `make test-portable` runs the tests as other processors would, `make test-lowest` with the oldest packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LOWEST := .venv-lowest

.PHONY: demo test test-portable test-lowest lint clean

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

# The main job on the embedded data: one run without the bank and one with it, side by side on a core each, then
# everything that can be measured of their teachers. A run that was broken off goes on where it stood; a finished one is
# not trained again.
demo: $(INSTALLED)
	@mkdir -p runs
	@echo "Training without the bank (it tells runs/demo-none.txt) and, below, with it."
	@$(call train,none) > runs/demo-none.txt 2>&1 & none=$$!; $(call train,clean); clean=$$?; \
	wait $$none || { cat runs/demo-none.txt; exit 1; }; exit $$clean
	$(BIN)/pixcon-diag contamination none=runs/demo-none clean=runs/demo-clean
	$(BIN)/pixcon-diag report none=runs/demo-none clean=runs/demo-clean --out report

define train
OMP_NUM_THREADS=1 $(BIN)/pixcon-train run --workers 0 \
	$(if $(wildcard runs/demo-$(1)/latest.pth),--resume runs/demo-$(1),--bank $(1) --name demo-$(1))
endef

test: $(INSTALLED)
	$(BIN)/python -m pytest

# The tests that compute with PyTorch, under five settings of processor and threads (.ci/portable.py); TESTS=tests for all.
test-portable: $(INSTALLED)
	$(BIN)/python .ci/portable.py $(TESTS)

# All tests with the lowest versions that pyproject.toml allows, in an environment of their own that shares PyTorch.
test-lowest: $(LOWEST)/.installed
	$(LOWEST)/bin/python -m pytest

$(LOWEST)/.installed: $(INSTALLED) .ci/lowest.py
	$(BIN)/python .ci/lowest.py $(LOWEST)
	touch $@

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p .typing && ln -sfn ../cli .typing/pixcon_cli && ln -sfn ../figures .typing/pixcon_figures
	$(BIN)/mypy

clean:
	rm -rf $(VENV) $(LOWEST) build *.egg-info .typing .pytest_cache .mypy_cache .ruff_cache
