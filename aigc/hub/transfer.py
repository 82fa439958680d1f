"""To the Hub and back: `push`, `pull`, and one sentence for everything that may go wrong."""

from __future__ import annotations

import errno
import hashlib
import json
import queue
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    close_session,
    constants,
    get_token,
    hf_hub_download,
    scan_cache_dir,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import tqdm, validate_repo_id

from aigc import checkpoint
from aigc.checkpoint import CARD, CONFIG, WEIGHTS, Checkpoint, CheckpointError
from aigc.hub.modelcard import card

MAX_BYTES = 600 * 2**20  # of all files of a checkpoint together, for `pull`
VISITOR_BYTES = 64 * 2**20  # ... and for what a visitor of the page opens by its name
MAX_LISTED = 32  # checkpoints of one owner or collection
PATIENCE_S = 600.0  # for a whole pull
ANSWER_S = 10.0  # for the answer to one question
WORKERS = 4
TRIES = 5  # of a commit that another one came before

SHA = re.compile(r"[0-9a-f]{40}")
REVISION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,200}")
COLLECTION = re.compile(r"collections/([\w.-]+/[\w.-]+)")
# The files of a checkpoint; nothing else is pushed or pulled.
FILE = re.compile(
    r"config\.json|model\.safetensors|metrics\.json|README\.md|samples\.(png|txt|json)"
    r"|survey\.safetensors"
    r"|snapshots/[0-9A-Za-z][0-9A-Za-z_.-]*\.(png|webp|txt|json)"
)
PICKLES = (".bin", ".ckpt", ".dill", ".joblib", ".pickle", ".pkl", ".pt", ".pt2", ".pth")

Result = TypeVar("Result")


class HubError(CheckpointError):
    """One sentence: what the Hub, or the way to it, refused, and what to do. `passing` is for what
    may be over the next time: a Hub that is away, slow, busy."""

    def __init__(self, sentence: str, passing: bool = False) -> None:
        super().__init__(sentence)
        self.passing = passing


@dataclass(frozen=True)
class Entry:
    """A file of a repository: bytes, and the sha256 of a large one or the git hash of a small."""

    path: str
    size: int
    digest: str


@dataclass(frozen=True)
class Pushed:
    """What a push did: the address of the commit, its hash, the files that it changed (none when
    the Hub has all of them already)."""

    url: str
    revision: str
    files: tuple[str, ...]
    tag: str = ""

    def __str__(self) -> str:
        number = len(self.files)
        what = f"pushed {number} file{'s' * (number != 1)}" if number else "nothing changed"
        return f"{what}: {self.url}" + (f" (tag {self.tag})" if self.tag else "")


# Names


def split_name(text: str) -> tuple[str, str | None]:
    """'OWNER/NAME', 'OWNER/NAME@REVISION', or their address on the Hub -> the repository and the
    revision. Raises HubError."""
    name = text.strip()
    if "://" in name:
        parts = urlsplit(name)
        known = {urlsplit(constants.ENDPOINT).netloc, "huggingface.co", "hf.co"}
        if parts.netloc not in known:
            raise HubError(f"{checkpoint.shown(text)} is no address of the Hub; write OWNER/NAME")
        name = parts.path.strip("/").replace("/tree/", "@", 1)
    repo, _, revision = name.partition("@")
    check_name(repo)
    if revision and (not REVISION.fullmatch(revision) or ".." in revision):
        raise HubError(
            f"{checkpoint.shown(revision)} is no revision; name a branch, a tag or a commit"
        )
    return repo, revision or None


def check_name(repo: str) -> None:
    """Raises HubError for what is not OWNER/NAME."""
    try:
        validate_repo_id(repo)
        if "/" not in repo:
            raise HFValidationError
    except HFValidationError as error:
        raise explain(error, repo) from error


