"""Checkpoint folders: what is saved comes back, and what is not exactly a checkpoint is refused
with one sentence that names the file and the key, quickly."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import shutil
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from conftest import media_of, save_tiny, tiny_model

from aigc import checkpoint, latent
from aigc.checkpoint import CheckpointError, load, save, scan, stacked
from aigc.latent import generators
from aigc.media import ImageMedia
from aigc.models import FAMILIES

LABELS = tuple(str(digit) for digit in range(10))


@pytest.fixture
def folder(tiny_checkpoints: Path, tmp_path: Path) -> Path:
    """A GAN checkpoint to spoil."""
    return Path(shutil.copytree(tiny_checkpoints / "gan-mnist", tmp_path / "gan-mnist"))


def refused(folder: Path, *words: str) -> str:
    """The sentence with which loading fails; it has all these words, is one line, and came
    quickly: nothing is allocated that a file only announces."""
    start = time.thread_time()
    with pytest.raises(CheckpointError) as caught:
        load(folder)
    assert time.thread_time() - start < 3
    message = str(caught.value)
    for word in words:
        assert word in message, message
    assert "\n" not in message and len(message) < 400 + len(str(folder))
    return message


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    change(values)
    path.write_text(json.dumps(values), encoding="utf-8")


def edit_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    path = folder / "model.safetensors"
    state = safetensors.torch.load(path.read_bytes())
    change(state)
    path.write_bytes(safetensors.torch.save(state))


# What is saved comes back.


@pytest.mark.parametrize("family", FAMILIES)
def test_a_model_comes_back_as_it_was(family: str, tmp_path: Path) -> None:
    model = tiny_model(family)
    media = media_of(model)
    training = {"command": "a command", "steps": 3, "recipe": {"lr": 1e-3}}
    save(tmp_path / "x", model, family, media, LABELS, "drawn", training, {"a/b.txt": b"more"})
    loaded = load(tmp_path / "x")
    assert (loaded.name, loaded.family, loaded.dataset) == ("x", family, "drawn")
    assert (loaded.media, loaded.labels, loaded.training) == (media, LABELS, training)
    assert loaded.metrics == {} and loaded.path == tmp_path / "x" and loaded.source == "local"
    assert dataclasses.asdict(loaded.model.config) == dataclasses.asdict(model.config)
    state, again = model.state_dict(), loaded.model.state_dict()
    assert list(state) == list(again)
    assert all(torch.equal(state[key], again[key]) for key in state)
    assert not loaded.model.training
    assert not any(p.requires_grad or p.is_meta for p in loaded.model.parameters())
    assert (tmp_path / "x" / "a" / "b.txt").read_bytes() == b"more"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["x"]


@pytest.mark.parametrize("family", ["gan", "vae", "ladder", "attention"])
def test_a_loaded_model_makes_the_same_pictures(family: str, tiny_checkpoints: Path) -> None:
    loaded = load(tiny_checkpoints / f"{family}-mnist")
    expected = tiny_model(family).sample(generators(7, 2), [None, 9], 0.8)
    assert torch.equal(loaded.model.sample(generators(7, 2), [None, 9], 0.8), expected)
    assert expected.shape == (2, *loaded.media.shape)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_halved_weights_are_served_in_float32(folder: Path, dtype: torch.dtype) -> None:
    edit_weights(folder, lambda state: state.update({k: v.to(dtype) for k, v in state.items()}))
    model = load(folder).model
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    for key, value in tiny_model("gan").state_dict().items():
        assert torch.equal(model.state_dict()[key], value.to(dtype).float())


def test_weights_are_saved_in_half_the_space(folder: Path) -> None:
    model = tiny_model("gan")
    whole = (folder / "model.safetensors").stat().st_size
    save(folder, model, "gan", ImageMedia(1, 28, 28), LABELS, "mnist", {}, half=True)
    assert (folder / "model.safetensors").stat().st_size < 0.75 * whole  # beside its header
    found = load(folder).model.state_dict()
    for key, value in model.state_dict().items():
        assert torch.equal(found[key], value.half().float())
        assert value.dtype == torch.float32


def test_the_revision_is_of_what_is_served(folder: Path) -> None:
    first = load(folder).revision
    assert len(first) == 12 and load(folder).revision == first
    (folder / "README.md").write_text("another card", encoding="utf-8")
    assert load(folder).revision == first
    edit_weights(folder, lambda state: next(iter(state.values())).add_(1))
    assert load(folder).revision != first
    assert load(folder, revision="abc", name="n", source="hub").revision == "abc"


def test_saving_replaces_a_folder_whole(folder: Path) -> None:
    (folder / "old.txt").write_text("from before", encoding="utf-8")
    save(folder, tiny_model("vae"), "vae", ImageMedia(1, 28, 28), LABELS, "mnist", {})
    assert load(folder).family == "vae" and not (folder / "old.txt").exists()
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_a_failed_save_leaves_what_was_there(folder: Path) -> None:
    before = load(folder).revision
    unwritable = {"training": object()}
    with pytest.raises(TypeError):
        save(folder, tiny_model("gan"), "gan", ImageMedia(1, 28, 28), LABELS, "mnist", unwritable)
    assert load(folder).revision == before
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    checkpoint.write_file(path, b"one")
    checkpoint.write_file(path, b"two")
    assert path.read_bytes() == b"two" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not there, and a full disk, of which Python names no file."""
    path = tmp_path / "none" / "job.py"
    with pytest.raises(CheckpointError) as missing, checkpoint.writing():
        checkpoint.write_file(path, b"one")
    assert str(missing.value) == (
        f"{path} could not be written (No such file or directory); make room, or choose another "
        "place"
    )

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(CheckpointError, match=r"x could not be written \(No space left on"):
        with checkpoint.writing():
            checkpoint.write_file(tmp_path / "x", b"one")


