"""Passes of one network over one data set, and the statistics they collect."""
