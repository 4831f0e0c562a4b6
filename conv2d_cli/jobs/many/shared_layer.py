"""What all files share: the layer, its parameters in each element type, read or drawn once, and plans."""

from __future__ import annotations

from contextlib import ExitStack
from functools import lru_cache
from hashlib import blake2b
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from conv2d_cli import __version__
from conv2d_cli.engine.blas import small_unpacked, threads_for
from conv2d_cli.engine.convolution import Parameters, check_dtypes
from conv2d_cli.engine.initialisation import init_parameters
from conv2d_cli.engine.plan import Plan, plan_convolution
from conv2d_cli.errors import Conv2dError
from conv2d_cli.jobs.parameters import drawn_dtype, parameters_opened
from conv2d_cli.jobs.request import checked_request
from conv2d_cli.layer.forward import UNBATCHED, geometry_of
from conv2d_cli.tensors.location import is_stream
from conv2d_cli.tensors.rereadable import Rereadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from conv2d_cli.jobs.request import Request
    from conv2d_cli.layer.model import Conv2d


class Layer(NamedTuple):
    """The layer and its parameters in one element type; `fingerprint` stands for all that decides an output."""

    values: Conv2d
    weight: NDArray[Any]
    bias: NDArray[Any] | None
    parameters: Parameters
    fingerprint: str


class SharedLayer:
    """The layer of a request, for whichever file comes; several threads may ask."""

    def __init__(self, request: Request) -> None:
        """Check what can be checked without any file, so that a fault is told once.

        Raises:
            UsageError, FileError, DataError: the layer or its parameters are bad.
        """
        # Its outputs, of which there are many, have checks of their own.
        self.request = checked_request(request._replace(output=None))._replace(output=request.output)
        piped = any(map(is_stream, filter(None, (request.weight, request.bias))))
        self._stdin = None if request.stdin is None or not piped else Rereadable(request.stdin)
        self._layer_of, self._plan_of = lru_cache(self._layer_or_fault), lru_cache(self._plan)
        self._one_at_a_time = RLock()
        with ExitStack() as stack:
            channels = request.layer.in_channels if request.layer else 1
            parameters_opened(self.from_start(), request.dtype or "float32", stack, channels=channels)

    def from_start(self) -> Request:
        """Return the request; a parameter that comes through stdin is read from its start in it, however often."""
        return self.request if self._stdin is None else self.request._replace(stdin=self._stdin.from_start())

    def layer_for(self, shape: tuple[int, ...], dtype: str) -> Layer:
        """Return the layer for inputs of a shape and a type, its parameters read or drawn."""
        # Of the shape nothing matters but the channels that each have the one kernel.
        channels = shape[-3] if self.request.per_channel and len(shape) >= UNBATCHED else 1
        with self._one_at_a_time:
            layer = self._layer_of(dtype, channels)
        if isinstance(layer, Conv2dError):
            raise layer
        return layer

    def plan_for(self, shape: tuple[int, ...], dtype: str) -> Plan:
        """Return how inputs of a shape and a type are convolved."""
        with self._one_at_a_time:
            return self._plan_of(shape, dtype)

    def _layer_or_fault(self, dtype: str, channels: int) -> Layer | Conv2dError:
        # A fault is kept too: parameters that cannot be read are not read again for every file.
        try:
            return self._layer(dtype, channels)
        except Conv2dError as error:
            return error

    def _layer(self, dtype: str, channels: int) -> Layer:
        request = self.from_start()
        with ExitStack() as stack:
            weight, bias, layer = parameters_opened(request, dtype, stack, channels=channels)
            weight_dtype = weight.dtype if weight else drawn_dtype(layer, dtype)
            check_dtypes(dtype, weight=weight_dtype, bias=None if bias is None else bias.dtype)
            bias_values = None if bias is None else bias.read()
            if weight is not None:
                weight_values = weight.read()
            else:
                weight_values, drawn = init_parameters(layer, request.seed, dtype=dtype)
                bias_values = drawn if bias_values is None else bias_values
        made_by = fingerprint(_deciding(request, layer, dtype), weight_values, bias_values)
        return Layer(layer, weight_values, bias_values, Parameters(weight_values, bias_values), made_by)

    def _plan(self, shape: tuple[int, ...], dtype: str) -> Plan:
        request, layer = self.request, self.layer_for(shape, dtype).values
        return plan_convolution(
            geometry_of(layer, shape),
            padding_mode=layer.padding_mode,
            dtype=dtype,
            accuracy=request.accuracy,
            algorithm=request.algorithm,
            threads=threads_for(request.threads),
            small_unpacked=small_unpacked(),
        )


def _deciding(request: Request, layer: Conv2d, dtype: str) -> tuple[object, ...]:
    """Return all that decides the bits of an output beside the input and the values of the parameters."""
    reading = request.input_reading
    return (
        (__version__, np.__version__),
        *layer.model_dump().values(),
        dtype,
        (request.accuracy, request.algorithm, threads_for(request.threads), small_unpacked()),
        # A set has no order of its own.
        (reading._replace(casts=frozenset()), sorted(reading.casts)),
        request.output_layout,
    )


def fingerprint(words: tuple[object, ...], *arrays: NDArray[Any] | None) -> str:
    """Return a short text that differs where any word or any bit of the arrays does."""
    digest = blake2b(repr(words).encode(), digest_size=16)
    for array in arrays:
        digest.update(b"none" if array is None else f"{array.dtype} {array.shape}".encode())
        if array is not None:
            digest.update(array.tobytes())
    return digest.hexdigest()
