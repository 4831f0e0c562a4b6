/*
 * What is said of a setting: its faults with hints that can be taken, its line of PyTorch, its command, its figures.
 */

// Signs of the line of shapes and figures; a longer one would cover what it stands above when the page is scrolled.
const MOST_STICKING = 160;
const IN_HINT = /\b(in_channels|out_channels|kernel_size|stride|padding_mode|padding|dilation|groups|input_shape)=(\([^)]*\)|'[^']*'|[0-9x]+)/g;

function showFaults(areOfLayer) {
  const section = byId("faults");
  section.hidden = !state.faults.length;
  byId("faults-heading").textContent = texts[areOfLayer ? "faults_heading" : "input_fault_heading"];
  byId("fault-list").replaceChildren(...state.faults.map(faultItem));
}

function faultItem(fault) {
  const buttons = [...fault.hint.matchAll(IN_HINT)].filter(([, field, value]) => mends(fault, field, value)).map(
    ([words, field, value]) => {
      const button = element("button", { type: "button", textContent: text("use_hint", { value: words }) });
      button.addEventListener("click", () => takeHint(field, value));
      return button;
    });
  const hint = element("p", { className: "hint" }, element("b", { textContent: texts.hint }), ` ${fault.hint}`);
  return element("li", {}, element("p", { textContent: fault.message }), hint, element("div", { className: "buttons" }, ...buttons));
}

/** @returns {boolean} whether what a hint names leaves nothing wrong with the argument; an example may not fit the rest */
function mends(fault, field, value) {
  return layerFaults(settingOfHint(field, value), page.faults).every((left) => left.field !== fault.field);
}

/** Changes the layer; its button is gone then, and the focus goes on. */
function takeHint(field, value) {
  const setting = settingOfHint(field, value);
  state.locked &&= isSquare(setting);
  state.isNewEntry = false;
  change(setting);
  focusOnAnswer({ preventScroll: true });
}

function settingOfHint(field, value) {
  const numbers = value.match(/[0-9]+/g)?.map(BigInt) ?? [];
  const setting = { ...state.setting };
  if (field === "input_shape") setting.size = sizeOfHint(numbers);
  else if (value.startsWith("'")) setting[field] = value.slice(1, -1);
  else if (Array.isArray(setting[field]) || field === "padding") setting[field] = numbers.length > 1 ? numbers : [numbers[0], numbers[0]];
  else setting[field] = numbers[0];
  return setting;
}

/** @returns {bigint[]} (N, H, W) of one to four numbers */
function sizeOfHint(numbers) {
  const [height, width] = numbers.length === 1 ? [numbers[0], numbers[0]] : numbers.slice(-2);
  return [numbers.length === 4 ? numbers[0] : 1n, height, width];
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
  byId("result").classList.toggle("long", shapes.textContent.length + summary.textContent.length > MOST_STICKING);
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
