// What a model drew on a canvas is saved by the right mouse button as a picture that says that AI
// made it (mark.js): such a picture lies over the canvas while the browser's menu is open.
(() => {
  let cover = null;
  const uncover = () => {
    const { src } = cover || {};
    cover?.remove();
    cover = null;
    if (src) setTimeout(() => URL.revokeObjectURL(src), 60000); // the browser may be saving it
  };
  // A visitor's drawing is no work of a model.
  const made = (target) => target instanceof HTMLCanvasElement && !target.closest(".pad");

  document.addEventListener("pointerdown", (event) => {
    uncover();
    if (event.button !== 2 || !made(event.target)) return;
    const box = event.target.getBoundingClientRect();
    cover = new Image();
    cover.className = "saving";
    cover.alt = "";
    cover.src = URL.createObjectURL(marked(event.target, window.aigcMark));
    cover.style.cssText = `left: ${box.left + scrollX}px; top: ${box.top + scrollY}px; `
      + `width: ${box.width}px; height: ${box.height}px`;
    document.body.append(cover);
  }, true);
  document.addEventListener("pointermove", (event) => {
    if (!(event.buttons & 2)) uncover();
  }, true);
  // A menu that something else opens would save the canvas itself.
  document.addEventListener("contextmenu", (event) => {
    if (made(event.target)) event.preventDefault();
  }, true);
})();
