"""ONNX files that are wrong, or made to hurt: each ends in an error that is told, with the name of the node."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")

from onnx import AttributeProto, TensorProto, helper, numpy_helper  # noqa: E402
from onnx_models import model_of  # noqa: E402

from conv2d_cli.errors import DataError, MissingExtraError, ShapeError  # noqa: E402
from conv2d_cli.network.network import Network  # noqa: E402
from conv2d_cli.network.readers import onnx_inference  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WEIGHT = np.ones((4, 3, 3, 3), np.float32)
SHAPE = (1, 3, 8, 8)


def conv(name: str = "bad", weight: Any = WEIGHT, **attributes: Any) -> Any:
    """Return a model of one Conv with attributes."""
    return model_of([helper.make_node("Conv", ["x", "w"], ["y"], name=name, **attributes)], {"x": SHAPE}, {"w": weight})


def one(operator: str, inputs: tuple[str, ...] = ("x",), outputs: tuple[str, ...] = ("y",), **attributes: Any) -> Any:
    """Return a model of one node."""
    return model_of(
        [helper.make_node(operator, inputs, outputs, name="bad", **attributes)], {"x": SHAPE}, {"w": WEIGHT}
    )


def changed(change: Callable[[Any], object], model: Any = None) -> Any:
    """Return a model that something was done to."""
    model = conv() if model is None else model
    change(model)
    return model


def nodes(*made: Any, **tensors: Any) -> Any:
    return model_of([*made], {"x": SHAPE}, tensors or {"w": WEIGHT}, outputs=[made[-1].output[0]])


def relu(reads: str, makes: str, name: str = "bad") -> Any:
    return helper.make_node("Relu", [reads], [makes], name=name)


def external(model: Any) -> None:
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../../../etc/passwd")
    tensor.dims[:] = [4, 3, 3, -1]


def twice(model: Any) -> None:
    model.graph.node[0].attribute.extend([helper.make_attribute("group", 1), helper.make_attribute("group", 2)])


def short(model: Any) -> None:
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]


def huge(model: Any) -> None:
    model.graph.initializer[0].dims[:] = [2**62, 2**62, 3, 3]


def wrong_type(model: Any) -> None:
    model.graph.initializer[0].data_type = 77


def no_data(model: Any) -> None:
    model.graph.initializer[0].ClearField("raw_data")


def segment(model: Any) -> None:
    model.graph.initializer[0].segment.begin = 1


def strides_of_text(model: Any) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("strides", "two"))


def strides_of_floats(model: Any) -> None:
    model.graph.node[0].attribute.append(helper.make_attribute("strides", [1.5, 2.5]))


def untyped(model: Any) -> None:
    model.graph.node[0].attribute.append(AttributeProto(name="group", i=1))


def negative_input(model: Any) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = -8


def huge_input(model: Any) -> None:
    for size in model.graph.input[0].type.tensor_type.shape.dim:
        size.dim_value = 2**60


def opset_0(model: Any) -> None:
    model.opset_import[0].version = 0


# Each with words of its error: the node's name where it is a node's fault.
HOSTILE: dict[str, tuple[Any, str]] = {
    "group 0": (lambda: conv(group=0), "node 'bad' (Conv): group is 0"),
    "group -1": (lambda: conv(group=-1), "node 'bad' (Conv): group is -1"),
    "group 3 of 4": (lambda: conv(group=3), "node 'bad' (Conv): 3 groups do not divide"),
    "group 2**62": (lambda: conv(group=2**62), "node 'bad' (Conv)"),
    "stride 0": (lambda: conv(strides=[0, 0]), "node 'bad' (Conv): strides is (0, 0)"),
    "one stride": (lambda: conv(strides=[1]), "node 'bad' (Conv): strides is (1,)"),
    "negative pads": (lambda: conv(pads=[0, 0, -1, 0]), "node 'bad' (Conv): pads is"),
    "two pads": (lambda: conv(pads=[1, 1]), "node 'bad' (Conv): pads is"),
    "dilation 0": (lambda: conv(dilations=[1, 0]), "node 'bad' (Conv): dilations is"),
    "another kernel": (lambda: conv(kernel_shape=[5, 5]), "node 'bad' (Conv): kernel_shape is [5, 5]"),
    "unknown auto_pad": (lambda: conv(auto_pad="SOMEHOW"), "node 'bad' (Conv): auto_pad is 'SOMEHOW'"),
    "strides of text": (lambda: changed(strides_of_text), "node 'bad' (Conv): strides is 'two'"),
    "strides of floats": (lambda: changed(strides_of_floats), "node 'bad' (Conv): strides is"),
    "an attribute twice": (lambda: changed(twice), "node 'bad' (Conv): the attribute 'group' stands twice"),
    "an attribute without type": (lambda: changed(untyped), "node 'bad' (Conv): the attribute 'group' has no type"),
    "a weight of 2 axes": (lambda: conv(weight=WEIGHT[0, 0]), "node 'bad' (Conv): a weight of [3, 3]"),
    "an empty weight": (lambda: conv(weight=WEIGHT[:0]), "node 'bad' (Conv): a weight of [0, 3, 3, 3]"),
    "a kernel larger than its input": (lambda: conv(weight=np.ones((1, 3, 9, 9), np.float32)), "bad"),
    "other channels": (lambda: conv(weight=np.ones((1, 5, 3, 3), np.float32)), "bad"),
    "external data outside": (lambda: changed(external), "the initializer 'w' has the dims [4, 3, 3, -1]"),
    "data too short": (lambda: changed(short), "the initializer 'w' of [4, 3, 3, 3] float32 has 428 bytes"),
    "no data": (lambda: changed(no_data), "the initializer 'w' of [4, 3, 3, 3] float32 has 0 elements"),
    "huge dims": (lambda: changed(huge), "the initializer 'w' has the dims"),
    "no element type": (lambda: changed(wrong_type), "the initializer 'w' has the element type 77"),
    "a segment": (lambda: changed(segment), "the initializer 'w' is a segment"),
    "a negative input": (lambda: changed(negative_input), "the input 'x' has the sizes"),
    "a huge input": (lambda: changed(huge_input), "the input 'x' has the sizes"),
    "opset 0": (lambda: changed(opset_0), "the model imports opset 0"),
    "a cycle": (
        lambda: nodes(relu("b", "a", "one"), relu("a", "b", "two")),
        "node 'one' (Relu): it reads 'b', which node 'two' (Relu) makes later",
    ),
    "a cycle of one": (lambda: nodes(relu("y", "y")), "node 'bad' (Relu): it reads 'y', which it makes itself"),
    "a missing input": (lambda: nodes(relu("no", "y")), "(Relu): it reads 'no', which nothing makes"),
    "no input at all": (lambda: one("Relu", ()), "node 'bad' (Relu): input 0 is missing"),
    "no weight": (lambda: one("Conv"), "node 'bad' (Conv): input 1 is missing"),
    "no output": (lambda: one("Relu", outputs=()), "node 'bad' (Relu): it has no output"),
    "an output twice": (
        lambda: nodes(relu("x", "y", "one"), relu("x", "y")), "node 'bad' (Relu): a tensor 'y' is there already",
    ),
    "an output that is an input": (lambda: nodes(relu("x", "x")), "node 'bad' (Relu): a tensor 'x' is there already"),
    "an output that nothing makes": (
        lambda: changed(lambda model: model.graph.output.append(helper.make_empty_tensor_value_info("z"))),
        "the model's output 'z' is made by no node",
    ),
    "no node": (lambda: changed(lambda model: model.graph.ClearField("node")), "without any node"),
    "no inputs": (lambda: changed(lambda model: model.graph.ClearField("input")), "the model has no input"),
    "a name as of a page": (lambda: conv(name="</script><b>", group=0), "node '</script><b>' (Conv): group is 0"),
    "a name that moves the cursor": (lambda: conv(name="\x1b[2J\n", group=0), r"node '\x1b[2J\n' (Conv): group is 0"),
    "an operator that moves the cursor": (
        lambda: nodes(helper.make_node("\x1b[2J", ["gone"], ["y"], name="bad")),
        r"node 'bad' (\x1b[2J): it reads 'gone'",
    ),
    "pool without kernel": (lambda: one("MaxPool"), "node 'bad' (MaxPool): the attribute kernel_shape is missing"),
    "pool of kernel 0": (lambda: one("MaxPool", kernel_shape=[0, 1]), "node 'bad' (MaxPool): kernel_shape is (0, 1)"),
    "pool larger than its input": (lambda: one("AveragePool", kernel_shape=[9, 9]), "bad"),
    "a bias of another length": (
        lambda: model_of(
            [helper.make_node("Conv", ["x", "w", "b"], ["y"], name="bad")], {"x": SHAPE},
            {"w": WEIGHT, "b": np.ones(5, np.float32)},
        ),
        "node 'bad' (Conv): its bias is [5], where 4 numbers belong",
    ),
    "a perm that is none": (lambda: one("Transpose", perm=[0, 0, 1, 2]), "node 'bad' (Transpose): perm is"),
    "a block of 0": (lambda: one("DepthToSpace", blocksize=0), "node 'bad' (DepthToSpace): blocksize is 0"),
    "no shape": (lambda: one("Reshape"), "node 'bad' (Reshape): shape is missing"),
    "an empty Constant": (lambda: one("Constant", ()), "node 'bad' (Constant): it holds no value"),
    "a Constant whose data is short": (
        lambda: nodes(
            helper.make_node(
                "Constant", [], ["c"], name="bad", value=TensorProto(dims=[9], data_type=1, raw_data=b"1234")
            ),
            helper.make_node("Add", ["x", "c"], ["y"]),
        ),
        "node 'bad' (Constant) of [9] float32 has 4 bytes",
    ),
    "a shape that does not fit": (
        lambda: nodes(helper.make_node("Reshape", ["x", "k"], ["y"], name="bad"), k=np.array([7, 7])), "bad",
    ),
    "shapes that cannot be broadcast": (
        lambda: nodes(helper.make_node("Add", ["x", "k"], ["y"], name="bad"), k=np.ones(5, np.float32)), "bad",
    ),
    "sizes worked out of nothing": (
        lambda: nodes(
            helper.make_node("Shape", ["x"], ["s"]), helper.make_node("Gather", ["s", "k"], ["g"]),
            helper.make_node("Reshape", ["x", "g"], ["y"], name="bad"), k=np.array([9]),
        ),
        "bad",
    ),
    "a resize by infinity": (
        lambda: nodes(
            helper.make_node("Resize", ["x", "", "k"], ["y"], name="bad"), k=np.array([1, 1, np.inf, 2], np.float32)
        ),
        "bad",
    ),
    "a shape of halves": (
        lambda: nodes(helper.make_node("Reshape", ["x", "k"], ["y"], name="bad"), k=np.array([0.5, -1])),
        "bad: Reshape takes whole numbers",
    ),
    "a fill without a number": (
        lambda: nodes(
            helper.make_node("Shape", ["x"], ["s"]),
            helper.make_node(
                "ConstantOfShape", ["s"], ["y"], name="bad",
                value=TensorProto(dims=[0], data_type=TensorProto.FLOAT, raw_data=b""),
            ),
        ),
        "node 'bad' (ConstantOfShape): its value is no single number",
    ),
    "a shape from nowhere": (
        lambda: nodes(
            helper.make_node("Shape", ["x"], ["s"], start="one"),
            helper.make_node("Reshape", ["x", "s"], ["y"], name="bad"),
        ),
        "bad: Shape from 'one'",
    ),
    "an initializer inside a loop that is short": (
        lambda: nodes(
            helper.make_node(
                "Loop", ["x", "", "x"], ["y"], name="bad",
                body=helper.make_graph(
                    [relu("i", "o")], "body", [], [],
                    [TensorProto(name="inner", dims=[5], data_type=1, raw_data=b"")],
                ),
            )
        ),
        "node 'bad' (Loop): the initializer 'inner' of [5] float32 has 0 bytes",
    ),
}  # fmt: skip


def told(data: bytes, folder: Path) -> DataError:
    """Return the error of a file: when it is read, or of the first node that does not fit, with that node's name."""
    path = folder / "m.onnx"
    path.write_bytes(data)
    try:
        network = Network.read(path)
    except DataError as error:
        return error
    misfit = network.on(SHAPE).misfits[0]
    assert isinstance(misfit.error, ShapeError)
    return DataError(f"{network.graph.nodes[misfit.node].name}: {misfit.error.message}")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_model_is_told_of(name: str, tmp_path: Path) -> None:
    make, words = HOSTILE[name]
    error = told(make().SerializeToString(), tmp_path)
    assert words in error.message
    assert error.message.isprintable()


