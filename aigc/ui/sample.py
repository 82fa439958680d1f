"""Pictures from nothing but a seed."""

from __future__ import annotations

import base64
import io
from typing import Any

import gradio as gr

from aigc import latent
from aigc.ui import parts
from aigc.ui.catalogue import (
    ANY, Catalogue, read_count, read_label, read_seed, read_temperature,
)  # fmt: skip

ID = "sample"
TITLE = "Sample"
NEEDS = "sample"


def make(
    catalogue: Catalogue, checkpoint: str, count: int, seed: int, label: str, temperature: float
) -> tuple[str, dict[str, Any]]:
    chosen = catalogue.find(checkpoint, NEEDS)
    count, seed = read_count(count), read_seed(seed)
    label, temperature = read_label(chosen, label), read_temperature(temperature)
    images = chosen.model.sample(
        latent.generators(seed, count), [chosen.label_index(label)] * count, temperature
    )
    buffer = io.BytesIO()
    chosen.media.grid(images, 8).save(buffer, "PNG")
    url = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    made = {
        "checkpoint": chosen.name, "revision": chosen.revision, "count": count, "seed": seed,
        "label": label, "temperature": temperature,
    }  # fmt: skip
    return f'<img src="{url}" style="image-rendering:pixelated;width:100%">', made


def build(catalogue: Catalogue) -> parts.Page:
    names = parts.choices(catalogue, NEEDS)
    labels = [ANY, *catalogue.find(names[0], NEEDS).labels]
    with gr.Row():
        with gr.Column(scale=1):
            checkpoint = gr.Dropdown(names, value=names[0], label="Checkpoint")
            label = gr.Dropdown(labels, value=ANY, label="Class")
            count = gr.Slider(1, 64, 16, step=1, label="Count")
            seed = gr.Number(0, label="Seed", precision=0)
            temperature = gr.Slider(0, 2, 1, step=0.05, label="Temperature")
            button = gr.Button("Sample", variant="primary")
        with gr.Column(scale=2):
            gallery = gr.HTML()
            link = parts.link_button()
            made = parts.made_box()
    settings = {
        "checkpoint": checkpoint, "count": count, "seed": seed, "label": label,
        "temperature": temperature,
    }  # fmt: skip

    def run(
        checkpoint: str, count: int, seed: int, label: str, temperature: float
    ) -> tuple[str, dict[str, Any]]:
        return make(catalogue, checkpoint, count, seed, label, temperature)

    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()), "outputs": [gallery, made],
        "api_visibility": "private", "show_progress": "minimal", **parts.MODEL_WORK,
    }  # fmt: skip
    button.click(**event)
    return parts.Page(settings, event, made, link)
