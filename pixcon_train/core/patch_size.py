"""The patches of DINOv2."""

PATCH_SIZE = 14
"""Edge of a DINOv2 patch in pixels."""
