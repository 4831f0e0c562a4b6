"""Files as people have them, through the command: each case went wrong once, and stands with its neighbours."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from forked import conv2d
from terminal import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from terminal import Done

KERNEL = "[[1]]"
THREE = "[[[[1]],[[1]],[[1]]]]"


def run(folder: Path, *arguments: str) -> Done:
    return conv2d("run", *arguments, folder=folder)


def values(folder: Path, *arguments: str) -> list[str]:
    done = run(folder, *arguments)
    assert done.code == 0, done.err
    return done.out.split()


def refused(folder: Path, *arguments: str, code: int = 3) -> tuple[str, str]:
    """Return the error and the hint of a run that is refused."""
    done = run(folder, *arguments)
    assert (done.code, done.out) == (code, ""), done.err
    error, hint = (line for line in done.err.splitlines() if not line.startswith("note: "))
    return error.removeprefix("error: "), hint.removeprefix("hint: ")


def bfloat16_bytes(array: np.ndarray[Any, Any], order: str) -> bytes:
    return (array.astype(np.float32).view(np.uint32) >> 16).astype(f"{order}u2").tobytes()


@pytest.mark.parametrize(("prefix", "order"), [("", "<"), ("<", "<"), (">", ">")])
@pytest.mark.parametrize("target", ["float32", "float64", "bfloat16", "float16"])
def test_raw_bfloat16(tmp_path: Path, prefix: str, order: str, target: str) -> None:
    (tmp_path / "b.bin").write_bytes(bfloat16_bytes(np.arange(192) / 64, order))
    described = ("--input-shape", "1,3,8,8", "--input-dtype", f"{prefix}bfloat16")
    got = values(tmp_path, "b.bin", *described, "--dtype", target, "--weight", THREE, "--get", "min,max")
    # 5.953125 lies between two of bfloat16.
    assert got == ["3.0", "5.9375" if target == "bfloat16" else "5.953125"]


@pytest.mark.parametrize("dtype", ["i2", "i4", "i8", "u2", "u4", "f4", "f8", "f2"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_byte_orders_of_raw_files(tmp_path: Path, dtype: str, order: str) -> None:
    elements = np.arange(1, 37).astype(f"{order}{dtype}").tobytes()
    (tmp_path / "x.bin").write_bytes(elements)
    (tmp_path / "y.bin").write_bytes(b"7 bytes" + elements)
    described = ("--input-shape", "1,1,6,6", "--input-dtype", f"{order}{dtype}", "--weight", KERNEL, "--get", "min,max")
    for got in (values(tmp_path, "x.bin", *described), values(tmp_path, "y.bin", *described, "--input-offset", "7")):
        assert [float(value) for value in got] == [1, 36]


def test_raw_weights_and_biases(tmp_path: Path) -> None:
    weight = np.arange(-8, 8, dtype=np.int8).reshape(2, 2, 2, 2)
    bias, x = np.array([5, -7], np.int8), np.arange(32, dtype=np.int8).reshape(1, 2, 4, 4)
    for name, array in (("x", x), ("w", weight), ("b", bias)):
        np.save(tmp_path / f"{name}.npy", array)
    (tmp_path / "w.bin").write_bytes(weight.tobytes())
    (tmp_path / "b.bin").write_bytes(bias.tobytes())
    (tmp_path / "b4.bin").write_bytes(bias.astype(">i4").tobytes())
    raw = ("--weight", "w.bin", "--weight-shape", "2,2,2,2", "--weight-dtype", "int8")
    right = values(tmp_path, "x.npy", "--weight", "w.npy", "--bias", "b.npy", "--get", "min,max,mean,first_values")
    keys = ("--get", "min,max,mean,first_values")
    assert values(tmp_path, "x.npy", *raw, "--bias", "b.bin", *keys) == right
    assert values(tmp_path, "x.npy", "--weight", "w.npy", "--bias", "b.bin", *keys) == right
    big = ("--bias", "b4.bin", "--bias-dtype", ">i4", "--dtype", "int8")
    assert values(tmp_path, "x.npy", *raw, *big, *keys) == right
    assert refused(tmp_path, "x.npy", *raw, "--bias", "b4.bin") == (
        "b4.bin: 2 int8 is 2 bytes, the file has 8",
        "another element type, or the whole file",
    )
    assert refused(tmp_path, "x.npy", "--weight", "w.bin", "--weight-shape", "2,2,2,2", code=2)[1] == (
        "--weight-dtype float32"
    )
    short = ("--weight", "w.bin", "--weight-shape", "2,2,3,3", "--weight-dtype", "int8")
    assert refused(tmp_path, "x.npy", *short)[0] == "w.bin: 2x2x3x3 int8 is 36 bytes, the file has 16"


def test_sizes_of_raw_files_are_told_in_their_own_words(tmp_path: Path) -> None:
    np.zeros(192, np.float32).tofile(tmp_path / "x.bin")
    told = ("--input-dtype", "float32", "x.bin", "3", "8", "3")
    assert refused(tmp_path, "--input-shape", "1,3,9,9", *told) == (
        "x.bin: 1x3x9x9 float32 is 972 bytes, the file has 768",
        "--input-shape 1,3,8,8",
    )
    assert refused(tmp_path, "--input-shape", "1,3,7,9", *told)[1] == "--input-shape 1,3,8,8"
    assert refused(tmp_path, "--input-shape", "1,3,8,7", *told)[1] == "--input-shape 1,3,8,8"
    assert refused(tmp_path, "--input-shape", "1,5,6,6", *told)[1] == (
        "--input-offset 48, if these bytes stand before the elements"
    )
    assert refused(tmp_path, "--input-shape", "1,3,8,8", "--input-offset", "8", *told) == (
        "x.bin: 1x3x8x8 float32 is 768 bytes, the file has 760 behind the first 8",
        "leave --input-offset out",
    )


def test_raw_files_of_any_name(tmp_path: Path) -> None:
    for name in ("frame.yuv", "frame", "frame.raw"):
        np.arange(36, dtype=np.uint8).tofile(tmp_path / name)
        said = ("--input-shape", "1,6,6", "--input-dtype", "u1", "--weight", KERNEL, "--get", "max")
        assert values(tmp_path, name, *said) == ["35"]
    content = (tmp_path / "frame").read_bytes()
    assert conv2d("run", "-", *said, stdin=content, folder=tmp_path).out == "35\n"


def test_a_raw_pipe_that_ends_early(tmp_path: Path) -> None:
    command = [*PROGRAM, *("run", "bin:-", "3", "8", "3", "--input-shape", "1,3,9,9", "--input-dtype", "f4", "-q")]
    done = subprocess.run(command, input=bytes(768), capture_output=True, check=False, cwd=tmp_path, timeout=60)
    assert (done.returncode, done.stdout) == (3, b"")
    assert done.stderr.decode().splitlines() == [
        "error: bin:-: 1x3x9x9 float32 is 972 bytes, but 768 follow",
        "hint: another --input-shape or --input-dtype",
    ]


def test_what_a_cast_loses_is_refused_and_done_as_it_is_asked_for(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.full((1, 1, 4, 4), 200, np.uint8))
    np.save(tmp_path / "w.npy", np.ones((1, 1, 1, 1), np.float32))
    to_int8 = ("x.npy", "--weight", KERNEL, "--dtype", "int8", "--get", "min")
    assert refused(tmp_path, *to_int8) == (
        "x.npy: 200 at [0, 0, 0, 0] does not fit int8, which holds -128 to 127",
        "--cast saturate or wrap",
    )
    assert values(tmp_path, *to_int8, "--cast", "saturate") == ["127"]
    assert values(tmp_path, *to_int8, "--cast", "wrap") == ["-56"]
    assert refused(tmp_path, "x.npy", "--weight", "w.npy")[1] == "--dtype float32 for all of them"
    assert refused(tmp_path, *to_int8, "--cast", "clip", code=2)[0] == "--cast clip: no such cast"
    both = refused(tmp_path, *to_int8, "--cast", "saturate,wrap", code=2)
    assert both[1] == "--cast saturate or wrap"


def test_a_value_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    x = np.zeros((3, 2, 5, 4), np.int16)
    x[2, 1, 3, 1] = 300
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "nhwc.npy", np.moveaxis(x, 1, -1))
    told = ("--weight", "[[[[1]],[[1]]]]", "--dtype", "int8")
    assert refused(tmp_path, "x.npy", *told)[0].startswith("x.npy: 300 at [2, 1, 3, 1] ")
    assert refused(tmp_path, "nhwc.npy", "--layout", "NHWC", *told)[0].startswith("nhwc.npy: 300 at [2, 3, 1, 1] ")


@pytest.mark.parametrize("kernel", [np.ones((3, 3)), np.array([[1, 2, 3], [4, 5, 6]])])
def test_a_kernel_of_two_axes(tmp_path: Path, kernel: np.ndarray[Any, Any]) -> None:
    x = np.random.default_rng(0).integers(-9, 9, (1, 3, 8, 8)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "gray.npy", x[:, :1])
    np.save(tmp_path / "w.npy", kernel.astype(np.float32))
    np.save(tmp_path / "whole.npy", np.tile(kernel.astype(np.float32), (3, 1, 1, 1)))
    np.save(tmp_path / "turned.npy", np.tile(kernel[::-1, ::-1].astype(np.float32), (3, 1, 1, 1)))
    keys = ("--get", "output_shape,min,max,first_values")
    typed = json.dumps(kernel.tolist())
    assert values(tmp_path, "gray.npy", "--weight", "w.npy", *keys) == values(
        tmp_path, "gray.npy", "--weight", typed, *keys
    )
    assert refused(tmp_path, "x.npy", "--weight", "w.npy")[1] == (
        "--per-channel, which convolves each channel with the one kernel"
    )
    right = values(tmp_path, "x.npy", "--weight", "whole.npy", "-g", "3", *keys)
    for one in ("w.npy", typed):
        assert values(tmp_path, "x.npy", "--weight", one, "--per-channel", *keys) == right
    turned = values(tmp_path, "x.npy", "--weight", "turned.npy", "-g", "3", *keys)
    done = run(tmp_path, "x.npy", "--weight", "w.npy", "--per-channel", "--flip", *keys)
    assert (done.out.split(), "note: true convolution" in done.err) == (turned, True)
    assert refused(tmp_path, "x.npy", "--weight", "whole.npy", "--per-channel")[1] == "leave --per-channel out"
    assert conv2d("shape", "--weight", "w.npy", "--get", "weight_shape", folder=tmp_path).out == (
        f"1 1 {kernel.shape[0]} {kernel.shape[1]}\n"
    )


@pytest.mark.parametrize("shape", [(3, 3, 3, 8), (3, 3, 3, 4), (5, 5, 5, 8), (1, 1, 3, 16)])
def test_a_weight_that_is_odd_in_our_order_has_a_note(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "w.npy", np.ones(shape, np.float32))
    np.save(tmp_path / "x.npy", np.ones((1, shape[1], 64, 64), np.float32))
    note = "note: w.npy looks like HWIO; --weight-layout HWIO reads it so\n"
    assert run(tmp_path, "x.npy", "--weight", "w.npy", "--get", "dtype").err == note
    assert conv2d("shape", "--weight", "w.npy", folder=tmp_path).err == note
    # Who gives the layer too has said it.
    layer = (str(shape[1]), str(shape[0]), f"{shape[2]}x{shape[3]}")
    assert run(tmp_path, "x.npy", *layer, "--weight", "w.npy", "--get", "dtype").err == ""


def test_weights_of_other_frameworks(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((1, 3, 8, 8), np.float32))
    np.save(tmp_path / "w.npy", np.random.default_rng(0).random((3, 3, 3, 64)).astype(np.float32))
    done = conv2d("shape", "--weight", "w.npy", "-i", "3x224x224", "--get", "output_shape", folder=tmp_path)
    assert done.err == "note: w.npy looks like HWIO; --weight-layout HWIO reads it so\n"
    read = ("--weight", "w.npy", "--weight-layout", "HWIO", "--get", "output_shape")
    done = conv2d("shape", *read, "-i", "3x224x224", folder=tmp_path)
    assert (done.out, done.err) == ("64 222 222\n", "")
    assert values(tmp_path, "x.npy", *read) == ["1", "64", "6", "6"]
    for layer in ((), ("3", "64", "3")):
        assert refused(tmp_path, "x.npy", *layer, "--weight", "w.npy")[1] == "--weight-layout HWIO"


def test_images_with_the_channels_last(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((2, 9, 8, 3), np.float32))
    for command in (("run", "x.npy", "3", "8", "3"), ("shape", "3", "8", "3", "-i", "x.npy")):
        done = conv2d(*command, folder=tmp_path)
        assert (done.code, "x.npy: it looks like NHWC: " in done.err) == (3, True)
        assert done.err.endswith("hint: --layout NHWC\n")
        done = conv2d(*command, "--layout", "NHWC", "--get", "output_shape", folder=tmp_path)
        assert done.out == "2 8 7 6\n"
    done = run(tmp_path, "x.npy", "3", "8", "3", "--layout", "NHWC", "-o", "y.npy")
    assert "wrote y.npy  2x7x6x8 float32" in done.err
    assert np.load(tmp_path / "y.npy").shape == (2, 7, 6, 8)
    both = ("--layout", "NHWC", "--output-layout", "NCHW", "-q", "-f")
    assert run(tmp_path, "x.npy", "3", "8", "3", *both, "-o", "y.npy").code == 0
    assert np.load(tmp_path / "y.npy").shape == (2, 8, 7, 6)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "float32", "float64"])
def test_what_is_done_to_images_first(tmp_path: Path, dtype: str) -> None:
    x = np.random.default_rng(0).integers(0, 100, (2, 4, 5, 6)).astype(dtype)
    np.save(tmp_path / "x.npy", x)
    kernel = json.dumps(np.eye(3)[:, :, None, None].tolist())

    def prepared(*options: str, weight: str = kernel) -> np.ndarray[Any, Any]:
        done = run(tmp_path, "x.npy", "--weight", weight, *options, "-f", "-q", "-o", "y.npy")
        assert done.code == 0, done.err
        found: np.ndarray[Any, Any] = np.load(tmp_path / "y.npy")
        return found

    colours = x[:, :3]
    np.testing.assert_array_equal(prepared("--drop-alpha"), colours)
    scaled = colours.astype(np.float32)
    if x.dtype.kind in "iu":
        scaled = (colours / np.iinfo(dtype).max).astype(np.float32)
    elif dtype == "float64":
        scaled = colours
    np.testing.assert_array_equal(prepared("--drop-alpha", "--normalize"), scaled)
    mean = np.array([0.25, 0.5, 0.125], scaled.dtype)[:, None, None]
    deviation = np.array([0.5, 0.25, 2], scaled.dtype)[:, None, None]
    means = ("--mean", "0.25,0.5,0.125", "--std", "0.5,0.25,2")
    np.testing.assert_array_equal(prepared("--drop-alpha", "--normalize", *means), (scaled - mean) / deviation)
    wide = np.float64 if dtype == "float64" else np.float32
    luma = wide(0.299) * colours[:, :1] + wide(0.587) * colours[:, 1:2] + wide(0.114) * colours[:, 2:]
    gray = np.rint(luma).astype(dtype) if x.dtype.kind in "iu" else luma.astype(dtype)
    np.testing.assert_array_equal(prepared("--drop-alpha", "--gray", weight=KERNEL), gray)
    assert refused(tmp_path, "x.npy", "--weight", kernel, "--gray")[1] == "--gray --drop-alpha"
    assert refused(tmp_path, "x.npy", "--weight", kernel, "--mean", "1", code=2)[1] == "--normalize with them"


PIXELS = np.random.default_rng(0).integers(0, 256, (8, 9, 4), dtype=np.uint8)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder with pictures of the same pixels: gray, in colours, and with alpha."""
    image = pytest.importorskip("PIL.Image")
    for name, pixels in (("gray", PIXELS[..., 0]), ("rgb", PIXELS[..., :3]), ("rgba", PIXELS)):
        image.fromarray(pixels).save(tmp_path / f"{name}.png")
    for name, dtype in (("floats", np.float32), ("doubles", np.float64), ("bytes", np.uint8)):
        np.save(tmp_path / f"{name}.npy", np.ones((2, 3, 3, 3), dtype))
    return tmp_path