def expand(name: str) -> list[str]:
    """'OWNER' -> the repositories of the owner that are tagged `aigc`; 'collections/OWNER/SLUG' ->
    the models of the collection; 'OWNER/NAME[@REVISION]' -> itself. At most MAX_LISTED. Asks the
    Hub for the first two. Raises HubError."""
    listed = COLLECTION.fullmatch(name.strip().removeprefix(constants.ENDPOINT + "/"))
    if not listed and ("/" in name or "@" in name):
        repo, revision = split_name(name)
        return [f"{repo}@{revision}" if revision else repo]

    def ask() -> list[str]:
        api = HfApi()
        if not listed:
            found = api.list_models(author=name, filter="aigc", limit=MAX_LISTED)
            return [one.id for one in found if one.tags is None or "aigc" in one.tags]
        items = [i for i in api.get_collection(listed[1]).items if i.item_type == "model"]
        ids = [i.item_id for i in items][:MAX_LISTED]
        tags = {i: api.model_info(i, timeout=ANSWER_S).tags for i in ids}
        return [i for i in ids if not tags[i] or "aigc" in (tags[i] or [])]

    found = within(2 * ANSWER_S, name, ask)
    if not found:
        what = "collection" if listed else "owner"
        raise HubError(f"the {what} {name} has no checkpoints with the tag aigc; check the name")
    return found


# What went wrong


def explain(error: BaseException, repo: str, revision: str | None = None) -> HubError:
    """The sentence for what a person can do about it. `error` may be anything: the Hub's client
    goes from one HTTP library to the next, each with connection errors of its own."""
    if isinstance(error, HubError):
        return error
    chain = [error]
    while (cause := chain[-1].__cause__ or chain[-1].__context__) and cause not in chain:
        chain.append(cause)

    def found(kind: type[Exception]) -> Any:
        return next((one for one in chain if isinstance(one, kind)), None)

    refusal = found(HfHubHTTPError)
    status = refusal.response.status_code if refusal and refusal.response is not None else 0
    if found(HFValidationError):
        return HubError(f"{checkpoint.shown(repo)} is no repository of the Hub; write OWNER/NAME")
    if found(OfflineModeIsEnabled):
        return HubError(f"{repo} is not on this machine and HF_HUB_OFFLINE is set; unset it")
    if found(GatedRepoError):
        return HubError(f"{repo} is gated: ask for access on its page, then `hf auth login`")
    if found(RepositoryNotFoundError) or (status == 404 and not found(RevisionNotFoundError)):
        return HubError(
            f"{repo} is not on the Hub, or is private; check the name, or `hf auth login`"
        )
    if found(RevisionNotFoundError):
        return HubError(f"{repo} has no revision {revision!r}; name a branch, a tag or a commit")
    if status in (401, 403):
        has = "a token that may" if get_token() else "a token; there is none on this machine"
        return HubError(f"the Hub refuses {repo} ({status}); `hf auth login` with {has}")
    if status == 429:
        return HubError(
            f"the Hub asks for fewer requests ({status}, for {repo}); try again in some minutes",
            passing=True,
        )
    if status in (409, 412):
        return HubError(
            f"somebody else is writing to {repo} at this moment ({status}); try again", passing=True
        )
    if status:
        return HubError(
            f"the Hub answered {status} for {repo}; try again later", passing=status >= 500
        )
    disk = found(OSError)
    if disk is not None and disk.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        return HubError(
            f"the cache {constants.HF_HUB_CACHE} cannot be written ({disk.strerror}); make room, "
            "or set HF_HOME to another folder"
        )
    if found(UnicodeEncodeError) and not (get_token() or "").isascii():
        return HubError(
            "the token of this machine has a letter that no token has; `hf auth login` again"
        )
    kind = type(chain[-1]).__name__
    if found(json.JSONDecodeError) or found(KeyError) or found(TypeError):
        return HubError(
            f"what answers for {repo} is not the Hub ({kind}); check HF_ENDPOINT and the network",
            passing=True,
        )
    if "Consistency check" in str(error):
        return HubError(f"the download of {repo} broke off; try again", passing=True)
    return HubError(
        f"the Hub cannot be reached for {repo} ({kind}); check the network and try again",
        passing=True,
    )


