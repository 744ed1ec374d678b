"""The images, checkpoints and logs of a result, as the small print of its figures."""

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from pixcon_figures.saved import shorten

MOST = 6
"""Most checkpoints or logs that are named."""
PARTS = 3
"""Parts of a path that are shown, from its end."""


def source_line(content: Any) -> str:
    """Data sets with their lists, then checkpoints or logs, of everything in ``content``; empty if it names none."""
    provenances = list(_records(content, {"checkpoint", "data"}))
    logs = list(_records(content, {"log", "dataset"}))
    data = [_data(provenance["data"]) for provenance in provenances] or [log["dataset"] or "" for log in logs]
    checkpoints = [provenance["checkpoint"] for provenance in provenances]
    named: dict[str, dict[Any, str]] = {
        "Data": {name: name for name in data if name},
        "Measured": {(each["source"], each["weights"]): _checkpoint(each) for each in checkpoints},
        "Logs": {log["log"]: _end(log["log"]) for log in logs},
    }
    return " ".join(f"{kind}: {_list(list(names.values()))}." for kind, names in named.items() if names)


def _records(value: Any, keys: set[str]) -> Iterator[dict[str, Any]]:
    """The dictionaries with ``keys`` within ``value``, in order."""
    if isinstance(value, dict):
        if keys <= value.keys():
            yield value
        else:
            for item in value.values():
                yield from _records(item, keys)
    elif isinstance(value, list):
        for item in value:
            yield from _records(item, keys)


def _data(data: dict[str, Any]) -> str:
    return f"{data['dataset']}, {PurePosixPath(data['list_name']).name} ({data['images']:,} images)"


def _checkpoint(checkpoint: dict[str, Any]) -> str:
    weights = checkpoint["weights"]
    return f"{_end(checkpoint['source'])}{f' ({weights})' if weights in ('ema', 'student') else ''}"


def _end(path: str) -> str:
    """The last parts of a path."""
    return shorten("/".join(PurePosixPath(path.replace("\\", "/")).parts[-PARTS:]), 60)


def _list(names: list[str]) -> str:
    """The first of ``names``, some of which may be equal when shortened, and how many more there are."""
    shown = list(dict.fromkeys(names))[:MOST]
    return ", ".join(shown) + (f" and {len(names) - len(shown)} more" if len(names) > len(shown) else "")
