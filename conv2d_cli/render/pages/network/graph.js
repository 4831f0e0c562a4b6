/** The graph as a picture: of what lies in sight, so that thousands of boxes are no more work than a hundred. */

// The most boxes that a graph begins with: blocks are open as far down as that goes.
const FIRST_BOXES = 30;
const OUT_OF_SIGHT = 400;
const LEAST_SCALE = 0.78;
const SIGNS_OF_A_TITLE = 26;
const SIGNS_OF_A_LINE = 30;

/** Return the beginning of a text with `…` where it is longer. */
function cut(text, most) {
  const signs = [...text.slice(0, 2 * most)];
  return signs.length > most ? `${signs.slice(0, most - 1).join("")}…` : signs.join("");
}

/** Return the blocks to open at first: all down to the deepest level that leaves few boxes. */
function firstOpen(root) {
  let open = new Set();
  for (;;) {
    const next = new Set(open);
    blocksBelow(root).filter((block) => block.parent === root || open.has(block.parent)).forEach((block) => next.add(block));
    if (next.size === open.size || boxCount(root, next) > FIRST_BOXES) {
      return open;
    }
    open = next;
  }
}

function boxCount(block, open) {
  return block.children.reduce((all, child) => all + (child.layer === null && open.has(child) ? boxCount(child, open) : 1), 0);
}

class Graph {
  /** Draw into an element; `tell(members, label, isChosen)` hears of boxes that are pointed at or chosen. */
  constructor(element, root, layers, inputs, tell) {
    Object.assign(this, { element, root, layers, inputs, tell });
    this.open = firstOpen(root);
    this.marked = new Set();
    this.chosen = new Set();
    this.active = null;
    this.svg = svgElement("svg", { "aria-hidden": "false" });
    element.append(this.svg);
    element.addEventListener("scroll", () => requestAnimationFrame(() => this.draw()));
    element.addEventListener("keydown", (event) => this.key(event));
    this.printed = false;
    this.place();
  }

  /** Lay everything out again; the box or block `kept` stays where it is on the screen. */
  place(kept = null) {
    const before = kept === null ? null : this.topOf(kept);
    this.layout = layoutOf(this.root, this.layers, this.inputs, this.open);
    const { width, height, boxes } = this.layout;
    // What is a little too wide is drawn a little smaller.
    this.scale = Math.min(1, Math.max(LEAST_SCALE, (this.element.clientWidth - 4) / width));
    for (const [key, value] of Object.entries({ width: width * this.scale, height: height * this.scale, viewBox: `0 0 ${width} ${height}` })) {
      this.svg.setAttribute(key, value);
    }
    if (!boxes.some((box) => box.key === this.active) && !this.layout.frames.some((frame) => frameKey(frame.block) === this.active)) {
      this.active = boxes.length ? boxes[0].key : null;
    }
    if (before !== null) {
      this.element.scrollTop += (this.topOf(kept) - before) * this.scale;
    } else {
      this.element.scrollLeft = (width * this.scale - this.element.clientWidth) / 2;
    }
    this.draw();
  }

  /** Return how far down a block is, folded or not. */
  topOf(block) {
    const box = this.layout.boxes.find((one) => one.block === block);
    const frame = this.layout.frames.find((one) => one.block === block);
    return box ? box.y - box.height / 2 : frame ? frame.top : 0;
  }

