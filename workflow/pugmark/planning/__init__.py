"""What the workflow reads before any job starts; it imports nothing heavy."""