def test_a_picture_becomes_float_where_the_weights_are_and_says_so(pictures: Path) -> None:
    note = "note: the pixels, uint8, become float32, as the weights are floats; --normalize scales them"
    for words in (
        ("rgb.png", "3", "8", "3"),
        ("rgb.png", "--weight", "floats.npy"),
        ("gray.png", "--weight", "[[0.5]]"),
    ):
        done = run(pictures, *words, "--get", "dtype")
        assert (done.out, note in done.err.splitlines()) == ("float32\n", True)
    for words in (("rgb.png", "--weight", "bytes.npy"), ("gray.png", "--weight", "[[2]]")):
        done = run(pictures, *words, "--get", "dtype")
        assert (done.out, done.err) == ("uint8\n", "")
    done = run(pictures, "rgb.png", "3", "8", "3", "--normalize", "--get", "dtype")
    assert (done.out, "become" in done.err) == ("float32\n", False)
    half = run(pictures, "rgb.png", "Conv2d(3, 8, 3, dtype=torch.float16)", "--get", "dtype")
    assert (half.out, "become float16" in half.err) == ("float16\n", True)
    assert refused(pictures, "rgb.png", "--weight", "doubles.npy")[1] == "--dtype float32 for all of them"
    assert refused(pictures, "gray.png", "--weight", "[[1,0,-1]]", code=2)[1] == "--dtype float32 or int16"
    x = run(pictures, "rgb.png", "--weight", "floats.npy", "-o", "x.npy", "-q")
    assert x.code == 0
    np.save(pictures / "same.npy", PIXELS[..., :3].transpose(2, 0, 1).astype(np.float32))
    assert run(pictures, "same.npy", "--weight", "floats.npy", "-o", "y.npy", "-q").code == 0
    assert (pictures / "x.npy").read_bytes() == (pictures / "y.npy").read_bytes()


