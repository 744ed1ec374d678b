"""From results to the tables, files and pages a reader sees."""
