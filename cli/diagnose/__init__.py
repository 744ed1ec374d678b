"""The commands of `pixcon-diag`, one module each."""
