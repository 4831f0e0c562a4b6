/*
 * The page: controls to a setting, a setting to words, figures and planes. Every text is set by textContent.
 */

const SLOW = 1400;
const QUICK = 600;
const PAUSE = 350;
const MOST_CHIPS = 12;
// Where each slider ends; a number field takes more.
const SLIDERS = {
  in_channels: [1, 256], out_channels: [1, 256], kernel_size: [1, 15], stride: [1, 8], padding: [0, 12],
  dilation: [1, 8], groups: [0, 0], batch: [1, 64], size: [1, 256],
};
const BESIDE = 620;

const page = JSON.parse(document.getElementById("data").textContent);
const texts = page.texts;
const state = {
  setting: null, at: [0n, 0n], hover: null, pinned: null, locked: true, faults: [], facts: null, timer: null,
  isNewEntry: false,
};

function byId(id) {
  return document.getElementById(id);
}

/** @returns {HTMLElement} an element with properties set and children in it; texts never become markup */
function element(name, properties = {}, ...children) {
  const { data = {}, aria = {}, ...rest } = properties;
  const made = Object.assign(document.createElement(name), rest);
  Object.assign(made.dataset, data);
  for (const [key, value] of Object.entries(aria)) made.setAttribute(`aria-${key}`, value);
  made.append(...children);
  return made;
}

function text(key, values = {}) {
  return filled(texts[key], values);
}

/** Calls a function when nothing has called it for a while. */
function afterPause(action, milliseconds = PAUSE) {
  let timer = null;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
}

const say = afterPause((words) => {
  byId("said").textContent = words;
});

/* The setting, and what follows from it. */

function settingOfPage(opened) {
  const whole = (value) => (Array.isArray(value) ? value.map(BigInt) : value);
  return {
    in_channels: BigInt(opened.in_channels), out_channels: BigInt(opened.out_channels),
    kernel_size: whole(opened.kernel_size), stride: whole(opened.stride), padding: whole(opened.padding),
    dilation: whole(opened.dilation), groups: BigInt(opened.groups), bias: opened.bias,
    padding_mode: opened.padding_mode, dtype: opened.dtype, size: whole(opened.size),
  };
}

function isSquare(setting) {
  const { kernel_size: kernel, stride, dilation, padding, size } = setting;
  const pairs = [kernel, stride, dilation, size.slice(1), ...(padding.length === 2 ? [padding] : [])];
  return pairs.every(([height, width]) => height === width);
}

/** Works everything out again, and shows it. */
function update() {
  const { setting } = state;
  const ofLayer = layerFaults(setting, page.faults);
  const ofInput = ofLayer.length ? null : inputFault(setting, page.faults);
  state.faults = [...ofLayer, ...(ofInput ? [ofInput] : [])];
  state.facts = state.faults.length ? null : factsOf(setting, BigInt(page.element_bytes[setting.dtype]));
  if (state.facts) keepInside();
  showControls();
  showFaults(ofLayer.length > 0);
  showLines();
  showResult();
  showFacts();
  showPlanes();
}

function keepInside() {
  const [, , rows, columns] = state.facts.output_shape;
  state.at = [clamped(state.at[0], [0n, rows - 1n]), clamped(state.at[1], [0n, columns - 1n])];
  state.pinned = null;
  state.hover = null;
}

/* The controls. */

const controls = [];

/** Makes every control once; each knows how to show the setting. */
function makeControls() {
  const form = byId("controls");
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const field of ["in_channels", "out_channels"]) form.append(counted(field));
  for (const field of ["kernel_size", "stride"]) form.append(paired(field));
  form.append(paddingControl());
  form.append(paired("dilation"));
  form.append(counted("groups"));
  form.append(element("div", { className: "row options" }, biasControl(), chosen("padding_mode", page.padding_modes),
    chosen("dtype", Object.keys(page.element_bytes))));
  form.append(sizeControl());
  form.addEventListener("change", () => {
    state.isNewEntry = false;
  });
}

/** An argument's name beside its rows of controls. */
function argument(name, ...rows) {
  const group = element("div", { className: "argument", role: "group", aria: { label: name } });
  group.append(element("span", { className: "name", textContent: name }), element("div", {}, ...rows));
  return group;
}

