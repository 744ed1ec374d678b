# Two commands do all the set-up on a fresh machine: `make demo` and `make test`. Each works when the other ran before.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: demo test lint clean

$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

demo: $(INSTALLED)
	$(BIN)/python -m pixcon_cli.demo

test: $(INSTALLED)
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p .typing && ln -sfn ../cli .typing/pixcon_cli && ln -sfn ../figures .typing/pixcon_figures
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build *.egg-info .typing .pytest_cache .mypy_cache .ruff_cache
