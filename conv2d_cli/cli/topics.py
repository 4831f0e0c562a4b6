"""The topics of `conv2d help`: what no single option can explain."""

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """One topic: a line that lists it, and paragraphs; those that begin with blanks are shown as they are."""

    summary: str
    text: str


TOPICS = {
    "padding": Topic(
        "numbers, words, four sides, modes",
        """
-p 3 pads both axes by 3 on both sides, -p 3x1 rows by 3 and columns by 1, -p T,L,B,R each side by its own number.

  valid       no padding
  same        keeps the size, at stride 1 only; of an odd total the larger part goes to the bottom and the right
  same_upper  ceil(size / stride), also with a stride: SAME of TensorFlow, SAME_UPPER of ONNX
  same_lower  the same, with the larger part at the top and the left: SAME_LOWER of ONNX

`same` is torch's; the last two depend on the size of the input, so their sides are known with -i alone.

--padding-mode says what the padding holds: zeros; reflect, the input mirrored without its edge, less than the input
is long; replicate, the edge again, without limit; circular, the other end, at most the input itself.

Output size, per axis: (size + before + after - dilation * (kernel - 1) - 1) // stride + 1

  conv2d shape 3 64 7 -s 2 -p 3 -i 224
  conv2d shape 3 64 3 -s 2 -p same_upper -i 225
  conv2d explain 16 16 4 -p same -i 32
""",
    ),
    "groups": Topic(
        "groups, depthwise layers, the shape of the weight",
        """
-g G cuts the channels into G parts that are convolved apart: output channel o sees the in_channels / G input channels
of its own part. G divides in_channels and out_channels.

The weight has the shape (out_channels, in_channels / G, kh, kw), so G times fewer parameters and multiply-adds.

G = in_channels is a depthwise layer; out_channels = M * in_channels then gives each channel M filters.

  conv2d shape 32 32 3 -g 32 -p 1 -i 112
  conv2d explain 32 64 3 -g 8 -p 1 -i 112
""",
    ),
    "counting": Topic(
        "MACs, FLOPs, bytes: what is counted and what is not",
        """
K = in_channels / groups * kh * kw products make one output element.

  macs            N * out_channels * Ho * Wo * K; a multiply and its add are one, taps on padding count
  effective_macs  macs less the taps that multiply a padded zero
  bias_adds       one for each output element; in no other figure
  flops           2 * macs, what torch.utils.flop_counter prints

Other tools print other numbers for the same layer: fvcore and thop call macs "flops" or "macs"; torchinfo and ptflops
add bias_adds to macs; DeepSpeed and calflops add it to flops. `conv2d explain LAYER -i SIZE` says what each of them
prints for a layer, and with --reconcile FIGURE which of them print a figure that you have seen.

In a network they also count normalisation, activations and pooling, each by its own rules: `conv2d stack NETWORK --get
tools` says what torchinfo, fvcore, ptflops, thop and torch.utils.flop_counter print, `--json` what each of them counts.

Bytes are elements times the bytes of --dtype, float32 unless given. im2col_bytes is what the textbook lowering would
allocate. arithmetic_intensity is flops over the bytes of input, parameters and output. Counts are shown in k, M, G,
bytes in KiB, MiB, GiB.

  conv2d shape 3 64 7 -s 2 -p 3 -i 224 --get macs,effective_macs,flops
  conv2d explain 3 64 11 -s 4 -p 2 -i 224 --reconcile 70470400
  conv2d shape --get help
""",
    ),
    "formulas": Topic(
        "what may stand behind --assert",
        """
--assert 'output_height == 112 and macs < 120e6' has to hold, else the exit code is 1, and stderr tells the values. It
may be given several times; the facts are printed all the same. The words:

  numbers      112, 0.5, 600e6; each is exact, and so is every step: 1 / 3 * 3 == 1
  keys         those of --get help that are numbers; a float is the decimal number that it is printed as
  axes         output_height, output_width; also of input, kernel, stride, dilation, effective_kernel
               and receptive_field
  arithmetic   + - * / // % **, which bind as in Python: // rounds down, -2 ** 2 is -4
  comparisons  == != < <= > >=, chained too: 1 <= output_height <= 8
  conditions   and, or, not
  brackets     ( )

At most 1,000 characters, nested at most 50 deep, and numbers of at most 4,096 bits. It is read before anything else
is done, and never run as Python: there are no calls, no texts, no lists. A number is no condition: `a == 1 or 2` is
told as a mistake. A key that is not known, for want of -i SIZE, is exit code 2, and so is a division by 0.

With --from each line is judged, and those that fail are told by their number. A line that is wrong is exit code 2,
which wins over 1. Of a network the totals are judged,
with `stack --node NAME` that layer.

  conv2d shape 3 64 7 -s 2 -p 3 -i 224 --assert 'output_height == 112' --get macs
  conv2d stack resnet50 --assert 'macs <= 5e9' --assert 'parameters < 26e6' --get peak_activation_bytes
""",
    ),
    "roofline": Topic(
        "the least time of a layer on a machine: --peak-flops, --bandwidth, --peak auto",
        """
With --peak-flops 1.2TFLOPS and --bandwidth 40GB/s two keys more are there, of a layer, of each row of a sweep, of
each layer of a network, and of the network:

  seconds_at_least  max(flops / peak, bytes / bandwidth): operations and transfers overlap at best
  limited_by        compute or memory, whichever of the two that is

flops is 2 * macs; bytes are those of the input, the parameters and the output, each moved once. The two meet at the
ridge point, peak / bandwidth operations a byte: a layer whose arithmetic_intensity is below it is limited by memory.

A network takes the sum of its layers, each of which reads its inputs and parameters from memory and writes its
output, and is limited by what limits the larger part. A layer that neither multiplies nor works on elements (Flatten,
Dropout) takes no time. What a compiler fuses takes less; limited_by is empty where there is nothing to do.

RATE is a number with FLOPS, kFLOPS to PFLOPS (also GFLOP/s, TOPS) and with B/s, kB/s, MB/s, GB/s, TB/s (powers of
1,000), MiB/s or GiB/s (of 1,024). Without a unit it is 1e6 at least. Gb/s is refused: it may mean bits.

--peak auto measures this machine in half a second: the best of a few large matrix products in the type that the layer
is summed in, and of a few copies of 64 MiB, whose bytes are read and written. stderr tells the two rates.

S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual performance model for multicore
architectures", 2009.

  conv2d shape 3 64 7 -s 2 -p 3 -i 224 --peak-flops 1.2TFLOPS --bandwidth 40GB/s
  conv2d sweep 64 64 1..7..2 -i 56 --peak-flops 1.2TFLOPS --bandwidth 40GB/s --sort seconds_at_least
  conv2d stack resnet50 --peak-flops 1.2TFLOPS --bandwidth 40GB/s --get seconds_at_least,limited_by
""",
    ),
    "networks": Topic(
        "how a network is written down for `conv2d stack`",
        """
A file in TOML, JSON or YAML is a list of layers, each a type of torch.nn with its arguments; a word alone is a type.
What follows from the input, as in_channels, may be left out. A layer reads the one before it, or those that `from`
names.

  input = [1, 3, 32, 32]
  layers = [
    { name = "stem", type = "Conv2d", out_channels = 16, kernel_size = 3, padding = 1 },
    "ReLU",
    { name = "residual", block = "Residual", repeat = 2, with = { width = 16 } },
    { type = "Concat", from = ["previous", "stem"] },
    "Flatten",
    { name = "head", type = "Linear", out_features = 10 },
  ]

  [blocks.Residual]
  arguments = ["width"]
  layers = [
    { type = "Conv2d", out_channels = "width", kernel_size = 3, padding = 1 },
    { type = "Add", from = ["previous", "input"] },
  ]

`input` in a block is what came into it. `repeat` makes that many in a row, each with weights of its own: residual.0 and
residual.1. Arguments of a block stand in arithmetic too: "4 * width". Several inputs have names:
input = { image = [1, 3, 32, 32], mask = [1, 1, 32, 32] }; then -i image=1x3x64x64 sets one of them.

The text of print(model) does not say how data flows. Where no rule knows it, write the network down as above, or
export it to ONNX, which does.

  conv2d stack resnet50 --print
  conv2d stack --list
  conv2d stack --from-schema
""",
    ),
    "formats": Topic(
        "tensor files, pipes, output of facts",
        """
Tensors: .npy, .npz, .bin (raw, with --input-shape and --input-dtype), .safetensors, .zarr, .png, .jpg, .tiff. The
suffix says which, else the first bytes of the file. FILE::NAME picks one tensor of several. `-` is stdin or stdout and
is .npy unless `bin:-` says otherwise. A PyTorch checkpoint is a pickle, which is never loaded: conv2d info m.pth says
how to save its tensors as .safetensors.

--dtype converts by value; what would be lost is refused unless --cast saturate, wrap or truncate allows it. --layout
NHWC and --weight-layout HWIO read tensors of other frameworks, --normalize, --gray and --drop-alpha prepare pictures.

A .zarr may lie behind a URL, s3://BUCKET/NAME.zarr, gs://, az:// or https:// (to read), also as URL::NAME; credentials
come from the environment (AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_ENDPOINT_URL). An existing store is replaced by --force.

Some need an extra: pip install 'conv2d-cli[safetensors]', [zarr], [remote], [image], [bf16]; conv2d info lists what
works here.

Facts: --format table (on a terminal), plain (elsewhere), json, ndjson, csv, tsv, markdown; --json for short; --get KEY
for bare values. JSON and its keys do not change; tables may.

Plots: conv2d sweep --plot x=KEY,y=KEY[,color=KEY] draws in the terminal, and with -o as .svg, .png or .html, which need
the extra [plot]. CSV and JSON have the points. A bare KEY is better when it is smaller, but for receptive_field_*,
effective_kernel_* and arithmetic_intensity; -KEY prefers larger values, +KEY smaller ones.

Pictures: conv2d draw writes .svg and .html, and with the extra [image] .png and .gif; CSV and JSON have the taps.

  conv2d info
  conv2d shape 3 64 7 -i 224 --format csv
""",
    ),
    "mistakes": Topic(
        "what `conv2d compare` says of differences, and which mistakes it knows",
        """
conv2d compare EXPECTED ACTUAL looks at every element. Its verdict is `same`, `rounding` (exit code 0 for both),
`explained` or `unexplained` (1).

Without LAYER, `rounding` is what lies within the tolerance: |actual - expected| <= atol + rtol * |expected|, or --ulp
N steps. If none of --rtol, --atol and --ulp is given it is that of torch.testing.assert_close for the element type;
if one is, the others are 0. It is too tight for sums of many products, and knows none. Then nhwc, swapped_axes of the
output, missing_bias (a constant per channel), overflow, saturation, byte_order, shifted_rows and shifted_columns are
tried.

With LAYER and --input, --weight, --bias the operation is known, and worked out in float64. Each hypothesis is
measured by its largest |difference| / (eps * (sum|x||w| + |b|)). `rounding`: both files are within what rounding
makes of K products (error_limit, some (K + 1) / 2), and no mistake fits 8 times better. `explained`: one does, also
where all is within that limit. `unexplained`: neither. A mistake that changes less than some 8 units cannot be told
from rounding. Sums of complex numbers may be off three times as much: PyTorch makes each product of three real ones.

  flipped_kernel      true convolution: the kernel turned by half, or one of its axes
  swapped_axes        H and W of the input, the kernel or a pair of arguments; O and I of the weight; axes of the output
  nhwc                input or output in NHWC, by its shape or only in its bytes
  hwio                the weight in HWIO, OHWI, CHWN or IOHW
  padding_side        paddings of two sides swapped, or all on one side
  padding_off_by_one  one side one more or less, in an output that is larger or smaller, or as large
  stride_phase        windows begin at another place within the stride
  missing_bias        the bias is not added
  missing_groups      every group reads group 0, or the weight is repeated over all channels
  dilation_ignored    a kernel without gaps
  overflow            values modulo 2^8, 2^16 or 2^32, or infinite beyond float16, bfloat16 or float32
  saturation          values end at the bounds of such a type, or at what several actual values are
  half_precision      operands or results rounded to float16, or a sum that runs in it
  bfloat16_operands   operands or results rounded to bfloat16
  tf32_operands       operands rounded to TF32, as tensor cores take float32
  symmetric_same      the same padding on both sides where SAME has more at the end
  byte_order          bytes of each element in the other order
  shifted_rows        rows up to four further up or down
  shifted_columns     columns up to four further left or right

All that fit equally are told, for some are the same thing. Windows moved by one are padding_side where (0, 1) became
(1, 0), padding_off_by_one where the output stayed as large, stride_phase with a stride, and shifted_rows or
shifted_columns at stride 1 but for the border. symmetric_same of (0, 1) is padding_side at stride 2 where a window is
left over. float16 and TF32 have equally many bits: half_precision and tf32_operands differ only beyond the range of
float16. Results in float16 that pass 65504 are overflow and half_precision. What changes nothing is not told: a
kernel that is its own mirror, the order of a single channel, swapped pairs that are equal.

  conv2d compare --get help
""",
    ),
    "solving": Topic(
        "what `conv2d solve` searches, in which order, and what it can be asked of a layer",
        """
Without LAYER one axis is solved: input_size, kernel_size, stride, padding (of each side, both alike), dilation and
output_size, of which each is a value, several (1,3,5), a range (1..7 with both ends, 1..64..8 with a step), or left
open. What is open is searched here:

  -i, --output-size  1..4096
  -k                 1..15
  -s, -d             1..8
  -p                 0..kernel_size-1

Every answer in these ranges is told, and nothing else. The order is that of dilation, then of stride, kernel_size,
padding and input_size, each upwards: the simplest first. Where there is none the exit code is 1, and stderr says which
outputs come nearest, and which input or padding would give the wanted one.

With LAYER, --for asks for an argument or an input with which it does what is wanted; the answer is what `conv2d shape`
says of the layer that comes out, and the line that shows it.

  same-size           the padding that keeps height and width; as little as there can be, alike on opposite sides where
                      that is possible, else one more at the bottom and on the right
  half-size           the padding that halves them; half of an odd size is rounded up
  tensorflow-same     TensorFlow's SAME as numbers: two, or four where opposite sides differ
  no-unused           the nearest SIZE below and above of which no last row or column is unused
  receptive-field=31  the dilation with which the kernel sees 31 pixels, or 31x15
  batch=16GiB         the most images of SIZE of which input, output and parameters, in --dtype, fit into 16GiB
  image=16GiB         the largest square image with which these fit, in a batch as large as that of SIZE
  groups              all groups that divide the channels

  conv2d solve -k 3,5,7 -d 1 -i 224 --output-size 112
  conv2d solve 64 64 3 --for receptive-field=31 --get dilation
  conv2d solve 3 64 7 -s 2 --for tensorflow-same -i 225 --get padding
""",
    ),
    "exit-codes": Topic(
        "what the exit code of a command says",
        """
  0    done
  1    the answer is no: an --assert does not hold, compare finds a difference that is not rounding, solve no answer,
       or explain --reconcile no counter that prints the figure
  2    the command line or the layer is invalid
  3    a file's contents are bad, or do not fit the layer
  4    a file cannot be read or written, or already exists; an extra or a device is missing
  5    more memory than --memory-limit or the machine allows
  70   a fault of ours: please report it with what --debug prints
  130  Ctrl-C
  143  SIGTERM; of any other signal 128 and its number
  141  the reader of a pipe went away

Of many files the gravest code of any file is the command's; the others are convolved all the same.
""",
    ),
    "accuracy": Topic(
        "strict, fast and exact",
        """
--accuracy strict (the default) makes each element the sum of its own products, as BLAS adds them: float32 in float32,
half types in float32 and rounded once, integers exactly. No value decides how a sum is made. The error is as large as
PyTorch's: at most 4 * eps * (sum|x||w| + |b|) on normally distributed data; more on data of one sign, on constant data
and beside outliers, but within the textbook bound of K products, some (K + 1) * eps / 2 * (sum|x||w| + |b|).

--accuracy fast allows Winograd (3x3) and Fourier transforms (large kernels over few channels): faster, with two to six
times PyTorch's error in the median. It is measured by the largest sum|x||w| + |b| in the output channel's plane, not
by the element's own: 4 eps on normal data, 10 eps where values spread over many decades, 2 sqrt(K) eps on data of one
sign.

A NaN or an infinity lands where IEEE arithmetic puts it. Algorithms that would spread it have their output looked at
once, and an image or tile that is not finite is done again by im2col: the fallback, fallback_bytes in --plan.

Half types, integers and complex numbers are the same under strict and fast. --plan says which algorithm runs, and why.

--accuracy exact rounds each exact sum once, bias included, to the nearest number of its type, ties to even: the same
bits on every machine, for any number of threads, in tiles, pipes and batches. A sum beyond the largest number becomes
infinity, an exact zero is +0 unless all its terms are -0, and a NaN is always the same one. float32 takes some four
times as long as strict, float64 far longer. --flush-subnormals takes subnormal operands as zeros and makes subnormal
results zeros, as hardware that flushes both.

  conv2d bench 64 64 3 -p 1 -i 56 --accuracy all
""",
    ),
    "integers": Topic(
        "accumulators, zero points, overflow, requantisation",
        """
Without these options integers are summed in their own type, modulo 2^bits, as in torch.

--accumulate int32 or int64 makes the exact sum of (x - input zero point) * (w - weight zero point) and the bias, which
has the accumulator's type. Padding with zeros is the zero point. Input and weight have one type, but for int8 beside
uint8. It is int32 where another of these options is given alone.

  accumulator_bits_worst  signed accumulator for all sums of products that types and zero points allow, without a bias
  accumulator_bits        the one for the sums of this run, the bias included
  overflow                sums that --accumulate could not hold

It is the exact final sum that overflows: partial sums have no order. That is exit code 3, with the first place and
value; with --on-overflow wrap or saturate a note.

--input-scale, --weight-scale and --output-scale requantise the sums to --output-dtype, int8 or uint8, the input's type
if not given, saturated:

  --requantize onnx    float32(sum) * ((input_scale * weight_scale) / output_scale) in float32, half to even, plus the
                       zero point: QLinearConv of onnxruntime
  --requantize tflite  a multiplier of 31 bits, halves up, then a shift, halves away from zero: the reference kernels of
                       TensorFlow Lite

Zero points and scales of the weight are one, or one for each output channel: 1,2,3 or a file.

  conv2d run --get help
""",
    ),
}