function counted(field) {
  return argument(field, numberRow("", field, (setting) => setting[field], (setting, value) => {
    setting[field] = value;
  }, field));
}

function paired(field) {
  const rows = [0, 1].map((place) => pairRow(field, field, place, place));
  return argument(field, ...rows);
}

/** A number of a pair; both where H = W is wanted. */
function pairRow(field, range, place, index, count = 2) {
  const name = texts[place ? "width" : "height"];
  const row = numberRow(name, `${field} ${name}`, (setting) => setting[field][index], (setting, value) => {
    const first = count - 2;
    const indices = state.locked ? [first, first + 1] : [index];
    for (const one of indices) setting[field] = setting[field].with(one, value);
  }, range);
  controls.push(() => {
    row.hidden = state.locked && place === 1;
    row.classList.toggle("both", state.locked);
  });
  return row;
}

/** A label, a slider and a number field for one number of the setting. */
function numberRow(label, name, read, write, range) {
  const [min, max] = SLIDERS[range];
  const slider = element("input", { type: "range", min, max, step: 1, aria: { label: text("slider", { name }) } });
  const field = element("input", { type: "number", step: 1, aria: { label: text("number", { name }) }, inputMode: "numeric" });
  const steps = range === "groups" ? groupSteps : null;
  slider.addEventListener("input", () => changed(write, steps ? steps()[Number(slider.value)] : BigInt(slider.value)));
  field.addEventListener("input", () => changed(write, numberTyped(field.value)));
  controls.push(() => {
    const value = readOrEmpty(read);
    if (numberTyped(field.value) !== value || !field.value) setField(field, value);
    setSlider(slider, value, steps);
  });
  const words = element("span", { className: "axis", textContent: label });
  const kind = label ? (label.length > 1 ? "row sided" : "row lettered") : "row";
  return element("div", { className: kind }, ...(label ? [words] : []), slider, field);
}

function readOrEmpty(read) {
  return read(state.setting) ?? "";
}

/** Shows a value in a field, unless its reader is amid typing what is no number. */
function setField(field, value) {
  if (document.activeElement === field && typeof value === "string") return;
  field.value = String(value);
}

function setSlider(slider, value, steps) {
  if (typeof value !== "bigint") return;
  if (!steps) {
    slider.value = String(value);
    return;
  }
  const divisors = steps();
  slider.max = String(divisors.length - 1);
  const place = divisors.findLastIndex((divisor) => divisor <= value);
  slider.value = String(Math.max(0, place));
  slider.setAttribute("aria-valuetext", String(value));
}

/** @returns {bigint[]} the groups that the channels can be parted into */
function groupSteps() {
  const channels = COUNTS.map((name) => state.setting[name]);
  const areRight = channels.every((count) => typeof count === "bigint" && count > 0n);
  return areRight ? divisorsOf(channels.reduce(greatestCommonDivisor)) : [1n];
}

function changed(write, value) {
  const setting = { ...state.setting };
  write(setting, value);
  change(setting);
}

function change(setting) {
  state.setting = setting;
  update();
  rememberSoon();
}

function biasControl() {
  const box = element("input", { type: "checkbox" });
  box.addEventListener("change", () => change({ ...state.setting, bias: box.checked }));
  controls.push(() => {
    box.checked = state.setting.bias;
  });
  return element("label", { className: "choice" }, box, " bias");
}

function chosen(field, values) {
  const select = element("select", {}, ...values.map((value) => element("option", { value, textContent: value })));
  select.addEventListener("change", () => change({ ...state.setting, [field]: select.value }));
  controls.push(() => {
    select.value = state.setting[field];
  });
  return element("label", { className: "choice" }, element("span", { textContent: field }), select);
}

