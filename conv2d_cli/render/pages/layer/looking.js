/*
 * What is looked at on the planes: the window of an output element, or what an input element feeds.
 */

// Pixels from which on both planes have room beside one another.
const BESIDE = 620;
// Rows of each where one is below the other, so that both are seen at once.
const MOST_STACKED = 11;

let inputPlane = null;
let outputPlane = null;

function makePlanes() {
  inputPlane = new Plane(byId("input-plane"), handlersOf("input", nameOfInput));
  outputPlane = new Plane(byId("output-plane"), handlersOf("output", (at) => text("output_cell", { row: at[0], column: at[1] })));
  new ResizeObserver(afterPause(showPlanes, 50)).observe(byId("planes"));
}

function handlersOf(plane, nameOf) {
  return {
    nameOf,
    onPoint: (at) => look({ plane, at }),
    onLeave: () => look(null),
    onSelect: (at) => select({ plane, at }),
  };
}

function nameOfInput([row, column]) {
  const [rows, columns] = axesOf(state.setting);
  const mode = state.setting.padding_mode;
  const [sourceRow, sourceColumn] = [sourceOf(row, rows.size, mode), sourceOf(column, columns.size, mode)];
  const names = { row, column, source_row: sourceRow, source_column: sourceColumn };
  if (sourceRow === row && sourceColumn === column) return text("input_cell", names);
  return text(sourceRow === null || sourceColumn === null ? "zero_cell" : "repeated_cell", names);
}

function look(focus) {
  state.hover = focus;
  showPlanes();
}

function select(focus) {
  state.hover = null;
  state.pinned = focus.plane === "input" ? focus : null;
  if (focus.plane === "output") state.at = focus.at;
  showPlanes();
  sayFocus();
  rememberSoon();
}

/** @returns what is looked at: where the pointer is, what was chosen in the input, or the output element */
function focusOf() {
  return state.hover ?? state.pinned ?? { plane: "output", at: state.at };
}

function showPlanes() {
  byId("plane").hidden = !state.facts;
  if (!state.facts) {
    stop();
    return;
  }
  const focus = focusOf();
  const axes = axesOf(state.setting);
  if (focus.plane === "output") showWindow(axes, focus.at);
  else showFed(axes, focus.at);
  const [, , rows, columns] = state.facts.output_shape;
  byId("input-size").textContent = timesBetween([paddedOf(axes[0]), paddedOf(axes[1])]);
  byId("output-size").textContent = timesBetween([rows, columns]);
  byId("input-plane").setAttribute("aria-label", text("input_label", { rows: paddedOf(axes[0]), columns: paddedOf(axes[1]) }));
  byId("output-plane").setAttribute("aria-label", text("output_label", { rows, columns }));
  showLegend(focus.plane);
}

/** @returns {number[]} the pixels that the input and the output may be wide */
function roomOf(width) {
  if (width < BESIDE) return [width, width];
  return [Math.floor((width - 40) * 0.6), Math.floor((width - 40) * 0.4)];
}

/** @returns the elements that bound the input of an axis, with its padding */
function boundsOf(axis) {
  return [-axis.before, axis.size + axis.after - 1n];
}

function outputBounds(axis) {
  return [0n, outputsOf(axis) - 1n];
}

/** @returns {bigint[]} the positions of a window that are drawn first: its taps from both ends, then what is between */
function wantedOf(axis, output) {
  const first = firstOf(axis, output);
  const wanted = [];
  const taps = smallest(axis.kernel, BigInt(MOST_CELLS));
  for (let tap = 0n; tap < taps; tap += 1n) {
    const fromEnd = axis.kernel - 1n - tap;
    if (tap > fromEnd) break;
    wanted.push(first + tap * axis.dilation, first + fromEnd * axis.dilation);
  }
  return wanted;
}

function showWindow(axes, at) {
  const anchor = state.at;
  const windows = axes.map((axis, place) => [firstOf(axis, at[place]), firstOf(axis, at[place]) + spanOf(axis) - 1n]);
  const taps = axes.map((axis, place) => (position) => isTap(axis, at[place], position));
  const wantedInput = axes.map((axis, place) => wantedOf(axis, at[place]));
  const [input, output] = viewsOf(axes, wantedInput, anchor.map((place) => [place]));
  inputPlane.show({
    ...input, window: windows, active: state.pinned?.at ?? windows.map(([first]) => first),
    classOf: (place) => `${kindOf(axes, place)}${taps.every((isOne, axis) => isOne(place[axis])) ? " tap" : ""}`,
  });
  outputPlane.show({
    ...output, window: at.map((place) => [place, place]), active: anchor, selects: true,
    classOf: (place) => (place.join() === at.join() ? "result" : "output"),
  });
  explainOutput(axes, at);
}

