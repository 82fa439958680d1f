// The chosen picture of Sample (choice.py), and the favourites, which this browser alone keeps: of
// pictures a small copy, of texts their beginning, of both the link that makes them again.
(() => {
  const words = window.aigcTexts.chosen;
  const KEY = `aigc favourites ${location.pathname}`;
  const MOST = 40;
  const SIDE = 56;  // pixels of a thumbnail, at most
  const WORDS = 120;  // characters of a text, at most
  const now = { at: 0, spread: "", other_seed: "", text: "" };  // '' leaves it to the server

  const panel = () => document.querySelector(".chosen");
  const find = (part) => panel().querySelector(part);
  const picks = () => [...document.querySelectorAll(".gallery .pick")];

  // Whatever may stand in the storage, only what is like our own comes out.
  const read = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      return kept.filter((one) => typeof one?.link === "string" && one.link.startsWith("?")
        && (typeof one.text === "string" ? one.text.length <= WORDS
          : String(one.picture).startsWith("data:image/png;base64,")));
    } catch {
      return [];
    }
  };
  const write = (kept) => {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
      return true;
    } catch {  // no room, or forbidden
      return false;
    }
  };

  // The link to what the panel shows, in whatever language.
  const link = () => {
    const query = new URL(window.aigc.address("sample")).searchParams;
    query.delete("lang");
    return `?${query}`;
  };
  // Two links are of one favourite when they are of one picture.
  const same = (a, b) => {
    const [one, other] = [a, b].map((text) => {
      const query = new URLSearchParams(text);
      for (const name of ["spread", "other_seed", "count"]) query.delete(name);
      query.sort();
      return String(query);
    });
    return one === other;
  };
  // A picture that the server made says that AI made it, behind its header (labels.put); so does
  // its copy, a PNG too.
  const said = (copy, source) => {
    const [to, from] = [copy, source].map((address) => atob(address.split(",")[1]));
    const size = [...from.slice(33, 37)].reduce((sum, sign) => 256 * sum + sign.charCodeAt(0), 0);
    const chunk = from.slice(33, 33 + 12 + size);
    return `data:image/png;base64,${btoa(to.slice(0, 33) + chunk + to.slice(33))}`;
  };
  const thumbnail = (picture) => {
    const scale = Math.min(1, SIDE / Math.max(picture.naturalWidth, picture.naturalHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(picture.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(picture.naturalHeight * scale));
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    return said(canvas.toDataURL("image/png"), picture.src);
  };

  const show = () => {
    const box = document.querySelector(".favourites");
    if (!box) return;
    const kept = read();
    box.hidden = kept.length === 0;
    const lang = new URLSearchParams(location.search).get("lang");
    box.querySelector("ul").replaceChildren(...kept.map(({ link: query, picture, text }) => {
      const item = document.createElement("li");
      const open = document.createElement("a");
      const image = document.createElement("img");
      const remove = document.createElement("button");
      const address = new URLSearchParams(query);
      const name = window.aigc.fill(text === undefined ? words.name : words.nameText,
        Object.fromEntries(address));
      if (lang) address.set("lang", lang);
      open.href = `?${address}`;
      open.title = image.alt = window.aigc.fill(words.open, { name });
      if (text === undefined) {
        image.src = picture;
        image.className = "tile";
        open.append(image);
      } else {
        open.className = "words";
        open.textContent = text;
      }
      remove.type = "button";
      remove.className = "remove";
      remove.textContent = "×";
      remove.title = window.aigc.fill(words.remove, { name });
      remove.setAttribute("aria-label", remove.title);
      remove.addEventListener("click", () => {
        const next = item.nextElementSibling || item.previousElementSibling;
        const at = next && [...item.parentNode.children].filter((one) => one !== item).indexOf(next);
        write(read().filter((one) => one.link !== query));
        show();
        if (at !== null) box.querySelectorAll(".remove")[at]?.focus();
      });
      item.append(open, remove);
      return item;
    }));
    const starred = () => kept.some((one) => same(one.link, link()));
    if (panel() && now.at) find(".star").setAttribute("aria-pressed", starred());
    const keep = document.querySelector(".keep");
    keep.hidden = !now.text;
    if (now.text) keep.querySelector(".star").setAttribute("aria-pressed", starred());
  };
  // Keeps what is on the page, `what` of it to show, or lets it go; says so in `place`.
  const star = (what, place) => {
    const kept = read(), here = link();
    const rest = kept.filter((one) => !same(one.link, here));
    let said = "";
    if (rest.length === kept.length) {
      const added = { link: here, ...what };
      const dropped = rest.length >= MOST;
      const done = write([added, ...rest].slice(0, MOST));
      said = window.aigc.fill(words[done ? (dropped ? "dropped" : "kept") : "refused"],
        { most: MOST });
    } else write(rest);
    show();
    place.querySelector("[role=status]").textContent = said;
  };

  // Shows picture `at` of the grid, from 1, in the panel; 0 is none.
  const put = (at) => {
    const tiles = picks();
    const tile = tiles.find((one) => Number(one.dataset.at) === at);
    now.at = tile ? at : 0;
    for (const one of tiles) one.setAttribute("aria-pressed", one === tile);
    panel().hidden = !tile;
    if (!tile) return;
    const image = tile.querySelector("img");
    Object.assign(find("img"), { src: image.currentSrc || image.src, alt: image.alt });
    find("[role=status]").textContent = "";
    const heard = tile.parentNode.querySelector(".hear"), hear = find(".hear");
    panel().classList.toggle("sounds", Boolean(heard));
    hear.hidden = !heard;
    if (heard) {
      hear.dataset.sound = heard.dataset.sound;
      hear.setAttribute("aria-label", heard.getAttribute("aria-label"));
    }
    show();
  };
  const ask = () => document.getElementById("sample-choose").click();

  // Shows the strip of the slider's position, or the one before until it has come.
  const slide = () => {
    const varied = document.querySelector(".varied");
    const strips = varied?.querySelectorAll("[data-spread]");
    const wanted = strips?.[varied.querySelector("input").value];
    if (!wanted?.src) return;
    for (const one of strips) one.hidden = one !== wanted;
  };

  window.aigc.chosen = {
    asked: () => [now.at, now.spread, now.other_seed],
    // A link may have chosen a picture; it says so once.
    linked(at, spread, other_seed) {
      if (at) {
        Object.assign(now, { at: Number(at), spread, other_seed });
        ask();
      }
      return "";
    },
    // The server has said what it has to say of a picture, or that there is a new grid.
    came(view) {
      window.aigc.look("sample", view || {}, "chosen");
      if (view) Object.assign(now, { spread: view.spread ?? "", other_seed: view.other_seed ?? "" });
      put(view ? view.chosen : 0);
      return null;
    },
    // The strips at the other positions of the slider, unless another picture is chosen by now.
    rest(came) {
      const varied = document.querySelector(".varied");
      if (!came || varied?.dataset.key !== came.key) return null;
      for (const [spread, [still, moving]] of Object.entries(came.strips)) {
        const strip = varied.querySelector(`[data-spread="${spread}"]`);
        if (moving) strip.previousElementSibling.srcset = still;  // for who wants no motion
        strip.src = moving || still;
      }
      slide();
      return null;
    },
    // Another result stands on the page.
    result() {
      const writing = document.querySelector(".gallery .writing");
      now.text = writing ? writing.textContent.trim().slice(0, WORDS) : "";
      document.querySelector(".keep [role=status]").textContent = "";
      show();
    },
    show,
  };

  document.addEventListener("click", (event) => {
    const pick = event.target.closest?.(".gallery .pick");
    if (pick) {
      put(Number(pick.dataset.at));
      ask();
    } else if (event.target.closest?.(".chosen .star")) star({ picture: thumbnail(find("img")) }, panel());
    else if (event.target.closest?.(".keep .star"))
      star({ text: now.text }, document.querySelector(".keep"));
    else if (event.target.closest?.(".varied .others")) {
      now.other_seed = window.aigc.seed();
      ask();
    }
  });
  // The grid is one stop of the Tab key; arrows go from picture to picture.
  document.addEventListener("keydown", (event) => {
    const pick = event.target.closest?.(".gallery .pick");
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: "-row", ArrowDown: "row" };
    if (!pick || !(event.key in steps)) return;
    event.preventDefault();
    const tiles = picks();
    const row = Number(getComputedStyle(pick.parentNode).getPropertyValue("--columns"));
    const step = { "-row": -row, row }[steps[event.key]] ?? steps[event.key];
    const next = tiles[tiles.indexOf(pick) + step];
    if (!next) return;
    for (const one of tiles) one.tabIndex = one === next ? 0 : -1;
    next.focus();
  });
  document.addEventListener("input", (event) => {
    const varied = event.target.closest?.(".varied");
    if (!varied || !event.target.matches("input[type=range]")) return;
    const strips = varied.querySelectorAll("[data-spread]");
    slide();
    now.spread = Number(strips[event.target.value].dataset.spread);
    varied.querySelector("output").textContent = now.spread;
    event.target.setAttribute("aria-valuetext", now.spread);
    window.aigc.look("sample",
      { chosen: now.at, spread: now.spread, other_seed: now.other_seed }, "chosen");
  });
  window.addEventListener("storage", (event) => { if (event.key === KEY) show(); });
})();
