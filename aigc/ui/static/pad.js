// The drawing pad: white on black, as the digits are. props.value carries the picture: a data address
// from here, or what a link brought (pictures.pack).
(() => {
  const canvas = element.querySelector("canvas");
  const hint = element.querySelector(".hint");
  const file = element.querySelector("input[type=file]");
  const rest = hint.textContent;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const began = props.value || "";
  let last = null;
  let sent = "";
  let own = false;  // what stands here is the visitor's

  const blank = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  const send = (value) => { own = true; props.value = sent = value; };
  // A picture that came from elsewhere, every pixel a square.
  const receive = async () => {
    const value = props.value || "";
    if (value === sent) return;
    // When a folded part of the page is opened, Gradio says a frame later, or long after on a busy
    // machine, once more what stood there at first.
    if (own && value === began) return send(sent);
    sent = value;
    blank();
    if (!value) return;
    const picture = new Image();
    picture.src = value.startsWith("data:") ? value
      : `data:image/webp;base64,${value.replaceAll("-", "+").replaceAll("_", "/")}`;
    try {
      await picture.decode();
    } catch {
      return;  // the server says what is wrong with it
    }
    if (value !== sent) return;
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    context.imageSmoothingEnabled = true;
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [
      (event.clientX - box.left) / box.width * canvas.width,
      (event.clientY - box.top) / box.height * canvas.height,
    ];
  };
  const line = (from, to) => {
    context.strokeStyle = "#fff";
    context.lineWidth = 16;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  };

  blank();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = at(event);
    line(last, last);
    hint.textContent = rest;
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last === null) return;
    const next = at(event);
    line(last, next);
    last = next;
  });
  const lift = () => { if (last !== null) { last = null; send(canvas.toDataURL("image/png")); } };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);

  element.querySelector(".clear").addEventListener("click", () => {
    blank();
    hint.textContent = rest;
    send("");
  });
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen) return;
    if (chosen.size > 20 * 2 ** 20) {
      hint.textContent = window.aigcTexts.largeFile;
      return;
    }
    try {
      const picture = await createImageBitmap(chosen);
      const scale = Math.max(canvas.width / picture.width, canvas.height / picture.height);
      const width = picture.width * scale, height = picture.height * scale;
      blank();
      context.drawImage(
        picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
      hint.textContent = rest;
      send(canvas.toDataURL("image/png"));
    } catch {
      hint.textContent = window.aigcTexts.noPicture;
    }
  });
  element.querySelector("label.pill").addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); file.click(); }
  });

  watch("value", receive);
  receive();
})();
