"""Convolution as a sum over kernel rows: one product of matrices for each, on rows that are laid out once.

Rows are laid out for each kernel column, as if each copy were more channels, and lie flat: shifting them by a kernel
row is a view that starts later. With a stride, rows are parted by phase first. Only kernel columns are copied, not all
kernel elements, which pays where channels are many and filters few, and where the kernel is dilated.
Source: A. Vasudevan, A. Anderson and D. Gregg, "Parallel multi channel convolution using general matrix
multiplication", 2017, where it is called kn2row.
"""
