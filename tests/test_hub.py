"""The model card, push and pull, against a stand-in for the Hub on this machine (hub_server.py)."""

from __future__ import annotations

import dataclasses
import importlib
import json
import re
import shutil
import subprocess
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from conftest import hub_environment, save_tiny
from hub_server import READ, STRANGER, WRITE, HubServer
from huggingface_hub import ModelCard, constants
from huggingface_hub.errors import HFValidationError

from aigc import checkpoint, hub, latent
from aigc.checkpoint import CheckpointError
from aigc.hub import transfer
from train.loop import TrainingError

ROOT = Path(__file__).parent.parent

METRICS = {
    "label_accuracy": {
        "name": "Label accuracy",
        "value": 0.9912,
        "text": "99.12%",
        "better": "higher",
        "reference": 0.9951,
        "reference_text": "99.51%",
        "reference_name": "real test images",
        "worst": {"label": "8", "value": 0.981, "text": "98.10%"},
        "protocol": "Samples judged by a classifier.",
    },
    "frechet_distance": {
        "name": "Frechet distance",
        "value": 1.25,
        "text": "1.25",
        "better": "lower",
        "protocol": "In its features.",
    },
    "evaluated": {"date": "2026-01-02", "machine": "a test", "torch": "2.8.0", "command": "again"},
}


@pytest.fixture
def measured(tiny_checkpoints: Path, tmp_path: Path) -> Path:
    """A tiny GAN with figures."""
    folder = tmp_path / "gan-mnist"
    # Without a survey, the only large file is that of the weights.
    without = shutil.ignore_patterns("survey.safetensors")
    shutil.copytree(tiny_checkpoints / "gan-mnist", folder, ignore=without)
    (folder / "metrics.json").write_text(json.dumps(METRICS), encoding="utf-8")
    return folder


def split(card: str) -> tuple[dict[str, Any], str]:
    """Front matter and text."""
    _, matter, text = card.split("---\n", 2)
    return yaml.safe_load(matter), text


def test_front_matter_is_what_the_hub_reads(measured: Path) -> None:
    card = hub.card(checkpoint.load(measured))
    matter, _ = split(card)
    assert matter["library_name"] == "aigc"
    assert matter["license"] == "apache-2.0"
    assert matter["pipeline_tag"] == "unconditional-image-generation"
    assert matter["datasets"] == ["ylecun/mnist"]
    assert {"gan", "sample", "decode"} <= set(matter["tags"])
    (index,) = matter["model-index"]
    found = {m["type"]: m["value"] for r in index["results"] for m in r["metrics"]}
    assert index["name"] == "gan-mnist"
    assert found == {"label_accuracy": 0.9912, "frechet_distance": 1.25}
    # And the Hub's own reader agrees.
    results = ModelCard(card).data.eval_results
    assert results is not None
    assert {r.metric_type: r.metric_value for r in results} == found


def test_the_card_says_what_was_measured_and_how_it_was_trained(measured: Path) -> None:
    loaded = checkpoint.load(measured)
    _, text = split(hub.card(loaded))
    for expected in (
        "# gan-mnist", "![Samples", "**99.12%**, lowest for class 8: 98.10%",
        "99.51% (real test images)", "Samples judged by a classifier.", "`again`",
        loaded.training["command"], "1,920", "a test", "2026-01-01", "## Limits", "Apache-2.0",
    ):  # fmt: skip
        assert expected in text, expected
    assert "None" not in text
    # A table has as many cells in every row.
    for block in re.findall(r"(?:^\|.*\n)+", text, re.M):
        assert len({row.count("|") for row in block.splitlines()}) == 1


