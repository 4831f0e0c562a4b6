"""Tab-separated values: as CSV, with tabs."""

from __future__ import annotations

from functools import partial

from conv2d_cli.render import as_csv

render = partial(as_csv.render, delimiter="\t")
render_rows = partial(as_csv.render_rows, delimiter="\t")
