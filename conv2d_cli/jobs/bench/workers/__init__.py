"""What runs in the worker processes: the loop that answers questions, and one file per engine."""
