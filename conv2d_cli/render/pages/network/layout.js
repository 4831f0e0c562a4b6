/**
 * Where the boxes of a graph lie: in rows from the inputs down, each below all that it reads (K. Sugiyama, S. Tagawa and
 * M. Toda, 1981). An arrow over several rows goes through a bend in each of them.
 */

const BOX = { width: 222, layer: 46, block: 78, input: 46, bend: 10 };
const GAP = { across: 26, down: 30, nesting: 14, header: 24, footer: 10, margin: 24 };
// Bends are kept few: arrows beyond go beside everything, which is as readable where so many cross.
const BENDS_PER_BOX = 6;
// What boxes of a longest path weigh against others, and bends: that path stays in line, and the rest goes around it.
const WEIGHTS = { spine: 100, box: 1, bend: 0.15 };
const SWEEPS = 8;

/** Return the boxes that stand for a network: its inputs, layers, and blocks that are not among the `open`. */
function boxesOf(root, inputs, open) {
  const boxes = inputs.map(([name, shape], place) => ({ key: `input ${place}`, input: name, shape, members: [] }));
  const boxOfInput = [...boxes];
  const boxOfLayer = new Map();
  const visit = (block, opened) => {
    for (const child of block.children) {
      if (child.layer === null && open.has(child)) {
        visit(child, [...opened, child]);
      } else {
        const key = child.layer === null ? `block ${child.path}` : `layer ${child.layer.index}`;
        const box = { key, block: child.layer === null ? child : null, layer: child.layer, opened, label: child.label, members: child.members };
        boxes.push(box);
        child.members.forEach((layer) => boxOfLayer.set(layer.index, box));
      }
    }
  };
  visit(root, []);
  const first = (box) => (box.members.length ? box.members[0].index : -1);
  boxes.sort((one, other) => first(one) - first(other));
  boxes.forEach((box, place) => {
    box.place = place;
    box.opened ??= [];
    box.width = BOX.width;
    box.height = box.block ? BOX.block : box.layer ? BOX.layer : BOX.input;
  });
  return { boxes, boxOfLayer, boxOfInput };
}

/** Return the arrows between boxes, one for each pair; those that would go up, between folded blocks, are `back`. */
function arrowsOf(layers, { boxOfLayer, boxOfInput }) {
  const arrows = new Map();
  for (const layer of layers) {
    const end = boxOfLayer.get(layer.index);
    for (const tensor of layer.reads ?? []) {
      const start = boxOfInput[tensor] ?? boxOfLayer.get(tensor - boxOfInput.length);
      const key = `${start.place} ${end.place}`;
      if (start !== end && !arrows.has(key)) {
        arrows.set(key, { start, end, back: start.place > end.place });
      }
    }
  }
  return [...arrows.values()];
}

/** Give each box the row below all that it reads; what reads nothing that is known stands below the box before it. */
function rank(boxes, arrows) {
  const read = new Map(boxes.map((box) => [box, []]));
  arrows.filter((arrow) => !arrow.back).forEach((arrow) => read.get(arrow.end).push(arrow.start));
  boxes.forEach((box, place) => {
    const above = read.get(box);
    if (above.length) {
      box.row = 1 + above.reduce((most, one) => Math.max(most, one.row), 0);
    } else {
      box.row = box.input !== undefined || place === 0 ? 0 : boxes[place - 1].row + 1;
    }
  });
}

/** Find the boxes of the longest paths: what they read stands right above, down to the last row. */
function weigh(boxes, arrows) {
  const below = new Map(boxes.map((box) => [box, 0]));
  const downwards = arrows.filter((arrow) => !arrow.back).sort((one, other) => other.start.place - one.start.place);
  downwards.forEach(({ start, end }) => below.set(start, Math.max(below.get(start), below.get(end) + 1)));
  const longest = boxes.reduce((most, box) => Math.max(most, box.row + below.get(box)), 0);
  boxes.forEach((box) => { box.weight = box.row + below.get(box) === longest ? WEIGHTS.spine : WEIGHTS.box; });
}

