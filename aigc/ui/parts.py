"""The pieces that several tabs share, and what a tab hands to the shell."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
from gradio.components.api_component import Api

from aigc.ui.catalogue import Catalogue

MODEL_WORK = {"concurrency_id": "model", "concurrency_limit": 1}


@dataclass(frozen=True)
class Page:
    """What the shell needs of a tab for links and for the first result."""

    settings: dict[str, Any]
    """Endpoint parameter name -> the component that holds it; a link fills these. `checkpoint`
    comes first, a label is a dropdown whose choices the shell sets for the checkpoint."""
    run: dict[str, Any]
    """`fn`, `inputs`, `outputs` and further keywords of the event that makes the result."""
    made: gr.JSON
    """A `made_box()` among the outputs of `run`: the settings of the result on the page, with
    `checkpoint`, `revision` and every name in `settings`."""
    link: gr.Button
    """A `link_button()`."""
    readers: dict[str, Callable[[object], Any]] = field(default_factory=dict)
    """Checks for names in `settings` beyond `catalogue.READERS`."""


def made_box() -> gr.JSON:
    """The settings of the result on the page, where the browser reads them for the address."""
    return gr.JSON(visible="hidden")


def link_button() -> gr.Button:
    """Copies the address of the result on the page; the shell wires it."""
    return gr.Button("Copy link", size="sm", min_width=110)


def choices(catalogue: Catalogue, capability: str) -> list[str]:
    """The names in a checkpoint chooser."""
    return [checkpoint.name for checkpoint in catalogue.able(capability)]


def spoken(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` as an event handler: a ValueError becomes the sentence that the person sees."""

    if inspect.isgeneratorfunction(fn):

        @functools.wraps(fn)
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                yield from fn(*args, **kwargs)
            except ValueError as error:
                raise gr.Error(str(error), print_exception=False) from None

        return stream

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return fn(*args, **kwargs)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return call


def endpoint(fn: Callable[..., Any], api_name: str, outputs: list[Any], about: str) -> None:
    """A public endpoint for `fn`, whose parameters all have defaults. Values come in as the
    client sent them: `fn` checks them itself, so that every mistake gets its own sentence."""
    parameters = inspect.signature(fn).parameters.values()
    inputs = [Api(p.default, {"type": {}, "description": "see the description"}, p.name)
              for p in parameters]  # fmt: skip
    gr.on(
        [], spoken(fn), inputs, outputs,
        api_name=api_name, api_description=about, show_progress="hidden", **MODEL_WORK,
    )  # fmt: skip
