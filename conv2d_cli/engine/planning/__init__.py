"""How a convolution is worked out, decided on integers: no array and no byte is touched here, nor NumPy loaded."""
