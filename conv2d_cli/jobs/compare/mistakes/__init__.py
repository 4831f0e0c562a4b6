"""What goes wrong where convolutions are written: each mistake as what it does to operands, windows or the output."""
