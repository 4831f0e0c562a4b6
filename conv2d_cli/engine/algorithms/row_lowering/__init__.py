"""Convolution from rows that are laid out once for each kernel column, not once for each kernel element.

Input rows of a group follow one another as (channel, kernel column), so the rows that one output row reads are a matrix
without a copy, and so are those of the next. With few filters one product makes several output rows: its weights are a
Toeplitz matrix, in which each output row has the kernel one stride further on, between structural zeros.
Source: M. Cho and D. Brand, "MEC: memory-efficient convolution for deep neural network", 2017, for one row at a time.
"""
