"""A layer as source text of another framework: strings only, one file a target."""
