"""Tensors and engine brought together: what a command does, given values, giving reports."""
