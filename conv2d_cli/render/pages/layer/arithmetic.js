"use strict";
/*
 * The arithmetic of a convolution, as conv2d_cli/arithmetic/ has it. Every number is a BigInt: sizes have no limit here,
 * and no figure is rounded. A test holds both against one another.
 */

/** @returns {bigint} the quotient, rounded down as Python rounds it; the divisor is positive */
function floorDivide(number, divisor) {
  const quotient = number / divisor;
  return number % divisor < 0n ? quotient - 1n : quotient;
}

/** @returns {bigint} the remainder from 0 on; the divisor is positive */
function remainderOf(number, divisor) {
  const remainder = number % divisor;
  return remainder < 0n ? remainder + divisor : remainder;
}

function smallest(...numbers) {
  return numbers.reduce((least, number) => (number < least ? number : least));
}

function largest(...numbers) {
  return numbers.reduce((most, number) => (number > most ? number : most));
}

function absolute(number) {
  return number < 0n ? -number : number;
}

function product(numbers) {
  return numbers.reduce((result, number) => result * number, 1n);
}

function greatestCommonDivisor(one, other) {
  while (other) [one, other] = [other, one % other];
  return one;
}

/* window.py */

/**
 * @typedef {{size: bigint, kernel: bigint, stride: bigint, dilation: bigint, before: bigint, after: bigint}} Axis
 * Real elements of an axis, the window over them, and the padding around them.
 */

function effectiveKernel(kernel, dilation) {
  return dilation * (kernel - 1n) + 1n;
}

function spanOf(axis) {
  return effectiveKernel(axis.kernel, axis.dilation);
}

function paddedOf(axis) {
  return axis.before + axis.size + axis.after;
}

/** @returns {bigint} the windows that fit; below 1 where the window is larger than the padded input */
function outputsOf(axis) {
  return floorDivide(paddedOf(axis) - spanOf(axis), axis.stride) + 1n;
}

/** @returns {bigint} real elements after the last window */
function unusedOf(axis) {
  return largest(0n, remainderOf(paddedOf(axis) - spanOf(axis), axis.stride) - axis.after);
}

/** @returns {bigint} the sum of (slope * i + start) // modulus for i below count, in a logarithmic number of steps */
function floorSum(count, modulus, slope, start) {
  let total = 0n;
  while (count > 0n) {
    total += floorDivide(slope, modulus) * ((count * (count - 1n)) / 2n) + floorDivide(start, modulus) * count;
    slope = remainderOf(slope, modulus);
    start = remainderOf(start, modulus);
    const top = slope * count + start;
    if (top < modulus) break;
    [count, start] = [top / modulus, top % modulus];
    [modulus, slope] = [slope, modulus];
  }
  return total;
}

/** @returns {bigint} the taps of all windows that lie below a limit of the padded axis */
function tapsBefore(limit, axis, outputs) {
  const { stride, dilation, kernel } = axis;
  const reach = limit + stride - 1n;
  const full = smallest(kernel, largest(0n, floorDivide(reach - outputs * stride, dilation) + 1n));
  const some = smallest(kernel, floorDivide(limit - 1n, dilation) + 1n);
  return outputs * full + floorSum(some - full, stride, dilation, reach - (some - 1n) * dilation);
}

/** @returns {bigint} the taps of all windows that fall on real input */
function realTaps(axis) {
  const outputs = outputsOf(axis);
  if (outputs < 1n || axis.size < 1n) return 0n;
  const before = axis.before ? tapsBefore(axis.before, axis, outputs) : 0n;
  return tapsBefore(axis.before + axis.size, axis, outputs) - before;
}

/* padding.py */

function samePadding(kernel, dilation) {
  const total = effectiveKernel(kernel, dilation) - 1n;
  return [total / 2n, total - total / 2n];
}

function samePaddingOfSize(size, kernel, stride, dilation, extraFirst) {
  const outputs = floorDivide(size + stride - 1n, stride);
  const total = largest(0n, (outputs - 1n) * stride + effectiveKernel(kernel, dilation) - size);
  const small = total / 2n;
  return extraFirst ? [total - small, small] : [small, total - small];
}

function samePaddingWhereStrideDivides(kernel, stride, dilation) {
  const total = largest(0n, effectiveKernel(kernel, dilation) - stride);
  return [total / 2n, total - total / 2n];
}

/** @returns {[bigint, bigint]} the padding before and after of one axis, of a padding given as a word */
function paddingOfWord(word, size, kernel, stride, dilation) {
  if (word === "valid") return [0n, 0n];
  if (word === "same") return samePadding(kernel, dilation);
  return samePaddingOfSize(size, kernel, stride, dilation, word === "same_lower");
}

/* taps.py */

/** @returns {bigint | null} the real element that stands at a position, null where it is a zero */
function sourceOf(position, size, mode) {
  if (position >= 0n && position < size) return position;
  if (mode === "zeros") return null;
  if (mode === "circular") return remainderOf(position, size);
  if (mode === "reflect") return position < 0n ? -position : 2n * (size - 1n) - position;
  return position < 0n ? 0n : size - 1n;
}

/** @returns {bigint} where the window of an output begins, counted from the first real element */
function firstOf(axis, output) {
  return output * axis.stride - axis.before;
}

/** @returns {bigint} the taps of one window that fall on real input */
function realTapsOf(axis, output) {
  const first = firstOf(axis, output);
  const from = first < 0n ? largest(0n, floorDivide(-first + axis.dilation - 1n, axis.dilation)) : 0n;
  const to = smallest(axis.kernel - 1n, floorDivide(axis.size - 1n - first, axis.dilation));
  return largest(0n, to - from + 1n);
}

