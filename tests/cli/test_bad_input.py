"""Whatever is wrong ends in one clear message and the right exit code: more than 300 ways, in real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import pytest
from bad_files import BROKEN_NPY, GOOD, make_folder
from forked import conv2d
from terminal import PROGRAM, Done

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.long


class Case(NamedTuple):
    """A command line, the exit code it must end with and what must be said: all parts between ` ... `."""

    arguments: tuple[str, ...]
    code: int
    said: str
    stdin: bytes = b""


def cases(code: int, *pairs: tuple[str, str] | tuple[str, str, int]) -> list[Case]:
    """Return cases from command lines, split at blanks; `_` stands for a blank inside an argument."""
    return [
        Case(tuple(word.replace("_", " ") for word in pair[0].split(" ")), pair[2] if len(pair) > 2 else code, pair[1])
        for pair in pairs
    ]


BAD_LAYER = cases(
    2,
    ("shape 3 64", "KERNEL"),
    (
        "shape 3",
        "LAYER is three values, IN OUT KERNEL, or one expression, but 1 was given: 3 ... hint: conv2d shape 3 64 3",
    ),
    ("shape", "LAYER"),
    ("shape 0 64 3", "IN 0: the number of input channels must be 1 or more ... hint: conv2d shape 1 64 3"),
    ("shape -3 64 3", "IN -3"),
    ("shape 3 0 3", "OUT 0: the number of output channels must be 1 or more ... hint: conv2d shape 3 1 3"),
    (
        "shape 3 64 0",
        "KERNEL 0: the kernel size must be 1 or more (torch: kernel size should be ... hint: conv2d shape 3 64 1",
    ),
    (
        "shape 3 64 -1",
        "KERNEL -1: the kernel size must be 1 or more (torch: Trying to create tensor with negative dimension -1: ",
    ),
    ("shape 3 64 3x0", "KERNEL 3x0"),
    ("shape 3 64 3x3x3", "KERNEL 3x3x3"),
    ("shape 3 64 3.5", "KERNEL 3.5: the kernel size is a whole number or a pair"),
    ("shape 3 64 three", "KERNEL three"),
    ("shape 3 64 7.0", "KERNEL 7.0: the kernel size is a whole number or a pair ... hint: conv2d shape 3 64 7"),
    ("shape 3.0 64 3", "IN 3.0: the number of input channels is a whole number ... hint: conv2d shape 3 64 3"),
    ("shape three 64 3", "IN three"),
    (
        "shape 3 64 3 -s 0",
        "-s 0: the stride must be 1 or more (torch: non-positive stride is not supported) ... hint: -s 1",
    ),
    ("shape 3 64 3 --stride -1", "--stride -1: the stride must be 1 or more ... hint: --stride 1"),
    ("shape 3 64 3 -s 1,2,3", "-s 1,2,3: the stride is a whole number or a pair (H, W), not 3 values ... hint: -s 1x2"),
    (
        "shape 3 64 3 -s fast",
        "-s fast: the stride is a whole number or a pair (H, W) ... hint: -s 2, or -s 2x1 for H and W",
    ),
    (
        "shape 3 64 3 -p -1",
        "-p -1: the padding must be 0 or more (torch: negative padding is not supported) ... hint: -p 0",
    ),
    (
        "shape 3 64 3 -p 1,2,3",
        "-p 1,2,3: the padding is ... not 3 values (torch: ... hint: -p 1x2 for H and W, or -p 1,2,3,2",
    ),
    (
        "shape 3 64 3 -p 1,2,3,4,5",
        "-p 1,2,3,4,5: the padding is ... not 5 values (torch: ... hint: -p 1x2 for H and W, or -p 1,2,3,4",
    ),
    (
        "shape 3 64 3 -p smae",
        "-p smae: the padding is ... (torch: Invalid padding string 'smae', should be ... hint: did you mean -p same?",
    ),
    ("shape 3 64 3 -p same -s 2", "-p same: 'same' needs a stride of 1, but the stride is 2 ... hint: -p 1"),
    ("shape 3 64 3 -d 0", "-d 0: the dilation must be 1 or more (torch: dilation should be greater than zero)"),
    ("shape 3 64 3 -d 1x2x3", "-d 1x2x3: the dilation is a whole number or a pair (H, W), not 3 values"),
    (
        "shape 3 64 3 -g 2",
        "-g 2: 2 groups do not divide in_channels=3 (torch: in_channels must be divisible by groups) ... hint: -g 1",
    ),
    (
        "shape 4 6 3 -g 4",
        "-g 4: 4 groups do not divide out_channels=6 (torch: out_channels must be divisible ... hint: -g 1 or 2",
    ),
    (
        "shape 4 6 3 -g 0",
        "-g 0: the number of groups must be 1 or more (torch: groups must be a positive integer) ... hint: -g 1",
    ),
    ("shape 4 6 3 -g two", "-g two: the number of groups is a whole number ... hint: -g 1"),
    (
        "shape 3 64 3 --padding-mode mirror",
        "--padding-mode mirror: the padding mode is zeros, reflect, replicate or circular (torch: padding_mode must be",
    ),
    (
        "shape 3 64 3 --dtype float33",
        "--dtype float33: there is no element type of this name ... hint: did you mean --dtype float32",
    ),
    (
        "shape 3 64 3 --device gpu",
        "--device gpu: the device is a type ... (torch: Expected one of cpu, cuda, ... hint: --device cpu",
    ),
    ("shape 3 64 " + "9" * 5000, "KERNEL 999"),
    ("shape " + "9" * 5000 + " 64 3", "IN 999"),
    ("shape 3 64 3 -s " + "9" * 5000, "-s 999"),
    (
        "shape 3 64 99999999999999999999",
        "KERNEL 99999999999999999999: the kernel size must be at most 9223372036854775807 (torch: Overflow when",
    ),
    ("shape 3 64 3 4", "LAYER"),
    ("run x.npy 3 8 0", "KERNEL 0: the kernel size must be 1 or more ... hint: conv2d run x.npy 3 8 1"),
    ("run x.npy 3 8", "KERNEL"),
    ("run x.npy 3 8 3 -g 2", "-g 2: 2 groups do not divide in_channels=3 ... hint: -g 1"),
)
BAD_EXPRESSION = [
    Case(("shape", text), 2, said)
    for text, said in (
        ("", "LAYER is missing: three values"),
        ("Conv2d", "is not a call of Conv2d"),
        ("Conv2d(", "Conv2d("),
        ("Conv2d()", "missing required argument: 'in_channels'"),
        ("Conv2d(3)", "missing required argument: 'out_channels'"),
        ("Conv2d(3, 64)", "missing required argument: 'kernel_size'"),
        ("Conv3d(3, 64, 3)", "Conv3d"),
        ("nn.Linear(3, 64)", "Linear"),
        ("Conv2d(3, 64, 3) + 1", "Conv2d"),
        ("Conv2d(3, 64, 3); Conv2d(3, 64, 3)", "Conv2d"),
        ("Conv2d(3, 64, k=3)", "k"),
        ("Conv2d(3, 64, 3, kernel_size=3)", "kernel_size"),
        ("Conv2d(3, 64, 3, stride=1, stride=2)", "stride"),
        ("Conv2d(3, 64, 3, 1, 0, 1, 1, True, 'zeros', None, None, 5)", "11"),
        ("Conv2d(*[3, 64, 3])", "in_channels=*[3, 64, 3]: must be written out"),
        ("Conv2d(**{'in_channels': 3})", "**={'in_channels': 3}: must be written out"),
        ("Conv2d(3, 64, __import__('os').abort())", "nothing is evaluated"),
        ("Conv2d(3, 64, kernel)", "kernel"),
        ("Conv2d(3, 64, 1 + k)", "1 + k"),
        ("Conv2d(3, 64, 1 + 2.0)", "of arithmetic + - * // % ** on whole numbers"),
        ("Conv2d(3, 64, 7 // 0)", "kernel_size=7 // 0: a division by 0"),
        ("Conv2d(3, 64, 9**9**9)", "kernel_size=9**9**9: a power with an exponent outside 0 to 64"),
        ("Conv2d(3, 64, 3), Conv2d(3, 64, 3)", "is not a call of Conv2d"),
        ("Conv2d(3, 64, [3, 3, 3])", "kernel_size=[3, 3, 3]"),
        (
            "Conv2d(3, 64, 3, stride=0)",
            "stride=0: the stride must be 1 or more (torch: non-positive stride is not supported) ... hint: stride=1",
        ),
        ("Conv2d(3, 64, 3, padding='smae')", "padding='smae'"),
        ("Conv2d(3, 64, 3, groups=True)", "groups=True"),
        ("Conv2d(3, 64, 3, dtype=torch.float33)", "float33"),
        ("Conv2d(3, 64, '3')", "kernel_size='3'"),
        ("Conv2d(3, 64, 3.0)", "kernel_size=3.0"),
        ("Conv2d(3, 64, None)", "kernel_size=None"),
        ("Conv2d(3, 64, 3, bias=maybe)", "maybe"),
        ("lambda: Conv2d(3, 64, 3)", "Conv2d"),
        ("Conv2d(3, 64, 3\x00)", "Conv2d"),
        ("(" * 3000 + "Conv2d(3, 64, 3)" + ")" * 3000, "Conv2d"),
        ("Conv2d(3, 64, " + "-" * 5000 + "3)", "Conv2d"),
        ("Conv2d(3, 64, " + "9" * 5000 + ")", "Conv2d"),
    )
]
BAD_SIZE = [
    Case(("shape", "3", "64", "3", "-i", text), code, said)
    for text, code, said in (
        ("", 2, "SIZE  is not a size"),
        (" ", 2, "is not a size"),
        ("-5", 2, "SIZE -5 is not a size"),
        ("1x-3x8x8", 2, "SIZE 1x-3x8x8"),
        ("1x3x8x8x8", 2, "SIZE 1x3x8x8x8"),
        ("8x", 2, "SIZE 8x"),
        ("x8", 2, "SIZE x8"),
        ("8xx8", 2, "SIZE 8xx8"),
        ("8,,8", 2, "SIZE 8,,8"),
        ("(8", 2, "SIZE (8"),
        ("8)", 2, "SIZE 8)"),
        ("[8, 8)", 2, "SIZE [8, 8)"),
        ("8.5", 2, "SIZE 8.5"),
        ("8 * 8", 2, "SIZE 8 * 8 is not a size ... hint: -i 8x8"),
        ("1920*1080", 2, "SIZE 1920*1080 is not a size ... hint: -i 1920x1080"),
        ("N,3,32,32", 2, "SIZE N,3,32,32 is not a size ... hint: -i 1x3x32x32"),
        ("None,3,8,8", 2, "SIZE None,3,8,8 is not a size ... hint: -i 1x3x8x8"),
        ("?x3x8x8", 2, "SIZE ?x3x8x8 is not a size ... hint: -i 1x3x8x8"),
        ("()", 2, "()"),
        ("torch.Size([])", 2, "SIZE torch.Size([])"),
        ("torch.Size([1, 3, 8, 8", 2, "SIZE torch.Size([1, 3, 8, 8"),
        (
            "2",
            2,
            "the kernel spans 3x3, the padded input only 2x2 ... Kernel size can't be greater than actual input size",
        ),
        (
            "2x9",
            2,
            "the kernel spans 3x3, the padded input only 2x9 ... Kernel size can't be greater ... hint: -i 1x3x3x9",
        ),
        (
            "4x8x8",
            2,
            "the layer takes 3 channels, the input has 4 (torch: ... but got 4 channels instead ... hint: -i 3x8x8",
        ),
        ("1x4x8x8", 2, "to have 3 channels, but got 4 channels instead ... hint: -i 1x3x8x8"),
        ("0", 2, "0"),
        ("3x0x8", 2, "0"),
        ("9" * 5000, 2, "is not a size"),
        ("torch", 4, "cannot read torch"),
        ("8x8px", 4, "cannot read 8x8px"),
        ("./224", 4, "cannot read ./224"),
    )
]
BAD_SIZE += cases(
    2,
    (
        "shape 3 8 3 -p 9 --padding-mode reflect -i 8",
        "reflect can pad at most 7 columns here, not 9: the input has 8 (torch: ... Padding size should be less than",
    ),
    (
        "shape 3 8 3 -p 9 --padding-mode circular -i 8",
        "circular can pad at most 8 rows here, not 9 ... Padding value causes wrapping around more than once",
    ),
    (
        "shape 3 8 5 -d 3 -i 12",
        "the kernel spans 13x13, the padded input only 12x12 ... Kernel size can't be greater than",
    ),
)
CLASHING = cases(
    2,
    ("shape Conv2d(3,8,3) -s 1 --json --format csv", "--json and --format csv"),
    ("shape Conv2d(3,8,3,stride=2) -s 3", "stride is given twice: 2 in the expression, 3 as an option"),
    ("shape Conv2d(3,8,3,padding=1) -p 2", "padding is given twice"),
    ("shape Conv2d(3,8,3,dilation=2) -d 1", "dilation is given twice"),
    ("shape Conv2d(4,8,3,groups=2) -g 4", "groups is given twice"),
    ("shape Conv2d(3,8,3,bias=True) --no-bias", "bias is given twice"),
    ("shape Conv2d(3,8,3,padding\x1fmode='reflect') --padding-mode circular", "padding_mode is given twice"),
    ("shape Conv2d(3,8,3,device='cpu') --device cuda", "device is given twice"),
    ("shape Conv2d(3,8,3,dtype=torch.half) --dtype float32", "dtype is given twice"),
    ("shape 3 8 3 --get macs --json", "--get"),
    ("shape 3 8 3 --get macs --format csv", "--get"),
    ("shape 3 8 3 --json --format table", "--json and --format table"),
    ("shape 3 8 3 --from lines.txt", "--from"),
    ("shape --from lines.txt -s 2", "--from"),
    ("shape --from lines.txt --weight w.npy", "--from"),
    ("shape --from lines.txt --get macs", "--from"),
    ("shape --from lines.txt --format markdown", "--format markdown: no such format"),
    ("shape --from lines.txt --json", "--from"),
    ("run x.npy", "neither LAYER nor --weight is given"),
    ("run", "INPUT is missing"),
    ("run x.npy 3 8 3 --no-bias --bias b.npy", "--bias is given for a layer without bias"),
    ("run x.npy Conv2d(3,8,3,bias=False) --bias b.npy", "--bias is given for a layer without bias"),
    ("run - --weight -", "only one tensor can be read from stdin"),
    ("run - --weight npy:-", "only one tensor can be read from stdin"),
    ("run x.npy 3 8 3 --weight - --bias -", "only one tensor can be read from stdin"),
    ("run x.npy --weight w.npy --save-parameters p.npz", "--save-parameters"),
    ("run x.npy 3 8 3 -o - --json", "stdout"),
    ("run x.npy 3 8 3 -o npy:- --get mean", "stdout"),
    ("run x.npy Conv2d(3,8,3,dtype='half') --dtype float32", "dtype is given twice"),
    ("run bytes.npy 3 8 3", "parameters cannot be drawn in uint8 ... hint: --dtype float32"),
    ("run x.npy 3 8 3 --algorithm direct", "direct"),
)
BAD_GET_OR_FORMAT = cases(
    2,
    ("shape 3 8 3 --get mac", "--get mac: no such key ... hint: did you mean --get macs"),
    ("shape 3 8 3 --get MACS", "--get MACS"),
    ("shape 3 8 3 --get output", "--get output"),
    ("shape 3 8 3 --get flop", "--get flop"),
    ("shape 3 8 3 --get xyzzy", "--get xyzzy"),
    ("shape 3 8 3 --get ", "--get : no such key"),
    (
        "shape 3 8 3 --get macs,flops",
        "--get macs: it depends on the size of the input, and -i is missing ... hint: -i 224",
    ),
    ("shape 3 8 3 -i 8 --get macs,flop", "--get flop: no such key ... hint: did you mean --get flops"),
    ("shape 3 8 3 -i 8 --get macs,", "--get : no such key"),
    ("shape 3 8 3 --get output\x1fshape", "--get output_shape: it depends on the size of the input"),
    ("shape 3 8 3 --get macs --get nothing", "--get nothing"),
    ("shape 3 8 3 --get first_values", "--get first values"),
    ("shape 3 8 3 --get", "--get"),
    ("shape 3 8 3 --format xml", "--format xml: no such format"),
    ("shape 3 8 3 --format JSON", "--format JSON"),
    ("shape 3 8 3 --format jsn", "--format jsn: no such format ... hint: did you mean --format json or ndjson?"),
    ("shape 3 8 3 --format yaml", "--format yaml"),
    ("shape 3 8 3 --format ", "--format : no such format"),
    ("shape 3 8 3 --format", "--format"),
    ("shape 3 8 3 --color sometimes", "--color sometimes"),
    ("shape 3 8 3 --nonsense", "--nonsense"),
    ("shape 3 8 3 -z", "-z"),
    ("shape 3 8 3 --json=yes", "json"),
    ("shape 3 8 3 --strde 2", "--strde"),
    ("shapes 3 8 3", "no such command: shapes"),
    ("frobnicate", "no such command: frobnicate"),
    ("--nonsense", "--nonsense"),
    ("run x.npy 3 8 3 --get macs", "--get macs: no such key"),
    ("run x.npy 3 8 3 --plan --get mean", "--get mean: no such key"),
    ("run x.npy 3 8 3 --format xml", "--format xml"),
    ("run x.npy 3 8 3 --get", "--get"),
)
GOOD_LINE = b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3}'
BAD_LINES = [
    Case(("shape", "--from", "-"), 2, said, line + b"\n" + GOOD_LINE + b"\n")
    for line, said in (
        (b"{", "is not JSON"),
        (b"{}", "missing required argument: 'in_channels'"),
        (b"[]", "neither an object nor a Conv2d expression"),
        (b"null", "neither an object nor a Conv2d expression"),
        (b"3 8 3", "neither an object nor a Conv2d expression"),
        (b"Conv2d(3, 8", "Conv2d"),
        (b"Conv2d(3, 8, 0)", "the kernel size must be 1 or more (torch: kernel size should be greater than zero, but"),
        (b"Linear(3, 8)", "Linear"),
        (b'{"in_channels": 3}', "missing required argument: 'out_channels'"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel": 3}', "kernel=3: unknown argument"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "mac": 1}', "mac=1: unknown argument"),
        (b'{"in_channels": 3, "in_channels": 4, "out_channels": 8, "kernel_size": 3}', "a key is repeated"),
        (
            b'{"in_channels": "3", "out_channels": 8, "kernel_size": 3}',
            "the number of input channels is a whole number",
        ),
        (b'{"in_channels": 3.0, "out_channels": 8, "kernel_size": 3}', "is a whole number, not a float"),
        (b'{"in_channels": true, "out_channels": 8, "kernel_size": 3}', "is a whole number, not a bool"),
        (b'{"in_channels": null, "out_channels": 8, "kernel_size": 3}', "is a whole number, not None"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": {}}', "kernel_size"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": NaN}', "kernel_size"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 1e999}', "kernel_size"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "bias": 1}', "bias must be true or false"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "bias": "no"}', "bias must be true or false"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "groups": 2}', "divisible by groups"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "input_shape": 7}', "neither a list nor a SIZE"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "input_shape": "1y2"}', "SIZE 1y2"),
        (
            b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "input_shape": [1, 2.5]}',
            "2.5 is no size",
        ),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "input_shape": [1, 4, 8, 8]}', "3 channels"),
        (b'{"in_channels": 3, "out_channels": 8, "kernel_size": 3, "input_shape": []}', "Expected 3D (unbatched)"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b'{"in_channels": ' + b"[" * 30_000, "nested too deeply"),
        (b'{"in_channels": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"x" * 70_000, "the line is longer than 65536 bytes"),
        (b'{"a\\ud800": 1}', "unknown argument"),
        (GOOD_LINE + GOOD_LINE, "is not JSON"),
    )
]
BAD_PATHS = cases(
    4,
    ("shape 3 8 3 -i missing.npy", "cannot read missing.npy"),
    ("shape 3 8 3 -i folder.npy", "cannot read folder.npy"),
    ("shape 3 8 3 -i no/such/folder/x.npy", "cannot read no/such/folder/x.npy"),
    ("shape --weight missing.npy", "cannot read missing.npy"),
    ("shape --weight missing.npz::a", "cannot read missing.npz::a"),
    ("shape --from missing.txt", "cannot read missing.txt"),
    ("shape --from folder.npy", "cannot read folder.npy"),
    ("shape 3 8 3 -i x.npy/y.npy", "cannot read x.npy/y.npy"),
    (f"shape 3 8 3 -i {'n' * 300}.npy", "cannot read nnn"),
    ("run missing.npy 3 8 3", "cannot read missing.npy"),
    ("run folder.npy 3 8 3", "cannot read folder.npy"),
    ("run x.npy --weight missing.npy", "cannot read missing.npy"),
    ("run x.npy 3 8 3 --bias missing.npy", "cannot read missing.npy"),
    ("run x.npy 3 8 3 -o exists.npy", "exists.npy already exists"),
    ("run missing.npy 3 8 3 -o exists.npy", "exists.npy already exists"),
    ("run x.npy 3 8 3 -o folder.npy", "cannot write folder.npy: it is a directory"),
    ("run x.npy 3 8 3 -o folder.npy --force", "cannot write folder.npy: it is a directory"),
    ("run x.npy 3 8 3 -o no/such/folder/y.npy", "there is no folder no/such/folder"),
    ("run x.npy 3 8 3 -o x.npy/y.npy", "cannot write x.npy/y.npy"),
    (f"run x.npy 3 8 3 -o {'n' * 300}.npy", "cannot write nnn"),
    ("run x.npy 3 8 3 --save-parameters no/such/p.npz", "there is no folder no/such"),
    ("run x.npy 3 8 3 --save-parameters two.npz", "two.npz already exists"),
    ("run x.npy 3 8 3 -o y", "the name y says no format that can be written", 2),
    ("run x.npy 3 8 3 -o y.txt", "the name y.txt says no format", 2),
    ("run x.npy 3 8 3 -o npz:-", "a .npz cannot be written to a pipe", 2),
    *(
        (
            f"run x.npy 3 8 3 --save-parameters {name}",
            f"--save-parameters {name}: a weight and a bias are kept in one .npz, .safetensors or .zarr ... {hint}",
            2,
        )
        for name, hint in (
            *((f"p.{suffix}", "hint: --save-parameters p.npz") for suffix in ("txt", "npy", "png")),
            *((name, "hint: --save-parameters parameters.npz") for name in ("-", "")),
        )
    ),
    (
        "run x.npy 3 8 3 -o p.npz --save-parameters p.npz",
        "-o and --save-parameters both name p.npz ... hint: --save-parameters parameters.npz",
        2,
    ),
)
BROKEN_FILES = [
    *(Case(("run", name, "3", "8", "3", "-q"), 3, f"error: {name}: ") for name in BROKEN_NPY),
    *(Case(("shape", "3", "8", "3", "-i", name), 3, f"error: {name}: ") for name in BROKEN_NPY),
    *(
        Case(("run", "-", "3", "8", "3", "-q"), 3, "error: -: ", content)
        for name, content in BROKEN_NPY.items()
        if name != "4_tebibytes.npy"
    ),
    *cases(
        3,
        ("run two.npz 3 8 3", "it holds 2 tensors: a, b"),
        ("run two.npz::c 3 8 3", "it holds no tensor named 'c'"),
        ("run none.npz 3 8 3", "it holds no tensor"),
        ("run text.npz 3 8 3", "it holds no tensor"),
        ("run cut.npz::a 3 8 3", "it is no sound .npz archive"),
        ("run broken.safetensors 3 8 3", "it is no sound .safetensors file"),
        ("run notes.txt 3 8 3", "it is text, and no tensor file"),
        (
            "run m.pth 3 8 3",
            "m.pth: it is a PyTorch checkpoint, which is a pickle and never unpickled here ... python -c",
        ),
        ("run x.npy --weight m.pth::weight", "m.pth::weight: it is a PyTorch checkpoint"),
        ("run x.npy 3 8 3 --bias m.pth", "m.pth: it is a PyTorch checkpoint"),
        ("shape --weight m.pth", "m.pth: it is a PyTorch checkpoint"),
        ("shape 3 8 3 -i m.pth", "m.pth: it is a PyTorch checkpoint"),
        ("info m.pth", "m.pth: it is a PyTorch checkpoint ... m.safetensors"),
        ("info pickle.pkl", "pickle.pkl: it is a pickle, which is never unpickled here"),
        ("info none.npz", "none.npz: it holds no tensor: the archive is empty"),
        ("info text.npz", "text.npz: it holds no tensor: it is a zip archive of readme.txt"),
        ("info table.csv", "table.csv: it is a table of numbers as text ... hint: python -c ... table.csv table.npy"),
        ("info two\x1fin\x1fone.npy", "2 arrays follow one another in it ... numpy.savez keeps several"),
        ("info zip.npy", "zip.npy: it is a zip archive that is broken or was cut short"),
        ("info png.npy", "png.npy: it is a .png file, not a .npy ... hint: rename it to png.png"),
        ("info arrays", "cannot read arrays: it is a folder ... hint: give one of its files: arrays/x.npy", 4),
        ("run x.npy::a 3 8 3", "a .npy file holds one tensor"),
        ("shape --weight empty.npy", "empty.npy: it is empty"),
        ("run x.npy --weight trailing\x1fbyte.npy", "trailing_byte.npy: 1 bytes follow"),
        ("run x.npy 3 8 3 --bias pickle.npy", "pickle.npy: it holds Python objects"),
    ),
]
WRONG_TENSORS = cases(
    3,
    (
        "run scalar.npy 3 8 3",
        "scalar.npy: an input has 3 axes ... not 0 (torch: Expected 3D (unbatched) or 4D (batched) input",
    ),
    ("run vector.npy 3 8 3", "vector.npy: an input has 3 axes ... not 1 (torch: Expected 3D"),
    ("run matrix.npy 3 8 3", "matrix.npy: an input has 3 axes ... not 2 (torch: Expected 3D"),
    (
        "run five_axes.npy 3 8 3".replace("_", "\x1f"),
        "five_axes.npy: an input has 3 axes ... not 5 (torch: Expected 3D",
    ),
    (
        "run four_channels.npy 3 8 3".replace("_", "\x1f"),
        "the layer takes 3 channels, the input has 4 ... got 4 channels",
    ),
    ("run no_rows.npy 3 8 3".replace("_", "\x1f"), "no_rows.npy: "),
    ("run small.npy 3 8 3", "the kernel spans 3x3 ... Kernel size can't be greater than actual input size"),
    ("run bool.npy 3 8 3", "bool.npy: its elements are bool"),
    ("run strings.npy 3 8 3", "strings.npy: its elements are str"),
    ("run dates.npy 3 8 3", "dates.npy: its elements are datetime64"),
    ("run structured.npy 3 8 3", "structured.npy: its elements are"),
    ("run void2.npy 3 8 3", "--dtype bfloat16"),
    ("run void5.npy 3 8 3", "void5.npy: its elements are V5"),
    ("run complex.npy --weight w.npy --dtype float32", "complex.npy: (1+1j) at [0, 0, 0, 0] has an imaginary part"),
    ("run huge.npy --weight w.npy --dtype int32", "huge.npy: 1e+20 at [0, 0, 0, 0] does not fit int32"),
    ("run nan.npy --weight w.npy --dtype int8", "nan.npy: nan at [0, 0, 0, 0] is no number that int8 has"),
    ("run double.npy --weight w.npy", "Input type (double) and weight type (float) should be the same"),
    ("run x.npy --weight w\x1fdouble.npy", "Input type (float) and weight type (double) should be the same"),
    ("run x.npy --weight w.npy --bias b\x1fdouble.npy", "Input type (float) and bias type (double) should be the same"),
    ("run double.npy Conv2d(3,8,3,dtype=torch.float32)", "Input type (double) and weight type (float)"),
    ("run x.npy --weight vector.npy", "a weight of size [8] is no Conv2d weight"),
    ("run x.npy --weight w\x1fempty.npy", "a weight of size [8, 0, 3, 3] is no Conv2d weight"),
    ("run x.npy --weight w\x1fgrouped.npy", "3"),
    ("run x.npy 3 8 3 --weight w\x1fgrouped.npy", "the layer needs a weight of size [8, 3, 3, 3]"),
    ("run x.npy 3 8 5 --weight w.npy", "the layer needs a weight of size [8, 3, 5, 5]"),
    ("run x.npy --weight w.npy -g 3", "w.npy"),
    ("run x.npy --weight w.npy --bias b\x1fshort.npy", "expected bias to be 1-dimensional with 8 elements"),
    ("run x.npy --weight w.npy --bias b\x1fmatrix.npy", "expected bias to be 1-dimensional with 8 elements"),
    ("run x.npy 3 8 3 --bias b\x1fshort.npy", "expected bias to be 1-dimensional with 8 elements"),
    ("run x.npy 3 8 3 -p 9 --padding-mode reflect", "reflect can pad at most ... Padding size should be less than"),
    ("shape 3 8 3 -i vector.npy", "vector.npy: an input has 3 axes ... not 1 (torch: Expected 3D"),
    ("shape 4 8 3 -i x.npy", "x.npy: "),
    ("shape --weight vector.npy", "a weight of size [8] is no Conv2d weight"),
    ("shape 3 8 5 --weight w.npy", "the layer needs a weight of size [8, 3, 5, 5]"),
)
LIMITS = cases(
    2,
    ("run x.npy 3 8 3 --memory-limit 1", "this run takes about", 5),
    ("run x.npy 3 8 3 --memory-limit 1KiB", "this run takes about", 5),
    ("run x.npy 3 8 3 --memory-limit 0", "this run takes about", 5),
    ("run x.npy 3 8 3 --memory-limit 1.5MB", "this run takes about", 5),
    ("run zero.npy 3 8 3 -q -p 4000000000", "there is no room for an output of shape [0, 8, ", 5),
    ("run zero.npy 3 8 3 -q -p 4611686018427387903 --padding-mode replicate", "there is no room for an output", 5),
    ("run zero.npy 3 900000000000000 3", "this run takes about", 5),
    ("run - 3 8 3 --memory-limit 64MiB", "-: ", 3),
    ("run x.npy 3 8 3 --memory-limit lots", "--memory-limit lots: not a size"),
    ("run x.npy 3 8 3 --memory-limit -1", "--memory-limit -1: not a size"),
    ("run x.npy 3 8 3 --memory-limit 5XB", "--memory-limit 5XB: not a size"),
    ("run x.npy 3 8 3 --memory-limit 1e9", "--memory-limit 1e9: not a size"),
    ("run x.npy 3 8 3 --memory-limit ", "--memory-limit : not a size"),
    ("run x.npy 3 8 3 --memory-limit MiB", "--memory-limit MiB: not a size"),
    (f"run x.npy 3 8 3 --memory-limit {'9' * 50}", "not a size"),
    ("run x.npy 3 8 3 --threads 0", "--threads 0: must be 1 or more ... hint: --threads 1"),
    ("run x.npy 3 8 3 --threads -2", "--threads -2: must be 1 or more ... hint: --threads 1"),
    ("run x.npy 3 8 3 --threads many", "--threads many: not a whole number"),
    ("run x.npy 3 8 3 --threads 1.5", "--threads 1.5: not a whole number"),
    ("run x.npy 3 8 3 --threads ", "--threads : not a whole number"),
    ("run x.npy 3 8 3 --seed 1.5", "--seed 1.5: not a whole number"),
    ("run x.npy 3 8 3 --seed seven", "--seed seven: not a whole number"),
    (
        "run x.npy 3 8 3 --seed 18446744073709551616",
        "--seed 18446744073709551616: a seed lies between -2^63 and 2^64 - 1 (torch: Overflow ... hint: --seed 0",
    ),
    (
        "run x.npy 3 8 3 --seed -9223372036854775809",
        "--seed -9223372036854775809: a seed lies between -2^63 and 2^64 - 1 ... Overflow ... hint: --seed 4294967295",
    ),
    ("run x.npy 3 8 3 --accuracy sloppy", "--accuracy sloppy: no such ... hint: --accuracy strict, fast or exact"),
    (
        "run x.npy 3 8 3 --algorithm magic",
        "--algorithm magic: no such algorithm ... hint: --algorithm small, im2col, shifted or row_lowering",
    ),
    (
        "run x.npy 3 8 3 --dtype float8_e4m3fn".replace("8_e", "8\x1fe"),
        "--dtype float8_e4m3fn: nothing is computed in it",
    ),
    ("run x.npy 3 8 3 --dtype bool", "--dtype bool: nothing is computed in it"),
    (
        "run x.npy 3 8 3 -p 4611686018427387904",
        "-p 4611686018427387904: the padding must be at most 4611686018427387903 ... Given padding=4611686018427387904",
    ),
    (
        "run x.npy 3 8 3 -s 9223372036854775808",
        "-s 9223372036854775808: the stride must be at most 9223372036854775807 (torch: Overflow when",
    ),
    ("run x.npy 3 8 3 -p 1000000 --padding-mode replicate", "this run takes about", 5),
    ("run x.npy 3 8 3 -p 4000000000 --padding-mode replicate", "", 5),
    ("run x.npy 3 1099511627776 3", "", 5),
)
CLASSES = {
    "layer": BAD_LAYER,
    "expression": BAD_EXPRESSION,
    "size": BAD_SIZE,
    "clash": CLASHING,
    "get_or_format": BAD_GET_OR_FORMAT,
    "lines": BAD_LINES,
    "path": BAD_PATHS,
    "broken": BROKEN_FILES,
    "tensor": WRONG_TENSORS,
    "limit": LIMITS,
}
ALL = [
    pytest.param(kind, number, id=f"{kind}-{number}") for kind, table in CLASSES.items() for number in range(len(table))
]


def _restored(arguments: tuple[str, ...]) -> list[str]:
    """Give paths their underscores back."""
    return [word.replace("\x1f", "_") for word in arguments]


def _ended(case: Case, folder: Path) -> Done:
    if any("\0" in word for word in case.arguments):
        # No system starts a process with a NUL in its arguments: hand them over inside Python.
        code = f"import sys; sys.argv = {['conv2d', *case.arguments]!r}; {PROGRAM[-1]}"
        done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, check=False, timeout=120)
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
    return conv2d(*_restored(case.arguments), stdin=case.stdin, folder=folder)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, Done]:
    """How every case ended, several at a time."""
    folder = tmp_path_factory.mktemp("bad")
    make_folder(folder)
    every = [case for table in CLASSES.values() for case in table]
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return dict(zip(every, pool.map(lambda case: _ended(case, folder), every), strict=True))


def test_there_are_enough_of_each_class() -> None:
    assert all(len(table) >= 20 for table in CLASSES.values())
    assert len({case for table in CLASSES.values() for case in table}) >= 300


@pytest.mark.parametrize(("kind", "number"), ALL)
def test_one_clear_message_and_the_right_exit_code(ended: dict[Case, Done], kind: str, number: int) -> None:
    case = CLASSES[kind][number]
    done = ended[case]
    assert (done.code, "Traceback" in done.err) == (case.code, False), done.err
    if kind == "lines":
        bad, good = done.out.splitlines()
        assert all(part in bad for part in case.said.split(" ... "))
        assert '"line":1,"error"' in bad.replace(" ", "")
        assert '"line":2,"in_channels":3' in good.replace(" ", "")
        assert done.err == ""
        return
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0].startswith("error: ")
    assert all(line.startswith(("error: ", "hint: ")) for line in lines), done.err
    assert all(part in done.err for part in case.said.split(" ... "))
    assert len(max(lines, key=len)) < 600


CLOSED = [
    ("stdout", 4, ("shape", "3", "8", "3")),
    ("stdout", 4, ("shape", "3", "8", "3", "--json")),
    ("stdout", 4, ("shape", "3", "8", "3", "-i", "8", "--get", "macs")),
    ("stdout", 4, ("shape", "3", "8", "3", "--format", "csv")),
    ("stdout", 4, ("shape", "--json-schema")),
    ("stdout", 4, ("shape", "--from", "lines.txt")),
    ("stdout", 4, ("run", "x.npy", "3", "8", "3", "-q")),
    ("stdout", 4, ("run", "x.npy", "3", "8", "3", "-q", "-o", "-")),
    ("stdout", 4, ("run", "x.npy", "3", "8", "3", "-q", "--plan")),
    ("stdin", 4, ("run", "-", "3", "8", "3", "-q")),
    ("stdin", 4, ("run", "npy:-", "3", "8", "3", "-q")),
    ("stdin", 4, ("shape", "3", "8", "3", "-i", "-")),
    ("stdin", 4, ("shape", "--weight", "-")),
    ("stdin", 4, ("shape", "--from", "-")),
    ("stderr", 2, ("shape", "3", "8", "0")),
    ("stderr", 4, ("shape", "3", "8", "3", "-i", "none.npy")),
    ("reader", 141, ("shape", "3", "8", "3")),
    ("reader", 141, ("shape", "3", "8", "3", "--json")),
    ("reader", 141, ("shape", "3", "8", "3", "-i", "8", "--get", "macs")),
    ("reader", 141, ("shape", "--json-schema")),
    ("reader", 141, ("shape", "--from", "lines.txt")),
    ("reader", 141, ("run", "x.npy", "3", "8", "3", "-q")),
    ("reader", 141, ("run", "x.npy", "3", "8", "3", "-q", "-o", "-")),
    ("reader", 141, ("run", "x.npy", "3", "8", "3", "-q", "--plan")),
    ("reader", 141, ("--help",)),
    ("reader", 141, ("--version",)),
    ("reader", 141, ("shape", "--help")),
    ("full", 4, ("shape", "3", "8", "3")),
    ("full", 4, ("shape", "3", "8", "3", "--json")),
    ("full", 4, ("run", "x.npy", "3", "8", "3", "-q", "-o", "-")),
    ("full", 4, ("--help",)),
    ("full", 4, ("--version",)),
]


@pytest.mark.skipif(os.name == "nt", reason="streams closed by a POSIX shell")
@pytest.mark.parametrize(
    ("closed", "code", "arguments", "unbuffered"),
    [
        (*case, unbuffered)
        for case in CLOSED
        # Buffers matter where stdout is there and takes nothing.
        for unbuffered in (("", "1") if case[0] in {"reader", "full"} else ("",))
    ],
)
def test_closed_pipes(
    tmp_path: Path, closed: str, code: int, arguments: tuple[str, ...], unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    if closed == "full" and not os.path.exists("/dev/full"):  # noqa: PTH110 - a device
        pytest.skip("this system has no full device")
    (tmp_path / "x.npy").write_bytes(GOOD)
    (tmp_path / "lines.txt").write_bytes(GOOD_LINE)
    shells = {"stdout": ">&-", "stdin": "<&-", "stderr": "2>&-", "full": ">/dev/full"}
    if closed == "reader":
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run(
            [*PROGRAM, *arguments], stdout=writing, stderr=subprocess.PIPE, check=False, cwd=tmp_path, timeout=60
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (code, b"")
        return
    script = f'"$@" {shells[closed]}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, "sh", *PROGRAM, *arguments],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr
    assert (done.stderr == b"") == (closed == "stderr")
    assert closed == "stderr" or done.stderr.startswith(b"error: ")