  draw() {
    const { element, layout } = this;
    const [top, left] = [element.scrollTop / this.scale, element.scrollLeft / this.scale];
    const view = { top: top - OUT_OF_SIGHT, bottom: top + element.clientHeight / this.scale + OUT_OF_SIGHT,
      left: left - OUT_OF_SIGHT, right: left + element.clientWidth / this.scale + OUT_OF_SIGHT };
    const sees = (left, top, right, bottom) => this.printed
      || (bottom > view.top && top < view.bottom && right > view.left && left < view.right);
    const seesBox = (box) => box.key === this.active
      || sees(box.x - box.width / 2, box.y - box.height / 2, box.x + box.width / 2, box.y + box.height / 2);
    const frames = layout.frames.filter((one) => sees(one.left, one.top, one.right, one.bottom));
    const focused = element.contains(document.activeElement);
    this.svg.replaceChildren(
      svgElement("g", {}, ...frames.map(frameOf)),
      svgElement("g", {}, ...this.arrows(sees)),
      svgElement("g", {}, ...frames.map((frame) => this.titleOf(frame))),
      svgElement("g", {}, ...layout.boxes.filter(seesBox).map((box) => this.boxOf(box))),
    );
    if (focused) {
      this.elementOf(this.active)?.focus({ preventScroll: true });
    }
  }

  /** Return the arrows in sight: a path for each of their lines, and one for all of their heads. */
  arrows(sees) {
    const lines = [];
    const heads = [];
    const { chains, aside } = this.layout;
    for (const chain of chains) {
      for (let place = 1; place < chain.length; place += 1) {
        const [start, end] = [chain[place - 1], chain[place]];
        const [from, to] = [start.y + start.height / 2, end.y - end.height / 2];
        if (!sees(Math.min(start.x, end.x), from, Math.max(start.x, end.x) + 1, to + 1)) {
          continue;
        }
        lines.push(curve(start.x, from, end.x, end.bend ? to : to - 6));
        if (!end.bend) {
          heads.push(`M${end.x - 4} ${to - 7}h8l-4 7z`);
        }
      }
    }
    const besides = aside.map(({ start, end, lane, back }) => {
      const [from, to] = [start.x + start.width / 2, end.x + end.width / 2];
      if (!sees(Math.min(from, to), Math.min(start.y, end.y), lane, Math.max(start.y, end.y))) {
        return null;
      }
      heads.push(`M${to + 7} ${end.y + 4}v8l-7 -4z`);
      return svgElement("path", { class: back ? "edge back" : "edge",
        d: `M${from} ${start.y - 6}C${lane} ${start.y - 6} ${lane} ${start.y - 6} ${lane} ${(start.y + end.y) / 2}S${lane} ${end.y + 8} ${to + 6} ${end.y + 8}` });
    });
    return [svgElement("path", { class: "edge", d: lines.join("") }), ...besides.filter((one) => one !== null),
      svgElement("path", { class: "head", d: heads.join("") })];
  }

  /** Return the title of an open block, which folds it. */
  titleOf(frame) {
    const { block } = frame;
    const key = frameKey(block);
    const most = Math.max(4, Math.floor((frame.right - frame.left - 24) / 7.2));
    const group = svgElement("g", { class: "frame-title", role: "button", "aria-expanded": "true", "aria-label": `${cut(block.path, 200)}: fold`,
      "data-key": key, tabindex: this.active === key ? 0 : -1 },
      svgElement("rect", { x: frame.left + 2, y: frame.top + 2, width: frame.right - frame.left - 4, height: GAP.header - 3, rx: 4 }),
      svgElement("text", { x: frame.left + 8, y: frame.top + 16 }, `▾ ${cut(block.label || block.path, most)}`));
    group.addEventListener("click", () => this.toggle(block));
    this.hears(group, key, block.members, block.path);
    return group;
  }

