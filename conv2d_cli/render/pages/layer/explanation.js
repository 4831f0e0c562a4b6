/*
 * The arithmetic of what is looked at, in words for those who see it and for those who hear it.
 */

// Of more taps the first and the last are listed.
const MOST_CHIPS = 12;

function explainOutput(axes, at) {
  const title = element("h3", { textContent: `output[n, o, ${at[0]}, ${at[1]}]` });
  const formula = element("p", { className: "sum", textContent: sumOf(axes, at) });
  const lines = axes.flatMap((axis, place) => axisLines(axis, at[place], place));
  const channels = state.setting.in_channels / state.setting.groups;
  const real = axes.map((axis, place) => realTapsOf(axis, at[place]));
  const all = channels * axes[0].kernel * axes[1].kernel;
  const names = {
    channels: inThousands(channels), height: inThousands(axes[0].kernel), width: inThousands(axes[1].kernel),
    all: inThousands(all), real: inThousands(channels * real[0] * real[1]),
  };
  const isAll = real.every((count, place) => count === axes[place].kernel);
  const key = all === 1n ? (isAll ? "product" : "product_padded") : keyOfProducts(isAll);
  byId("explanation").replaceChildren(title, formula, ...lines, element("p", { textContent: text(key, names) }));
}

function keyOfProducts(isAllReal) {
  if (isAllReal) return "products_all";
  return state.setting.padding_mode === "zeros" ? "products" : "products_repeated";
}

/** @returns {string} the sum that an output element is, with the places of its taps */
function sumOf(axes, at) {
  const [row, column] = axes.map((axis, place) => {
    const first = firstOf(axis, at[place]);
    if (axis.kernel === 1n) return signed(first);
    const step = axis.dilation === 1n ? "ij"[place] : `${axis.dilation}·${"ij"[place]}`;
    return first === 0n ? step : `${step} ${first < 0n ? "−" : "+"} ${absolute(first)}`;
  });
  const { bias, groups, in_channels: inner, out_channels: outer } = state.setting;
  const [read, made] = [inner / groups, outer / groups];
  const channel = groups === 1n ? "c" : read === 1n ? "g" : `${read}·g + c`;
  const group = groups === 1n ? "" : text("group", { group: made === 1n ? "o" : `o // ${made}` });
  return `${text(bias ? "sum" : "sum_without_bias", { channel, row, column })}${group}`;
}

/** @returns a line with the arithmetic of an axis, and its taps */
function axisLines(axis, output, place) {
  const key = axis.kernel === 1n ? "tap" : axis.dilation === 1n ? "taps" : "taps_apart";
  const taps = text(key, { kernel: inThousands(axis.kernel), dilation: axis.dilation });
  const names = { output, stride: axis.stride, before: axis.before, first: signed(firstOf(axis, output)), taps };
  const line = element("p", { textContent: text(place ? "window_columns" : "window_rows", names) });
  return [line, element("ol", { className: "taps" }, ...tapChips(axis, output))];
}

function tapChips(axis, output) {
  const first = firstOf(axis, output);
  const chip = (tap) => tapChip(axis, first + tap * axis.dilation);
  if (axis.kernel <= BigInt(MOST_CHIPS)) return rangeOf(0n, axis.kernel - 1n).map(chip);
  const half = BigInt(MOST_CHIPS / 2);
  const more = element("li", { className: "more", textContent: text("more_taps", { count: inThousands(axis.kernel - 2n * half) }) });
  return [...rangeOf(0n, half - 1n).map(chip), more, ...rangeOf(axis.kernel - half, axis.kernel - 1n).map(chip)];
}

function tapChip(axis, position) {
  const source = sourceOf(position, axis.size, state.setting.padding_mode);
  const words = source === position ? String(position) : source === null ? `${signed(position)}: 0` : `${signed(position)} → ${source}`;
  return element("li", { className: source === position ? "real" : source === null ? "zero" : "repeated", textContent: words });
}

function explainInput(at, fed) {
  const title = element("h3", { textContent: nameOfInput(at) });
  const count = fed[0].count * fed[1].count;
  const names = { count: inThousands(count), rows: fedWords(fed[0], texts.rows), columns: fedWords(fed[1], texts.columns) };
  const words = text(count === 0n ? "feeds_none" : "feeds", names);
  const one = `${texts.feeds_one}: ${fed[0].first}, ${fed[1].first}`;
  const remark = isRepeated(at) ? [element("p", { textContent: texts.feeds_repeated })] : [];
  byId("explanation").replaceChildren(title, element("p", { textContent: count === 1n ? one : words }), ...remark);
}

/** @returns {boolean} whether the padding repeats a real element */
function isRepeated(at) {
  const axes = axesOf(state.setting);
  const isReal = axes.every((axis, place) => at[place] >= 0n && at[place] < axis.size);
  return isReal && axes.some((axis, place) => repeatedAt(axis, at[place]).length > 0);
}

function fedWords({ count, first, last, step }, name) {
  const key = count === 1n ? "feeds_axis_one" : step === 1n ? "feeds_axis" : "feeds_axis_step";
  return text(key, { name, first, last, step });
}

function sayFocus() {
  const { plane, at } = focusOf();
  const axes = axesOf(state.setting);
  const names = { row: at[0], column: at[1] };
  if (plane === "input") {
    const [rows, columns] = axes.map((axis, place) => outputsFedBy(axis, at[place]).count);
    say(text(rows * columns === 1n ? "said_input_one" : "said_input", { ...names, count: rows * columns }));
    return;
  }
  const [top, left] = axes.map((axis, place) => firstOf(axis, at[place]));
  const real = axes.map((axis, place) => realTapsOf(axis, at[place]));
  say(text("said_output", {
    ...names, top, left, bottom: top + spanOf(axes[0]) - 1n, right: left + spanOf(axes[1]) - 1n,
    real: real[0] * real[1], all: axes[0].kernel * axes[1].kernel,
  }));
}
