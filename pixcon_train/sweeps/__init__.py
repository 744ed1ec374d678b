"""Sweeps: many runs by the points of a grid."""
