"""The versions of packages below which a file must not be opened, or cannot be."""

import re
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from pixcon_train.core.errors import ConfigError

FLOORS = {
    "torch": ("2.10", "lets a prepared checkpoint corrupt memory (CVE-2026-24747)"),
    "timm": ("1.0.21", "cannot build the encoder without its weights, as loading does"),
    "pillow": ("10.3", "lets a prepared image overflow a buffer (CVE-2024-28219)"),
}
"""Least version of a package, as in pyproject.toml, and what is wrong with those below."""


@cache
def require(package: str) -> None:
    """Do nothing where the installed ``package`` is recent enough, or where no metadata say how recent it is.

    Raises:
        ConfigError: it is below its floor.
    """
    floor, fault = FLOORS[package]
    try:
        found = version(package)
    except PackageNotFoundError:
        return
    if _numbers(found) < _numbers(floor):
        raise ConfigError(
            f"{package} {found} is installed, which {fault}. Expected {package} {floor} or newer. "
            f'Install it with: pip install --upgrade "{package}>={floor}"'
        )


def _numbers(text: str) -> tuple[int, ...]:
    """The leading numbers of a version: (2, 10, 0) of `2.10.0a0+git` or `2.10`."""
    leading = re.match(r"\d+(\.\d+)*", text)
    numbers = [int(part) for part in leading[0].split(".")] if leading else []
    return tuple([*numbers, 0, 0, 0][:3])