def test_every_cut_of_a_model_is_told_of_or_read(tmp_path: Path) -> None:
    data, read = conv().SerializeToString(), 0
    for end in range(len(data)):
        path = tmp_path / "m.onnx"
        path.write_bytes(data[:end])
        with suppress(DataError):
            assert Network.read(path).graph.nodes
            read += 1
    # What stands behind the graph is not needed.
    assert read < len(data) // 4


def test_no_change_of_a_byte_ends_in_another_error(tmp_path: Path) -> None:
    model = model_of(
        [
            helper.make_node("Shape", ["x"], ["s"]),
            helper.make_node("Conv", ["x", "w"], ["c"], name="conv", strides=[2, 2], pads=[1] * 4),
            helper.make_node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], ceil_mode=1),
            helper.make_node("Gather", ["s", "zero"], ["n"]),
            helper.make_node("Reshape", ["p", "target"], ["r"]),
            helper.make_node("Resize", ["p", "", "scales"], ["z"]),
        ],
        {"x": SHAPE},
        {
            "w": WEIGHT[:1, :, :1], "zero": np.array([0]), "target": np.array([0, -1]),
            "scales": np.array([1, 1, 2, 2], np.float32),
        },
    )  # fmt: skip
    data, draw = model.SerializeToString(), np.random.default_rng(0)
    told_of = right = 0
    path = tmp_path / "m.onnx"
    for place in range(len(data)):
        mutated = bytearray(data)
        mutated[place] = int(draw.integers(256))
        path.write_bytes(mutated)
        try:
            network = Network.read(path)
            # What is not known is asked of another process, which is not what is looked at here.
            if not network.graph.unknown:
                network.on({one.name: SHAPE for one in network.graph.inputs})
            right += 1
        except (DataError, ShapeError):
            told_of += 1
    assert min(told_of, right) > 50


