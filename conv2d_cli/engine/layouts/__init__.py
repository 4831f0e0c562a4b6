"""How each algorithm would go through a task, on integers alone: blocks, threads, memory and an estimate of time."""
