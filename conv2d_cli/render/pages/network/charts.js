/** Four charts over the same layers: multiply-adds, parameters, live memory, receptive field. */

const CHART = { height: 92, left: 66, right: 10, top: 6, band: 20 };
const WIDEST_BAR = 56;
const DEEPEST_BAND = 4;
const MOST_BANDS = 200;

class Charts {
  /** Draw into an element; `tell(members, label, isChosen)` hears of layers that are pointed at or chosen. */
  constructor(element, layers, data, tell) {
    Object.assign(this, { element, layers, data, tell, at: 0, marked: [], chosen: [] });
    this.series = seriesOf(layers, data);
    element.setAttribute("aria-valuemin", 0);
    element.setAttribute("aria-valuemax", Math.max(0, layers.length - 1));
    onPointer(element, "pointermove", (event) => this.point(event, false));
    onPointer(element, "pointerleave", () => this.tell([], "", false));
    element.addEventListener("click", (event) => this.point(event, true));
    element.addEventListener("keydown", (event) => this.key(event));
    element.addEventListener("focus", () => this.move(this.at));
    this.draw();
    new ResizeObserver(() => this.draw()).observe(element);
  }

  draw() {
    const width = Math.max(240, this.element.clientWidth);
    if (width === this.width) {
      return;
    }
    this.width = width;
    this.step = (width - CHART.left - CHART.right) / Math.max(1, this.layers.length);
    this.element.replaceChildren(...this.series.map((one, place) => this.figure(one, place === this.series.length - 1)));
    this.value();
    this.cursors();
  }

  /** Return one chart with what it shows and its largest value above. */
  figure(series, isLast) {
    const height = CHART.height + (isLast ? CHART.band : 0);
    const svg = svgElement("svg", { role: "img", "aria-label": `${series.key}: ${series.said}`, width: this.width, height, viewBox: `0 0 ${this.width} ${height}` });
    const figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    const [name, said] = [document.createElement("b"), document.createElement("span")];
    name.textContent = series.key;
    said.textContent = series.said;
    caption.append(name, said);
    figure.append(caption);
    if (series.most > 0n) {
      svg.append(...this.gridOf(series), ...series.shapes(this, series), ...(isLast ? this.bands() : []));
      svg.append(svgElement("g", { class: "cursors" }));
      figure.append(svg);
    }
    return figure;
  }

  x(index) {
    return CHART.left + index * this.step;
  }

  y(value, most) {
    return CHART.top + (CHART.height - 2 * CHART.top) * (1 - ratio(value, most));
  }

  gridOf({ most, scale }) {
    const base = CHART.height - CHART.top;
    const room = CHART.height - 2 * CHART.top;
    return ticks(most, scale).flatMap((tick) => {
      const y = base - (room * tick) / Number(most);
      return [svgElement("line", { class: tick ? "grid-line" : "base-line", x1: CHART.left, x2: this.width - CHART.right, y1: y, y2: y }),
        svgElement("text", { x: CHART.left - 8, y: y + 4, "text-anchor": "end" }, short(tick, scale))];
    });
  }

  /** Return the largest of the values that fall on each point of the screen, where there are more layers than points. */
  columns(values) {
    const wide = Math.max(1, Math.ceil(1 / this.step));
    const found = [];
    for (let start = 0; start < values.length; start += wide) {
      const known = values.slice(start, start + wide).filter((value) => value !== null);
      found.push({ start, wide, value: known.length ? known.reduce((most, one) => (one > most ? one : most)) : null });
    }
    return found;
  }

  /** Return the names of blocks below the last chart, each under its layers. */
  bands() {
    return runsOf(this.layers).flatMap(({ block, start, end }, place) => {
      const [left, right] = [this.x(start), this.x(end)];
      const most = Math.floor((right - left - 6) / 6.6);
      const name = block.length <= most ? block : partsOf(block).parts.pop();
      const band = svgElement("rect", { class: place % 2 ? "band odd" : "band", x: left, y: CHART.height, width: right - left, height: CHART.band - 2 });
      const fits = most >= Math.min(3, name.length);
      return fits ? [band, svgElement("text", { x: (left + right) / 2, y: CHART.height + 13, "text-anchor": "middle" }, cut(name, most))] : [band];
    });
  }

  indexAt(event) {
    const from = this.element.getBoundingClientRect().left + CHART.left;
    return Math.min(this.layers.length - 1, Math.max(0, Math.floor((event.clientX - from) / this.step)));
  }

  point(event, isChosen) {
    if (this.layers.length) {
      this.at = this.indexAt(event);
      this.tell([this.layers[this.at]], this.layers[this.at].name, isChosen);
      this.value();
    }
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.layers.length / 10));
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: page, PageDown: -page, Home: -this.at, End: this.layers.length }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      this.move(this.at + step);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.tell([this.layers[this.at]], this.layers[this.at].name, true);
    }
  }

  move(index) {
    this.at = Math.min(this.layers.length - 1, Math.max(0, index));
    this.tell([this.layers[this.at]], this.layers[this.at].name, false);
    this.value();
  }

  value() {
    const layer = this.layers[this.at];
    this.element.setAttribute("aria-valuenow", this.at);
    this.element.setAttribute("aria-valuetext", layer ? `${cut(layer.name, 80)}: ${this.series.map((one) => `${one.key} ${one.text(layer)}`).join(", ")}` : "");
  }

  mark(marked, chosen) {
    Object.assign(this, { marked, chosen });
    this.cursors();
  }

  /** Draw a bar behind the layers that are marked in every chart. */
  cursors() {
    const runs = [];
    for (const { index } of this.marked.length ? this.marked : this.chosen) {
      const last = runs[runs.length - 1];
      if (last && last.end === index) {
        last.end += 1;
      } else {
        runs.push({ start: index, end: index + 1 });
      }
    }
    const height = CHART.height - CHART.top;
    this.element.querySelectorAll(".cursors").forEach((group) => group.replaceChildren(...runs.map(
      ({ start, end }) => svgElement("rect", { class: "cursor", x: this.x(start) - 1, y: 0, width: Math.max(3, this.x(end) - this.x(start) + 2), height }))));
  }
}

