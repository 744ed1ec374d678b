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

# The main job on the embedded data: one run without the bank, one with it, then what their teachers get wrong. A run that
# was broken off goes on where it stood; a finished one is not trained again.
demo: $(INSTALLED)
	$(call train,none)
	$(call train,clean)
	$(BIN)/pixcon-diag contamination runs/demo-none runs/demo-clean --out runs/demo

define train
	$(BIN)/pixcon-train run $(if $(wildcard runs/demo-$(1)/latest.pth),--resume runs/demo-$(1),--bank $(1) --name demo-$(1))
endef

test: $(INSTALLED)
	$(BIN)/python -m pytest

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	mkdir -p .typing && ln -sfn ../cli .typing/pixcon_cli && ln -sfn ../figures .typing/pixcon_figures
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build *.egg-info .typing .pytest_cache .mypy_cache .ruff_cache
