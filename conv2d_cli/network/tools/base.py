"""What a counter is: rules by the type of a node, and what they make of the calls of a network."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, Protocol, get_args

from conv2d_cli.network.modules.elementwise import ActivationName, DropoutName
from conv2d_cli.network.modules.padding import Padding2d
from conv2d_cli.network.modules.registry import MODULES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from conv2d_cli.network.modules.base import Module, Shape, Work

CONVOLUTIONS = ("Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d")
BATCH_NORMS = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
ACTIVATIONS: tuple[str, ...] = get_args(ActivationName)
MAX_POOLS = ("MaxPool2d", "AdaptiveMaxPool2d")
# What moves elements, sums and products that `+` and `*` make, and tensors that a block learns beside its modules.
UNCOUNTED: tuple[str, ...] = (
    *("Identity", *get_args(DropoutName)),
    *("Flatten", "Permute", "Concat", "PixelShuffle", "PixelUnshuffle"),
    *get_args(Padding2d.model_fields["type"].annotation),
    *("Add", "Mul", "Scale", "Token", "Learned"),
)
# Tools that add floats are exact up to here.
LARGEST_FLOAT = 2**53


class Call(NamedTuple):
    """One call of a module: what it reads and makes, and what it takes.

    `is_module` is that of the node. `is_contiguous` says that what it reads is known to lie as NCHW is written.
    """

    module: Module
    inputs: tuple[Shape, ...]
    output: Shape
    work: Work
    parameters: int
    is_module: bool | None = True
    is_contiguous: bool = True


class Calls(NamedTuple):
    """The calls of a network, each with how often it is made, and the shape of the first input."""

    input_shape: Shape
    made: tuple[tuple[Call, int], ...]


class NoFigure(NamedTuple):
    """Why there is no figure."""

    reason: str


Figure = int | NoFigure


class Rule(Protocol):
    """What a tool counts for one call."""

    def __call__(self, call: Call, /) -> Figure:
        """Return the figure, or why there is none."""


class Tool(Protocol):
    """A counter, a version of it, and what it calls its number; `formula` says in a few words what that is."""

    @property
    def tool(self) -> str:
        """Its name, with the backend where it has several."""

    @property
    def version(self) -> str:
        """The version whose source was read."""

    @property
    def name(self) -> str:
        """What it calls the number."""

    @property
    def formula(self) -> str:
        """What it counts."""

    def figure(self, calls: Calls, /) -> Figure:
        """Return what it prints for a network, or why that is not known."""


Rules = dict[str, Rule]


def table(*rows: tuple[Iterable[str], Rule]) -> Rules:
    """Return rules by type; a later row stands for its types instead of an earlier one.

    >>> rules = table((("ReLU", "GELU"), nothing), (("GELU",), macs))
    >>> [name for name, rule in rules.items() if rule is nothing]
    ['ReLU']
    """
    return dict(chain.from_iterable(((name, rule) for name in names) for names, rule in rows))


def nothing(_call: Call, /) -> Figure:
    """Count nothing."""
    return 0


def macs(call: Call, /) -> Figure:
    """Count multiply-adds."""
    return call.work.macs


def macs_and_bias(call: Call, /) -> Figure:
    """Count multiply-adds, and an addition for each output element that gets a bias."""
    return call.work.macs + call.work.bias_adds


def no_figure(reason: str) -> Rule:
    """Return a rule of a type that no figure can be told of; `{kind}` in the reason is the type."""
    return lambda call, /: NoFigure(reason.format(kind=call.module.kind))


def counted(call: Call, as_module: Mapping[str, Rule], as_function: Mapping[str, Rule]) -> Figure:
    """Return what one call counts, by the rule for modules or the one for functions.

    Where it is not known which, both must agree. What is no product may then be computed in another way altogether,
    as a global pooling by a mean, and has a figure only where it counts nothing.
    """
    kind = call.module.kind
    if MODULES.get(kind) is not type(call.module) or kind not in as_module or kind not in as_function:
        return NoFigure(f"it is not known here what it counts for {kind}")
    if call.is_module is not None:
        return (as_module if call.is_module else as_function)[kind](call)
    figure = as_module[kind](call)
    if figure == as_function[kind](call) and (figure == 0 or call.work.macs):
        return figure
    return NoFigure(f"it is not known whether {kind} is a module of torch.nn here")


def total(calls: Calls, count: Callable[[Call], Figure]) -> Figure:
    """Return the sum over all calls, or the first reason why there is none."""
    found = 0
    for call, times in calls.made:
        figure = count(call)
        if isinstance(figure, NoFigure):
            return figure
        found += times * figure
    return found


class Counter(NamedTuple):
    """A tool that adds up its rules; by default a function of torch counts as its module does, as tracers have it."""

    tool: str
    version: str
    name: str
    formula: str
    modules: Rules
    functions: Rules | None = None
    adds_floats: bool = False

    def figure(self, calls: Calls, /) -> Figure:
        """Return the sum."""
        functions = self.modules if self.functions is None else self.functions
        figure = total(calls, lambda call: counted(call, self.modules, functions))
        return exact(figure) if self.adds_floats else figure


def exact(figure: Figure) -> Figure:
    """Return a figure that floats add up to exactly; larger ones depend on the order."""
    if isinstance(figure, int) and figure > LARGEST_FLOAT:
        return NoFigure("it adds floats, which are not exact beyond 2^53")
    return figure
