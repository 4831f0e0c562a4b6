/** The network: its layers, the tree of blocks that their names make, and what a block comes to. */

const INTEGERS = ["parameters", "macs", "effective_macs", "output_bytes", "live_bytes"];
const KINDS = [
  { name: "convolution", label: "convolution", has: /conv/i },
  { name: "matrix", label: "linear, matrix product, attention", has: /linear|matmul|gemm|attention|bilinear/i },
  { name: "pooling", label: "pooling, resizing", has: /pool|upsample|resize|shuffle/i },
  { name: "joining", label: "joins of several inputs", has: /^(add|sub|mul|div|cat|concat|sum|stack)/i },
  { name: "other", label: "all others", has: /(?:)/ },
];

/** Return the layers as objects, whose integers are BigInt. */
function layersOf(data) {
  return data.nodes.map((row, index) => {
    const layer = { index };
    data.fields.forEach((field, place) => {
      layer[field] = INTEGERS.includes(field) ? integer(row[place]) : row[place];
    });
    layer.kind = KINDS.find((kind) => kind.has.test(layer.type)).name;
    return layer;
  });
}

/**
 * Return the parts of a name, and what stands between them: a dot, or the slash of ONNX files, which may stand in front too.
 */
function partsOf(name) {
  const separator = name.includes("/") ? "/" : ".";
  const [first, ...others] = name.split(separator);
  const parts = first === "" && others.length ? [separator + others[0], ...others.slice(1)] : [first, ...others];
  return { parts, separator };
}

/**
 * Return the tree of blocks, which names tell by their parts. A block has `children` in the order of their first layers,
 * and `members`, all layers in it; a leaf has its `layer`.
 */
function treeOf(layers) {
  const root = newBlock("", "", null);
  // A Map: a block may have any name, `__proto__` too.
  const blocks = new Map([["", root]]);
  for (const layer of layers) {
    const { parts, separator } = partsOf(layer.name);
    let block = root;
    for (let length = 1; length < parts.length; length += 1) {
      const path = parts.slice(0, length).join(separator);
      if (!blocks.has(path)) {
        blocks.set(path, newBlock(path, parts[length - 1], block));
        block.children.push(blocks.get(path));
      }
      block = blocks.get(path);
    }
    block.children.push({ layer, label: parts[parts.length - 1], parent: block, members: [layer] });
    for (let outer = block; outer !== null; outer = outer.parent) {
      outer.members.push(layer);
    }
  }
  return root;
}

function newBlock(path, label, parent) {
  return { path, label, parent, depth: parent === null ? 0 : parent.depth + 1, children: [], members: [], layer: null };
}

/** Return all blocks below one. */
function blocksBelow(block) {
  const found = [];
  const waiting = [block];
  while (waiting.length) {
    for (const child of waiting.pop().children) {
      if (child.layer === null) {
        found.push(child);
        waiting.push(child);
      }
    }
  }
  return found;
}

/**
 * Return what layers come to: of each key the sum, and whether it is a least value, as something in it is not known.
 * A module that is called again has its parameters once, its work at every call.
 */
function sumsOf(layers) {
  const modules = new Set();
  const first = layers.filter((layer) => {
    const module = layer.first_call ?? layer.index;
    const isNew = !modules.has(module);
    modules.add(module);
    return isNew;
  });
  const isUnknown = layers.some((layer) => layer.mark === "unknown");
  const total = (key, of) => [sum(of.map((layer) => layer[key])), isUnknown || of.some((layer) => layer[key] === null)];
  return { parameters: total("parameters", first), macs: total("macs", layers) };
}

/** Return an exact count, `?` where it is not known: that it is 0 or more says nothing. */
function counted(value, atLeast = false) {
  return value === null || (atLeast && value === 0n) ? "?" : `${atLeast ? "≥ " : ""}${thousands(value)}`;
}
