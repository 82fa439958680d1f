"""The model card, and push and pull against a stand-in for the Hub on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.errors import HFValidationError

from aigc import checkpoint, hub
from aigc.checkpoint import CheckpointError

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
    shutil.copytree(tiny_checkpoints / "gan-mnist", folder)
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


@pytest.mark.parametrize("family", ["gan", "vae", "attention", "classifier"])
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
    if family == "classifier":
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


def test_durations() -> None:
    assert hub.duration(45) == "45 s"
    assert hub.duration(89.6) == "90 s"
    assert hub.duration(720) == "12 min"
    assert hub.duration(3600) == "1 h 00 min"
    assert hub.duration(3910) == "1 h 05 min"


# A stand-in for the Hub: the requests that a push and a pull make, over real sockets.


class StandIn(ThreadingHTTPServer):
    """Repositories in memory: name -> list of commits, each a dict of path -> content."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.repos: dict[str, list[dict[str, bytes]]] = {}
        self.requests: list[str] = []

    def sha(self, repo: str) -> str:
        return hashlib.sha1(f"{repo}{len(self.repos[repo])}".encode()).hexdigest()


class Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, format: str, *args: object) -> None:
        self.server.requests.append(f"{self.command} {self.path}")

    def reply(
        self, status: int, body: object = None, headers: dict[str, str] | None = None
    ) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def missing(self, code: str) -> None:
        self.reply(404, {"error": code}, {"X-Error-Code": code})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = unquote(urlsplit(self.path).path)
        if path == "/api/repos/create":
            asked = json.loads(body)
            repo = f"{asked.get('organization') or 'me'}/{asked['name']}"
            there = repo in self.server.repos
            self.server.repos.setdefault(repo, [])
            address = f"http://{self.headers['Host']}/{repo}"
            return self.reply(409 if there else 200, {"url": address, "name": repo})
        if path == "/api/validate-yaml":
            return self.reply(200, {"errors": [], "warnings": []})
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)/(preupload|commit)/main", path)
        if not found or found[1] not in self.server.repos:
            return self.missing("RepoNotFound")
        repo, commits = found[1], self.server.repos[found[1]]
        if found[2] == "preupload":
            files = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False}
                for f in json.loads(body)["files"]
            ]
            return self.reply(200, {"files": files})
        lines = [json.loads(line) for line in body.splitlines()]
        new = {
            line["value"]["path"]: base64.b64decode(line["value"]["content"])
            for line in lines
            if line["key"] == "file"
        }
        commits.append({**(commits[-1] if commits else {}), **new})
        sha = self.server.sha(repo)
        address = f"http://{self.headers['Host']}/{repo}/commit/{sha}"
        return self.reply(200, {"commitUrl": address, "commitOid": sha, "success": True})

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        found = re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?", path)
        resolved = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        repo = (found or resolved or [None, ""])[1]
        if repo == "me/locked":
            return self.reply(403, {"error": "no"})
        if not self.server.repos.get(repo):
            return self.missing("RepoNotFound")
        sha, files = self.server.sha(repo), self.server.repos[repo][-1]
        if resolved:
            if resolved[3] not in files:
                return self.missing("EntryNotFound")
            content = files[resolved[3]]
            etag = hashlib.sha1(content).hexdigest()
            return self.reply(200, content, {"X-Repo-Commit": sha, "ETag": f'"{etag}"'})
        assert found is not None
        if found[3] not in (None, "main", sha):
            return self.missing("RevisionNotFound")
        entries = [
            {"type": "file", "path": p, "size": len(c), "oid": hashlib.sha1(c).hexdigest()}
            for p, c in files.items()
        ]
        if found[2] == "tree":
            return self.reply(200, entries)
        siblings = [{"rfilename": p} for p in files]
        return self.reply(200, {"id": repo, "sha": sha, "siblings": siblings, "tags": []})

    do_HEAD = do_GET


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


