/** Integers as people read them. Those of a network may be larger than a number holds exactly: all are BigInt. */

const COUNTS = { base: 1000, prefixes: ["", "k", "M", "G", "T", "P", "E", "Z", "Y", "R", "Q"], unit: "" };
const BYTES = { base: 1024, prefixes: ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"], unit: "B" };

/** Return the BigInt of an integer of the data, which is a string where it is large; null stays null. */
function integer(value) {
  return value === null ? null : BigInt(value);
}

/** Return every digit, with thousands separators. */
function thousands(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Return sizes with signs between: `1×64×112×112`. */
function times(sizes) {
  return sizes.length ? sizes.join("×") : "()";
}

/** Return which part of a whole something is, as a number from 0 to 1. */
function ratio(part, whole) {
  const parts = 1000000n;
  return whole > 0n ? Number((part * parts) / whole) / Number(parts) : 0;
}

/** Return three digits and a prefix, for axes: `231 M`, `9.19 MiB`. */
function short(value, scale) {
  let number = Number(value);
  let size = 0;
  while (number >= 999.5 && size + 1 < scale.prefixes.length) {
    number /= scale.base;
    size += 1;
  }
  if (number >= 999.5) {
    return `${Number(value).toExponential(2).replace("+", "")} ${scale.unit}`.trim();
  }
  return `${Number(number.toPrecision(3))} ${scale.prefixes[size]}${scale.unit}`.trim();
}

/** Return round values from 0 up to a largest one, for the lines of a grid. */
function ticks(most, scale) {
  const whole = Number(most);
  if (!(whole > 0) || !Number.isFinite(whole)) {
    return [0];
  }
  const unit = scale.base ** Math.floor(Math.log(whole) / Math.log(scale.base));
  const power = 10 ** Math.floor(Math.log10(whole / unit));
  const step = [0.5, 1, 2, 5].map((times_) => times_ * power * unit).find((one) => one >= 1 && whole / one <= 4.2) ?? whole;
  const found = [];
  for (let value = 0; value <= whole; value += step) {
    found.push(value);
  }
  return found;
}

/** Return the sum of those that are known; null where there are values and none is known. */
function sum(values) {
  const known = values.filter((value) => value !== null);
  return known.length || !values.length ? known.reduce((all, value) => all + value, 0n) : null;
}
