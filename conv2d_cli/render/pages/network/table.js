/** The table of layers: sorted by any column, filtered, and drawn where it is in sight. */

// Up to here all rows are there, so that the browser's own search finds them.
const ALL_ROWS = 400;
const ROW_HEIGHT = 29;
const ROWS_OUT_OF_SIGHT = 20;
// Before its rows are there, the table has no height.
const LEAST_HEIGHT = 700;
// Of so many of the longest texts one is the widest.
const WIDEST_OF = 20;
const WIDEST_NAME = 250;
const LONGEST_NAME = 26;
// The width of a sign of a heading, which is set in smaller letters of one width, and the blanks beside a text.
const HEAD_SIGN = 6.7;
const CELL_PADDING = 18;
// What most ask for: it is in sight without scrolling, and where there is no room for all before it, it comes first.
const ASKED_FOR = ["name", "macs", "parameters", "type", "output_shape"];
const TAG_WIDTH = 80;
const COMPARE = new Intl.Collator("en", { numeric: true }).compare;

const text = (value) => value;
const number = (value) => (value === null ? "?" : thousands(value));
const sizes = (value) => (value === null ? "" : times(value));
const area_ = (value) => (value === null ? null : value.reduce((all, size) => all * BigInt(size), 1n));
const same = (value) => value;

/** How the values of each column look, and by what they are ordered. */
const COLUMNS = [
  { key: "index", look: number, by: same, toTheRight: true },
  { key: "name", look: text, by: same },
  { key: "type", look: text, by: same },
  { key: "output_shape", look: (value) => (value === null ? "?" : times(value)), by: area_ },
  { key: "parameters", look: number, by: same, toTheRight: true },
  { key: "macs", look: number, by: same, toTheRight: true },
  { key: "kernel_size", look: sizes, by: area_ },
  { key: "receptive_field", look: sizes, by: area_ },
  { key: "output_bytes", look: number, by: same, toTheRight: true },
  { key: "live_bytes", look: number, by: same, toTheRight: true },
];

/** Order two values of a column; what is not known stands last, whichever way it goes. */
function compared(one, other, direction) {
  if (one === null || other === null) {
    return Number(one === null) - Number(other === null);
  }
  const sign = typeof one === "string" ? COMPARE(one, other) : one < other ? -1 : Number(one > other);
  return sign * direction;
}

/** Return the columns in their order, which depends on the room that there is for columns of these widths. */
function columnsFor(room, widths) {
  const rank = (column) => (ASKED_FOR.includes(column.key) ? ASKED_FOR.indexOf(column.key) : ASKED_FOR.length);
  const last = COLUMNS.findLastIndex((column) => ASKED_FOR.includes(column.key));
  const needed = COLUMNS.slice(0, last + 1).reduce((all, column) => all + widths.get(column), 0);
  return needed > room ? [...COLUMNS].sort((one, other) => rank(one) - rank(other)) : COLUMNS;
}

class LayerTable {
  /** Fill the table in an element; `tell(members, label, isChosen)` hears of rows that are pointed at or chosen. */
  constructor(element, layers, meanings, tell) {
    Object.assign(this, { element, layers, tell });
    this.head = element.querySelector("thead");
    this.body = element.querySelector("tbody");
    const widths = this.widths();
    this.columns = columnsFor(element.clientWidth, widths);
    this.sorted = { column: this.columns.find((column) => column.key === "index"), direction: 1 };
    this.words = [];
    this.marked = new Set();
    this.chosen = new Set();
    this.active = layers.length ? layers[0].index : -1;
    this.printed = false;
    this.heads(meanings);
    this.setWidths(this.columns.map((column) => widths.get(column)));
    element.addEventListener("scroll", () => requestAnimationFrame(() => this.scrolled()));
    new ResizeObserver(() => this.hideCutColumns()).observe(element);
    this.body.addEventListener("click", (event) => this.rowEvent(event, true));
    onPointer(this.body, "pointerover", (event) => this.rowEvent(event, false));
    onPointer(this.body, "pointerleave", () => this.tell([], "", false));
    this.body.addEventListener("focusin", (event) => this.rowEvent(event, false));
    this.body.addEventListener("keydown", (event) => this.key(event));
    this.arrange();
  }

