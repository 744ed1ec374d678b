"""One module per analysis: its tables and its quantities for `compare`."""
