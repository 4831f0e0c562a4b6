"""C99: nested loops over pointers, with the layer's constants, and a way in that reads and writes raw files."""

from __future__ import annotations

from math import prod
from string import Template
from typing import TYPE_CHECKING

from conv2d_cli.arithmetic.window import effective_kernel
from conv2d_cli.codegen.base import CPU_ALONE, usual_lack
from conv2d_cli.codegen.literals import c_literal
from conv2d_cli.codegen.program import Lack
from conv2d_cli.layer.parameter_files import RAW_SUFFIX

if TYPE_CHECKING:
    from conv2d_cli.codegen.program import Program

_TYPES = {"float32": "float", "float64": "double"}
_BYTES = {"float32": 4, "float64": 8}
# Where the value of a padded place comes from.
_TAKEN_FROM = {
    "zeros": ("none: -1", "at < 0 || at >= size ? -1 : at"),
    "reflect": (
        "its mirror image in the edge",
        "at < 0 ? -at : at >= size ? 2 * (size - 1) - at : at",
    ),
    "replicate": ("the edge", "at < 0 ? 0 : at >= size ? size - 1 : at"),
    "circular": ("the other end", "at < 0 ? at + size : at >= size ? at - size : at"),
}
_TEXT = Template("""\
/* $layer
   in C99, of $dtype elements: plain loops.

       cc -std=c99 -O2 -o layer PROGRAM.c
       ./layer INPUT.bin OUTPUT.bin$sizes

   Tensors are raw files of $dtype in the order N, C, H, W, and in this machine's byte order. The parameters are what
   `conv2d run INPUT LAYER --save-parameters FILE.bin` has written. -DCONV2D_WITHOUT_MAIN leaves conv2d() alone. */
${limits}#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define IN_CHANNELS $in_channels
#define OUT_CHANNELS $out_channels
#define GROUPS $groups
#define KERNEL_HEIGHT $kh
#define KERNEL_WIDTH $kw
#define STRIDE_HEIGHT $sh
#define STRIDE_WIDTH $sw
#define DILATION_HEIGHT $dh
#define DILATION_WIDTH $dw
#define PAD_TOP $top
#define PAD_BOTTOM $bottom
#define PAD_LEFT $left
#define PAD_RIGHT $right
/* Input channels, and output channels, of a group. */
#define GROUP_INPUTS (IN_CHANNELS / GROUPS)
#define GROUP_OUTPUTS (OUT_CHANNELS / GROUPS)

typedef $element element;

/* Windows along an axis of `size`; below 1 where none fits. */
static ptrdiff_t windows(ptrdiff_t size, ptrdiff_t pads, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t dilation)
{
    ptrdiff_t room = size + pads - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}

static ptrdiff_t output_height(ptrdiff_t height)
{
    return windows(height, (ptrdiff_t)PAD_TOP + PAD_BOTTOM, KERNEL_HEIGHT, STRIDE_HEIGHT, DILATION_HEIGHT);
}

static ptrdiff_t output_width(ptrdiff_t width)
{
    return windows(width, (ptrdiff_t)PAD_LEFT + PAD_RIGHT, KERNEL_WIDTH, STRIDE_WIDTH, DILATION_WIDTH);
}

/* The row, or column, whose value stands `at` a place; in the padding, $taken_from. */
static ptrdiff_t taken_from(ptrdiff_t at, ptrdiff_t size)
{
    return $expression;
}

/* input[batch][IN_CHANNELS][height][width], weight[OUT_CHANNELS][GROUP_INPUTS][KERNEL_HEIGHT][KERNEL_WIDTH],
   ${says_bias}output[batch][OUT_CHANNELS][output_height(height)][output_width(width)] */
void conv2d(const element *input, const element *weight, ${bias_parameter}element *output,
            ptrdiff_t batch, ptrdiff_t height, ptrdiff_t width)
{
    for (ptrdiff_t image = 0; image < batch; image++) {
        for (ptrdiff_t out = 0; out < OUT_CHANNELS; out++) {
            ptrdiff_t first = image * IN_CHANNELS + out / GROUP_OUTPUTS * GROUP_INPUTS;
            const element *channels = input + first * height * width;
            for (ptrdiff_t row = 0; row < output_height(height); row++) {
                for (ptrdiff_t column = 0; column < output_width(width); column++) {
                    const element *tap = weight + out * GROUP_INPUTS * KERNEL_HEIGHT * KERNEL_WIDTH;
                    element sum = $first;
                    for (ptrdiff_t channel = 0; channel < GROUP_INPUTS; channel++) {
                        for (ptrdiff_t u = 0; u < KERNEL_HEIGHT; u++) {
                            ptrdiff_t y = taken_from(row * STRIDE_HEIGHT - PAD_TOP + u * DILATION_HEIGHT, height);
                            for (ptrdiff_t v = 0; v < KERNEL_WIDTH; v++, tap++) {
                                ptrdiff_t x = taken_from(column * STRIDE_WIDTH - PAD_LEFT + v * DILATION_WIDTH, width);
                                if (y >= 0 && x >= 0) {
                                    sum += channels[(channel * height + y) * width + x] * *tap;
                                }
                            }
                        }
                    }
                    *output++ = sum;
                }
            }
        }
    }
}

#ifndef CONV2D_WITHOUT_MAIN
static void fail(const char *what, const char *name)
{
    fprintf(stderr, "%s: %s\\n", name, what);
    exit(EXIT_FAILURE);
}

/* The elements of a whole file; `count` is told how many they are. */
static element *read_file(const char *name, ptrdiff_t *count)
{
    FILE *file = fopen(name, "rb");
    long bytes = -1;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        bytes = ftell(file);
        rewind(file);
    }
    if (bytes < 0 || bytes % (long)sizeof(element) != 0) {
        fail("cannot be read, or is no file of $dtype", name);
    }
    element *elements = malloc(bytes > 0 ? (size_t)bytes : 1);
    *count = bytes / (long)sizeof(element);
    if (elements == NULL || fread(elements, sizeof(element), (size_t)*count, file) != (size_t)*count) {
        fail("cannot be read", name);
    }
    fclose(file);
    return elements;
}

static element *read_parameter(const char *name, ptrdiff_t expected)
{
    ptrdiff_t count;
    element *elements = read_file(name, &count);
    if (count != expected) {
        fail("is no parameter of this layer", name);
    }
    return elements;
}

${read_size}int main(int count, char **words)
{
    if (count != $words) {
        fprintf(stderr, "usage: layer INPUT.bin OUTPUT.bin$sizes\\n");
        return EXIT_FAILURE;
    }
    ptrdiff_t height = $height, width = $width, elements;
    ptrdiff_t rows = output_height(height), columns = output_width(width);
    if (rows < 1 || columns < 1) {
        fail("no window fits into images of this size", words[1]);
    }
${check_size}    element *input = read_file(words[1], &elements);
    ptrdiff_t batch = elements / width / height / IN_CHANNELS;
    if (batch * IN_CHANNELS * height * width != elements) {
        fail("does not hold whole images of this size", words[1]);
    }
    if (batch > 0 && rows > PTRDIFF_MAX / (ptrdiff_t)sizeof(element) / columns / OUT_CHANNELS / batch) {
        fail("the output would be too large", words[2]);
    }
    ptrdiff_t weights = (ptrdiff_t)OUT_CHANNELS * GROUP_INPUTS * KERNEL_HEIGHT * KERNEL_WIDTH;
    element *weight = read_parameter($weight_file, weights);
${read_bias}    size_t size = (size_t)(batch * OUT_CHANNELS * rows * columns);
    element *output = malloc(size > 0 ? size * sizeof(element) : 1);
    if (output == NULL) {
        fail("there is no memory for the output", words[2]);
    }
    conv2d(input, weight, ${bias_argument}output, batch, height, width);
    FILE *file = fopen(words[2], "wb");
    if (file == NULL || fwrite(output, sizeof(element), size, file) != size || fclose(file) != 0) {
        fail("cannot be written", words[2]);
    }
    free(input);
    free(weight);
${free_bias}    free(output);
    return EXIT_SUCCESS;
}
#endif
""")
_READ_BIAS = "    element *bias = read_parameter({file}, OUT_CHANNELS);\n"
_READ_SIZE = """\
/* The rows, or the columns, of an image. */
static ptrdiff_t read_size(const char *word)
{
    char *end;
    long size = strtol(word, &end, 10);
    if (end == word || *end != '\\0' || size < 1 || size > INT_MAX) {
        fail("is no size of an image", word);
    }
    return size;
}

"""
# Where the value of a place beyond the edge is read, there has to be one; PyTorch refuses smaller images too.
_CHECK_SIZE = """\
    if (PAD_TOP {too_far} height || PAD_BOTTOM {too_far} height
        || PAD_LEFT {too_far} width || PAD_RIGHT {too_far} width) {{
        fail("images of this size are too small for the padding", words[1]);
    }}
"""
_TOO_FAR = {"reflect": ">=", "circular": ">"}

