// A picture of which one rectangle is a grid of pixels: Python learns over which of them the pointer is.

const WAIT = 60; // milliseconds between two messages, so that Python is not asked faster than it answers

function render({ model, el }) {
  const image = document.createElement("img");
  image.style.cssText = "max-width:100%; cursor:crosshair";
  image.tabIndex = 0;
  el.append(image);

  let url = null;
  function show() {
    const old = url;
    url = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
    image.src = url;
    image.alt = model.get("text");
    if (old !== null) URL.revokeObjectURL(old);
  }

  let timer = null;
  let wanted = null;

  function send() {
    timer = null;
    if (String(wanted) === String(model.get("at"))) return;
    model.set("at", wanted);
    model.save_changes();
  }

  function ask(row, column) {
    const [rows, columns] = model.get("shape");
    wanted = [Math.min(Math.max(row, 0), rows - 1), Math.min(Math.max(column, 0), columns - 1)];
    if (timer === null) timer = setTimeout(send, WAIT);
  }

  function move(event) {
    const box = image.getBoundingClientRect();
    const [left, top, width, height] = model.get("place");
    const x = ((event.clientX - box.left) / box.width - left) / width;
    const y = ((event.clientY - box.top) / box.height - top) / height;
    if (x < 0 || y < 0 || x >= 1 || y >= 1) return;
    const [rows, columns] = model.get("shape");
    ask(Math.floor(y * rows), Math.floor(x * columns));
  }

  const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  function key(event) {
    const way = ARROWS[event.key];
    if (way === undefined) return;
    event.preventDefault();
    event.stopPropagation(); // in a notebook the arrows go from cell to cell
    const [row, column] = timer === null ? model.get("at") : wanted;
    ask(row + way[0], column + way[1]);
  }

  image.addEventListener("pointermove", move);
  image.addEventListener("pointerdown", move);
  image.addEventListener("keydown", key);
  model.on("change:picture", show);
  show();

  return () => {
    clearTimeout(timer);
    model.off("change:picture", show);
    URL.revokeObjectURL(url);
  };
}

export default { render };
