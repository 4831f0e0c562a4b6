"""Bytes and arrays: one file per format, header first; the source and the sink that every format shares."""
