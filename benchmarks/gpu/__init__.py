"""The parts of ``benchmarks/gpu_check.py``: each runs in a process of its own and yields rows of one table."""
