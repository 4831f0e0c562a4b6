"""Networks as people have them, one file a notation, told apart by content."""
