"""The words that test vectors are chosen by, and what each stands for: no NumPy is loaded."""

from __future__ import annotations

from conv2d_cli.dtypes import DTYPES

NORMAL, INTEGERS = "normal", "integers"
# Kinds of data, and what they are good for.
DATA = {
    NORMAL: "normally distributed, of mean 0 and variance 1",
    INTEGERS: "small whole numbers, whose sums are exact in any order",
    "ramp": "elements counted in C order: each has a value of its own, which shows where it went",
    "impulse": "a single one in each image: the output shows the kernel",
    "extremes": "the ends of the element type's range, subnormals and both zeros",
}
# Formats of files, and what reads them; `files/registry.py` has what writes them.
FILES = {
    "npy": "NumPy, one tensor a file",
    "npz": "NumPy, a case a file",
    "safetensors": "safetensors, a case a file",
    "bin": "elements alone, little-endian",
    "hex": "a word a line for $readmemh",
    "coe": "memory initialisation of Xilinx's tools",
    "c": "a header for C99 and later, a case a file",
}
SUITES = {"corners": "small layers, each for something that implementations get wrong"}


def default_data(dtype: str) -> str:
    """Return the kind of data where none is asked for.

    >>> default_data("float32"), default_data("int8")
    ('normal', 'integers')
    """
    return INTEGERS if DTYPES[dtype].kind in "iu" else NORMAL
