"""A 1x1 kernel without padding as one product of matrices: the input itself is the matrix of columns."""
