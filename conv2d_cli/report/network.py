"""A network as users of Python hold it: read, and analyzed on an input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conv2d_cli.dtypes import DEFAULT_DTYPE, DTYPES, find_dtype
from conv2d_cli.errors import UsageError, did_you_mean
from conv2d_cli.network import network
from conv2d_cli.network.sizes import input_shapes
from conv2d_cli.report.network_analysis import analyze_network
from conv2d_cli.showing import shows_itself

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conv2d_cli.network.sizes import Size
    from conv2d_cli.report.stack import StackReport


@shows_itself
class Network(network.Network):
    """A network: one that comes with the package, one of a file, or one of a text.

    >>> from conv2d_cli import Network
    >>> report = Network.read("resnet50").analyze((1, 3, 224, 224))
    >>> report.parameters, report.macs, report.receptive_field
    (25557032, 4089184256, (427, 427))
    >>> report.nodes[0].name, report.nodes[0].output_shape
    ('conv1', (1, 64, 112, 112))
    """

    def analyze(
        self,
        size: Size | Mapping[str, Size] | None = None,
        *,
        dtype: str = DEFAULT_DTYPE,
        budget: int | None = None,
    ) -> StackReport:
        """Return the totals of the network and the facts of each node.

        Args:
            size: the size of its input, as the command takes it; several by name. Else those that the file says.
            dtype: the element type that bytes are counted in.
            budget: the bytes that `largest_batch` must fit.

        Returns:
            the report; its `nodes` are in the order in which they are called.

        Raises:
            ShapeError: layers do not fit one another, or the input; its message names the first of them.
            UsageError: there is no such element type.

        >>> from conv2d_cli import Network
        >>> Network.read("resnet50").analyze(64, dtype="half").output_shape
        (1, 1000)
        """
        found = find_dtype(dtype)
        if found is None:
            raise UsageError(f"{dtype}: there is no such element type", did_you_mean(dtype, DTYPES))
        return analyze_network(self.graph, input_shapes(self.graph, size), found.name, budget).report
