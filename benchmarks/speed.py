"""How long a visitor waits, through the real app in a real browser: `make bench`.

    python -m benchmarks.speed [--checkpoints DIR] [--rounds N] [--every]

What it measures, each beside what it is held to; `--every` adds the main button of each other
page, at most 0.3 s too, to the first that is seen where a result grows:

    from the click to the last of 64 pictures on the page, GAN and VAE, at most 0.3 s
    from the click to the first of 64 sounds or videos, at most 0.3 s, and until all play
    from the click on one of them to its score and its variations, at most 0.3 s
    from the click to the first rows and to the whole of 16 drawings, self-attention, 1 s and 5 s
    from the command to the first page, at most 1.5 times importing torch and gradio alone

The clock of the page runs: a click, then the moment at which the pictures are decoded and on the
screen. The app is warm, medians over all rounds are shown, and the slowest one. On a machine that
does something else besides (see the load in the first line) the figures say little.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from docs.screenshot import free_port
from tools.browser import launch

ROOT = Path(__file__).resolve().parent.parent

# Clicks, and resolves with [ms to the first view that shows something new, ms to the last one].
# A view counts when all its pictures are decoded and a frame was painted. The result is whole
# when its settings are in the address.
CLICK = """
(count) => new Promise((resolve, reject) => {
  const sheet = () => [...document.querySelectorAll('.gallery .tile')];
  const state = () => sheet().map((tile) => tile.src).join();
  const before = state(), address = location.href;
  const start = performance.now();
  let first = null, seen = before;
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const look = async () => {
    const now = state(), whole = location.href !== address;
    if (now !== seen) {
      await Promise.all(sheet().map((tile) => tile.decode().catch(() => null)));
      await painted();
      seen = now;
      first ??= performance.now() - start;
    } else if (whole && first !== null && sheet().length === count) {
      return resolve([first, performance.now() - start]);
    }
    if (performance.now() - start > 60_000) return reject(new Error('no result in a minute'));
    setTimeout(look, 5);
  };
  [...document.querySelectorAll('.controls button.primary')].find(
    (node) => node.offsetParent).click();
  look();
})
"""

# Clicks the picture of this number, and resolves with the ms until what is said of it is painted.
CHOOSE = """
(at) => new Promise((resolve, reject) => {
  const varied = () => document.querySelector('.varied')?.dataset.key;
  const before = varied(), start = performance.now();
  const look = async () => {
    if (varied() && varied() !== before) {
      await document.querySelector('.varied .tile[src]').decode();
      return requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)));
    }
    if (performance.now() - start > 60_000) return reject(new Error('no result in a minute'));
    setTimeout(look, 5);
  };
  document.querySelector(`.gallery .pick[data-at="${at}"]`).click();
  look();
})
"""


# Clicks the main button in sight, and resolves with the ms until what `selector` finds is another
# for the first time, and until its settings are in the address; both painted.
PRESS = """
(selector) => new Promise((resolve, reject) => {
  const state = () => [...document.querySelectorAll(selector)].map((node) =>
    node.src || (node instanceof HTMLCanvasElement ? node.toDataURL() : node.innerHTML)).join();
  const before = state(), address = location.href, start = performance.now();
  let first = null;
  const painted = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const look = async () => {
    if (first === null && state() !== before) {
      await painted();
      first = performance.now() - start;
    }
    if (first !== null && location.href !== address) {
      await painted();
      return resolve([first, performance.now() - start]);
    }
    if (performance.now() - start > 60_000) return reject(new Error('no result in a minute'));
    setTimeout(look, 5);
  };
  [...document.querySelectorAll('.controls button.primary')].find(
    (node) => node.offsetParent).click();
  look();
})
"""

GROWS = ("attention", "language")  # families whose results are seen while they grow

# What is seen first of what is not a picture alone, and what is said of it when it is whole.
LATER = {"sound": ("spectra", "can be played"), "video": ("videos", "move")}

# Page, family, what changes there, and what a visitor gets.
OTHERS = (
    ("tab=interpolate", "gan", ".player .frame", "16 steps from one to another"),
    ("tab=interpolate", "vae", ".player .frame", "16 steps from one to another"),
    ("tab=explore&look=classes", "vae", ".explore img", "one style as each class"),
    ("tab=explore&look=directions", "gan", ".explore img", "six directions"),
    ("tab=explore&look=corners", "gan", ".explore img", "64 pictures between four corners"),
    ("tab=explore&look=loop", "gan", ".explore img", "a loop of 48 pictures"),
    ("tab=explore&look=scores", "gan", ".explore img", "12 pictures judged, with heat maps"),
    ("tab=explore&look=tradeoff", "gan", ".explore img", "ten pictures at each temperature"),
    ("tab=explore&look=pixel", "attention", ".explore img", "what was expected at one place"),
    ("tab=explore&look=formula", "attention", ".explore img", "the formula with numbers"),
    ("tab=explore&look=heads", "attention", ".explore img", "every head measured"),
    ("tab=explore&look=complete", "attention", ".explore img", "12 halves drawn to an end"),
    ("tab=attention", "attention", "[data-part=stage]", "a drawing and all maps"),
    ("tab=attention&length=100", "language", ".tv-text", "100 characters and all maps"),
)


def processor() -> str:
    """What the machine calls its processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def environment() -> dict[str, str]:
    return os.environ | {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}


