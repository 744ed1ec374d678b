"""Counts a few images of a pass a second time, by plain loops."""
