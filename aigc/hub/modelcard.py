"""The model card: what the Hub reads of a checkpoint, and what a person should know of it."""

from __future__ import annotations

from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from aigc.checkpoint import Checkpoint

# What the Hub calls the data sets that this project knows by name: id, and words for the card.
DATASETS = {
    "mnist": ("ylecun/mnist", "MNIST, handwritten digits (LeCun, Cortes and Burges)"),
    "stacked-mnist": (
        "ylecun/mnist",
        "three digits of MNIST in the three colours of a picture, 1000 modes",
    ),
    "moving-mnist": ("ylecun/mnist", "30,000 digits of MNIST that move"),
    "notes": ("", "20,000 single notes by formula (aigc/notes.py)"),
    "folder": ("", "a private folder of images"),
    "sounds": ("", "a private folder of sounds"),
    "shakespeare": ("karpathy/tiny_shakespeare", "tiny Shakespeare, 1,115,394 characters"),
    "tang": ("", "regulated verse of the complete Tang poems (chinese-poetry/chinese-poetry)"),
    "text": ("", "a private text"),
}
TITLES = {
    "gan": "a generative adversarial network",
    "vae": "a variational autoencoder",
    "ladder": "a variational autoencoder whose latent has levels",
    "attention": "a Transformer that draws images patch by patch",
    "language": "a Transformer that writes character by character",
    "classifier": "a small convolutional classifier",
}
# What holds for every checkpoint of a family; `limits` adds what depends on its figures and config.
LIMITS = {
    "vae": "What it decodes is the mean of each pixel, so its pictures are smoother than the data",
    "ladder": (
        "What it decodes is the mean of each pixel, so its pictures are smoother than the data"
    ),
    "attention": (
        "It draws one patch after another and cannot correct what is drawn; its attention maps "
        "show where it looked, which is no explanation of what it drew."
    ),
    "language": (
        "It has read one small text and knows words by their letters alone: what it writes sounds "
        "like that text and means nothing."
    ),
    "classifier": (
        "It knows nothing but its classes and gives any picture one of them, with no way to say "
        "that it is none. It is here to measure the other models of this project, not to read "
        "anybody's handwriting."
    ),
}


# Of a VAE by its likelihood: with what its figures, where there are some, cannot be compared.
NATS = {
    "bernoulli": "of binarised images and not comparable with 8-bit figures",
    "gaussian": "a density over values in [0, 1] and not comparable with those of 8-bit values",
}


