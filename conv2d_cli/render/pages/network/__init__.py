"""The page of a network: one file with its totals, charts, graph and table, which loads nothing and asks nobody."""
