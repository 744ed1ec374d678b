"""Which images and label maps are measured."""
