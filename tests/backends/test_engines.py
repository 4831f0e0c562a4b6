"""Other engines on arrays: layers of every kind against the references, and what they share with ours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import numpy as np
import pytest
from engine_layers import check, drawn_case
from engines_here import OTHERS, WITH_OTHERS
from wide_reference import wide_conv2d

from conv2d_cli import Conv2d, conv2d, prepare
from conv2d_cli.backends import api, execution, functional
from conv2d_cli.backends.base import Wanted
from conv2d_cli.backends.registry import backend_of
from conv2d_cli.engine.planning import tiling
from conv2d_cli.errors import UsageError
from conv2d_cli.layer.forward import geometry_of

Array = np.ndarray[Any, Any]
LAYERS = 60
NONE_HAS = ("int8", "uint8", "int16", "int32", "int64", "uint16", "uint32", "uint64", "complex64", "complex128")


@WITH_OTHERS
def test_layers_are_those_of_the_references(engine: str) -> None:
    random = Random(1)
    for seed in range(LAYERS):
        check(drawn_case(random, engine), engine, seed)


def wanted(dtype: str = "float32", padding_mode: Any = "zeros", padding: Any = 1, **how: Any) -> Wanted:
    layer = Conv2d(4, 6, 3, padding=padding, padding_mode=padding_mode)
    return Wanted(geometry_of(layer, (2, 4, 9, 8)), padding_mode, dtype, **how)


@pytest.mark.parametrize("engine", OTHERS)
@pytest.mark.parametrize("dtype", NONE_HAS)
def test_whole_and_complex_numbers_are_for_numpy(engine: str, dtype: str) -> None:
    assert backend_of(engine).lacks(wanted(dtype)) == dtype


@WITH_OTHERS
@pytest.mark.parametrize("dtype", NONE_HAS)
def test_what_an_engine_lacks_numpy_computes_and_the_decision_says_so(engine: Any, dtype: str) -> None:
    decision = api.decide(wanted(dtype), engine)
    assert decision.plan.engine == "numpy"
    assert decision.why == f"{engine} does not compute {dtype}"
    x, weight = np.ones((1, 2, 5, 5), dtype), np.ones((3, 2, 2, 2), dtype)
    assert conv2d(x, weight, engine=engine).tobytes() == conv2d(x, weight).tobytes()


NOT_FINITE = (np.nan, np.inf, -np.inf)
LAYERS_OF_NOT_FINITE: tuple[dict[str, Any], ...] = (
    {"in_channels": 5, "out_channels": 4, "kernel_size": 3, "padding": 1},
    {"in_channels": 16, "out_channels": 32, "kernel_size": 3, "padding": 1},
    {"in_channels": 6, "out_channels": 6, "kernel_size": (3, 2), "groups": 6, "padding": 2},
    {"in_channels": 32, "out_channels": 32, "kernel_size": 1, "stride": 2},
    {"in_channels": 4, "out_channels": 8, "kernel_size": 3, "groups": 2, "dilation": 2, "padding": 2},
    {"in_channels": 3, "out_channels": 16, "kernel_size": 5, "padding": 2, "padding_mode": "reflect"},
)


@WITH_OTHERS
@pytest.mark.parametrize("place", ["x", "weight", "bias"])
@pytest.mark.parametrize("value", NOT_FINITE)
def test_away_from_padding_they_land_where_ieee_puts_them(engine: Any, place: str, value: float) -> None:
    for number, arguments in enumerate(LAYERS_OF_NOT_FINITE):
        layer, random, threads = Conv2d(**arguments), np.random.default_rng(number), 1 + number % 2
        geometry = geometry_of(layer, (2, layer.in_channels, 12, 11))
        shapes = {"x": geometry.batched_input_shape, "weight": geometry.weight_shape, "bias": (layer.out_channels,)}
        arrays = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
        # Zeros that an infinity meets make NaN.
        arrays["x"].reshape(-1)[::5] = 0
        arrays["weight"].reshape(-1)[::7] = 0
        spot = arrays[place].reshape(-1)
        spot[random.integers(spot.size, size=2)] = value
        height, width = geometry.height, geometry.width
        sides = ((height.before, height.after), (width.before, width.after))
        how: dict[str, Any] = {"stride": layer.stride, "dilation": layer.dilation, "groups": layer.groups}
        how["padding_mode"] = layer.padding_mode
        with np.errstate(all="ignore"):
            right, _ = wide_conv2d(arrays["x"], arrays["weight"], arrays["bias"], sides=sides, **how)
        how |= {"padding": layer.padding, "engine": engine, "threads": threads}
        out = conv2d(arrays["x"], arrays["weight"], arrays["bias"], **how)
        # A one for each tap of padding.
        ones = np.pad(np.zeros((1, 1, height.size, width.size)), ((0, 0), (0, 0), *sides), constant_values=1)
        taps = conv2d(ones, np.ones((1, 1, *layer.kernel_size)), stride=layer.stride, dilation=layer.dilation)
        inner = np.broadcast_to(taps == 0, out.shape) if layer.padding_mode == "zeros" else np.ones(out.shape, bool)
        assert inner.any()
        ours, theirs = (np.where(np.isfinite(a), 0, a.astype(np.float64))[inner] for a in (out, right))
        assert np.array_equal(ours, theirs, equal_nan=True), arguments


@WITH_OTHERS
def test_threads_share_a_prepared_layer(engine: Any) -> None:
    random = np.random.default_rng(0)
    weight, bias = random.standard_normal((12, 8, 3, 3)).astype("f4"), random.standard_normal(12).astype("f4")
    convolve = prepare(Conv2d(8, 12, 3, padding=1, padding_mode="circular"), weight, bias, engine=engine, threads=1)
    images = [random.standard_normal((1, 8, 9 + number % 3, 10)).astype("f4") for number in range(48)]
    alone = [convolve(image).tobytes() for image in images]
    again = prepare(Conv2d(8, 12, 3, padding=1, padding_mode="circular"), weight, bias, engine=engine, threads=1)
    with ThreadPoolExecutor(8) as pool:
        together = [array.tobytes() for array in pool.map(again, images)]
    assert together == alone


WRONG_OPTIONS: tuple[tuple[dict[str, Any], str], ...] = (
    *(({"threads": number}, "threads must be 1 or more") for number in (0, -1, 1.5, "2", True)),
    ({"accuracy": "best"}, "there is no accuracy 'best'"),
    ({"accuracy": ["strict"]}, "there is no accuracy"),
    ({"algorithm": "fastest"}, "there is no algorithm 'fastest'"),
    ({"flush_subnormals": True}, "subnormal numbers are flushed in exact arithmetic"),
)


@pytest.mark.parametrize("engine", ["numpy", "auto", *OTHERS])
@pytest.mark.parametrize(("options", "words"), WRONG_OPTIONS)
def test_options_that_are_none_are_refused_alike(engine: Any, options: dict[str, Any], words: str) -> None:
    if engine in OTHERS:
        pytest.importorskip(engine)
    x, weight = np.ones((1, 2, 5, 5), "f4"), np.ones((3, 2, 2, 2), "f4")
    with pytest.raises(UsageError, match=words):
        conv2d(x, weight, engine=engine, **options)
    with pytest.raises(UsageError, match=words):
        prepare(Conv2d(2, 3, 2, bias=False), weight, engine=engine, **options)(x)


@pytest.mark.parametrize("name", ["", "Torch", None, 3, True, b"torch", ["torch"], {}, np.ones(2)])
def test_what_is_no_name_of_an_engine_is_refused(name: Any) -> None:
    with pytest.raises(UsageError, match="no such engine"):
        conv2d(np.ones((1, 2, 5, 5)), np.ones((3, 2, 2, 2)), engine=name)


@WITH_OTHERS
def test_no_more_threads_are_started_than_a_system_may_have(engine: Any) -> None:
    asked = wanted(threads=10**9)
    assert backend_of(engine).plan(asked).threads_used == 1024
    assert backend_of(engine).plan(asked._replace(threads=3)).threads_used == 3


def test_pytorch_has_its_number_of_threads_again() -> None:
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    for threads in (before + 1, before + 2, None):
        conv2d(np.ones((1, 2, 5, 5), "f4"), np.ones((3, 2, 2, 2), "f4"), engine="torch", threads=threads)
        assert torch.get_num_threads() == before


@WITH_OTHERS
def test_a_prepared_layer_sees_no_change_of_its_arrays(engine: Any) -> None:
    weight, bias = np.ones((2, 1, 1, 1), np.float32), np.zeros(2, np.float32)
    convolve = prepare(Conv2d(1, 2, 1), weight, bias, engine=engine)
    weight[:], bias[:] = 7, 7
    assert convolve(np.ones((1, 1, 2, 2), np.float32)).max() == 1


@WITH_OTHERS
@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
def test_an_image_in_tiles_is_the_whole(engine: Any, mode: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    x = random.integers(-4, 5, (2, 3, 33, 31)).astype("f4")
    weight, bias = random.integers(-4, 5, (4, 3, 3, 2)).astype("f4"), random.integers(-4, 5, 4).astype("f4")
    layer = Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(2, 1, 0, 3), padding_mode=mode)
    whole = prepare(layer, weight, bias, engine=engine)(x)
    monkeypatch.setattr(tiling, "_WHOLE_BYTES", 2000)
    monkeypatch.setattr(tiling, "_TILE_BYTES", 1500)
    functional._execution_of.cache_clear()
    execution.execution_by.cache_clear()
    plan = backend_of(engine).plan(Wanted(geometry_of(layer, x.shape), mode))
    assert plan.tiling is not None
    output = plan.geometry.height.output, plan.geometry.width.output
    # The last tiles have fewer rows and fewer columns.
    assert all(size % part for size, part in zip(output, plan.tiling, strict=True)), plan.tiling
    assert plan.tile_bytes > 0
    assert prepare(layer, weight, bias, engine=engine)(x).tobytes() == whole.tobytes()
    functional._execution_of.cache_clear()
    execution.execution_by.cache_clear()


@WITH_OTHERS
@pytest.mark.parametrize("is_prepared", [True, False])
@pytest.mark.parametrize(("padding", "mode"), [(1, "zeros"), ((0, 1, 2, 3), "zeros"), ((1, 2), "reflect")])
def test_its_own_call_gives_what_ours_gives(engine: Any, is_prepared: bool, padding: Any, mode: Any) -> None:
    random = np.random.default_rng(3)
    one = wanted(padding=padding, padding_mode=mode, is_prepared=is_prepared, threads=1)
    x, weight = (random.standard_normal(shape).astype("f4") for shape in ((2, 4, 9, 8), one.geometry.weight_shape))
    call = api.own_call(one, engine, x, weight, None)
    layer = Conv2d(4, 6, 3, padding=padding, padding_mode=mode, bias=False)
    ours = (
        prepare(layer, weight, engine=engine, threads=1)(x)
        if is_prepared
        else conv2d(x, weight, padding=padding, padding_mode=mode, engine=engine, threads=1)
    )
    assert np.asarray(call()).tobytes() == ours.tobytes()


@WITH_OTHERS
def test_there_is_no_own_call_for_what_it_lacks(engine: str) -> None:
    array = np.ones((2, 4, 9, 8), "i4")
    with pytest.raises(UsageError, match=f"{engine} does not compute int32"):
        api.own_call(wanted("int32"), engine, array, array, None)


@WITH_OTHERS
def test_an_empty_batch_has_an_empty_output(engine: Any) -> None:
    out = conv2d(np.ones((0, 2, 5, 5), "f4"), np.ones((3, 2, 2, 2), "f4"), padding_mode="circular", engine=engine)
    assert (out.shape, out.dtype) == ((0, 3, 4, 4), np.float32)


@WITH_OTHERS
def test_a_plan_of_more_images_takes_more(engine: str) -> None:
    plan = backend_of(engine).plan(wanted(padding_mode="reflect", threads=1))
    more = plan.for_images(20)
    assert more.geometry.batch == 20
    assert (more.input_bytes, more.output_bytes) == (10 * plan.input_bytes, 10 * plan.output_bytes)
    assert more.weight_bytes == plan.weight_bytes == (6 * 4 * 9 + 6) * 4
    assert more.scratch_bytes > plan.scratch_bytes > 0
    assert backend_of(engine).nanoseconds(more) > backend_of(engine).nanoseconds(plan) > 0
    assert "reflect padding" in backend_of(engine).words(plan)
