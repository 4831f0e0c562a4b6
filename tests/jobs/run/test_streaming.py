"""The same bytes by file, by pipe, in a folder, in chunks and in tiles."""

from __future__ import annotations

import errno
import io
from pathlib import Path
from random import Random
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import zarr
from engines_here import WITH_OTHERS
from random_layers import draw_valid

from conv2d_cli import analyze
from conv2d_cli.backends import functional
from conv2d_cli.backends.api import Wanted, conv2d, prepare
from conv2d_cli.backends.registry import backend_of
from conv2d_cli.engine import api, executor
from conv2d_cli.engine.planning import tiling
from conv2d_cli.errors import FileError
from conv2d_cli.jobs.run import background, streaming
from conv2d_cli.jobs.run.convolution import convolution_of
from conv2d_cli.jobs.run.many_files import run_many
from conv2d_cli.jobs.run.memory import Machine
from conv2d_cli.jobs.run.one_file import run_one
from conv2d_cli.jobs.run.pipeline import Listener
from conv2d_cli.jobs.run.request import Request
from conv2d_cli.jobs.run.streaming import convolve_chunks
from conv2d_cli.layer.forward import geometry_of
from conv2d_cli.layer.model import layer_from
from conv2d_cli.tensors import placed
from conv2d_cli.tensors.layout import NCHW, NHWC, WEIGHT_LAYOUTS
from conv2d_cli.tensors.reading import Described, Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conv2d_cli.layer.model import Conv2d

