"""Keeps torchmetrics from importing transformers, if that is installed, for its metrics of text.

The import takes more than a second of every command. It is prevented in this program alone, not where the packages are
used from Python.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from types import ModuleType

PACKAGE = "transformers"


class _BeforeTorchmetrics(MetaPathFinder):
    """Finds nothing itself; it is asked before torchmetrics is imported."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "torchmetrics":
            sys.meta_path.remove(self)
            with suppress(ImportError, AttributeError):  # of a later version, which then imports transformers
                _hide()


def leave_text_metrics_out() -> None:
    """Let torchmetrics, when it is imported, find no transformers."""
    sys.meta_path.insert(0, _BeforeTorchmetrics())


def _hide() -> None:
    from lightning_utilities.core.imports import RequirementCache

    available = RequirementCache.__bool__

    def without(requirement: RequirementCache) -> bool:
        return PACKAGE not in str(requirement.requirement) and available(requirement)

    RequirementCache.__bool__ = without  # type: ignore[method-assign, assignment]
