"""Statistics that measurements and decisions share: rates, spreads, intervals, tests."""
