"""The configuration of a run as one recipe: what belongs to it, and what earlier versions did not state."""

from typing import Any

NOT_RECIPE = frozenset(
    {
        *("seed", "fork.checkpoint", "data.root", "config", "data_root", "local_rank", "port", "save_path", "preset"),
        *("resume", "exp_path", "log_path", "dataset.train.data_root", "dataset.val.data_root"),
    }
)
"""Keys that may differ between runs of one recipe: paths, names, the seed, and the checkpoint of a fork."""

RUNTIME = "runtime."
"""Prefix of the keys that describe the machine."""

_ADDED = {"bank.form": "eq3", "consistency.threshold.reserve": False}
"""Options that configurations of earlier versions do not have, by what was fixed then."""


def completed(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a run of this project, by dotted key, with the options that its version did not have; an
    empty one stays empty."""
    return _ADDED | config if config else {}