def within(seconds: float, repo: str, action: Callable[[], Result]) -> Result:
    """The result of `action`, which asks the Hub, or HubError when it takes longer.

    The client has time limits for an answer and none for the whole, and a Hub that sends a byte
    now and then would be waited for without end.
    """
    done: queue.Queue[tuple[bool, Any]] = queue.Queue()

    def work() -> None:
        try:
            done.put((True, action()))
        except BaseException as error:  # whatever it is, it is raised in the thread that waits
            done.put((False, error))

    threading.Thread(target=work, name=f"hub {repo}", daemon=True).start()
    try:
        well, result = done.get(timeout=seconds)
    except queue.Empty:
        close_session()  # what still hangs on a connection ends with it
        raise HubError(
            f"the Hub took longer than {seconds:g} s for {repo}; try again later", passing=True
        ) from None
    if not well:
        raise explain(result, repo) from result
    return result


# Pull


def tree(api: HfApi, repo: str, revision: str, repo_type: str = "model") -> dict[str, Entry]:
    """Path -> Entry of every file of a revision."""
    found = {}
    for one in api.list_repo_tree(repo, recursive=True, revision=revision, repo_type=repo_type):
        if (size := getattr(one, "size", None)) is not None:
            large = getattr(one, "lfs", None)
            digest = large.sha256 if large else getattr(one, "blob_id", "")
            size = max(size, large.size) if large else size
            found[one.path] = Entry(one.path, size, str(digest or ""))
    return found


def chosen(files: dict[str, Entry], repo: str, limit: int) -> list[Entry]:
    """The files of a checkpoint among those of a repository, the weights last. Raises HubError for
    a repository that is no checkpoint, or that holds what no checkpoint holds."""
    for path in files:
        if (
            path.startswith(("/", "~"))
            or {"..", ".", ""} & set(path.split("/"))
            or re.search(r'[\\:*?"<>|\x00-\x1f]', path)
        ):
            raise HubError(
                f"{repo} has a file named {checkpoint.shown(path)}, which leads elsewhere; it is "
                "not downloaded"
            )
        if path.lower().endswith(PICKLES):
            raise HubError(
                f"{repo} has the file {checkpoint.shown(path)}, which runs code when it is read; "
                f"it is not downloaded: weights of this project are in {WEIGHTS}"
            )
    for path in (CONFIG, WEIGHTS):
        if path not in files:
            raise HubError(f"{repo} has no {path}: it is no checkpoint of this project")
    wanted = [one for path, one in files.items() if FILE.fullmatch(path)]
    total = sum(one.size for one in wanted)
    if total > limit:
        raise HubError(
            f"{repo} is {total / 2**20:,.0f} MB, and at most {limit / 2**20:,.0f} MB are downloaded"
        )
    # The weights come last: a folder of the cache that has them has everything.
    return sorted(wanted, key=lambda one: (one.path == WEIGHTS, one.path == CONFIG))


def digests(content: bytes) -> set[str]:
    """The hashes by which a Hub may name a content: git's, sha1, sha256."""
    git = hashlib.sha1(f"blob {len(content)}\0".encode() + content)
    return {git.hexdigest(), hashlib.sha1(content).hexdigest(), hashlib.sha256(content).hexdigest()}


def _meter(bar: tqdm, allowed: int, stop: threading.Event) -> type[tqdm]:
    """A progress bar for the Hub's client that shows nothing itself, moves `bar`, and ends a
    download that is larger than it was announced or that nobody waits for any more."""
    moved = 0

    class Meter(tqdm):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **{**options, "disable": True})

        def update(self, n: float | None = 1) -> bool | None:
            nonlocal moved
            moved += int(n or 0)
            if stop.is_set() or moved > allowed:
                raise HubError("the download was larger than announced, and was ended")
            return bar.update(n)

    return Meter