function showFed(axes, at) {
  const fed = axes.map((axis, place) => outputsFedBy(axis, at[place]));
  const isFed = (place) => place.every((output, axis) => {
    const { count, first, last, step } = fed[axis];
    return count > 0n && output >= first && output <= last && (output - first) % step === 0n;
  });
  const anyFed = fed.every(({ count }) => count > 0n);
  const anchor = state.pinned?.at ?? axes.map((axis, place) => firstOf(axis, state.at[place]));
  const wantedInput = axes.map((axis, place) => (state.pinned ? [anchor[place]] : wantedOf(axis, state.at[place])));
  const wantedOutput = fed.map((one, place) => (anyFed ? [one.first, one.last] : [state.at[place]]));
  const [input, output] = viewsOf(axes, wantedInput, wantedOutput);
  inputPlane.show({
    ...input, window: at.map((place) => [place, place]), active: at, selects: true,
    classOf: (place) => `${kindOf(axes, place)}${place.join() === at.join() ? " tap" : ""}`,
  });
  outputPlane.show({
    ...output, window: anyFed ? fed.map(({ first, last }) => [first, last]) : null, active: state.at,
    classOf: (place) => (isFed(place) ? "result" : "output"),
  });
  explainInput(at, fed);
}

function isTap(axis, output, position) {
  const offset = position - firstOf(axis, output);
  return offset >= 0n && offset < spanOf(axis) && offset % axis.dilation === 0n;
}

/** @returns {boolean} whether any window has a tap on a real element, or on what repeats it in the padding */
function isRead(axis, position) {
  return [position, ...repeatedAt(axis, position)].some((place) => outputsFedBy(axis, place).count > 0n);
}

/** @returns {bigint[]} where the padding repeats a real element */
function repeatedAt(axis, position) {
  const [low, high] = boundsOf(axis);
  const isPadding = (place) => (place >= low && place < 0n) || (place >= axis.size && place <= high);
  return repeatsOf(axis, position, state.setting.padding_mode).filter(isPadding);
}

/** @returns {bigint[]} where padding of a mode would repeat a real element; of several places one that is read, if any is */
function repeatsOf(axis, position, mode) {
  const { size, before } = axis;
  if (mode === "reflect") return [-position, 2n * (size - 1n) - position];
  if (mode === "circular") return [position - size, position + size];
  const last = firstOf(axis, outputsOf(axis) - 1n) + spanOf(axis) - 1n;
  return { replicate: [position === 0n ? -before : 0n, position === size - 1n ? last : 0n] }[mode] ?? [];
}

/** @returns what stands at a place of the padded input */
function kindOf(axes, place) {
  const mode = state.setting.padding_mode;
  const isReal = axes.every((axis, index) => place[index] >= 0n && place[index] < axis.size);
  if (!isReal) return mode === "zeros" ? "zero" : "repeated";
  return axes.every((axis, index) => isRead(axis, place[index])) ? "real" : "unused";
}

/** @returns the views of both planes, with cells of one size; what a pointer rests on does not move away from it */
function viewsOf(axes, wantedInput, wantedOutput) {
  const [inputWidth, outputWidth] = roomOf(byId("planes").clientWidth);
  const input = viewOf(axes.map(boundsOf), wantedInput, inputWidth);
  const output = viewOf(axes.map(outputBounds), wantedOutput, outputWidth);
  const cell = Math.min(input.cell, output.cell);
  return [inputPlane.held({ ...input, cell }, wantedInput), outputPlane.held({ ...output, cell }, wantedOutput)];
}

/** @returns the positions of a plane that are drawn in a width, and how large their cells are */
function viewOf(bounds, wanted, width) {
  const labels = widthOfLabels(bounds[0]) + 4;
  const room = Math.max(5, Math.min(MOST_CELLS, Math.floor((width - labels) / LEAST_CELL)));
  const isStacked = byId("planes").clientWidth < BESIDE;
  const rooms = [isStacked ? Math.min(room, MOST_STACKED) : room, room];
  const [rows, columns] = bounds.map(([low, high], axis) => shownPositions(low, high, wanted[axis], rooms[axis]));
  const widest = Math.max(cellsOf(columns), Math.min(cellsOf(rows), room));
  const cell = Math.max(LEAST_CELL, Math.min(MOST_CELL, Math.floor((width - labels) / widest)));
  return { bounds, rows, columns, cell, width };
}

/** Names what is drawn, and nothing else; what is looked at stands on the one plane, what follows on the other. */
function showLegend(looksAt) {
  const kinds = ["real", "zero", "repeated", "unused", "tap", "output", "result"];
  const names = looksAt === "output" ? {} : { tap: texts.legend_result, result: texts.legend_fed };
  const items = kinds.filter((kind) => byId("planes").querySelector(`.${kind}`)).map((kind) =>
    element("li", {}, element("span", { className: `key-${kind}` }), names[kind] ?? texts[`legend_${kind}`]));
  byId("legend").replaceChildren(...items);
}
