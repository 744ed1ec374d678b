"""Which checkpoints, runs and logs belong to one method."""
