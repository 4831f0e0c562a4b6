/*
 * What is wrong with a layer, found as conv2d_cli/layer/ finds it and told in its sentences, which the page carries with
 * names in braces. An argument that is no whole number is the text that was typed.
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
