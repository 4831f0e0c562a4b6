"""The modules of an ONNX model: nodes that are alike have one module, and an initializer is counted once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from conv2d_cli.network.modules.base import Parameters
from conv2d_cli.network.modules.operators import Operator
from conv2d_cli.network.readers.onnx_call import Call, Constant, Learned, Made, Tensor

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from conv2d_cli.network.modules.base import Module
    from conv2d_cli.network.readers.onnx_call import Value


class Kept:
    """A module that was made of a node, and which of the operands of its like are read and learned."""

    def __init__(self, made: Made, operands: Sequence[Value | None]) -> None:
        """Keep what stands where."""
        places = {id(one): place for place, one in reversed([*enumerate(operands)])}
        self._module = made.module
        self._reads = [places[id(one)] for one in made.reads]
        self._learned = [(places[id(one.constant)], one.is_bias) for one in made.learned]

    def of(self, operands: Sequence[Any]) -> Made:
        """Return the same of other operands."""
        learned = tuple(Learned(operands[place], is_bias) for place, is_bias in self._learned)
        return Made(self._module, tuple(operands[place] for place in self._reads), learned)


class Modules:
    """Modules that have been made, and initializers that have been counted."""

    def __init__(self) -> None:
        """Begin with none."""
        self._kept: dict[Hashable, Kept] = {}
        # With the module that a copy is of, so that its number is not given to another.
        self._copies: dict[Hashable, tuple[Module, Module]] = {}
        self._counted: dict[str, int] = {}

    def known(self, key: Hashable, operands: Sequence[Value | None]) -> Made | None:
        """Return what a node is whose like has been made."""
        kept = None if key is None else self._kept.get(key)
        return None if kept is None else kept.of(operands)

    def made(self, call: Call, builder: Callable[[Call], Made | None], key: Hashable) -> Made | None:
        """Return what a builder makes of a node, and keep it for those that are like it.

        Raises:
            DataError: the node is wrong.
        """
        try:
            found = builder(call)
        except ValidationError as error:
            details = error.errors(include_url=False)[0]
            where = ".".join(map(str, details["loc"]))
            raise call.fault(f"{where}: {details['msg']}") from error
        if found is not None and key is not None and not found.computed:
            self._kept[key] = Kept(found, call.operands)
        return found

    def counted(self, made: Made, learned: tuple[Learned, ...], node: int) -> tuple[Module, int | None]:
        """Return the module with its parameters, and the node that has counted all of them before."""
        sums = {True: 0, False: 0}
        fresh = {True: 0, False: 0}
        before: list[int] = []
        for constant, is_bias in learned:
            seen = [self._counted[one] for one in constant.origins if one in self._counted]
            sums[is_bias] += constant.size
            if seen and len(seen) == len(constant.origins):
                before += seen
            else:
                fresh[is_bias] += constant.size
            for origin in constant.origins:
                self._counted.setdefault(origin, node)
        shares = min(before) if before and not any(fresh.values()) else None
        counted = sums if shares is not None else fresh
        parameters = Parameters(counted[False], counted[True])
        is_partly = bool(before) and shares is None
        if not is_partly and not isinstance(made.module, Operator):
            return made.module, shares
        key = (id(made.module), parameters)
        if key not in self._copies:
            copied = _partly if not isinstance(made.module, Operator) else _with
            self._copies[key] = (made.module, copied(made.module, parameters))
        return self._copies[key][1], shares


def _with(module: Module, parameters: Parameters) -> Module:
    return module.model_copy(update={"learned": parameters})


def _partly(module: Module, parameters: Parameters) -> Module:
    """Return a module that counts a part of its parameters: others have counted the rest."""
    cls: Any = type(f"Sharing{type(module).__name__}", (type(module),), {"parameters": property(lambda _: parameters)})
    shared: Module = cls.model_construct(**module.__dict__)
    return shared


def key_of(node: Any, operands: Sequence[Value | None]) -> Hashable:  # noqa: ANN401 - a message of protobuf
    """Return what nodes share that are alike; None for one that may be no layer, or has several outputs."""
    if len(node.output) != 1 or not any(isinstance(one, Tensor) for one in operands):
        return None
    signs: list[Hashable] = []
    for one in operands:
        if isinstance(one, Constant):
            signs.append((one.dims, one.is_floating, None if one.values is None else one.values.tobytes()))
        elif isinstance(one, Tensor):
            signs.append(True)
        elif one is None:
            signs.append(None)
        else:
            return None
    attributes = tuple(one.SerializeToString() for one in node.attribute)
    return (node.op_type, node.domain, len(node.input), attributes, tuple(signs))
