/*
 * A plane of elements as SVG: a grid that is walked through by the arrow keys, with a break where it is too large.
 */

// Fingers need this much, eyes no more than that.
const LEAST_CELL = 24;
const MOST_CELL = 40;
const BREAK_WIDTH = 18;
const LABEL_HEIGHT = 18;
const LABEL_SIGN = 6.8;
const MOST_CELLS = 28;
// Of longer numbers a label shows the end: it is the name of a cell, whose number stands below.
const MOST_LABEL = 7;

/**
 * The positions that are drawn: all where they fit, else the ends and what is looked at.
 * @param {bigint} low the first position
 * @param {bigint} high the last one
 * @param {bigint[]} wanted positions that matter, the most important first
 * @param {number} room in cells, of which a break takes one
 * @returns {bigint[]} in order
 */
function shownPositions(low, high, wanted, room) {
  if (high - low + 1n <= BigInt(room)) return rangeOf(low, high);
  const shown = new Set();
  for (const position of candidates(low, high, wanted, room)) {
    if (position < low || position > high || shown.has(position)) continue;
    shown.add(position);
    if (cellsOf(inOrder([...shown])) > room) shown.delete(position);
  }
  return inOrder([...shown]);
}

/** Yields what is wanted, or its ends where not all of it has room, the ends of all, then what lies around these. */
function* candidates(low, high, wanted, room) {
  const haveRoom = cellsOf(inOrder([...new Set(wanted)])) <= room;
  yield* haveRoom ? wanted : wanted.slice(0, 2);
  yield low;
  yield high;
  yield* wanted;
  const [from, to] = wanted.length ? [smallest(...wanted), largest(...wanted)] : [low, low];
  for (let distance = 1n; distance <= BigInt(room); distance += 1n) {
    yield from - distance;
    yield to + distance;
    yield low + distance;
    yield high - distance;
  }
}

function rangeOf(low, high) {
  const positions = [];
  for (let position = low; position <= high; position += 1n) positions.push(position);
  return positions;
}

/** @returns {number} the cells that positions take, a break among them counted as one */
function cellsOf(positions) {
  const breaks = positions.filter((position, place) => place && position - positions[place - 1] > 1n);
  return positions.length + breaks.length;
}

/** @returns {Array<{position: bigint, start: number, isAfterBreak: boolean}>} where each position is drawn */
function placesOf(positions, cell) {
  let start = 0;
  return positions.map((position, place) => {
    const isAfterBreak = place > 0 && position - positions[place - 1] > 1n;
    if (isAfterBreak) start += BREAK_WIDTH;
    const at = { position, start, isAfterBreak };
    start += cell;
    return at;
  });
}

/** A grid of cells in an element of SVG. */
class Plane {
  /**
   * @param {SVGElement} svg where it is drawn
   * @param {{onPoint: function, onLeave: function, onSelect: function, nameOf: function}} handlers
   */
  constructor(svg, handlers) {
    this.svg = svg;
    this.handlers = handlers;
    this.cells = new Map();
    this.drawn = "";
    this.active = [0n, 0n];
    this.isPointedAt = false;
    svg.addEventListener("pointerover", (event) => {
      this.isPointedAt = true;
      if (hasMoved(event)) this.#told(event, handlers.onPoint);
    });
    svg.addEventListener("pointerleave", () => {
      this.isPointedAt = false;
      handlers.onLeave();
    });
    svg.addEventListener("click", (event) => this.#told(event, handlers.onSelect));
    svg.addEventListener("keydown", (event) => this.#walk(event));
  }

  #told(event, handler) {
    const cell = event.target.closest("[data-at]");
    if (cell) handler(cell.dataset.at.split(",").map(BigInt));
  }

  #walk(event) {
    const steps = {
      ArrowUp: [-1n, 0n], ArrowDown: [1n, 0n], ArrowLeft: [0n, -1n], ArrowRight: [0n, 1n],
      PageUp: [-10n, 0n], PageDown: [10n, 0n],
    };
    const [row, column] = this.active;
    const [rows, columns] = this.bounds;
    const ends = { Home: [row, columns[0]], End: [row, columns[1]] };
    const step = steps[event.key];
    const to = step ? [row + step[0], column + step[1]] : ends[event.key];
    if (event.key === "Enter" || event.key === " ") this.handlers.onSelect(this.active);
    else if (!to) return;
    else this.handlers.onSelect([clamped(to[0], rows), clamped(to[1], columns)]);
    event.preventDefault();
    this.cells.get(this.active.join())?.focus();
  }

