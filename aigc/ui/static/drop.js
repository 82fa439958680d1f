// A file of this app, dropped on the page, brings its settings back: its mark holds the address that
// makes it again, as XMP or in the first line of a text (see labels.py).
(() => {
  const note = (text) => {
    const box = document.createElement("div");
    box.className = "drop-note";
    box.setAttribute("role", "status");
    box.textContent = text;
    document.body.append(box);
    setTimeout(() => box.remove(), 5000);
  };

  const addressIn = async (file) => {
    if (file.size > 20 * 2 ** 20) return null;
    const text = new TextDecoder("latin1").decode(await file.arrayBuffer());
    const found = text.match(/aigc:Address="([^"<]{1,20000})"/)
      || text.match(/^\[[^\n]*Made again by \?([^\s\]]{1,20000})\]/);
    return found && new URLSearchParams(found[1].replaceAll("&amp;", "&"));
  };

  const holdsFiles = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (holdsFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", async (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    const words = window.aigcTexts;
    const [file] = event.dataTransfer.files;
    const query = file && await addressIn(file);
    if (!query) return note(words.dropNothing);
    const lang = new URLSearchParams(location.search).get("lang");
    if (lang) query.set("lang", lang);
    location.assign(`${location.pathname}?${query}`);
  });
})();
