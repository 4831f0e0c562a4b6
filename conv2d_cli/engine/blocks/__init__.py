"""What kernels share: products of matrices, padded strips of an image, windows laid out as columns."""
