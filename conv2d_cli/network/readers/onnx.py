"""ONNX models: recognised by how protobuf begins, or by their name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.errors import DataError
from conv2d_cli.tensors.onnx_model import looks_like_model

if TYPE_CHECKING:
    from conv2d_cli.network.graph import Graph
    from conv2d_cli.network.readers.base import Content


class OnnxReader:
    """ONNX, by the package of that name; data outside the file is never read."""

    notation = "ONNX"

    def recognises(self, content: Content) -> bool:
        """Whether it begins as a model does, or is called one."""
        return looks_like_model(content.data) or (content.path or "").lower().endswith(".onnx")

    def read(self, content: Content, *, assume: bool) -> Graph:  # noqa: ARG002 - the graph is all there
        """Return the graph of a model.

        Raises:
            DataError: it is no valid model.
            MissingExtraError: the extra `onnx` is not installed.
        """
        from conv2d_cli.network.readers.onnx_graph import graph_of_model
        from conv2d_cli.tensors.onnx_model import parsed

        try:
            return graph_of_model(parsed(content.data), content.name)
        except UnicodeDecodeError as error:
            raise DataError(f"{content.name}: a name in it is no text: {error}", "write it again") from error
        except DataError as error:
            raise DataError(f"{content.name}: {error.message}", error.hint) from error
