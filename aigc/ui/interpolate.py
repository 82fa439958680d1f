"""The way from one picture to another through a latent space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import drawing as code
from aigc.ui import figures, films, kinds, parts, pictures, served, texts
from aigc.ui.catalogue import (
    ANY,
    MAX_STEPS,
    Catalogue,
    read_frame,
    read_label,
    read_path,
    read_seed,
    read_steps,
)  # fmt: skip

ID = "interpolate"
NEEDS = "decode"


@dataclass(frozen=True)
class End:
    """A checked end: a seed and a class, or a picture of that class, (C, H, W) in [0, 1]."""

    seed: int
    label: str
    picture: Tensor | None = None


@dataclass(frozen=True)
class Wish:
    """A checked request."""

    checkpoint: Checkpoint
    ends: tuple[End, End]
    steps: int
    path: str

    @property
    def made(self) -> dict[str, Any]:
        """The settings of the result, by the names of the endpoint; a picture stands in place of
        its seed."""
        made: dict[str, Any] = {
            "checkpoint": self.checkpoint.name,
            "revision": self.checkpoint.revision,
        }
        for name, end in zip("ab", self.ends):
            if end.picture is None:
                made[f"seed_{name}"] = end.seed
            else:
                made[f"picture_{name}"] = pictures.pack(self.checkpoint.media, end.picture)
            made[f"label_{name}"] = end.label
        return {**made, "steps": self.steps, "path": self.path}


def read(
    catalogue: Catalogue, checkpoint: object, seed_a: object, label_a: object, seed_b: object,
    label_b: object, steps: object, path: object, picture_a: object = None,
    picture_b: object = None,
) -> Wish:  # fmt: skip
    """Check everything. Raises ValueError with one sentence."""
    chosen = catalogue.find(checkpoint, NEEDS)
    given = [pictures.prepared(chosen.media, picture) for picture in (picture_a, picture_b)]
    ends = (
        End(read_seed(seed_a), read_label(chosen, label_a), given[0]),
        End(read_seed(seed_b), read_label(chosen, label_b), given[1]),
    )
    if any(one is not None for one in given) and "encode" not in chosen.capabilities:
        raise ValueError(texts.NO_ENCODER.format(name=chosen.name))
    return Wish(chosen, ends, read_steps(steps), read_path(path))


def place(checkpoint: Checkpoint, end: End) -> tuple[Tensor, Tensor]:
    """The latent (L,) and the condition (K,) of an end. A seed's is that of the first picture of
    Sample; a picture's is the mean of its posterior."""
    model: Any = checkpoint.model
    index = checkpoint.label_index(end.label)
    if end.picture is None:
        return model.prior(latent.generator(end.seed), index)
    condition = model.condition(index)
    mean, _ = model.encode(end.picture[None], condition[None])
    return mean[0], condition


def walk(wish: Wish, kind: str) -> tuple[Tensor, Tensor]:
    """The way along path `kind`: frames (steps, C, H, W) in [0, 1], and the length of the latent
    at each, (steps,)."""
    with torch.inference_mode():
        ends = [place(wish.checkpoint, end) for end in wish.ends]
        latents, conditions = latent.path(ends, wish.steps, kind)
        made = wish.checkpoint.model.decode(latents, conditions)  # type: ignore[operator]
    return made, latents.norm(dim=1)


def frames(wish: Wish) -> Tensor:
    """(steps, C, H, W) in [0, 1]."""
    return walk(wish, wish.path)[0]


def comparison(wish: Wish) -> str:
    """The other path between the same ends, and how long the latent is along both."""
    (other,) = [kind for kind in latent.PATHS if kind != wish.path]
    pictures, _ = walk(wish, other)
    lengths = {kind: walk(wish, kind)[1].tolist() for kind in latent.PATHS}
    model: Any = wish.checkpoint.model
    priors = torch.stack([model.prior(g, None)[0] for g in latent.generators(0, 64)])  # (64, L)
    return figures.comparison(
        wish.checkpoint.media, pictures, texts.PATHS[other], lengths,
        texts.LENGTHS.format(
            low=f"{min(lengths['lerp']):.1f}", at=f"{min(lengths['slerp']):.1f}",
            typical=f"{priors.norm(dim=1).mean():.1f}", dimensions=priors.shape[1],
        ),
    )  # fmt: skip


def page(wish: Wish, made_frames: Tensor, first: int = 1) -> str:
    """The player, which stands at frame `first`, and the settings under it."""
    media = wish.checkpoint.media
    shown = figures.player(media, made_frames, first=first)
    shown += kinds.of(wish.checkpoint).walk(media, made_frames)
    return shown + figures.chips(wish.made, wish.checkpoint)


def film_of(wish: Wish, made_frames: Tensor) -> films.Film:
    """The walk, to be saved."""
    ends = "-".join(str(end.seed) if end.picture is None else "picture" for end in wish.ends)
    name = f"{wish.checkpoint.name}-{ends}-{wish.path}"
    return films.Film(wish.checkpoint.media, made_frames, name, ID, wish.made)


