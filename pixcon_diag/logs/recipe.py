"""Configuration keys that are not part of a recipe."""

NOT_RECIPE = frozenset(
    {
        *("seed", "fork.checkpoint", "data.root", "config", "data_root", "local_rank", "port", "save_path", "preset"),
        *("resume", "exp_path", "log_path", "dataset.train.data_root", "dataset.val.data_root"),
    }
)
"""Keys that may differ between runs of one recipe: paths, names, the seed, and the checkpoint of a fork."""

RUNTIME = "runtime."
"""Prefix of the keys that describe the machine."""
