"""Any checkpoint file in, a network in eval mode out."""