SCRIPT = """
import json, sys
from pathlib import Path
from aigc import hub
from aigc.checkpoint import CheckpointError
said = {}
def attempt(name, action):
    try:
        said[name] = action()
    except CheckpointError as error:
        said[name] = f"{type(error).__name__}: {error}"
folder = Path(sys.argv[1])
def describe(loaded):
    return [loaded.name, loaded.family, loaded.source, loaded.revision, str(loaded.path)]
attempt("push", lambda: hub.push(folder, "me/gan-mnist"))
attempt("pull", lambda: describe(hub.pull("me/gan-mnist")))
attempt("unknown", lambda: describe(hub.pull("me/nothing")))
attempt("revision", lambda: describe(hub.pull("me/gan-mnist", "v9")))
attempt("locked", lambda: describe(hub.pull("me/locked")))
attempt("name", lambda: describe(hub.pull("no such name")))
attempt("broken", lambda: hub.push(folder.parent, "me/broken"))
print(json.dumps(said))
"""


def test_push_and_pull(measured: Path, stand_in: StandIn, tmp_path: Path) -> None:
    """In a process of its own, because huggingface_hub reads its address once, on import."""
    (measured / "optimizer.bin").write_bytes(b"never pushed")
    environment = os.environ | {
        "HF_ENDPOINT": f"http://127.0.0.1:{stand_in.server_address[1]}",
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_TOKEN": "hf_made_up",
        "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_CACHE": str(tmp_path / "hf" / "hub"),
        "NO_PROXY": "*",
    }
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(measured)],
        env=environment,
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout.splitlines()[-1])
    sha = stand_in.sha("me/gan-mnist")
    assert said["push"].endswith(f"/me/gan-mnist/commit/{sha}")
    (commit,) = stand_in.repos["me/gan-mnist"]
    assert "optimizer.bin" not in commit
    assert {"config.json", "model.safetensors", "README.md", "metrics.json"} <= set(commit)
    assert any(name.startswith("snapshots/") for name in commit)
    assert commit["model.safetensors"] == (measured / "model.safetensors").read_bytes()
    assert said["pull"][:4] == ["gan-mnist", "gan", "me/gan-mnist", sha]
    pulled = checkpoint.load(Path(said["pull"][4]))
    assert pulled.metrics == METRICS
    assert said["unknown"] == (
        "HubError: me/nothing is not on the Hub, or is private; check the name, or `hf auth login`"
    )
    assert said["revision"].startswith("HubError: me/gan-mnist has no revision 'v9'")
    assert said["locked"].startswith("HubError: the Hub refuses me/locked (403)")
    assert said["name"].startswith("HubError: 'no such name' is no repository of the Hub")
    assert said["broken"].startswith("CheckpointError: ")
    assert "me/broken" not in stand_in.repos
    # Pulling again by the commit itself, with the Hub gone: from the cache.
    again = subprocess.run(
        [sys.executable, "-c",
         f"from aigc import hub; print(hub.pull('me/gan-mnist', {sha!r}).revision)"],
        env=environment | {"HF_ENDPOINT": "http://127.0.0.1:9"},
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )  # fmt: skip
    assert again.stdout.strip() == sha, again.stderr


def test_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(hub.HubError, match="HF_HUB_OFFLINE is set"):
        hub.pull("me/gan-mnist")
    assert issubclass(hub.HubError, CheckpointError)


def test_errors_from_any_http_library_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for raised, sentence in (
        (ConnectionResetError(), "cannot be reached for a/b (ConnectionResetError)"),
        (RuntimeError("client closed"), "cannot be reached"),
        (HFValidationError("bad"), "is no repository"),
    ):

        def fail(*_: object, raised: Exception = raised, **__: object) -> None:
            raise raised

        monkeypatch.setattr(hub, "snapshot_download", fail)
        with pytest.raises(hub.HubError, match=re.escape(sentence)):
            hub.pull("a/b", "0" * 40)
