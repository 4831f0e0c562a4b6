/*
 * What is wrong with a layer or its input, found as conv2d_cli/layer/ finds it and told in its sentences, which the page
 * carries with names in braces. An argument that is no whole number is the text that was typed.
 */

const LARGEST_INTEGER = 2n ** 63n - 1n;
const LARGEST_PADDING = 2n ** 62n - 1n;
// Longer numbers are slips of the hand: no hint repeats them.
const TOO_LONG = 10n ** 15n;
const LONGEST_SHOWN = 80;
const MOST_DIVISORS = 16;
const COUNTS = ["in_channels", "out_channels"];
const OF_THE_WEIGHT = [...COUNTS, "kernel_size", "groups"];
const IN_ORDER = [...COUNTS, "kernel_size", "stride", "padding", "dilation", "groups"];

/** @returns {string} a text with values in place of the names in braces */
function filled(template, values) {
  return template.replace(/\{(\w+)\}/g, (braces, name) => (Object.hasOwn(values, name) ? String(values[name]) : braces));
}

function cutShort(text) {
  const signs = [...text];
  return signs.length <= LONGEST_SHOWN ? text : `${signs.slice(0, LONGEST_SHOWN - 1).join("")}…`;
}

/** @returns {string} `3` where all are equal, else `(3, 5)` */
function together(values) {
  return values.every((value) => value === values[0]) ? String(values[0]) : `(${values.join(", ")})`;
}

function inBrackets(values) {
  return `[${values.join(", ")}]`;
}

function partsOf(value) {
  return Array.isArray(value) ? value : [value];
}

function isWhole(value) {
  return partsOf(value).every((part) => typeof part === "bigint");
}

/** @returns {string} an argument as one word of a command line: `3`, `3x5`, `1,2,3,4`, `same` */
function asWord(value) {
  const parts = partsOf(value);
  if (parts.length === 4) return parts.join(",");
  return parts.every((part) => part === parts[0]) ? String(parts[0]) : parts.join("x");
}

/** @returns {string} an argument as a message shows it */
function shownValue(value) {
  if (!isWhole(value)) return cutShort(`'${asWord(value)}'`);
  const parts = partsOf(value);
  return cutShort(parts.length === 4 ? `(${parts.join(", ")})` : together(parts));
}

/** @returns {bigint | null} the integer that a text such as 3 or 3.0 spells */
function integerSpelled(text) {
  const digits = text.trim().replace(/\.0$/, "").replace(/\.$/, "");
  return /^-?[0-9]{1,15}$/.test(digits) ? BigInt(digits) : null;
}

/** @returns {string} numbers as the argument takes them, each raised to its least, or an example */
function accepted(field, numbers, sentences) {
  if (numbers.some((number) => absolute(number) >= TOO_LONG)) return sentences[`${field}.large`].hint;
  const least = field === "padding" ? 0n : 1n;
  return `${field}=${together(numbers.map((number) => largest(least, number)))}`;
}

/** @returns {Array<{field: string, message: string, hint: string}>} everything that is wrong with a layer, in order */
function layerFaults(setting, sentences) {
  const faults = new Map();
  for (const field of IN_ORDER) {
    const fault = isNamed(field, setting) ? null : faultOfNumbers(field, setting, sentences);
    if (fault) faults.set(field, fault);
  }
  if (!faults.has("padding")) addFault(faults, "padding", faultOfSame(setting, faults, sentences));
  if (!faults.has("groups")) addFault(faults, "groups", faultOfGroups(setting, faults, sentences));
  return IN_ORDER.filter((field) => faults.has(field)).map((field) => faults.get(field));
}

function addFault(faults, field, fault) {
  if (fault) faults.set(field, fault);
}

function isNamed(field, setting) {
  return field === "padding" && typeof setting.padding === "string";
}

function faultOfNumbers(field, setting, sentences) {
  const value = setting[field];
  if (!isWhole(value)) return faultOfWords(field, setting, sentences);
  const least = field === "padding" ? 0n : 1n;
  const most = field === "padding" ? LARGEST_PADDING : LARGEST_INTEGER;
  const parts = partsOf(value);
  const side = parts.findIndex((part) => part < least || part > most);
  if (side < 0) return null;
  const situation = situationOf(parts[side]);
  const besideWords = situation !== "long" && !isWhole(OF_THE_WEIGHT.flatMap((name) => setting[name]));
  const sentence = sentences[`${field}.${situation}${besideWords ? ".beside_words" : ""}`];
  const names = { given: shownValue(value), part: cutShort(String(parts[side])), side, ...namesOfWeight(setting) };
  const isTooSmall = parts[side] < least;
  return {
    field,
    message: filled(sentence.message, names),
    hint: isTooSmall ? accepted(field, parts, sentences) : sentence.hint,
  };
}

