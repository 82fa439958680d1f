"""What ships: the weights in checkpoints/ and the code that reads them still belong together.

A change of the code that fits any weights, positions counted another way for instance, passes every
test of tiny random models. Here each trained model has to come near a figure of its own card, on
pictures and texts that ship or that it draws now.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from aigc import checkpoint, latent
from aigc.checkpoint import Checkpoint
from aigc.models import FAMILIES

SHIPPED = Path(checkpoint.__file__).parent.parent / "checkpoints"
NAMES = sorted(path.parent.name for path in SHIPPED.glob(f"*/{checkpoint.CONFIG}"))
ROWS = 1  # of the shipped pictures whose likelihood is computed, ten pictures each
SHARE = 0.08  # how far a share of fifty samples may be from that of thousands
NATS = 0.25  # by which part the nats of a few samples may differ from those of the test data
# The same for the bits of pictures that a model drew itself: the better it knows real ones, the
# less likely are its own: greys that no real picture has leave it unsure of what follows.
OWN = 0.5
MODES = 200  # samples of a thousand classes
DRAWN = 4  # pictures that are drawn again where that takes a while


def load(name: str) -> Checkpoint:
    return checkpoint.load(SHIPPED / name)


def sheet(chosen: Checkpoint) -> tuple[torch.Tensor, list[int | None]]:
    """The pictures of samples.png, (N, C, H, W) in [0, 1], and the classes asked for."""
    media, path = chosen.media, SHIPPED / chosen.name / "samples.png"
    with Image.open(path) as image:
        pixels = torch.from_numpy(np.array(image)).float() / 255
    columns = image.width // media.width
    tiles = pixels.view(-1, media.height, columns, media.width, media.channels)
    pictures = tiles.permute(0, 2, 4, 1, 3).flatten(0, 1)
    return pictures, [i % columns if chosen.labels else None for i in range(len(pictures))]


def named(pictures: torch.Tensor, dataset: str) -> torch.Tensor:
    """What the classifier that ships for this data sees, (N,)."""
    judge = load(f"classifier-{dataset.removeprefix('stacked-')}")
    if dataset.startswith("stacked-"):
        judge = checkpoint.stacked(judge, 3)
    return judge.model.classify(pictures)[0].argmax(1)  # type: ignore[operator, no-any-return]


def of_classifier(chosen: Checkpoint) -> dict[str, float]:
    """On what the GAN of the same data makes, which shows what it is asked for."""
    pictures, wanted = sheet(load(f"gan-{chosen.dataset}"))
    seen = named(pictures, chosen.dataset)
    return {"accuracy": (seen == torch.tensor(wanted)).float().mean().item()}


def of_pictures(chosen: Checkpoint) -> dict[str, float]:
    """What the classifier sees in the pictures that ship, which are drawn again."""
    model: Any = chosen.model
    pictures, wanted = sheet(chosen)
    count = DRAWN if "draw" in chosen.capabilities else len(wanted)
    drawn = model.sample(latent.generators(0, len(wanted))[:count], wanted[:count])
    apart = (drawn - pictures[:count]).abs()
    if "draw" in chosen.capabilities:
        # Value by value: where rounding turns one, those behind it may be others, too.
        assert (apart < 0.5 / 255).float().mean() > 0.9
    else:
        assert apart.max() < 3 / 255  # half a step of rounding, and what float16 has lost
    if chosen.labels:
        right = named(pictures, chosen.dataset) == torch.tensor(wanted)
        return {"label_accuracy": right.float().mean().item()}
    if chosen.media.channels == 1:
        return {"classes_covered": len(named(pictures, chosen.dataset).unique()) / 10}
    drawn = model.sample(latent.generators(1, MODES), [None] * MODES)
    expected = 1000 * (1 - (1 - 1 / 1000) ** MODES)  # if all are as likely
    return {"classes_covered": len(named(drawn, chosen.dataset).unique()) / expected}


def of_bound(chosen: Checkpoint) -> dict[str, float]:
    """-ELBO and its parts, nats, of the pictures that ship."""
    model: Any = chosen.model
    pictures, wanted = sheet(chosen)
    ink = (torch.rand(pictures.shape, generator=latent.generator(1)) < pictures).float()
    found = {}
    for given in ("", "_given_class") if chosen.labels else ("",):
        told = torch.stack([model.condition(label if given else None) for label in wanted])
        with torch.inference_mode():
            nats, kl = model.elbo(ink, told, latent.generator(2))
        parts = {"reconstruction": nats.mean().item(), "kl": kl.sum(1).mean().item()}
        found |= {"negative_elbo" + given: sum(parts.values())} | ({} if given else parts)
    return found


def of_likelihood(chosen: Checkpoint) -> dict[str, float]:
    """Bits/dim of the pictures that ship, of every class."""
    model: Any = chosen.model
    pictures, wanted = (part[: 10 * ROWS] for part in sheet(chosen))
    bits = -model.log_prob(pictures, wanted) / (math.prod(chosen.media.shape) * math.log(2))
    return {"bits_per_dim_given_class": bits.mean().item()}


def of_texts(chosen: Checkpoint) -> dict[str, float]:
    """Nats of a character of the texts that the model wrote at the end of its training, and writes
    again, up to where rounding turns a character."""
    model: Any = chosen.model
    texts = checkpoint.snapshots(SHIPPED / chosen.name)[-1].texts
    labels = [i % len(chosen.labels) if chosen.labels else None for i in range(len(texts))]
    rows = [chosen.media.from_text(text)[None] for text in texts]
    nats = [model.text_nats(row, [label])[0] for row, label in zip(rows, labels)]
    again = map(chosen.media.to_text, model.sample(latent.generators(0, len(texts)), labels))
    same = [sum(a == b for a, b in zip(old, new)) / len(old) for old, new in zip(texts, again)]
    assert len(same) == 2 and sum(same) / 2 > 0.5
    return {"nats_per_character": torch.cat(nats).mean().item()}


def measured(chosen: Checkpoint) -> dict[str, float]:
    """Figures of the card, measured on little."""
    found: dict[str, float] = {}
    if "classify" in chosen.capabilities:
        found |= of_classifier(chosen)
    if hasattr(chosen.model, "elbo"):
        found |= of_bound(chosen)
    if hasattr(chosen.model, "log_prob"):
        found |= of_likelihood(chosen)
    if hasattr(chosen.model, "text_nats"):
        found |= of_texts(chosen)  # which no classifier judges
    elif "sample" in chosen.capabilities:
        found |= of_pictures(chosen)
    return found


def test_there_is_something_to_look_at() -> None:
    assert len(NAMES) >= 15
    found = {
        json.loads((SHIPPED / name / checkpoint.CONFIG).read_text())["family"] for name in NAMES
    }
    assert found == set(FAMILIES)


@pytest.mark.parametrize("name", NAMES)
def test_weights_and_code_come_to_the_figures_of_the_card(name: str) -> None:
    chosen = load(name)
    found = measured(chosen)
    assert found  # whatever ships is measured somehow
    for key, value in found.items():
        card = chosen.metrics[key]["value"]
        share = chosen.metrics[key]["better"] == "higher"
        part = OWN if key == "bits_per_dim_given_class" else NATS
        assert value == pytest.approx(card, abs=SHARE if share else part * card), key
