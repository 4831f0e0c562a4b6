"""Suites of layers as data: a line is a name, IN, OUT, KERNEL, the input's side, and what differs from the usual.

The usual is stride 1, a padding of `(kernel - 1) // 2 * dilation`, one group, one image and no bias.
Networks at 224 x 224, each distinct convolution once, under torchvision's name of the first one:
K. He et al., arXiv:1512.03385 (stride in the 3x3, as torchvision has it); K. Simonyan and A. Zisserman,
arXiv:1409.1556; M. Sandler et al., arXiv:1801.04381; Z. Liu et al., arXiv:2201.03545 (tiny; its pointwise layers are
linear ones and left out).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conv2d_cli.jobs.bench.case import Case

_RESNET50 = """
conv1                    3   64 7 224 s2
layer1.0.conv1          64   64 1  56
layer1.0.conv2          64   64 3  56
layer1.0.conv3          64  256 1  56
layer1.1.conv1         256   64 1  56
layer2.0.conv1         256  128 1  56
layer2.0.conv2         128  128 3  56 s2
layer2.0.conv3         128  512 1  28
layer2.0.downsample.0  256  512 1  56 s2
layer2.1.conv1         512  128 1  28
layer2.1.conv2         128  128 3  28
layer3.0.conv1         512  256 1  28
layer3.0.conv2         256  256 3  28 s2
layer3.0.conv3         256 1024 1  14
layer3.0.downsample.0  512 1024 1  28 s2
layer3.1.conv1        1024  256 1  14
layer3.1.conv2         256  256 3  14
layer4.0.conv1        1024  512 1  14
layer4.0.conv2         512  512 3  14 s2
layer4.0.conv3         512 2048 1   7
layer4.0.downsample.0 1024 2048 1  14 s2
layer4.1.conv1        2048  512 1   7
layer4.1.conv2         512  512 3   7
"""

_VGG16 = """
features.0    3  64 3 224 bias
features.2   64  64 3 224 bias
features.5   64 128 3 112 bias
features.7  128 128 3 112 bias
features.10 128 256 3  56 bias
features.12 256 256 3  56 bias
features.17 256 512 3  28 bias
features.19 512 512 3  28 bias
features.24 512 512 3  14 bias
"""

_MOBILENET_V2 = """
features.0.0           3   32 3 224 s2
features.1.conv.0.0   32   32 3 112 g32
features.1.conv.1     32   16 1 112
features.2.conv.0.0   16   96 1 112
features.2.conv.1.0   96   96 3 112 s2 g96
features.2.conv.2     96   24 1  56
features.3.conv.0.0   24  144 1  56
features.3.conv.1.0  144  144 3  56 g144
features.3.conv.2    144   24 1  56
features.4.conv.1.0  144  144 3  56 s2 g144
features.4.conv.2    144   32 1  28
features.5.conv.0.0   32  192 1  28
features.5.conv.1.0  192  192 3  28 g192
features.5.conv.2    192   32 1  28
features.7.conv.1.0  192  192 3  28 s2 g192
features.7.conv.2    192   64 1  14
features.8.conv.0.0   64  384 1  14
features.8.conv.1.0  384  384 3  14 g384
features.8.conv.2    384   64 1  14
features.11.conv.2   384   96 1  14
features.12.conv.0.0  96  576 1  14
features.12.conv.1.0 576  576 3  14 g576
features.12.conv.2   576   96 1  14
features.14.conv.1.0 576  576 3  14 s2 g576
features.14.conv.2   576  160 1   7
features.15.conv.0.0 160  960 1   7
features.15.conv.1.0 960  960 3   7 g960
features.15.conv.2   960  160 1   7
features.17.conv.2   960  320 1   7
features.18.0        320 1280 1   7
"""

_CONVNEXT = """
features.0.0           3  96 4 224 s4 p0 bias
features.1.0.block.0  96  96 7  56 g96 bias
features.2.1          96 192 2  56 s2 p0 bias
features.3.0.block.0 192 192 7  28 g192 bias
features.4.1         192 384 2  28 s2 p0 bias
features.5.0.block.0 384 384 7  14 g384 bias
features.6.1         384 768 2  14 s2 p0 bias
features.7.0.block.0 768 768 7   7 g768 bias
"""

# One of each kind that convolutional networks and image filters are made of, several where engines differ most.
_KERNELS = """
r50 conv1 7x7s2            3   64  7  224 s2
r50 c2 1x1 64-64          64   64  1   56
r50 c2 3x3 64             64   64  3   56
r50 c2 1x1 64-256         64  256  1   56
r50 c2 1x1 256-64        256   64  1   56
r50 c3 1x1 256-128       256  128  1   56
r50 c3 3x3s2 128         128  128  3   56 s2
r50 down 1x1s2 256-512   256  512  1   56 s2
r50 c3 3x3 128           128  128  3   28
r50 c3 1x1 128-512       128  512  1   28
r50 c3 1x1 512-128       512  128  1   28
r50 c4 3x3s2 256         256  256  3   28 s2
r50 down 1x1s2 512-1024  512 1024  1   28 s2
r50 c4 3x3 256           256  256  3   14
r50 c4 1x1 256-1024      256 1024  1   14
r50 c4 1x1 1024-256     1024  256  1   14
r50 c5 3x3s2 512         512  512  3   14 s2
r50 c5 3x3 512           512  512  3    7
r50 c5 1x1 512-2048      512 2048  1    7
r50 c5 1x1 2048-512     2048  512  1    7
vgg 3x3 3-64@224           3   64  3  224
vgg 3x3 64@224            64   64  3  224
vgg 3x3 128@112          128  128  3  112
vgg 3x3 256@56           256  256  3   56
vgg 3x3 512@28           512  512  3   28
vgg 3x3 512@14           512  512  3   14
alex 5x5 64-192           64  192  5   27
dil d2 3x3 256@28        256  256  3   28 d2
batch8 3x3 64@56          64   64  3   56 n8
batch8 3x3 256@14        256  256  3   14 n8
batch8 3x3 512@7         512  512  3    7 n8
tiny 3-8 3x3@32            3    8  3   32
tiny 16-16 3x3@8          16   16  3    8
resnext g32 128@56       128  128  3   56 g32
resnext g32 512@14       512  512  3   14 g32
resnext g32 256@56s2     256  256  3   56 s2 g32
dw3 32@112                32   32  3  112 g32
dw3 144@56               144  144  3   56 g144
dw3s2 96@112              96   96  3  112 s2 g96
dw3 384@14               384  384  3   14 g384
dw5s2 240@28             240  240  5   28 s2 g240
dw5 672@14               672  672  5   14 g672
dw7 96@56                 96   96  7   56 g96
dw7 384@14               384  384  7   14 g384
gray 3x3@1024              1    1  3 1024
gray 11x11@1024            1    1 11 1024
gray 31x31@1024            1    1 31 1024
gray 63x63@512             1    1 63  512
rgb 15x15 3-1@512          3    1 15  512
rgb 11x11 3-8@256          3    8 11  256
"""

_TABLES = {
    "resnet50": _RESNET50,
    "vgg16": _VGG16,
    "mobilenet_v2": _MOBILENET_V2,
    "convnext": _CONVNEXT,
    "kernels": _KERNELS,
}
SUITES = tuple(_TABLES)
_FIRST_NUMBER = 4


def suite(name: str) -> tuple[Case, ...]:
    """Return the layers of a suite."""
    return tuple(map(_case, _TABLES[name].strip().splitlines()))


def _case(line: str) -> Case:
    # Here, so that completion reads the names of the suites without loading Pydantic.
    from conv2d_cli.jobs.bench.case import Case
    from conv2d_cli.layer.model import Conv2d

    words = line.split()
    letters: dict[str, int] = {}
    bias = words[-1] == "bias"
    if bias:
        words.pop()
    while not words[-1].isdecimal():
        last = words.pop()
        letters[last[0]] = int(last[1:])
    in_channels, out_channels, kernel, side = map(int, words[-_FIRST_NUMBER:])
    dilation = letters.get("d", 1)
    layer = Conv2d(
        in_channels,
        out_channels,
        kernel,
        stride=letters.get("s", 1),
        padding=letters.get("p", (kernel - 1) // 2 * dilation),
        dilation=dilation,
        groups=letters.get("g", 1),
        bias=bias,
    )
    return Case(" ".join(words[:-_FIRST_NUMBER]), layer, (letters.get("n", 1), in_channels, side, side))
