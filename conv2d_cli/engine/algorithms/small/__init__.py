"""Small images: all windows of whole images as columns, in a few calls on buffers that a thread keeps."""
