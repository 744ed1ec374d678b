"""One network over one data set."""