  heads(meanings) {
    const row = document.createElement("tr");
    row.setAttribute("aria-rowindex", 1);
    for (const column of this.columns) {
      const head = document.createElement("th");
      head.scope = "col";
      head.className = [column.toTheRight ? "number" : "", column.key === "name" ? "name" : ""].join(" ").trim();
      const button = document.createElement("button");
      button.type = "button";
      button.title = meanings[column.key];
      button.addEventListener("click", () => this.sort(column));
      head.append(button);
      row.append(head);
      column.head = head;
      column.button = button;
    }
    this.head.append(row);
  }

  /** Return the width of each column, that of its longest text: it stays when others come into sight, and cuts no digit. */
  widths() {
    const measure = measuring(this.element);
    return new Map(COLUMNS.map((column) => {
      const texts = this.layers.map((layer) => column.look(layer[column.key])).sort((one, other) => other.length - one.length).slice(0, WIDEST_OF);
      const widest = texts.reduce((most, one) => Math.max(most, measure(one.slice(0, 200))), 0);
      return [column, CELL_PADDING + Math.ceil(Math.max(HEAD_SIGN * (column.key.length + 2), column.look === text ? Math.min(widest, WIDEST_NAME) : widest)
        + (column.key === "name" && this.layers.some((layer) => layer.mark !== null) ? TAG_WIDTH : 0))];
    }));
  }

  setWidths(widths) {
    this.element.querySelector("colgroup").append(...widths.map((width) => {
      const element = document.createElement("col");
      element.style.width = `${width}px`;
      return element;
    }));
    this.element.querySelector("table").style.minWidth = `${widths.reduce((all, width) => all + width, 0)}px`;
  }

  sort(column) {
    const again = this.sorted.column === column;
    // Of numbers the largest are looked for, of names the first.
    const first = column.key === "index" || column.look === text ? 1 : -1;
    this.sorted = { column, direction: again ? -this.sorted.direction : first };
    this.element.scrollTop = 0;
    this.arrange();
  }

  /** Show the layers in whose name or type all of these words are. */
  filter(words) {
    this.words = words.toLowerCase().split(/\s+/).filter(Boolean);
    this.element.scrollTop = 0;
    this.arrange();
  }

  /** Filter, sort and draw. */
  arrange() {
    const { column, direction } = this.sorted;
    const isIn = (layer) => this.words.every((word) => layer.name.toLowerCase().includes(word) || layer.type.toLowerCase().includes(word));
    this.shown = this.layers.filter(isIn)
      .map((layer) => ({ layer, value: layer[column.key] === null ? null : column.by(layer[column.key]) }))
      .sort((one, other) => compared(one.value, other.value, direction) || one.layer.index - other.layer.index)
      .map(({ layer }) => layer);
    for (const one of this.columns) {
      const isSorted = one === column;
      const order = direction > 0 ? "ascending" : "descending";
      one.button.textContent = `${one.key}${isSorted ? (direction > 0 ? " ▲" : " ▼") : ""}`;
      if (isSorted) {
        one.head.setAttribute("aria-sort", order);
      } else {
        one.head.removeAttribute("aria-sort");
      }
    }
    this.element.querySelector("table").setAttribute("aria-rowcount", this.shown.length + 1);
    if (!this.shown.some((layer) => layer.index === this.active)) {
      this.active = this.shown.length ? this.shown[0].index : -1;
    }
    this.range = null;
    this.scrolled();
    this.changed?.();
  }

  /** Hide columns of which only a part is in sight: a number without some of its digits is another number. */
  hideCutColumns() {
    const { scrollLeft, clientWidth } = this.element;
    const names = this.columns.findIndex((column) => column.key === "name");
    const covered = this.columns[names].head.offsetWidth;
    const isCut = (place, left, width) => place !== names && width < clientWidth - covered
      && (left < scrollLeft + (place > names ? covered : 0) - 1 || left + width > scrollLeft + clientWidth + 1);
    let left = 0;
    const hidden = this.columns.flatMap((column, place) => {
      const found = isCut(place, left, column.head.offsetWidth) ? [place + 1] : [];
      left += column.head.offsetWidth;
      return found;
    });
    this.element.querySelector("table").dataset.cut = this.printed ? "" : hidden.join(" ");
  }

