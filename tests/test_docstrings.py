"""The examples in docstrings say what the code does."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = re.compile(r"^ *>>> ", re.MULTILINE)


def modules_with_examples() -> list[str]:
    """Names of the library modules that hold an example."""
    files = [file for package in ("pixcon_train", "pixcon_diag") for file in sorted((ROOT / package).rglob("*.py"))]
    examples = [file for file in files if EXAMPLE.search(file.read_text(encoding="utf-8"))]
    names = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in examples]
    return [name.removesuffix(".__init__") for name in names]


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples(name: str) -> None:
    result = doctest.testmod(importlib.import_module(name))
    assert result.attempted and not result.failed
