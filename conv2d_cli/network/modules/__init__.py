"""The modules that networks are made of, one file a family: a name, its arguments and what it does."""