def build(catalogue: Catalogue) -> parts.Page:
    default = catalogue.first(NEEDS)

    def interpolate(
        checkpoint: str = default, seed_a: int = 0, label_a: str = ANY, seed_b: int = 1,
        label_b: str = ANY, steps: int = 16, path: str = "slerp", format: str = "webp",
    ) -> tuple[list[Any], str, dict[str, Any]]:  # fmt: skip
        kind = films.read_kind(format)
        wish = read(catalogue, checkpoint, seed_a, label_a, seed_b, label_b, steps, path)
        media, result = wish.checkpoint.media, frames(wish)
        film = film_of(wish, result)
        file = served.keep(films.encode(film, kind), films.name_of(film, kind))
        settings = {{"path": "path_kind"}.get(name, name): v for name, v in wish.made.items()}
        pieces = served.pictures((media.to_pil(frame) for frame in result), ID, wish.made)
        return pieces, file, settings

    def run(
        checkpoint: str, seed_a: int, label_a: str, seed_b: int, label_b: str, steps: int,
        path: str, picture_a: str, picture_b: str, frame: str = "", _randomise: bool = False,
    ) -> tuple[Any, ...]:  # fmt: skip
        if not encodes(checkpoint):
            picture_a = picture_b = ""  # the pads are out of sight
        wish = read(
            catalogue, checkpoint, seed_a, label_a, seed_b, label_b, steps, path, picture_a,
            picture_b,
        )  # fmt: skip
        at = read_frame(frame) if frame else 1
        shown = page(wish, frames(wish), at) + comparison(wish)
        made_at = wish.made | ({"frame": at} if at > 1 else {})
        return shown, made_at, wish.ends[0].seed, wish.ends[1].seed, ""

    def film(view: dict[str, Any], *pads: str) -> films.Film:
        """Of what the address says; a picture that is too large for it comes from its pad."""
        known = {"seed_a": 0, "seed_b": 0, **view}  # an end that is a picture has no seed
        names = ("checkpoint", "seed_a", "label_a", "seed_b", "label_b", "steps", "path")
        ends = [
            pad if known.get(name) == pictures.GIVEN else known.get(name, "")
            for name, pad in zip(("picture_a", "picture_b"), pads)
        ]
        wish = read(catalogue, *(known.get(name) for name in names), *ends)
        return film_of(wish, frames(wish))

    def encodes(name: str) -> bool:
        return bool(name) and "encode" in catalogue.find(name, NEEDS).capabilities

    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=280, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            classes = parts.labels(catalogue, checkpoint.value, NEEDS)
            with gr.Row(elem_classes="pair"):
                with gr.Group():
                    label_a = parts.Choice(
                        classes, value=ANY, label=f"{texts.END_A}: {texts.CLASS}", min_width=100
                    )
                    seed_a = gr.Number(0, label=texts.SEED, precision=0, min_width=100)
                with gr.Group():
                    label_b = parts.Choice(
                        classes, value=ANY, label=f"{texts.END_B}: {texts.CLASS}", min_width=100
                    )
                    seed_b = gr.Number(1, label=texts.SEED, precision=0, min_width=100)
            with gr.Accordion(
                texts.PICTURE, open=False, visible=encodes(checkpoint.value)
            ) as drawing:  # fmt: skip
                with gr.Row(elem_classes="pair"):
                    picture_a = pictures.pad(texts.END_A, min_width=120)
                    picture_b = pictures.pad(texts.END_B, min_width=120)
            with gr.Group():
                steps = gr.Slider(2, MAX_STEPS, 16, step=1, label=texts.STEPS)
                path = gr.Radio(
                    [(texts.PATHS[name], name) for name in latent.PATHS], value="slerp",
                    label=texts.PATH, info=texts.PATH_INFO,
                )  # fmt: skip
                randomise = gr.Checkbox(True, label=texts.RANDOMISE, container=True)
            button = gr.Button(texts.INTERPOLATE, variant="primary", size="lg")
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            player = gr.HTML(figures.waiting(), js_on_load=None, elem_classes="film")
            with gr.Row(elem_classes="actions"):
                films.buttons(film, ID, [picture_a, picture_b])
                link = parts.link_button(ID)
            made = parts.made_box()
    explorer = code.build(catalogue, checkpoint, encodes(checkpoint.value), ID)
    parts.about(catalogue, checkpoint, NEEDS, texts.ABOUT_INTERPOLATE)

    settings = {
        "checkpoint": checkpoint, "seed_a": seed_a, "label_a": label_a, "seed_b": seed_b,
        "label_b": label_b, "steps": steps, "path": path,
    }  # fmt: skip
    given = {"picture_a": picture_a, "picture_b": picture_b}
    frame = gr.Textbox("", visible=False)  # a link says through this where the player stands
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": [*settings.values(), *given.values(), frame],
        "outputs": [player, made, seed_a, seed_b, frame], "show_progress": "minimal",
        "show_progress_on": player, **parts.LATEST, **parts.PRIVATE, **parts.MODEL_WORK,
    }  # fmt: skip
    new_seeds = (
        "(c, a, la, b, lb, s, p, pa, pb, f, again) => "
        "[c, again ? aigc.seed() : a, la, again ? aigc.seed() : b, lb, s, p, pa, pb, f, again]"
    )
    button.click(**{
        **event, **parts.ONCE, "inputs": [*event["inputs"], randomise], "js": new_seeds,
    })  # fmt: skip
    parts.typed([seed_a, seed_b], randomise)
    checkpoint.change(
        parts.spoken(lambda name: gr.Accordion(visible=encodes(name))), checkpoint, drawing,
        **parts.QUIET,
    )  # fmt: skip
    parts.follow_checkpoint(catalogue, NEEDS, checkpoint, [label_a, label_b]).then(**event)
    animation = gr.File(visible=False, label="animation")
    parts.endpoint(
        interpolate, "interpolate",
        [gr.Gallery(visible=False, label="frames"), animation,
         gr.JSON(visible=False, label="settings")],
        # gradio_client takes every object with a text under "path" for a file to download.
        "The frames between two pictures, the walk there and back as a file (format: webp, gif or "
        "mp4), and the settings that made them (the path is under path_kind).",
    )  # fmt: skip
    return parts.Page(
        {**settings, **given, "frame": frame, **explorer.settings}, event, made, link,
        {**dict.fromkeys(given, pictures.read_packed), "frame": read_frame, **explorer.readers},
        also=(explorer.opening,),
    )  # fmt: skip