Array = np.ndarray[Any, Any]
MACHINE = Machine(0, None)
QUIET = Listener(
    failed=lambda path, error: pytest.fail(f"{path}: {error}"), advance=lambda _: None, total=lambda _: None
)
DTYPES = ("float32", "float64", "int8")


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Cut so that images of some hundred elements are tiled, and others come one at a time."""
    monkeypatch.setattr(tiling, "_WHOLE_BYTES", 2000)
    monkeypatch.setattr(tiling, "_TILE_BYTES", 1500)
    monkeypatch.setattr(streaming, "_CHUNK_BYTES", 3000)
    forget_plans()
    yield
    forget_plans()


def forget_plans() -> None:
    """Make every plan anew: tiles have another size."""
    functional._execution_of.cache_clear()
    executor.execution_of.cache_clear()
    executor.tile_execution.cache_clear()


def written(path: Path) -> bytes:
    content = path.read_bytes()
    path.unlink()
    return content


def by_every_way(
    folder: Path, layer: Conv2d, x: Array, weight: Array, bias: Array | None, engine: str = "numpy"
) -> dict[str, bytes]:
    """Return what each way writes, all of them `.npy` in the end."""
    np.save(folder / "x.npy", x)
    np.save(folder / "w.npy", weight)
    request = Request(
        input=str(folder / "x.npy"),
        layer=layer,
        arguments={},
        weight=str(folder / "w.npy"),
        output=str(folder / "y.npy"),
        engine=engine,
        threads=1,
    )
    if bias is not None:
        np.save(folder / "b.npy", bias)
        request = request._replace(bias=str(folder / "b.npy"))

    def go(**changed: Any) -> None:
        run_one(request._replace(**changed), MACHINE, summarize=True, announce=lambda _: None)

    go()
    ways = {"file": written(folder / "y.npy")}
    stdout = io.BytesIO()
    go(input="-", output="-", stdin=io.BytesIO((folder / "x.npy").read_bytes()), stdout=stdout)
    ways["pipe"] = stdout.getvalue()
    go(output=str(folder / "y.npz"))
    with np.load(folder / "y.npz") as archive:
        np.save(folder / "y.npy", archive["output"])
    (folder / "y.npz").unlink()
    ways["archive"] = written(folder / "y.npy")
    np.save(folder / "x.npy", np.asfortranarray(x))
    go()
    ways["fortran order"] = written(folder / "y.npy")
    zarr.create_array(folder / "x.zarr", data=x, chunks=tuple(-(-size // 2) or 1 for size in x.shape), overwrite=True)
    go(input=str(folder / "x.zarr"), output=str(folder / "y.zarr"), force=True)
    np.save(folder / "y.npy", np.asarray(zarr.open_array(folder / "y.zarr", mode="r")[...]))
    ways["store"] = written(folder / "y.npy")
    many = folder / "many"
    many.mkdir(exist_ok=True)
    np.save(many / "x.npy", x)
    many_files = request._replace(input=str(many), output=str(folder / "out"), force=True)
    run_many(many_files, MACHINE, resume=False, tell=QUIET)
    ways["folder"] = written(folder / "out" / "x.npy")
    return ways


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("seed", range(36))
def test_every_way_writes_the_same_bytes(tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every other time chunks are read ahead and written behind.
    monkeypatch.setattr(background, "_SLOW", seed % 2 * 1e9)
    random, generator = Random(seed), np.random.default_rng(seed)
    for dtype in DTYPES:
        case = draw_valid(random)
        layer = layer_from(case.arguments)
        shape = case.input_shape
        weight_shape = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
        shapes = (shape, weight_shape, (layer.out_channels,))
        x, weight, bias = (generator.integers(-9, 9, one).astype(dtype) for one in shapes)
        if dtype != "int8":
            x, weight = (one + generator.random(one.shape).astype(dtype) for one in (x, weight))
        ways = by_every_way(tmp_path, layer, x, weight, bias if layer.bias else None)
        whole = conv2d(
            x,
            weight,
            bias if layer.bias else None,
            layer.stride,
            layer.padding,
            layer.dilation,
            layer.groups,
            padding_mode=layer.padding_mode,
            threads=1,
        )
        np.testing.assert_array_equal(np.load(io.BytesIO(ways["file"])), whole)
        assert {name for name, content in ways.items() if content != ways["file"]} == set(), (dtype, layer, shape)


@WITH_OTHERS
@pytest.mark.usefixtures("small_tiles")
def test_by_another_engine_too_every_way_writes_the_same_bytes(tmp_path: Path, engine: Any) -> None:
    random, generator, tiled = Random(3), np.random.default_rng(3), 0
    for number in range(24):
        layer = layer_from(draw_valid(random).arguments)
        images, (height, width) = 1 + number % 3, (layer.kernel_size[0] * 3 + 9, layer.kernel_size[1] * 3 + 8)
        shapes: list[tuple[int, ...]] = [(images, layer.in_channels, height, width), analyze(layer).weight_shape]
        x, weight = (generator.standard_normal(shape).astype("f4") for shape in shapes)
        bias = generator.standard_normal(layer.out_channels).astype("f4") if layer.bias else None
        ways = by_every_way(tmp_path, layer, x, weight, bias, engine)
        assert {name for name, content in ways.items() if content != ways["file"]} == set(), (layer, x.shape)
        plan = backend_of(engine).plan(Wanted(geometry_of(layer, x.shape), layer.padding_mode))
        tiled += plan.tiling is not None
        # A plan in tiles is the same for every batch.
        if images == 1 or plan.tiling is not None:
            whole = prepare(layer, weight, bias, engine=engine, threads=1)(x)
            assert np.load(io.BytesIO(ways["file"])).tobytes() == whole.tobytes(), (layer, x.shape)
    assert tiled > 3


def by_every_layout(folder: Path, layer: Conv2d, x: Array, weight: Array, layout: str) -> dict[str, Array]:
    """Return what comes of files with the channels last and a weight in some order, each way, in our order again."""
    last = np.ascontiguousarray(np.moveaxis(x, -3, -1))
    np.save(folder / "x.npy", last)
    last.tofile(folder / "x.bin")
    np.savez_compressed(folder / "x.npz", x=last)
    zarr.create_array(
        folder / "x.zarr", data=last, chunks=tuple(-(-size // 2) or 1 for size in last.shape), overwrite=True
    )
    order = WEIGHT_LAYOUTS[layout].back(4)
    np.save(folder / "w.npy", np.asfortranarray(weight.transpose(order)))
    raw = Described(last.shape, x.dtype.name)
    request = Request(
        input=str(folder / "x.npy"),
        layer=layer,
        arguments={},
        weight=str(folder / "w.npy"),
        input_reading=Reading(layout=NHWC),
        weight_reading=Reading(layout=WEIGHT_LAYOUTS[layout]),
        output_layout=NHWC,
        output=str(folder / "y.npy"),
        threads=1,
        force=True,
    )

    def went(**changed: Any) -> Array:
        one = request._replace(**changed)
        run_one(one, MACHINE, summarize=True, announce=lambda _: None)
        output = Path(str(one.output))
        if output.suffix == ".bin":
            shape = np.load(folder / "y.npy").shape
            return np.moveaxis(np.fromfile(output, x.dtype).reshape(shape), -1, -3)
        if output.suffix == ".zarr":
            return np.moveaxis(np.asarray(zarr.open_array(output, mode="r")[...]), -1, -3)
        found = np.load(output)
        return np.moveaxis(found["output"] if output.suffix == ".npz" else found, -1, -3)

    ways = {"file": went()}
    ways["archive"] = went(input=str(folder / "x.npz"), output=str(folder / "y.npz"))
    ways["store"] = went(input=str(folder / "x.zarr"), output=str(folder / "y.zarr"))
    reading = request.input_reading._replace(described=raw)
    ways["raw"] = went(input=str(folder / "x.bin"), input_reading=reading, output=str(folder / "y.bin"))
    stdout = io.BytesIO()
    piped = request._replace(input="-", output="-", stdin=io.BytesIO((folder / "x.npy").read_bytes()), stdout=stdout)
    run_one(piped, MACHINE, summarize=True, announce=lambda _: None)
    ways["pipe"] = np.moveaxis(np.load(io.BytesIO(stdout.getvalue())), -1, -3)
    (folder / "many").mkdir(exist_ok=True)
    np.save(folder / "many" / "x.npy", last)
    many_files = request._replace(input=str(folder / "many"), output=str(folder / "out"))
    run_many(many_files, MACHINE, resume=False, tell=QUIET)
    ways["folder"] = np.moveaxis(np.load(folder / "out" / "x.npy"), -1, -3)
    run_one(request._replace(output_layout=NCHW), MACHINE, summarize=True, announce=lambda _: None)
    ways["to our order"] = np.load(folder / "y.npy")
    return ways


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_axes_in_files_changes_no_bit(tmp_path: Path, seed: int) -> None:
    random, generator = Random(seed), np.random.default_rng(seed)
    for dtype in DTYPES:
        case = draw_valid(random)
        layer = layer_from(case.arguments | {"bias": False})
        weight_shape = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
        x, weight = (generator.integers(-9, 9, one).astype(dtype) for one in (case.input_shape, weight_shape))
        if dtype != "int8":
            x, weight = (one + generator.random(one.shape).astype(dtype) for one in (x, weight))
        right = conv2d(x, weight, None, *arguments_of(layer), padding_mode=layer.padding_mode, threads=1)
        for way, found in by_every_layout(tmp_path, layer, x, weight, random.choice([*WEIGHT_LAYOUTS])).items():
            np.testing.assert_array_equal(found, right, f"{way}, {dtype}, {layer}, {case.input_shape}")


def arguments_of(layer: Conv2d) -> tuple[Any, ...]:
    return layer.stride, layer.padding, layer.dilation, layer.groups


@pytest.mark.usefixtures("small_tiles")
def test_figures_of_chunks_are_those_of_the_whole(tmp_path: Path) -> None:
    x = np.random.default_rng(0).standard_normal((3, 2, 40, 30)).astype("f4")
    np.save(tmp_path / "x.npy", x)
    layer = layer_from({"in_channels": 2, "out_channels": 3, "kernel_size": 3, "padding": 1, "bias": False})
    weight = np.random.default_rng(1).standard_normal((3, 2, 3, 3)).astype("f4")
    np.save(tmp_path / "w.npy", weight)
    request = Request(str(tmp_path / "x.npy"), layer, {}, weight=str(tmp_path / "w.npy"), threads=1)
    done: list[int] = []
    report = run_one(request, MACHINE, summarize=True, announce=lambda _: None, advance=done.append)
    first = report.first_values
    y = conv2d(x, weight, None, 1, 1, threads=1)
    assert (report.min, report.max) == (y.min(), y.max())
    assert report.mean == pytest.approx(float(y.mean(dtype=np.float64)))
    assert len(first) > 3
    assert list(first) == y.reshape(-1)[: len(first)].tolist()
    assert len(done) > 3
    assert sum(done) == y.size


def test_an_empty_batch_is_a_chunk_too(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.empty((0, 2, 5, 5), np.float32))
    layer = layer_from({"in_channels": 2, "out_channels": 3, "kernel_size": 3})
    request = Request(str(tmp_path / "x.npy"), layer, {}, output=str(tmp_path / "y.npy"))
    run_one(request, MACHINE, summarize=False, announce=lambda _: None)
    assert np.load(tmp_path / "y.npy").shape == (0, 3, 3, 3)


def test_the_next_chunk_is_read_while_the_last_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "_SLOW", 0.0)
    monkeypatch.setattr(streaming, "_CHUNK_BYTES", 1)
    x = np.random.default_rng(0).standard_normal((6, 2, 5, 5)).astype("f4")
    weight, out = np.ones((3, 2, 3, 3), np.float32), np.zeros((6, 3, 3, 3), np.float32)
    begun = [Event() for _ in x]

    class Images:
        def image(self, *_: Any, **__: Any) -> Array:
            raise AssertionError

        def read_images(self, first: int, count: int) -> Array:
            begun[first].set()
            return x[first : first + count]

    class Output:
        remarks = ()

        def write(self, first: int, images: Array) -> None:
            assert first in {0, 5} or begun[first + 1].wait(10)
            out[first : first + len(images)] = images

        def write_tile(self, *_: Any, **__: Any) -> None:
            raise AssertionError

    layer = layer_from({"in_channels": 2, "out_channels": 3, "kernel_size": 3})
    plan = api.plan(geometry_of(layer, x.shape), threads=1)
    convolution = convolution_of(plan, api.Parameters(weight, None))
    convolve_chunks(plan, Images(), convolution, Output(), ahead=True, behind=True)
    np.testing.assert_array_equal(out, conv2d(x, weight, threads=1))


def test_what_goes_wrong_behind_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(background, "_SLOW", 0.0)
    monkeypatch.setattr(streaming, "_CHUNK_BYTES", 1)
    np.save(tmp_path / "x.npy", np.zeros((6, 2, 5, 5), "f4"))
    layer = layer_from({"in_channels": 2, "out_channels": 3, "kernel_size": 3})
    request = Request(str(tmp_path / "x.npy"), layer, {}, output=str(tmp_path / "y.npy"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(placed, "write_at", full)
    with pytest.raises(FileError, match="No space left on device"):
        run_one(request, MACHINE, summarize=False, announce=lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]
