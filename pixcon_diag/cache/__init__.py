"""Passes and replays, cached beside the checkpoint."""
