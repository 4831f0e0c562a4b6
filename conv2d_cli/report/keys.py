"""What every key means, and its unit: the one description for `--get help`, the JSON schemas and the README."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """What a key says; `unit` is empty where it is words or a plain number."""

    says: str
    unit: str = ""

    @property
    def description(self) -> str:
        """Return both in one line."""
        return f"{self.says} [{self.unit}]" if self.unit else self.says


KEYS: dict[str, Key] = {
    # The layer as given.
    "in_channels": Key("channels of the input"),
    "out_channels": Key("channels of the output"),
    "kernel_size": Key("kernel, H then W", "pixels"),
    "stride": Key("step from one window to the next, H then W", "pixels"),
    "padding": Key("padding as given: a word, H and W, or top, left, bottom, right", "pixels"),
    "dilation": Key("spacing of the kernel's elements, H then W", "pixels"),
    "groups": Key("parts of the channels that are convolved apart"),
    "bias": Key("whether a bias is added"),
    "padding_mode": Key("what the padding holds: zeros, reflect, replicate or circular"),
    "device": Key("device as given; run alone computes on another than the CPU"),
    "dtype": Key("element type, which bytes are counted in"),
    # What it does to a shape.
    "input_shape": Key("shape of the input, N C H W or C H W"),
    "output_shape": Key("shape of the output"),
    "weight_shape": Key("shape of the weight: out_channels, in_channels / groups, kh, kw"),
    "bias_shape": Key("shape of the bias; empty without one"),
    "effective_kernel_size": Key("what a dilated window spans: dilation * (kernel - 1) + 1", "pixels"),
    "padding_top": Key("rows added above", "pixels"),
    "padding_bottom": Key("rows added below", "pixels"),
    "padding_left": Key("columns added on the left", "pixels"),
    "padding_right": Key("columns added on the right", "pixels"),
    # What it costs.
    "parameters": Key("weight_parameters + bias_parameters", "elements"),
    "weight_parameters": Key("out_channels * K with K = in_channels / groups * kh * kw", "elements"),
    "bias_parameters": Key("out_channels, 0 without bias", "elements"),
    "macs": Key(
        "N * out_channels * Ho * Wo * K: a multiply and its add are one, taps on padding count, the bias does not",
        "multiply-adds",
    ),
    "effective_macs": Key("macs less the taps that multiply a padded zero", "multiply-adds"),
    "bias_adds": Key("one for each output element, 0 without bias", "additions"),
    "flops": Key("2 * macs, as torch.utils.flop_counter has it", "operations"),
    "input_bytes": Key("elements of the input times the bytes of dtype", "bytes"),
    "output_bytes": Key("elements of the output times the bytes of dtype", "bytes"),
    "parameter_bytes": Key("parameters times the bytes of dtype", "bytes"),
    "im2col_bytes": Key("what the textbook lowering would allocate; this engine does not", "bytes"),
    "arithmetic_intensity": Key("flops / (input_bytes + parameter_bytes + output_bytes)", "operations a byte"),
    "receptive_field": Key("input that one output element sees, H then W", "pixels"),
    "unused_rows": Key("real input rows after the last window, which the stride never reaches", "pixels"),
    "unused_columns": Key("real input columns after the last window, which the stride never reaches", "pixels"),
    # On a machine, with --peak-flops and --bandwidth.
    "seconds_at_least": Key(
        "max(flops / peak, moved bytes / bandwidth): what it takes at least; of a network the sum of its layers",
        "seconds",
    ),
    "limited_by": Key("what makes it so long: compute or memory; of a network what limits the larger part of it"),
    # A run.
    "min": Key("least value of the output"),
    "max": Key("greatest value of the output"),
    "mean": Key("mean of the output, in float64"),
    "first_values": Key("the first values of the output, in C order"),
    "algorithm": Key("how the convolution is worked out; empty where the engine chooses it itself"),
    "engine": Key("what computes it"),
    "threads": Key("threads that compute"),
    "accumulator_bits_worst": Key(
        "signed accumulator that holds all sums of products of these types and zero points; empty without one",
        "bits",
    ),
    "accumulator_bits": Key("signed accumulator that holds the sums of this run, the bias included", "bits"),
    "overflow": Key("sums that the accumulator could not hold; empty without one", "elements"),
    "seconds": Key("time of the convolution, of many files time of everything", "seconds"),
    "gflops": Key("2 * macs in a second of convolving, whatever the algorithm", "10^9 operations a second"),
    "files": Key("files that were found"),
    "written": Key("files that were convolved"),
    "skipped": Key("files that were there already"),
    "failed": Key("files that failed"),
    # A plan.
    "parameters_from": Key("where weight and bias come from: files, or the seed they are drawn with"),
    "reason": Key("why this engine and this algorithm"),
    "costs": Key("the table of costs that plans are made by: built in, or the file of bench --calibrate; and its date"),
    "accuracy": Key("what was asked for: strict, fast or exact"),
    "blocks": Key("what is computed at a time"),
    "tiles": Key("output of one tile of a large image; empty where images are convolved whole"),
    "scratch_bytes": Key("workspace: memory beside input, parameters and output", "bytes"),
    "fallback_bytes": Key(
        "workspace of the fallback, where an output is not finite or many exact sums are in doubt; 0 without one",
        "bytes",
    ),
    "peak_bytes": Key("estimate of the peak resident memory of the process", "bytes"),
    "memory_limit_bytes": Key("--memory-limit; empty without one", "bytes"),
    # Two tensors compared.
    "verdict": Key("same, rounding, explained or unexplained; of the first two the exit code is 0"),
    "explanation": Key("the first of explanations; empty without one"),
    "explanations": Key("mistakes that explain the differences equally well"),
    "how": Key("how each of these mistakes was made, in words"),
    "where": Key("where the elements that are beyond the tolerance lie, in words"),
    "shape_expected": Key("shape of EXPECTED"),
    "shape_actual": Key("shape of ACTUAL"),
    "dtype_expected": Key("element type of EXPECTED, as it is compared"),
    "dtype_actual": Key("element type of ACTUAL; dtype is the coarser of the two"),
    "differing": Key("elements that are not equal; +0 equals -0, and NaN equals NaN unless --no-equal-nan", "elements"),
    "beyond": Key("elements that differ by more than the tolerance", "elements"),
    "signed_zeros": Key("zeros beside a zero of the other sign, which are equal", "elements"),
    "max_abs": Key("the largest |actual - expected|, but for NaN beside a number"),
    "max_rel": Key("the largest |actual - expected| / |expected|; infinite where 0 is expected"),
    "max_ulp": Key("the largest distance in steps of dtype; of complex numbers that of a component", "ulp"),
    "nan_expected": Key("NaN in EXPECTED", "elements"),
    "nan_actual": Key("NaN in ACTUAL", "elements"),
    "axes": Key("names of the axes, in the order of indices"),
    "first_index": Key("index of the first element that is not equal"),
    "first_expected": Key("the value expected there"),
    "first_actual": Key("the value found there"),
    "worst_index": Key("index of the element whose difference is largest beside what the tolerance allows it"),
    "worst_expected": Key("the value expected there"),
    "worst_actual": Key("the value found there"),
    "bound": Key("the difference allowed there: by the tolerance, with LAYER by what rounding may do to its sum"),
    "rtol": Key("what the tolerance allows of |expected|"),
    "atol": Key("what it allows besides"),
    "ulp": Key("steps of dtype that it allows", "ulp"),
    "expected_error_units": Key("largest error of EXPECTED against float64", "eps * (sum|x||w| + |b|)"),
    "error_limit": Key("the most that rounding makes of error_units: about (K + 1) / 2", "eps * (sum|x||w| + |b|)"),
    "ulp_histogram": Key("elements that are 0, 1, 2 to 3, 4 to 7, ... steps of dtype apart", "elements"),
    # What is installed, and what a file holds.
    "version": Key("version of conv2d"),
    "python": Key("version of Python"),
    "numpy": Key("version of NumPy"),
    "blas": Key("NumPy's BLAS: library, version, kernels"),
    "processors": Key("processors that this process may use"),
    "engines": Key("engines that bench can measure here"),
    "engine_versions": Key("what --engine and bench can use here, with versions"),
    "execution_providers": Key("execution providers of ONNX Runtime; empty without it"),
    "devices": Key("what PyTorch computes on: cpu, cuda:0 with its name, mps; empty without it"),
    "dask": Key("versions of dask and distributed; empty without them"),
    "formats": Key("file formats that work here"),
    "missing": Key("what does not work here, and what installs it"),
    "limits": Key("the most that is read of a file, a name and a text"),
    "file": Key("the file as typed"),
    "format": Key("format of the file"),
    "name": Key("name of the tensor in the file, or of the layer in --from"),
    "shape": Key("shape of the tensor"),
    "elements": Key("elements of the tensor", "elements"),
    "bytes": Key("elements times the bytes of dtype", "bytes"),
    "unreadable": Key("why the tensor cannot be read; empty where it can"),
    # A network: its totals, and a node.
    "layers": Key("nodes of the network: calls of modules, and sums and products of tensors"),
    "trainable_parameters": Key("parameters that training changes", "elements"),
    "elementwise_operations": Key(
        "operations on elements that are no multiply-adds: activations, normalisation, pooling, sums", "operations"
    ),
    "activation_bytes": Key("outputs of all nodes together", "bytes"),
    "two_buffer_bytes": Key("the most that one node reads and writes: two buffers that take turns", "bytes"),
    "peak_activation_bytes": Key(
        "the most tensors that are live at a time, each freed after its last reader, in file order, nothing in place",
        "bytes",
    ),
    "peak_node": Key("the node at which that is"),
    "training_bytes": Key("parameters, gradients and the outputs of all nodes; no optimiser state", "bytes"),
    "effective_stride": Key('input from one output element to the next, H then W; a fraction as "1/2"', "pixels"),
    "min_input": Key("the smallest square side, of 1 to 4,096, at which no layer fails", "pixels"),
    "largest_batch": Key("(the bytes of --fit - parameter_bytes) // peak_activation_bytes of one image"),
    "assumed": Key("nodes that a known block or network has supplied"),
    "unknown": Key("nodes of which it is not known what they do: with any, totals are at least"),
    "tools": Key("what other counters print for the network: tool=value, nothing where that is not known"),
    "nodes": Key("the facts of each node"),
    "index": Key("place of the node, from 0 on"),
    "type": Key("what the node does: Conv2d, Add"),
    "inputs": Key("names of what the node reads; empty where that is not known"),
    "receptive_field_start": Key("the input that output 0 sees first, H then W; negative in padding", "pixels"),
    # An output element.
    "result": Key("the terms in their order and the bias, each sum rounded in working_dtype, then to dtype"),
    "correctly_rounded": Key("the exact sum, bias included, rounded once; of integers also beyond their type"),
    "working_dtype": Key("type that products are made and added in"),
    "terms": Key("the products, in the order of the weight: channels, kernel rows, kernel columns"),
    "channel": Key("channel of the input"),
    "row": Key("row of the input, from 0 on; negative, or beyond the last, in padding"),
    "column": Key("column of the input, from 0 on; negative, or beyond the last, in padding"),
    "padded": Key("whether that is padding"),
    "value": Key("the input there, or what the padding mode puts there"),
    "weight": Key("the weight of the tap"),
    "product": Key("value times weight, in working_dtype"),
    "running": Key("sum of the products so far, in working_dtype"),
    "exact": Key("the same sum without any rounding, in decimal digits"),
    # A layer explained.
    "equivalent_padding": Key("the same padding as top, left, bottom, right", "pixels"),
    "equivalent_layer": Key("the layer with that padding"),
    "steps": Key("the formulas with the layer's numbers; name=result each"),
    "notes": Key("sentences on padding, unused input, channels and counts"),
    "title": Key("what a step or a sentence belongs to"),
    "formula": Key("a formula, as PyTorch's documentation writes it"),
    "numbers": Key("the formula with numbers in it, from line to line, parted by ="),
    "text": Key("a sentence"),
    "figure": Key("the figure to find"),
    "matches": Key("counters that print it for the layer: tool=value"),
    "nearest": Key("the counter whose value is nearest where none prints it: tool=value"),
    "difference": Key("the figure less that value"),
    "relations": Key("what else it may be: another figure of the layer, or a layer that differs in one thing"),
    # Numbers of one axis that go together.
    "input_size": Key("elements of the input", "pixels"),
    "output_size": Key("elements of the output", "pixels"),
    "unused": Key("elements of the input after the last window, which the stride never reaches", "pixels"),
    # Test vectors.
    "cases": Key("cases: a layer on an input, and its output"),
    "failures": Key("what of the folder does not hold; empty where all does"),
    # What changed.
    "key": Key("what differs"),
    "before": Key("what it was"),
    "after": Key("what it is"),
    "change": Key("after less before"),
    "percent": Key("change in percent of before", "%"),
    "changes": Key("what differs, key by key"),
    # A measurement.
    "layer": Key("name of the layer"),
    "layer_class": Key("class of layers that it is averaged in"),
    "engine_version": Key("version of the engine"),
    "carried_out_by": Key("the engine that made the output: of conv2d the one that --engine chose"),
    "prepared": Key("whether weights are laid out before the calls, by engines that do so"),
    "rounds": Key("how often a call was timed"),
    "median_ms": Key("median time of a call", "milliseconds"),
    "spread_percent": Key("distance between the quartiles in percent of the median", "%"),
    "peak_gflops": Key(
        "NumPy's matrix product on the same number of threads, measured beside", "10^9 operations a second"
    ),
    "percent_of_peak": Key("gflops in percent of peak_gflops", "%"),
    "ratio": Key("time of the fastest peer over this one, the median over the rounds: above 1 where this is faster"),
    "error_units": Key("largest error against float64; of compare that of ACTUAL", "eps * (sum|x||w| + |b|)"),
    "note": Key("why there are no figures"),
    "processor": Key("name of the processor"),
    "conv2d_version": Key("version of conv2d"),
    "python_version": Key("version of Python"),
    "numpy_version": Key("version of NumPy"),
    "blas_architecture": Key("kernels that the BLAS has chosen for the processor"),
    # A table of costs, for elements of four bytes.
    "machine": Key("the processor and the BLAS that were measured"),
    "date": Key("the day of the measurement, in UTC"),
    "gemm_flop": Key("a floating-point operation of a large matrix product", "nanoseconds"),
    "small_gemm_flop": Key("one of a product of few rows", "nanoseconds"),
    "gemm_pack": Key("an element of the operands of a matrix product, which are packed", "nanoseconds"),
    "gemm_product": Key("an element of the product", "nanoseconds"),
    "gemm_call": Key("a matrix product that is one of a batch", "nanoseconds"),
    "gemv_call": Key("a matrix-vector product that is one of a batch", "nanoseconds"),
    "gemv": Key("an element of the matrix in a matrix-vector product", "nanoseconds"),
    "add": Key("adding an element in place", "nanoseconds"),
    "copy": Key("copying an element in long runs", "nanoseconds"),
    "copy_run": Key("beginning a run of elements that are copied", "nanoseconds"),
    "copy_step": Key("an element more where every other one is copied", "nanoseconds"),
    "transpose": Key("copying an element to another order of the axes", "nanoseconds"),
    "fft": Key("an element that goes through a Fourier transform", "nanoseconds"),
    "filter_value": Key("a value that comes of a 3x3 filter transformed for Winograd", "nanoseconds"),
    "call": Key("a short NumPy call", "nanoseconds"),
    "start": Key("what a convolution takes to begin", "nanoseconds"),
    "setup": Key("what one that is cut into blocks takes to begin", "nanoseconds"),
    "dispatch": Key("handing work to other threads and waiting for the last", "nanoseconds"),
    "wait": Key("waiting for the interpreter's lock at each short call", "nanoseconds"),
    "blas_dispatch": Key("what a product costs BLAS to share among its own threads", "nanoseconds"),
    "own_cache_bytes": Key("the cache of one core", "bytes"),
    "shared_cache_bytes": Key("the cache that cores share", "bytes"),
    "uncached": Key("a byte that is read again from beyond a core's own cache", "nanoseconds"),
    "tlb_miss": Key("an output row that is written on a page of its own: a TLB miss", "nanoseconds"),
    "costs_file": Key("the file that keeps the table"),
    # A layer as a program.
    "target": Key("what the program is written for"),
    "language": Key("the language of the program: python or c"),
    "code": Key("the text of the program"),
    "weights": Key("files that the program reads its parameters from"),
    "install": Key("packages that the program imports, as pip calls them"),
    "remark": Key("what of the layer the program does not use; empty where it uses everything"),
    # A picture.
    "picture": Key("what is drawn: plane, volume or values"),
    "at": Key("the output element whose window is drawn: h, w, from 0 on"),
    "window_rows": Key("first and last row that its window spans; negative, or beyond the last, in padding"),
    "window_columns": Key("first and last column that its window spans; negative, or beyond the last, in padding"),
    "window": Key("taps of the window, in the order of the kernel; null where there are too many to list"),
    "source_row": Key("row of the real element that stands there; empty where it is a zero"),
    "source_column": Key("column of the real element that stands there; empty where it is a zero"),
}
# Of a network and its nodes these mean more than of one layer.
KEYS_OF_NETWORKS: dict[str, Key] = KEYS | {
    "name": Key("name of the network, or of the node"),
    "input_shape": Key("shape of the input; of a node that of the first"),
    "parameters": Key("weight_parameters + bias_parameters; those of a shared module once", "elements"),
    "weight_parameters": Key("all that is learned but biases", "elements"),
    "bias_parameters": Key("biases, and shifts of normalisation", "elements"),
    "macs": Key(
        "multiply-adds of convolutions, linear layers and matrix products: taps on padding count, biases do not",
        "multiply-adds",
    ),
    "bias_adds": Key("one for each output element of a layer that has a bias", "additions"),
    "receptive_field": Key(
        "input that one output element sees, H then W (L of sequences, D first of volumes); of the network before "
        "global pooling, Flatten or Linear",
        "pixels",
    ),
}
# Of one axis.
KEYS_OF_SOLVE: dict[str, Key] = KEYS | {
    "kernel_size": Key("elements of the kernel", "pixels"),
    "stride": Key("step from one window to the next", "pixels"),
    "padding": Key("padding of each side, both alike", "pixels"),
    "dilation": Key("spacing of the kernel's elements", "pixels"),
}
# Of one output element.
KEYS_OF_TRACE: dict[str, Key] = KEYS | {
    "index": Key("place of the output element: n, c, h, w, from 0 on"),
    "dtype": Key("element type of all tensors"),
    "bias": Key("the bias of its channel; empty without one"),
}
# Of a layer explained.
KEYS_OF_EXPLAIN: dict[str, Key] = KEYS | {
    "layer": Key("the layer as torch prints it"),
    "tools": Key("what other counters print for the layer: tool=value, nothing where that is not known"),
    "code": Key("the layer as a program of --for; empty without it"),
}
# Of a picture of a layer.
KEYS_OF_PICTURES: dict[str, Key] = KEYS | {"layer": Key("the layer as torch prints it")}
# Of what an element of a network sees.
KEYS_OF_FIELDS: dict[str, Key] = KEYS_OF_NETWORKS | {
    "node": Key("the layer whose element sees"),
    "at": Key("the output element that sees: h, w, from 0 on; empty of a layer without rows and columns"),
    "plane": Key("rows and columns of the output; empty where there are none", "pixels"),
    "rows": Key("first and last row that it sees, of the input or of a layer's output; empty where it sees none"),
    "columns": Key("first and last column that it sees; empty where it sees none"),
    "padded_rows": Key("the same counted on into padding: negative before the first, or beyond the last"),
    "padded_columns": Key("the same counted on into padding: negative before the first, or beyond the last"),
    "receptive_field": Key("input that one element sees, padding counted, H then W", "pixels"),
}
# Of test vectors.
KEYS_OF_VECTORS: dict[str, Key] = KEYS | {
    "files": Key("files of tensors"),
    "bytes": Key("size of these files together", "bytes"),
}
# Of a plot of many layers.
KEYS_OF_PLOTS: dict[str, Key] = {
    "x": Key("quantity along the axis to the right; of a point its value"),
    "x_unit": Key("unit of x; empty where it is a plain number"),
    "x_better": Key("which x the Pareto front prefers: smaller or larger"),
    "y": Key("quantity along the upright axis; of a point its value"),
    "y_unit": Key("unit of y; empty where it is a plain number"),
    "y_better": Key("which y the Pareto front prefers: smaller or larger"),
    "color": Key("key that colours the points; of a point its value; empty without one"),
    "color_unit": Key("unit of color; empty without one"),
    "combinations": Key("combinations that are shown; of a point those that lie there"),
    "left_out": Key("combinations that have no value on an axis"),
    "front": Key("places on the Pareto front: no other is better on one axis and no worse on the other"),
    "points": Key("the places at which combinations lie, one for each color"),
    "on_front": Key("whether the place is on the Pareto front"),
    "layer": Key("layer of the first of them; empty where it is not on the front"),
    "input_shape": Key("shape of its input; empty where it is not on the front"),
}
# Of a counter that is told of.
KEYS_OF_TOOLS: dict[str, Key] = {
    "tool": Key("the counter, with its backend where it has several"),
    "version": Key("the version whose rules these are"),
    "name": Key("what it calls its number"),
    "value": Key("the number that it prints; null where that is not known"),
    "formula": Key("what it counts, in a few words"),
    "reason": Key("why there is no number; null where there is one"),
}
SCHEMA_VERSION_KEY = "version of these keys, the integer 1"
