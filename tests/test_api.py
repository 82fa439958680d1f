"""The endpoints, asked by gradio_client as a stranger would."""

from __future__ import annotations

import asyncio
import base64
import importlib.metadata
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import numpy as np
import pytest
import torch
from conftest import launched, marked, save_tiny
from gradio import processing_utils
from gradio_client import Client
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from PIL import Image
from test_ui_explore import GIVEN, HAS

import app
from aigc import ui
from aigc.checkpoint import load
from aigc.latent import MAX_SEED, generators
from aigc.ui import programs, served, views

SAMPLE = {"checkpoint": "gan-mnist", "count": 3, "seed": 7, "label": "3", "temperature": 1.0}
WRITING = {"prompt": "abc", "length": 30, "top_k": 5, "top_p": 0.9}  # of a checkpoint that writes
VARIATIONS = {
    "checkpoint": "gan-mnist", "seed": 7, "label": "3", "temperature": 0.9, "chosen": 2,
    "spread": 0.4, "other_seed": 5, "count": 3,
}  # fmt: skip
INTERPOLATE = {
    "checkpoint": "vae-mnist", "seed_a": 1, "label_a": "3", "seed_b": 2, "label_b": "8",
    "steps": 4, "path": "slerp",
}  # fmt: skip


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("served")
    for family in ("gan", "vae", "attention", "language", "classifier"):
        save_tiny(root / f"{family}-mnist", family)
    (root / "broken-mnist").mkdir()
    return root


@pytest.fixture(scope="module")
def running(checkpoints: Path) -> Any:
    return ui.build(ui.catalogue_of(checkpoints))


@pytest.fixture(scope="module")
def server(running: Any) -> Iterator[str]:
    url = launched(running, mcp_server=True)
    with pytest.MonkeyPatch.context() as patch:
        # Every file of an answer goes through `served`, never through these, which empty the file
        # that another answer with the same content has just named.
        for writes in ("save_pil_to_cache", "save_img_array_to_cache", "save_bytes_to_cache"):
            patch.delattr(processing_utils, writes)
        yield url
    running.close(verbose=False)


