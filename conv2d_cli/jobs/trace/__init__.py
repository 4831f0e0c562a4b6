"""`conv2d trace`: one output element, term by term."""
