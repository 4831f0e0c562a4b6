/*
 * The controls: each shows the setting, and changes it. A number field takes what its slider has no room for.
 */

// Where each slider ends; a number field takes more.
const SLIDERS = {
  in_channels: [1, 256], out_channels: [1, 256], kernel_size: [1, 15], stride: [1, 8], padding: [0, 12],
  dilation: [1, 8], groups: [0, 0], batch: [1, 64], size: [1, 256],
};

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
  const of = field === "size" ? texts.input_size : field;
  const row = numberRow(name, `${of} ${name}`, (setting) => setting[field][index], (setting, value) => {
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
  const isOfWindow = ({ field }) => ["kernel_size", "stride", "dilation"].includes(field);
  const isKnown = isWhole(size) && (isNamed("padding", state.setting) || isWhole(padding)) && !state.faults.some(isOfWindow);
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
