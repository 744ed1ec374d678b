"""What runs wrote while they trained, whoever wrote it."""
