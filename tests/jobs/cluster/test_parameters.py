"""What workers read of parameters is told from what the client reads, whichever file it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from conv2d_cli.errors import DataError
from conv2d_cli.jobs.cluster.parameters import check_digest, digest_of_files, digest_of_layer
from conv2d_cli.jobs.run.integers import IntegerOptions, Scales
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.jobs.run.shared_layer import SharedLayer
from conv2d_cli.layer.model import Conv2d

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FILES: dict[str, NDArray[Any]] = {
    "weight.npy": np.ones((2, 3, 3, 3), np.int8),
    "bias.npy": np.ones(2, np.int32),
    "zero.npy": np.ones(2, np.int32),
    "scale.npy": np.ones(2),
}


@pytest.fixture
def request_(tmp_path: Path) -> Request:
    for name, values in FILES.items():
        np.save(tmp_path / name, values)
    weight, bias, zero, scale = (str(tmp_path / name) for name in FILES)
    integers = IntegerOptions(weight_zero_point=zero, scales=Scales(0.5, scale, 2.0))
    return Request("x.npy", None, {}, weight=weight, bias=bias, integers=integers, threads=1)


def of_layer(request: Request) -> str:
    with SharedLayer(request) as shared:
        return digest_of_layer(shared.opened("int8", 3))


@pytest.mark.parametrize("name", FILES)
def test_one_other_value_in_any_file_is_another_digest(tmp_path: Path, request_: Request, name: str) -> None:
    before = digest_of_files(request_), of_layer(request_)
    assert (digest_of_files(request_), of_layer(request_)) == before
    values = FILES[name].copy()
    values.flat[-1] += 1
    np.save(tmp_path / name, values)
    for old, new in zip(before, (digest_of_files(request_), of_layer(request_)), strict=True):
        with pytest.raises(DataError, match=rf"{name}.* holds other values here"):
            check_digest(request_, new, old)


def test_drawn_parameters_depend_on_the_seed_and_typed_ones_on_what_is_typed() -> None:
    drawn = Request("x.npy", Conv2d(3, 2, 3), {}, threads=1)
    typed = Request("x.npy", None, {}, weight="[[1, 2], [3, 4]]", threads=1)
    assert digest_of_files(drawn) == digest_of_files(drawn)
    with SharedLayer(drawn) as one, SharedLayer(drawn._replace(seed=1)) as other:
        assert digest_of_layer(one.opened("float32", 3)) != digest_of_layer(other.opened("float32", 3))
    assert digest_of_files(typed) != digest_of_files(typed._replace(weight="[[1, 2], [3, 5]]"))
