"""Find a Chromium that playwright can drive: for tools/setup.sh, the tests and the pictures.

python tools/browser.py    prints its path, or "playwright" for the one that playwright brought
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Playwright, sync_playwright

# Where `make test` writes down what it found, so that nobody has to look again.
NOTE = Path(__file__).resolve().parent.parent / ".venv" / ".chromium"
NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
BUNDLED = "playwright"


def launch(playwright: Playwright, path: str | None = None) -> Browser:
    """Open the browser at `path`, or the first that works. Raises RuntimeError when none does."""
    for candidate in [path] if path else candidates():
        options: dict[str, Any] = {} if candidate == BUNDLED else {"executable_path": candidate}
        try:
            return playwright.chromium.launch(args=["--no-sandbox"], **options)
        except Error:
            continue  # Ubuntu's chromium-browser, for one, only says how to get the snap
    raise RuntimeError("no Chromium starts; run tools/setup.sh chromium, or set CHROMIUM to one")


def candidates() -> list[str]:
    """Where a browser may be, the likeliest first. CHROMIUM, when it is set, is the only one."""
    if chosen := os.environ.get("CHROMIUM"):
        return [chosen]
    noted = [NOTE.read_text(encoding="utf-8").strip()] if NOTE.exists() else []
    return [*noted, *filter(None, map(shutil.which, NAMES)), BUNDLED]


def main() -> None:
    with sync_playwright() as playwright:
        for candidate in candidates():
            try:
                browser = launch(playwright, candidate)
                browser.new_page().goto("data:text/html,<p>here</p>")
                browser.close()
            except (RuntimeError, Error):
                continue
            print(candidate)
            return
    sys.exit(1)


if __name__ == "__main__":
    main()
