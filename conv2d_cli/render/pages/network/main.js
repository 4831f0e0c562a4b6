/** The page: reads its data, and has charts, graph and table show the same layers. */

// A graph of more boxes would take dozens of sheets of paper; one that is a little too high for a sheet is made smaller.
const MOST_BOXES_ON_PAPER = 200;
const HIGHEST_ON_ONE_SHEET = 1300;

/** Return an element of a list of facts: a key and its value. */
function fact(key, value) {
  const [element, label] = [document.createElement("span"), document.createElement("i")];
  label.textContent = key;
  element.append(label, value);
  return element;
}

/** Return what is told of one layer, or of all layers of a block. */
function factsOf(members) {
  if (members.length > 1) {
    const sums = sumsOf(members);
    return [["layers", thousands(members.length)], ["parameters", counted(...sums.parameters)], ["macs", counted(...sums.macs)]];
  }
  const [layer] = members;
  const shapes = [layer.input_shape, layer.output_shape].map((shape) => (shape === null ? "?" : times(shape))).join(" → ");
  return [["type", layer.kernel_size === null ? layer.type : `${layer.type} ${times(layer.kernel_size)}`], ["shape", shapes],
    ...["parameters", "macs", "effective_macs", "output_bytes", "live_bytes"].map((key) => [key, counted(layer[key])]),
    ["receptive_field", layer.receptive_field === null ? "" : times(layer.receptive_field)],
    ["effective_stride", layer.effective_stride === null ? "" : times(layer.effective_stride)],
    ["flow", layer.mark ?? ""]].filter(([, value]) => value !== "" && value !== "?");
}

function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const layers = layersOf(data);
  // Of a network without layers there is nothing to draw.
  if (!layers.length) {
    return;
  }
  const root = treeOf(layers);
  const element = (name) => document.getElementById(name);
  document.querySelectorAll(".scripted").forEach((one) => { one.hidden = false; });
  let chosen = { members: [], label: "" };
  const parts = [];
  const show = ({ members, label }) => {
    const box = element("chosen");
    box.hidden = members.length === 0;
    const name = document.createElement("b");
    name.textContent = label;
    box.replaceChildren(...(members.length ? [name, ...factsOf(members).map(([key, value]) => fact(key, value))] : []));
  };
  // Whatever part is pointed at, all of them mark the same layers; what is chosen stays, and comes into sight.
  const tell = (members, label, isChosen) => {
    const isAgain = isChosen && chosen.label === label && chosen.members.length === members.length;
    if (isChosen) {
      chosen = isAgain ? { members: [], label: "" } : { members, label };
    }
    const marked = isChosen ? chosen : { members, label };
    parts.forEach((part) => part.mark(isChosen ? [] : members, chosen.members, isChosen));
    show(marked.members.length ? marked : chosen);
  };
  const charts = new Charts(element("charts"), layers, data, tell);
  const graph = new Graph(element("graph"), root, layers, data.inputs, tell);
  const table = new LayerTable(element("rows"), layers, data.meanings, tell);
  parts.push(charts, graph, table);
  tools(graph, table, layers, root, element);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && chosen.members.length) {
      tell(chosen.members, chosen.label, true);
    }
  });
  printing(graph, table);
}

/** Wire what stands above graph and table, and say what they show. */
function tools(graph, table, layers, root, element) {
  const [fold, unfold, filter] = ["fold", "unfold", "filter"].map(element);
  const blocks = blocksBelow(root).length;
  fold.addEventListener("click", () => graph.level(-1));
  unfold.addEventListener("click", () => graph.level(1));
  graph.changed = () => {
    const can = graph.can();
    fold.disabled = !can.fold;
    unfold.disabled = !can.unfold;
    element("graph").closest("section").classList.toggle("on-screen", graph.layout.boxes.length > MOST_BOXES_ON_PAPER);
    graph.svg.classList.toggle("on-one-sheet", graph.layout.height <= HIGHEST_ON_ONE_SHEET);
    element("folded").textContent = blocks ? `${thousands(graph.open.size)} of ${thousands(blocks)} blocks unfolded` : "no blocks: no name has a dot in it";
  };
  graph.changed();
  filter.addEventListener("input", () => table.filter(filter.value));
  element("unfilter").addEventListener("click", () => {
    filter.value = "";
    table.filter("");
    filter.focus();
  });
  table.changed = () => {
    const sums = sumsOf(table.shown);
    element("unfilter").disabled = table.words.length === 0;
    element("sums").textContent = `${thousands(table.shown.length)} of ${thousands(layers.length)} layers: ${counted(...sums.parameters)} parameters, ${counted(...sums.macs)} macs`;
  };
  table.changed();
  legend(layers, element("legend"));
}

/** Say what the colours of the graph that occur stand for. */
function legend(layers, list) {
  const kinds = new Set(layers.map((layer) => layer.kind));
  for (const kind of KINDS.filter((one) => kinds.has(one.name))) {
    const item = document.createElement("li");
    item.append(svgElement("svg", { "aria-hidden": "true", viewBox: "0 0 14 12" }, svgElement("rect", { class: kind.name, width: 14, height: 12, rx: 3 })), kind.label);
    list.append(item);
  }
}

/** Have all rows, and what is open of the graph, on paper. */
function printing(graph, table) {
  const set = (isPrinted) => () => {
    graph.printed = isPrinted && graph.layout.boxes.length <= MOST_BOXES_ON_PAPER;
    table.printed = isPrinted;
    table.range = null;
    graph.draw();
    table.scrolled();
  };
  window.addEventListener("beforeprint", set(true));
  window.addEventListener("afterprint", set(false));
}

start();