  boxOf(box) {
    const key = box.key;
    const [left, top] = [box.x - box.width / 2, box.y - box.height / 2];
    const lines = linesOf(box);
    const mark = markOf(box.members);
    const names = ["item", box.block ? "folded" : box.layer ? box.layer.kind : "input", mark,
      box.members.some((layer) => this.marked.has(layer.index)) ? "marked" : "",
      box.members.some((layer) => this.chosen.has(layer.index)) ? "chosen" : ""];
    const group = svgElement("g", { class: names.filter(Boolean).join(" "), role: "button", "data-key": key,
      tabindex: this.active === key ? 0 : -1, "aria-label": cut([box.block ? box.block.path : lines[0], ...lines.slice(1), mark].filter(Boolean).join(", "), 300) },
      svgElement("rect", { class: "back", x: left, y: top, width: box.width, height: box.height, rx: box.layer || box.block ? 5 : box.height / 2 }));
    if (box.block) {
      group.setAttribute("aria-expanded", "false");
    } else if (box.layer) {
      group.append(svgElement("rect", { class: "kind", x: left, y: top, width: 6, height: box.height, rx: 3 }));
    }
    // A line that stands alone, as of an input without a size, stands in the middle.
    const alone = lines.length === 1 ? 9 : 0;
    lines.forEach((line, place) => {
      const look = place ? {} : { class: "title" };
      group.append(svgElement("text", { x: left + 14, y: top + 18 + alone + 17 * place, ...look }, cut(`${box.block && !place ? "▸ " : ""}${line}`, place ? SIGNS_OF_A_LINE : SIGNS_OF_A_TITLE)));
    });
    group.addEventListener("click", () => {
      this.active = key;
      if (box.block) {
        this.toggle(box.block);
      } else {
        this.tell(box.members, nameOf(box), true);
      }
    });
    this.hears(group, key, box.members, nameOf(box));
    return group;
  }

  /** Have an element tell of its layers when it is pointed at or has the focus. */
  hears(group, key, members, label) {
    onPointer(group, "pointerenter", () => this.tell(members, label, false));
    onPointer(group, "pointerleave", () => this.tell([], "", false));
    group.addEventListener("focus", () => {
      this.active = key;
      this.tell(members, label, false);
    });
  }

  toggle(block) {
    if (this.open.has(block)) {
      [block, ...blocksBelow(block)].forEach((one) => this.open.delete(one));
      this.active = `block ${block.path}`;
    } else {
      this.open.add(block);
      this.active = frameKey(block);
    }
    this.place(block);
    this.changed?.();
  }

  /** Open all blocks one level further down, or fold the deepest that are open. */
  level(step) {
    const all = blocksBelow(this.root);
    const deepest = Math.max(0, ...[...this.open].map((block) => block.depth));
    const next = step > 0
      ? all.filter((block) => !this.open.has(block) && (block.parent === this.root || this.open.has(block.parent)))
      : [...this.open].filter((block) => block.depth === deepest);
    next.forEach((block) => (step > 0 ? this.open.add(block) : this.open.delete(block)));
    this.element.scrollTop = 0;
    this.place();
    this.changed?.();
  }

  /** Return whether a block can be opened, and whether one can be folded. */
  can() {
    return { unfold: blocksBelow(this.root).some((block) => !this.open.has(block)), fold: this.open.size > 0 };
  }

  elementOf(key) {
    return [...this.svg.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key);
  }