def _download(repo: str, sha: str, files: list[Entry], show: bool, stop: threading.Event) -> None:
    """Bring files of a commit into the cache, each checked against its hash."""
    total = sum(one.size for one in files)
    bar = tqdm(
        total=total, unit="B", unit_scale=True, desc=repo, disable=None if show else True
    )  # fmt: skip
    # Three times: a Xet download counts what it receives and what it writes.
    meter = _meter(bar, 3 * total + 2**20, stop)

    def fetch(one: Entry) -> None:
        if stop.is_set():
            return
        path = Path(hf_hub_download(repo, one.path, revision=sha, tqdm_class=meter))
        if one.digest and one.digest not in digests(path.read_bytes()):
            path.resolve().unlink()
            path.unlink(missing_ok=True)
            raise HubError(
                f"{one.path} of {repo} is not what the Hub announced (its hash differs); try "
                "again, and tell its owner if it stays so", passing=True,
            )  # fmt: skip

    waiting: queue.SimpleQueue[Entry] = queue.SimpleQueue()
    problems: list[BaseException] = []
    for one in files[:-1]:
        waiting.put(one)

    def work() -> None:
        try:
            while not problems:
                fetch(waiting.get_nowait())
        except queue.Empty:
            pass
        except BaseException as error:  # raised below, in the thread that waits
            problems.append(error)

    try:
        fetch(files[0])  # alone: a Hub that refuses is asked once
        # Not an executor: its threads would be waited for when the program ends.
        threads = [
            threading.Thread(target=work, name="hub download", daemon=True) for _ in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise problems[0]
        fetch(files[-1])
    finally:
        bar.close()


def cached(name: str) -> Checkpoint | None:
    """The newest copy of OWNER/NAME[@REVISION] in the cache, with no request, or None. Raises
    HubError for a name that is none, CheckpointError for a copy that does not load."""
    repo, revision = split_name(name)
    found = try_to_load_from_cache(repo, WEIGHTS, revision=revision)
    return _loaded(repo, Path(found).parent) if isinstance(found, str) else None


def _loaded(repo: str, folder: Path) -> Checkpoint:
    try:
        return checkpoint.load(
            folder, name=repo.rpartition("/")[2], source=repo, revision=folder.name
        )
    except CheckpointError as error:
        raise CheckpointError(str(error).replace(f"{folder}/", f"{repo}: ")) from None


def _remember(folder: Path, revision: str) -> None:
    """Note in the cache which commit a branch or tag was, where the Hub's client looks for it
    when there is no network."""
    path = folder.parent.parent / "refs" / revision
    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint.write_file(path, folder.name.encode())


def pull(
    repo: str, revision: str | None = None, *, limit: int = MAX_BYTES,
    seconds: float = PATIENCE_S, progress: bool = True,
) -> Checkpoint:  # fmt: skip
    """Download OWNER/NAME[@REVISION] (or take it from the cache) and load it strictly.

    `revision` is a branch, a tag or a commit; the commit that it stands for is pinned first, so
    what is loaded is one commit, and `Checkpoint.revision` names it. A full commit hash that is in
    the cache needs no request. Only the files of a checkpoint are downloaded, and none when they
    are more than `limit` bytes, when the repository holds pickled files, or names that lead out
    of it. Raises HubError, after at most `seconds`, or CheckpointError for what is in there.
    """
    repo, named = split_name(repo)
    wanted = revision or named or "main"
    split_name(f"{repo}@{wanted}")  # the same rules for both ways to name a revision
    pinned = SHA.fullmatch(wanted) is not None
    if pinned and (copy := cached(f"{repo}@{wanted}")):
        return copy
    stop = threading.Event()

    def fetch() -> Path:
        api = HfApi()
        sha = wanted
        try:
            if not pinned:
                sha = str(api.model_info(repo, revision=wanted, timeout=ANSWER_S).sha)
                if not SHA.fullmatch(sha):
                    raise HubError(f"the Hub names no commit for {repo}; try again", passing=True)
            found = try_to_load_from_cache(repo, WEIGHTS, revision=sha)
            if not isinstance(found, str):
                files = chosen(tree(api, repo, sha), repo, limit)
                _download(repo, sha, files, progress, stop)
                found = hf_hub_download(repo, WEIGHTS, revision=sha)
            folder = Path(found).parent
            if not pinned:
                _remember(folder, wanted)
            return folder
        except Exception as error:  # see explain
            raise explain(error, repo, wanted) from error

    try:
        return _loaded(repo, within(seconds, repo, fetch))
    finally:
        stop.set()


def kept(repo: str) -> set[Path]:
    """The folders of the cache that hold a commit of a repository, or a part of one."""
    folder = Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"
    return set(folder.glob("snapshots/*"))


def forget(folder: Path) -> None:
    """Take one commit, whose files are in `folder` of the cache, out of it. Other commits of the
    repository keep theirs. What cannot be removed stays."""
    if not folder.exists():
        return
    repository = folder.resolve().parent.parent
    found = scan_cache_dir(repository.parent)
    # This repository alone: a copy of one on the Hub has the same commits.
    ours = frozenset(one for one in found.repos if one.repo_path == repository)
    if folder.name in {one.commit_hash for repo in ours for one in repo.revisions}:
        replace(found, repos=ours).delete_revisions(folder.name).execute()
    shutil.rmtree(folder, ignore_errors=True)  # a part of a commit does not count as one there


# Push


def _files(folder: Path, repo: str) -> tuple[Checkpoint, dict[str, bytes]]:
    """A checkpoint that loads, and what is pushed of it by path; its card says how to load it from
    the Hub."""
    loaded = checkpoint.load(folder)
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    found = {p.relative_to(folder).as_posix(): p for p in paths}
    files = {name: path.read_bytes() for name, path in found.items() if FILE.fullmatch(name)}
    return loaded, files | {CARD: card(loaded, repo).encode()}


@contextmanager
def _writing(repo: str, revision: str | None = None) -> Iterator[None]:
    """Turns what a write raises into a HubError that knows whose token it was."""
    try:
        yield
    except Exception as error:  # see explain
        said = explain(error, repo, revision)
        refused = getattr(getattr(error, "response", None), "status_code", None) in (401, 403, 404)
        raise (_refusal(repo) if refused else None) or said from error


def _no_token(repo: str) -> HubError:
    return HubError(
        f"there is no token to write to {repo} with: make one that may write at "
        f"{constants.ENDPOINT}/settings/tokens, then `hf auth login` or set HF_TOKEN"
    )


def _refusal(repo: str) -> HubError | None:
    """Why this machine's token may not write to a repository, as far as the Hub tells."""
    if get_token() is None:
        return _no_token(repo)
    try:
        who = HfApi().whoami()
    except Exception:  # the first refusal says enough
        return HubError(
            f"the Hub refuses the token of this machine for {repo}; `hf auth login` with another"
        )
    role = who.get("auth", {}).get("accessToken", {}).get("role", "")
    if role == "read":
        return HubError(
            f"the token of this machine may read but not write: make one that may at "
            f"{constants.ENDPOINT}/settings/tokens, then `hf auth login`"
        )
    names = [str(who.get("name", ""))] + [str(o.get("name", "")) for o in who.get("orgs", [])]
    owner, name = repo.split("/")
    if owner not in names:
        return HubError(
            f"{owner} is not yours: you are {names[0]} on the Hub; push to {names[0]}/{name}"
        )
    return None


def commit(
    api: HfApi, repo: str, revision: str, message: str, files: dict[str, bytes],
    ours: Callable[[str], bool], repo_type: str = "model",
) -> tuple[str, str, tuple[str, ...]]:  # fmt: skip
    """Make `files` the state of a branch in one commit: what differs is added, and what is there,
    is not in `files`, and is `ours` by its path, is deleted. Returns the commit's address and
    hash, and the paths that changed; none when everything was there. A commit that comes between
    is not overwritten unseen: both are compared again."""
    for attempt in range(TRIES):
        parent: str | None = None
        there: dict[str, Entry] = {}
        try:
            parent = api.repo_info(
                repo, revision=revision, repo_type=repo_type, timeout=ANSWER_S
            ).sha
            there = tree(api, repo, str(parent), repo_type)
        except HfHubHTTPError as error:
            # A repository without a commit; one that is not there is refused by the commit.
            if error.response is None or error.response.status_code != 404:
                raise
        new = {
            path: content for path, content in files.items()
            if path not in there or there[path].digest not in digests(content)
        }  # fmt: skip
        gone = [path for path in there if path not in files and ours(path)]
        if parent and not new and not gone:
            prefix = "" if repo_type == "model" else f"{repo_type}s/"
            return f"{api.endpoint}/{prefix}{repo}/commit/{parent}", parent, ()
        try:
            made = api.create_commit(
                repo,
                [CommitOperationAdd(path, content) for path, content in new.items()]
                + [CommitOperationDelete(path) for path in gone],
                commit_message=message,
                revision=revision,
                parent_commit=parent,
                repo_type=repo_type,
            )
            return str(made.commit_url), str(made.oid), (*new, *gone)
        except HfHubHTTPError as error:
            busy = error.response is not None and error.response.status_code in (409, 412)
            if not busy or attempt == TRIES - 1:
                raise
            time.sleep(0.2 * 2**attempt)
    raise AssertionError  # the last attempt returned or raised


def push(
    folder: Path, repo: str, private: bool = False, revision: str | None = None,
    tag: str | None = None,
) -> Pushed:  # fmt: skip
    """Upload a checkpoint folder to OWNER/NAME in one commit on `revision` (a branch, made when it
    is not there; default main), and give the commit a `tag`. The repository is made when it does
    not exist, for its owner's eyes only when `private`.

    A folder that does not load is not pushed, and nothing in it is changed. What the Hub has
    already is not sent again, so a push that broke off goes on when it is repeated. Raises
    HubError or CheckpointError.
    """
    check_name(repo)
    split_name(f"{repo}@{revision or 'main'}")
    split_name(f"{repo}@{tag or 'main'}")
    loaded, files = _files(Path(folder), repo)
    api, branch = HfApi(), revision or "main"
    with _writing(repo, branch):
        api.create_repo(repo, private=private or None, exist_ok=True)
        if private and getattr(api.model_info(repo, timeout=ANSWER_S), "private", True) is False:
            raise HubError(f"{repo} is there and public; make it private in its settings first")
        if revision and revision != "main":
            api.create_branch(repo, branch=revision, exist_ok=True)
        message = f"{loaded.name}: revision {loaded.revision}"
        url, sha, changed = commit(
            api, repo, branch, message, files, lambda path: FILE.fullmatch(path) is not None
        )
    if tag:
        _tag(api, repo, tag, sha, url)
    return Pushed(url, sha, changed, tag or "")


def check_push(repo: str) -> None:
    """Raises HubError for a name that is none, or when this machine has no token; asks nobody."""
    check_name(repo)
    if get_token() is None:
        raise _no_token(repo)


def _tag(api: HfApi, repo: str, tag: str, sha: str, url: str) -> None:
    with _writing(repo):
        try:
            api.create_tag(repo, tag=tag, revision=sha)
        except HfHubHTTPError as error:
            if error.response is None or error.response.status_code != 409:
                raise
            if api.model_info(repo, revision=tag, timeout=ANSWER_S).sha != sha:
                raise HubError(
                    f"{url} is pushed, but {repo} has a tag {tag} already, on another commit; "
                    "choose another --tag"
                ) from None