def test_labels_are_found_by_name(folder: Path) -> None:
    loaded = load(folder)
    assert loaded.label_index("any") is None and loaded.label_index("3") == 3
    with pytest.raises(
        ValueError, match=r"gan-mnist has no class 'cat'; choose one of 0, 1, .*any"
    ):
        loaded.label_index("cat")


# Folders that are no checkpoint.


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "nowhere is not a folder")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    refused(tmp_path / "file", "file is not a folder")
    refused(tmp_path, "config.json is missing")


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_half_written_folder(folder: Path, name: str) -> None:
    (folder / name).unlink()
    refused(folder, name, "is missing")
    (folder / name).write_bytes(b"")
    refused(folder, name, "cannot be read")
    (folder / name).unlink()
    (folder / name).mkdir()
    refused(folder, name, "cannot be read")


def test_links_are_followed_and_dangling_ones_named(folder: Path) -> None:
    revision = load(folder).revision
    link = folder.with_name("link")
    link.symlink_to(folder, target_is_directory=True)
    assert load(link).revision == revision
    weights = folder / "model.safetensors"
    weights.rename(folder / "elsewhere")
    weights.symlink_to(folder / "elsewhere")
    assert load(folder).revision == revision
    (folder / "elsewhere").unlink()
    refused(folder, "model.safetensors", "is missing")
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to(folder / "config.json")
    refused(folder, "config.json", "cannot be read")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"a": NaN}', "NaN is not a number that JSON has"),
        ('{"a": -Infinity}', "-Infinity is not a number that JSON has"),
        ('{"a": [1e999]}', "1e999 is too large a number"),
        ('{"a": 9007199254740993}', "9007199254740993 is too large a number"),
        ('{"a": -1%s}' % ("0" * 5000), "-100"),
        (r'{"a": "\ud800"}', r"'\ud800' is half of a character"),
        (r'{"\udfff": 1}', r"'\udfff' is half of a character"),
    ],
)  # fmt: skip
def test_what_a_browser_cannot_be_told_is_not_read(
    text: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError) as caught:
        checkpoint.read_json(tmp_path / "x.json")
    assert f"x.json cannot be read: {sentence}" in str(caught.value)
    assert len(str(caught.value)) < len(str(tmp_path)) + 100


