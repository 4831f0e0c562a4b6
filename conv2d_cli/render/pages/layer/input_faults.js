/*
 * What is wrong with the input of a right layer: it is no size, too small for the window, or for its own padding.
 */

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
