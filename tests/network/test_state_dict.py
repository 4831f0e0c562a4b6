"""A `.safetensors` file as a network: the tensors of each module, from the header alone, without how they flow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from conv2d_cli.errors import DataError
from conv2d_cli.network.network import Network
from conv2d_cli.network.readers.base import Content
from conv2d_cli.network.readers.registry import read_graph
from conv2d_cli.report.network_analysis import node_reports, stack_report

if TYPE_CHECKING:
    from pathlib import Path


def floats(*shape: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.zeros(shape, np.float32)


TENSORS: dict[str, np.ndarray[Any, Any]] = {
    "features.0.weight": floats(8, 3, 7, 5),
    "features.0.bias": floats(8),
    "features.1.weight": floats(8),
    "features.1.bias": floats(8),
    "features.1.running_mean": floats(8),
    "features.1.num_batches_tracked": np.zeros((), np.int64),
    "fc.weight": floats(10, 8),
    "class_token": floats(1, 1, 16),
    "</script>.weight": floats(2, 2, 1, 1),
}


def test_modules_are_listed_with_what_is_known_of_them(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(TENSORS, path)
    network = Network.read(path)
    passed = network.on()
    rows = {row.name: row for row in node_reports(passed)}
    assert {name: (row.type, row.kernel_size, row.parameters) for name, row in rows.items()} == {
        "features.0": ("4-D weight", (7, 5), 8 * 3 * 35 + 8),
        "features.1": ("1-D weight", None, 16),
        "fc": ("2-D weight", None, 80),
        "class_token": ("3-D tensor", None, 16),
        "</script>": ("4-D weight", (1, 1), 4),
    }
    assert {(row.inputs, row.output_shape, row.macs) for row in rows.values()} == {(None, None, None)}
    assert {*network.graph.unknown} == {*rows}
    report = stack_report(passed)
    assert (report.weight_parameters, report.bias_parameters, report.macs) == (840 + 8 + 80 + 16 + 4, 16, None)


@pytest.mark.parametrize("size", [8, 20, 100])
def test_a_file_that_was_cut_is_told_of(size: int, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(TENSORS, path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DataError, match="model"):
        Network.read(path)


def test_elements_are_not_read(tmp_path: Path) -> None:
    """A header with four GiB of elements behind it, which are a hole in the file."""
    path = tmp_path / "large.safetensors"
    header = b'{"a.weight": {"dtype": "F32", "shape": [1024, 1024, 32, 32], "data_offsets": [0, 4294967296]}}'
    with path.open("wb") as stream:
        stream.write(len(header).to_bytes(8, "little") + header)
        stream.truncate(8 + len(header) + 2**32)
    assert stack_report(Network.read(path).on()).parameters == 2**30


def test_a_pipe_is_as_good_as_a_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(TENSORS, path)
    graph = read_graph(Content(path.read_bytes(), "stdin"))
    assert [node.name for node in graph.nodes] == [node.name for node in Network.read(path).graph.nodes]


def test_a_file_without_tensors_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({}, path)
    with pytest.raises(DataError, match="holds no weights"):
        Network.read(path)
