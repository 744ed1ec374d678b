"""Sheets to label by hand: one HTML file without network access, and the CSV file of its answers."""
