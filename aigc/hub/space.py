"""The app as a Hugging Face Space: what is uploaded, and how the Space is set up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi, SpaceCard, constants
from huggingface_hub.errors import RepositoryNotFoundError

from aigc.hub.transfer import (
    ANSWER_S,
    FILE,
    SHA,
    VISITOR_BYTES,
    HubError,
    _writing,
    check_name,
    chosen,
    commit,
    explain,
    split_name,
    tree,
    within,
)

ROOT = Path(__file__).resolve().parent.parent.parent
# What runs, and what its README shows; no tests, data, training or tools.
PARTS = ("app.py", "requirements.txt", "README.md", "README.zh-CN.md", "LICENSE", "aigc", "docs",
         "checkpoints", "films")  # fmt: skip
SUFFIXES = {".py", ".css", ".html", ".js", ".svg", ".png", ".webp"}
THUMBNAIL = "docs/screenshot.png"
ZERO_GPU_TORCH = "torch>=2.8,<2.12"  # what ZeroGPU has builds for


OURS = ("AIGC_HUB",)  # variables that a push sets; one that it does not is taken away


@dataclass(frozen=True)
class Space:
    """What a push would do."""

    repo: str
    files: dict[str, bytes]
    variables: dict[str, str]
    hardware: str | None

    def __str__(self) -> str:
        total = sum(len(content) for content in self.files.values())
        lines = [f"{len(content):>10,}  {path}" for path, content in sorted(self.files.items())]
        lines.append(f"{total:>10,}  bytes in {len(self.files)} files for the Space {self.repo}")
        lines += [f"variable {key}={value}" for key, value in self.variables.items()]
        lines += [f"no variable {key}" for key in OURS if key not in self.variables]
        if self.hardware:
            lines.append(f"hardware {self.hardware}")
        return "\n".join(lines)


def runs(root: Path = ROOT) -> dict[str, Path]:
    """Path in the Space -> the file, of everything that the app needs."""
    found: dict[str, Path] = {}
    for part in PARTS:
        path = root / part
        if path.is_file():
            found[part] = path
            continue
        for file in sorted(path.rglob("*")):
            name = file.relative_to(root).as_posix()
            if not file.is_file() or "__pycache__" in name or "/." in name:
                continue
            inside = name.split("/", 2)
            if part == "checkpoints":
                wanted = len(inside) == 3 and FILE.fullmatch(inside[2]) is not None
            elif part == "docs":
                wanted = file.suffix == ".png"
            elif part == "films":
                wanted = file.suffix in (".png", ".json")
            else:
                wanted = file.suffix in SUFFIXES
            if wanted:
                found[name] = file
    missing = {"app.py", "requirements.txt", "README.md"} - found.keys()
    if missing:
        raise HubError(f"{root} lacks {', '.join(sorted(missing))}; run this in a checkout")
    return found


def pinned(models: Sequence[str]) -> dict[str, list[str]]:
    """'OWNER/NAME@COMMIT' -> the files of each checkpoint. Asks the Hub, which commit a branch or
    tag is now, and what is in it. Raises HubError."""
    found: dict[str, list[str]] = {}
    for name in models:
        repo, revision = split_name(name)

        def ask(repo: str = repo, revision: str | None = revision) -> tuple[str, list[str]]:
            api = HfApi()
            try:
                sha = revision or ""
                if not SHA.fullmatch(sha):
                    sha = str(api.model_info(repo, revision=revision, timeout=ANSWER_S).sha)
                files = chosen(tree(api, repo, sha), repo, VISITOR_BYTES)
                return sha, [one.path for one in files]
            except Exception as error:  # see explain
                raise explain(error, repo, revision) from error

        sha, files = within(3 * ANSWER_S, repo, ask)
        found[f"{repo}@{sha}"] = files
    return found


def readme(text: str, repo: str, models: dict[str, list[str]], hardware: str | None) -> str:
    """The README with the front matter of this Space: its thumbnail, hardware, and the models that
    are there before the first start."""
    if not text.startswith("---\n"):
        raise HubError("README.md has no front matter; take the one of the repository")
    card = SpaceCard(text)
    card.data["thumbnail"] = f"{constants.ENDPOINT}/spaces/{repo}/resolve/main/{THUMBNAIL}"
    if hardware:
        card.data["suggested_hardware"] = hardware
    if models:
        card.data["models"] = [name.split("@")[0] for name in models]
        card.data["preload_from_hub"] = [
            f"{name.split('@')[0]} {','.join(files)} {name.split('@')[1]}"
            for name, files in models.items()
        ]
    return str(card)


def plan(
    repo: str, hardware: str | None = None, models: Sequence[str] = (), root: Path = ROOT
) -> Space:
    """What `publish` would upload and set. Asks the Hub only for `models`. Raises HubError."""
    check_name(repo)
    found = pinned(models)
    files = {name: path.read_bytes() for name, path in runs(root).items()}
    text = files["README.md"].decode()
    files["README.md"] = readme(text, repo, found, hardware).encode()
    if (hardware or "").startswith("zero"):
        lines = files["requirements.txt"].decode()
        files["requirements.txt"] = re.sub(
            r"^torch>=\S+", ZERO_GPU_TORCH, lines, flags=re.M
        ).encode()
    variables = {"AIGC_HUB": " ".join(found)} if found else {}
    return Space(repo, files, variables, hardware)


def publish(space: Space) -> str:
    """Create the Space, or make it what `space` says, in one commit; returns its address. What
    changed is sent, and files that are no longer part of the app are removed. Raises HubError."""
    api, repo = HfApi(), space.repo
    with _writing(repo):
        try:
            api.repo_info(repo, repo_type="space", timeout=ANSWER_S)
            there = True
        except RepositoryNotFoundError:
            there = False
        variables = [{"key": k, "value": v} for k, v in space.variables.items()]
        if not there:
            api.create_repo(
                repo, repo_type="space", space_sdk="gradio", exist_ok=True,
                space_hardware=space.hardware,  # type: ignore[arg-type]
                space_variables=variables or None,
            )  # fmt: skip
        else:
            for one in variables:
                api.add_space_variable(repo, one["key"], one["value"])
            # Or the Space would go on following models that were taken out.
            left = set(OURS) - space.variables.keys()
            for key in sorted(left & api.get_space_variables(repo).keys()) if left else ():
                api.delete_space_variable(repo, key)
            if space.hardware:
                api.request_space_hardware(repo, space.hardware)  # type: ignore[arg-type]
        ours = tuple(f"{part}/" for part in PARTS if "." not in part)
        commit(
            api, repo, "main", "The app of this commit of the repository", space.files,
            lambda path: path.startswith(ours), repo_type="space",
        )  # fmt: skip
    return f"{api.endpoint}/spaces/{repo}"