def duration(seconds: float) -> str:
    """'45 s', '12 min' or '1 h 05 min'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def begun(started: object) -> str:
    """The checkpoint whose weights a run began with, and what that one began with in turn; nothing
    for a run that began with none."""
    if not isinstance(started, dict):
        return ""
    name, revision, images, command = (
        started.get(key, "?") for key in ("name", "revision", "images", "command")
    )
    seen = f"{images:,}" if isinstance(images, int) else images
    said = f"{name} {revision}, which had seen {seen} and came from `{command}`"
    before = begun(started.get("started"))
    return f"{said}, begun with {before}" if before else said


def front_matter(shown: Checkpoint) -> str:
    """The YAML that the Hub reads, with every measured figure in its model-index."""
    makes = "sample" in shown.capabilities
    task = "unconditional-image-generation" if makes else "image-classification"
    task = "text-generation" if shown.media.kind == "text" else task
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


def snippet(shown: Checkpoint, repo: str = "") -> str:
    """Three lines of Python that load this checkpoint, from `repo` on the Hub or from the folder
    that the card lies in, and use it."""
    module = "hub" if repo else "checkpoint"
    load = (
        f'model = hub.pull("{repo}").model'
        if repo
        else f'model = checkpoint.load("{shown.name}").model  # the folder that this card lies in'
    )
    if shown.media.kind == "text":
        return "\n".join((
            f"from aigc import {module}, latent",
            load.replace("model = ", "writer = ").replace(").model", ")"),
            "text = writer.media.to_text(writer.model.sample([latent.generator(7)], [None])[0])",
        ))  # fmt: skip
    if shown.media.kind == "sound" and "sample" in shown.capabilities:
        seconds = f"(4, {shown.media.samples}) in [-1, 1], {shown.media.rate} a second"
        return "\n".join((
            f"from aigc import {module}, latent",
            load.replace("model = ", "maker = ").replace(").model", ")"),
            "spectra = maker.model.sample(latent.generators(7, 4), [None] * 4)",
            f"sounds = maker.media.to_waves(spectra)  # {seconds}",
        ))  # fmt: skip
    c, h, w = shown.media.shape
    if "sample" in shown.capabilities:
        label = f"{len(shown.labels) - 1}" if shown.labels else "None"
        means = f", all of class {shown.labels[-1]!r}" if shown.labels else ""
        return "\n".join((
            f"from aigc import {module}, latent",
            load,
            f"images = model.sample(latent.generators(7, 16), [{label}] * 16)  "
            f"# (16, {c}, {h}, {w}) in [0, 1]{means}",
        ))  # fmt: skip
    return "\n".join((
        f"import torch; from aigc import {module}",
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


def limits(shown: Checkpoint) -> list[str]:
    """What a reader must not take this checkpoint for, a sentence each: it speaks of figures only
    where the card has them."""
    there = {key for key, _ in figures(shown)}
    said = LIMITS.get(shown.family, "")
    if shown.family == "gan":
        shows = "shows only in recall and coverage above"
        if not {"recall", "coverage"} <= there:
            shows = "would show only in recall and coverage, which this card does not have"
        said = f"A GAN gives no likelihood: how much of the data it leaves out {shows}."
    elif shown.family in ("vae", "ladder"):
        config: Any = shown.model.config
        unlike = NATS.get(config.likelihood)
        if getattr(config, "window", 0):
            said = (
                "A pixel is decoded as its mean in the light of the means before it, which is not "
                "the mean of all pictures that the latent leaves open"
            )
        if unlike and "negative_elbo" in there:
            said += f"; the likelihood above is {unlike}"
        said += "."
        if not shown.labels:
            said += " It was trained without classes and cannot be asked for one."
    return [said] if said else []


def card(shown: Checkpoint, repo: str = "") -> str:
    """The model card of a loaded checkpoint: front matter and Markdown. With `repo`, the one that
    is pushed there: it loads from the Hub."""
    training = shown.training
    makes = "sample" in shown.capabilities
    _, data = DATASETS.get(shown.dataset, ("", ""))
    text = shown.media.kind == "text"
    weights = sum(p.numel() for p in shown.model.parameters())
    kind = TITLES.get(shown.family, shown.family)
    if text:
        things = f"text of {len(shown.media.symbols) - 1} different characters, "
        things += f"{shown.media.length} at a time"
    elif shown.media.kind == "sound":
        things = f"sounds of {shown.media.samples / shown.media.rate:.2f} s, as pictures of their "
        things += f"spectra, {shown.media.height}x{shown.media.width}"
    elif shown.media.kind == "video":
        frame = shown.media.frame
        things = f"videos of {shown.media.rows * shown.media.columns} frames of {frame.height}x"
        things += f"{frame.width}, as sheets of {shown.media.rows} rows"
    else:
        colour = "grey" if shown.media.channels == 1 else "colour"
        things = f"{shown.media.height}x{shown.media.width} {colour} images"
    parts = [f"# {shown.name}"]
    verb = "of" if makes else "for"
    started = training.get("started")
    how = "trained from nothing on"
    if isinstance(started, dict):
        name, revision = (started.get(key, "?") for key in ("name", "revision"))
        how = f"begun with the weights of {name} {revision} and trained on with"
    what = f"This is {kind} {verb} {things}, {how} {data or shown.dataset}: {weights:,} weights"
    if shown.labels:
        names = ", ".join(shown.labels[:20]) + (" ..." if len(shown.labels) > 20 else "")
        what += f", {len(shown.labels)} classes ({names})"
    if window := getattr(shown.model.config, "window", 0):
        what += f". Each pixel also sees those before it, up to {window} rows and columns away"
    parts.append(what + ".")
    if shown.path is not None and (shown.path / "samples.png").exists():
        columns = ", a column a class" if shown.labels else ""
        parts.append(f"![Samples of fixed seeds{columns}](samples.png)")
        parts.append(f"Samples of fixed seeds, none chosen by hand{columns}.")
    parts += ["## Use", f"```python\n{snippet(shown, repo)}\n```"]
    if makes:
        able = ", ".join(shown.capabilities)
        opens = (
            f"`python app.py --hub {repo}`."
            if repo
            else "`python app.py --checkpoints FOLDER`, where "
            f"FOLDER is the one that {shown.name} lies in."
        )
        parts.append(f"It can: {able}. The app shows it: {opens}")
    if figures(shown):
        parts += ["## Figures", figures_table(shown)]
    parts += ["## Training", f"```\n{training.get('command', 'not recorded')}\n```"]
    rows = [
        ("data", data or shown.dataset),
        (
            "texts seen" if text else "images seen",
            f"{training['images']:,}" if "images" in training else "",
        ),
        ("begun with", begun(started)),
        ("resumed", training.get("resumed", "")),
        ("steps", f"{training['steps']:,}" if "steps" in training else ""),
        ("wall time", duration(training["seconds"]) if "seconds" in training else ""),
        ("machine", training.get("machine", "")),
        ("date", training.get("date", "")),
        ("torch", training.get("torch", "")),
        ("code", f"commit {training['commit']}" if training.get("commit") else ""),
    ]
    listed = [f"| {name} | {value} |" for name, value in rows if value]
    parts.append("\n".join(("| | |", "| --- | --- |", *listed)))
    told = limits(shown)
    if makes:
        told.append(
            f"It knows {things} like those of its training data and nothing else. What it makes "
            "is made up: no record of anything real, no evidence, and no stand-in for real data "
            "in a measurement; say that it is generated where you show it."
        )
    parts += ["## Limits", " ".join(told), "## License", "Apache-2.0."]
    return f"---\n{front_matter(shown).strip()}\n---\n" + "\n\n".join(parts) + "\n"
