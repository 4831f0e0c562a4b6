/*
 * What the page knows: the setting, what follows from it, and what is looked at. Every text is set by textContent.
 */

// Milliseconds, in which nothing more has come.
const PAUSE = 350;

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

function axesOf(setting) {
  return [axisOf(setting, 0), axisOf(setting, 1)];
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

/** Moves the focus to the planes, or to what is wrong. */
function focusOnAnswer(options) {
  byId(state.facts ? "plane" : "faults").focus(options);
}

function keepInside() {
  const [, , rows, columns] = state.facts.output_shape;
  state.at = [clamped(state.at[0], [0n, rows - 1n]), clamped(state.at[1], [0n, columns - 1n])];
  state.pinned = null;
  state.hover = null;
}
