"""How a layer is explained: steps, sentences, other counters, and which of them prints a figure."""
