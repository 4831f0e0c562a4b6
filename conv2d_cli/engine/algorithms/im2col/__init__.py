"""Convolution as matrix products: windows are laid out as columns, one block of output pixels at a time.

Source: K. Chellapilla, S. Puri and P. Simard, "High performance convolutional neural networks for document
processing", 2006.
"""
