"""What is process-wide: threads, BLAS's own threads, workspace. A few shared objects, each with one lock."""
