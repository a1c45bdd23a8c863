// The pad's half in the browser: a canvas that follows mouse, finger or pen, and tells Python what is on it.

const SIZE = 280; // pixels of the screen, at most
const PEN = 0.09; // of the pad's side
const WAIT = 50; // milliseconds between two messages; the widget manager sends none before the last is answered

function render({ model, el }) {
  const side = model.get("side");
  el.classList.add("cafe-pad");

  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Drawing pad: draw with mouse, finger or pen; Delete or Escape clears it");
  canvas.style.cssText =
    `width:${SIZE}px; max-width:100%; aspect-ratio:1; touch-action:none; cursor:crosshair; background:#000;` +
    "border:1px solid #888; display:block";
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Clear";
  button.className = "jupyter-button cafe-pad-clear";
  button.style.cssText = "margin-top:4px; padding:2px 12px";
  el.append(canvas, button);

  const ink = canvas.getContext("2d", { willReadFrequently: true });
  ink.lineCap = ink.lineJoin = "round";
  ink.lineWidth = PEN * side;
  ink.strokeStyle = "#fff";

  // to Python ---------------------------------------------------------------------------------------
  let timer = null;
  let sent = null; // what the model holds of ours, so that it is not drawn again

  function send() {
    timer = null;
    const seen = ink.getImageData(0, 0, side, side).data;
    sent = new Uint8Array(side * side);
    for (let i = 0; i < sent.length; i++) sent[i] = seen[4 * i];
    model.set("pixels", new DataView(sent.buffer));
    model.save_changes();
  }

  function soon() {
    if (timer === null) timer = setTimeout(send, WAIT);
  }

  // from Python -------------------------------------------------------------------------------------
  function paper() {
    ink.fillStyle = "#000";
    ink.fillRect(0, 0, side, side);
  }

  function show() {
    const view = model.get("pixels");
    if (sent !== null && view.buffer === sent.buffer) return;
    paper();
    if (view.byteLength !== side * side) return;
    const image = ink.createImageData(side, side);
    for (let i = 0; i < side * side; i++) {
      const level = view.getUint8(i);
      image.data.set([level, level, level, 255], 4 * i);
    }
    ink.putImageData(image, 0, 0);
  }

  // the pen -----------------------------------------------------------------------------------------
  let last = null; // where the pen was; null: it is up

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * side, ((event.clientY - box.top) / box.height) * side];
  }

  function line(to) {
    ink.beginPath();
    ink.moveTo(...last);
    ink.lineTo(...to);
    ink.stroke();
    last = to;
    soon();
  }

  function down(event) {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    line(last); // a dot
  }

  function move(event) {
    if (last === null) return;
    const way = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    for (const one of way.length ? way : [event]) line(place(one));
  }

  function up() {
    last = null;
  }

  function clear() {
    paper();
    soon();
  }

  function key(event) {
    if (!["Delete", "Backspace", "Escape"].includes(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // in a notebook these keys have a meaning of their own
    clear();
  }

  canvas.addEventListener("pointerdown", down);
  canvas.addEventListener("pointermove", move);
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("keydown", key);
  button.addEventListener("click", clear);
  model.on("change:pixels", show);
  show();

  return () => {
    clearTimeout(timer);
    model.off("change:pixels", show);
  };
}

export default { render };