/** Return the runs of layers of one block, at the first level of names at which no block has most of them. */
function runsOf(layers) {
  let found = [];
  for (let depth = 1; depth <= DEEPEST_BAND; depth += 1) {
    const runs = [];
    for (const { index, name } of layers) {
      const { parts, separator } = partsOf(name);
      const block = parts.slice(0, depth).join(separator);
      const last = runs[runs.length - 1];
      if (last?.block === block) {
        last.end = index + 1;
      } else {
        runs.push({ block, start: index, end: index + 1 });
      }
    }
    if (runs.length > MOST_BANDS) {
      return found;
    }
    found = runs;
    if (runs.every(({ start, end }) => end - start <= layers.length * 0.6)) {
      return found;
    }
  }
  return found;
}

/** Return what each chart shows; one of which nothing is known says so. */
function seriesOf(layers, data) {
  const largest = (values) => values.reduce((most, value) => (value !== null && value > most ? value : most), 0n);
  const of = (key, scale, values, shapes, text) => {
    const most = largest(values);
    const at = layers[values.indexOf(most)];
    const said = most > 0n ? `most: ${text(at)} at ${cut(at.name, 60)}` : values.includes(null) ? data.missing : "none";
    return { key, scale, values, most, said, shapes, text };
  };
  const exact = (key, unit) => (layer) => (layer[key] === null ? "not known" : `${thousands(layer[key])}${unit}`);
  const fields = layers.map((layer) => (layer.receptive_field ?? []).map(BigInt));
  const field = of("receptive_field", COUNTS, fields.map((sizes) => (sizes.length ? largest(sizes) : null)), curves(fields, data), (layer) => (layer.receptive_field === null ? "not known" : times(layer.receptive_field)));
  return [
    of("macs", COUNTS, layers.map((layer) => layer.macs), bars("bar-macs"), exact("macs", "")),
    of("parameters", COUNTS, layers.map((layer) => layer.parameters), bars("bar-parameters"), exact("parameters", "")),
    of("live_bytes", BYTES, layers.map((layer) => layer.live_bytes), area(data), exact("live_bytes", " bytes")),
    field,
  ];
}

/** Return what draws a bar for each layer. */
function bars(name) {
  return (charts, { values, most }) => {
    const base = CHART.height - CHART.top;
    const gap = Math.max(charts.step > 4 ? 1 : 0, charts.step - WIDEST_BAR);
    const path = charts.columns(values).filter(({ value }) => value !== null && value > 0n).map(({ start, wide, value }) => {
      const top = Math.min(base - 1, charts.y(value, most));
      return `M${charts.x(start) + gap / 2} ${base}V${top}h${Math.max(1, wide * charts.step - gap)}V${base}z`;
    });
    return [svgElement("path", { class: name, d: path.join("") })];
  };
}

/** Return what draws the steps of live memory, and a dot at the peak. */
function area(data) {
  return (charts, { values, most }) => {
    const base = CHART.height - CHART.top;
    const columns = charts.columns(values);
    const steps = columns.map(({ start, wide, value }) => {
      const y = charts.y(value ?? 0n, most);
      return `L${charts.x(start)} ${y}L${charts.x(Math.min(values.length, start + wide))} ${y}`;
    }).join("");
    const end = charts.x(values.length);
    const peak = data.peak_node;
    const dot = peak === null ? [] : [svgElement("circle", { class: "peak", cx: charts.x(peak + 0.5), cy: charts.y(values[peak], most), r: 5 })];
    return [svgElement("path", { class: "area-live-bytes", d: `M${CHART.left} ${base}${steps}L${end} ${base}z` }),
      svgElement("path", { class: "line-live-bytes", d: `M${steps.slice(1)}` }), ...dot];
  };
}

/** Return what draws receptive fields along each axis, where they are known, and the size of the input. */
function curves(fields, data) {
  return (charts, { most }) => {
    const axes = fields.reduce((all, sizes) => Math.max(all, sizes.length), 0);
    const same = fields.every((sizes) => sizes.every((size) => size === sizes[0]));
    const paths = Array.from({ length: same ? Math.min(1, axes) : axes }, (_, axis) => {
      let pen = "M";
      const path = charts.columns(fields.map((sizes) => sizes[axis] ?? null)).map(({ start, wide, value }) => {
        if (value === null) {
          pen = "M";
          return "";
        }
        const part = `${pen}${charts.x(start)} ${charts.y(value, most)}H${charts.x(Math.min(fields.length, start + wide))}`;
        pen = "L";
        return part;
      });
      return svgElement("path", { class: axis ? "line-receptive-field second" : "line-receptive-field", d: path.join("") });
    });
    const size = (data.input_size ?? []).map(BigInt).reduce((all, one) => (one > all ? one : all), 0n);
    const inSight = size > 0n && size <= most;
    const y = inSight ? charts.y(size, most) : 0;
    const limit = inSight ? [svgElement("line", { class: "limit", x1: CHART.left, x2: charts.width - CHART.right, y1: y, y2: y }),
      svgElement("text", { x: CHART.left + 6, y: y < 2 * CHART.top ? y + 13 : y - 4 }, `input ${times(data.input_size)}`)] : [];
    return [...limit, ...paths];
  };
}
