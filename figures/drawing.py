"""From saved results to pictures: every figure of a command, as PNG and PDF beside its JSON."""

from pathlib import Path


def draw_saved(folder: Path, command: str) -> list[Path]:
    """Draw the figures of ``<command>.json`` in ``folder``; the paths written."""
    return []
