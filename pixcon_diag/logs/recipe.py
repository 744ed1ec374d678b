"""Which keys of a configuration are no part of a recipe."""

NOT_RECIPE = frozenset({"seed", "data.root", "config", "data_root", "local_rank", "port", "save_path", "preset"})
"""Keys that may differ between runs of one recipe: where it ran, under which name, and the seed."""

RUNTIME = "runtime."
"""Beginning of keys that say how the machine was used."""
