"""What all files of a run share: the layer, its parameters in each element type, read or drawn once, and plans."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache, cached_property, lru_cache
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from conv2d_cli import __version__
from conv2d_cli.backends.api import (
    OURS,
    Decision,
    Uses,
    Wanted,
    check_not_of_the_cpu,
    decide,
    described,
    of_the_cpu,
    version_of,
    words_of,
)
from conv2d_cli.engine import api
from conv2d_cli.errors import Conv2dError
from conv2d_cli.jobs.run.integers import arithmetic_of, what_mixes
from conv2d_cli.jobs.run.parameters import drawn_dtype, parameters_opened
from conv2d_cli.tensors.location import is_stream
from conv2d_cli.tensors.rereadable import Rereadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from conv2d_cli.arithmetic.geometry import Geometry
    from conv2d_cli.backends.api import AnyPlan
    from conv2d_cli.jobs.run.convolution import AnyParameters
    from conv2d_cli.jobs.run.request import Request


class OpenedLayer:
    """The layer and its parameters in one element type: known by their headers, read when a file needs them.

    A `weight` of None is drawn, a `bias` of None is drawn or absent.
    """

    def __init__(
        self,
        request: Request,
        dtype: str,
        channels: int,
        files: ExitStack,
        *,
        accumulates: bool = True,
        inputs: int = 1,
    ) -> None:
        """Open the files of the parameters, which `files` closes; the others are as in `SharedLayer`.

        Raises:
            UsageError, FileError, DataError: they are bad, or have another type than the input.
        """
        self._request, self._dtype, self._inputs = request, dtype, inputs
        self._values: tuple[NDArray[Any], NDArray[Any] | None] | Conv2dError | None = None
        self.weight, self.bias, self.layer = parameters_opened(request, dtype, files, channels=channels)
        weight_dtype = self.weight.dtype if self.weight else drawn_dtype(self.layer, dtype)
        bias_dtype = None if self.bias is None else self.bias.dtype
        self.arithmetic: api.integer.IntegerArithmetic | None = None
        if request.integers is None:
            with what_mixes(dtype, weight_dtype, accumulates=accumulates):
                api.check_dtypes(dtype, weight=weight_dtype, bias=bias_dtype)
            if request.accuracy == "exact" and api.integer.is_integer(dtype):
                self.arithmetic = api.integer.exact_arithmetic(dtype)
        else:
            self.arithmetic = arithmetic_of(request.integers, self.layer, dtype, weight=weight_dtype, bias=bias_dtype)
        # Files of one size share a plan.
        self._decision_for = lru_cache(self._decide)

    @property
    def is_drawn(self) -> bool:
        """Whether parameters are drawn."""
        return self.weight is None

    def read(self) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Return weight and bias: read once, or drawn as torch draws them.

        Raises:
            FileError, DataError: they cannot be read; they are not tried again.
        """
        if self._values is None:
            try:
                self._values = self._read_or_drawn()
            except Conv2dError as error:
                self._values = error
        if isinstance(self._values, Conv2dError):
            raise self._values
        return self._values

    def _read_or_drawn(self) -> tuple[NDArray[Any], NDArray[Any] | None]:
        bias = None if self.bias is None else self.bias.read()
        if self.weight is not None:
            return self.weight.read(), bias
        weight, drawn_bias = api.init_parameters(self.layer, self._request.seed, dtype=self._dtype)
        return weight, drawn_bias if bias is None else bias

    @cached_property
    def parameters(self) -> AnyParameters:
        """Weight and bias as the engine takes them."""
        if self.arithmetic is not None:
            return api.integer.IntegerParameters(*self.read(), self.arithmetic)
        return api.Parameters(*self.read())

    def plan_for(self, geometry: Geometry) -> AnyPlan:
        """Return how an input is convolved.

        Raises:
            UsageError, MissingExtraError, DataError: as `decide`.
        """
        return self._decision_for(geometry).plan

    def reason_for(self, geometry: Geometry) -> str:
        """Say why so, and how the plan goes about it."""
        decision = self._decision_for(geometry)
        if isinstance(decision.plan, api.integer.IntegerPlan):
            return "; ".join(filter(None, (decision.why, decision.plan.words)))
        return words_of(decision)

    def _decide(self, geometry: Geometry) -> Decision:
        request, mode = self._request, self.layer.padding_mode
        if self.arithmetic is not None:
            check_not_of_the_cpu(request.device, of_the_cpu(None, None, accumulates=True))
            plan = api.integer.integer_plan(
                self.arithmetic, geometry, mode, algorithm=request.algorithm, threads=request.threads
            )
            return Decision(plan, "" if request.engine == OURS else "numpy alone has integer arithmetic")
        how = (request.accuracy, request.algorithm, api.threads_for(request.threads), request.flush_subnormals)
        wanted = Wanted(geometry, mode, self._dtype, *how, is_prepared=True, device=request.device)
        return decide(wanted, request.engine, Uses(self._inputs, request.memory_limit), option="--engine ")

    @cached_property
    def fingerprint(self) -> str:
        """What stands for all that decides an output, but for its input."""
        return fingerprint(self._deciding(), *self.read())

    def _deciding(self) -> tuple[object, ...]:
        """Return all that decides the bits of an output besides the input and the values of the parameters."""
        request, reading = self._request, self._request.input_reading
        return (
            (__version__, np.__version__),
            *self.layer.model_dump().values(),
            self._dtype,
            (request.accuracy, request.flush_subnormals, request.algorithm, api.threads_for(request.threads)),
            (request.engine, version_of(request.engine), described(request.device)),
            (api.blas_name(), api.costs_in_use()),
            # A set has no order of its own.
            (reading._replace(casts=frozenset()), sorted(reading.casts)),
            request.output_layout,
            self.arithmetic,
        )


