"""The parts of ``benchmarks/gpu_check.py``: each runs in its own process and yields rows of one table."""
