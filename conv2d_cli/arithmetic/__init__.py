"""Plain integers of any size: what a convolution does to a shape, and what it costs. Closed forms only."""