def test_channels_that_a_layer_does_not_take_are_called_what_they_are(pictures: Path) -> None:
    for picture, inputs, why, hint in (
        ("rgba.png", "3", "its last channel is alpha", "--drop-alpha"),
        ("rgba.png", "1", "it is in colour", "--gray --drop-alpha"),
        ("rgb.png", "1", "it is in colour", "--gray"),
    ):
        told = refused(pictures, picture, inputs, "8", "3")
        assert (told[0].startswith(f"{picture}: {why}: the layer takes "), told[1]) == (True, hint)
        assert run(pictures, picture, inputs, "8", "3", *hint.split()).code == 0
        size = conv2d("shape", inputs, "8", "3", "-i", picture, folder=pictures)
        assert size.err.endswith(f"hint: conv2d shape {4 if picture == 'rgba.png' else 3} 8 3 -i {picture}\n")


def test_a_picture_has_an_order_of_axes_of_its_own(pictures: Path) -> None:
    assert run(pictures, "rgb.png", "3", "8", "3", "--layout", "NHWC", "-o", "y.npy", "-q").code == 0
    assert np.load(pictures / "y.npy").shape == (6, 7, 8)
    assert run(pictures, "rgb.png", "--weight", "bytes.npy", "--layout", "NHWC", "-o", "y.tif", "-q").code == 0
    done = conv2d("info", "y.tif", "--get", "shape,dtype", folder=pictures)
    assert done.out == "2 6 7\nuint8\n"


