"""A hint is a promise: a wrong line with all of its hints applied runs, and answers what is listed here by hand."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tomllib
import zlib
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from struct import pack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest
from applied_hints import Attempt, attempts, extras_named, told_by
from forked import conv2d
from odd_containers import zipped_as
from read_hints import Told, UnreadableHintError, names_command_or_option
from terminal import PROGRAM, Done

if TYPE_CHECKING:
    from typing import Any

pytestmark = pytest.mark.long

_TIMEOUT = 120
CODES = range(2, 6)
WRITING = {"-o", "--output", "--save-parameters"}


class Row(NamedTuple):
    """A wrong line, and the answer of each line that comes of following its hints: one for all, or one each.

    An answer is the whole of stdout, with `…` at an end a part of it; None is not looked at. A row without answers
    is one that no command and no option mends: nothing may be offered. `fill` is what FILE
    stands for in a hint, `blocked` a module that cannot be imported while the line is wrong, `added` stands behind
    every line that the hints lead to, and of `endless` output the first line is enough.
    """

    line: str
    answers: tuple[str | None, ...]
    stdin: str = ""
    fill: str = ""
    blocked: str = ""
    added: str = ""
    endless: bool = False


def row(
    line: str,
    *answers: str | None,
    stdin: str = "",
    fill: str = "",
    blocked: str = "",
    added: str = "",
    endless: bool = False,
) -> Row:
    return Row(line, answers, stdin, fill, blocked, added, endless)


def record(fields: str, *answers: str) -> Row:
    """Return a row for a line of a file of layers, of which `fields` are wrong."""
    return row("shape --from -", *answers, stdin=f'{{"in_channels": 3, "out_channels": 8, "kernel_size": 3, {fields}}}')


MODES = ("zeros", "reflect", "replicate", "circular")
KINDS = {
    "layer": [
        row("shape --get parameters", "9472"),
        row("shape 3 --get parameters", "1792"),
        row("shape 3 64 --get parameters", "1792"),
        row("shape 0 64 3 --get parameters", "640"),
        row("shape -3 64 3 --get parameters", "640"),
        row("shape 3 0 3 --get parameters", "28"),
        row("shape 3 64 0 --get kernel_size", "1 1"),
        row("shape 3 64 3x0 --get kernel_size", "3 1"),
        row("shape 3 64 3x3x3 --get kernel_size", "3 3"),
        row("shape 3 64 7.0 --get parameters", "9472"),
        row("shape 3.0 64 3 --get parameters", "1792"),
        row("shape three 64 3 --get parameters", "1792"),
        row("shape 3 64 99999999999999999999 --get parameters", "1792"),
        row("shape 3 64 3 4 --get kernel_size,stride", "3 4\n1 1", "3 3\n4 4"),
        row("shape 3,64,0 --get parameters", "256"),
        row("shape 3,64 --get parameters", "1792"),
        row("shape 3,64,7.0 --get parameters", "9472"),
        row("shape 'Conv2d(3, 64,' '7)' --get parameters", "9472"),
        row("shape 'nn.Conv2d(16,' 8, '5)' --get parameters", "3208"),
        row("shape nn.Conv2d 16 8 5 --get parameters", "3208"),
        row("shape 0 0 0 -s 0 -i 8 --get output_shape", "1 1 8 8"),
        row("shape 3 64 7.0 -s 0 -i 8 --get output_shape", "1 64 2 2"),
        row("run x.npy 3 8 0 --get output_shape", "1 8 8 8"),
        row("run x.npy 3 8 3 --device meta --get engine", "numpy"),
        row("run x.npy 3 8 3 --device cuda --engine numpy --get engine", "numpy"),
        row("run x.npy 3 8 --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 4 --get output_shape", "1 8 6 5", "1 8 2 2"),
    ],
    "field": [
        row("draw --receptive-field --get node,rows", "layer4.1.relu2\n0 223"),
        row("draw resnet18 --node layer1.0.con1 --get type", "Conv2d"),
        row("draw resnet18 --node zzzzzzzz --get type", "…layer1.0.conv1…"),
        row("draw resnet18 --receptive-field --at 7,0 --get at", "6 6"),
        row("draw resnet18 --receptive-field --at=-1,0 --get at", "6 6"),
        row("draw resnet18 --receptive-field --at 3 --get at", "0 0"),
        row("draw resnet18 --node fc --at 0,0 --get rows", "0 223"),
        row("draw resnet18 --node conv1 -s 2 --get receptive_field", "7 7"),
        row("draw resnet18 --node conv1 --animate --get receptive_field", "7 7"),
        row("draw 3 8 3 --node 0 -i 8 --get node", "conv"),
        row("draw 3 8 3 --receptive-field --get receptive_field", "3 3"),
        row("draw 3 8 3 --receptive-field -i 0x5 --get receptive_field", "3 3"),
        row("draw 3 8 3 --receptive-field -i 8 --get row", "3 5"),
        row("draw resnet18 --node conv1 -o field.bmp", ""),
    ],
    "machine": [
        row("shape 3 64 7 -i 8 --get limited_by", "memory"),
        row("shape 3 64 7 -i 8 --get limited_by --peak-flops 1T", "memory"),
        row("shape 3 64 7 -i 8 --get limited_by --bandwidth 1e9", "memory"),
        row("shape 3 64 7 -i 8 --get limited_by --bandwidth 1e9 --peak-flops fast", "memory"),
        row("shape 3 64 7 -i 8 --get limited_by --bandwidth 8gb --peak-flops 1FLOPS", "compute", "compute"),
        row("shape 3 64 7 -i 8 --get limited_by --bandwidth 0 --peak-flops 1FLOPS", "compute"),
        row("shape 3 64 7 -i 8 --get limited_by --bandwidth 1e9 --peak-flops 1.2", "memory"),
        row("shape 3 64 7 -i 8 --get limited_by --bandwidth 40 --peak-flops 1FLOPS", "compute"),
        row("shape 3 64 7 -i 8 --get macs --peak 1T", "37632"),
        row("shape 3 64 7 -i 8 --get macs --peak auto --bandwidth 1e9 --peak-flops 1FLOPS", "37632"),
        row("shape 3 64 7 --get limited_by --bandwidth 1e9 --peak-flops 1FLOPS", "compute"),
        row("stack resnet50 --diff vgg16 --bandwidth 1e9 --peak-flops 1FLOPS --format csv", "index,name,…"),
    ],
    "draw": [
        row("draw --get at", "0 0"),
        row("draw -i 5 --get at", "0 0"),
        row("draw 1 1 3 --get at", "0 0"),
        row("draw 3 64 --get at", "0 0"),
        row("draw resnet18 --get at", "3 3"),
        row("draw resnet18 --volume -s 2 --get at", "3 3"),
        row("draw 1 1 3 -i 5 --animate -o a.png --get at", "0 0"),
        row("draw 1 1 9x3 -p 9 --padding-mode reflect --get at", "9 9"),
        row("draw 1 1 3 -i 5 --at 3,0 --get at", "2 2"),
        row("draw 1 1 3 -i 5 --at 3 --get at", "0 0"),
        row("draw 1 1 3 -i 5 --get at --at", "0 0"),
        row("draw 1 1 3 -i 5 --animate --get at", "0 0"),
        row("draw 1 1 3 -i 5 --force --get at", "0 0"),
        row("draw 1 1 3 -i 5 -o p.pdf --get at", "0 0"),
        row("draw 1 1 3 -i 5 --animate --at 0,0 -o a.svg --get at", "0 0"),
        row("draw 1 1 3 -i 5 --get window", "0 2"),
        row("draw '' --get at", "0 0", "0 0"),
        row("draw 3 --get at", "0 0"),
        row("draw 3 64 3 9 --get at", "0 0", "0 0"),
        row("draw resnet18 -i 64 -s 2 --volume --get at", "1 1"),
        row("draw 'ConvTranspose2d(1, 1, 3)' --receptive-field", "picture         plane…"),
        row("draw 'ConvTranspose2d(1, 1, 3)' --values x.npy --weight w.npy", "picture         plane…"),
        row("draw 'ConvTranspose2d(1, 1, 3)' --interactive -o p.html", "picture         plane…"),
        row("draw 1 1 3 -i 5 --animate -o p.png --get at", "0 0"),
        row("draw 1 1 3 -i 5 --interactive -o p.svg", ""),
    ],
    "diff": [
        row("diff --get key", "kernel_size\n…"),
        row("diff 3,64,7 --get after", "5 5\n…"),
        row("diff 3 64 7 3 64 7 -q --get key", ""),
        row("diff 3 64 7 --get after", "5 5\n…"),
        row("diff 3,64,7 3x64x9 --get after", "9 9\n…"),
        row("diff 3,64,7 x --get after", "5 5\n…"),
        row("diff 3,64,7 3,64,5 -s 0 --get after", "5 5\n…"),
        row("diff 3,64,7 5,64,7 -i 1x3x8x8 --get key", "in_channels\n…"),
        row("diff 3,64,7 5,64,9 -i 1x3x8x8 --get key", "in_channels\n…"),
        row("diff 3,64,7 3,64,9 -i 4 --get after", "9 9\n1 64 1 1\n…"),
        row("diff 3,64,7 3,64,9 -i 4 -i 3 --get before", "7 7\n1 3 7 7\n…"),
        row("diff 3,64,7 3,64,9 -i 4x --get key", "kernel_size\n…"),
        row("diff 3,64,7 3,64,3 -i 4 --get key", "kernel_size\n…"),
        row("diff 3,64,7 3,64,3 -i 8 -i 9 -i 10 --get key", "kernel_size\n…"),
    ],
    "option": [
        row("shape 3 64 3 -s 0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -s0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -vs0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 --stride=0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 --stride -1 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -s 1 -s 0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -s fast -i 8 --get output_shape", "1 64 3 3", "1 64 3 6"),
        row("shape 3 64 3 -s 2.0 -i 8 --get output_shape", "1 64 3 3"),
        row("shape 3 64 3 -s 2,0 -i 8 --get output_shape", "1 64 3 6"),
        row("shape 3 64 3 -s 1,2,3 -i 8 --get output_shape", "1 64 6 3"),
        row("shape 3 64 3 -s 9223372036854775808 -i 8 --get output_shape", "1 64 3 3", "1 64 3 6"),
        row("shape 3 64 3 -p -1 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -p 1,2,3 -i 8 --get output_shape", "1 64 8 10", "1 64 10 10"),
        row("shape 3 64 3 -p smae -i 8 --get output_shape", "1 64 8 8"),
        row("shape 3 64 3 -p full -i 8 --get output_shape", "1 64 8 8", "1 64 6 6", "1 64 8 8", "1 64 8 8"),
        row("shape 3 64 3 -p same -s 2 -i 8 --get output_shape", "1 64 4 4"),
        row("shape 3 64 4 -p same -s 2 -i 8 --get output_shape", "1 64 4 4"),
        row("shape 3 64 3 -p same -s 2 -d 3 -i 8 --get output_shape", "1 64 4 4"),
        row("shape 3 64 3 -d 0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -d 1x2x3 -i 8 --get output_shape", "1 64 6 4"),
        row("shape 3 64 3 -g 2 --get parameters", "1792"),
        row("shape 4 6 3 -g 4 --get parameters", "222", "114"),
        row("shape 4 6 3 -g3 --get parameters", "222", "114"),
        row("shape 4 6 3 -g two --get parameters", "222"),
        row("shape 4 6 3 -g 2.0 --get parameters", "114"),
        row("shape 3 64 3 -s 0 -p -1 -d 0 -g 0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 --padding-mode mirror --get padding_mode", *MODES),
        row("shape 3 64 3 --padding_mode=zero --get padding_mode", "zeros"),
        row("shape 3 64 3 --dtype float33 -i 8 --get input_bytes", "768", "768", "1536"),
        row("shape 3 64 3 --dtype fp-16 -i 8 --get input_bytes", "384", "1536", "384"),
        row("shape 3 64 3 --device gpu --get device", "cpu", "cuda"),
    ],
    "reference": [
        row("trace --get index", "0 0 0 0", fill="x.npy"),
        row("trace x.npy 3 8 3 --get index", "0 0 0 0"),
        row("trace x.npy 3 8 3 --get index --at", "0 0 0 0"),
        row("trace x.npy 3 8 3 --at first --get index", "0 0 0 0"),
        row("trace x.npy 3 8 3 --at 3 --get index", "0 0 0 0"),
        row("trace x.npy 3 8 3 --at 9,9,9,9 --get index", "0 7 5 5"),
        row("trace x.npy 3 8 3 --at 0,0,0 --get index", "0 7 5 5"),
        row("trace x.npy 3 8 3 --at 0,0,0,-1 --get index", "0 7 5 5"),
        row("vectors --get cases", "1"),
        row("vectors 3 8 3 --get cases", "1"),
        row("vectors 3 8 3 -o v --get cases", "1"),
        row("vectors 3 8 3 -i 8 --get cases -o", "1"),
        row("vectors --suite corner -o v --get cases", "40"),
        row("vectors --suite corners -p 1 -o v --get cases", "40"),
        row("vectors 3 8 3 -i 2 -o v --get cases", "1"),
        row("vectors 3 8 3 -i 4x8x8 -o v --get cases", "1"),
        row("vectors 'Conv2d(3, 8, 3)' 'Conv2d(4, 8, 3)' -i 3x9x9 -o v --get cases", "2"),
        row("vectors 3 8 3 -i 8 -o v --files hexx --get files", "4"),
        row("vectors 3 8 3 -i 8 -o v --data nomral --get cases", "1"),
        row("vectors 3 8 3 -i 8 -o v --data normal --dtype int8 --get cases", "1"),
        row("vectors 3 8 3 -i 8 -o v --files safetensors --dtype complex128 --get files", "4"),
        row("vectors 3 8 3 -i 8 -o v --count none --get cases", "1"),
        row("vectors 3 8 3 -i 8 -o v --layout NHCW --get cases", "1"),
    ],
    "sweep": [
        row("sweep --get kernel_size", "7 7", "7 7"),
        row("sweep 3 8 --get kernel_size", "3 3"),
        row("sweep 3 8 3 2 --get kernel_size,stride", "3 2\n1 1", "3 3\n2 2"),
        row("sweep 0,3 8 0..2 --get in_channels,kernel_size", "1\n1 1"),
        row("sweep '' 8 3 --get in_channels", "1\n2"),
        row("sweep 3..1 8 3 --get in_channels", "1\n2\n3"),
        row("sweep 3 8 3 -s 1,,2 --get stride", "1 1\n2 2"),
        row("sweep 3 8 3 --stride 3..1 --get stride", "1 1\n2 2\n3 3"),
        row("sweep 3 8 3 -p smae,1 --get padding", "same"),
        row("sweep 4 6 3 -g 4,5 --get groups", "1", "2"),
        row("sweep 3 8 3 -i 1,2 --get output_shape", "1 8 1 1"),
        row("sweep 3 8 3 -i x.npy --get output_shape", "1 8 222 222"),
        row("sweep 3 8 3 -i 8,9 --sort mac --get macs", "7776\n10584"),
        row("sweep 3 8 3 --sort macs --get in_channels", "3"),
        row("sweep 3 8 3 --where 'macs > 1' --get in_channels", "3"),
        row("sweep 3 8 3 -i 8 --where macs --get in_channels", "3"),
        row("sweep 3 8 3 --get in_channels --where", "3"),
        row("sweep 3 8 3 --get in_channels --pareto", "3"),
        row("sweep 3 8 3 --get macs", "10645344"),
        row("sweep 3 8 3 --top 0 --get groups", "1"),
        row("sweep 3 8 3 --bias maybe --get bias", "true\nfalse"),
        row("shape 3 8 1..2", "in_channels …"),
        row("shape 3 8 3 -p 0,1,0,1 -s 1..2 --no-bias -i 8 --get macs", "in_channels …"),
        row("bench 3 8 3 -i 8..9", "in_channels …"),
    ],
    "no value": [
        row("shape 3 64 3 -i 8 --get output_shape -s", "1 64 3 3"),
        row("shape 3 64 3 -i 8 --get output_shape -p", "1 64 8 8"),
        row("shape 3 64 3 -i 8 --get output_shape -d", "1 64 4 4"),
        row("shape 3 64 3 -s -i 8 --get output_shape", "1 64 3 3"),
        row("shape 4 6 3 --get parameters -g", "222"),
        row("shape 3 64 3 --get output_shape -i", "1 64 222 222"),
        row("shape 3 64 3 --get padding_mode --padding-mode", "replicate"),
        row("shape 3 64 3 --get dtype --dtype", "float16"),
        row("shape 3 64 3 --format", '…"schema_version": 1,…'),
        row("shape 3 64 3 --get", "in_channels …"),
        row("shape --get parameters --weight", "216", fill="w.npy"),
        row("run x.npy 3 8 3 --get output_shape -o", "1 8 6 6"),
        row("run x.npy --get mean --weight", "27.0", fill="w.npy"),
        row("run x.npy 3 8 3 --get algorithm --algorithm", "im2col"),
        row("run x.npy 3 8 3 --get output_shape --memory-limit", "1 8 6 6"),
        row("run x.npy 3 8 3 --get output_shape --save-parameters", "1 8 6 6"),
        row("run raw.bin 3 8 3 --input-shape 1,3,8,8 --get output_shape --input-dtype", "1 8 6 6"),
    ],
    "expression": [
        row("shape 'Conv2d(3, 64, 3, stride=0)' -i 8 --get output_shape", "1 64 6 6"),
        row("shape 'self.conv = nn.Conv2d(3, 64, 3, stride=0)' -i 8 --get output_shape", "1 64 6 6"),
        row("shape 'Conv2d(3, 64, 0)' --get kernel_size", "1 1"),
        row("shape 'Conv2d(3, 64, 0, stride=0)' -i 8 --get output_shape", "1 64 8 8"),
        row("shape \"Conv2d(3, 64, 3, padding='smae')\" -i 8 --get output_shape", "1 64 8 8"),
        row("shape \"Conv2d(3, 64, 3, padding='same', stride=2)\" -i 8 --get output_shape", "1 64 4 4"),
        row("shape 'Conv2d(3, 64, 3, padding=(1, 2, 3))' -i 8 --get output_shape", "1 64 8 10", "1 64 10 10"),
        row("shape 'Conv2d(3, 64, 3, stride=(1, 2, 3))' -i 8 --get output_shape", "1 64 6 3"),
        row("shape 'Conv2d(3, 64, 3, stride=(2, 0))' -i 8 --get output_shape", "1 64 3 6"),
        row("shape 'Conv2d(4, 6, 3, groups=4)' --get parameters", "222", "114"),
        row("shape 'Conv2d(4, 6, 3, groups=True)' --get parameters", "222"),
        row("shape \"Conv2d(3, 64, '3')\" --get parameters", "1792"),
        row("shape 'Conv2d(3, 64, 3.0)' --get parameters", "1792"),
        row("shape 'Conv2d(3, 64, None)' --get parameters", "1792", "2944"),
        row("shape 'Conv2d(3, 64, kernel)' --get parameters", "1792", "2944"),
        row("shape 'Conv2d(3, 64, 7 // 0)' --get parameters", "1792", "2944"),
        row("shape 'Conv2d(3, 64)' --get parameters", "1792", "2944"),
        row("shape 'Conv2d()' --get parameters", "1792", "2944"),
        row("shape 'Conv2d(*[3, 64, 3])' --get parameters", "1792", "2944"),
        row("shape 'Conv2d(3, 64, k=3)' --get parameters", "1792", "2944"),
        row("shape 'Conv2d(3, 64, kernel=3)' --get parameters", "1792"),
        row("shape 'Conv2d(3, 64, 3, strides=2)' -i 8 --get output_shape", "1 64 3 3"),
        row("shape 'Conv2d(3, 64, 3, kernel_size=5)' --get parameters", "4864", "1792"),
        row("shape 'Conv2d(3, 64, 3, stride=1, stride=2)' -i 8 --get output_shape", "1 64 3 3", "1 64 6 6"),
        row("shape 'Conv2d(3, 64, 3, bias=maybe)' --get parameters", "1792"),
        row("shape 'Conv2d(3, 64, 3, dtype=torch.float33)' -i 8 --get input_bytes", "768", "768", "1536"),
        row("shape \"Conv2d(3, 64, 3, device='gpu')\" --get device", "cpu", "cuda"),
        row("shape 'Conv2d(3, 64, 3, stride=0)' -p -1 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 'Conv2d(3, 64, 3)' -s 0 -i 8 --get output_shape", "1 64 6 6"),
        row("shape 'Conv2d(' --get parameters", "9472"),
        row("shape 'nn.Linear(3, 64)' --get parameters", "9472"),
        row("run four_channels.npy 'Conv2d(3, 8, 3)' --get output_shape", "1 8 6 6"),
        row("run small.npy 'Conv2d(3, 8, 3)' --get output_shape", "1 8 2 2"),
    ],
    "size": [
        row("shape 3 64 3 -i '1920*1080' --get output_shape", "1 64 1918 1078"),
        row("shape 3 64 3 -i N,3,32,32 --get output_shape", "1 64 30 30"),
        row("shape 3 64 3 -i N,C,32,32 --get output_shape", "1 64 30 30"),
        row("shape 3 64 3 -i 'None,3,8,8' --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -i '?x3x8x8' --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -i '8 * 8' --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -i 8x --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -i '(8' --get output_shape", "1 64 6 6"),
        row(
            "shape 3 64 3 -i 1x3x8x8x8 --get output_shape",
            *("1 64 222 222", "1 64 222 158", "64 222 222", "8 64 222 222"),
        ),
        row("shape 3 64 3 -i 2 --get output_shape", "1 64 1 1"),
        row("shape 3 64 3 -i2 --get output_shape", "1 64 1 1"),
        row("shape 3 64 3 --input=2x9 --get output_shape", "1 64 1 7"),
        row("shape 3 64 3 -i 0 --get output_shape", "1 64 1 1"),
        row("shape 3 64 3 -i 4x8x8 --get output_shape", "64 6 6"),
        row("shape 3 64 3 -i 1x4x8x8 --get output_shape", "1 64 6 6"),
        row("shape 3 64 3 -i 224x224x3 --get output_shape", "64 222 222"),
        row("shape 'Conv2d(3, 64, 3)' -i 4x8x8 --get output_shape", "64 6 6"),
        row("shape 3 8 5 -d 3 -i 12 --get output_shape", "1 8 1 1"),
        row("shape 'Conv2d(3, 8, 5, dilation=3)' -i 12 --get output_shape", "1 8 1 1"),
        row("shape 3 8 3 -p 9 --padding-mode reflect -i 8 --get output_shape", "1 8 20 20", "1 8 24 24"),
        row("shape 3 8 3 -p9 --padding_mode=circular -i 8 --get output_shape", "1 8 22 22", "1 8 24 24"),
        row("shape 3 8 3 -p 9x1 --padding-mode reflect -i 8 --get output_shape", "1 8 20 8", "1 8 24 8"),
        row("shape 3 8 3 -p 9,1,1,9 --padding-mode reflect -i 8 --get output_shape", "1 8 14 14", "1 8 16 16"),
        row(
            "shape \"Conv2d(3, 8, 3, padding=9, padding_mode='reflect')\" -i 8 --get output_shape",
            *("1 8 20 20", "1 8 24 24"),
        ),
        row(
            "shape \"Conv2d(3, 8, 3, padding_mode='reflect')\" -p 9 -i 8 --get output_shape",
            *("1 8 20 20", "1 8 24 24"),
        ),
        row("shape 4 8 3 -i x.npy --get output_shape", "1 8 6 6"),
        row("shape 3 8 9 -i x.npy --get output_shape", "1 8 2 2"),
        row("shape 3 8 3 -i two.npz --get output_shape", "1 8 6 6"),
        row("shape 3 8 3 -i x.npy::a --get output_shape", "1 8 6 6"),
        row("shape 3 64 7 --get macs", "447105792"),
        row("shape 3 64 7 --get macs,output_shape", "447105792\n1 64 218 218"),
    ],
    "clash": [
        row("shape 3 8 3 -i 8 --json --format csv", '…"schema_version": 1,…', "in_channels,out_channels,…"),
        row("shape 3 8 3 -i 8 --get macs --json", "7776"),
        row("shape 3 8 3 -i 8 --get macs --format csv", "7776"),
        row("shape 'Conv2d(3, 64, 3, stride=2)' -s 3 -i 8 --get output_shape", "1 64 3 3", "1 64 2 2"),
        row("shape 'Conv2d(3, 8, 3, bias=True)' --no-bias --get parameters", "224", "216"),
        row(
            "shape \"Conv2d(3, 8, 3, padding_mode='reflect')\" --padding_mode circular --get padding_mode",
            *("reflect", "circular"),
        ),
        row("shape 3 8 3 --from lines.txt", '…"parameters": 224,…'),
        row("shape --from lines.txt -s 2", '…"parameters": 224,…'),
        row("shape --from lines.txt --weight w.npy", '…"parameters": 224,…'),
        row("shape --from lines.txt --get macs", '…"parameters": 224,…'),
        row("shape --from lines.txt --json -i 8", '…"macs": 7776,…'),
        row("shape --from lines.txt -s 2 --format csv", "line,name,in_channels,…"),
        row("shape --from lines.txt --format json", '…"parameters": 224,…'),
        row("run x.npy 3 8 3 --no-bias --bias b.npy --get output_shape", "1 8 6 6"),
        row("run x.npy 'Conv2d(3, 8, 3, bias=False)' --bias b.npy --get output_shape", "1 8 6 6"),
        row("run x.npy --weight w.npy --save-parameters p.npz --get mean", "27.0"),
        row("run x.npy 3 8 3 -o - --json", '…"schema_version": 1,…', "…NUMPY…", fill="y.npy"),
        row("run x.npy 3 8 3 -o npy:- --get output_shape", "1 8 6 6", "…NUMPY…", fill="y.npy"),
        row("run x.npy \"Conv2d(3, 8, 3, dtype='float')\" --dtype half --get dtype", "float32", "float16"),
    ],
    "key or format": [
        row("shape 3 8 3 -i 8 --get mac", "7776"),
        row("shape 3 8 3 -i 8 --get MACS", "7776"),
        row("shape 3 8 3 -i 8 --get=flop", "15552"),
        row("shape 3 8 3 -i 8 --get params", "224"),
        row("shape 3 8 3 -i 8 --get macs,flop", "7776\n15552"),
        row("shape 3 8 3 -i 8 --get outputs", "1 8 6 6", "1152", "1"),
        row("shape 3 8 3 -i 8 --get ''", "in_channels …"),
        row("shape 3 8 3 --format=jsn", '…"schema_version": 1,…', '{"schema_version": 1, "in…'),
        row("shape 3 8 3 --get parameters --color nevr", "224"),
        row("shape 3 8 3 --get parameters --color sometimes", "224"),
        row("shape --from lines.txt --format markdown", "…224…"),
        row("run x.npy 3 8 3 --get output-shapes", "1 8 6 6"),
        row("run x.npy 3 8 3 --plan --get algoritm", None),
        row("info --get versoin", None),
        row("info x.npy --get shap", "1 3 8 8"),
        row("info x.npy --format jsno", '…"schema_version": 1,…', '{"schema_version": 1, "file": "x.npy", …'),
    ],
    "unknown option": [
        row("shape 3 8 3 -i 8 --get output_shape --strde 2", "1 8 3 3"),
        row("shape 3 8 3 -i 8 --get output_shape --strid=2", "1 8 3 3"),
        row("shape 3 8 3 -i 8 --get output_shape --pad 2", "1 8 10 10"),
        row("shape 3 8 3 --get padding_mode --padding-mod reflect", "reflect"),
        row("shape 3 8 3 --get parameters --no-biass", "216"),
        row("shape 3 8 3 --get parameters --quite", "224"),
        row("shape 3 8 3 --nonsense", "Usage: conv2d shape …"),
        row("shape 3 8 3 -z", "Usage: conv2d shape …"),
        row("shape 3 8 3 --json=yes", '…"schema_version": 1,…'),
        row("shape 3 64 7 --size 224 --get output_shape", "1 64 218 218"),
        row("shape 3 64 7 --input-size=224 --get output_shape", "1 64 218 218"),
        row("shape 'Conv2d(3, 64, 7)' --image-size 224 --get output_shape", "1 64 218 218"),
        row("shape 3 64 --kernel-size 3 --get parameters", "1792"),
        row("shape 3 64 7 --kernel-size 3 --get parameters", "1792"),
        row("shape 3 64 7 -k 3 --get parameters", "1792"),
        row("shape 3 64 7 -k3 --get parameters", "1792"),
        row("shape --in-channels 3 --out-channels 64 --kernel-size 7 --get parameters", "9472"),
        row("shape --in_channels=3 --out_channels=64 --kernel_size=7 --get parameters", "9472"),
        row("shape 64 7 --in-channels 3 --get parameters", "9472"),
        row("shape 3 64 7 --in-channels 4 --get parameters", "12608"),
        row("shape 'Conv2d(3, 64, 7)' -k 3 --get parameters", "1792"),
        row("shape 3 64 7 --kernel-size 3 --size 224 --get output_shape", "1 64 222 222"),
        row("shape 3 64 7 --bias false --get parameters", "9408"),
        row("shape 3 64 7 --bias=False --get parameters", "9408"),
        row("shape 3 64 7 --bias true --get parameters", "9472"),
        row("shape 'Conv2d(3, 64, 7)' --bias False --get parameters", "9408"),
        row("run x.npy 3 8 3 --bias false --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 -k 3 --get output_shape", "1 8 6 6"),
        row("run x.npy --in-channels 3 --out-channels 8 --kernel-size 3 --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --outptu y.npy --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --size 8 --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 -i 8 --get output_shape", "1 8 6 6"),
        row("bench 1 1 1 --size 1 --rounds 1 --threads 1 --engines conv2d --accuracy strict --get macs", "1"),
        row("--nonsense", "Usage: conv2d …"),
        row("--versoin", "conv2d …"),
        row("--json shape 3 64 7", '…"schema_version": 1,…'),
    ],
    "command": [
        row("3 64 7 --get parameters", "9472"),
        row("3,64,7 --get parameters", "9472"),
        row("'nn.Conv2d(3, 64, 7)' --get parameters", "9472"),
        row("shap 3 64 7 --get parameters", "9472"),
        row("shapes 3 64 7 --get parameters", "9472"),
        row("rnu x.npy 3 8 3 --get output_shape", "1 8 6 6"),
        row("x.npy --get shape", "1 3 8 8"),
        row("x.npy 3 8 3 --get output_shape", "1 8 6 6"),
        row("info x.npy w.npy --get shape", "1 3 8 8"),
        row("version now", "Usage: conv2d version…"),
        row("frobnicate", "Usage: conv2d …"),
        row("help pading", "…same_upper…"),
        row("help padding mode", "…same_upper…"),
        row("help shpe", "Usage: conv2d shape …"),
        row("help frobnicate", None),
    ],
    "integers": [
        row("run bytes.npy 3 8 3 --accumulate int32 --get dtype", "int32", fill="w_signed.npy"),
        row("run bytes.npy --weight w_signed.npy --get dtype", "int32"),
        row("run bytes.npy --weight w_signed.npy --accumulate int23 --get dtype", "int32", "int64"),
        row("run bytes.npy --weight w_signed.npy --accumulate int16 --get dtype", "int64", "int32"),
        row("run bytes.npy --weight w_signed.npy --on-overflow clip --get dtype", "int32", "int32", "int32"),
        row("run bytes.npy --weight w_signed.npy --input-zero-point 300 --get max", "6858"),
        row("run bytes.npy --weight w_signed.npy --input-zero-point one --get max", "0"),
        row("run bytes.npy --weight w_signed.npy --weight-zero-point -200 --get max", "3429"),
        row("run bytes.npy --weight w_signed.npy --input-scale 1 --get dtype", "uint8"),
        row("run bytes.npy --weight w_signed.npy --output-dtype int8 --get dtype", "int8"),
        row(
            "run bytes.npy --weight w_signed.npy --input-scale 0 --weight-scale 1 --output-scale 1 --get dtype", "uint8"
        ),
        row(
            "run bytes.npy --weight w_signed.npy --input-scale 1 --weight-scale 1 --output-scale 1 "
            "--requantize tflite --accumulate int64 --get dtype",
            "uint8",
        ),
        row(
            "run bytes.npy --weight w_signed.npy --input-scale 1e-30 --weight-scale 1 --output-scale 1e30 --get dtype",
            "uint8",
        ),
        row(
            "run shorts.npy --weight '[[1]]' --per-channel --get dtype "
            "--input-scale 1 --weight-scale 1 --output-scale 1",
            *("int8", "uint8"),
        ),
        row("run gray.npy --weight '[[300]]' --accumulate int32 --get max", "300"),
        row("run gray.npy --weight '[[70000]]' --accumulate int32 --get max", "70000"),
        row("run gray.npy --weight '[[0.5]]' --accumulate int32 --get max"),
        row("run gray.npy --weight '[[1]]' --bias '[3000000000]' --accumulate int32 --get max", "3000000001"),
        row("run bytes.npy --weight shorts.npy --accumulate int32 --get dtype", "int32"),
        row("run shorts.npy --weight shorts.npy --accumulate int32 --get max", "3221225472", "2147483647"),
        row("run bytes.npy --weight w_signed.npy --accumulate int32 --dtype half --get dtype", "int32"),
        row(
            "run bytes.npy --weight w_signed.npy --accumulate int32 --accuracy fast --algorithm fft --get algorithm",
            "im2col",
        ),
    ],
    "run": [
        row("run --get output_shape", "1 64 2 2", fill="x.npy"),
        row("run x.npy --get output_shape", "1 8 6 6", fill="w.npy"),
        row("run 3 8 3 --get output_shape", "1 8 6 6", fill="x.npy"),
        row("run x.npy 3 8 3 --get algorithm --algorithm im2cl", "im2col"),
        row("run wide.npy 32 32 3 --get algorithm --algorithm winogard", "winograd"),
        row("run x.npy 3 8 3 --get algorithm --algorithm winograd", None),
        row("run x.npy 3 8 3 --get algorithm --algorithm pointwise", None),
        row("run x.npy 3 8 3 --get output_shape --algorithm magic", "1 8 6 6"),
        row("run x.npy 3 8 3 --get output_shape --accuracy strct", "1 8 6 6"),
        row("run x.npy 3 8 3 --get output_shape --accuracy sloppy", "1 8 6 6"),
        row("run x.npy 3 8 3 --get threads --threads 0", "1"),
        row("run x.npy 3 8 3 --get threads --threads many", "1"),
        row("run x.npy 3 8 3 --get output_shape --seed 1.5", "1 8 6 6"),
        row("run x.npy 3 8 3 --get output_shape --seed 18446744073709551616", "1 8 6 6"),
        row("run x.npy 3 8 3 --get output_shape --memory-limit lots", "1 8 6 6"),
        row("run x.npy 3 8 3 --get output_shape --memory-limit 1", "1 8 6 6"),
        row("run x.npy 3 8 3 --get output_shape --dtype bool", "1 8 6 6"),
        row("run x.npy 3 8 3 --get dtype --dtype floot32", "float32", "float32", "complex64"),
        row("run bytes.npy 3 8 3 --get output_shape", "1 8 6 6", fill="w_bytes.npy"),
        row("run bytes.npy 3 8 3 --dtype int8 --get output_shape", "1 8 6 6", fill="w_bytes.npy"),
        row("run bytes.npy --weight w_half.npy --get mean", "13.5"),
        row("run gray.npy --weight '[[1,0,-1],[2,0,-2],[1,0,-1]]' --get output_shape", "1 1 6 6"),
        row("run gray.npy --weight '[[0.5]]' --get mean", "0.5"),
        row("run gray.npy --weight '[[300]]' --get max", None),
        row("run double.npy --weight w.npy --get mean", "27.0"),
        row("run x.npy --weight w_double.npy --get mean", "27.0"),
        row("run x.npy --weight w.npy --bias b_double.npy --get mean", "28.0"),
        row("run double.npy 'Conv2d(3, 8, 3, dtype=torch.float32)' --get output_shape", "1 8 6 6"),
        row("run bool.npy --weight w.npy --get mean", "27.0"),
        row("run void2.npy 3 8 3 --get dtype", "bfloat16"),
        row("run complex.npy 3 8 3 --dtype float32 --get dtype", "complex64"),
        row("run four_channels.npy 3 8 3 --get output_shape", "1 8 6 6"),
        row("run large.npy --weight '[[1]]' --dtype int8 --get max", "127", "-56"),
        row("run large.npy --weight '[[1]]' --dtype int8 --cast clamp --get max", "127", "-56"),
        row("run large.npy --weight '[[1]]' --dtype int8 --cast saturat --get max", "127"),
        row("run large.npy --weight '[[1]]' --dtype int8 --cast wrap,saturate --get max", "127", "-56"),
        row("run halves.npy --weight '[[1]]' --dtype int8 --get max", "2"),
        row("run halves.npy --weight '[[1]]' --dtype int8 --cast saturate --get max", "2"),
        row("run huge.npy --weight '[[1]]' --dtype float32 --get dtype", "float32"),
        row("run huge.npy --weight '[[1]]' --dtype int16 --get dtype", "int16"),
        row("run nan.npy --weight '[[1]]' --dtype int16 --get dtype", "float32"),
        row("run gray.npy --weight '[[1e300]]' --dtype float32 --get dtype", "float32"),
        row("run nhwc.npy 3 8 3 --get output_shape", "1 8 6 7"),
        row("run nhwc.npy --weight w.npy --get output_shape", "1 8 6 7"),
        row("shape 3 8 3 -i nhwc.npy --get output_shape", "1 8 6 7"),
        row("run x.npy 3 8 3 --weight w_hwio.npy --get output_shape", "1 8 6 6"),
        row("run x.npy --weight w_hwio16.npy --get output_shape", "1 16 6 6"),
        row("run x.npy --weight w.npy --weight-layout OHIW --get output_shape", None, None),
        row("run x.npy --weight w2d.npy --get mean", "9.0"),
        row("run x.npy --weight '[[1]]' --get mean", "1.0"),
        row("run x.npy --weight w.npy --per-channel --get mean", "27.0"),
        row("run x.npy 3 8 3 --flip --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --per-channel --get output_shape", "1 8 6 6"),
        row("run photo.png 1 8 3 --get output_shape", "8 6 6"),
        row("run alpha.png 3 8 3 --get output_shape", "8 6 6"),
        row("run alpha.png 1 8 3 --get output_shape", "8 6 6"),
        row("shape 3 8 3 -i alpha.png --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --max-pixels 9 --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --max-pixels 0 --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --mean 0.5 --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --normalize --mean 0.5,0.5 --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --normalize --mean a --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --normalize --std 0 --get output_shape", "8 6 6"),
        row("run six.npy 6 9 3 --drop-alpha --get output_shape", "1 9 6 6"),
        row("run alpha.png 3 8 3 --normalize --mean 0.4,0.4,0.4 --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --normalize --std 1e-50 --get output_shape", "8 6 6"),
        row("run photo.png 3 8 3 --normalize --std nan --get output_shape", "8 6 6"),
        row("run x.npy 3 8 3 --cast wrap --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --weight-layout HWIO --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --weight-shape 8,3,3,3 --weight-dtype f4 --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --bias-dtype f4 --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --input-offset 8 --get output_shape", "1 8 6 6"),
        row("shape 3 8 3 -i 8 --layout NHWC --get output_shape", "1 8 6 6"),
        row("shape 3 8 3 -i 8 --weight-layout HWIO --get output_shape", "1 8 6 6"),
        row("run x.npy --weight w2d.npy --per-channel -g 1 --get output_shape", "1 3 6 6"),
        row("run wide.npy --weight w12.npy --get output_shape", "1 32 53 56"),
        row("run nhwc.npy --weight w_hwio.npy --get output_shape", "1 8 6 7"),
        row("run six.npy 6 9 3 --gray --get output_shape", "1 9 6 6"),
        row("run raw.bin 3 8 3 --input-shape 1,3,9,9 --input-dtype f4 --get output_shape", "1 8 6 6"),
        row("run raw.bin 3 8 3 --input-shape 1,3,8,8 --input-dtype f4 --input-offset 4 --get output_shape", "1 8 6 6"),
        row("run raw.bin 5 8 3 --input-shape 1,5,6,6 --input-dtype f4 --get output_shape", "1 8 4 4"),
        row("run raw.bin 3 8 3 --input-shape 1,3,8,8 --input-dtype f5 --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --input-shape 1,3,8,8 --input-dtype f4 --get output_shape", "1 8 6 6"),
        row("run x.npy --weight w.npy --weight-shape 8,3,3,3 --weight-dtype f4 --get output_shape", "1 8 6 6"),
        row("run x.npy --weight w.npy --bias b.npy --bias-dtype f4 --get mean", "28.0"),
        row("run x.npy --weight w.bin --get output_shape"),
        row("run x.npy 3 8 3 --weight w.bin --get mean", "27.0"),
        row("shape 3 8 3 -i raw.bin --get output_shape"),
        row("shape --weight w.bin --get weight_shape"),
        row("run headed.bin 3 8 3 --input-offset 4 --get output_shape", "1 8 6 6"),
        row("run x.npy --weight w.bin --weight-shape 8,3,3,3 --get output_shape", "1 8 6 6"),
        row("run x.npy --weight w.bin --weight-dtype f4 --weight-shape 3,3,3 --get output_shape"),
        row("run x.npy --weight w.bin --weight-shape 8,3,3,4 --weight-dtype f4 --get output_shape"),
        row("run small.npy 3 8 3 --get output_shape", "1 8 2 2"),
        row("run small.npy --weight w.npy --get output_shape", "1 8 2 2"),
        row("run x.npy 3 8 9x2 --get output_shape", "1 8 2 7"),
        row("run x.npy 3 8 3 -d 5 --get output_shape", "1 8 2 2"),
        row("run x.npy 3 8 3 -p 9 --padding-mode reflect --get output_shape", "1 8 20 20", "1 8 24 24"),
        row("run six.npy 6 9 3 --weight w_six.npy --get mean", "18.0"),
        row("run x.npy --weight w_depthwise.npy --get mean", "9.0"),
        row("run x.npy 3 8 3 --weight w_grouped.npy --get mean"),
        row("run structured.npy 3 8 3 --get mean"),
        row("run x.npy 3 1099511627776 3"),
        row("run x.npy --weight w.npy -g 3 --get mean", "27.0"),
        row("run x.npy --weight w.npy -g 2 --get mean", "27.0"),
        row("run x.npy 3 8 5 --weight w.npy --get mean", "27.0"),
        row("run x.npy 3 9 3 --weight w.npy --get mean", "27.0"),
        row("run x.npy 3 8 3 -o exists.npy --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --save-parameters two.npz --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 --resume --get output_shape", "1 8 6 6"),
        row("run x.npy 3 8 3 -o npz:-", "…NUMPY…"),
        row("run two.npz 3 8 3 --get output_shape", "1 8 6 6"),
        row("run x.npy::a 3 8 3 --get output_shape", "1 8 6 6"),
        row("run raw.bin 3 8 3 --get output_shape", "1 8 6 6"),
        row("run raw.bin 3 8 3 --input-shape 1,3,8,8 --get output_shape", "1 8 6 6"),
        row("run raw.bin 3 8 3 --input-dtype float32 --get output_shape", "1 8 6 6"),
        row("run many 3 8 3 --get files", "2", fill="out"),
        row("run m.pth 3 8 3"),
        row("run x.npy --weight m.pth::weight"),
        row("run table.csv 1 8 3"),
        row("run two_in_one.npy 3 8 3"),
        row("run objects.npy 3 8 3"),
        row("info many"),
        row("info raw.bin", "output_shape            1 1 768…"),
    ],
    "compare": [
        row("compare x.npy --get verdict", "Usage: conv2d compare…"),
        row("compare x.npy x.npy --get verdit", "same"),
        row("compare x.npy x.npy --get verdict --rtol x", "same"),
        row("compare x.npy x.npy --get verdict --atol -1", "same"),
        row("compare x.npy x.npy --get verdict --ulp 1.5", "same"),
        row("compare x.npy x.npy --get verdict -s 2", "same"),
        row("compare x.npy x.npy --get verdict --seed 3", "same"),
        row("compare x.npy x.npy --get verdict --weight-layout HWIO", "same"),
        row("compare x.npy x.npy 3 3 1 --get verdict", "same", fill="x.npy"),
        row("compare raw.bin raw.bin --get shape_actual", "192"),
        row("compare raw.bin raw.bin --get shape_actual --raw-shape 1,3,8,8", "1 3 8 8"),
        row("compare raw.bin raw.bin --get shape_actual --raw-dtype int16", "384"),
        row("compare raw.bin raw.bin --get verdict --raw-dtype flot32 --raw-shape 192", "same"),
        row("compare x.npy x.npy --get verdict --raw-shape 3", "same"),
        row("compare two.npz x.npy --get verdict", "same"),
        row("compare void2.npy void2.npy --get dtype", "bfloat16"),
        row("compare x.npy nothing.npy", fill="x.npy"),
    ],
    "bench": [
        row("bench", "115605504", "118013952", added="--rounds 1 --threads 1 --get macs", endless=True),
        row("bench 1 1 1 --rounds 1 --threads 1 --accuracy strict --engines conv2d --get macs", "3136", "25088"),
        row("bench --suite resnet5 --rounds 1 --threads 1 --get macs", "118013952", endless=True),
        row("bench --suite vgg16 -i 56 --rounds 1 --threads 1 --get macs", "86704128", endless=True),
        row("bench 1 1 1 -i 1 --rounds 1 --threads 1 --engines conv2d --get accuracy --accuracy strct", "strict"),
        row("bench 1 1 1 -i 1 --rounds 1 --threads 1 --accuracy strict --get engine --engines convd2", "conv2d"),
        row("bench 1 1 1 -i 1 --threads 1 --accuracy strict --engines conv2d --get rounds --rounds 0", "1"),
        row("bench 1 1 1 -i 1 --rounds 1 --accuracy strict --engines conv2d --get threads --threads x", "1"),
        row("bench 1 1 1 -i 0 --rounds 1 --threads 1 --accuracy strict --engines conv2d --get macs", "1"),
        row("bench 32 32 3 -i 64 --rounds 1 --threads 1 --engines conv2d --get accuracy --algorithm winogard", "fast"),
        row("bench 1 1 1 -i 1 --rounds 1 --threads 1 --accuracy strict --engines conv2d --get macs --dtype bool", "1"),
    ],
    "lines": [
        record('"stride": 0', '…"stride": [1, 1],…'),
        record('"stride": 0, "padding": -1', '…"stride": [1, 1], "padding": [0, 0],…'),
        record('"stride": "two"', '…"stride": [2, 2],…', '…"stride": [2, 1],…'),
        record('"groups": 2', '…"groups": 1,…'),
        record('"bias": "no"', '…"parameters": 224,…'),
        record('"mac": 1', '…"parameters": 224,…'),
        record('"strides": 2', '…"stride": [2, 2],…'),
        record('"padding": "smae"', '…"padding": "same",…'),
        record('"padding": [1, 2, 3]', '…"padding": [1, 2],…', '…"padding": [1, 2, 3, 2],…'),
        record('"padding_mode": "mirror"', *(f'…"padding_mode": "{mode}",…' for mode in MODES)),
        record('"device": "gpu"', '…"device": "cpu",…', '…"device": "cuda",…'),
        record('"input_shape": 7', '…"output_shape": [1, 8, 222, 222],…'),
        record('"input_shape": "N,3,8,8"', '…"output_shape": [1, 8, 6, 6],…'),
        record('"input_shape": [1, 4, 8, 8]', '…"output_shape": [1, 8, 6, 6],…'),
        record('"input_shape": [1, 3, 2, 2]', '…"output_shape": [1, 8, 1, 1],…'),
        record('"input_shape": []', '…"output_shape": [8, 222, 222],…', '…"output_shape": [8, 8, 222, 222],…'),
        row("shape --from -", '…"kernel_size": [3, 3],…', stdin='{"in_channels": 3, "out_channels": 8, "kernel": 3}'),
        row("shape --from -", '…"parameters": 9472,…', stdin="3 64 7"),
        row("shape --from -", '…"parameters": 9472,…', stdin="Conv2d(3, 64"),
        row("shape --from -", '…"stride": [1, 1],…', stdin="Conv2d(3, 8, 3, stride=0)"),
        row("shape --from - --format csv", "line,…", stdin="Conv2d(3, 8, 3, stride=0)"),
        row("shape --from - -i 2", '…"output_shape": [1, 8, 1, 1],…', stdin="Conv2d(3, 8, 3)"),
        row("shape --from - -i '1920*1080'", '…"output_shape": [1, 8, 1918, 1078],…', stdin="Conv2d(3, 8, 3)"),
    ],
    "extra": [
        row("info photo.png --get shape", "3 8 8", blocked="PIL"),
        row("info t.safetensors --get shape", "2 3", blocked="safetensors"),
        row("info s.zarr --get shape", "2 3", blocked="zarr"),
        row("run x.npy 3 8 3 --dtype bfloat16 --get dtype", "bfloat16", blocked="ml_dtypes"),
        row("bench 1 1 1 -i 1 --rounds 1 --threads 1 --engines torch --get macs", "1", blocked="torch"),
        row("bench 1 1 1 -i 1 --rounds 1 --threads 1 --engines scipy --get macs", "1", blocked="scipy"),
    ],
}  # fmt: skip

ROWS = [one for rows in KINDS.values() for one in rows]
# What does not hold yet, and why; to be empty.
BROKEN: dict[str, str] = {}


class Followed(NamedTuple):
    """What was said of a wrong line, and how each line ended that its hints lead to; `fault` says why there is none."""

    done: Done
    told: list[Told]
    ended: list[tuple[Attempt, Done]]
    fault: str


def make_folder(folder: Path) -> None:
    """Make a folder with the files that the lines name."""
    folder.mkdir()
    ones: dict[str, np.ndarray[Any, Any]] = {
        "x": np.ones((1, 3, 8, 8), np.float32),
        "double": np.ones((1, 3, 8, 8)),
        "complex": np.full((1, 3, 8, 8), 1 + 1j, np.complex64),
        "bool": np.ones((1, 3, 8, 8), bool),
        "bytes": np.ones((1, 3, 8, 8), np.uint8),
        "w_signed": np.full((8, 3, 3, 3), -1, np.int8),
        "shorts": np.full((1, 3, 1, 1), -32768, np.int16),
        "void2": np.zeros((1, 3, 8, 8), "V2"),
        "gray": np.ones((1, 1, 8, 8), np.uint8),
        "small": np.ones((1, 3, 2, 2), np.float32),
        "four_channels": np.ones((1, 4, 8, 8), np.float32),
        "wide": np.ones((1, 32, 64, 64), np.float32),
        "structured": np.zeros((1, 3, 8, 8), [("r", "f4"), ("g", "f4")]),
        "six": np.ones((1, 6, 8, 8), np.float32),
        "w": np.ones((8, 3, 3, 3), np.float32),
        "w_bytes": np.ones((8, 3, 3, 3), np.uint8),
        "w_half": np.full((8, 3, 3, 3), 0.5, np.float32),
        "w_double": np.ones((8, 3, 3, 3)),
        "w_six": np.ones((9, 2, 3, 3), np.float32),
        "w_grouped": np.ones((8, 1, 3, 3), np.float32),
        "w_depthwise": np.ones((3, 1, 3, 3), np.float32),
        "b": np.ones(8, np.float32),
        "b_double": np.ones(8),
        "exists": np.ones(1, np.float32),
        "large": np.full((1, 1, 8, 8), 200, np.uint8),
        "halves": np.full((1, 1, 8, 8), 2.5, np.float32),
        "huge": np.full((1, 1, 8, 8), 1e300),
        "nan": np.full((1, 1, 8, 8), np.nan, np.float32),
        "nhwc": np.ones((1, 8, 9, 3), np.float32),
        "w_hwio": np.ones((3, 3, 3, 8), np.float32),
        "w_hwio16": np.ones((3, 3, 3, 16), np.float32),
        "w2d": np.ones((3, 3), np.float32),
        "w12": np.ones((12, 9), np.float32),
    }
    for name, array in ones.items():
        np.save(folder / f"{name}.npy", array)
    np.savez(folder / "two.npz", a=ones["x"], b=ones["w"])
    np.save(folder / "objects.npy", np.array([None]))
    (folder / "two_in_one.npy").write_bytes((folder / "x.npy").read_bytes() * 2)
    (folder / "table.csv").write_text("1,2\n3,4\n")
    (folder / "m.pth").write_bytes(zipped_as({"m/data.pkl": b"\x80\x02}q\0.", "m/data/0": bytes(8)}))
    (folder / "raw.bin").write_bytes(ones["x"].tobytes())
    (folder / "lines.txt").write_text('{"in_channels": 3, "out_channels": 8, "kernel_size": 3}\n')
    (folder / "headed.bin").write_bytes(b"head" + ones["x"].tobytes())
    (folder / "w.bin").write_bytes(ones["w"].tobytes())
    (folder / "photo.png").write_bytes(_picture(2, 3))
    (folder / "alpha.png").write_bytes(_picture(6, 4))
    (folder / "many").mkdir()
    for name in ("a", "b"):
        np.save(folder / "many" / f"{name}.npy", ones["x"])
    if find_spec("safetensors"):
        from safetensors.numpy import save_file

        save_file({"t": np.ones((2, 3), np.float32)}, folder / "t.safetensors")
    if find_spec("zarr"):
        # Its types know no array of NumPy.
        import_module("zarr").save(folder / "s.zarr", np.ones((2, 3), np.float32))


def _picture(kind: int, channels: int) -> bytes:
    """Return a PNG of 8 x 8 pixels of PNG's own kind, in so many channels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + bytes(channels * 8)) * 8
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", pack(">2I5B", 8, 8, 8, kind, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def _forked(attempt: Attempt, folder: Path) -> Done:
    return conv2d(*attempt.arguments, stdin=attempt.stdin.encode(), folder=folder)


