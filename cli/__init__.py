"""Command line: `pixcon-diag` and `pixcon-train`."""