@contextmanager
def app(checkpoints: Path) -> Iterator[tuple[str, float]]:
    """The app in a process of its own: its address, and the seconds until its first page."""
    port = free_port()
    home = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "app.py", "--port", str(port), "--checkpoints", str(checkpoints)]
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, env=environment())
    try:
        while True:
            try:
                urllib.request.urlopen(home, timeout=60).close()
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit("the app did not start (see above)")
                time.sleep(0.01)
        yield home, time.perf_counter() - start
    finally:
        process.terminate()
        process.wait(timeout=60)


def imports() -> float:
    """Seconds that a fresh Python takes to import torch and gradio and end."""
    start = time.perf_counter()
    command = [sys.executable, "-c", "import torch, gradio"]
    subprocess.run(command, check=True, env=environment())
    return time.perf_counter() - start


def clicks(page: Page, home: str, name: str, count: int, rounds: int) -> list[list[float]]:
    """Seconds from a click to the first view and to the whole result, for each round."""
    page.goto(f"{home}?tab=sample&checkpoint={name}&count={count}&seed=0")
    page.locator(f".gallery .tile >> nth={count - 1}").wait_for(timeout=120_000)
    page.wait_for_function("location.search.includes('temperature')", timeout=120_000)
    found = []
    for _ in range(rounds + 1):
        # The address changes a moment before Gradio takes the next click; a person is no faster.
        page.wait_for_timeout(500)
        found.append(page.evaluate(CLICK, count))
    return [[ms / 1000 for ms in pair] for pair in found[1:]]  # the first one warms up


def choices(page: Page, rounds: int) -> list[float]:
    """Seconds from a click on one of the pictures on the page to what is said of it."""
    found = []
    for at in range(1, min(rounds + 2, 65)):
        page.wait_for_timeout(500)
        found.append(page.evaluate(CHOOSE, at))
    return [ms / 1000 for ms in found[1:]]


def presses(page: Page, address: str, selector: str, rounds: int) -> list[list[float]]:
    """Seconds from the main button of a page to the first change and to the whole result."""
    page.goto(address)
    page.wait_for_function("location.search.includes('revision=')", timeout=120_000)
    found = []
    for _ in range(rounds + 1):
        page.wait_for_timeout(700)
        found.append(page.evaluate(PRESS, selector))
    return [[ms / 1000 for ms in pair] for pair in found[1:]]


def row(what: str, seconds: list[float], limit: float | None) -> str:
    middle = statistics.median(seconds)
    held = " | |" if limit is None else f" {limit:g} s | {'yes' if middle <= limit else 'no'} |"
    return f"| {what} | {middle:.2f} s | {max(seconds):.2f} s |{held}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long a visitor waits.")
    parser.add_argument("--checkpoints", type=Path, default=ROOT / "checkpoints")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--every", action="store_true", help="every page, not Sample alone")
    options = parser.parse_args()

    import gradio
    import torch

    print(f"{datetime.now(timezone.utc):%Y-%m-%d}, {processor()}, {os.cpu_count()} cores, ", end="")
    print(f"Python {platform.python_version()}, torch {torch.__version__}, ", end="")
    print(f"gradio {gradio.__version__}, load {os.getloadavg()[0]:.1f} before\n")

    print("| | median | slowest | at most | held |")
    print("| --- | --- | --- | --- | --- |")
    with app(options.checkpoints) as (home, _), sync_playwright() as playwright:
        described = loaded(home)
        makes = {one["name"]: one["makes"] for one in described}
        families: dict[str, list[str]] = {}
        for one in described:
            families.setdefault(one["family"], []).append(one["name"])
        browser = launch(playwright)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for family, names in families.items():
            for name in names:
                if family == "attention":
                    found = clicks(page, home, name, 16, max(3, options.rounds // 3))
                    print(row(f"{name}: first rows of 16 drawings", [f for f, _ in found], 1))
                    print(row(f"{name}: 16 whole drawings", [w for _, w in found], 5))
                elif family in ("gan", "vae"):
                    found = clicks(page, home, name, 64, options.rounds)
                    first, whole = [f for f, _ in found], [w for _, w in found]
                    if made := LATER.get(makes[name]):
                        print(row(f"{name}: the first of 64 {made[0]}", first, 0.3))
                        print(row(f"{name}: until they {made[1]}", whole, None))
                    else:
                        print(row(f"{name}: 64 pictures on the page", whole, 0.3))
                    print(row(f"{name}: one of them chosen", choices(page, options.rounds), 0.3))
        for view, family, selector, what in OTHERS if options.every else ():
            for name in families.get(family, ())[:1]:
                address = f"{home}?{view}&checkpoint={name}"
                found = presses(page, address, selector, max(3, options.rounds // 3))
                whole = [w for _, w in found]
                if family in GROWS:
                    print(
                        row(f"{name}, {view}: the first that is seen", [f for f, _ in found], 0.3)
                    )
                print(row(f"{name}, {view}: {what}", whole, None if family in GROWS else 0.3))
        browser.close()

    alone, started = [], []
    for _ in range(4):  # in turn, so that a busy moment hits both; the first pair warms the disk
        alone.append(imports())
        with app(options.checkpoints) as (_, seconds):
            started.append(seconds)
    bare, cold = statistics.median(alone[1:]), statistics.median(started[1:])
    print(row("importing torch and gradio alone", alone[1:], None))
    print(row("from `python app.py` to the first page", started[1:], round(1.5 * bare, 2)))
    print(f"\nThe app starts in {cold / bare:.2f} times the time of the imports alone.")


def loaded(home: str) -> list[dict[str, Any]]:
    """What the app says of its checkpoints."""
    from gradio_client import Client

    described: Any = Client(home, verbose=False).predict(api_name="/checkpoints")
    return json.loads(described) if isinstance(described, str) else described


if __name__ == "__main__":
    main()
