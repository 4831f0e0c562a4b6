"""Exact convolution: each element is the correctly rounded value of its exact sum.

A first sum in float64, made by the same algorithms as any other, comes with a proven bound on its error. Where all
values within the bound round alike, that is the answer; the few elements that are left are summed again, ever more
exactly, until none is in doubt.
"""
