"""The convolution of tensor files: `run_file` does one, driven by `one_file` or, of many, by `many_files`."""