  /** Draw the rows in sight, between two others that are as high as those above and below. */
  scrolled() {
    this.hideCutColumns();
    const total = this.shown.length;
    const all = total <= ALL_ROWS || this.printed;
    const seen = Math.ceil(Math.max(LEAST_HEIGHT, this.element.clientHeight) / ROW_HEIGHT);
    const top = Math.floor(this.element.scrollTop / ROW_HEIGHT);
    const start = all ? 0 : Math.max(0, Math.min(top, total - seen) - ROWS_OUT_OF_SIGHT);
    const end = all ? total : Math.min(total, top + seen + ROWS_OUT_OF_SIGHT);
    if (this.range?.start === start && this.range.end === end) {
      return;
    }
    this.range = { start, end };
    const focused = this.body.contains(document.activeElement);
    const rows = this.shown.slice(start, end).map((layer, place) => this.row(layer, start + place));
    this.body.replaceChildren(spacer(start), ...rows, spacer(total - end));
    this.rove(focused);
  }

  row(layer, place) {
    const row = document.createElement("tr");
    row.dataset.index = layer.index;
    row.tabIndex = -1;
    row.setAttribute("aria-rowindex", place + 2);
    this.look(row);
    for (const column of this.columns) {
      const value = layer[column.key];
      const cell = document.createElement(column.key === "name" ? "th" : "td");
      cell.textContent = column.look(value);
      if (column.key === "name") {
        cell.scope = "row";
        cell.className = layer.parameters || layer.macs ? "name works" : "name";
        if (layer.name.length > LONGEST_NAME) {
          cell.title = layer.name;
        }
        if (layer.mark !== null) {
          cell.append(tag(layer.mark));
        }
      } else if (column.toTheRight) {
        cell.className = value === 0n ? "number zero" : "number";
      }
      row.append(cell);
    }
    return row;
  }

  look(row) {
    const index = Number(row.dataset.index);
    row.classList.toggle("marked", this.marked.has(index));
    row.classList.toggle("chosen", this.chosen.has(index));
    row.setAttribute("aria-selected", this.chosen.has(index));
  }

  rowEvent(event, isChosen) {
    const row = event.target.closest("tr[data-index]");
    if (row === null) {
      return;
    }
    const layer = this.layers[Number(row.dataset.index)];
    if (isChosen || event.type === "focusin") {
      this.active = layer.index;
      this.rove(false);
    }
    this.tell([layer], layer.name, isChosen);
  }

  key(event) {
    const here = this.shown.findIndex((layer) => layer.index === this.active);
    const page = Math.max(1, Math.floor(this.element.clientHeight / ROW_HEIGHT) - 2);
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -here, End: this.shown.length }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const next = Math.min(this.shown.length - 1, Math.max(0, here + step));
      this.active = this.shown[next].index;
      this.bring(next);
      this.rove(true);
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.tell([this.layers[this.active]], this.layers[this.active].name, true);
    }
  }

  /** Let one row be reached by Tab, and give it the focus where the table has it. */
  rove(focused) {
    for (const row of this.body.querySelectorAll("tr[data-index]")) {
      const isActive = Number(row.dataset.index) === this.active;
      row.tabIndex = isActive ? 0 : -1;
      if (isActive && focused) {
        row.focus({ preventScroll: true });
      }
    }
  }

  /** Scroll the table, not the page, until a row is in sight. */
  bring(place) {
    const { element } = this;
    const [top, room] = [place * ROW_HEIGHT, element.clientHeight - 2 * ROW_HEIGHT];
    if (top < element.scrollTop || top > element.scrollTop + room) {
      element.scrollTop = top - room / 2;
    }
    this.scrolled();
  }

  mark(marked, chosen, bring) {
    this.marked = new Set(marked.map((layer) => layer.index));
    this.chosen = new Set(chosen.map((layer) => layer.index));
    const place = bring ? this.shown.findIndex((layer) => this.chosen.has(layer.index)) : -1;
    if (place >= 0) {
      this.bring(place);
    }
    this.body.querySelectorAll("tr[data-index]").forEach((row) => this.look(row));
  }
}

/** Return what measures a text in the font of an element, as heavy as names are. */
function measuring(element) {
  const context = document.createElement("canvas").getContext("2d");
  const { fontFamily } = getComputedStyle(element);
  context.font = `600 13px ${fontFamily}`;
  return (one) => context.measureText(one).width;
}

function spacer(rows) {
  const row = document.createElement("tr");
  row.className = "spacer";
  row.hidden = rows === 0;
  row.setAttribute("aria-hidden", "true");
  const cell = document.createElement("td");
  cell.colSpan = COLUMNS.length;
  cell.style.height = `${rows * ROW_HEIGHT}px`;
  row.append(cell);
  return row;
}

function tag(mark) {
  const element = document.createElement("span");
  element.className = "tag";
  element.textContent = mark;
  return element;
}