function paddingControl() {
  const kinds = { numbers: texts.padding_numbers, sides: texts.padding_sides };
  for (const word of page.padding_words) kinds[word] = word;
  const options = Object.entries(kinds).map(([value, words]) => element("option", { value, textContent: words }));
  const select = element("select", { aria: { label: "padding" } }, ...options);
  select.addEventListener("change", () => change({ ...state.setting, padding: paddingOfKind(select.value) }));
  const pair = element("div", {}, ...[0, 1].map((place) => pairRow("padding", "padding", place, place)));
  const sides = ["top", "left", "bottom", "right"].map((side, place) => sideRow(side, place));
  const four = element("div", {}, ...sides);
  controls.push(() => {
    const { padding } = state.setting;
    const kind = typeof padding === "string" ? padding : padding.length === 2 ? "numbers" : "sides";
    select.value = kind;
    pair.hidden = kind !== "numbers";
    four.hidden = kind !== "sides";
  });
  return argument("padding", element("div", { className: "row kind" }, select), pair, four);
}

function sideRow(side, place) {
  return numberRow(texts[side], `padding ${texts[side]}`, (setting) => setting.padding[place], (setting, value) => {
    setting.padding = setting.padding.with(place, value);
  }, "padding");
}

/** @returns {string | bigint[]} a padding of another kind that pads alike, where it can */
function paddingOfKind(kind) {
  if (page.padding_words.includes(kind)) return kind;
  const { padding, size } = state.setting;
  const isKnown = isWhole([...size, ...partsOf(padding).filter((part) => typeof part !== "string")]) && !state.faults.length;
  const [rows, columns] = isKnown ? [axisOf(state.setting, 0), axisOf(state.setting, 1)] : [null, null];
  const sides = isKnown ? [rows.before, columns.before, rows.after, columns.after] : [0n, 0n, 0n, 0n];
  return kind === "sides" ? sides : sides.slice(0, 2);
}

function sizeControl() {
  const batch = numberRow(texts.batch, `${texts.input_size} ${texts.batch}`, (setting) => setting.size[0], (setting, value) => {
    setting.size = setting.size.with(0, value);
  }, "batch");
  const sides = [0, 1].map((place) => pairRow("size", "size", place, place + 1, 3));
  return argument(texts.input_size, batch, ...sides);
}

function showControls() {
  byId("lock").checked = state.locked;
  for (const show of controls) show();
}

function lockSides() {
  state.locked = byId("lock").checked;
  if (!state.locked) {
    showControls();
    return;
  }
  const setting = { ...state.setting };
  for (const field of ["kernel_size", "stride", "dilation"]) setting[field] = setting[field].with(1, setting[field][0]);
  if (setting.padding.length === 2) setting.padding = setting.padding.with(1, setting.padding[0]);
  setting.size = setting.size.with(2, setting.size[1]);
  change(setting);
}

/* Faults, and hints that can be taken. */

const IN_HINT = /\b(in_channels|out_channels|kernel_size|stride|padding_mode|padding|dilation|groups|input_shape)=(\([^)]*\)|'[^']*'|[0-9x]+)/g;

function showFaults(areOfLayer) {
  const section = byId("faults");
  section.hidden = !state.faults.length;
  byId("faults-heading").textContent = texts[areOfLayer ? "faults_heading" : "input_fault_heading"];
  byId("fault-list").replaceChildren(...state.faults.map(faultItem));
}

function faultItem(fault) {
  const buttons = [...fault.hint.matchAll(IN_HINT)].map(([words, field, value]) => {
    const button = element("button", { type: "button", textContent: text("use_hint", { value: words }) });
    button.addEventListener("click", () => takeHint(field, value));
    return button;
  });
  const hint = element("p", { className: "hint" }, element("b", { textContent: texts.hint }), ` ${fault.hint}`);
  return element("li", {}, element("p", { textContent: fault.message }), hint, element("div", { className: "buttons" }, ...buttons));
}

function takeHint(field, value) {
  const numbers = value.match(/[0-9]+/g)?.map(BigInt) ?? [];
  const setting = { ...state.setting };
  if (field === "input_shape") setting.size = sizeOfHint(numbers);
  else if (value.startsWith("'")) setting[field] = value.slice(1, -1);
  else if (Array.isArray(setting[field]) || field === "padding") setting[field] = numbers.length > 1 ? numbers : [numbers[0], numbers[0]];
  else setting[field] = numbers[0];
  state.locked &&= isSquare(setting);
  state.isNewEntry = false;
  change(setting);
}

