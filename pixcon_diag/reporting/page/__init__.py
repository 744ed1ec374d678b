"""The report's page: one HTML file that opens without a network."""