def test_orientation_and_size_of_pictures(pictures: Path) -> None:
    image: Any = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x0112] = 6
    image.fromarray(PIXELS[..., 0]).save(pictures / "turned.png", exif=exif)
    copy = ("turned.png", "--weight", "[[1]]", "-q", "-f", "-o", "y.npy")
    assert run(pictures, *copy).code == 0
    np.testing.assert_array_equal(np.load(pictures / "y.npy")[0], np.rot90(PIXELS[..., 0], -1))
    assert run(pictures, *copy, "--as-stored").code == 0
    np.testing.assert_array_equal(np.load(pictures / "y.npy")[0], PIXELS[..., 0])
    assert refused(pictures, *copy, "--max-pixels", "71")[1] == "--max-pixels 72 reads it"
    assert run(pictures, *copy, "--max-pixels", "72").code == 0


def test_many_pictures_are_prepared_alike_and_said_once(pictures: Path) -> None:
    (pictures / "in").mkdir()
    for name in ("a", "b"):
        (pictures / "in" / f"{name}.png").write_bytes((pictures / "rgb.png").read_bytes())
    done = run(pictures, "in", "3", "8", "3", "-o", "out", "--resume")
    assert (done.code, done.err.count("become float32")) == (0, 1)
    # Other options make another output.
    done = run(pictures, "in", "3", "8", "3", "-o", "out", "--resume", "--normalize")
    assert "wrote 2 of 2 files" in done.err
    done = run(pictures, "in", "3", "8", "3", "-o", "out", "--resume", "--normalize")
    assert "2 were there already" in done.err