def field(number: int, data: bytes) -> bytes:
    """Return a field of protobuf that holds bytes."""
    size, length = len(data), b""
    while size > 127:
        length += bytes([size % 128 + 128])
        size //= 128
    return bytes([number * 8 + 2]) + length + bytes([size]) + data


def test_graphs_in_graphs_without_end_are_refused_by_the_parser(tmp_path: Path) -> None:
    graph = b""
    for _ in range(1000):
        # A graph with a node, whose attribute is that graph.
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    assert "is no ONNX model" in told(bytes([8, 8]) + field(7, graph), tmp_path).message


def test_a_fill_of_the_memory_is_not_made(tmp_path: Path) -> None:
    fill = helper.make_node("ConstantOfShape", ["k"], ["f"], name="fill")
    model = nodes(fill, helper.make_node("Reshape", ["x", "f"], ["y"], name="bad"), k=np.array([2**40]))
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    network = Network.read(path)
    assert network.graph.unknown == ("bad",)
    assert network.on(SHAPE).nodes[-1].output_shape is None


def test_functions_loops_and_other_domains_are_named_and_not_followed(tmp_path: Path) -> None:
    model = model_of(
        [
            helper.make_node("Endless", ["x"], ["a"], name="function", domain="mine"),
            helper.make_node("If", ["condition"], ["b"], name="if", then_branch=branch("t"), else_branch=branch("e")),
            helper.make_node("Foo", ["x"], ["c"], name="foreign", domain="</script>"),
        ],
        {"x": SHAPE, "condition": (1,)},
        {},
    )
    # A function that calls itself.
    model.functions.append(
        helper.make_function(
            "mine", "Endless", ["x"], ["y"], [helper.make_node("Endless", ["x"], ["y"], domain="mine")],
            [helper.make_opsetid("mine", 1)],
        )
    )  # fmt: skip
    model.opset_import.append(helper.make_opsetid("mine", 1))
    path = tmp_path / "m.onnx"
    path.write_bytes(model.SerializeToString())
    network = Network.read(path)
    assert network.graph.unknown == ("function", "if", "foreign")
    found = network.on({"x": SHAPE, "condition": (1,)})
    assert [one.output_shape for one in found.nodes][::2] == [None, None]
    assert [one.work for one in found.nodes] == [None] * 3
    # The constant of one branch.
    assert found.nodes[1].parameters == (6, 0)


