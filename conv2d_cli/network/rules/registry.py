"""All rules, by the class that they know: the first whose children are those that are printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.network.rules.blocks import BLOCKS
from conv2d_cli.network.rules.networks import NETWORKS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conv2d_cli.network.rules.description import Rule

RULES: dict[str, list[Rule]] = {}
for rule in (*BLOCKS, *NETWORKS):
    for name in rule.kinds.split():
        RULES.setdefault(name, []).append(rule)


def rule_for(kind: str, names: Sequence[str], empty: frozenset[str]) -> Rule | None:
    """Return the rule of a block, told by its class and its children's names; `empty` are children without any.

    >>> rule_for("Fire", ["conv"], frozenset()) is None
    True
    """
    return next((one for one in RULES.get(kind, ()) if one.matches(names, empty)), None)