def test_numbers_and_letters_that_are_well_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(r'{"a": "\ud83d\ude00", "b": -9007199254740992, "c": 1e300, "d": "\\ud800"}')
    values = {"a": "\N{GRINNING FACE}", "b": -(2**53), "c": 1e300, "d": r"\ud800"}
    assert checkpoint.read_json(path) == values


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "metrics.json"])
def test_a_pipe_is_no_file(folder: Path, name: str) -> None:
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    refused(folder, name, "cannot be read")


# config.json


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{", "cannot be read"),
        (b"\xff\xfe{}", "cannot be read"),
        (b"\x00" * 100, "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b'{"a":' * 100_000, "cannot be read"),
        (b"[]", "holds a list"),
        (b"null", "holds a NoneType"),
        (b'"config"', "holds a str"),
        (b'{"format": NaN}', "NaN"),
        (b'{"format": -Infinity}', "Infinity"),
        (b'{"format": ' + b"9" * 10_000 + b"}", "cannot be read"),
        (b" " * (2**20 + 1), "over 1 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("name", ["config.json", "metrics.json"])
def test_broken_json(folder: Path, name: str, text: bytes, says: str) -> None:
    (folder / name).write_bytes(text)
    refused(folder, name, says)


@pytest.mark.parametrize("key", sorted(checkpoint.KEYS))
def test_every_key_is_needed(folder: Path, key: str) -> None:
    edit(folder, lambda values: values.pop(key))
    refused(folder, "config.json", "lacks", repr(key))


def test_unknown_keys_are_named(folder: Path) -> None:
    edit(folder, lambda values: values.update({f"k{i}": 1 for i in range(1000)}))
    refused(folder, "config.json", "unknown key", "'k0'")


ODD = [None, True, -1, 3.5, "", "x", [], ["x"], [[]], {}, {"x": 1}, 10**15, 1e300]


@pytest.mark.parametrize("value", ODD, ids=repr)
@pytest.mark.parametrize("key", sorted(checkpoint.KEYS))
def test_odd_values(folder: Path, key: str, value: Any) -> None:
    if (key == "training" and isinstance(value, dict)) or (
        key == "dataset" and isinstance(value, str)
    ):
        return  # what these hold is not looked into
    edit(folder, lambda values: values.update({key: value}))
    refused(folder, "config.json")


@pytest.mark.parametrize("family", FAMILIES)
def test_odd_values_in_the_models_config(
    family: str, tiny_checkpoints: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_checkpoints / f"{family}-mnist", tmp_path / "x"))
    (folder / "model.safetensors").write_bytes(b"")  # never looked at
    text = (folder / "config.json").read_text(encoding="utf-8")
    for entry in dataclasses.fields(FAMILIES[family].Config):
        for value in ODD:
            values = json.loads(text)
            values["config"][entry.name] = value
            (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")
            refused(folder, "config.json", entry.name)
        if entry.name in getattr(FAMILIES[family].Config, "LATER", ()):
            continue  # may be missing
        values = json.loads(text)
        del values["config"][entry.name]
        (folder / "config.json").write_text(json.dumps(values), encoding="utf-8")
        refused(folder, "config.json", "lacks", entry.name)


def test_a_long_value_does_not_fill_the_sentence(folder: Path) -> None:
    for key in ("family", "format"):
        edit(folder, lambda values, key=key: values.update({key: "x" * 100_000}))
        refused(folder, "config.json", "xxx...")
        edit(folder, lambda values: values.update(family="gan", format=1))
    edit(folder, lambda values: values["config"].update(noise="x" * 100_000))
    refused(folder, "config.json", "noise")


def test_an_unknown_key_in_the_models_config(folder: Path) -> None:
    edit(folder, lambda values: values["config"].update(dropout=0.1))
    refused(folder, "config.json", "unknown key 'dropout' in 'config'")


def test_another_format_is_refused_before_anything_else_of_it(folder: Path) -> None:
    edit(folder, lambda values: values.update(format=2))
    refused(folder, "config.json", "format 2", "reads format 1", "update")
    edit(folder, lambda values: values.update(new_in_2="yes"))
    refused(folder, "config.json", "format 2", "update")


def test_an_unknown_family_lists_the_known(folder: Path) -> None:
    edit(folder, lambda values: values.update(family="diffusion"))
    refused(folder, "config.json", "'diffusion'", *FAMILIES)


@pytest.mark.parametrize(
    "labels",
    ["0123456789", ["a", "a"], ["any"], [""], [1, 2], [None], ["0"], [], [*LABELS, "ten"]],
    ids=repr,
)
def test_wrong_labels(folder: Path, labels: Any) -> None:
    edit(folder, lambda values: values.update(labels=labels))
    refused(folder, "config.json", "'labels'")


def test_media_and_model_agree_on_the_shape(folder: Path) -> None:
    edit(folder, lambda values: values["media"].update(height=32))
    refused(folder, "config.json", "'media'", "(1, 32, 28)", "(1, 28, 28)")


@pytest.mark.parametrize(
    ("family", "change"),
    [
        ("gan", {"height": 512, "width": 512, "g_base": 256, "g_depth": 16, "latent": 1024}),
        ("vae", {"height": 512, "width": 512, "base": 256, "depth": 16, "hidden": 4096}),
        ("attention", {"layers": 48, "dim": 2048, "heads": 32, "expansion": 8}),
        ("ladder", {"height": 512, "width": 512, "planes": 1024, "coarse": 32, "fine": 32}),
        ("gan", {"latent": 10**12}),
        ("vae", {"hidden": 10**15}),
        ("attention", {"dim": 4 * 10**12}),
    ],
)
def test_a_config_that_asks_for_trillions_costs_nothing(
    family: str, change: dict[str, int], tiny_checkpoints: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(tiny_checkpoints / f"{family}-mnist", tmp_path / "x"))

    def grow(values: dict[str, Any]) -> None:
        values["config"].update(change)
        for side in ("height", "width"):
            values["media"][side] = values["config"][side]

    edit(folder, grow)
    message = refused(folder)  # by the config, or by the weights that this small file lacks
    assert "config.json" in message or "model.safetensors lacks" in message


# model.safetensors


def test_missing_and_unknown_weights(folder: Path) -> None:
    key = next(iter(tiny_model("gan").state_dict()))
    edit_weights(folder, lambda state: state.pop(key))
    refused(folder, "model.safetensors", "lacks", repr(key))
    edit_weights(folder, lambda state: state.update({key: torch.zeros(1), "extra": torch.ones(1)}))
    refused(folder, "model.safetensors", "unknown key 'extra'")


def test_a_wrong_shape(folder: Path) -> None:
    key, value = next(iter(tiny_model("gan").state_dict().items()))
    edit_weights(folder, lambda state: state.update({key: torch.zeros(3, 5)}))
    refused(folder, "model.safetensors", repr(key), "(3, 5)", str(tuple(value.shape)))
    edit_weights(folder, lambda state: state.update({key: torch.zeros(())}))
    refused(folder, "model.safetensors", repr(key), "()")


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.int64, torch.int8, torch.bool, torch.float8_e4m3fn], ids=str
)
def test_a_wrong_dtype(folder: Path, dtype: torch.dtype) -> None:
    key, value = next(iter(tiny_model("gan").state_dict().items()))
    edit_weights(folder, lambda state: state.update({key: value.to(dtype)}))
    refused(folder, "model.safetensors", repr(key), "weights are F32, F16, BF16")


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
def test_weights_that_are_no_numbers(folder: Path, value: float) -> None:
    key = list(tiny_model("gan").state_dict())[-1]
    edit_weights(folder, lambda state: state[key].view(-1)[-1:].fill_(value))
    refused(folder, "model.safetensors", repr(key), "NaN or infinity")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_cut_off_weights(folder: Path, share: float) -> None:
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    refused(folder, "model.safetensors", "cannot be read")
    path.write_bytes(content + b"and more")
    refused(folder, "model.safetensors", "cannot be read")


class Trap:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (os.environ["TRAP"],)


@pytest.mark.parametrize("make", ["pickle", "torch"])
def test_a_pickle_is_never_run(
    folder: Path, make: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "sprung"
    monkeypatch.setenv("TRAP", str(trap))
    path = folder / "model.safetensors"
    if make == "pickle":
        path.write_bytes(pickle.dumps(Trap()))
    else:
        torch.save({"weights": Trap()}, path)
    shutil.copy(path, folder / "pytorch_model.bin")
    refused(folder, "model.safetensors", "cannot be read")
    path.unlink()
    refused(folder, "model.safetensors", "is missing")
    assert not trap.exists()


def announce(header: Any, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


HUGE = 2**40


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", HUGE) + b"{}",
        announce({"x": {"dtype": "F32", "shape": [HUGE], "data_offsets": [0, 4 * HUGE]}}),
        announce({"x": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 4]}}, b"1234"),
        announce({"x": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}, b"1234"),
        announce({"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}, b"1234"),
        announce({"x": {"dtype": "F32", "shape": [1], "data_offsets": [8, 12]}}, b"1234"),
        announce({"x": {"dtype": "Q99", "shape": [1], "data_offsets": [0, 4]}}, b"1234"),
        announce(b"[" * 50_000),
        announce(b"\xff" * 64),
        announce([]),
    ],
    ids=range(11),
)
def test_a_file_that_announces_what_it_does_not_hold(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    refused(folder, "model.safetensors", "cannot be read")


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    with (folder / "model.safetensors").open("r+b") as file:
        file.truncate(checkpoint.MAX_FILE_BYTES + 1)  # sparse: takes no room
    refused(folder, "model.safetensors", "over 512 MB")


# What is written is whole, or not there.


@pytest.mark.parametrize("stopped_at", [1, 2])
def test_a_folder_is_replaced_whole_or_not_at_all(
    stopped_at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, renamed = tmp_path / "x", Path.rename
    folder.mkdir()
    (folder / "old").touch()
    calls: list[Path] = []

    def rename(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == stopped_at:
            raise KeyboardInterrupt
        return renamed(path, target)

    def write(patch: pytest.MonkeyPatch) -> None:
        with checkpoint.whole_folder(folder) as partial:
            (partial / "new").touch()
            patch.setattr(Path, "rename", rename)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        write(patch)
    assert len(calls) == [1, 3][stopped_at - 1]
    assert [p.name for p in tmp_path.rglob("*")] == ["x", "old"]
    with checkpoint.whole_folder(folder) as partial:
        (partial / "new").touch()
    assert [p.name for p in tmp_path.rglob("*")] == ["x", "new"]


def test_what_a_killed_process_had_put_aside_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".x.0123.old").mkdir()
    (tmp_path / ".x.0123.old" / "old").touch()
    with pytest.raises(ValueError, match="no"), checkpoint.whole_folder(tmp_path / "x"):
        raise ValueError("no")
    assert [p.name for p in tmp_path.rglob("*")] == ["x", "old"]
    (tmp_path / ".x.4567.old").mkdir()
    with checkpoint.whole_folder(tmp_path / "x") as partial:
        (partial / "new").touch()
    assert [p.name for p in tmp_path.rglob("*")] == ["x", "new"]


# A folder of checkpoints.


def test_a_broken_one_does_not_hide_the_others(tiny_checkpoints: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(tiny_checkpoints, tmp_path / "checkpoints"))
    (root / "vae-mnist" / "config.json").write_text("{", encoding="utf-8")
    (root / "empty").mkdir()
    (root / ".hidden.partial").mkdir()
    (root / "README.md").write_text("no folder", encoding="utf-8")
    loaded, broken = scan(root)
    assert [c.name for c in loaded] == sorted(f"{name}-mnist" for name in FAMILIES if name != "vae")
    assert [b.name for b in broken] == ["empty", "vae-mnist"]
    assert "config.json is missing" in broken[0].error
    assert str(root / "vae-mnist" / "config.json") in broken[1].error


def test_one_checkpoint_is_a_folder_of_one(folder: Path) -> None:
    loaded, broken = scan(folder)
    assert [c.name for c in loaded] == ["gan-mnist"] and broken == []
    (folder / "model.safetensors").unlink()
    assert [b.name for b in scan(folder)[1]] == ["gan-mnist"]


def test_a_folder_of_nothing(tmp_path: Path) -> None:
    assert scan(tmp_path) == ([], [])
    with pytest.raises(CheckpointError, match="name a folder of checkpoints"):
        scan(tmp_path / "nowhere")


# Snapshots


def test_snapshots_in_their_order(tiny_checkpoints: Path) -> None:
    stages = checkpoint.snapshots(tiny_checkpoints / "gan-mnist")
    assert [stage.step for stage in stages] == [10, 20, 30]
    assert [stage.images for stage in stages] == [640, 1280, 1920]
    assert stages[1].minutes == 0.2 and stages[1].figures == {"loss": 0.5, "images/s": 99}
    assert all(stage.picture.startswith(b"\x89PNG") for stage in stages)
    assert checkpoint.snapshots(tiny_checkpoints) == []
    written = checkpoint.snapshots(tiny_checkpoints / "language-mnist")
    assert [stage.texts for stage in written] == [(f"<b>{n}\n", "abc") for n in (10, 20, 30)]
    assert all(stage.picture == b"" for stage in written)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ("{}", "holds a dict where a list belongs"),
        ("[", "cannot be read"),
        ("[5]", "'file' of snapshot 1 names a PNG or a JSON"),
        ('[{"file": "../../x.png", "step": 1}]', "'file' of snapshot 1 names a PNG or a JSON"),
        ('[{"file": "a.png", "step": 1, "images": 2}]', "lacks 'step', 'images' or 'minutes'"),
        ('[{"file": "a.png", "step": 1, "images": 2, "minutes": "x"}]', "lacks"),
        ('[{"file": "a.png", "step": NaN, "images": 2, "minutes": 1}]', "not a number"),
        ('[{"file": "a.png", "step": 1, "images": 2, "minutes": 1}]', "a.png is no PNG"),
        (
            '[{"file": "a.json", "step": 1, "images": 2, "minutes": 1}]',
            "a.json is no list of texts",
        ),
        ('[{"file": "b.json", "step": 1, "images": 2, "minutes": 1}]', "b.json cannot be read"),
        ('[{"file": "b.png", "step": 1, "images": 2, "minutes": 1}]', "b.png cannot be read"),
        (json.dumps([{}] * 201), "over 200 snapshots"),
    ],
)
def test_snapshots_that_are_wrong(tmp_path: Path, index: str, words: str) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    (folder / "index.json").write_text(index, encoding="utf-8")
    (folder / "a.png").write_bytes(b"GIF89a")
    (folder / "a.json").write_text('["x", 5]')
    (folder / "b.json").write_bytes(b"\xff[")
    with pytest.raises(CheckpointError, match=words):
        checkpoint.snapshots(tmp_path)


def test_a_stacked_classifier_judges_each_channel(tiny_checkpoints: Path) -> None:
    one = load(tiny_checkpoints / "classifier-mnist")
    three = stacked(one, 3)
    assert three.media.channels == 3 and len(three.labels) == 1000
    assert three.labels[0] == "000" and three.labels[-1] == "999"
    images = torch.rand(4, 3, 28, 28, generator=latent.generator(0))
    joint, features = three.model.classify(images)  # type: ignore[operator]
    assert joint.shape == (4, 1000)
    torch.testing.assert_close(joint.exp().sum(1), torch.ones(4))
    parts = [one.model.classify(images[:, [c]]) for c in range(3)]  # type: ignore[operator]
    for i, index in enumerate(joint.argmax(1)):
        digits = [int(logits[i].argmax()) for logits, _ in parts]
        assert three.labels[index] == "".join(one.labels[d] for d in digits)
    torch.testing.assert_close(features, torch.cat([f for _, f in parts], 1))


def test_a_key_that_came_later_may_be_missing(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    for key in FAMILIES["gan"].Config.LATER:
        del config["config"][key]
    (folder / "config.json").write_text(json.dumps(config))
    assert load(folder).model.config.pack == 1  # type: ignore[union-attr]


@pytest.mark.parametrize("label", ["a\0b", "a\nb", "\u202eabc", "x" * 201, "数" * 67])
def test_a_class_name_that_cannot_be_shown_is_refused(tmp_path: Path, label: str) -> None:
    config = save_tiny(tmp_path / "gan-mnist", "gan") / "config.json"
    values = json.loads(config.read_text())
    values["labels"][2] = label
    config.write_text(json.dumps(values))
    with pytest.raises(checkpoint.CheckpointError, match=r"label 3 is not a printable name of up"):
        checkpoint.load(tmp_path / "gan-mnist")
