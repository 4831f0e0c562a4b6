"""Rules say what they mean: each child is used, each name is a child's or a tensor's, each module exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conv2d_cli.network.arguments import KNOWN
from conv2d_cli.network.rules.blocks import BLOCKS
from conv2d_cli.network.rules.description import ITSELF, call_of, flow_of
from conv2d_cli.network.rules.networks import NETWORKS
from conv2d_cli.network.rules.registry import rule_for

if TYPE_CHECKING:
    from conv2d_cli.network.rules.description import Rule

RULES = (*BLOCKS, *NETWORKS)
# Those of MaxViT, which the modules that the rule supplies stand for.
STOOD_FOR = {"partition_op", "departition_op", "partition_swap", "departition_swap", "branch1"}


def children(rule: Rule) -> set[str]:
    return {word.rstrip("?()") for word in rule.children.split()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kinds}-{rule.children}"[:40])
def test_a_rule_uses_its_children_and_no_others(rule: Rule) -> None:
    steps = [step for line in flow_of(rule.text).lines for step in line.steps]
    used = {step.child.split(".")[0] for step in steps if step.child} | {step.keeps for step in steps if step.keeps}
    supplied = flow_of(rule.text).supplied
    assert used <= children(rule)
    # Of what is one module itself, the children are parts, and none is called.
    assert children(rule) - used <= (children(rule) if ITSELF in supplied else STOOD_FOR)
    assert {path.split(".")[0] for path in supplied if path != ITSELF} <= children(rule)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kinds}-{rule.children}"[:40])
def test_a_rule_reads_tensors_that_stand_before(rule: Rule) -> None:
    flow = flow_of(rule.text)
    known = {"input", "nothing"}
    for line in flow.lines:
        assert {*line.sources} <= known
        known.add(line.target)
    if ITSELF in flow.supplied:
        assert (flow.lines, len(flow.supplied)) == ((), 1)
    else:
        assert flow.lines[-1].target == "output" or not flow.lines[-1].sources
    calls = [step.call for line in flow.lines for step in line.steps if step.call] + [*flow.supplied.values()]
    assert all({*call.arguments} <= {*KNOWN[call.kind].model_fields} for call in calls)


def test_a_rule_wants_exactly_its_children() -> None:
    names = ["conv1", "bn1", "relu", "conv2", "bn2"]
    assert rule_for("BasicBlock", names, frozenset())
    assert rule_for("BasicBlock", [*names, "downsample"], frozenset())
    assert rule_for("BasicBlock", [*names, "shortcut"], frozenset()) is None
    assert rule_for("BasicBlock", names[:-1], frozenset()) is None
    assert rule_for("Other", names, frozenset()) is None
    assert rule_for("_DenseBlock", ["denselayer1", "denselayer12"], frozenset())
    assert rule_for("_DenseBlock", ["denselayer1", "denselayerx"], frozenset()) is None


def test_an_empty_branch_chooses_a_rule() -> None:
    with_stride = rule_for("InvertedResidual", ["branch1", "branch2"], frozenset())
    without = rule_for("InvertedResidual", ["branch1", "branch2"], frozenset({"branch1"}))
    assert with_stride
    assert without
    assert "Chunk" in without.text
    assert "Chunk" not in with_stride.text


def test_a_call_is_checked() -> None:
    with pytest.raises(ValueError, match="no call"):
        call_of("Flatten")
