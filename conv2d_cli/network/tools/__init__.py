"""What other counters print for a network: each is a table of rules over our nodes, read in that tool's source."""
