"""Checkpoints of the Hub for an app that runs: what is in the cache at once, the rest when it
comes, and again and again while the Hub is away."""

from __future__ import annotations

import dataclasses
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aigc.checkpoint import Checkpoint, CheckpointError
from aigc.hub.transfer import (
    MAX_LISTED,
    SHA,
    VISITOR_BYTES,
    HubError,
    cached,
    expand,
    pull,
    split_name,
)

AGAIN_S = 5.0  # after the first failure that may pass; doubles up to ...
OFTEN_S = 30.0  # ... this
SELDOM_S = 300.0  # the pace for what is refused or broken
PULL_S = 60.0  # for one checkpoint


@dataclass
class Wanted:
    """One name of the list: an OWNER, a collection, or OWNER/NAME[@REVISION]."""

    name: str
    problem: str = ""
    """Why it is not here, or not the newest; one sentence."""
    have: str = ""
    """The commit that is shown."""
    done: bool = False
    due: float = 0.0
    """When to try again, by time.monotonic()."""
    pause: float = 0.0


class Follower:
    """Brings the checkpoints of `names`, each to `arrived`, which is called from another thread.

    `begin` hands over what the cache has, without a request, and starts a thread for the rest that
    ends when everything is here (or with the program). Nothing raises: `problems` says what is
    missing and why.
    """

    def __init__(
        self, names: Sequence[str], arrived: Callable[[Checkpoint], None], *,
        again: float = AGAIN_S, seldom: float = SELDOM_S, seconds: float = PULL_S,
        limit: int = VISITOR_BYTES,
    ) -> None:  # fmt: skip
        self.wanted = [Wanted(name) for name in dict.fromkeys(names)]
        self.arrived = arrived
        self.again, self.seldom, self.seconds, self.limit = again, seldom, seconds, limit
        self.settled = threading.Event()  # each was tried once
        self.thread: threading.Thread | None = None
        self._stop = threading.Event()

    @property
    def pending(self) -> bool:
        """Whether something may still come."""
        return not all(one.done for one in self.wanted)

    def follows(self, repo: str) -> bool:
        """Whether a repository is among the names, at whatever revision."""
        names = {one.name for one in list(self.wanted)}
        return any(name == repo or name.startswith(f"{repo}@") for name in names)

    def problems(self) -> list[tuple[str, str, str]]:
        """Name, sentence, and the commit that is shown in the meantime or '', of what is not here
        or not the newest."""
        return [
            (one.name, one.problem or "not here yet: it is on its way", one.have)
            for one in list(self.wanted)
            if not one.done
        ]

    def begin(self, wait: float = 0.0) -> None:
        """Start, and give a Hub that is there `wait` seconds before the first page is built."""
        for one in self.wanted:
            self._from_cache(one)
        if self.pending:
            self.thread = threading.Thread(target=self._run, name="hub follower", daemon=True)
            self.thread.start()
            self.settled.wait(wait)

    def stop(self) -> None:
        """Ask nobody any more, once the question that is open is answered."""
        self._stop.set()

    def _show(self, one: Wanted, found: Checkpoint) -> None:
        repo, revision = split_name(one.name)
        # Named as it was asked for, so that a link means the same wherever it is opened.
        name = f"{repo}@{revision[:12]}" if revision else repo
        if found.revision != one.have:
            self.arrived(dataclasses.replace(found, name=name))
            one.have = found.revision

    def _from_cache(self, one: Wanted) -> None:
        try:
            if "/" not in one.name or one.name.startswith("collections/"):
                return
            copy = cached(one.name)
            if copy is not None:
                self._show(one, copy)
                one.done = SHA.fullmatch(split_name(one.name)[1] or "") is not None
        except CheckpointError as error:
            one.problem = str(error)

    def _attempt(self, one: Wanted) -> None:
        try:
            names = expand(one.name)
            if names != [one.name]:
                known = {other.name for other in self.wanted}
                more = [Wanted(name) for name in names if name not in known]
                for found in more[:MAX_LISTED]:
                    self._from_cache(found)
                place = self.wanted.index(one)
                self.wanted[place : place + 1] = more[:MAX_LISTED]
                return
            loaded = pull(one.name, limit=self.limit, seconds=self.seconds, progress=False)
            self._show(one, loaded)
            one.problem, one.done = "", True
        except CheckpointError as error:
            one.problem = str(error)
            passing = isinstance(error, HubError) and error.passing
            soon = min(2 * one.pause or self.again, OFTEN_S)
            one.pause = soon if passing else self.seldom
            one.due = time.monotonic() + one.pause * random.uniform(0.8, 1.2)

    def _run(self) -> None:
        while not self._stop.is_set():
            open_ = [one for one in self.wanted if not one.done]
            if not open_:
                break
            for one in open_:
                if one.due <= time.monotonic() and not self._stop.is_set():
                    self._attempt(one)
            if all(one.due or one.done for one in self.wanted):
                self.settled.set()
                left = [one.due for one in self.wanted if not one.done]
                self._stop.wait(max(0.05, min(left, default=0.0) - time.monotonic()))
        self.settled.set()
