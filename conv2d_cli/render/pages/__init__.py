"""Pages: self-contained HTML with a script of their own, allowed by its hash and by nothing else."""
