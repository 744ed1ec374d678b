"""Data sets: specs, lists, reading, checks, augmentation."""