/** Return the rows with their boxes and bends, and the chains of arrows through them; long arrows without bends. */
function rowsOf(boxes, arrows) {
  const rows = [];
  const put = (one) => {
    rows[one.row] ??= [];
    rows[one.row].push(one);
  };
  boxes.forEach(put);
  let left = BENDS_PER_BOX * boxes.length;
  const chains = [];
  const aside = [];
  const span = (arrow) => arrow.end.row - arrow.start.row;
  for (const arrow of [...arrows].sort((one, other) => span(one) - span(other))) {
    const bends = span(arrow) - 1;
    if (arrow.back || bends > left) {
      aside.push(arrow);
      continue;
    }
    left -= bends;
    const chain = [arrow.start];
    for (let row = arrow.start.row + 1; row < arrow.end.row; row += 1) {
      const bend = { row, bend: true, weight: WEIGHTS.bend, width: BOX.bend, height: 0, opened: sharedBlocks(arrow, row) };
      put(bend);
      chain.push(bend);
    }
    chain.push(arrow.end);
    chains.push(chain);
  }
  return { rows, chains, aside };
}

/** Return the open blocks that an arrow passes in a row: those of its end, once their first row is reached. */
function sharedBlocks(arrow, row) {
  return arrow.end.opened.filter((block) => block.firstRow <= row && row <= block.lastRow);
}

/** Note in each open block which rows its boxes take. */
function spanBlocks(boxes) {
  for (const box of boxes) {
    for (const block of box.opened) {
      block.firstRow = Infinity;
      block.lastRow = -1;
    }
  }
  for (const box of boxes) {
    for (const block of box.opened) {
      block.firstRow = Math.min(block.firstRow, box.row);
      block.lastRow = Math.max(block.lastRow, box.row);
    }
  }
}

/** Order each row by the means of the neighbours' places in the row above, then below, again and again. */
function order(rows, chains) {
  const above = new Map();
  const below = new Map();
  const add = (map, key, value) => {
    if (!map.has(key)) {
      map.set(key, []);
    }
    map.get(key).push(value);
  };
  for (const chain of chains) {
    for (let place = 1; place < chain.length; place += 1) {
      add(above, chain[place], chain[place - 1]);
      add(below, chain[place - 1], chain[place]);
    }
  }
  const number = (row) => row.forEach((one, place) => { one.order = place; });
  rows.forEach(number);
  const sort = (row, neighbours) => {
    row.forEach((one) => {
      const near = neighbours.get(one) ?? [];
      one.wanted = near.length ? near.reduce((all, other) => all + other.order, 0) / near.length : one.order;
    });
    row.sort((one, other) => one.wanted - other.wanted || one.order - other.order);
    number(row);
  };
  for (let sweep = 0; sweep < SWEEPS / 2; sweep += 1) {
    rows.forEach((row) => sort(row, above));
    [...rows].reverse().forEach((row) => sort(row, below));
  }
  return { above, below };
}

/** Return the room between the middles of two neighbours of a row, with that for the frames between them. */
function distance(one, other) {
  const shared = one.opened.filter((block) => other.opened.includes(block)).length;
  const frames = one.opened.length + other.opened.length - 2 * shared;
  return (one.width + other.width) / 2 + GAP.across + frames * GAP.nesting;
}

/**
 * Place the members of a row as near as they come to where they want to be, in their order and at their distances: a
 * weighted isotonic regression, by pooling adjacent violators.
 */
function settle(row) {
  const pools = [];
  let offset = 0;
  row.forEach((one, place) => {
    offset += place ? distance(row[place - 1], one) : 0;
    one.offset = offset;
    const { weight } = one;
    pools.push({ weight, total: weight * (one.wanted - offset), from: place });
    while (pools.length > 1 && mean(pools[pools.length - 2]) > mean(pools[pools.length - 1])) {
      const last = pools.pop();
      pools[pools.length - 1].weight += last.weight;
      pools[pools.length - 1].total += last.total;
    }
  });
  pools.forEach((pool, place) => {
    const to = place + 1 < pools.length ? pools[place + 1].from : row.length;
    row.slice(pool.from, to).forEach((one) => { one.x = mean(pool) + one.offset; });
  });
}

function mean(pool) {
  return pool.total / pool.weight;
}

/** Place all rows across, by the neighbours above, then below, again and again. */
function across(rows, { above, below }) {
  rows.forEach((row) => {
    row.forEach((one) => { one.wanted = 0; });
    settle(row);
  });
  const pull = (row, side) => {
    row.forEach((one) => {
      const near = side.get(one) ?? [];
      const weight = near.reduce((all, other) => all + other.weight, 0);
      one.wanted = weight ? near.reduce((all, other) => all + other.weight * other.x, 0) / weight : one.x;
    });
    settle(row);
  };
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    rows.forEach((row) => pull(row, above));
    [...rows].reverse().forEach((row) => pull(row, below));
  }
  // The last way is down: what has one box above it stands straight below that.
  rows.forEach((row) => pull(row, above));
}

