"""The app as a Space: what is listed is what is uploaded, and that alone starts the app."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
import yaml
from conftest import hub_environment
from hub_server import READ, HubServer

from aigc import hub
from aigc.hub import space
from docs.screenshot import free_port

ROOT = Path(__file__).parent.parent


def matter(files: dict[str, bytes]) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load(files["README.md"].decode().split("---\n")[1])
    return found


def test_the_readme_is_that_of_a_space() -> None:
    files = {"README.md": (ROOT / "README.md").read_bytes()}
    found = matter(files)
    assert (found["sdk"], found["app_file"], found["license"]) == ("gradio", "app.py", "apache-2.0")
    assert len(str(found["short_description"])) <= 60
    needs = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    least = re.findall(r"^gradio>=([\d.]+),<7", needs, re.M)[0]
    version = [int(part) for part in str(found["sdk_version"]).split(".")]
    assert [int(part) for part in least.split(".")] <= version[:2] and version[0] < 7


def test_what_runs_and_nothing_else() -> None:
    files = space.plan("me/demo").files
    for path in ("app.py", "requirements.txt", "aigc/ui/__init__.py", "aigc/ui/static/app.js",
                 "checkpoints/gan-mnist/model.safetensors", "docs/screenshot.png",
                 "films/gan-certain/film.json"):  # fmt: skip
        assert path in files
    for path, content in files.items():
        assert not path.startswith(("tests", "train", "data", "runs", "tools", "."))
        assert "__pycache__" not in path and len(content) <= 25 * 2**20


def test_the_list_is_the_upload(the_hub: HubServer, tiny_checkpoints: Path) -> None:
    sha = hub.push(tiny_checkpoints / "gan-mnist", "me/gan-mnist").revision
    planned = space.plan("me/demo", "zero-a10g", ["me/gan-mnist"])
    assert space.publish(planned) == f"{the_hub.url}/spaces/me/demo"
    repo = the_hub.repos["space", "me/demo"]
    uploaded = the_hub.files("me/demo", kind="space")
    assert uploaded == planned.files | {".gitattributes": uploaded[".gitattributes"]}
    listed = re.findall(r"^ *[\d,]+  (\S+)$", str(planned), re.M)
    assert set(listed) == set(uploaded) - {".gitattributes"}
    assert (repo.sdk, repo.hardware) == ("gradio", "zero-a10g")
    assert repo.variables == {"AIGC_HUB": f"me/gan-mnist@{sha}"}
    found = matter(uploaded)
    assert found["models"] == ["me/gan-mnist"] and found["suggested_hardware"] == "zero-a10g"
    assert str(found["thumbnail"]).endswith("/spaces/me/demo/resolve/main/docs/screenshot.png")
    (preload,) = found["preload_from_hub"]  # type: ignore[misc]
    name, files, commit = preload.split(" ")
    assert (name, commit) == ("me/gan-mnist", sha) and "model.safetensors" in files.split(",")
    assert b"torch>=2.8,<2.12 " in uploaded["requirements.txt"]
    # Again: one commit less, and a file that is gone is taken away.
    commits = len(repo.log)
    space.publish(planned)
    assert len(repo.log) == commits
    less = {path: c for path, c in planned.files.items() if path != "docs/interpolate.png"}
    space.publish(space.Space("me/demo", less, {"AIGC_HUB": "me/x"}, "cpu-basic"))
    assert "docs/interpolate.png" not in the_hub.files("me/demo", kind="space")
    assert (repo.variables["AIGC_HUB"], repo.hardware) == ("me/x", "cpu-basic")
    # Without models it follows none any more; what its owner set besides stays.
    repo.variables["AIGC_TITLE"] = "mine"
    none = space.Space("me/demo", less, {}, None)
    for _ in range(2):
        space.publish(none)
        assert repo.variables == {"AIGC_TITLE": "mine"}
    assert "\nno variable AIGC_HUB" in str(none) and "no variable" not in str(planned)


def test_a_space_that_is_not_yours(the_hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(hub.HubError, match="other is not yours: you are me on the Hub"):
        space.publish(space.plan("other/demo"))
    monkeypatch.setenv("HF_TOKEN", READ)
    with pytest.raises(hub.HubError, match="may read but not write"):
        space.publish(space.plan("me/demo"))
    with pytest.raises(hub.HubError, match="me/nothing is not on the Hub"):
        space.plan("me/demo", models=["me/nothing"])


def test_a_large_file_goes_as_a_large_object(the_hub: HubServer) -> None:
    files = space.plan("me/demo").files | {"docs/large.png": b"\0" * (11 * 2**20)}
    space.publish(space.Space("me/demo", files, {}, None))
    assert "docs/large.png" in the_hub.repos["space", "me/demo"].large


def test_the_upload_alone_starts_the_app(the_hub: HubServer, tmp_path: Path) -> None:
    """In a folder with nothing else, in a process that knows no other copy of the project."""
    folder = tmp_path / "space"
    for path, content in space.plan("me/demo").files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    port = free_port()
    environment = hub_environment(the_hub, tmp_path / "home") | {
        # Without `site` no other copy of the project is found, only the packages.
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p.endswith("site-packages")),
        "SPACE_ID": "me/demo", "GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "0",
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-S", "app.py"], cwd=folder, env=environment, stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + 240
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/config", timeout=60, trust_env=False)
                break
            except httpx.HTTPError:
                assert process.poll() is None and time.monotonic() < end
                time.sleep(0.2)
        page = httpx.get(f"http://127.0.0.1:{port}/", timeout=60, trust_env=False)
        assert page.status_code == 200
        # Nothing forbids another page to embed it.
        assert "x-frame-options" not in page.headers
        assert "frame-ancestors" not in page.headers.get("content-security-policy", "")
        shown = httpx.get(f"http://127.0.0.1:{port}/config", timeout=60, trust_env=False).text
        assert "Duplicate this Space" in shown and "gan-mnist" in shown
        assert '"elem_id":"hub-open"' not in shown  # on a Space nothing is open to everybody
    finally:
        process.terminate()
        process.wait(60)
    assert the_hub.requests == []  # without --hub nothing goes over the network
