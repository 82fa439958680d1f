"""The pieces that several tabs share, and what a tab hands to the shell."""

from __future__ import annotations

import functools
import inspect
import threading
from abc import ABCMeta
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, get_type_hints

import gradio as gr
from gradio.components.api_component import Api
from gradio_client.utils import python_type_to_json_schema

from aigc.checkpoint import Checkpoint
from aigc.film import Film
from aigc.ui import figures, languages, lessons, programs, texts
from aigc.ui.catalogue import ANY, Catalogue

# All model work takes turns: it shares the same few cores.
MODEL_WORK: dict[str, Any] = {"concurrency_id": "model", "concurrency_limit": 1}
# For what only reads files: it waits for no model, but does not crowd the others out.
PAGE_WORK: dict[str, Any] = {"concurrency_id": "page", "concurrency_limit": 4}
PRIVATE: dict[str, Any] = {"api_visibility": "private"}
# For events that say how far they are themselves, or not at all. Gradio brings the state of every
# component that was ever said to be in progress up to date with each message of any event, by
# copying what it holds: with all outputs among them, a message cost a page twice as much
# (docs/experiments.md).
UNSEEN: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": [], **PRIVATE}
# For what a choice makes: where one is made before the last was answered, it is answered next.
# By default Gradio drops what comes meanwhile, and a page would show something else than it says.
LATEST: dict[str, Any] = {"trigger_mode": "always_last"}
# For a button: who presses twice wants it once.
ONCE: dict[str, Any] = {"trigger_mode": "once"}
# For what is answered at once and needs no turn.
QUIET: dict[str, Any] = {"queue": False, **UNSEEN}
LATEX: list[dict[str, str | bool]] = [
    {"left": "$$", "right": "$$", "display": True},
    {"left": "$", "right": "$", "display": False},
]


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
    `checkpoint`, `revision` and every name in `settings` that the checkpoint has a use for."""
    link: gr.Button
    """A `link_button(ID)`."""
    readers: dict[str, Callable[[object], Any]] = field(default_factory=dict)
    """Checks for names in `settings` beyond `catalogue.READERS`."""
    offers: dict[str, Callable[[], list[Any]]] = field(default_factory=dict)
    """Names in `settings` beside `checkpoint` whose choices are checkpoints, and what they are
    now."""
    follow: dict[str, Any] | None = None
    """An event, as `run`, that fits the controls to what a link or the Hub chose."""
    fit: Callable[[str], dict[Any, Any]] = lambda name: {}
    """What else of the page, as it is at first, another checkpoint has otherwise."""
    also: tuple[dict[str, Any], ...] = ()
    """Further events, as `run`, for what else a link opens, one after the other once the first
    result stands."""


@dataclass(frozen=True)
class Panel:
    """A part of a tab that a visitor opens about its result."""

    settings: dict[str, Any]
    """What a link says of it, by name."""
    outputs: list[Any]
    """What the next result clears: two components, with '' and None."""
    also: dict[str, Any]
    """The event that opens what a link chose."""


def viewer(
    name: str, words: dict[str, str], styles: Sequence[str] = (), scripts: Sequence[str] = (),
    **options: Any,
) -> gr.HTML:  # fmt: skip
    """A component that a script of static/ draws: its template `name`.html with `words`, and its
    styles and scripts, name.css and name.js where none are listed."""
    return gr.HTML(
        {}, html_template=figures.template(f"{name}.html", words),
        css_template="".join(map(figures.read_static, styles or [f"{name}.css"])),
        js_on_load="".join(map(figures.read_static, scripts or [f"{name}.js"])),
        apply_default_css=False, **options,
    )  # fmt: skip


def made_box() -> gr.JSON:
    """The settings of the result on the page, where the browser reads them for the address."""
    return gr.JSON(visible="hidden")


def looks(tab: str, part: str) -> str:
    """The script by which a JSON component tells the address of `tab` what a `part` of its page
    shows: names among the page's settings, and their values. Wire it to `change`."""
    return f"(view) => aigc.look('{tab}', view || {{}}, '{part}')"


