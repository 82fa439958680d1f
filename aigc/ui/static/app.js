// What the page does without asking the server: addresses of results, the player, new seeds.
(() => {
  const words = window.aigcTexts;
  // What stands on each tab: its settings, and which of them a link carries.
  const shown = {};
  // What the parts of a tab show, where that is chosen in the browser or beside the result.
  const looks = {};
  const GIVEN = "a picture";  // a picture that is too large for a link (pictures.py)
  // Settings that have another name in an address: Gradio writes there, as `view`, which of its
  // panels is open, and takes it away with the panel.
  const CALLED = { view: "look" };
  const begun = new Set();
  let answered = null;  // see `once`
  let front = null;
  let first = null;  // the tab that the link opened
  // The checkpoint that was chosen last, in some tab or by the link: one that is opened for the first
  // time begins with it.
  let last = new URLSearchParams(location.search).get("checkpoint");
  let linkRead = false;
  let saving = null;  // the button whose file is being made

  // Gradio's panel for programs writes the language of its examples into the address, as `lang`,
  // which is the language of the page.
  const lang = new URLSearchParams(location.search).get("lang");
  const replace = history.replaceState.bind(history);
  history.replaceState = (state, title, to) => {
    const url = new URL(to, location.href);
    if (lang) url.searchParams.set("lang", lang);
    else url.searchParams.delete("lang");
    replace(state, title, url);
  };

  const view = (tab) => Object.assign({}, shown[tab]?.made, ...Object.values(looks[tab] || {}));

  const address = (tab) => {
    const names = shown[tab]?.names || [];
    const made = view(tab);
    const query = new URLSearchParams({ tab });
    for (const name of names)
      if (![undefined, "", GIVEN].includes(made[name]))
        query.set(CALLED[name] || name, name === "revision" ? made[name].slice(0, 12) : made[name]);
    if (lang) query.set("lang", lang);
    return `${location.origin}${location.pathname}?${query}`;
  };

  const write = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {  // no permission, or a page that is not served over https
      const box = document.createElement("textarea");
      box.value = text;
      document.body.append(box);
      box.select();
      document.execCommand("copy");
      box.remove();
    }
  };

  // Within a tab the address follows in place; another tab is one step of Back.
  const readdress = (tab) => {
    if (shown[tab]) history.replaceState(history.state, "", address(tab));
  };
  const tabs = () => [...document.querySelectorAll("[role=tab][data-tab-id]")];
  window.addEventListener("popstate", () => {
    const tab = new URLSearchParams(location.search).get("tab") || first;
    const button = tabs().find((one) => one.dataset.tabId === tab);
    // What was on a page that was left since, or loaded again, is in the address alone.
    if (!button || !begun.has(tab)) return location.reload();
    front = tab;
    button.click();
    readdress(tab);
  });

  // A result of a tab with the settings that stand there, as soon as its components do.
  const make = (tab, button = `${tab}-first`) => {
    const found = document.getElementById(button);
    if (found) found.click();
    else setTimeout(() => make(tab, button), 30);
  };
  // Shows what first.css keeps out of sight while the page loads.
  const root = document.documentElement.classList;
  let wanted = location.hash.slice(1);  // a part of the page that a link asks for
  const settle = () => {
    root.add("opened", "settled");
    if (wanted) document.getElementById(wanted)?.scrollIntoView({ block: "center" });
    wanted = "";
  };
  // The controls of a link's checkpoint come in several answers; they stand when none has changed
  // them for a moment.
  const QUIET_MS = 200, MOST_MS = 4000;
  const open = () => {
    const end = performance.now() + MOST_MS;
    let timer = 0;
    const watcher = new MutationObserver(() => wait());
    const done = () => { watcher.disconnect(); root.add("opened"); };
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(done, Math.max(0, Math.min(QUIET_MS, end - performance.now())));
    };
    for (const one of document.querySelectorAll(".page"))
      watcher.observe(one, { childList: true, subtree: true, attributes: true });
    wait();
  };
  // A tab that no checkpoint can fill yet waits for its first one.
  const waiting = new Set();
  const begin = (tab) => {
    if (begun.has(tab)) return;
    begun.add(tab);
    waiting.add(tab);
    const look = () => {
      if (document.getElementById(`${tab}-empty`)) {
        settle();
        return setTimeout(look, 200);
      }
      waiting.delete(tab);
      make(tab, last && tab !== first ? `${tab}-follow` : undefined);
    };
    look();
  };

  window.aigc = {
    // The picture of an address, ready to be painted.
    loaded: async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      return image;
    },
    // A text with its {name}s filled in.
    fill: (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]),

    seed: () => crypto.getRandomValues(new Uint32Array(1))[0],

    // Enter in a box does what the button of its tab does.
    press() {
      document.activeElement?.closest(".controls")?.querySelector("button.lg.primary")?.click();
    },

    // The tab that the visitor sees.
    front: () => front || "",
    last: () => last || "",
    make: (tab) => { if (!waiting.has(tab)) make(tab); },

    // A result came: the address bar follows it when its tab is in front.
    remember(tab, names, made) {
      if (!made || !made.checkpoint) return;
      if (shown[tab] && shown[tab].made.checkpoint !== made.checkpoint) last = made.checkpoint;
      shown[tab] = { made, names };
      if (looks[tab]) delete looks[tab].frame;
      if (tab === "sample") this.chosen?.result();
      if (front === tab) readdress(tab);
    },

    // A visitor looks at another part of a tab's result; the address says so.
    look(tab, view, part = "result") {
      (looks[tab] ||= {})[part] = view;
      if (front === tab) readdress(tab);
    },

    // What a tab shows, as its address says it, and that address.
    view,
    address,

    // A part of the page whose next result grows in place of the last: what stands below it stays.
    steady(element) {
      new ResizeObserver(() => {
        if (!element.querySelector(".growing"))
          element.style.setProperty("--stood", `${element.offsetHeight}px`);
      }).observe(element);
    },

    // What was asked for at a moment (`at`), the first time; null when it comes again.
    once(asked) {
      if (!asked || asked.at === answered) return null;
      answered = asked.at;
      return asked;
    },

    // Which file the visitor waits for.
    saving() {
      return saving?.dataset.save ?? null;
    },

    // Gives the visitor a file that the server made, and takes it out of the page.
    save(file) {
      saving?.removeAttribute("aria-busy");
      saving = null;
      if (!file) return null;
      const link = document.createElement("a");
      link.href = file.address;
      link.download = file.name;
      link.click();
      return null;
    },

    // Of sentences about some values, the one about the value that is nearest.
    nearest(sentences, value) {
      const all = [...document.querySelectorAll(sentences)];
      const away = (one) => Math.abs(one.dataset.at - value);
      const best = all.reduce((a, b) => (away(b) < away(a) ? b : a), all[0]);
      for (const one of all) one.hidden = one !== best;
      return null;
    },

    // How Chinese texts are set, chosen in the browser: the direction of lines, and the script.
    set(tab, lines, script) {
      Object.assign(document.documentElement.dataset, { lines, script });
      const unusual = (value, usual) => (value === usual ? undefined : value);
      this.look(tab, { lines: unusual(lines, "across"), script: unusual(script, "written") },
        "setting");
    },

    // The scores under the pictures, taken away or brought back.
    scores(tab, on) {
      document.documentElement.dataset.scores = on ? "on" : "off";
      this.look(tab, { scores: on ? undefined : "off" }, "scores");
    },

    // A tab came to the front. Gradio says it late: by then it may be another one.
    visit(tab) {
      const now = tabs().find((one) => one.getAttribute("aria-selected") === "true")?.dataset.tabId;
      if (now && now !== tab) return;
      if (linkRead && front !== tab) history.pushState(null, "", address(tab));
      else readdress(tab);
      front = tab;
      if (linkRead) begin(tab);
    },

    // The link that opened the page was read; `tab` is the one that it opened.
    ready(tab) {
      linkRead = true;
      front = first = tab;
      open();
      begin(tab);
    },

    // The first result stands, and what else the link opened, or a sentence says why not.
    settled: settle,

    async copy(tab) {
      if (!shown[tab]) return;
      const button = document.getElementById(`${tab}-link`);
      const all = [shown[tab].made, ...Object.values(looks[tab] || {})];
      const pictures = all.some((values) => Object.values(values).includes(GIVEN));
      await write(address(tab));
      button.dataset.text ||= button.textContent;
      button.textContent = pictures ? words.copiedPartly : words.copied;
      setTimeout(() => { button.textContent = button.dataset.text; }, 1600);
    },
  };

  // What Gradio says in English alone: to screen readers, and above a mistake.
  const translate = () => {
    for (const node of document.querySelectorAll(".gradio-container [aria-label]")) {
      const said = node.getAttribute("aria-label");
      const label = said.replace(/^(number input|range slider) for /, "");
      const own = words.gradio[label] || label;
      if (own !== said) node.setAttribute("aria-label", own);
    }
    for (const node of document.querySelectorAll(".gradio-container button[title]"))
      if (words.gradio[node.title]) node.title = words.gradio[node.title];
    for (const node of document.querySelectorAll(".toast-title")) {
      const own = words.gradio[node.textContent.trim()];
      if (own) node.textContent = own;
    }
  };
  if (window.aigcLanguage !== "en") {
    let waiting = false;
    new MutationObserver(() => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; translate(); });
    }).observe(document, { childList: true, subtree: true });
  }

  // Another language: the same view, loaded again.
  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.(".languages a");
    if (!choice) return;
    event.preventDefault();
    const url = new URL(location.href);
    url.searchParams.set("lang", choice.dataset.lang);
    location.assign(url);
  });

  // On a narrow screen a result stands far above the buttons that make it: who presses one is
  // brought there.
  document.addEventListener("click", (event) => {
    const page = event.target.closest?.(".controls button.lg")?.closest(".page");
    const result = page?.querySelector(".result");
    const seen = result && [...result.children].find(
      (one) => one.offsetHeight && !one.matches(".actions"));
    if (!seen) return;
    const { top, bottom, height } = seen.getBoundingClientRect();
    const part = Math.min(bottom, innerHeight) - Math.max(top, 0);
    if (part >= Math.min(height, innerHeight) / 2) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    result.scrollIntoView({ behavior: still ? "instant" : "smooth" });
  });

  // A file to keep is made when it is asked for.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-save]");
    if (!button || saving?.isConnected) return;
    saving = button;
    button.setAttribute("aria-busy", "true");
    document.getElementById("sample-save").click();
  });

  // Sounds: one at a time; the button that plays it says so, and stops it.
  const sound = new Audio();
  const sounding = (button) => {
    for (const one of document.querySelectorAll(".hear"))
      one.setAttribute("aria-pressed", one === button);
  };
  for (const over of ["ended", "pause", "error"]) sound.addEventListener(over, () => sounding(null));
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".hear");
    if (!button) return;
    const stop = button.getAttribute("aria-pressed") === "true";
    sound.pause();
    if (stop) return;
    sound.src = button.dataset.sound;
    sound.play().then(() => sounding(button), () => sounding(null));
  });

  // Videos are held, each at its first frame, or go on.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(".hold");
    if (!button) return;
    const hold = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", hold);
    for (const source of button.parentNode.querySelectorAll("source"))
      source.media = hold ? "all" : "(prefers-reduced-motion: reduce)";
    const player = button.closest(".prose").querySelector(".player");
    if (player) {
      player.toggleAttribute("data-moves", !hold);
      show(player, Number(player.querySelector("input").value));
    }
  });

  // The sound of a walk moves the player above it along, to the last frame at its end.
  sound.addEventListener("timeupdate", () => {
    const button = document.querySelector("[data-frames] .hear[aria-pressed=true]");
    const player = button?.closest(".prose")?.querySelector(".player");
    if (!player) return;
    const count = Number(button.parentNode.dataset.frames);
    show(player, Math.min(count - 1, Math.floor((count * sound.currentTime) / sound.duration)));
  });

  // The player: one large frame, a slider, a strip.
  const show = (player, at) => {
    const frames = player.querySelectorAll(".strip .frame");
    const now = frames[at];
    if (!now) return;
    const src = ("moves" in player.dataset && now.dataset.moving) || now.src;
    Object.assign(player.querySelector(".now"), { src, alt: now.alt });
    player.querySelector("input").value = at;
    player.querySelector("output").textContent = `${at + 1} / ${frames.length}`;
    frames.forEach((frame, i) => frame.classList.toggle("chosen", i === at));
  };
  // The address follows what stands still: browsers limit how often it may change. A player that
  // the next result has replaced by then has no place in it.
  let noting = 0;
  const note = (player) => {
    clearTimeout(noting);
    const tab = front, at = Number(player.querySelector("input").value);
    const { result } = player.dataset;
    noting = setTimeout(() => {
      if (!player.isConnected || player.dataset.result !== result) return;
      window.aigc.look(tab, { frame: at ? at + 1 : undefined }, "frame");
    }, 120);
  };

  const stop = (player) => {
    clearInterval(player.playing);
    player.playing = null;
    const button = player.querySelector(".play");
    if (!button) return;
    button.textContent = "▶";
    button.setAttribute("aria-label", words.play);
  };

  const play = (player) => {
    const button = player.querySelector(".play");
    const slider = player.querySelector("input");
    if (player.playing) {
      stop(player);
      note(player);
      return;
    }
    let step = slider.value === slider.max && !("loop" in player.dataset) ? -1 : 1;
    button.textContent = "❚❚";
    button.setAttribute("aria-label", words.pause);
    player.playing = setInterval(() => {
      if (!player.isConnected) return clearInterval(player.playing);
      const last = Number(slider.max);
      let at = Number(slider.value) + step;
      if ("loop" in player.dataset) return show(player, at > last ? 0 : Math.max(at, 0));
      if (at < 0 || at > last) { step = -step; at = Number(slider.value) + step; }
      show(player, at);
    }, 70);
  };

  // Gradio writes the next result into the elements of the last one, where a slider that was moved
  // stays where it is and what was playing goes on: each result begins anew, as the server drew it.
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      stop(target);
      const frames = [...target.querySelectorAll(".strip .frame")];
      show(target, frames.findIndex((one) => one.classList.contains("chosen")));
    }
  }).observe(document, { subtree: true, attributeFilter: ["data-result"] });

  document.addEventListener("input", (event) => {
    const player = event.target.closest?.(".player");
    if (!player || !event.target.matches("input[type=range]")) return;
    show(player, Number(event.target.value));
    note(player);
  });
  document.addEventListener("click", (event) => {
    const player = event.target.closest?.(".player");
    if (!player) return;
    if (event.target.closest(".play")) play(player);
    const frame = event.target.closest(".frame");
    if (!frame) return;
    show(player, Number(frame.dataset.at));
    note(player);
  });
})();
