"""The tables of the paper in its own layout, rounding and signs, as LaTeX."""