def _alone(attempt: Attempt, folder: Path, blocked: str) -> Done:
    """Run a line where the module `blocked` cannot be imported."""
    code = f"import sys; sys.modules[{blocked!r}] = None; {PROGRAM[-1]}"
    command = [*PROGRAM[:-1], code, *attempt.arguments]
    done = subprocess.run(command, capture_output=True, check=False, cwd=folder, timeout=_TIMEOUT)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def _begun(attempt: Attempt, folder: Path) -> Done:
    """Return the first line of a process that would go on for long, which counts as an exit with 0."""
    command = [*PROGRAM, *attempt.arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline().decode()
        process.terminate()
        error = process.stderr.read().decode()
    return Done(0 if line else process.returncode, line, error)


def _followed(one: Row, template: Path, folder: Path) -> Followed:
    def ended(attempt: Attempt) -> Done:
        place = template
        if WRITING & {*attempt.arguments}:
            # A line must not find what another wrote.
            place = Path(shutil.copytree(template, folder / str(sum(1 for _ in folder.iterdir()))))
        return _begun(attempt, place) if one.endless else _forked(attempt, place)

    folder.mkdir()
    wrong = Attempt(tuple(shlex.split(one.line)), one.stdin)
    done = _alone(wrong, template, one.blocked) if one.blocked else _forked(wrong, template)
    told = told_by(done)
    try:
        found = attempts(wrong.arguments, wrong.stdin, told, dict.fromkeys(("FILE", "FOLDER"), one.fill))
    except UnreadableHintError as error:
        return Followed(done, told, [], str(error))
    if (one.blocked and find_spec(one.blocked) is None) or not one.answers:
        return Followed(done, told, [], "")
    added = [attempt._replace(arguments=(*attempt.arguments, *one.added.split())) for attempt in found]
    return Followed(done, told, [(line, ended(line)) for line in added], "")


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> dict[Row, Followed]:
    """What came of following the hints of every row, several at a time."""
    root = tmp_path_factory.mktemp("hints")
    template = root / "files"
    make_folder(template)

    def follow(number: int) -> Followed:
        return _followed(ROWS[number], template, root / str(number))

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return dict(zip(ROWS, pool.map(follow, range(len(ROWS))), strict=True))


def _name(one: Row) -> str:
    return f"{one.line} < {one.stdin}" if one.stdin else one.line


def _answers(out: str, answer: str | None) -> bool:
    """Whether stdout is what is listed, `…` standing for what is not."""
    if answer is None:
        return True
    text, part = out.strip(), answer.strip("…")
    if answer.startswith("…"):
        return part in text
    return text.startswith(part) if answer.endswith("…") else text == part


def test_every_line_is_there_once() -> None:
    assert len({_name(one) for one in ROWS}) == len(ROWS) >= 120
    assert BROKEN.keys() <= {_name(one) for one in ROWS}


def test_enough_hints_hold_a_command_or_an_option(followed: dict[Row, Followed]) -> None:
    holding = [one for one in ROWS if any(map(names_command_or_option, followed[one].told))]
    assert len(holding) >= 100


def test_extras_are_those_of_the_package(followed: dict[Row, Followed]) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    distributions = {"PIL": "pillow"}
    for one in KINDS["extra"]:
        (extra,) = extras_named(followed[one].told)
        needed = distributions.get(one.blocked, one.blocked)
        assert any(text.startswith(needed) for text in project["optional-dependencies"][extra])


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(
            one,
            id=_name(one),
            marks=[pytest.mark.xfail(reason=BROKEN[_name(one)])] if _name(one) in BROKEN else [],
        )
        for one in ROWS
    ],
)
def test_every_hint_runs(followed: dict[Row, Followed], one: Row) -> None:
    done, told, ended, fault = followed[one]
    assert done.code in CODES, done.err
    if not one.answers:
        assert fault != "", told
        return
    assert fault == ""
    assert ended or extras_named(told)
    answers = one.answers * len(ended) if len(one.answers) == 1 else one.answers
    assert len(answers) == len(ended) or not ended, [attempt for attempt, _ in ended]
    for (attempt, after), answer in zip(ended, answers, strict=False):
        assert after.code == 0, (attempt, after.err)
        assert _answers(after.out, answer), (attempt, after.out)
