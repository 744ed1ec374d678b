"""Checkpoint files of any known layout, as networks in eval mode."""
