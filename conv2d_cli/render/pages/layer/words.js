/*
 * A setting as the words that people use: a line of PyTorch, a command, the fragment of the page's address.
 */

// No number that is meant has more digits, and no fragment more signs.
const MOST_DIGITS = 100;
const LONGEST_FRAGMENT = 2000;
const WHOLE = new RegExp(`^-?[0-9]{1,${MOST_DIGITS}}$`);
const PLAIN_WORD = /^[\w@%+=:,./-]+$/;
const NO_PADDING = "0";

/** @returns {bigint | string} a number as typed: a BigInt where it is whole, else the text itself */
function numberTyped(text) {
  const typed = text.trim();
  return WHOLE.test(typed) ? BigInt(typed) : typed.slice(0, LONGEST_SHOWN);
}

/** @returns {string} an integer with every digit, in groups of three */
function inThousands(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** @returns {string} a number with a minus of its own width */
function signed(number) {
  return number < 0n ? `−${-number}` : String(number);
}

function tupleOf(values) {
  return `(${values.map(orUnknown).join(", ")})`;
}

/** @returns {string} what was typed, a question mark where it is nothing yet */
function orUnknown(value) {
  return String(value) || "?";
}

/**
 * @param {Setting} setting
 * @param {Axis[] | null} axes null where the layer or its input is wrong
 * @returns {string} the layer as torch prints it, with quotes so that it is code; what torch cannot pad is padded before
 */
function asPyTorch(setting, axes) {
  const isPlain = setting.padding.length === 2 || ["same", "valid"].includes(setting.padding);
  if (isPlain || !axes) return callOf(setting, setting.padding, setting.padding_mode);
  const [rows, columns] = axes;
  if (rows.before === rows.after && columns.before === columns.after) {
    return callOf(setting, [rows.before, columns.before], setting.padding_mode);
  }
  const pad = { zeros: "ZeroPad2d", reflect: "ReflectionPad2d", replicate: "ReplicationPad2d", circular: "CircularPad2d" };
  const sides = tupleOf([columns.before, columns.after, rows.before, rows.after]);
  const call = callOf(setting, [0n, 0n], "zeros");
  return `nn.Sequential(nn.${pad[setting.padding_mode]}(${sides}), ${call})`;
}

function callOf(setting, padding, mode) {
  const words = [...COUNTS.map((name) => orUnknown(setting[name])), `kernel_size=${tupleOf(setting.kernel_size)}`];
  words.push(`stride=${tupleOf(setting.stride)}`);
  if (typeof padding === "string") words.push(`padding='${padding}'`);
  else if (asWord(padding) !== NO_PADDING) words.push(`padding=${tupleOf(padding)}`);
  if (asWord(setting.dilation) !== "1") words.push(`dilation=${tupleOf(setting.dilation)}`);
  if (setting.groups !== 1n) words.push(`groups=${orUnknown(setting.groups)}`);
  if (!setting.bias) words.push("bias=False");
  if (mode !== "zeros") words.push(`padding_mode='${mode}'`);
  if (setting.dtype !== "float32") words.push(`dtype=torch.${setting.dtype}`);
  return `nn.Conv2d(${words.join(", ")})`;
}

/** @returns {string} the command that says the same, quoted for a shell where a word needs it */
function asCommand(setting) {
  const words = ["conv2d", "shape", setting.in_channels, setting.out_channels, asWord(setting.kernel_size)];
  if (asWord(setting.stride) !== "1") words.push("-s", asWord(setting.stride));
  if (asWord(setting.padding) !== NO_PADDING) words.push("-p", asWord(setting.padding));
  if (asWord(setting.dilation) !== "1") words.push("-d", asWord(setting.dilation));
  if (setting.groups !== 1n) words.push("-g", setting.groups);
  if (!setting.bias) words.push("--no-bias");
  if (setting.padding_mode !== "zeros") words.push("--padding-mode", setting.padding_mode);
  if (setting.dtype !== "float32") words.push("--dtype", setting.dtype);
  return [...words, "-i", sizeAsWord(setting)].map(quoted).join(" ");
}

function sizeAsWord(setting) {
  const [batch, height, width] = setting.size;
  if (batch === 1n) return asWord([height, width]);
  return shapeOf(setting).map(orUnknown).join("x");
}

function quoted(word) {
  const text = String(word);
  return PLAIN_WORD.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

/* The fragment: `#in=3&out=64&kernel=7x7&...`, of whole numbers and known words alone. */

/** @returns {string} the fragment of a setting, and of the output element that is looked at */
function asFragment(setting, at) {
  const parts = {
    in: setting.in_channels,
    out: setting.out_channels,
    kernel: setting.kernel_size.join("x"),
    stride: setting.stride.join("x"),
    padding: typeof setting.padding === "string" ? setting.padding : setting.padding.join("x"),
    dilation: setting.dilation.join("x"),
    groups: setting.groups,
    bias: Number(setting.bias),
    mode: setting.padding_mode,
    dtype: setting.dtype,
    input: setting.size.join("x"),
    at: at.join("x"),
  };
  return `#${Object.entries(parts).map(([name, value]) => `${name}=${value}`).join("&")}`;
}

/** @returns {{setting: Setting, at: bigint[]}} what a fragment says; whatever is none of its words stays as it was */
function ofFragment(fragment, setting, at, words) {
  const read = fragmentReaders(words);
  const found = { ...setting, at };
  for (const part of fragment.slice(1, LONGEST_FRAGMENT).split("&")) {
    const [name, value] = part.split("=", 2);
    if (!Object.hasOwn(read, name) || value === undefined) continue;
    const [field, result] = read[name](value);
    if (result !== null) found[field] = result;
  }
  const { at: place, ...rest } = found;
  return { setting: rest, at: place };
}

function fragmentReaders(words) {
  const one = (field) => (text) => [field, numbersSpelled(text, [1])?.[0] ?? null];
  const some = (field, ...counts) => (text) => [field, numbersSpelled(text, counts)];
  const word = (field, known) => (text) => [field, known.includes(text) ? text : null];
  return {
    in: one("in_channels"),
    out: one("out_channels"),
    kernel: some("kernel_size", 2),
    stride: some("stride", 2),
    dilation: some("dilation", 2),
    groups: one("groups"),
    padding: (text) => ["padding", words.paddings.includes(text) ? text : numbersSpelled(text, [2, 4])],
    bias: (text) => ["bias", text === "1" ? true : text === "0" ? false : null],
    mode: word("padding_mode", words.modes),
    dtype: word("dtype", words.dtypes),
    input: some("size", 3),
    at: some("at", 2),
  };
}

/** @returns {bigint[] | null} the whole numbers between `x`, where there are so many as one of the counts */
function numbersSpelled(text, counts) {
  const parts = text.split("x");
  return counts.includes(parts.length) && parts.every((part) => WHOLE.test(part)) ? parts.map(BigInt) : null;
}
