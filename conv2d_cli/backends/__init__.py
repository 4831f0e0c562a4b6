"""The engines that can be chosen: NumPy's, which is ours, PyTorch and ONNX Runtime."""
