"""The configuration of a run: schema, presets, resolution of values."""
