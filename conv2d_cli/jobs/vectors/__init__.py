"""`conv2d vectors`: golden test vectors, seeded, in the formats that simulators and compilers read, and their check."""