# Of `ptrdiff_t`, where it has 64 bits; what is multiplied with it stays below.
_LARGEST_INDEX = 2**62


class C:
    """Plain loops, for a compiler of C99."""

    title, language = "C", "c"
    weights = (RAW_SUFFIX,)
    devices = CPU_ALONE

    def install(self, program: Program) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """Return nothing: a compiler is all that it takes."""
        return ()

    def lacks(self, program: Program) -> Lack | None:
        """Return what is lacking: types, or a size where the padding depends on it."""
        return usual_lack("C99", program, _TYPES) or _lack_of_address(program)

    def source(self, program: Program) -> str:
        """Return the program; with a SIZE, height and width are constants of it."""
        layer, bias = program.layer, program.layer.bias
        (top, bottom), (left, right) = program.pads
        # A kernel of one element has no gaps, and C's integers an end.
        (sh, sw), (dh, dw) = layer.stride, program.dilation
        size, files = program.input_shape and program.input_shape[-2:], program.raw_parameters
        taken_from, expression = _TAKEN_FROM[layer.padding_mode]
        height, width = size or ("read_size(words[3])", "read_size(words[4])")
        too_far = None if size or not program.is_padded else _TOO_FAR.get(layer.padding_mode)
        return _TEXT.substitute(
            layer=repr(layer),
            dtype=program.dtype,
            element=_TYPES[program.dtype],
            sizes="" if size else " HEIGHT WIDTH",
            words=3 if size else 5,
            in_channels=layer.in_channels,
            out_channels=layer.out_channels,
            groups=layer.groups,
            kh=layer.kernel_size[0],
            kw=layer.kernel_size[1],
            sh=sh,
            sw=sw,
            dh=dh,
            dw=dw,
            top=top,
            bottom=bottom,
            left=left,
            right=right,
            taken_from=taken_from,
            expression=expression,
            first="bias[out]" if bias else "0",
            says_bias="bias[OUT_CHANNELS], " if bias else "",
            bias_parameter="const element *bias, " if bias else "",
            bias_argument="bias, " if bias else "",
            limits="" if size else "#include <limits.h>\n",
            read_size="" if size else _READ_SIZE,
            check_size="" if too_far is None else _CHECK_SIZE.format(too_far=too_far),
            height=height,
            width=width,
            weight_file=c_literal(files[0]),
            read_bias=_READ_BIAS.format(file=c_literal(files[1])) if bias else "",
            free_bias="    free(bias);\n" if bias else "",
        )


def _lack_of_address(program: Program) -> Lack | None:
    """Return what is lacking where numbers of the layer are beyond C's integers."""
    (kh, kw), (dh, dw) = program.layer.kernel_size, program.dilation
    windows = (sum(pads) + effective_kernel(k, d) for pads, k, d in zip(program.pads, (kh, kw), (dh, dw), strict=True))
    elements = prod(program.weight_shape) * _BYTES[program.dtype]
    images = program.layer.in_channels * prod((program.input_shape or ())[-2:])
    if max(elements, images, *windows) < _LARGEST_INDEX and max(program.layer.stride) < _LARGEST_INDEX:
        return None
    return Lack("numbers of this layer are beyond the integers of C")
