"""Drawings as files: one renderer a format."""
