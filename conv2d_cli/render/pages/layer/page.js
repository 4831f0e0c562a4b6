/*
 * What moves the page: playing, copying, and its address.
 */

// Milliseconds from one output element to the next, and for how long a button says what it did.
const SLOW = 1400;
const QUICK = 600;

/* Playing. */

function step() {
  const [, , rows, columns] = state.facts.output_shape;
  let [row, column] = state.at;
  column += 1n;
  if (column >= columns) [row, column] = [row + 1n, 0n];
  if (row >= rows) row = 0n;
  state.at = [row, column];
  state.pinned = null;
  showPlanes();
}

function play() {
  if (state.timer) {
    stop();
    return;
  }
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  state.timer = setInterval(step, calm ? SLOW : QUICK);
  byId("play").textContent = texts.pause;
}

function stop() {
  clearInterval(state.timer);
  state.timer = null;
  byId("play").textContent = texts.play;
}

function startAgain() {
  select({ plane: "output", at: [0n, 0n] });
}

/* Copying. */

async function copy(button) {
  const source = byId(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = texts.copied;
  } catch {
    getSelection().selectAllChildren(source);
    button.textContent = texts.not_copied;
  }
  say(button.textContent);
  setTimeout(() => {
    button.textContent = texts.copy;
  }, SLOW);
}

/* The address. */

const known = { paddings: page.padding_words, modes: page.padding_modes, dtypes: Object.keys(page.element_bytes) };
const opening = settingOfPage(page.opened);

/** @returns {boolean} whether there is nothing to keep: what is no number has no place in an address */
function isRemembered(fragment) {
  const numbers = [...IN_ORDER, "size"].filter((field) => !isNamed(field, state.setting));
  return location.hash === fragment || !isWhole(numbers.flatMap((field) => state.setting[field]));
}

/** Keeps what is seen in the address: in a new entry, which `back` leaves, once for each change of a control. */
const rememberSoon = afterPause(() => {
  const fragment = asFragment(state.setting, state.at);
  if (isRemembered(fragment)) return;
  if (state.isNewEntry) history.replaceState(null, "", fragment);
  else history.pushState(null, "", fragment);
  state.isNewEntry = true;
});

/** Shows what the address says; without a fragment, what the page was written with. */
function readAddress() {
  const found = ofFragment(location.hash, opening, [0n, 0n], known);
  state.setting = found.setting;
  state.at = found.at;
  state.locked = isSquare(found.setting);
  update();
}

/** Goes past the controls; the address is the layer's. */
function skip(event) {
  event.preventDefault();
  focusOnAnswer();
}

function begin() {
  makeControls();
  makePlanes();
  byId("skip").addEventListener("click", skip);
  byId("lock").addEventListener("change", lockSides);
  byId("play").addEventListener("click", play);
  byId("first").addEventListener("click", startAgain);
  for (const button of document.querySelectorAll("[data-copies]")) button.addEventListener("click", () => copy(button));
  addEventListener("popstate", readAddress);
  readAddress();
}

begin();
