"""A griffe extension: the examples of this project's docstrings are code."""

import re
from typing import Any

import griffe


class Examples(griffe.Extension):
    """Name the section ``Example:`` as Google style does, so that it is rendered as a Python session."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rename the section in the docstring of ``obj``."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
