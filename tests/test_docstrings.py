"""The examples in docstrings say what the code does."""

import doctest
import importlib
import pkgutil

import pytest

import pixcon_diag
import pixcon_train

MODULES = sorted(
    module.name
    for package in (pixcon_train, pixcon_diag)
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
