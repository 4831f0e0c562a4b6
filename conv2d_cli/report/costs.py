"""How commands name the table of costs that plans are made by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.engine.api import Costs


def name_of_costs(costs: Costs, file: str | None) -> str:
    """Return which table plans are made by: the file it was read from, or the built-in one, and its date."""
    return f"{f'built in, {costs.machine}' if file is None else file}, {costs.date}"
