"""Small ONNX models that tests write: random graphs, node by node as onnxruntime takes them, and single nodes."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

Array = np.ndarray[Any, Any]
# What every runtime of these years reads.
IR_VERSION = 8
OPSETS = (9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22)


def model_of(
    nodes: list[NodeProto],
    inputs: dict[str, tuple[int | str | None, ...]],
    initializers: dict[str, Array] | None = None,
    *,
    opset: int = 17,
    outputs: list[str] | None = None,
    **fields: Any,
) -> ModelProto:
    """Return a model of float tensors; without `outputs` all that nodes make comes out."""
    names = outputs if outputs is not None else [name for node in nodes for name in node.output if name]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
        [helper.make_empty_tensor_value_info(name) for name in names],
        [numpy_helper.from_array(array, name) for name, array in (initializers or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR_VERSION, **fields)


def run(model: ModelProto, feeds: dict[str, Array]) -> list[Array]:
    """Return what onnxruntime makes; of a dilated SAME, which it refuses, what the reference makes."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        found: list[Array] = session.run(None, feeds)
    except Exception as error:
        if "Dilation not supported for AutoPadType" not in str(error):
            raise
        found = [np.asarray(one) for one in ReferenceEvaluator(model).run(None, feeds)]
    return found


class RandomGraph:
    """A graph that grows: each node is run as it is added, and dropped where the runtime refuses it."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.opset = self.draw.choice(OPSETS)
        self.nodes: list[NodeProto] = []
        self.initializers: dict[str, Array] = {}
        axes = self.draw.choice((2, 2, 2, 1, 3))
        sides = [self.draw.randint(5, 14) for _ in range(axes)]
        self.input: Array = np.zeros((self.draw.randint(1, 3), self.draw.choice((2, 3, 4, 6)), *sides), np.float32)
        self.values: dict[str, Array] = {"x": self.input}
        self.parameters = 0
        for _ in range(self.draw.randint(3, 9)):
            self._grow()

    @property
    def dynamic(self) -> tuple[int | str | None, ...]:
        """The shape of the input as the file gives it: sometimes with an open batch."""
        return ("N", *self.input.shape[1:]) if self.draw.random() < 0.5 else self.input.shape

    def model(self) -> ModelProto:
        return model_of(self.nodes, {"x": self.dynamic}, self.initializers, opset=self.opset)

    @staticmethod
    def is_left_to_the_reference(node: NodeProto) -> bool:
        """Whether it is a convolution that is SAME and dilated."""
        given = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        is_same = bytes(given.get("auto_pad", b"")).startswith(b"SAME")
        return node.op_type == "Conv" and is_same and max(given.get("dilations", [1])) > 1

    def constant(self, value: Any, dtype: Any = np.int64) -> str:
        name = f"k{len(self.initializers)}"
        self.initializers[name] = np.asarray(value, dtype)
        return name

    def weight(self, *shape: int) -> str:
        return self.constant(np.zeros(shape), np.float32)

    def add(self, operator: str, inputs: list[str], outputs: int = 1, **attributes: Any) -> list[str] | None:
        """Add a node where the runtime takes it; return the names of what it makes."""
        names = [f"t{len(self.nodes)}_{number}" for number in range(outputs)]
        node = helper.make_node(operator, inputs, names, name=f"{operator}{len(self.nodes)}", **attributes)
        feeds = {name: self.values[name] for name in inputs if name in self.values}
        given = {name: self.initializers[name] for name in inputs if name in self.initializers}
        infos = [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in feeds.items()
        ]
        model = model_of([node], {}, given, opset=self.opset)
        model.graph.input.extend(infos)
        try:
            made = run(model, feeds)
        except Exception:  # noqa: BLE001 - whatever the runtime says of a node that it does not take
            return None
        if not all(one.size for one in made):
            # Pooling makes nothing of too small an input, which is an error here.
            return None
        self.nodes.append(node)
        self.values |= dict(zip(names, made, strict=True))
        return names

    def _grow(self) -> None:
        name = self.draw.choice([*self.values][-3:])
        array = self.values[name]
        if array.size > 200_000:
            return
        steps = [self._same, self._join, self._move, self._reshape, self._reduce, self._product]
        if array.ndim in {3, 4, 5} and array.dtype == np.float32:
            steps = (
                [self._convolve] * 4
                + [self._pool] * 3
                + [self._transpose_convolve, self._normalise, self._resize, *steps]
            )
        self.draw.choice(steps)(name, array)

    def _window(self, sizes: tuple[int, ...], *, dilated: bool = True) -> dict[str, Any]:
        """Return a window that fits."""
        while True:
            window = self._any_window(len(sizes), dilated=dilated)
            if window.get("auto_pad", "VALID") != "VALID":
                return window
            axes = len(sizes)
            pads, dilations = window.get("pads", [0] * 2 * axes), window.get("dilations", [1] * axes)
            spans = [(one - 1) * gap + 1 for one, gap in zip(window["kernel_shape"], dilations, strict=True)]
            rooms = [size + pads[axis] + pads[axis + axes] for axis, size in enumerate(sizes)]
            if all(span <= room for span, room in zip(spans, rooms, strict=True)):
                return window

    def _any_window(self, axes: int, *, dilated: bool) -> dict[str, Any]:
        draw = self.draw
        kernel = [draw.randint(1, 4) for _ in range(axes)]
        found: dict[str, Any] = {"kernel_shape": kernel, "strides": [draw.randint(1, 3) for _ in range(axes)]}
        if dilated and draw.random() < 0.4:
            found["dilations"] = [draw.randint(1, 3) for _ in range(axes)]
        kind = draw.random()
        if kind < 0.35:
            found["auto_pad"] = draw.choice(("SAME_UPPER", "SAME_LOWER", "VALID"))
        elif kind < 0.85:
            found["pads"] = [draw.randint(0, max(0, one - 1)) for one in kernel * 2]
        return found

    def _convolve(self, name: str, array: Array) -> None:
        draw, channels = self.draw, array.shape[1]
        window = self._window(array.shape[2:])
        group = draw.choice([one for one in range(1, channels + 1) if channels % one == 0])
        outputs = group * draw.randint(1, 4)
        inputs = [name, self.weight(outputs, channels // group, *window["kernel_shape"])]
        if draw.random() < 0.5:
            inputs.append(self.weight(outputs))
        if draw.random() < 0.3:
            del window["kernel_shape"]
        self.add("Conv", inputs, group=group, **window)

    def _transpose_convolve(self, name: str, array: Array) -> None:
        draw, channels = self.draw, array.shape[1]
        window = self._window(array.shape[2:])
        group = draw.choice([one for one in range(1, channels + 1) if channels % one == 0])
        outputs = draw.randint(1, 3)
        if draw.random() < 0.3:
            window["output_padding"] = [draw.randint(0, max(0, stride - 1)) for stride in window["strides"]]
        elif draw.random() < 0.3:
            window["output_shape"] = [
                size * stride for size, stride in zip(array.shape[2:], window["strides"], strict=True)
            ]
        inputs = [name, self.weight(channels, outputs, *window["kernel_shape"])]
        if draw.random() < 0.5:
            inputs.append(self.weight(outputs * group))
        self.add("ConvTranspose", inputs, group=group, **window)

    def _pool(self, name: str, array: Array) -> None:
        draw = self.draw
        operator = draw.choice(("MaxPool", "MaxPool", "AveragePool", "LpPool", "GlobalAveragePool", "GlobalMaxPool"))
        if operator.startswith("Global"):
            self.add(operator, [name])
            return
        dilated = (operator == "MaxPool" and self.opset >= 10) or (operator == "AveragePool" and self.opset >= 19)
        window = self._window(array.shape[2:], dilated=dilated)
        if "dilations" in window and window.get("auto_pad", "").startswith("SAME"):
            # onnxruntime works out the padding as if there were no gaps.
            del window["dilations"]
        if operator != "LpPool" and self.opset >= 10 and draw.random() < 0.5:
            window["ceil_mode"] = 1
        self.add(operator, [name], **window)

    def _normalise(self, name: str, array: Array) -> None:
        channels = array.shape[1]
        if self.draw.random() < 0.5:
            self.add("BatchNormalization", [name, *(self.weight(channels) for _ in range(4))])
        else:
            self.add("InstanceNormalization", [name, self.weight(channels), self.weight(channels)])

    def _resize(self, name: str, array: Array) -> None:
        draw, rank = self.draw, array.ndim
        scales = [1.0, 1.0, *(draw.choice((1.0, 2.0, 0.5, 1.5, 0.7, 2.3)) for _ in range(rank - 2))]
        if self.opset < 10:
            self.add("Upsample", [name, self.constant([max(1.0, one) for one in scales], np.float32)])
        elif self.opset < 11:
            self.add("Resize", [name, self.constant(scales, np.float32)])
        elif draw.random() < 0.5:
            self.add("Resize", [name, "", self.constant(scales, np.float32)], mode=draw.choice(("nearest", "linear")))
        else:
            sizes = [*array.shape[:2], *(draw.randint(1, 20) for _ in range(rank - 2))]
            more: dict[str, Any] = {}
            if self.opset >= 18 and draw.random() < 0.5:
                more = {
                    "keep_aspect_ratio_policy": draw.choice(("not_larger", "not_smaller")),
                    "axes": [*range(2, rank)],
                }
                sizes = sizes[2:]
            self.add("Resize", [name, "", "", self.constant(sizes)], **more)

    def _same(self, name: str, array: Array) -> None:
        operator = self.draw.choice(
            ("Relu", "Sigmoid", "Tanh", "Abs", "Neg", "Exp", "Softmax", "LeakyRelu", "Identity")
        )
        if array.dtype == np.float32:
            self.add(operator, [name])

    def _join(self, name: str, array: Array) -> None:
        draw = self.draw
        same = [other for other, one in self.values.items() if one.shape == array.shape and one.dtype == array.dtype]
        other = draw.choice(same)
        kind = draw.random()
        if kind < 0.3:
            self.add(draw.choice(("Add", "Mul", "Sub", "Div")), [name, other])
        elif kind < 0.5:
            shape = [size if draw.random() < 0.5 else 1 for size in array.shape[draw.randint(0, array.ndim) :]]
            operands = [name, self.constant(np.ones(shape), array.dtype)]
            draw.shuffle(operands)
            self.add(draw.choice(("Add", "Mul", "Sub", "Max")), operands)
        elif array.ndim:
            axis = draw.randrange(array.ndim)
            fitting = [
                one
                for one, value in self.values.items()
                if value.dtype == array.dtype
                and value.ndim == array.ndim
                and all(
                    a == b for place, (a, b) in enumerate(zip(value.shape, array.shape, strict=True)) if place != axis
                )
            ]
            self.add("Concat", [name, draw.choice(fitting), name], axis=draw.choice((axis, axis - array.ndim)))

    def _move(self, name: str, array: Array) -> None:
        steps = (self._transpose, self._pad, self._slice, self._split, self._repeat, self._rearrange_blocks)
        if array.ndim:
            self.draw.choice(steps)(name, array)

    def _transpose(self, name: str, array: Array) -> None:
        order = [*range(array.ndim)]
        self.draw.shuffle(order)
        attributes: dict[str, Any] = {} if self.draw.random() < 0.2 else {"perm": order}
        self.add("Transpose", [name], **attributes)

    def _pad(self, name: str, array: Array) -> None:
        pads = [self.draw.choice((0, 0, 1, 2)) for _ in range(2 * array.ndim)]
        if self.opset < 11:
            self.add("Pad", [name], pads=pads)
        else:
            self.add("Pad", [name, self.constant(pads)], mode=self.draw.choice(("constant", "edge")))

    def _slice(self, name: str, array: Array) -> None:
        draw, axes = self.draw, [self.draw.randrange(array.ndim)]
        starts, ends = [draw.randint(-3, 2)], [draw.choice((-1, 4, 2**31 - 1, 2**63 - 1))]
        if self.opset < 10:
            self.add("Slice", [name], starts=starts, ends=ends, axes=axes)
        else:
            step = draw.choice((1, 1, 2, -1))
            # Of a largest end, backwards, runtimes and ONNX itself think otherwise.
            ends = [draw.choice((-1, 1, -9, -(2**31)))] if step < 0 else ends
            self.add("Slice", [name, *map(self.constant, (starts, ends, axes, [step]))])

    def _split(self, name: str, array: Array) -> None:
        axis = self.draw.randrange(array.ndim)
        size = array.shape[axis]
        parts = [size // 2, size - size // 2]
        if self.opset < 13:
            self.add("Split", [name], 2, axis=axis, split=parts)
        elif self.opset >= 18 and self.draw.random() < 0.5:
            self.add("Split", [name], 2, axis=axis, num_outputs=2)
        else:
            self.add("Split", [name, self.constant(parts)], 2, axis=axis)

    def _repeat(self, name: str, array: Array) -> None:
        draw, kind = self.draw, self.draw.random()
        if kind < 0.4:
            self.add("Gather", [name, self.constant(draw.choice((0, [0], [0, 0, 0])))], axis=draw.randrange(array.ndim))
        elif kind < 0.7:
            self.add("Tile", [name, self.constant([draw.choice((1, 2)) for _ in range(array.ndim)])])
        else:
            self.add("Expand", [name, self.constant([draw.choice((1, 2)), *array.shape])])

    def _rearrange_blocks(self, name: str, array: Array) -> None:
        if array.ndim == 4:
            self.add(self.draw.choice(("DepthToSpace", "SpaceToDepth")), [name], blocksize=2)

    def _reshape(self, name: str, array: Array) -> None:
        draw, rank = self.draw, array.ndim
        kind = draw.random()
        if kind < 0.2:
            self.add("Flatten", [name], axis=draw.randint(0, rank))
        elif kind < 0.4:
            self.add("Reshape", [name, self.constant(draw.choice(([0, -1], [-1], [0, 0, -1], [1, -1, 1])))])
        elif kind < 0.6:
            axes = sorted({draw.randint(0, rank), 0})
            if self.opset < 13:
                self.add("Unsqueeze", [name], axes=axes)
            else:
                self.add("Unsqueeze", [name, self.constant(axes)])
        elif kind < 0.75:
            self.add("Squeeze", [name])
        elif rank:
            shape = self.add("Shape", [name])
            assert shape
            first = self.add("Gather", [shape[0], self.constant([0])], axis=0)
            assert first
            target = self.add("Concat", [first[0], self.constant([-1])], axis=0)
            assert target
            self.add("Reshape", [name, target[0]])

    def _reduce(self, name: str, array: Array) -> None:
        draw, rank = self.draw, array.ndim
        operator = draw.choice(("ReduceMean", "ReduceSum", "ReduceMax", "ArgMax"))
        if not rank:
            return
        axes = sorted(draw.sample(range(rank), draw.randint(1, rank)))
        keepdims = draw.randint(0, 1)
        if operator == "ArgMax":
            self.add(operator, [name], axis=draw.randrange(rank), keepdims=keepdims)
        elif self.opset >= 18 or (self.opset >= 13 and operator == "ReduceSum"):
            self.add(operator, [name, self.constant(axes)], keepdims=keepdims)
        else:
            self.add(operator, [name], axes=axes, keepdims=keepdims)

    def _product(self, name: str, array: Array) -> None:
        draw = self.draw
        if array.ndim == 2 and draw.random() < 0.7:
            turned = draw.randint(0, 1)
            inputs = [name, self.weight(*((5, array.shape[1]) if turned else (array.shape[1], 5)))]
            if draw.random() < 0.6:
                inputs.append(self.weight(*draw.choice(((5,), (1, 5), (1,)))))
            self.add("Gemm", inputs, transB=turned)
        elif array.ndim:
            shape: tuple[int, ...] = draw.choice(((array.shape[-1], 4), (array.shape[-1],), (2, array.shape[-1], 3)))
            self.add("MatMul", [name, self.weight(*shape)])
