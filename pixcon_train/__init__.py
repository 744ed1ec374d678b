"""Training: UniMatch V2 with or without the clean-positive bank, and checkpoints that describe themselves."""
