"""3x3 kernels by Winograd's minimal filtering: F(4,3) down the rows, F(2,3) across the columns.

A tile of 4x2 outputs takes 24 multiplications of channels by filters instead of 72; F(2,3) down the rows, which takes
32, was faster nowhere. Sources: S. Winograd, "Arithmetic complexity of computations", 1980; A. Lavin and S. Gray, "Fast
algorithms for convolutional neural networks", arXiv:1509.09308.
"""
