"""Pictures as tensors (channels, H, W): PNG and JPEG read by Pillow, TIFF by a reader of our own, and all written.

TIFFs are read here because no library reads them as this program must: Pillow turns signed pixels into other numbers
and keeps eight of sixteen bits, and tifffile takes gigabytes for half a megabyte of hostile tags (measured: 11.5 GB).
Here every count is checked against the file's size before anything is taken.
"""

from conv2d_cli.tensors.pictures.reading import open_tensor
from conv2d_cli.tensors.pictures.writing import open_output, write

__all__ = ["open_output", "open_tensor", "write"]