@pytest.fixture(scope="module")
def client(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    downloads = tmp_path_factory.mktemp("downloads")
    client = Client(server, download_files=downloads, verbose=False, analytics_enabled=False)
    yield client
    client.close()


def test_sessions_make_room_for_new_ones(
    server: str, monkeypatch: pytest.MonkeyPatch, running: Any
) -> None:
    """Each holds what a page of it shows; whoever lost it to others goes on without noticing."""
    sessions = running.state_holder
    assert sessions.capacity == ui.MAX_SESSIONS < 1000
    monkeypatch.setattr(sessions, "capacity", 2)
    first, *others = (
        Client(server, verbose=False, analytics_enabled=False, download_files=False)
        for _ in range(4)
    )
    for one in (first, *others, first):
        gallery, *_ = ask(one, "/sample", SAMPLE)
        assert len(gallery) == SAMPLE["count"]
        assert len(sessions.session_data) <= 2
    for one in (first, *others):
        one.close()


def pixels(gallery: list[dict[str, Any]]) -> np.ndarray:
    return np.stack([np.asarray(Image.open(one["image"])) for one in gallery])


def ask(client: Client, endpoint: str, values: dict[str, Any]) -> Any:
    return client.predict(**values, api_name=endpoint)


def complaint(client: Client, endpoint: str, values: dict[str, Any]) -> str:
    with pytest.raises(Exception) as caught:  # noqa: PT011  whatever class the client has for it
        ask(client, endpoint, values)
    return str(caught.value)


def test_the_parameters_are_those_of_the_links(client: Client) -> None:
    api: Any = client.view_api(return_format="dict", print_info=False)
    names = {
        endpoint: [p["parameter_name"] for p in about["parameters"]]
        for endpoint, about in api["named_endpoints"].items()
    }
    assert names["/checkpoints"] == []
    assert names["/sample"] == [*SAMPLE, *WRITING]
    assert names["/attention"] == ["checkpoint", "seed", "label", "prompt", "length"]
    assert names["/interpolate"] == [*INTERPOLATE, "format"]
    for view, module in views.VIEWS.items():
        assert names[f"/{view}"] == ["checkpoint", *module.CONTROLS]
    explorers = {f"/{view}" for view in views.VIEWS}
    assert names["/variations"] == [*VARIATIONS]
    assert set(names) == {
        "/checkpoints", "/sample", "/variations", "/interpolate", "/attention", *explorers,
    }  # fmt: skip
    for about in api["named_endpoints"].values():
        assert all(p["parameter_has_default"] for p in about["parameters"])
    for readme in ("README.md", "README.zh-CN.md"):
        table = (Path(__file__).parent.parent / readme).read_text(encoding="utf-8")
        rows = dict(re.findall(r"^\| `(/\w+)` \| (.*?) \|", table, re.MULTILINE))
        told = {name: re.findall(r"[a-z]\w*", " ".join(re.findall(r"`(.*?)`", row)))
                for name, row in rows.items()}  # fmt: skip
        moves = [f"move_{i}" for i in range(2, 6)]  # the table has ... for them
        short = {name: [one for one in ours if one not in moves] for name, ours in names.items()}
        assert told == short, readme


def test_checkpoints(client: Client, checkpoints: Path) -> None:
    listed: Any = client.predict(api_name="/checkpoints")
    assert [one["name"] for one in listed] == [
        "gan-mnist",
        "vae-mnist",
        "attention-mnist",
        "language-mnist",
        "classifier-mnist",
    ]
    loaded = load(checkpoints / "vae-mnist")
    assert listed[1] == {
        "name": "vae-mnist", "family": "vae", "makes": "image",
        "capabilities": list(loaded.capabilities),
        "classes": list("0123456789"), "source": "local", "revision": loaded.revision,
        "metrics": loaded.metrics,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["gan-mnist", "vae-mnist", "attention-mnist"])
def test_sample(client: Client, checkpoints: Path, name: str) -> None:
    images, settings = ask(client, "/sample", {**SAMPLE, "checkpoint": name})
    loaded = load(checkpoints / name)
    judged = {key: settings.pop(key, None) for key in ("scores", "above_test_images")}
    assert settings == {**SAMPLE, "checkpoint": name, "revision": loaded.revision}
    if name == "gan-mnist":
        assert all(len(found) == 3 for found in judged.values())
        assert all(0 <= share <= 1 for share in judged["above_test_images"])
    else:
        assert judged == {"scores": None, "above_test_images": None}
    expected = loaded.media.to_uint8(loaded.model.sample(generators(7, 3), [3] * 3, 1.0))
    assert np.array_equal(pixels(images), expected[..., 0])


def test_variations(client: Client, checkpoints: Path) -> None:
    images, settings = ask(client, "/variations", VARIATIONS)
    assert {name: settings[name] for name in VARIATIONS} == VARIATIONS
    assert 0 <= settings["above_test_images"] <= 1
    model = load(checkpoints / "gan-mnist").model
    z, condition = model.prior(generators(7, 2)[1], 3, 0.9)
    ways = [model.prior(source, 3, 0.9)[0] for source in generators(5, 3)]
    latents = torch.stack([z, *((1 - 0.4**2) ** 0.5 * z + 0.4 * e for e in ways)])
    expected = model.decode(latents, condition.expand(4, -1)).mul(255).round()[:, 0].numpy()
    assert np.abs(pixels(images) - expected).max() <= 1
    wrong = {**VARIATIONS, "checkpoint": "attention-mnist"}
    assert "attention-mnist has no decode" in complaint(client, "/variations", wrong)
    assert "The spread" in complaint(client, "/variations", {**VARIATIONS, "spread": 2})


def test_sample_of_text(client: Client, checkpoints: Path) -> None:
    wish = {**SAMPLE, "checkpoint": "language-mnist", **WRITING}
    images, settings = ask(client, "/sample", wish)
    loaded = load(checkpoints / "language-mnist")
    prompt = loaded.media.from_text("abc")
    *_, rows = loaded.model.write(generators(7, 3), [3] * 3, 1.0, prompt, 30, 5, 0.9)
    assert images == [] and settings.pop("texts") == [loaded.media.to_text(row) for row in rows]
    assert settings == {**wish, "revision": loaded.revision}
    assert all(len(loaded.media.to_text(row)) == 33 for row in rows)


def test_attention_of_text(client: Client, checkpoints: Path) -> None:
    wish = {"checkpoint": "language-mnist", "seed": 7, "label": "3", "prompt": "ab<", "length": 9}
    picture, tokens, file, settings = client.predict(**wish, api_name="/attention")
    loaded = load(checkpoints / "language-mnist")
    *_, rows = loaded.model.write(generators(7, 1), [3], 1.0, loaded.media.from_text("ab\ufffd"), 9)
    assert picture is None and np.array(tokens).tolist() == rows[0][:, None].tolist()
    assert settings["text"] == loaded.media.to_text(rows[0])
    assert {name: settings[name] for name in wish} == wish
    with np.load(file, allow_pickle=False) as archive:
        weights = loaded.model.attention(rows, [3])[0].numpy()
        assert np.array_equal(archive["weights"], weights)
        assert str(archive["text"]) == settings["text"]


def test_a_call_without_names_may_leave_out_what_came_later(server: str) -> None:
    said = raw(server, "sample", '{"data": ["gan-mnist", 1, 0, "any", 1.0]}')
    assert "event: complete" in said
    assert "length" in raw(server, "sample", '{"data": ["language-mnist", 1, 0, "any", 1.0, "a"]}')


def test_sample_again_and_with_defaults(client: Client) -> None:
    first, settings = ask(client, "/sample", SAMPLE)
    arguments = {name: settings[name] for name in SAMPLE}
    again, same = ask(client, "/sample", arguments)
    assert np.array_equal(pixels(first), pixels(again)) and same == settings
    images, settings = client.predict(api_name="/sample")
    assert len(images) == settings["count"] == 16
    assert settings["label"] == "any"


def test_the_ends_of_the_ranges(client: Client) -> None:
    images, _ = ask(client, "/sample", {**SAMPLE, "count": 1, "seed": MAX_SEED, "temperature": 0})
    assert len(images) == 1
    frames, _, _ = ask(client, "/interpolate", {**INTERPOLATE, "steps": 2, "seed_a": 0})
    assert len(frames) == 2


def test_interpolate(client: Client) -> None:
    frames, animation, settings = ask(client, "/interpolate", INTERPOLATE)
    assert settings.pop("revision")
    assert settings.pop("path_kind") == "slerp"
    assert settings == {name: v for name, v in INTERPOLATE.items() if name != "path"}
    values = pixels(frames)
    assert values.shape == (4, 28, 28)
    for frame, seed, label in ((values[0], 1, "3"), (values[-1], 2, "8")):
        end = {**SAMPLE, "checkpoint": "vae-mnist", "seed": seed, "label": label}
        images, _ = ask(client, "/sample", end)
        assert np.abs(frame.astype(int) - pixels(images)[0]).max() <= 1
    with Image.open(animation) as film:
        assert (film.format, film.n_frames) == ("WEBP", 6)  # type: ignore[attr-defined]
    straight, film, _ = ask(
        client, "/interpolate", {**INTERPOLATE, "path": "lerp", "format": "mp4"}
    )
    assert film.endswith(".mp4") and Path(film).read_bytes()[4:8] == b"ftyp"
    assert not np.array_equal(pixels(straight)[1], values[1])


@pytest.mark.parametrize(
    ("endpoint", "wish", "tab"),
    [
        ("/sample", SAMPLE, "sample"), ("/variations", VARIATIONS, "sample"),
        ("/interpolate", INTERPOLATE, "interpolate"),
        ("/map", {"checkpoint": "vae-mnist", "x": 1}, "explore"),
        ("/attention", {"checkpoint": "attention-mnist", "seed": 1}, "attention"),
    ],
)  # fmt: skip
def test_the_pictures_say_that_ai_made_them(
    client: Client, endpoint: str, wish: dict[str, Any], tab: str
) -> None:
    found, *_ = ask(client, endpoint, wish)
    for path in [found] if isinstance(found, str) else [one["image"] for one in found]:
        fields = marked(Path(path).read_bytes())
        assert json.loads(fields["AIGC"])["Label"] == "1" and "2024/1689" in fields["description"]
        address = dict(parse_qsl(fields["Address"]))
        # The address writes x in another way, and has no number of variations.
        unsaid = {"/map": "x", "/variations": "count"}.get(endpoint)
        said = {name: str(value) for name, value in wish.items() if name != unsaid}
        assert address.items() >= {"tab": tab, **said}.items() and address["revision"]


@pytest.mark.parametrize("view", views.VIEWS)
def test_views_of_a_latent_space(client: Client, checkpoints: Path, view: str) -> None:
    name = HAS.get(view, "vae-mnist")
    images, settings = ask(client, f"/{view}", {"checkpoint": name, **GIVEN[view]})
    wish = views.read(ui.catalogue_of(checkpoints), name, view, GIVEN[view])
    module = views.VIEWS[view]
    made_here = module.answer(wish)[0] if view == "project" else module.pictures(wish)
    expected = wish.checkpoint.media.to_uint8(made_here)
    assert np.array_equal(pixels(images), expected[..., 0])
    made = {{"path": "path_kind"}.get(name, name): value for name, value in wish.made.items()}
    assert made.items() <= settings.items()
    assert set(settings) > set(made) or view in ("corners", "loop", "complete")
    said = complaint(client, f"/{view}", {"checkpoint": "nope"})
    assert "There is no checkpoint 'nope'; choose one of" in said


BAD_SAMPLE = [
    ({"checkpoint": "nope"}, "There is no checkpoint 'nope'; choose one of gan-mnist, vae-mnist"),
    ({"checkpoint": "../vae-mnist"}, "There is no checkpoint"),
    ({"checkpoint": None}, "There is no checkpoint None"),
    ({"checkpoint": "broken-mnist"}, "broken-mnist could not be loaded"),
    ({"count": 0}, "The count is a whole number from 1 to 64, not 0."),
    ({"count": 65}, "The count is a whole number from 1 to 64, not 65."),
    ({"count": 1e9}, "The count is a whole number"),
    ({"count": "many"}, "The count is a whole number"),
    ({"count": None}, "The count is a whole number"),
    ({"seed": -1}, "The seed is a whole number from 0 to 4294967295, not -1."),
    ({"seed": 2**32}, "The seed is a whole number"),
    ({"seed": 10**30}, "The seed is a whole number"),
    ({"seed": 0.5}, "The seed is a whole number"),
    ({"label": "frog"}, "gan-mnist has no class 'frog'; choose one of any, 0, 1"),
    ({"label": ["3"]}, "gan-mnist has no class"),
    ({"temperature": -1}, "The temperature is a number from 0 to 2, not -1."),
    ({"temperature": 3}, "The temperature is a number from 0 to 2"),
    ({"temperature": "nan"}, "The temperature is a number from 0 to 2, not 'nan'."),
    ({"temperature": "inf"}, "The temperature is a number from 0 to 2"),
    ({"temperature": None}, "The temperature is a number from 0 to 2"),
]

BAD_INTERPOLATE = [
    ({"checkpoint": "attention-mnist"}, "attention-mnist has no decode; choose one of gan-mnist"),
    ({"seed_a": -5}, "The seed is a whole number"),
    ({"seed_b": "x"}, "The seed is a whole number"),
    ({"label_a": "frog"}, "vae-mnist has no class 'frog'"),
    ({"label_b": 10}, "vae-mnist has no class"),
    ({"steps": 1}, "The number of steps is a whole number from 2 to 64, not 1."),
    ({"steps": 65}, "The number of steps is a whole number from 2 to 64, not 65."),
    ({"path": "arc"}, "The path is slerp or lerp, not 'arc'."),
    ({"format": "avi"}, "The format is webp, gif or mp4, not 'avi'."),
    ({"format": []}, "The format is webp, gif or mp4, not []."),
    ({"path": None}, "The path is slerp or lerp, not None."),
]


@pytest.mark.parametrize(("change", "sentence"), BAD_SAMPLE, ids=lambda value: str(value)[:40])
def test_bad_samples(client: Client, change: dict[str, Any], sentence: str) -> None:
    said = complaint(client, "/sample", {**SAMPLE, **change})
    assert sentence in said
    assert "Traceback" not in said and "\n" not in said.strip() and len(said) < 300


@pytest.mark.parametrize(("change", "sentence"), BAD_INTERPOLATE, ids=lambda value: str(value)[:40])
def test_bad_interpolations(client: Client, change: dict[str, Any], sentence: str) -> None:
    said = complaint(client, "/interpolate", {**INTERPOLATE, **change})
    assert sentence in said
    assert "Traceback" not in said and "\n" not in said.strip() and len(said) < 300


def raw(server: str, endpoint: str, body: str) -> str:
    """What a client hears that writes its own JSON."""
    url = f"{server}gradio_api/call/{endpoint}"
    posted = httpx.post(url, content=body, headers={"content-type": "application/json"})
    return httpx.get(f"{url}/{posted.json()['event_id']}", timeout=60).text


@pytest.mark.parametrize("token", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have(server: str, token: str) -> None:
    said = raw(server, "sample", f'{{"data": ["gan-mnist", 3, 0, "any", {token}, ""]}}')
    assert "event: error" in said
    assert "The temperature is a number from 0 to 2" in said


def test_a_file_of_the_server_is_no_value(server: str) -> None:
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    answer = raw(server, "sample", json.dumps({"data": [file]}))
    assert "A file that was not uploaded is no value; send the value itself." in answer


def test_a_file_is_whole_while_it_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    content = os.urandom(4 * 2**20)
    path = Path(served.keep(content, "a.bin"))

    def again() -> None:
        for _ in range(30):
            assert served.keep(content, "a.bin") == str(path)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(again)
        while not writing.done():
            assert path.stat().st_size == len(content) and path.read_bytes() == content
    writing.result()
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]


def test_mistakes_do_not_hang_the_queue(server: str, client: Client) -> None:
    jobs = [
        client.submit(**{**SAMPLE, "count": 0 if i % 2 else 1}, api_name="/sample")
        for i in range(8)
    ]
    ends = [job.exception(timeout=120) for job in jobs]
    assert [end is None for end in ends] == [True, False] * 4
    assert len(ask(client, "/sample", SAMPLE)[0]) == 3


def test_an_oversized_upload_is_refused(server: str) -> None:
    url = f"{server}gradio_api/upload"
    large = httpx.post(url, files={"files": ("x.png", b"0" * (9 * 2**20))}, timeout=30)
    assert large.status_code == 413
    small = httpx.post(url, files={"files": ("x.png", b"0" * 1000)})
    assert small.status_code == 200


def test_only_the_endpoints_are_public(server: str) -> None:
    config = httpx.get(f"{server}config").json()
    public = {d["api_name"] for d in config["dependencies"] if d["api_visibility"] == "public"}
    tabs = {"sample", "variations", "interpolate", "attention"}
    assert public == {"checkpoints", *tabs, *views.VIEWS}


def test_the_page_asks_no_other_machine(server: str) -> None:
    page = httpx.get(server).text
    config = json.dumps(httpx.get(f"{server}config").json())
    assert "fonts.googleapis.com/css" not in page
    assert httpx.get(f"{server}theme.css").text.count("@import") == 0
    assert '"analytics_enabled": true' not in config


def example(language: str, server: str, client: str) -> str:
    """The block of code of the README that has `client`, with the address of this server."""
    text = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (block,) = [one for one in blocks if client in one]
    assert "http://127.0.0.1:7860" in block
    return str(block).replace("http://127.0.0.1:7860", server.rstrip("/"))


def test_the_example_in_python(server: str, tmp_path: Path) -> None:
    code = example("python", server, "gradio_client") + "\nprint(len(images), settings['seed'])\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        env={**os.environ, "GRADIO_TEMP_DIR": str(tmp_path)}, check=True,
    )  # fmt: skip
    assert done.stdout.split()[-2:] == ["16", "7"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_example_with_curl(server: str) -> None:
    done = subprocess.run(
        ["bash", "-c", example("bash", server, "curl")], capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    event, data = done.stdout.strip().split("\n")[:2]
    assert event == "event: complete"
    images, settings = json.loads(data.removeprefix("data: "))
    assert len(images) == 16
    assert {name: settings[name] for name in SAMPLE} == {**SAMPLE, "count": 16}


def test_the_example_of_an_mcp_client(server: str, client: Client, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example("python", server, "mcp.client")],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, check=True,
    )  # fmt: skip
    wish = {**SAMPLE, "count": 1}
    images, settings = ask(client, "/sample", wish)
    assert json.loads(done.stdout) == settings
    saved = Image.open(tmp_path / "three.png")
    assert saved.format == "PNG" and np.array_equal(np.asarray(saved), pixels(images)[0])


def tools(server: str, *calls: tuple[str, dict[str, Any]]) -> list[Any]:
    """What an MCP client hears: the list of tools, then the answer to each call. The last call
    asks for progress, too."""
    heard: list[Any] = []

    async def noted(*news: Any) -> None:
        heard.append(news)

    async def talk() -> list[Any]:
        where = f"{server}gradio_api/mcp/"
        async with (
            streamable_http_client(where) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            answers: list[Any] = [(await session.list_tools()).tools]
            for number, (name, values) in enumerate(calls, 1):
                news = noted if number == len(calls) else None
                answers.append(await session.call_tool(name, values, progress_callback=news))
            return answers

    # In a thread of its own: this one may have a browser, which keeps a loop running.
    with ThreadPoolExecutor(1) as thread:
        answers = thread.submit(asyncio.run, talk()).result()
    assert bool(heard) == bool(calls)
    return answers


def test_every_endpoint_is_a_tool_and_nothing_else(server: str) -> None:
    (listed,) = tools(server)
    assert {tool.name for tool in listed} == {
        "checkpoints", "sample", "variations", "interpolate", "attention", *views.VIEWS
    }  # fmt: skip
    for tool in listed:
        assert len(tool.description) > 20
        for name, about in tool.inputSchema["properties"].items():
            assert about["type"] and about["description"] == programs.PARAMETERS[name]


def test_the_answers_of_tools(server: str, checkpoints: Path) -> None:
    writing = {**SAMPLE, "checkpoint": "language-mnist", **WRITING}
    _, listed, pictures, written, wrong, looked, walk = tools(
        server, ("checkpoints", {}), ("sample", SAMPLE), ("sample", writing),
        ("sample", {"count": 0}), ("attention", {}), ("interpolate", INTERPOLATE),
    )  # fmt: skip
    assert [json.loads(one.text)["name"] for one in listed.content][:2] == [
        "gan-mnist",
        "vae-mnist",
    ]
    kinds = [block.type for block in pictures.content]
    assert kinds == ["image"] * 3 + ["text"]
    loaded = load(checkpoints / "gan-mnist")
    expected = loaded.media.to_uint8(loaded.model.sample(generators(7, 3), [3] * 3, 1.0))
    made = [Image.open(io.BytesIO(base64.b64decode(b.data))) for b in pictures.content[:3]]
    assert np.array_equal(np.stack([np.asarray(one) for one in made]), expected[..., 0])
    answered = json.loads(pictures.content[3].text)
    assert len(answered.pop("scores")) == len(answered.pop("above_test_images")) == 3
    assert answered == {**SAMPLE, "revision": loaded.revision}
    assert [b.mimeType for b in walk.content[:5]] == ["image/png"] * 4 + ["image/webp"]
    film = httpx.get(walk.content[5].text)
    assert film.content == base64.b64decode(walk.content[4].data)
    picture, _, tokens, weights, settings = looked.content
    assert picture.type == "image" and len(json.loads(tokens.text)) > 1
    assert httpx.get(weights.text).content[:2] == b"PK"  # as .npz begins
    assert json.loads(settings.text)["checkpoint"] == "attention-mnist"
    (only,) = written.content
    assert len(json.loads(only.text)["texts"]) == 3
    assert wrong.isError
    assert wrong.content[0].text == "The count is a whole number from 1 to 64, not 0."


def test_what_mcp_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs.lacking() == ""
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "2.1.0")
    assert programs.lacking().startswith("--mcp does not work with mcp 2.1.0: run ")

    def none(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", none)
    said = programs.lacking()
    assert said.startswith("--mcp needs the package mcp: run ")
    assert f'-m pip install "{programs.PACKAGE}"' in said
    monkeypatch.setattr(sys, "argv", ["app.py", "--mcp"])
    with pytest.raises(SystemExit, match="--mcp needs the package mcp"):
        app.main()
    extras = (Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8")
    assert f'mcp = ["{programs.PACKAGE}"]' in extras