@pytest.mark.parametrize("family", ["gan", "vae", "attention", "language", "classifier"])
def test_the_three_lines_run(
    family: str, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = checkpoint.load(tiny_checkpoints / f"{family}-mnist")
    card = hub.card(loaded)
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    assert len(code.strip().splitlines()) == 3
    monkeypatch.chdir(tiny_checkpoints)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 -- the card's own lines, which is what is tested
    if family == "language":
        assert len(names["text"]) == loaded.media.length
    elif family == "classifier":
        assert names["logits"].shape == (8, 10)
    else:
        assert names["images"].shape == (16, *loaded.media.shape)


def test_a_card_of_little(tiny_checkpoints: Path, tmp_path: Path) -> None:
    """No figures, no samples, no training summary, a data set without a place on the Hub."""
    folder = tmp_path / "vae-mine"
    shutil.copytree(tiny_checkpoints / "vae-mnist", folder)
    (folder / "samples.png").unlink()
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"training": {}, "dataset": "folder"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    matter, text = split(hub.card(checkpoint.load(folder)))
    assert "datasets" not in matter
    assert "model-index" not in matter
    assert "a private folder of images" in text
    assert "not recorded" in text
    assert "![" not in text
    assert "## Figures" not in text


def test_a_card_says_nothing_that_is_not_so(tiny_checkpoints: Path) -> None:
    """Of classes, of where the weights came from, and of figures, only what is there."""
    gan, vae = (checkpoint.load(tiny_checkpoints / f"{name}-mnist") for name in ("gan", "vae"))
    assert ", a column a class](samples.png)" in hub.card(gan)
    assert "which this card does not have" in hub.card(gan)
    figure = {"name": "some figure", "value": 1.0, "text": "1"}
    seen = dataclasses.replace(gan, metrics={"recall": figure, "coverage": figure})
    assert "shows only in recall and coverage above." in hub.card(seen)
    loose = hub.card(dataclasses.replace(gan, labels=()))
    assert "a column a class" not in loose and "none chosen by hand." in loose
    assert "the likelihood above" not in hub.card(vae)
    started = {"name": "old", "revision": "abc", "images": 1, "command": "c"}
    bound = dataclasses.replace(vae, metrics={"negative_elbo": figure})
    on = hub.card(dataclasses.replace(bound, training={"started": started}))
    assert "trained from nothing" not in on and "begun with the weights of old abc and" in on
    model: Any = bound.model
    for likelihood, said in (
        ("bernoulli", "the likelihood above is of binarised images"),
        ("gaussian", "the likelihood above is a density"),
        ("discretised-logistic", "smoother than the data. It knows"),
    ):
        model.config = types.SimpleNamespace(**vars(model.config) | {"likelihood": likelihood})
        assert said in hub.card(bound)
    assert "sees those before it" not in hub.card(bound)
    model.config.window = 3
    assert ". Each pixel also sees those before it, up to 3 rows" in hub.card(bound)
    assert "smoother" not in hub.card(bound) and "light of the means before it" in hub.card(bound)


def test_durations() -> None:
    assert hub.duration(45) == "45 s"
    assert hub.duration(89.6) == "90 s"
    assert hub.duration(720) == "12 min"
    assert hub.duration(3600) == "1 h 00 min"
    assert hub.duration(3910) == "1 h 05 min"


# Push


def contents(folder: Path) -> dict[str, bytes]:
    """Every file under a folder, to see that nothing in it changed."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_a_push_is_one_commit_with_everything(measured: Path, the_hub: HubServer) -> None:
    (measured / "optimizer.bin").write_bytes(b"never pushed")
    before = contents(measured)
    pushed = hub.push(measured, "me/gan-mnist")
    repo = the_hub.repos["model", "me/gan-mnist"]
    assert [message for _, _, message in repo.log] == [
        "initial commit", f"gan-mnist: revision {checkpoint.load(measured).revision}",
    ]  # fmt: skip
    assert (pushed.revision, pushed.url) == (
        repo.refs["main"], f"{the_hub.url}/me/gan-mnist/commit/{repo.refs['main']}",
    )  # fmt: skip
    files = the_hub.files("me/gan-mnist")
    assert set(files) == {*before, ".gitattributes"} - {"optimizer.bin"}
    assert set(pushed.files) == set(files) - {".gitattributes"}
    assert repo.large == {"model.safetensors"}
    for name in set(pushed.files) - {"README.md"}:
        assert files[name] == before[name], name
    assert contents(measured) == before
    assert str(pushed).startswith(f"pushed {len(pushed.files)} files: http")


def test_the_card_on_the_hub_loads_from_there(
    measured: Path, the_hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push(measured, "me/gan-mnist")
    card = the_hub.files("me/gan-mnist")["README.md"].decode()
    matter, text = split(card)
    assert matter["model-index"][0]["results"] and matter["library_name"] == "aigc"
    for part in ("![Samples", "## Training", "## Limits", "python app.py --hub me/gan-mnist"):
        assert part in text
    (code,) = re.findall(r"```python\n(.*?)```", card, re.S)
    assert len(code.strip().splitlines()) == 3
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 -- the card's own lines, which is what is tested
    model: Any = checkpoint.load(measured).model
    assert torch.equal(names["images"], model.sample(latent.generators(7, 16), [9] * 16))


def test_a_second_push_says_that_nothing_changed(measured: Path, the_hub: HubServer) -> None:
    first = hub.push(measured, "me/gan-mnist")
    again = hub.push(measured, "me/gan-mnist")
    assert again.files == () and again.revision == first.revision
    assert str(again) == f"nothing changed: {first.url}"
    assert len(the_hub.repos["model", "me/gan-mnist"].log) == 2
    # And a third one, of which one file is another and one is gone.
    (measured / "metrics.json").write_text(json.dumps({}), encoding="utf-8")
    (measured / "snapshots" / "0000030.png").unlink()
    third = hub.push(measured, "me/gan-mnist")
    assert set(third.files) == {"metrics.json", "README.md", "snapshots/0000030.png"}
    assert "snapshots/0000030.png" not in the_hub.files("me/gan-mnist")


def test_a_push_leaves_foreign_files_there(measured: Path, the_hub: HubServer) -> None:
    the_hub.add("me/gan-mnist", {"notes.txt": b"mine", "samples.png": b"old"})
    hub.push(measured, "me/gan-mnist")
    assert the_hub.files("me/gan-mnist")["notes.txt"] == b"mine"
    assert the_hub.files("me/gan-mnist")["samples.png"].startswith(b"\x89PNG")


def test_private_branch_and_tag(measured: Path, the_hub: HubServer) -> None:
    first = hub.push(measured, "me/gan-mnist", private=True, revision="next", tag="v1")
    repo = the_hub.repos["model", "me/gan-mnist"]
    assert repo.private
    assert repo.tags == {"v1": first.revision} and repo.refs["next"] == first.revision
    assert set(the_hub.files("me/gan-mnist", "main")) == {".gitattributes"}
    again = hub.push(measured, "me/gan-mnist", private=True, revision="next", tag="v1")
    assert again.files == () and repo.tags == {"v1": first.revision}
    (measured / "metrics.json").write_text("{}", encoding="utf-8")
    with pytest.raises(hub.HubError, match="is pushed, but me/gan-mnist has a tag v1 already"):
        hub.push(measured, "me/gan-mnist", revision="next", tag="v1")
    assert hub.pull("me/gan-mnist", "v1").metrics == METRICS
    assert hub.pull("me/gan-mnist@next").metrics == {}


def test_what_is_public_is_not_called_private(measured: Path, the_hub: HubServer) -> None:
    hub.push(measured, "me/gan-mnist")
    with pytest.raises(hub.HubError, match="me/gan-mnist is there and public; make it private"):
        hub.push(measured, "me/gan-mnist", private=True)


@pytest.mark.parametrize(
    ("token", "repo", "sentence"),
    [
        ("", "me/x", "there is no token to write to me/x with: make one that may write at"),
        (READ, "me/x", "the token of this machine may read but not write: make one that may at"),
        (STRANGER, "me/x", "me is not yours: you are other on the Hub; push to other/x"),
        ("hf_expired", "me/x", "the Hub refuses the token of this machine for me/x"),
        ("hf_é", "me/x", "the token of this machine has a letter that no token has"),
    ],
)
def test_tokens_that_may_not_write(
    token: str, repo: str, sentence: str, measured: Path, the_hub: HubServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    before = contents(measured)
    the_hub.add("me/there", {"a.txt": b""})
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    else:
        monkeypatch.delenv("HF_TOKEN")
    for name in (repo, "me/there"):  # a new name, and one that is taken
        with pytest.raises(hub.HubError) as caught:
            hub.push(measured, name)
        assert sentence.replace("/x", name[2:]) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert contents(measured) == before
    assert ("model", "me/x") not in the_hub.repos


WAYS_TO_FAIL = {
    "409": ({"status": 409}, "somebody else is writing to me/m at this moment (409); try again"),
    "429": ({"status": 429}, "the Hub asks for fewer requests (429, for me/m)"),
    "500": ({"status": 500}, "the Hub answered 500 for me/m; try again later"),
    "503": ({"status": 503}, "the Hub answered 503 for me/m; try again later"),
    "refuse": ({"refuse": True}, "the Hub cannot be reached for me/m"),
}


@pytest.mark.parametrize("how", WAYS_TO_FAIL)
@pytest.mark.parametrize("where", ["create", "preupload", "PUT /lfs", "/commit/"])
def test_a_push_that_breaks_off_goes_on(
    how: str, where: str, measured: Path, the_hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (how, where) == ("409", "create"):
        pytest.skip("409 on create says that the repository is there")
    monkeypatch.setattr(transfer.time, "sleep", lambda seconds: None)
    before = contents(measured)
    faults, sentence = WAYS_TO_FAIL[how]
    the_hub.fail(where, **faults)
    start = time.monotonic()
    with pytest.raises(hub.HubError, match=re.escape(sentence)) as caught:
        hub.push(measured, "me/m")
    assert time.monotonic() - start < 10
    assert caught.value.passing and "\n" not in str(caught.value)
    assert contents(measured) == before
    the_hub.heal()
    asked = len(the_hub.requests)
    pushed = hub.push(measured, "me/m")
    assert pushed.revision == the_hub.repos["model", "me/m"].refs["main"]
    sent = [line for line in the_hub.requests[asked:] if line.startswith("PUT")]
    assert len(sent) == (0 if where == "/commit/" else 1)  # what arrived is not sent again


def test_two_pushes_at_once_leave_one_whole_checkpoint(
    measured: Path, the_hub: HubServer, tmp_path: Path
) -> None:
    other = save_tiny(tmp_path / "vae-mnist", "vae")
    the_hub.add("me/m", {})
    problems: list[Exception] = []

    def push(folder: Path) -> None:
        try:
            hub.push(folder, "me/m")
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=push, args=(folder,)) for folder in (measured, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    log = the_hub.repos["model", "me/m"].log
    assert len(log) == 3
    for (_, sha, message), folder in zip(log[1:], (measured, other)):
        named = measured if message.startswith("gan") else other
        files = the_hub.files("me/m", sha)
        for path, content in contents(named).items():
            assert path == "README.md" or files[path] == content
        assert set(files) == set(contents(named)), folder
    assert {message[:3] for _, _, message in log[1:]} == {"gan", "vae"}


def test_a_folder_that_does_not_load_is_not_pushed(tmp_path: Path, the_hub: HubServer) -> None:
    folder = save_tiny(tmp_path / "gan-mnist", "gan")
    (folder / "model.safetensors").write_bytes(b"broken")
    with pytest.raises(CheckpointError, match=r"model\.safetensors cannot be read"):
        hub.push(folder, "me/m")
    assert the_hub.requests == []


def trained(script: str, data: Path, out: Path, **flags: Any) -> Any:
    tiny = {"gan": {"latent": 4, "g_base": 4, "d_base": 4},
            "vae": {"latent": 4, "base": 4, "hidden": 16},
            "attention": {"patch": 7, "layers": 1, "heads": 1, "dim": 8, "expansion": 1,
                          "head_dim_out": 8},
            "classifier": {"base": 8, "features": 8}}  # fmt: skip
    module = importlib.import_module(f"train.{script}")
    values = {"batch": 8, "steps": 2, "snapshots": 1, "evaluate": False, "minutes": 0}
    return module.train(module.Recipe(data=data, out=out, **values | tiny[script] | flags))


@pytest.mark.parametrize("script", ["gan", "vae", "attention", "classifier"])
def test_training_pushes_its_result(
    script: str, mnist_root: Path, tmp_path: Path, the_hub: HubServer
) -> None:
    out = trained(script, mnist_root, tmp_path / "out", push_to_hub=f"me/{script}")
    assert "--push-to-hub" not in checkpoint.load(out).training["command"]
    assert hub.pull(f"me/{script}").training == checkpoint.load(out).training


def test_a_training_outlives_a_hub_that_is_away(
    mnist_root: Path, tmp_path: Path, the_hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_TOKEN")
    out = tmp_path / "out"
    with pytest.raises(CheckpointError, match="there is no token"):  # before the first step
        trained("gan", mnist_root, out, push_to_hub="me/gan")
    assert not out.exists()
    monkeypatch.setenv("HF_TOKEN", WRITE)
    the_hub.stop()
    with pytest.raises(TrainingError) as caught:
        trained("gan", mnist_root, out, push_to_hub="me/gan")
    assert f"{out} is whole, but the Hub cannot be reached" in str(caught.value)
    assert str(caught.value).endswith(f"then: python -m aigc.hub push {out} me/gan")
    the_hub.start()
    assert hub.push(out, "me/gan").files


# Pull


@pytest.fixture
def pushed(measured: Path, the_hub: HubServer) -> str:
    """me/gan-mnist on the Hub; its commit."""
    return hub.push(measured, "me/gan-mnist").revision


@pytest.mark.parametrize("family", ["gan", "vae", "attention", "classifier"])
def test_round_trip_bit_for_bit(family: str, tiny_checkpoints: Path, the_hub: HubServer) -> None:
    folder = tiny_checkpoints / f"{family}-mnist"
    sha = hub.push(folder, f"me/{family}").revision
    pulled = hub.pull(f"me/{family}")
    local = checkpoint.load(folder)
    assert (pulled.name, pulled.source, pulled.revision) == (family, f"me/{family}", sha)
    theirs, ours = pulled.model.state_dict(), local.model.state_dict()
    assert theirs.keys() == ours.keys()
    assert all(torch.equal(theirs[key], ours[key]) for key in ours)
    assert pulled.path is not None
    for path, content in contents(folder).items():
        if path != "README.md":
            assert (pulled.path / path).read_bytes() == content, path


def test_a_known_commit_needs_no_request(pushed: str, the_hub: HubServer) -> None:
    first = hub.pull("me/gan-mnist")
    assert first.revision == pushed
    the_hub.requests.clear()
    again = hub.pull("me/gan-mnist", pushed)
    assert (again.revision, again.path) == (pushed, first.path)
    assert hub.pull(f"me/gan-mnist@{pushed}").revision == pushed
    copy = hub.cached("me/gan-mnist")
    assert copy is not None and copy.revision == pushed
    assert the_hub.requests == []
    # A branch costs one question, when its commit is the one in the cache.
    hub.pull("me/gan-mnist")
    assert the_hub.requests == ["GET /api/models/me/gan-mnist/revision/main"]
    assert hub.cached("me/other") is None


def test_only_what_a_checkpoint_is_made_of_is_downloaded(
    measured: Path, the_hub: HubServer
) -> None:
    files = contents(measured) | {
        "README.md": b"# x", "training.log": b"long", "extra/config.json": b"{}",
        "onnx/model.onnx": b"large", "snapshots/deep/0001.png": b"no",
    }  # fmt: skip
    sha = the_hub.add("me/gan-mnist", files)
    pulled = hub.pull("me/gan-mnist")
    assert pulled.revision == sha and pulled.path is not None
    assert set(contents(pulled.path)) == set(contents(measured))


def test_a_pull_is_pinned_to_the_commit_it_began_with(
    measured: Path, pushed: str, the_hub: HubServer
) -> None:
    """The branch moves between the first question and the downloads."""
    original = the_hub.repos["model", "me/gan-mnist"].resolve

    moved = {"config.json": b"{}", "model.safetensors": b"other"}
    the_hub.add("me/gan-mnist", moved)
    assert original("main") != pushed
    the_hub.repos["model", "me/gan-mnist"].refs["main"] = pushed
    fetch = transfer.chosen

    def move(*arguments: Any) -> Any:
        the_hub.add("me/gan-mnist", moved)
        return fetch(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transfer, "chosen", move)
        assert hub.pull("me/gan-mnist").revision == pushed


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("me/nothing", "me/nothing is not on the Hub, or is private; check the name"),
        ("me/gan-mnist@v9", "me/gan-mnist has no revision 'v9'; name a branch, a tag or a commit"),
        ("no such name", "'no such name' is no repository of the Hub; write OWNER/NAME"),
        ("gan-mnist", "'gan-mnist' is no repository of the Hub; write OWNER/NAME"),
        ("me/x@../../y", "'../../y' is no revision; name a branch, a tag or a commit"),
        ("http://example.com/me/x", "is no address of the Hub; write OWNER/NAME"),
    ],
)
def test_names_that_lead_nowhere(name: str, sentence: str, pushed: str) -> None:
    with pytest.raises(hub.HubError, match=re.escape(sentence)):
        hub.pull(name)


def test_an_address_is_a_name(pushed: str, the_hub: HubServer) -> None:
    assert hub.split_name("https://huggingface.co/me/x") == ("me/x", None)
    assert hub.split_name(f"{the_hub.url}/me/x/tree/v1") == ("me/x", "v1")
    assert hub.split_name(" me/x@refs/pr/1 ") == ("me/x", "refs/pr/1")
    assert hub.pull(f"{the_hub.url}/me/gan-mnist").revision == pushed


def test_a_private_repository_is_for_its_owner(
    measured: Path, the_hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.push(measured, "me/gan-mnist", private=True)
    assert hub.pull("me/gan-mnist").family == "gan"
    for token in (STRANGER, ""):
        monkeypatch.setenv("HF_TOKEN", token)
        with pytest.raises(hub.HubError, match="is not on the Hub, or is private"):
            hub.pull("me/gan-mnist")


PULL_FAILS = {
    "401": ({"status": 401}, "`hf auth login`", False),
    "403": ({"status": 403}, "the Hub refuses me/gan-mnist (403); `hf auth login`", False),
    "404": ({"status": 404}, "is not on the Hub, or is private", False),
    "409": ({"status": 409}, "at this moment (409); try again", True),
    "429": ({"status": 429}, "the Hub asks for fewer requests (429", True),
    "500": ({"status": 500}, "the Hub answered 500 for me/gan-mnist; try again later", True),
    "503": ({"status": 503}, "the Hub answered 503 for me/gan-mnist; try again later", True),
    "refuse": ({"refuse": True}, "the Hub cannot be reached for me/gan-mnist", True),
    "hang": ({"hang": 60}, "the Hub took longer than 1.5 s for me/gan-mnist", True),
    "trickle": ({"trickle": 0.3}, "the Hub took longer than 1.5 s for me/gan-mnist", True),
    "nonsense": (
        {"body": b"<html>log in first"},
        "what answers for me/gan-mnist is not the Hub",
        True,
    ),
}


@pytest.mark.parametrize(
    ("where", "how"),
    [(where, how) for where in ("GET .*/revision/", "GET /cdn/") for how in PULL_FAILS]
    + [("GET .*/tree/", how) for how in ("403", "503", "hang")],
)
def test_a_pull_that_fails_says_so_in_time_and_works_later(
    where: str, how: str, pushed: str, the_hub: HubServer
) -> None:
    faults, sentence, passing = PULL_FAILS[how]
    if where == "GET /cdn/":
        if how == "nonsense":
            sentence = "the download of me/gan-mnist broke off; try again"
    the_hub.fail(where, **faults)
    start = time.monotonic()
    # Patience ends what hangs; what is refused is over before, however busy the machine.
    seconds = 1.5 if "took longer" in sentence else 20
    with pytest.raises(hub.HubError, match=re.escape(sentence)) as caught:
        hub.pull("me/gan-mnist", seconds=seconds, progress=False)
    assert time.monotonic() - start < seconds + 2.5
    assert caught.value.passing is passing and "\n" not in str(caught.value)
    the_hub.heal()
    assert hub.pull("me/gan-mnist").revision == pushed


def test_a_hub_that_is_away_and_comes_back(pushed: str, the_hub: HubServer) -> None:
    the_hub.stop()
    start = time.monotonic()
    with pytest.raises(hub.HubError, match="the Hub cannot be reached for me/gan-mnist"):
        hub.pull("me/gan-mnist")
    assert time.monotonic() - start < 4
    the_hub.start()
    assert hub.pull("me/gan-mnist").revision == pushed


def test_a_cut_download_is_resumed(
    pushed: str, measured: Path, the_hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The client keeps what it has in pieces of this size, 10 MB by default.
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 1000)
    the_hub.fail("GET /cdn/", cut=True, times=1)
    pulled = hub.pull("me/gan-mnist")
    size = (measured / "model.safetensors").stat().st_size
    assert the_hub.ranges == [size // 2 // 1000 * 1000]
    assert pulled.path is not None
    got = (pulled.path / "model.safetensors").read_bytes()
    assert got == (measured / "model.safetensors").read_bytes()


def test_a_download_that_breaks_off_keeps_what_was_whole(pushed: str, the_hub: HubServer) -> None:
    the_hub.fail("GET /cdn/", cut=True)
    with pytest.raises(hub.HubError, match="me/gan-mnist"):
        hub.pull("me/gan-mnist")
    assert hub.cached("me/gan-mnist") is None
    assert hub.cached(f"me/gan-mnist@{pushed}") is None
    left = [p.name for p in Path(constants.HF_HUB_CACHE).rglob("*.incomplete")]
    assert left == []
    the_hub.heal()
    the_hub.requests.clear()
    hub.pull("me/gan-mnist")
    asked = [line for line in the_hub.requests if "/resolve/" in line or "/cdn/" in line]
    assert asked and all("model.safetensors" in line or "/cdn/" in line for line in asked)


@pytest.mark.parametrize("path", ["config.json", "model.safetensors"])
def test_a_changed_file_is_refused_and_does_not_stay(
    path: str, pushed: str, the_hub: HubServer
) -> None:
    the_hub.fail("GET /cdn/" if path.startswith("model") else f"GET .*/{path}", change=True)
    with pytest.raises(hub.HubError, match=f"{re.escape(path)} of me/gan-mnist is not what the"):
        hub.pull("me/gan-mnist")
    the_hub.heal()
    assert hub.pull("me/gan-mnist").revision == pushed


# Poison


def poisoned(measured: Path, **change: Any) -> dict[str, bytes]:
    files = contents(measured)
    config = json.loads(files["config.json"])
    config["config"] |= change
    return files | {"config.json": json.dumps(config).encode()}


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"pytorch_model.bin": b"\x80\x04K\x01."}, "which runs code when it is read"),
        ({"deep/Evil.PKL": b"\x80\x04K\x01."}, "which runs code when it is read"),
        ({"../../evil.png": b"x"}, "which leads elsewhere"),
        ({"snapshots/../../../evil.png": b"x"}, "which leads elsewhere"),
        ({"/etc/evil": b"x"}, "which leads elsewhere"),
        ({"snapshots\\..\\evil.png": b"x"}, "which leads elsewhere"),
        ({"config.json": None}, "me/evil has no config.json: it is no checkpoint of this project"),
        ({"model.safetensors": None}, "has no model.safetensors"),
    ],
)
def test_a_poisoned_list_of_files_is_refused_before_any_download(
    files: dict[str, Any], sentence: str, measured: Path, the_hub: HubServer, tmp_path: Path
) -> None:
    whole = contents(measured) | files
    the_hub.add("me/evil", {path: c for path, c in whole.items() if c is not None})
    before = {path for path in tmp_path.rglob("*") if "hf-home" not in str(path)}
    with pytest.raises(hub.HubError, match=re.escape(sentence)):
        hub.pull("me/evil")
    assert not [line for line in the_hub.requests if "/resolve/" in line]
    assert {path for path in tmp_path.rglob("*") if "hf-home" not in str(path)} == before
    assert not Path(constants.HF_HUB_CACHE, "models--me--evil").exists()


def test_five_gigabytes_are_not_downloaded(pushed: str, the_hub: HubServer) -> None:
    the_hub.fail("/tree/", size=5 * 2**30)
    with pytest.raises(hub.HubError, match=r"MB, and at most 600 MB are downloaded"):
        hub.pull("me/gan-mnist")
    with pytest.raises(hub.HubError, match=r"at most 1 MB are downloaded"):
        hub.pull("me/gan-mnist", limit=2**20)
    assert not [line for line in the_hub.requests if "/resolve/" in line]


def test_a_file_larger_than_announced_is_ended(measured: Path, the_hub: HubServer) -> None:
    """The list says one size, and the download brings another."""
    the_hub.add("me/evil", contents(measured) | {"samples.png": b"\0" * (12 * 2**20)})
    the_hub.fail("/tree/", size=1000)
    with pytest.raises(hub.HubError, match="larger than announced"):
        hub.pull("me/evil")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"latent": 10**12}, "config.json: 'config' cannot be built"),
        ({"g_base": 64}, "model.safetensors: 'generator"),
        ({"g_depth": 10**9}, "config.json: 'config' cannot be built"),
        ({"latent": "8; import os"}, "where a int belongs"),
        ({"surprise": 1}, "config.json has the unknown key 'surprise'"),
    ],
)
def test_a_poisoned_config_takes_no_memory(
    change: dict[str, Any], sentence: str, measured: Path, the_hub: HubServer
) -> None:
    the_hub.add("me/evil", poisoned(measured, **change))
    start = time.monotonic()
    with pytest.raises(CheckpointError) as caught:
        hub.pull("me/evil")
    assert sentence in str(caught.value) and str(caught.value).startswith("me/evil: ")
    assert constants.HF_HUB_CACHE not in str(caught.value)
    assert time.monotonic() - start < 5


def test_weights_that_are_a_pickle_are_not_read(measured: Path, the_hub: HubServer) -> None:
    the_hub.add("me/evil", contents(measured) | {"model.safetensors": b"\x80\x04K\x01."})
    with pytest.raises(CheckpointError, match=r"me/evil: model\.safetensors cannot be read"):
        hub.pull("me/evil")


def test_forget_takes_one_commit_out_of_the_cache(
    pushed: str, measured: Path, the_hub: HubServer
) -> None:
    first = hub.pull("me/gan-mnist").path
    (measured / "metrics.json").unlink()
    hub.push(measured, "me/gan-mnist")
    second = hub.pull("me/gan-mnist").path
    assert first and second and hub.kept("me/gan-mnist") == {first, second}
    hub.forget(first)
    assert hub.kept("me/gan-mnist") == {second}
    again = hub.cached("me/gan-mnist")
    assert again is not None and again.path == second
    (part := second.with_name("0" * 40)).mkdir()  # of a download that was broken off
    hub.forget(part)
    assert hub.kept("me/gan-mnist") == {second}
    hub.forget(second)
    assert hub.cached("me/gan-mnist") is None and not hub.kept("me/gan-mnist")
    hub.forget(second)  # gone already


# Owners and collections


def test_owners_and_collections(measured: Path, the_hub: HubServer) -> None:
    for name in ("me/gan-a", "me/gan-b"):
        hub.push(measured, name)
    the_hub.add("me/llama", {"README.md": b"---\ntags:\n- llama\n---\n"})
    the_hub.collections["me/best-0123"] = ["me/gan-b", "me/llama"]
    assert hub.expand("me") == ["me/gan-a", "me/gan-b"]
    assert hub.expand("collections/me/best-0123") == ["me/gan-b"]
    assert hub.expand(f"{the_hub.url}/collections/me/best-0123") == ["me/gan-b"]
    assert hub.expand("me/gan-a@v1") == ["me/gan-a@v1"]
    with pytest.raises(hub.HubError, match="the owner nobody has no checkpoints"):
        hub.expand("nobody")
    with pytest.raises(hub.HubError, match="is not on the Hub"):
        hub.expand("collections/me/none-1")


# The follower of an app that runs


class Shelf(list[checkpoint.Checkpoint]):
    def wait(self, count: int) -> None:
        end = time.monotonic() + 10
        while len(self) < count:
            assert time.monotonic() < end, "it did not come"
            time.sleep(0.01)


@pytest.fixture
def follow(the_hub: HubServer) -> Iterator[Any]:
    """Makes a hurried Follower and the Shelf that it fills."""
    made: list[hub.Follower] = []

    def make(*names: str, **options: Any) -> tuple[hub.Follower, Shelf]:
        shelf = Shelf()
        options = {"again": 0.05, "seldom": 0.05, "seconds": 5.0} | options
        made.append(hub.Follower(names, shelf.append, **options))
        return made[-1], shelf

    yield make
    for follower in made:
        follower.stop()
    the_hub.stop()  # ends what hangs
    for follower in made:
        if follower.thread:
            follower.thread.join(10)
            assert not follower.thread.is_alive()


def test_what_is_there_comes_at_once(pushed: str, follow: Any) -> None:
    follower, shelf = follow("me/gan-mnist")
    follower.begin(wait=10)
    assert [(c.name, c.source, c.revision) for c in shelf] == [
        ("me/gan-mnist", "me/gan-mnist", pushed)
    ]
    assert not follower.pending and follower.problems() == []


def test_a_hub_that_is_away_is_asked_again(pushed: str, the_hub: HubServer, follow: Any) -> None:
    the_hub.stop()
    follower, shelf = follow("me/gan-mnist")
    start = time.monotonic()
    follower.begin(wait=5)
    assert time.monotonic() - start < 5
    assert shelf == [] and follower.pending
    ((name, why, have),) = follower.problems()
    assert (name, have) == ("me/gan-mnist", "") and "the Hub cannot be reached" in why
    the_hub.start()
    shelf.wait(1)
    assert shelf[0].revision == pushed
    end = time.monotonic() + 5
    while follower.pending and time.monotonic() < end:
        time.sleep(0.01)
    assert not follower.pending


def test_a_hub_that_hangs_does_not_hold_the_start_up(
    pushed: str, the_hub: HubServer, follow: Any
) -> None:
    the_hub.fail(".", hang=30)
    follower, shelf = follow("me/gan-mnist", seconds=30)
    start = time.monotonic()
    follower.begin(wait=0.2)
    assert time.monotonic() - start < 2
    assert "on its way" in follower.problems()[0][1]


def test_the_cache_is_shown_while_the_hub_is_away(
    pushed: str, measured: Path, the_hub: HubServer, follow: Any
) -> None:
    hub.pull("me/gan-mnist")
    (measured / "metrics.json").write_text("{}", encoding="utf-8")
    newer = hub.push(measured, "me/gan-mnist").revision
    the_hub.stop()
    follower, shelf = follow("me/gan-mnist")
    follower.begin(wait=5)
    assert [one.revision for one in shelf] == [pushed]
    assert follower.problems()[0][2] == pushed
    the_hub.start()
    shelf.wait(2)
    assert shelf[1].revision == newer


def test_a_pinned_commit_in_the_cache_asks_nobody(
    pushed: str, the_hub: HubServer, follow: Any
) -> None:
    hub.pull("me/gan-mnist")
    the_hub.requests.clear()
    follower, shelf = follow(f"me/gan-mnist@{pushed}")
    follower.begin(wait=1)
    assert [one.name for one in shelf] == [f"me/gan-mnist@{pushed[:12]}"]
    assert not follower.pending and the_hub.requests == []


def test_a_broken_repository_leaves_the_others(
    pushed: str, measured: Path, the_hub: HubServer, follow: Any
) -> None:
    the_hub.add("me/evil", poisoned(measured, latent=10**12))
    follower, shelf = follow("me/evil", "nobody", "me/gan-mnist")
    follower.begin(wait=10)
    assert [one.name for one in shelf] == ["me/gan-mnist"]
    assert [name for name, _, _ in follower.problems()] == ["me/evil", "nobody"]
    the_hub.add("me/evil", contents(measured))  # its owner mends it
    shelf.wait(2)


def test_an_owner_is_followed(measured: Path, the_hub: HubServer, follow: Any) -> None:
    for name in ("me/gan-a", "me/gan-b"):
        hub.push(measured, name)
    follower, shelf = follow("me")
    follower.begin(wait=10)
    shelf.wait(2)
    assert sorted(one.name for one in shelf) == ["me/gan-a", "me/gan-b"]


# The command, and a process of its own


def command(
    *words: str, hub_at: HubServer, home: Path, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "aigc.hub", *words], cwd=ROOT, capture_output=True, text=True,
        timeout=300, env=hub_environment(hub_at, home) | more,
    )  # fmt: skip


def test_push_and_pull_from_a_terminal(measured: Path, the_hub: HubServer, tmp_path: Path) -> None:
    """In a process of its own, through HF_ENDPOINT alone."""
    home = tmp_path / "elsewhere"
    ran = command("push", str(measured), "me/gan-mnist", "--private", "--tag", "v1",
                  hub_at=the_hub, home=home)  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    repo = the_hub.repos["model", "me/gan-mnist"]
    assert ran.stdout.startswith("pushed ") and repo.refs["main"] in ran.stdout
    assert repo.private and "v1" in repo.tags
    ran = command("pull", "me/gan-mnist@v1", hub_at=the_hub, home=home)
    assert ran.returncode == 0, ran.stderr
    folder = Path(ran.stdout.strip())
    assert checkpoint.load(folder).metrics == METRICS and home in folder.parents
    ran = command("push", str(measured), "me/other", hub_at=the_hub, home=home, HF_TOKEN=READ)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.strip().endswith("then `hf auth login`") and "Traceback" not in ran.stderr


# Without the stand-in


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(hub.HubError, match="HF_HUB_OFFLINE is set"):
        hub.pull("me/gan-mnist")
    assert issubclass(hub.HubError, CheckpointError)


def test_errors_from_any_http_library_are_one_sentence() -> None:
    for raised, sentence in (
        (ConnectionResetError(), "cannot be reached for a/b (ConnectionResetError)"),
        (RuntimeError("client closed"), "cannot be reached"),
        (HFValidationError("bad"), "is no repository"),
        (OSError(28, "No space left on device"), "cannot be written (No space left on device)"),
    ):
        said = transfer.explain(raised, "a/b")
        assert sentence in str(said) and "\n" not in str(said)
