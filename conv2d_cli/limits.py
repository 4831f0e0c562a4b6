"""Every limit on what strangers may ask of this program, each with its reason; `conv2d info` prints them.

What has no limit here grows with the bytes of a file, or with what was asked for, and is judged by `--memory-limit`.
"""

from __future__ import annotations

from typing import NamedTuple

# Text that is typed or pasted. No layer needs so much, and what reads it takes time that grows with its length.
EXPRESSION_CHARACTERS = 2_000
LINE_BYTES = 65_536
# What is too long is read on to the next line: for a second, but not for ever.
SKIPPED_LINE_BYTES = 256 << 20
TYPED_TENSOR_CHARACTERS = 100_000
# Python itself reads no longer integer without being asked.
INTEGER_DIGITS = 4_000

# A table of costs has some 800.
COSTS_BYTES = 65_536
# Of what a folder of outputs keeps for --resume: some two million files.
JOURNAL_BYTES = 512 << 20

# What stands before the elements of a file is held in memory while it is read, parsed five to fifteen times over.
# NumPy's own limit, too.
NPY_HEADER_BYTES = 10_000
# Some 30,000 tensors.
NPZ_DIRECTORY_BYTES = 4 << 20
# Some 100,000 tensors.
SAFETENSORS_HEADER_BYTES = 16 << 20
ZARR_ARRAY_METADATA_BYTES = 4 << 20
# That of a group may hold those of all its arrays once more.
ZARR_GROUP_METADATA_BYTES = 16 << 20
# Writers make some 30.
TIFF_TAGS = 4_096

# Protobuf's own limit: a larger model keeps its weights outside the file.
ONNX_BYTES = 2 << 30
ONNX_NODES = 1_000_000
# What a process that infers shapes is asked at once, and may take.
ONNX_ASKED_BYTES, ONNX_MEMORY_BYTES, ONNX_SECONDS = 64 << 20, 4 << 30, 60

# The library that reads YAML takes some 15 us a byte.
YAML_BYTES = 4 << 20

# Deeper groups are no work of people.
ZARR_GROUP_DEPTH = 32
# Each chunk takes some 15 us, however small it is: two million take half a minute.
ZARR_SMALL_CHUNKS, ZARR_SMALL_CHUNK_BYTES = 2_000_000, 1_024
# Chunks of a whole size are decoded also where an array has but a corner of one; this much is room for growth.
ZARR_BEYOND_ARRAY_BYTES = 1 << 30
# The elements of an array are counted in 63 bits, by NumPy and by every file system.
TENSOR_BYTES = 2**63 - 1

# What a decoder of LZMA may take beside the elements: the largest preset asks for 65 MiB.
LZMA_DICTIONARY_BYTES = 128 << 20
# Each takes some 700 bytes and 20 us, and the widest layers of networks have some 5,000.
TRACE_TERMS = 1 << 18
# Some 20,000 cases.
MANIFEST_BYTES = 16 << 20
# Of each the place in the grid and the numbers that it is judged by are held, some 200 bytes.
SWEEP_ROWS = 1_000_000

# As Pillow has it, a quarter of a GiB of RGB; `--max-pixels` sets another.
PICTURE_PIXELS = (1 << 30) // 4 // 3


class Limit(NamedTuple):
    """The most of something, as it is printed."""

    what: str
    most: int
    unit: str

    def __str__(self) -> str:
        """Return a few words.

        >>> str(Limit("an expression", 2000, "characters")), str(Limit("a header", 4 << 20, "bytes"))
        ('an expression: 2000 characters', 'a header: 4 MiB')
        """
        mebibytes, rest = divmod(self.most, 1 << 20)
        if self.unit == "bytes" and not rest:
            return f"{self.what}: {mebibytes} MiB"
        return f"{self.what}: {self.most} {self.unit}"


LIMITS = (
    Limit("an expression", EXPRESSION_CHARACTERS, "characters"),
    Limit("a line of --from", LINE_BYTES, "bytes"),
    Limit("a line of --from that is passed over", SKIPPED_LINE_BYTES, "bytes"),
    Limit("a typed filter", TYPED_TENSOR_CHARACTERS, "characters"),
    Limit("an integer", INTEGER_DIGITS, "digits"),
    Limit("a table of costs", COSTS_BYTES, "bytes"),
    Limit("the journal of --resume", JOURNAL_BYTES, "bytes"),
    Limit("the header of a .npy", NPY_HEADER_BYTES, "bytes"),
    Limit("the directory of a .npz", NPZ_DIRECTORY_BYTES, "bytes"),
    Limit("the header of a .safetensors", SAFETENSORS_HEADER_BYTES, "bytes"),
    Limit("the metadata of a Zarr array", ZARR_ARRAY_METADATA_BYTES, "bytes"),
    Limit("the metadata of a Zarr group", ZARR_GROUP_METADATA_BYTES, "bytes"),
    Limit("Zarr groups in one another", ZARR_GROUP_DEPTH, "levels"),
    Limit(f"Zarr chunks of less than {ZARR_SMALL_CHUNK_BYTES} bytes", ZARR_SMALL_CHUNKS, "chunks"),
    Limit("a Zarr chunk beyond all that its array has", ZARR_BEYOND_ARRAY_BYTES, "bytes"),
    Limit("a network in YAML", YAML_BYTES, "bytes"),
    Limit("an ONNX model", ONNX_BYTES, "bytes"),
    Limit("an ONNX model", ONNX_NODES, "nodes"),
    Limit("a model whose shapes ONNX is asked for, weights left out", ONNX_ASKED_BYTES, "bytes"),
    Limit("the process that is asked", ONNX_MEMORY_BYTES, "bytes"),
    Limit("the process that is asked", ONNX_SECONDS, "seconds"),
    Limit("a TIFF", TIFF_TAGS, "tags"),
    Limit("a picture, unless --max-pixels says another", PICTURE_PIXELS, "pixels"),
    Limit("the dictionary of LZMA", LZMA_DICTIONARY_BYTES, "bytes"),
    Limit("an element of trace", TRACE_TERMS, "terms"),
    Limit("a sweep that is sorted, or whose Pareto front is asked for", SWEEP_ROWS, "rows"),
    Limit("the manifest of vectors", MANIFEST_BYTES, "bytes"),
    Limit("a tensor", TENSOR_BYTES, "bytes"),
)
