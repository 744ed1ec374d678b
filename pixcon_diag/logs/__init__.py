"""Training logs of this project and of others."""
