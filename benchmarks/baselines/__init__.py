"""Plain statements of published procedures, which the benchmarks compare with."""