  /** @returns the positions to draw: those there are while a pointer rests on them and what is wanted is among them */
  held({ bounds, rows, columns, cell, width }, wanted) {
    const shown = this.shown;
    const isSame = shown && String(bounds) === String(shown.bounds) && width === shown.width;
    const hasAll = isSame && [shown.rows, shown.columns].every((positions, axis) =>
      wanted[axis].every((position) => positions.includes(position) || position !== clamped(position, bounds[axis])));
    return this.isPointedAt && hasAll ? shown : { bounds, rows, columns, cell, width };
  }

  /**
   * Draws the grid where its positions changed, and marks its cells.
   * @param {{bounds: bigint[][], rows: bigint[], columns: bigint[], active: bigint[], cell: number,
   *   width: number, classOf: function, window: bigint[][] | null}} view
   */
  show(view) {
    const { bounds, rows, columns, cell, width } = view;
    this.bounds = bounds;
    this.shown = { bounds, rows, columns, cell, width };
    const key = `${rows}|${columns}|${cell}|${bounds}`;
    const hadFocus = this.svg.contains(document.activeElement);
    if (key !== this.drawn) this.#draw(view);
    this.drawn = key;
    this.#mark(view);
    this.#activate(view.active, hadFocus);
  }

  #activate(active, hadFocus) {
    this.active = active;
    for (const cell of this.svg.querySelectorAll('[tabindex="0"]')) cell.setAttribute("tabindex", "-1");
    const cell = this.cells.get(active.join()) ?? this.cells.values().next().value;
    cell?.setAttribute("tabindex", "0");
    if (hadFocus) cell?.focus();
  }

  #draw({ rows, columns, cell, bounds }) {
    this.across = placesOf(columns, cell);
    this.down = placesOf(rows, cell);
    this.cell = cell;
    const left = widthOfLabels(rows);
    this.origin = [left, LABEL_HEIGHT];
    const width = left + this.across.at(-1).start + cell + 3;
    const height = LABEL_HEIGHT + this.down.at(-1).start + cell + 3;
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) {
      this.svg.setAttribute(name, value);
    }
    this.svg.setAttribute("aria-rowcount", countOf(bounds[0]));
    this.svg.setAttribute("aria-colcount", countOf(bounds[1]));
    this.cells.clear();
    this.frame = svgElement("rect", { class: "frame", "aria-hidden": "true", rx: 2 });
    this.svg.replaceChildren(this.#pattern(), this.#labels(), ...this.down.map((row) => this.#row(row, bounds)), this.frame);
  }

  /** Diagonal lines for what no window reads, so that no colour says it alone. */
  #pattern() {
    const size = { width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    const lines = svgElement("pattern", { id: `hatched-${this.svg.id}`, ...size },
      svgElement("rect", { class: "hatch-ground", width: 6, height: 6 }),
      svgElement("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 6 }));
    return svgElement("defs", {}, lines);
  }

  #row(row, bounds) {
    const cells = this.across.map((column) => this.#cell(row, column, bounds));
    const index = row.position - bounds[0][0] + 1n;
    return svgElement("g", { role: "row", "aria-rowindex": index }, ...cells);
  }

  #cell(row, column, bounds) {
    const [left, top] = this.origin;
    const at = [row.position, column.position];
    const cell = svgElement("rect", {
      role: "gridcell", tabindex: -1, "data-at": at.join(), "aria-label": this.handlers.nameOf(at),
      "aria-colindex": column.position - bounds[1][0] + 1n,
      x: left + column.start + 1, y: top + row.start + 1, width: this.cell - 2, height: this.cell - 2, rx: 2,
    });
    this.cells.set(at.join(), cell);
    return cell;
  }

  #labels() {
    const group = svgElement("g", { class: "labels", "aria-hidden": "true" });
    const [left, top] = this.origin;
    const middle = this.cell / 2;
    for (const { position, start } of readable(this.across, this.cell)) {
      group.append(svgElement("text", { x: left + start + middle, y: top - 6, "text-anchor": "middle" }, labelOf(position)));
    }
    for (const { position, start } of this.down) {
      group.append(svgElement("text", { x: left - 5, y: top + start + middle + 4, "text-anchor": "end" }, labelOf(position)));
    }
    const right = left + this.across.at(-1).start + this.cell;
    const bottom = top + this.down.at(-1).start + this.cell;
    for (const { start } of this.across.filter((place) => place.isAfterBreak)) {
      group.append(...breakMarks(left + start - BREAK_WIDTH / 2, top, bottom, false));
    }
    for (const { start } of this.down.filter((place) => place.isAfterBreak)) {
      group.append(...breakMarks(top + start - BREAK_WIDTH / 2, left, right, true));
    }
    return group;
  }

  #mark({ classOf, window, active, selects }) {
    for (const [key, cell] of this.cells) {
      const name = classOf(key.split(",").map(BigInt));
      const isHatched = name.includes("unused");
      if (cell.getAttribute("class") !== name) cell.setAttribute("class", name);
      if (isHatched) cell.setAttribute("fill", `url(#hatched-${this.svg.id})`);
      else cell.removeAttribute("fill");
      cell.setAttribute("aria-selected", selects && key === active.join());
    }
    this.#outline(window);
  }

  /** Draws the edge of a window around those of its positions that are shown. */
  #outline(window) {
    const [down, across] = window
      ? [this.down, this.across].map((places, axis) =>
          places.filter(({ position }) => position >= window[axis][0] && position <= window[axis][1]))
      : [[], []];
    this.frame.classList.toggle("hidden", !down.length || !across.length);
    if (!down.length || !across.length) return;
    const [left, top] = this.origin;
    const box = {
      x: left + across[0].start, y: top + down[0].start,
      width: across.at(-1).start - across[0].start + this.cell, height: down.at(-1).start - down[0].start + this.cell,
    };
    for (const [name, value] of Object.entries(box)) this.frame.setAttribute(name, value);
  }
}

