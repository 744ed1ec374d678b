"""Measurements on trained checkpoints: what they get wrong, where, and why."""
