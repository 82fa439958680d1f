"""Make the pictures of the READMEs from the running app: `make screenshots`.

python docs/screenshot.py [--checkpoints DIR] [--out DIR]
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.browser import launch  # noqa: E402  (started as a script, the path comes first)

# A 3 as somebody draws it, packed for a link (aigc.ui.pictures).
THREE = (
    "UklGRsYAAABXRUJQVlA4TLoAAAAvG8AGAAXcbduOL_fP2WtHq93m_8I127Y3256aanSNxmqOtnHnnjhH9H8C8Lsbpi"
    "7cXC8WWInYrfDNXW8J4z72R0cMPHDfWgAKTwDwP2eTxLsV3PiCNB7IaSY5KWTjFDBNhgsNkWSHQkZ5QLIeworeE_LK"
    "WwgwLHrgtk4KSCJD5VRHbJDDDjs_ZV6a8ZY7mf2pCd4kaAE4rPPO9lPu5-"
    "R2a9ngPVmGz3vt8M2HCqUAjGKG986Wal3wbwU"
)

# File, address, light or dark, size of the window, what has to be on the page first, and what the
# window begins with where that is not the top of the page.
PICTURES = (
    ("screenshot.png", "?tab=sample&checkpoint=gan-mnist&count=64&seed=7", "light", (1280, 1060),
     ".gallery .tile >> nth=63", ""),
    ("interpolate.png",
     "?tab=interpolate&checkpoint=vae-mnist&seed_a=10&label_a=3&seed_b=12&label_b=8&steps=16",
     "light", (1280, 860), ".player .frame >> nth=15", ""),
    ("attention.png", "?tab=attention&checkpoint=attention-mnist&seed=7&label=3", "dark",
     (1280, 960), "canvas >> nth=1", ""),
    ("text.png",
     "?tab=attention&checkpoint=attention-shakespeare&seed=7&prompt=ROMEO:%0A&length=200&position=60",
     "dark", (1280, 960), ".tv-viewer[data-phase=ready]", ""),
    ("explore.png", "?tab=explore&checkpoint=vae-mnist&look=map&plane=pca&x=-2.5&y=1.5", "light",
     (1280, 960), ".lm-viewer[data-phase=ready]", ""),
    ("chosen.png",
     "?tab=sample&checkpoint=gan-mnist&count=16&seed=7&label=3&chosen=6&spread=0.5&other_seed=1",
     "light", (1280, 960), ".varied", ".gallery .pick >> nth=12"),
    ("sounds.png", "?tab=sample&checkpoint=gan-notes&count=8&seed=7&label=any&chosen=3", "dark",
     (1280, 960), ".varied", ""),
    ("drawing.png",
     f"?tab=interpolate&checkpoint=vae-mnist&drawing={THREE}&label_drawn=3&label_as=5", "dark",
     (1280, 960), ".lt-viewer[data-phase=ready]", ".code"),
)  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoints", type=Path, default=ROOT / "checkpoints")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    port = free_port()
    command = [sys.executable, "app.py", "--port", str(port)]
    app = subprocess.Popen(
        [*command, "--checkpoints", str(options.checkpoints)], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    home = f"http://127.0.0.1:{port}/"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(home, timeout=5).close()
                break
            except OSError:
                if app.poll() is not None:
                    sys.exit("the app did not start (see above)")
                time.sleep(0.2)
        with sync_playwright() as playwright:
            browser = launch(playwright)
            for name, query, scheme, (width, height), wanted, top in PICTURES:
                page = browser.new_page(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                    reduced_motion="reduce",
                )
                page.goto(f"{home}{query}&__theme={scheme}")
                page.locator(wanted).wait_for(timeout=120_000)
                if page.locator(".player:visible").count():
                    page.locator(".player .frame").nth(7).click()  # half way
                if top:
                    page.locator(top).evaluate("(node) => node.scrollIntoView()")
                page.wait_for_timeout(1500)  # fonts, and the bar that shows the work
                page.screenshot(path=options.out / name)
                page.close()
                print(options.out / name)
            browser.close()
    finally:
        app.terminate()
        app.wait(timeout=30)


if __name__ == "__main__":
    main()
