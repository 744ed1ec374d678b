"""The patches of the encoders."""

PATCH_SIZE = 14
"""Edge of a DINOv2 patch in pixels."""
ROTARY_PATCH_SIZE = 16
"""Edge of a DINOv3 patch in pixels."""