/** @returns {bigint[]} (N, H, W) of one to four numbers */
function sizeOfHint(numbers) {
  const [height, width] = numbers.length === 1 ? [numbers[0], numbers[0]] : numbers.slice(-2);
  return [numbers.length === 4 ? numbers[0] : 1n, height, width];
}

/* Words and figures. */

function axesOf(setting) {
  return [axisOf(setting, 0), axisOf(setting, 1)];
}

function showLines() {
  const isRight = state.facts !== null;
  byId("command").textContent = asCommand(state.setting);
  byId("pytorch").textContent = asPyTorch(state.setting, isRight ? axesOf(state.setting) : null);
}

function timesBetween(numbers) {
  return numbers.map(inThousands).join(" × ");
}

function showResult() {
  const { facts } = state;
  const shapes = byId("shapes");
  const summary = byId("summary");
  byId("result").classList.toggle("wrong", !facts);
  if (!facts) {
    shapes.textContent = texts[state.faults[0].field === "input" ? "input_fault_heading" : "faults_heading"];
    summary.textContent = "";
    return;
  }
  const arrow = element("span", { className: "arrow", textContent: " → " });
  shapes.replaceChildren(timesBetween(facts.input_shape), arrow, element("b", { textContent: timesBetween(facts.output_shape) }));
  summary.textContent = `${inThousands(facts.parameters)} parameters · ${inThousands(facts.macs)} macs`;
  say(text("said_result", {
    shape: facts.output_shape.join(", "), parameters: inThousands(facts.parameters), macs: inThousands(facts.macs),
  }));
}

/** Shows the facts with their formulas; of a layer whose input does not fit, those that need none. */
function showFacts() {
  const { setting, facts } = state;
  const rows = [];
  if (facts) {
    const letters = lettersOf(setting, facts);
    for (const key of Object.keys(page.formulas)) rows.push(...factRow(key, facts[key], page.formulas[key], letters));
  }
  byId("facts").replaceChildren(...rows);
  byId("facts").parentElement.hidden = !facts;
}

function factRow(key, value, formulas, letters) {
  const words = formulas.map((formula) => element("div", { textContent: withSigns(filled(formula, letters)) }));
  const shown = Array.isArray(value) ? timesBetween(value) : inThousands(value);
  const meaning = element("span", { className: "meaning", textContent: withSigns(page.meanings[key]) });
  return [
    element("dt", {}, element("span", { className: "key", textContent: key }), meaning),
    element("dd", {}, element("span", { className: "value", textContent: shown }), element("div", { className: "formula" }, ...words)),
  ];
}

/** @returns {string} a formula with the signs of arithmetic */
function withSigns(formula) {
  return formula.replaceAll(" * ", " × ").replaceAll(" - ", " − ");
}

/** @returns what the names in formulas stand for: keys, and the field's letters */
function lettersOf(setting, facts) {
  const item = BigInt(page.element_bytes[setting.dtype]);
  const letters = { N: setting.size[0], H: setting.size[1], W: setting.size[2], C: facts.weight_shape[1], item };
  letters.Ho = facts.output_shape[2];
  letters.Wo = facts.output_shape[3];
  letters.padded_macs = facts.macs - facts.effective_macs;
  const pairs = { k: setting.kernel_size, s: setting.stride, d: setting.dilation, e: facts.effective_kernel_size };
  for (const [letter, pair] of Object.entries(pairs)) [letters[`${letter}h`], letters[`${letter}w`]] = pair;
  const counts = { in_channels: setting.in_channels, out_channels: setting.out_channels, groups: setting.groups };
  const all = { ...facts, ...counts, ...letters };
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, typeof value === "bigint" ? inThousands(value) : value]));
}

/* The planes. */

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
  const sizes = roomOf(byId("planes").clientWidth);
  if (focus.plane === "output") showWindow(axes, focus.at, sizes);
  else showFed(axes, focus.at, sizes);
  const [, , rows, columns] = state.facts.output_shape;
  byId("input-size").textContent = timesBetween([paddedOf(axes[0]), paddedOf(axes[1])]);
  byId("output-size").textContent = timesBetween([rows, columns]);
  byId("input-plane").setAttribute("aria-label", text("input_label", { rows: paddedOf(axes[0]), columns: paddedOf(axes[1]) }));
  byId("output-plane").setAttribute("aria-label", text("output_label", { rows, columns }));
  showLegend();
}

