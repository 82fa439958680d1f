// What has to stand before Gradio's own script, which writes the rest of the page and its scripts.

// Gradio ends its connection when the page is asked to go, takes that for one that was lost if an
// answer is on its way, and loads the page again as soon as the server replies: a visitor whose next
// page takes longer than that stays here. A browser ends the connections of a page that goes by
// itself. The first to hear of it decides: Chromium does not care whether a listener captures.
window.addEventListener("beforeunload", (event) => event.stopImmediatePropagation());
