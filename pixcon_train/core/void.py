"""The label of pixels without a class, and the type that holds the labels: both follow from the number of classes."""

import numpy as np

VOID, WIDE_VOID = 255, 65535
"""Label of pixels without a class of up to 255 classes, and of more, once a mask is read, whatever its file has."""
MOST_CLASSES = 4096
"""Most classes of a data set: a count by target and predicted class then takes 128 MiB for each image of a batch."""


def void_of(num_classes: int) -> int:
    """Label of pixels without a class, once a mask is read: 255, or 65535 beyond 255 classes."""
    return VOID if num_classes <= VOID else WIDE_VOID


def label_type(num_classes: int) -> type[np.integer]:
    """Type of a map of labels and void: uint8, or int32 beyond 255 classes, as PyTorch hardly computes with uint16."""
    return np.uint8 if num_classes <= VOID else np.int32
