"""The pages of the app: `build()` makes them from the checkpoints that are there.

TABS is a plain list of modules. A tab is a module with

    ID      its name in links, "sample"
    TITLE   what the visitor reads, "Sample"
    NEEDS   the capability that its checkpoints have, "sample" (see aigc.models)
    build(catalogue) -> parts.Page

`build` is called inside its gr.Tab, only when some checkpoint has the capability; it lays out
the components, wires its own events (api_visibility="private", **parts.MODEL_WORK for whatever
runs a model), adds its public endpoint with `parts.endpoint`, and returns the Page, by which the
shell fills the settings from a link, makes the first result, and copies links. Handlers are
plain functions above `build`: they take the catalogue first, are tested without Gradio, and
raise ValueError with one sentence (`parts.spoken` shows it).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from aigc import checkpoint
from aigc.ui import sample
from aigc.ui.catalogue import ANY, Catalogue, read_link
from aigc.ui.parts import Page

TABS = [sample]

STATIC = Path(__file__).parent / "static"


def follow(
    catalogue: Catalogue, pages: dict[str, Page], needs: dict[str, str], query: dict[str, str]
) -> tuple[str, dict[str, Any], list[str]]:
    """A link's query -> the tab that it opens, that tab's settings, what was ignored."""
    tab = query.get("tab", "")
    first = next(iter(pages))
    if tab not in pages:
        ignored = [f"There is no tab {tab[:40]!r}."] if tab else []
        return first, {}, ignored
    page = pages[tab]
    values, ignored = read_link(catalogue, needs[tab], list(page.settings), query, page.readers)
    return tab, values, ignored


def build(folder: Path) -> gr.Blocks:
    """The app on the checkpoints under `folder`."""
    catalogue = Catalogue(*checkpoint.scan(folder))
    pages: dict[str, Page] = {}
    with gr.Blocks(title="AIGC", analytics_enabled=False, delete_cache=(3600, 3600)) as demo:
        notice = gr.Markdown(visible=False)
        with gr.Tabs() as tabs:
            items = {}
            for module in TABS:
                with gr.Tab(module.TITLE, id=module.ID) as items[module.ID]:
                    if catalogue.able(module.NEEDS):
                        pages[module.ID] = module.build(catalogue)
                    else:
                        gr.Markdown(f"No checkpoint here has the capability *{module.NEEDS}*.")
        if pages:
            _wire(demo, catalogue, tabs, items, pages, notice)
    return demo


def _wire(
    demo: gr.Blocks, catalogue: Catalogue, tabs: gr.Tabs, items: dict[str, gr.Tab],
    pages: dict[str, Page], notice: gr.Markdown,
) -> None:  # fmt: skip
    needs = {module.ID: module.NEEDS for module in TABS}
    starts = {name: gr.State(0) for name in pages}

    def opened(request: gr.Request) -> dict[Any, Any]:
        tab, values, ignored = follow(catalogue, pages, needs, dict(request.query_params))
        updates: dict[Any, Any] = {tabs: gr.Tabs(selected=tab), starts[tab]: 2}
        chosen = values.get("checkpoint", catalogue.able(needs[tab])[0].name)
        labels = [ANY, *catalogue.find(chosen, needs[tab]).labels]
        for name, component in pages[tab].settings.items():
            if name.startswith("label"):
                updates[component] = gr.Dropdown(choices=labels, value=values.get(name, ANY))
            elif name in values:
                updates[component] = gr.update(value=values[name])
        text = "Opened without what the link has wrong. " + " ".join(ignored)
        updates[notice] = gr.Markdown(text if ignored else "", visible=bool(ignored))
        return updates

    settings = [c for page in pages.values() for c in page.settings.values()]
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    demo.load(opened, None, [tabs, notice, *starts.values(), *settings], queue=False, **private)
    for name, page in pages.items():
        # 0: not looked at yet; 1: opened by hand; 2: opened by a link, whose settings win
        # whichever event comes first.
        start = starts[name]
        items[name].select(lambda seen: max(seen, 1), start, start, queue=False, **private)
        start.change(**page.run)
