"""Measurements from tensors and arrays to frozen results, independent of files and models."""