class SharedLayer:
    """The layer of a request, for whichever file comes; one thread at a time asks."""

    def __init__(self, request: Request, *, accumulates: bool = True, inputs: int = 1) -> None:
        """Open nothing yet; the request has been checked.

        `accumulates` says that the command has an accumulator, `inputs` how many files there are.
        """
        self._request, self._accumulates, self._inputs = request, accumulates, inputs
        self._stdin: Rereadable | None = None
        self._files = ExitStack()
        # Parameters that cannot be opened are not tried again for every file.
        self._opened = cache(self._opened_or_fault)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the files of the parameters."""
        self._files.close()

    def check(self) -> None:
        """Check what can be checked without any file, so that a fault is told once.

        Raises:
            UsageError, FileError, DataError: the layer or its parameters are bad.
        """
        request = self._request
        if request.stdin is not None and any(map(is_stream, filter(None, (request.weight, request.bias)))):
            # Files of several types have their parameters from its start each.
            self._stdin = Rereadable(request.stdin)
        channels = request.layer.in_channels if request.layer else 1
        with ExitStack() as files:
            parameters_opened(self._from_start(), request.dtype or "float32", files, channels=channels)

    def opened(self, dtype: str, channels: int) -> OpenedLayer:
        """Return the layer for inputs of a type with this number of channels.

        Raises:
            UsageError, FileError, DataError: the layer or its parameters are bad.
        """
        opened = self._opened(dtype, channels if self._request.per_channel else 1)
        if isinstance(opened, Conv2dError):
            raise opened
        return opened

    def _opened_or_fault(self, dtype: str, channels: int) -> OpenedLayer | Conv2dError:
        try:
            opening = (self._from_start(), dtype, channels, self._files)
            return OpenedLayer(*opening, accumulates=self._accumulates, inputs=self._inputs)
        except Conv2dError as error:
            return error

    def _from_start(self) -> Request:
        return self._request if self._stdin is None else self._request._replace(stdin=self._stdin.from_start())


def fingerprint(words: tuple[object, ...], *arrays: NDArray[Any] | None) -> str:
    """Return a short text that differs where any word or any bit of the arrays does."""
    digest = blake2b(repr(words).encode(), digest_size=16)
    for array in arrays:
        digest.update(b"none" if array is None else f"{array.dtype} {array.shape}".encode())
        if array is not None:
            digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