def branch(name: str) -> Any:
    value = numpy_helper.from_array(np.ones((2, 3), np.float32), "k")
    kept = [value] if name == "t" else []
    out = helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])
    return helper.make_graph([helper.make_node("Identity", ["k"], [name])], name, [], [out], kept)


def test_a_chain_of_sizes_ends(tmp_path: Path) -> None:
    """Each step doubles the one before, read twice: 2^5000 steps if none were kept, and as deep as Python goes."""
    steps = [helper.make_node("Shape", ["x"], ["s0"])]
    steps += [helper.make_node("Add", [f"s{number}"] * 2, [f"s{number + 1}"]) for number in range(5000)]
    steps += [helper.make_node("Reshape", ["x", "s5000"], ["y"], name="last")]
    path = tmp_path / "m.onnx"
    path.write_bytes(model_of(steps, {"x": SHAPE}, {}, outputs=["y"]).SerializeToString())
    network = Network.read(path)
    assert network.graph.unknown == ("last",)
    assert network.graph.nodes[-1].name == "last"


def test_a_process_that_hangs_or_dies_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_inference, "ONNX_SECONDS", 0.2)
    hanging = onnx_inference.Inference()
    model = one("Relu").SerializeToString()
    # Waits for more bytes than it is given.
    assert hanging._started() is not None
    assert hanging._process is not None
    assert hanging._process.stdin is not None
    hanging._process.stdin.write((10_000).to_bytes(8, "little"))
    assert hanging.of(model) == {}
    assert hanging._process is None


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(conv().SerializeToString())
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError) as caught:
        Network.read(path)
    assert caught.value.hint == "pip install 'conv2d-cli[onnx]'"


def test_a_size_that_the_file_has_fixed_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(conv().SerializeToString())
    network = Network.read(path)
    for wrong in ((1, 4, 8, 8), (3, 8, 8)):
        with pytest.raises(ShapeError, match="is 1x3x8x8 in the file") as caught:
            network.on(wrong)
        assert caught.value.hint == "input_shape=1x3x8x8"
    assert network.on(SHAPE).nodes[0].output_shape == (1, 4, 6, 6)


def test_a_large_question_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_inference, "ONNX_ASKED_BYTES", 10)
    assert onnx_inference.Inference().of(one("Relu").SerializeToString()) == {}


def test_one_process_answers_many_questions() -> None:
    inference = onnx_inference.Inference()
    model = one("Relu").SerializeToString()
    assert inference.of(model)["y"] == (1, SHAPE)
    process = inference._process
    assert inference.of(b"no model") == {}
    assert inference.of(model)["y"] == (1, SHAPE)
    assert inference._process is process