/** @returns the pixels that each plane may be wide */
function roomOf(width) {
  if (width < BESIDE) return { input: width, output: width };
  return { input: Math.floor((width - 40) * 0.6), output: Math.floor((width - 40) * 0.4) };
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

function showWindow(axes, at, sizes) {
  const anchor = state.at;
  const windows = axes.map((axis, place) => [firstOf(axis, at[place]), firstOf(axis, at[place]) + spanOf(axis) - 1n]);
  const taps = axes.map((axis, place) => (position) => isTap(axis, at[place], position));
  const input = viewOf(axes.map(boundsOf), axes.map((axis, place) => wantedOf(axis, at[place])), sizes.input);
  const output = viewOf(axes.map(outputBounds), anchor.map((place) => [place]), sizes.output);
  const cell = Math.min(input.cell, output.cell);
  inputPlane.show({
    ...input, cell, window: windows, active: state.pinned?.at ?? windows.map(([first]) => first),
    classOf: (place) => `${kindOf(axes, place)}${insideOf(windows, taps, place)}`,
  });
  outputPlane.show({
    ...output, cell, window: at.map((place) => [place, place]), active: anchor, selects: true,
    classOf: (place) => (place.join() === at.join() ? "result" : "output"),
  });
  explainOutput(axes, at);
}

function showFed(axes, at, sizes) {
  const fed = axes.map((axis, place) => outputsFedBy(axis, at[place]));
  const isFed = (place) => place.every((output, axis) => {
    const { count, first, last, step } = fed[axis];
    return count > 0n && output >= first && output <= last && (output - first) % step === 0n;
  });
  const anyFed = fed.every(({ count }) => count > 0n);
  const anchor = state.pinned?.at ?? axes.map((axis, place) => firstOf(axis, state.at[place]));
  const wantedInput = axes.map((axis, place) => (state.pinned ? [anchor[place]] : wantedOf(axis, state.at[place])));
  const input = viewOf(axes.map(boundsOf), wantedInput, sizes.input);
  const output = viewOf(axes.map(outputBounds), fed.map((one, place) => (anyFed ? [one.first, one.last] : [state.at[place]])), sizes.output);
  const cell = Math.min(input.cell, output.cell);
  inputPlane.show({
    ...input, cell, window: at.map((place) => [place, place]), active: at, selects: true,
    classOf: (place) => `${kindOf(axes, place)}${place.join() === at.join() ? " tap" : ""}`,
  });
  outputPlane.show({
    ...output, cell, window: anyFed ? fed.map(({ first, last }) => [first, last]) : null, active: state.at,
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
  const [low, high] = boundsOf(axis);
  const copies = repeatsOf(axis, position, state.setting.padding_mode);
  const places = [position, ...copies.filter((copy) => (copy < 0n && copy >= low) || (copy >= axis.size && copy <= high))];
  return places.some((place) => outputsFedBy(axis, place).count > 0n);
}

/** @returns {bigint[]} where padding of a mode may repeat a real element, and would be read first */
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

function insideOf(windows, taps, place) {
  if (taps.every((isOne, axis) => isOne(place[axis]))) return " tap";
  return windows.every(([first, last], axis) => place[axis] >= first && place[axis] <= last) ? " gap" : "";
}

/** @returns the positions of a plane that are drawn in a width, and how large their cells are */
function viewOf(bounds, wanted, width) {
  const labels = widthOfLabels(bounds[0]) + 4;
  const room = Math.max(5, Math.min(MOST_CELLS, Math.floor((width - labels) / LEAST_CELL)));
  const [rows, columns] = bounds.map(([low, high], axis) => shownPositions(low, high, wanted[axis], room));
  const widest = Math.max(cellsOf(columns), Math.min(cellsOf(rows), room));
  const cell = Math.max(LEAST_CELL, Math.min(MOST_CELL, Math.floor((width - labels) / widest)));
  return { bounds, rows, columns, cell };
}

/** Names what is drawn, and nothing else. */
function showLegend() {
  const kinds = ["real", "zero", "repeated", "unused"].filter((kind) => byId("input-plane").querySelector(`.${kind}`));
  const items = [...kinds, "tap", "output", "result"].map((kind) =>
    element("li", {}, element("span", { className: `key-${kind}` }), texts[`legend_${kind}`]));
  byId("legend").replaceChildren(...items);
}

/* The arithmetic of what is looked at. */

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
  const kind = isAll ? "products_all" : state.setting.padding_mode === "zeros" ? "products" : "products_repeated";
  byId("explanation").replaceChildren(title, formula, ...lines, element("p", { textContent: text(kind, names) }));
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
  const channel = groups === 1n ? "c" : `${inner / groups}·g + c`;
  const group = groups === 1n ? "" : text("group", { channels: outer / groups });
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
  byId("explanation").replaceChildren(title, element("p", { textContent: count === 1n ? `${texts.feeds_one}: ${fed[0].first}, ${fed[1].first}` : words }));
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
    say(text("said_input", { ...names, count: rows * columns }));
    return;
  }
  const [top, left] = axes.map((axis, place) => firstOf(axis, at[place]));
  const real = axes.map((axis, place) => realTapsOf(axis, at[place]));
  say(text("said_output", {
    ...names, top, left, bottom: top + spanOf(axes[0]) - 1n, right: left + spanOf(axes[1]) - 1n,
    real: real[0] * real[1], all: axes[0].kernel * axes[1].kernel,
  }));
}

/* Playing. */

function step() {
  const [, , rows, columns] = state.facts.output_shape;
  let [row, column] = state.at;
  column += 1n;
  if (column >= columns) [row, column] = [row + 1n, 0n];
  if (row >= rows) row = 0n;
  state.at = [row, column];
  state.pinned = null;
  showPlanes();
}

function play() {
  if (state.timer) {
    stop();
    return;
  }
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  state.timer = setInterval(step, calm ? SLOW : QUICK);
  byId("play").textContent = texts.pause;
}

function stop() {
  clearInterval(state.timer);
  state.timer = null;
  byId("play").textContent = texts.play;
}

function startAgain() {
  select({ plane: "output", at: [0n, 0n] });
}

/* Copying. */

async function copy(button) {
  const source = byId(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = texts.copied;
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = texts.not_copied;
  }
  say(button.textContent);
  setTimeout(() => {
    button.textContent = texts.copy;
  }, SLOW);
}

/* The address. */

const known = { paddings: page.padding_words, modes: page.padding_modes, dtypes: Object.keys(page.element_bytes) };
const opening = settingOfPage(page.opened);

/** @returns {boolean} whether there is nothing to keep: what is no number has no place in an address */
function isRemembered(fragment) {
  const numbers = [...IN_ORDER, "size"].filter((field) => !isNamed(field, state.setting));
  return location.hash === fragment || !isWhole(numbers.flatMap((field) => state.setting[field]));
}

/** Keeps what is seen in the address: in a new entry, which `back` leaves, once for each change of a control. */
const rememberSoon = afterPause(() => {
  const fragment = asFragment(state.setting, state.at);
  if (isRemembered(fragment)) return;
  if (state.isNewEntry) history.replaceState(null, "", fragment);
  else history.pushState(null, "", fragment);
  state.isNewEntry = true;
});

/** Shows what the address says; without a fragment, what the page was written with. */
function readAddress() {
  const found = ofFragment(location.hash, opening, [0n, 0n], known);
  state.setting = found.setting;
  state.at = found.at;
  state.locked = isSquare(found.setting);
  update();
}

function begin() {
  makeControls();
  makePlanes();
  byId("lock").addEventListener("change", lockSides);
  byId("play").addEventListener("click", play);
  byId("first").addEventListener("click", startAgain);
  for (const button of document.querySelectorAll("[data-copies]")) button.addEventListener("click", () => copy(button));
  addEventListener("popstate", readAddress);
  readAddress();
}

begin();
