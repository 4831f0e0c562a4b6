"""Numbers: the plan on integers first, then one file per algorithm, all with one signature."""