function situationOf(part) {
  if (part < 0n) return "negative";
  if (part === 0n) return "zero";
  return part > LARGEST_INTEGER ? "large" : "long";
}

/** @returns what torch tells of the weight that it would make */
function namesOfWeight(setting) {
  const { in_channels: inner, out_channels: outer, kernel_size: kernel, groups } = setting;
  if (!isWhole(OF_THE_WEIGHT.flatMap((name) => setting[name]))) return {};
  const channels = groups === 0n ? inner : quotientOfAnySign(inner, groups);
  const [height, width] = kernel.map((size) => cutShort(String(size)));
  return { weight: cutShort(inBrackets([outer, channels, ...kernel])), kernel_height: height, kernel_width: width };
}

/** @returns {bigint} the quotient rounded down, also by a negative divisor */
function quotientOfAnySign(number, divisor) {
  return divisor < 0n ? floorDivide(-number, -divisor) : floorDivide(number, divisor);
}

function faultOfWords(field, setting, sentences) {
  const value = setting[field];
  const message = filled(sentences[`${field}.words`].message, { given: shownValue(value) });
  return { field, message, hint: hintOfWords(field, setting, sentences) };
}

function hintOfWords(field, setting, sentences) {
  const word = asWord(setting[field]);
  const example = sentences[`${field}.words`].hint;
  if (field === "groups") {
    const number = integerSpelled(word);
    const divides = (channels) => typeof channels === "bigint" && channels % number === 0n;
    return number > 0n && COUNTS.every((name) => divides(setting[name])) ? `groups=${number}` : example;
  }
  const numbers = (field === "padding" ? word.split(/[,x]/) : [word]).map(integerSpelled);
  return numbers.includes(null) ? example : accepted(field, numbers, sentences);
}

function faultOfSame(setting, faults, sentences) {
  const { padding, stride } = setting;
  if (padding !== "same" || faults.has("stride") || stride.every((step) => step === 1n)) return null;
  const names = { stride: together(stride) };
  const isKnown = !faults.has("kernel_size") && !faults.has("dilation");
  const sentence = sentences[`padding.same.${isKnown ? namesOfSame(setting, names) : "kernel_unknown"}`];
  return { field: "padding", message: filled(sentence.message, names), hint: filled(sentence.hint, names) };
}

/** Adds the padding that stands for `same`; @returns {string} whether it is the same on both sides of each axis */
function namesOfSame(setting, names) {
  const axes = [0, 1].map((place) => [setting.kernel_size[place], setting.stride[place], setting.dilation[place]]);
  const sides = axes.map(([kernel, , dilation]) => samePadding(kernel, dilation));
  if (sides.every(([before, after]) => before === after)) {
    names.both = together(sides.map(([before]) => before));
    return "both";
  }
  const [rows, columns] = axes.map((axis) => samePaddingWhereStrideDivides(...axis));
  names.sides = together([rows[0], columns[0], rows[1], columns[1]]);
  return "sides";
}

function faultOfGroups(setting, faults, sentences) {
  const { groups } = setting;
  const channels = COUNTS.filter((name) => !faults.has(name));
  const undivided = channels.filter((name) => setting[name] % groups);
  if (!undivided.length) return null;
  const situation = undivided.length > 1 ? "both" : undivided[0] === "in_channels" ? "in" : "out";
  const names = { groups, fitting: joinedByOr(groupsThatFit(setting, channels), sentences) };
  for (const name of COUNTS) names[name] = setting[name];
  const sentence = sentences[`groups.${situation}`];
  return { field: "groups", message: filled(sentence.message, names), hint: filled(sentence.hint, names) };
}

/** @returns {bigint[]} the groups that divide the channels; of very many, those nearest to what was given */
function groupsThatFit(setting, channels) {
  const fitting = divisorsOf(channels.map((name) => setting[name]).reduce(greatestCommonDivisor));
  if (fitting.length <= MOST_DIVISORS) return fitting;
  const distance = (divisor) => absolute(divisor - setting.groups);
  const nearest = fitting.sort((one, other) => (distance(one) < distance(other) ? -1 : Number(distance(one) > distance(other))));
  return inOrder(nearest.slice(0, MOST_DIVISORS));
}