  /** Move from box to box, or to the titles of blocks, by the arrow keys; fold and unfold with Enter. */
  key(event) {
    const targets = [...this.layout.boxes.map((box) => ({ key: box.key, x: box.x, y: box.y, box })),
      ...this.layout.frames.map((frame) => ({ key: frameKey(frame.block), x: frame.left + 40, y: frame.top + 12, block: frame.block }))];
    const here = targets.find((one) => one.key === this.active) ?? targets[0];
    const [right, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key] ?? [0, 0];
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this.elementOf(here.key)?.dispatchEvent(new MouseEvent("click"));
    } else if (right || down) {
      event.preventDefault();
      const ahead = (one) => right * (one.x - here.x) + down * (one.y - here.y);
      const off = (one) => Math.abs(down * (one.x - here.x)) + Math.abs(right * (one.y - here.y));
      const next = targets.filter((one) => one !== here && ahead(one) > 4)
        .reduce((best, one) => (best === null || ahead(one) + 2 * off(one) < ahead(best) + 2 * off(best) ? one : best), null);
      if (next !== null) {
        this.active = next.key;
        this.show(next.x, next.y);
        this.elementOf(next.key)?.focus({ preventScroll: true });
      }
    }
  }

  /** Scroll until a place is in sight, and draw. */
  show(across, below) {
    const { element } = this;
    const [x, y] = [across * this.scale, below * this.scale];
    if (y < element.scrollTop + 60 || y > element.scrollTop + element.clientHeight - 60) {
      element.scrollTop = y - element.clientHeight / 2;
    }
    if (x < element.scrollLeft + 120 || x > element.scrollLeft + element.clientWidth - 120) {
      element.scrollLeft = x - element.clientWidth / 2;
    }
    this.draw();
  }

  /** Mark the boxes of layers, and bring the first of those that are chosen into sight. */
  mark(marked, chosen, bring) {
    this.marked = new Set(marked.map((layer) => layer.index));
    this.chosen = new Set(chosen.map((layer) => layer.index));
    const first = bring ? this.layout.boxes.find((box) => box.members.some((layer) => this.chosen.has(layer.index))) : undefined;
    if (first) {
      this.show(first.x, first.y);
      return;
    }
    for (const box of this.layout.boxes) {
      const element = this.elements().get(box.key);
      element?.classList.toggle("marked", box.members.some((layer) => this.marked.has(layer.index)));
      element?.classList.toggle("chosen", box.members.some((layer) => this.chosen.has(layer.index)));
    }
  }

  elements() {
    return new Map([...this.svg.querySelectorAll(".item")].map((one) => [one.dataset.key, one]));
  }
}

function frameKey(block) {
  return `frame ${block.path}`;
}

function frameOf(frame) {
  return svgElement("rect", { class: frame.mixed ? "frame mixed" : "frame", x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top, rx: 7 });
}

/** Return a line from one row to the next that leaves and arrives straight down. */
function curve(x1, y1, x2, y2) {
  if (Math.abs(x1 - x2) < 0.5) {
    return `M${x1} ${y1}V${y2}`;
  }
  const middle = (y1 + y2) / 2;
  return `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`;
}

function markOf(members) {
  return members.some((layer) => layer.mark === "unknown") ? "unknown" : members.some((layer) => layer.mark === "assumed") ? "assumed" : "";
}

function nameOf(box) {
  return box.block ? box.block.path : box.layer ? box.layer.name : box.input;
}

/** Return a whole name where there is room for it, else its last part, which the titles of blocks begin. */
function titled(name, label) {
  return name.length < SIGNS_OF_A_TITLE || label === "" ? name : label;
}

/** Return what stands in a box. */
function linesOf(box) {
  if (box.layer) {
    const { type, kernel_size: kernel, output_shape: shape } = box.layer;
    const kind = kernel === null ? type : `${type} ${times(kernel)}`;
    return [titled(box.layer.name, box.label), joined(kind, shape)];
  }
  if (box.block) {
    const sums = sumsOf(box.members);
    const last = box.members[box.members.length - 1].output_shape;
    const many = `${thousands(box.members.length)} ${box.members.length === 1 ? "layer" : "layers"}`;
    return [titled(box.block.path, box.label), joined(many, last), figure(...sums.parameters, "parameters"), figure(...sums.macs, "macs")];
  }
  return [box.input, joined("", box.shape)].filter(Boolean);
}

/** Return what a box is and what comes out of it, which is left out where there is no room for all its digits. */
function joined(what, shape) {
  const whole = shape === null ? what : [what, times(shape)].filter(Boolean).join(" → ");
  return whole.length <= SIGNS_OF_A_LINE ? whole : cut(what, SIGNS_OF_A_LINE);
}

/** Return an exact count; three digits of one that has no room, which the line below the page has whole. */
function figure(value, atLeast, key) {
  const exact = `${counted(value, atLeast)} ${key}`;
  return exact.length <= SIGNS_OF_A_LINE ? exact : `about ${short(value, COUNTS)} ${key}`;
}
