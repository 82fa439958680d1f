"""Checkpoints on the Hugging Face Hub: the model card, push, and pull at a pinned revision."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, HfApi, ModelCardData, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from aigc import checkpoint
from aigc.checkpoint import CARD, CONFIG, METRICS, WEIGHTS, Checkpoint, CheckpointError

FILES = [CONFIG, WEIGHTS, METRICS, CARD, "samples.png", "snapshots/*.png", "snapshots/index.json"]
SHA = re.compile(r"[0-9a-f]{40}")

# What the Hub calls the data sets that this project knows by name: id, and words for the card.
DATASETS = {
    "mnist": ("ylecun/mnist", "MNIST, handwritten digits (LeCun, Cortes and Burges)"),
    "folder": ("", "a private folder of images"),
}
TITLES = {
    "gan": "a generative adversarial network",
    "vae": "a variational autoencoder",
    "attention": "a Transformer that draws images patch by patch",
    "classifier": "a small convolutional classifier",
}
LIMITS = {
    "gan": (
        "A GAN gives no likelihood: how much of the data it leaves out shows only in recall and "
        "coverage above."
    ),
    "vae": (
        "What it decodes is the mean of each pixel, so its pictures are smoother than the data; "
        "the likelihood above is of binarised images and not comparable with 8-bit figures."
    ),
    "attention": (
        "It draws one patch after another and cannot correct what is drawn; its attention maps "
        "show where it looked, which is no explanation of what it drew."
    ),
    "classifier": (
        "It knows nothing but its classes and gives any picture one of them, with no way to say "
        "that it is none. It is here to measure the other models of this project, not to read "
        "anybody's handwriting."
    ),
}


class HubError(CheckpointError):
    """One sentence: what the Hub, or the way to it, refused, and what to do."""


# The model card


def duration(seconds: float) -> str:
    """'45 s', '12 min' or '1 h 05 min'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def front_matter(shown: Checkpoint) -> str:
    """The YAML that the Hub reads, with every measured figure in its model-index."""
    makes = "sample" in shown.capabilities
    task = "unconditional-image-generation" if makes else "image-classification"
    hub_id, _ = DATASETS.get(shown.dataset, ("", ""))
    results = [
        EvalResult(
            task_type=task,
            dataset_type=hub_id or shown.dataset,
            dataset_name=shown.dataset,
            dataset_split="test",
            metric_type=key,
            metric_name=figure["name"],
            metric_value=figure["value"],
        )
        for key, figure in figures(shown)
    ]
    data = ModelCardData(
        model_name=shown.name,
        license="apache-2.0",
        library_name="aigc",
        pipeline_tag=task,
        tags=["aigc", shown.family, *shown.capabilities],
        datasets=[hub_id] if hub_id else None,
        eval_results=results or None,
    )
    return str(data.to_yaml())


def figures(shown: Checkpoint) -> list[tuple[str, dict[str, Any]]]:
    """The entries of metrics.json that are figures (see train/evaluate.py), in their order."""
    return [
        (key, figure)
        for key, figure in shown.metrics.items()
        if isinstance(figure, dict) and {"name", "value", "text"} <= figure.keys()
    ]


def snippet(shown: Checkpoint) -> str:
    """Three lines of Python that load this checkpoint and use it."""
    c, h, w = shown.media.shape
    load = f'model = checkpoint.load("{shown.name}").model  # the folder that this card lies in'
    if "sample" in shown.capabilities:
        label = f"{len(shown.labels) - 1}" if shown.labels else "None"
        means = f", all of class {shown.labels[-1]!r}" if shown.labels else ""
        return "\n".join((
            "from aigc import checkpoint, latent",
            load,
            f"images = model.sample(latent.generators(7, 16), [{label}] * 16)  "
            f"# (16, {c}, {h}, {w}) in [0, 1]{means}",
        ))  # fmt: skip
    return "\n".join((
        "import torch; from aigc import checkpoint",
        load,
        f"logits, features = model.classify(torch.rand(8, {c}, {h}, {w}))  # images in [0, 1]",
    ))  # fmt: skip


def figures_table(shown: Checkpoint) -> str:
    """Every figure with its yardstick, and under it how each was measured."""
    rows, notes = [], []
    for number, (_, figure) in enumerate(figures(shown), 1):
        reference = figure.get("reference_text", "")
        if reference:
            reference = f"{reference} ({figure.get('reference_name', '')})"
        worst = figure.get("worst")
        value = f"**{figure['text']}**"
        if isinstance(worst, dict):
            value += f", lowest for class {worst.get('label')}: {worst.get('text')}"
        rows.append(f"| {figure['name']} [{number}] | {value} | {reference} |")
        notes.append(f"{number}. {figure['name']}: {figure.get('protocol', '')}")
    measured = shown.metrics.get("evaluated", {})
    with_what = ", ".join(
        f"{word}{measured[key]}"
        for key, word in (("date", ""), ("machine", ""), ("torch", "torch "))
        if measured.get(key)
    )
    command = measured.get("command", "python -m train.evaluate CHECKPOINT --data DIR")
    return "\n".join((
        "| figure | value | reference |", "| --- | --- | --- |", *rows, "",
        "How each was measured:", "", *notes, "",
        f"All of them again: `{command}` ({with_what}).",
    ))  # fmt: skip


