"""A run on disk: its folder, log and checkpoints."""