def link_button(tab: str) -> gr.Button:
    """Copies the address of the result on the page of `tab` (its ID); the shell wires it."""
    return gr.Button(texts.COPY_LINK, size="sm", elem_id=f"{tab}-link", elem_classes="pill link")


def labels(catalogue: Catalogue, checkpoint: str, capability: str) -> list[tuple[str, str]]:
    """The choices of a class chooser: what stands there, and what it means. '' for `checkpoint`
    while there is none."""
    names = catalogue.find(checkpoint, capability).labels if checkpoint else ()
    return [(texts.VALUES.get(ANY, ANY), ANY), *((name, name) for name in names)]


def _as_it_came(self: gr.Dropdown, payload: Any) -> Any:
    return payload


# A dropdown whose value comes as the page sent it. What it holds is checked, with a sentence, by
# whoever asked for it; Gradio's own check knows only the choices that some answer brought last,
# which may be those of another checkpoint by now. The metaclass is passed by, since it would write
# a .pyi file beside this module.
Choice: type[gr.Dropdown] = ABCMeta.__new__(
    type(gr.Dropdown), "Choice", (gr.Dropdown,),
    {"__module__": __name__, "preprocess": _as_it_came, "is_template": True},
)  # fmt: skip


def classes(choices: list[tuple[str, str]], value: str) -> gr.Dropdown:
    """A class chooser brought up to date; out of sight where there is nothing to choose."""
    return gr.Dropdown(choices=choices, value=value, visible=len(choices) > 1)


def chooser(catalogue: Catalogue, capability: str) -> gr.Dropdown:
    """Choose among the checkpoints with a capability; below it the card of the chosen one. Nothing
    is chosen while there is none."""

    def card(name: str) -> str:
        if not name:
            return ""
        chosen = catalogue.find(name, capability)
        if isinstance(chosen, Film):
            return figures.film_card(chosen)
        return figures.card(chosen) + lessons.expect(catalogue, chosen)

    first = catalogue.first(capability) or None
    box = Choice(
        catalogue.choices(capability), value=first, label=texts.CHECKPOINT,
        info=texts.CHECKPOINT_INFO, filterable=False,
    )  # fmt: skip
    below = gr.HTML(card(first or ""), js_on_load=None, elem_classes="card-of")
    box.change(spoken(card), box, below, **QUIET)
    return box


def follow_checkpoint(
    catalogue: Catalogue, capability: str, checkpoint: gr.Dropdown, boxes: list[gr.Dropdown]
) -> Any:
    """When a person chooses another checkpoint, its classes are offered, and the class that was
    chosen stays if it has it. Returns the event, for what comes `.then`."""

    def offer(name: str, *chosen: str) -> Any:
        choices = labels(catalogue, name, capability)
        known = {value for _, value in choices}
        updates = [classes(choices, c if c in known else ANY) for c in chosen]
        return updates if len(updates) > 1 else updates[0]

    return checkpoint.input(spoken(offer), [checkpoint, *boxes], boxes, **LATEST, **QUIET)


def typed(seeds: list[gr.Number], randomise: gr.Checkbox) -> None:
    """What a person writes into a box of a seed counts: `randomise`, the switch for a new seed each
    time, goes off, and Enter does what the button of the tab does."""
    for seed in seeds:
        seed.input(None, None, randomise, js="() => false", **PRIVATE)
        seed.submit(None, None, None, js="() => aigc.press()", **PRIVATE)


def about(
    catalogue: Catalogue, checkpoint: gr.Dropdown, capability: str,
    more: str | Callable[[Checkpoint], str] = "",
) -> None:  # fmt: skip
    """How the family of the chosen checkpoint works, folded; `more` is about the tab, or about what
    it shows of that checkpoint."""

    def text(name: str) -> str:
        chosen = catalogue.find(name, capability) if name else None
        if not isinstance(more, str):
            first = more(chosen) if chosen else ""
        else:
            first = more
        if not chosen:
            return first
        every = capability == "snapshots"  # where they can be looked at, those of all families
        films = lessons.pairs(catalogue, "" if every else chosen.family)
        return first + lessons.about(chosen) + films

    with gr.Accordion(texts.ABOUT_TITLE, open=False, elem_classes="about"):
        shown = gr.Markdown(text(checkpoint.value), latex_delimiters=LATEX)
    checkpoint.change(spoken(text), checkpoint, shown, **QUIET)