def card(shown: Checkpoint) -> str:
    """The model card of a loaded checkpoint: front matter and Markdown."""
    training = shown.training
    makes = "sample" in shown.capabilities
    _, data = DATASETS.get(shown.dataset, ("", ""))
    size = f"{shown.media.height}x{shown.media.width}"
    weights = sum(p.numel() for p in shown.model.parameters())
    kind = TITLES.get(shown.family, shown.family)
    colour = "grey" if shown.media.channels == 1 else "colour"
    parts = [f"# {shown.name}"]
    verb = "of" if makes else "for"
    what = f"This is {kind} {verb} {size} {colour} images, trained from nothing on "
    what += f"{data or shown.dataset}: {weights:,} weights"
    if shown.labels:
        names = ", ".join(shown.labels[:20]) + (" ..." if len(shown.labels) > 20 else "")
        what += f", {len(shown.labels)} classes ({names})"
    parts.append(what + ".")
    if shown.path is not None and (shown.path / "samples.png").exists():
        parts.append("![Samples of fixed seeds, a column a class](samples.png)")
        parts.append("Samples of fixed seeds, none chosen by hand, a column a class.")
    parts += ["## Use", f"```python\n{snippet(shown)}\n```"]
    if makes:
        able = ", ".join(shown.capabilities)
        parts.append(
            f"It can: {able}. The app shows it: `python app.py --checkpoints FOLDER`, where "
            f"FOLDER is the one that {shown.name} lies in."
        )
    if figures(shown):
        parts += ["## Figures", figures_table(shown)]
    parts += ["## Training", f"```\n{training.get('command', 'not recorded')}\n```"]
    rows = [
        ("data", data or shown.dataset),
        ("images seen", f"{training['images']:,}" if "images" in training else ""),
        ("steps", f"{training['steps']:,}" if "steps" in training else ""),
        ("wall time", duration(training["seconds"]) if "seconds" in training else ""),
        ("machine", training.get("machine", "")),
        ("date", training.get("date", "")),
        ("torch", training.get("torch", "")),
        ("code", f"commit {training['commit']}" if training.get("commit") else ""),
    ]
    listed = [f"| {name} | {value} |" for name, value in rows if value]
    parts.append("\n".join(("| | |", "| --- | --- |", *listed)))
    limits = [LIMITS[shown.family]] if shown.family in LIMITS else []
    if makes:
        limits.append(
            f"It knows {size} images like those of its training data and nothing else. Its "
            "pictures are made up: they are no record of anything real, no evidence, and no "
            "stand-in for real data in a measurement; say that they are generated where you "
            "show them."
        )
    parts += ["## Limits", " ".join(limits), "## License", "Apache-2.0."]
    return f"---\n{front_matter(shown).strip()}\n---\n" + "\n\n".join(parts) + "\n"


# The way to the Hub and back


def _explain(error: Exception, repo: str, revision: str | None = None) -> HubError:
    """The sentence for what a person can do about it. `error` may be anything: the Hub's client
    goes from one HTTP library to the next, each with connection errors of its own."""
    if isinstance(error, HFValidationError):
        return HubError(f"{repo!r} is no repository of the Hub; write OWNER/NAME")
    if isinstance(error, GatedRepoError):
        return HubError(f"{repo} is gated: ask for access on its page, then `hf auth login`")
    if isinstance(error, RepositoryNotFoundError):
        return HubError(
            f"{repo} is not on the Hub, or is private; check the name, or `hf auth login`"
        )
    if isinstance(error, RevisionNotFoundError):
        return HubError(f"{repo} has no revision {revision!r}; name a branch, a tag or a commit")
    if isinstance(error, OfflineModeIsEnabled):
        return HubError(f"{repo} is not on this machine and HF_HUB_OFFLINE is set; unset it")
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code if error.response is not None else "no"
        if status in (401, 403):
            return HubError(
                f"the Hub refuses {repo} ({status}); `hf auth login` with a token that may"
            )
        return HubError(f"the Hub answered {status} for {repo}; try again later")
    return HubError(
        f"the Hub cannot be reached for {repo} ({type(error).__name__}); check the network and "
        "try again"
    )


def pull(repo: str, revision: str | None = None) -> Checkpoint:
    """Download OWNER/NAME (or take it from the cache) and load it strictly.

    `revision` is a branch, a tag or a commit; the commit that it stands for is pinned first, so
    what is loaded is one commit, and `Checkpoint.revision` names it. A full commit hash that is in
    the cache needs no network. Raises HubError, or CheckpointError for what is in there.
    """
    try:
        sha = revision if revision and SHA.fullmatch(revision) else None
        if sha is None:
            sha = HfApi().model_info(repo, revision=revision, timeout=10).sha
        folder = snapshot_download(repo, revision=sha, allow_patterns=FILES)
    except Exception as error:  # see _explain
        raise _explain(error, repo, revision) from error
    name = repo.rpartition("/")[2]
    return checkpoint.load(Path(folder), name=name, source=repo, revision=str(sha))


def push(folder: Path, repo: str, private: bool = False) -> str:
    """Upload a checkpoint folder to OWNER/NAME in one commit, and return the address of that
    commit. The repository is made when it does not exist; a folder that does not load is not
    pushed. Raises HubError or CheckpointError."""
    loaded = checkpoint.load(folder)
    api = HfApi()
    try:
        api.create_repo(repo, private=private, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo,
            folder_path=folder,
            allow_patterns=FILES,
            commit_message=f"{loaded.name}: revision {loaded.revision}",
        )
    except Exception as error:  # see _explain
        raise _explain(error, repo) from error
    return str(commit.commit_url)
