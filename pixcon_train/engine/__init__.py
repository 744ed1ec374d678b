"""Training by a configuration: trainer, optimizer step, state, processes."""
