"""Minimum versions of packages, checked before they open a file."""

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pixcon_train.core.errors import ConfigError

FLOORS = {
    "torch": ("2.10", "lets a prepared checkpoint corrupt memory (CVE-2026-24747)"),
    "timm": ("1.0.21", "cannot build the encoder without its weights, as loading does"),
    "pillow": ("10.3", "lets a prepared image overflow a buffer (CVE-2024-28219)"),
}
"""Minimum version of each package, as in pyproject.toml, and the fault of older ones."""


@cache
def require(package: str) -> None:
    """Check that the installed ``package`` has at least its minimum version; without metadata it passes.

    Raises:
        ConfigError: it is older.
    """
    floor, fault = FLOORS[package]
    try:
        found = version(package)
    except PackageNotFoundError:
        return
    if _numbers(found) < _numbers(floor):
        raise ConfigError(
            f"{package} {found} is installed, which {fault}. Expected {package} {floor} or newer. "
            f'Install it with `pip install --upgrade "{package}>={floor}"`.'
        )


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: (2, 10, 0) of `2.10.0a0+git` or `2.10`."""
    leading = re.match(r"\d+(\.\d+)*", text)
    numbers = [int(part) for part in leading[0].split(".")] if leading else []
    return tuple([*numbers, 0, 0, 0][:3])
