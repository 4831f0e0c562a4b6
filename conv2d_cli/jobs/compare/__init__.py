"""Two tensors compared: `streaming` looks at every element, `mistakes` says what would explain the differences."""