/** Place the rows down, with room for the headers of blocks that begin at them and the ends of those that end. */
function down(rows) {
  let y = GAP.margin;
  return rows.map((row) => {
    const boxes = row.filter((one) => !one.bend);
    const begin = Math.max(0, ...boxes.map((box) => box.opened.filter((block) => block.firstRow === box.row).length));
    const end = Math.max(0, ...boxes.map((box) => box.opened.filter((block) => block.lastRow === box.row).length));
    const height = Math.max(0, ...row.map((one) => one.height));
    const top = y + begin * GAP.header;
    row.forEach((one) => { one.y = top + height / 2; });
    y = top + height + end * GAP.footer + GAP.down;
    return { top, bottom: top + height };
  });
}

/** Return the frames of the open blocks, the outer ones first; `mixed` where a box of another block lies in it. */
function framesOf(rows, lines) {
  const frames = new Map();
  rows.flat().forEach((one) => one.opened.forEach((block) => {
    const frame = frames.get(block) ?? { block, left: Infinity, right: -Infinity, above: 1, below: 1, inner: 1 };
    frames.set(block, frame);
    frame.left = Math.min(frame.left, one.x - one.width / 2);
    frame.right = Math.max(frame.right, one.x + one.width / 2);
    const inner = one.opened.slice(one.opened.indexOf(block));
    frame.inner = Math.max(frame.inner, inner.length);
    if (!one.bend) {
      frame.above = Math.max(frame.above, inner.filter((other) => other.firstRow === block.firstRow).length);
      frame.below = Math.max(frame.below, inner.filter((other) => other.lastRow === block.lastRow).length);
    }
  }));
  const found = [...frames.values()].sort((one, other) => one.block.depth - other.block.depth);
  found.forEach((frame) => {
    frame.left -= frame.inner * GAP.nesting - 3;
    frame.right += frame.inner * GAP.nesting - 3;
    frame.top = lines[frame.block.firstRow].top - frame.above * GAP.header;
    frame.bottom = lines[frame.block.lastRow].bottom + frame.below * GAP.footer;
    frame.mixed = rows.slice(frame.block.firstRow, frame.block.lastRow + 1).some((row) => row.some(
      (one) => !one.bend && !one.opened.includes(frame.block)
        && one.x + one.width / 2 > frame.left && one.x - one.width / 2 < frame.right));
  });
  return found;
}

/** Return the whole picture: rows with all in them placed, chains of arrows, arrows beside, frames, and its size. */
function layoutOf(root, layers, inputs, open) {
  const found = boxesOf(root, inputs, open);
  const arrows = arrowsOf(layers, found);
  const read = new Set(arrows.map((arrow) => arrow.start));
  // An input that nothing is known to read would stand alone above.
  const boxes = found.boxes.filter((box) => box.input === undefined || read.has(box));
  boxes.forEach((box, place) => { box.place = place; });
  rank(boxes, arrows);
  weigh(boxes, arrows);
  spanBlocks(boxes);
  const { rows, chains, aside } = rowsOf(boxes, arrows);
  for (let row = 0; row < rows.length; row += 1) {
    rows[row] ??= [];
  }
  across(rows, order(rows, chains));
  const lines = down(rows);
  const frames = framesOf(rows, lines);
  const all = rows.flat();
  const lefts = [...all.map((one) => one.x - one.width / 2), ...frames.map((frame) => frame.left)];
  const rights = [...all.map((one) => one.x + one.width / 2), ...frames.map((frame) => frame.right)];
  const left = lefts.reduce((least, one) => Math.min(least, one), Infinity) - GAP.margin;
  const right = rights.reduce((most, one) => Math.max(most, one), -Infinity);
  all.forEach((one) => { one.x -= left; });
  frames.forEach((frame) => {
    frame.left -= left;
    frame.right -= left;
  });
  const lanes = Math.min(aside.length, 12);
  aside.forEach((arrow, place) => { arrow.lane = right - left + 14 + 8 * (place % 12); });
  const width = right - left + GAP.margin + (lanes ? 14 + 8 * lanes : 0);
  const height = (lines.length ? lines[lines.length - 1].bottom : 0) + GAP.margin + GAP.down;
  return { boxes, rows, lines, chains, aside, frames, width, height };
}
