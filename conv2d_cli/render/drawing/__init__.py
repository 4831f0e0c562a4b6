"""Pictures in characters, of integers alone."""