function joinedByOr(values, sentences) {
  if (values.length < 2) return values.join("");
  const names = { first: values.slice(0, -1).join(", "), last: values.at(-1) };
  return filled(sentences.alternatives.message, names);
}

/** @returns {{field: string, message: string, hint: string} | null} what is wrong with the input of a right layer */
function inputFault(setting, sentences) {
  const { size } = setting;
  if (!isWhole(size) || size.some((number) => number < 0n)) return faultOfSize(setting, sentences);
  const [rows, columns] = [axisOf(setting, 0), axisOf(setting, 1)];
  const found = setting.padding_mode === "zeros" ? null : faultOfPadding(setting, rows, columns, sentences);
  if (found) return found;
  const names = { shape: inBrackets(shapeOf(setting)), fitting: fittingSize(setting, rows, columns) };
  if (outputsOf(rows) < 1n || outputsOf(columns) < 1n) {
    const spans = { eh: spanOf(rows), ew: spanOf(columns), ph: paddedOf(rows), pw: paddedOf(columns) };
    return ofInput("too_small", { ...names, ...spans }, sentences);
  }
  return size[0] && !(size[1] && size[2]) ? ofInput("empty", names, sentences) : null;
}

function ofInput(situation, names, sentences, hint) {
  const sentence = sentences[`input.${situation}`];
  return { field: "input", message: filled(sentence.message, names), hint: hint ?? filled(sentence.hint, names) };
}

function shapeOf(setting) {
  return [setting.size[0], setting.in_channels, setting.size[1], setting.size[2]];
}

function faultOfSize(setting, sentences) {
  const parts = shapeOf(setting).map((part) => String(part) || "?");
  const numbers = parts.map(sizeSpelled);
  numbers[0] ||= 1n;
  const situation = numbers.every(Boolean) ? "words_meant" : "words";
  const names = { given: cutShort(parts.join("x")), fitting: numbers.join("x"), in_channels: setting.in_channels };
  return ofInput(situation, names, sentences);
}

function sizeSpelled(text) {
  const digits = text.replace(/\.0$/, "").replace(/\.$/, "");
  return /^[0-9]{1,19}$/.test(digits) ? BigInt(digits) : null;
}

function fittingSize(setting, rows, columns) {
  const least = [rows, columns].map((axis) => leastInput(axis, setting.padding_mode));
  const [batch, height, width] = setting.size;
  return [batch, setting.in_channels, largest(height, least[0]), largest(width, least[1])].join("x");
}

/** @returns what is wrong with padding that is made of the input; the order of the axes is torch's */
function faultOfPadding(setting, rows, columns, sentences) {
  const { padding_mode: mode } = setting;
  if (mode !== "circular" && !(rows.size && columns.size)) {
    const names = { shape: inBrackets(shapeOf(setting)), fitting: fittingSize(setting, rows, columns) };
    return ofInput(`nothing.${mode}`, names, sentences);
  }
  const axes = { reflect: [columns, rows], circular: [rows, columns] }[mode] ?? [];
  const wide = axes.find((axis) => largest(axis.before, axis.after) > mostPadding(axis, mode));
  if (!wide) return null;
  const names = {
    size: wide.size,
    most: mostPadding(wide, mode),
    asked: largest(wide.before, wide.after),
    sides: `(${wide.before}, ${wide.after})`,
    shape: inBrackets(shapeOf(setting)),
    fitting: fittingSize(setting, rows, columns),
  };
  const fits = [rows, columns].every((axis) => axis.size && outputsOf(axis) >= 1n);
  const hint = fits ? hintOfMode(mode, rows, columns, sentences) : undefined;
  return ofInput(`wide.${mode}.${wide === rows ? "rows" : "columns"}`, names, sentences, hint);
}

function mostPadding(axis, mode) {
  return mode === "reflect" ? axis.size - 1n : axis.size;
}

/** @returns {string} as much padding as the input has, where the window still fits then, or another mode */
function hintOfMode(mode, rows, columns, sentences) {
  const [[top, bottom], [left, right]] = [rows, columns].map((axis) =>
    [axis.before, axis.after].map((side) => smallest(side, mostPadding(axis, mode))),
  );
  const fits =
    rows.size + top + bottom >= spanOf(rows) && columns.size + left + right >= spanOf(columns);
  if (!fits || smallest(top, bottom, left, right) < 0n) return sentences["input.other_mode"].hint;
  const values = top === bottom && left === right ? [top, left] : [top, left, bottom, right];
  return filled(sentences["input.padding_within"].hint, { padding: together(values) });
}