/** @returns {string} the name of a row or a column beside the grid */
function labelOf(position) {
  const label = signed(position);
  return label.length <= MOST_LABEL ? label : `…${label.slice(2 - MOST_LABEL)}`;
}

/** @returns {number} the pixels that the names of rows take */
function widthOfLabels(rows) {
  return Math.ceil(Math.max(...rows.map((row) => labelOf(row).length)) * LABEL_SIGN) + 8;
}

function countOf([low, high]) {
  return high - low + 1n;
}

function clamped(number, [low, high]) {
  return largest(low, smallest(high, number));
}

/** @returns the places whose labels have room beside one another */
function readable(places, cell) {
  let free = -Infinity;
  const end = places.at(-1).start + cell + 3;
  return places.filter(({ position, start }) => {
    const half = (labelOf(position).length * LABEL_SIGN) / 2;
    const middle = start + cell / 2;
    if (middle - half < free + 3 || middle + half > end) return false;
    free = middle + half;
    return true;
  });
}

/** @returns a line of dots across a gap: something is left out */
function breakMarks(middle, from, to, isRow) {
  const along = (from + to) / 2;
  const dots = [-5, 0, 5].map((offset) => (isRow ? [along + offset, middle] : [middle, along + offset]));
  const line = isRow ? { x1: from, x2: to, y1: middle, y2: middle } : { x1: middle, x2: middle, y1: from, y2: to };
  return [svgElement("line", { class: "break", ...line }),
    ...dots.map(([cx, cy]) => svgElement("circle", { class: "break-dot", cx, cy, r: 1.5 }))];
}
