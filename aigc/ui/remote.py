"""The Hub on the page: what is missing and why, a form that opens a checkpoint by its name, and
what a hosted Space needs.

Nothing here asks the Hub unless the app was started with names to follow, or a visitor opens one.
"""

from __future__ import annotations

import dataclasses
import html
import importlib
import importlib.util
import os
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aigc import hub
from aigc.checkpoint import Checkpoint, CheckpointError
from aigc.ui import texts
from aigc.ui.catalogue import Catalogue

MAX_OPENED = 8  # checkpoints that visitors opened; the oldest makes room
OPEN_S = 60.0
EVERYTHING = "*"
REFRESH_S = 3.0  # between looks at what has come, on a page that waits for it


@dataclass
class Remote:
    """What the app has to do with the Hub. `allow` says what visitors may open by name: OWNER,
    OWNER/NAME, or "*" for everything; nothing, and there is no form."""

    follower: hub.Follower | None = None
    allow: tuple[str, ...] = ()
    opened: list[str] = field(default_factory=list)
    brought: set[Path] = field(default_factory=set)
    """Folders of the cache that visitors' wishes filled, and that are taken out of it again."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def pending(self) -> bool:
        return self.follower is not None and self.follower.pending

    @property
    def may_bring(self) -> bool:
        """Whether a checkpoint may still come while the app runs."""
        return self.pending or bool(self.allow)


def allowed(remote: Remote, repo: str) -> bool:
    return bool({EVERYTHING, repo, repo.split("/")[0]} & set(remote.allow))


def allowance(given: Sequence[str], follows: Sequence[str], private: bool) -> tuple[str, ...]:
    """What visitors may open: what was `given` (`none` for nothing), or else everything where only
    this machine's own user comes (`private`), or else what belongs to the owners that the app
    follows."""
    if given:
        return tuple(name for name in given if name != "none")
    if private:
        return (EVERYTHING,)
    owners = [name.removeprefix("collections/").split("/")[0].split("@")[0] for name in follows]
    return tuple(dict.fromkeys(owners))


def open_named(catalogue: Catalogue, remote: Remote, text: object) -> Checkpoint:
    """Pull what a visitor named, and put it on the shelf. Raises ValueError with one sentence."""
    try:
        repo, revision = hub.split_name(text if isinstance(text, str) else "")
        if not allowed(remote, repo):
            names = ", ".join(remote.allow)
            raise ValueError(texts.HUB_NOT_ALLOWED.format(repo=repo, names=names))
        with remote.lock:
            before = hub.kept(repo)
            try:
                found = hub.pull(
                    repo, revision, limit=hub.VISITOR_BYTES, seconds=OPEN_S, progress=False
                )
                name = f"{repo}@{revision[:12]}" if revision else repo
                found = dataclasses.replace(found, name=name)
                ours = {one.name for one in catalogue.checkpoints} - set(remote.opened)
                if name not in ours:
                    remote.opened = [one for one in remote.opened if one != name] + [name]
                    while len(remote.opened) > MAX_OPENED:
                        catalogue.remove(remote.opened.pop(0))
                catalogue.put(found)
            finally:
                if not (remote.follower and remote.follower.follows(repo)):
                    remote.brought |= hub.kept(repo) - before
                used = {one.path for one in catalogue.checkpoints}
                for folder in remote.brought - used:
                    hub.forget(folder)
                remote.brought &= used
    except CheckpointError as error:
        raise ValueError(str(error)) from None
    return found


def sentence(text: str) -> str:
    """What aigc.hub says as a sentence of its own, in the language of this task, as HTML. A name
    at its start stays as it is."""
    text = texts.own(text)
    start = text if "/" in text.split(" ")[0] else text[:1].upper() + text[1:]
    marked = re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(start))
    return marked if text.endswith((".", "。", "…")) else f"{marked}{texts.STOP}"


def answer(text: str, wrong: bool = False) -> str:
    """What the form says under its button, as HTML."""
    role = "alert" if wrong else "status"
    return f'<p class="said {role}" role="{role}">{sentence(text)}</p>'


def note(catalogue: Catalogue, remote: Remote | None) -> str:
    """What has not come from the Hub, as HTML; nothing when all is well."""
    problems = remote.follower.problems() if remote and remote.follower else []
    if not problems:
        return ""
    rows = []
    for name, why, have in problems:
        instead = texts.HUB_CACHED.format(revision=have[:12]) if have else texts.HUB_WITHOUT
        shown = html.escape(name)  # once, where the sentence begins with it
        said = sentence(why).removeprefix(f"{shown} ")
        rows.append(f"<li><b>{shown}</b> {said} {html.escape(instead)}</li>")
    return f'<div class="notice" role="status">{texts.HUB_AWAY}<ul>{"".join(rows)}</ul></div>'


# A hosted Space


def duplicate() -> str:
    """A link that copies the Space that this is; nothing elsewhere."""
    space = os.environ.get("SPACE_ID", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", space):
        return ""
    address = f"https://huggingface.co/spaces/{space}?duplicate=true"
    return f'<a class="pill" target="_blank" rel="noopener" href="{address}">{texts.DUPLICATE}</a>'


def claim_gpu() -> bool:
    """On ZeroGPU, register a function that would use the GPU, and return whether there was one to
    ask. ZeroGPU starts no app without; these models are small enough to answer from the processor
    before a GPU is handed out."""
    if importlib.util.find_spec("spaces") is None:
        return False
    spaces: Any = importlib.import_module("spaces")

    @spaces.GPU
    def device() -> str:
        return "cuda"

    return True