/** @returns {bigint} the number that a number times it leaves 1 of, by a modulus that shares no divisor with it */
function inverseOf(number, modulus) {
  let [rest, next, result, following] = [modulus, remainderOf(number, modulus), 0n, 1n];
  while (next) {
    const quotient = rest / next;
    [rest, next] = [next, rest - quotient * next];
    [result, following] = [following, result - quotient * following];
  }
  return remainderOf(result, modulus);
}

/**
 * The outputs whose windows have a tap on a position: u * dilation + o * stride = position + before is solved for the
 * tap u, which is one of every stride / gcd.
 * @returns {{count: bigint, first: bigint, last: bigint, step: bigint}} these outputs, `step` apart
 */
function outputsFedBy(axis, position) {
  const none = { count: 0n, first: 0n, last: -1n, step: 1n };
  const { stride, dilation, kernel } = axis;
  const target = position + axis.before;
  const divisor = greatestCommonDivisor(dilation, stride);
  if (remainderOf(target, divisor)) return none;
  const period = stride / divisor;
  const tap = remainderOf((target / divisor) * inverseOf(dilation / divisor, period), period);
  const least = largest(0n, floorDivide(target - outputsOf(axis) * stride, dilation) + 1n);
  const most = smallest(kernel - 1n, floorDivide(target, dilation));
  const start = least + remainderOf(tap - least, period);
  if (start > most) return none;
  const count = (most - start) / period + 1n;
  const step = dilation / divisor;
  const last = (target - start * dilation) / stride;
  return { count, first: last - (count - 1n) * step, last, step };
}

/* divisors.py, solve.py and misfits.py */

const LARGEST_TRIAL = 100000n;

/** @returns {bigint[]} the divisors in order; of very large numbers those below 10^5, and their cofactors */
function divisorsOf(number) {
  const found = new Set();
  for (let trial = 1n; trial <= LARGEST_TRIAL && trial * trial <= number; trial += 1n) {
    if (number % trial === 0n) found.add(trial).add(number / trial);
  }
  return inOrder([...found]);
}

function inOrder(numbers) {
  return numbers.sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}

/** @returns {bigint} the smallest size that the window fits into, and that the padding can be made of */
function leastInput(axis, mode) {
  const padding = largest(axis.before, axis.after);
  const ofMode = { reflect: padding + 1n, circular: padding }[mode] ?? 1n;
  return largest(1n, spanOf(axis) - axis.before - axis.after, ofMode);
}

/* geometry.py, counts.py and analysis.py */

/**
 * @typedef {{in_channels: bigint, out_channels: bigint, kernel_size: bigint[], stride: bigint[],
 *   padding: string | bigint[], dilation: bigint[], groups: bigint, bias: boolean, padding_mode: string,
 *   size: bigint[]}} Setting
 * A layer, and the size (N, H, W) of its input; pairs are (H, W), four paddings (top, left, bottom, right).
 */

/** @returns {Axis} the rows (0) or the columns (1) of a setting */
function axisOf(setting, place) {
  const size = setting.size[place + 1];
  const [kernel, stride, dilation] = [setting.kernel_size, setting.stride, setting.dilation].map((pair) => pair[place]);
  const { padding } = setting;
  const sides = [...(padding.length === 2 ? [...padding, ...padding] : padding)];
  const [before, after] =
    typeof padding === "string"
      ? paddingOfWord(padding, size, kernel, stride, dilation)
      : [sides[place], sides[place + 2]];
  return { size, kernel, stride, dilation, before, after };
}

function weightsOf(setting) {
  return setting.out_channels * (setting.in_channels / setting.groups) * product(setting.kernel_size);
}

/**
 * @param {Setting} setting of which nothing is wrong
 * @param {bigint} item the bytes of an element
 * @returns the facts about it, by the keys of `conv2d shape`
 */
function factsOf(setting, item) {
  const [rows, columns] = [axisOf(setting, 0), axisOf(setting, 1)];
  const [batch, height, width] = setting.size;
  const { in_channels: inner, out_channels: outer, groups } = setting;
  const [outRows, outColumns] = [outputsOf(rows), outputsOf(columns)];
  const taps = (inner / groups) * rows.kernel * columns.kernel;
  const outputs = batch * outer * outRows * outColumns;
  const macs = outputs * taps;
  const real = batch * outer * (inner / groups) * realTaps(rows) * realTaps(columns);
  const weights = weightsOf(setting);
  const biases = setting.bias ? outer : 0n;
  return {
    input_shape: [batch, inner, height, width],
    output_shape: [batch, outer, outRows, outColumns],
    weight_shape: [outer, inner / groups, rows.kernel, columns.kernel],
    effective_kernel_size: [spanOf(rows), spanOf(columns)],
    padding_top: rows.before,
    padding_bottom: rows.after,
    padding_left: columns.before,
    padding_right: columns.after,
    parameters: weights + biases,
    weight_parameters: weights,
    bias_parameters: biases,
    macs,
    effective_macs: setting.padding_mode === "zeros" ? real : macs,
    bias_adds: setting.bias ? outputs : 0n,
    flops: 2n * macs,
    input_bytes: batch * inner * height * width * item,
    output_bytes: outputs * item,
    parameter_bytes: (weights + biases) * item,
    im2col_bytes: batch * groups * taps * outRows * outColumns * item,
    receptive_field: [spanOf(rows), spanOf(columns)],
    unused_rows: unusedOf(rows),
    unused_columns: unusedOf(columns),
  };
}
