"""The training method: losses, bank, admission, thresholds and one step of training."""
