"""The label of pixels without a class."""

VOID = 255
"""Label of pixels without a class once a mask is read, whatever value its file has for them."""
