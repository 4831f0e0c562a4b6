/** What is scrolled or drawn under a pointer that rests is not pointed at: those who go by keys would be led elsewhere. */

const lastPointer = { x: NaN, y: NaN, time: NaN, moved: false };

/** Return whether a pointer moved on the screen to cause an event; several events come of one movement. */
function hasMoved(event) {
  if (event.timeStamp !== lastPointer.time) {
    const moved = event.screenX !== lastPointer.x || event.screenY !== lastPointer.y;
    Object.assign(lastPointer, { x: event.screenX, y: event.screenY, time: event.timeStamp, moved });
  }
  return lastPointer.moved;
}

// Movement inside an element enters and leaves none.
document.addEventListener("pointermove", hasMoved, true);

/** Have an element hear of a pointer's event where the pointer itself moved. */
function onPointer(element, name, heard) {
  element.addEventListener(name, (event) => {
    if (hasMoved(event)) {
      heard(event);
    }
  });
}
