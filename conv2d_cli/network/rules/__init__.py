"""How data flows in known blocks and networks, where the printed text cannot say it: descriptions, not code."""
