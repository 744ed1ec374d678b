"""Shared basics: errors, files, random generators, progress, signals."""
