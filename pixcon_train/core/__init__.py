"""What every other folder stands on: errors, files, seeds, progress, signals."""
