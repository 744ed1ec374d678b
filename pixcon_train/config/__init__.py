"""What a run is: the schema, presets, and how values are resolved."""
