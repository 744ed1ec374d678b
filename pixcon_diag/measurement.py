"""The base of every measurement (it lives with the mIoU, which training needs too)."""

from pixcon_train.measurement import Measurement

__all__ = ["Measurement"]