def spoken(fn: Callable[..., Any]) -> Callable[..., Any]:
    """`fn` as an event handler: it answers in the visitor's language, and a ValueError becomes
    the sentence that the person sees. Where `fn` yields what grows, it yields tuples."""

    if inspect.isgeneratorfunction(fn):

        @functools.wraps(fn)
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            language = languages.of_visitor()
            steps, told = fn(*args, **kwargs), _News()
            while True:
                texts.speak(language)  # each step may run in a thread of its own
                try:
                    value = next(steps)
                except StopIteration:
                    return
                except ValueError as error:
                    raise gr.Error(str(error), print_exception=False) from None
                yield told.of(value)

        return stream

    @functools.wraps(fn)
    def call(*args: Any, **kwargs: Any) -> Any:
        texts.speak(languages.of_visitor())
        try:
            return fn(*args, **kwargs)
        except ValueError as error:
            raise gr.Error(str(error), print_exception=False) from None

    return call


class _News:
    """What a result that grows says of each output that it has not said before: a page does again
    all that a message tells it to, and a slow one falls behind."""

    def __init__(self) -> None:
        self._told: dict[int, dict[str, Any]] = {}

    def of(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self._one(self._told.setdefault(i, {}), v) for i, v in enumerate(values))

    def _one(self, told: dict[str, Any], value: Any) -> Any:
        if isinstance(value, gr.blocks.Block):
            given = value.constructor_args
        elif isinstance(value, dict) and value.get("__type__") == "update":
            given = {name: one for name, one in value.items() if name != "__type__"}
        else:
            given = {"value": value}
        new = {n: one for n, one in given.items() if n not in told or told[n] != one}
        told.update(new)
        return gr.update(**new)


class Runs:
    """What runs for a page, by the session of the page: an event that is set when they want no
    more of it."""

    def __init__(self) -> None:
        self._now: dict[str | None, threading.Event] = {}

    @contextmanager
    def begin(self, request: gr.Request | None) -> Iterator[threading.Event]:
        """The event of what begins here, until it ends; what ran before for the page is dropped."""
        session = _session(request)
        self.drop(request)
        halted = self._now[session] = threading.Event()
        try:
            yield halted
        finally:
            if self._now.get(session) is halted:
                del self._now[session]

    def of(self, request: gr.Request | None) -> threading.Event | None:
        """The event of what runs now; None where nothing does, or it was dropped."""
        return self._now.get(_session(request))

    def halt(self, request: gr.Request | None) -> None:
        """They want no more: what is there so far is the result."""
        if halted := self.of(request):
            halted.set()

    def drop(self, request: gr.Request | None) -> None:
        """They want something else: it is halted, and its result goes nowhere."""
        self.halt(request)
        self._now.pop(_session(request), None)


def _session(request: gr.Request | None) -> str | None:
    return request.session_hash if request else None


_turns = threading.Lock()


def in_turn(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A short piece of model work for an event that is QUIET: such pieces take turns among
    themselves, and wait neither for the queue nor for what takes long there."""

    @functools.wraps(fn)
    def call(*args: Any) -> Any:
        with _turns:
            return fn(*args)

    return call


def endpoint(
    fn: Callable[..., Any], api_name: str, outputs: list[Any], about: str,
    work: dict[str, Any] = MODEL_WORK,
) -> None:  # fmt: skip
    """A public endpoint for `fn`, whose parameters all have defaults and stand in
    `programs.PARAMETERS`. Values come in as the client sent them: `fn` checks them itself, so that
    every mistake gets its own sentence. `work` says whose turns it takes."""
    hints = get_type_hints(fn)
    given = inspect.signature(fn).parameters
    inputs = [
        Api(p.default, python_type_to_json_schema(hints[p.name]), p.name) for p in given.values()
    ]
    call = spoken(fn)
    # By these MCP knows it.
    call.__name__, call.__doc__ = api_name, programs.described(about, list(given))
    gr.on(
        [], call, inputs, outputs,
        api_name=api_name, api_description=about, show_progress="hidden", **work,
    )  # fmt: skip
