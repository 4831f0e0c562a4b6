"""The facts a command answers with, as data."""
