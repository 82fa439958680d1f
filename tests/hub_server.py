"""A stand-in for the Hugging Face Hub: a real HTTP server on the loopback that speaks as much of
its protocol as the Hub's own client asks for, keeps commits and large objects, checks hashes and
tokens, and fails when it is told to.

    hub = HubServer()
    hub.start()                       # hub.url is what HF_ENDPOINT is set to
    hub.fail("GET .*/resolve/", status=503, times=2)
    hub.stop(); hub.start()           # away, and back at the same address

Nothing outside tests/ knows of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

MAX_PLAIN = 10 * 2**20  # bytes of a file in plain git
WRITE, READ, STRANGER = "hf_write", "hf_read", "hf_stranger"


@dataclass
class Fault:
    """What goes wrong with requests whose `METHOD /path` matches."""

    match: str
    times: int = 10**9
    after: int = 0
    """How many such requests are answered well first."""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    refuse: bool = False
    """Close the connection without an answer."""
    hang: float = 0.0
    """Seconds of silence before the answer."""
    cut: bool = False
    """Half of the body, then the connection ends."""
    trickle: float = 0.0
    """Seconds from one byte of the body to the next."""
    change: bool = False
    """Another byte in the middle of the body."""
    size: int = 0
    """A size to announce in the list of files, instead of the true one."""
    body: bytes | None = None
    """Another body."""


@dataclass
class Repo:
    owner: str
    private: bool = False
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """sha -> path -> content."""
    log: list[tuple[str, str, str]] = field(default_factory=list)
    """(branch, sha, message), in order."""
    refs: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    large: set[str] = field(default_factory=set)
    """Paths that are kept as large objects."""
    variables: dict[str, str] = field(default_factory=dict)
    hardware: str = ""
    sdk: str = ""

    def resolve(self, revision: str) -> str | None:
        sha = self.refs.get(revision) or self.tags.get(revision)
        return sha or (revision if revision in self.commits else None)


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class HubServer:
    """The state of the Hub, and its server, which may go away and come back."""

    def __init__(self) -> None:
        self.repos: dict[tuple[str, str], Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.collections: dict[str, list[str]] = {}
        self.tokens = {WRITE: ("me", "write"), READ: ("me", "read"), STRANGER: ("other", "write")}
        self.requests: list[str] = []
        self.sent: dict[str, int] = {}
        """Path -> bytes of its body that went out."""
        self.ranges: list[int] = []
        """Where downloads went on that had broken off."""
        self.faults: list[Fault] = []
        self.lock = threading.RLock()
        self.port = 0
        self.over = threading.Event()
        """Ends what hangs."""
        self._server: ThreadingHTTPServer | None = None

    # The switch

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def cdn(self) -> str:
        """Large files come from another host, as far as the client can tell."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        hub = self

        class Bound(Handler):
            state = hub

        self.over.clear()
        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Bound)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self.over.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def fail(self, match: str, **how: Any) -> Fault:
        fault = Fault(match, **how)
        self.faults.append(fault)
        return fault

    def heal(self) -> None:
        self.faults.clear()

    # Repositories

    def add(
        self, name: str, files: dict[str, bytes], kind: str = "model", branch: str = "main"
    ) -> str:
        """A commit by hand; returns its hash."""
        repo = self.repos.setdefault((kind, name), Repo(name.split("/")[0]))
        with self.lock:
            return self.commit(repo, name, branch, files, "by hand")

    def commit(
        self, repo: Repo, name: str, branch: str, files: dict[str, bytes], message: str
    ) -> str:
        sha = hashlib.sha1(f"{name} {branch} {len(repo.log)}".encode()).hexdigest()
        repo.commits[sha] = files
        repo.refs[branch] = sha
        repo.log.append((branch, sha, message))
        repo.large |= {p for p, c in files.items() if self.mode(p, len(c)) == "lfs"}
        return sha

    def files(self, name: str, revision: str = "main", kind: str = "model") -> dict[str, bytes]:
        repo = self.repos[kind, name]
        sha = repo.resolve(revision)
        assert sha is not None
        return repo.commits[sha]

    @staticmethod
    def mode(path: str, size: int) -> str:
        return "lfs" if path.endswith(".safetensors") or size > MAX_PLAIN else "regular"


class Handler(BaseHTTPRequestHandler):
    state: HubServer
    protocol_version = "HTTP/1.1"
    # Header and body go out in two pieces, of which the second would wait 40 ms for word that the
    # first has come.
    disable_nagle_algorithm = True
    fault: Fault | None = None

    def log_message(self, format: str, *args: object) -> None:
        pass

    # Answers

    def reply(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        fault, path = self.fault, urlsplit(self.path).path
        if fault and fault.body is not None:
            content = fault.body
        if fault and fault.change and content:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault and fault.cut:
            content = content[: len(content) // 2]
            self.close_connection = True
        if fault and fault.trickle:
            for byte in content:
                if self.state.over.wait(fault.trickle):
                    break
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
            self.close_connection = True
            return
        self.wfile.write(content)
        with self.state.lock:
            self.state.sent[path] = self.state.sent.get(path, 0) + len(content)

    def error(self, status: int, code: str = "", message: str = "") -> None:
        headers = {"X-Error-Code": code} if code else {}
        if message:
            headers["X-Error-Message"] = message
        self.reply(status, {"error": message or code or str(status)}, headers)

    # Who asks

    def who(self) -> tuple[str, str] | None:
        """Name and role, ("", "") for nobody, None for a token that is none."""
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        return ("", "") if not given else self.state.tokens.get(given)

    def may_write(self, owner: str) -> bool:
        who = self.who()
        if not who or not who[0]:
            self.error(401, message="Invalid credentials in Authorization header")
        elif who[1] != "write" or who[0] != owner:
            self.error(403, message=f"You don't have the rights to write to {owner}")
        else:
            return True
        return False

    def find(self, kind: str, name: str) -> Repo | None:
        repo, who = self.state.repos.get((kind, name)), self.who()
        if who is None:
            self.error(401, message="Invalid credentials in Authorization header")
        elif repo is None or (repo.private and who[0] != repo.owner):
            self.error(404 if who[0] else 401, "RepoNotFound")
        else:
            return repo
        return None

    # Requests

    def serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.state.over.is_set():  # a connection from before it went away
            self.close_connection = True
            return
        path = unquote(urlsplit(self.path).path)
        line = f"{self.command} {path}"
        self.fault = None
        with self.state.lock:
            self.state.requests.append(line)
            for fault in self.state.faults:
                if re.search(fault.match, line) and fault.times > 0:
                    if fault.after > 0:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    self.fault = fault
                    break
        fault = self.fault
        if fault and fault.hang and self.state.over.wait(fault.hang):
            self.close_connection = True
            return
        if fault and fault.refuse:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        if fault and fault.status:
            self.reply(fault.status, {"error": "told to fail"}, fault.headers)
            return
        with self.state.lock if not (fault and fault.trickle) else threading.Lock():
            for command, pattern, handler in ROUTES:
                found = re.fullmatch(pattern, path)
                if found and self.command in command:
                    getattr(self, handler)(**found.groupdict())
                    return
        self.error(404)

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except OSError:  # the other side had enough
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve

    def json(self) -> Any:
        return json.loads(self.body or b"{}")

    def whoami(self) -> None:
        who = self.who()
        if not who or not who[0]:
            return self.error(401, message="Invalid credentials in Authorization header")
        role = {"accessToken": {"role": who[1], "displayName": "test"}}
        self.reply(200, {"name": who[0], "type": "user", "orgs": [], "auth": role})

    def yaml(self) -> None:
        self.reply(200, {"errors": [], "warnings": []})

    def create(self) -> None:
        asked = self.json()
        who = self.who()
        owner = asked.get("organization") or (who[0] if who else "")
        if not self.may_write(owner):
            return
        kind, name = asked.get("type", "model"), f"{owner}/{asked['name']}"
        url = f"{self.state.url}/{'spaces/' if kind == 'space' else ''}{name}"
        there = (kind, name) in self.state.repos
        if not there:
            private = asked.get("visibility") == "private" or bool(asked.get("private"))
            repo = Repo(owner, private, sdk=asked.get("sdk", ""))
            repo.hardware = asked.get("hardware", "")
            repo.variables = {v["key"]: v["value"] for v in asked.get("variables") or []}
            self.state.repos[kind, name] = repo
            files = {".gitattributes": b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n"}
            self.state.commit(repo, name, "main", files, "initial commit")
        self.reply(409 if there else 200, {"url": url, "name": name})

    def preupload(self, kind: str, name: str, rev: str) -> None:
        repo = self.find(kind, name)
        if repo is None or not self.may_write(repo.owner):
            return
        if (sha := repo.resolve(rev)) is None:
            return self.error(404, "RevisionNotFound")
        there, files = repo.commits[sha], []
        for one in self.json()["files"]:
            mode = self.state.mode(one["path"], one["size"])
            entry = {"path": one["path"], "uploadMode": mode, "shouldIgnore": False}
            if one["path"] in there:
                content = there[one["path"]]
                large = one["path"] in repo.large
                entry["oid"] = hashlib.sha256(content).hexdigest() if large else git_hash(content)
            files.append(entry)
        self.reply(200, {"files": files})

    def batch(self, name: str, space: str | None = None) -> None:
        repo = self.find("space" if space else "model", name)
        if repo is None or not self.may_write(repo.owner):
            return
        objects = []
        for one in self.json()["objects"]:
            entry: dict[str, Any] = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.state.objects:
                entry["actions"] = {
                    "upload": {"href": f"{self.state.url}/lfs/{one['oid']}"},
                    "verify": {"href": f"{self.state.url}/lfs/verify"},
                }
            objects.append(entry)
        self.reply(200, {"transfer": "basic", "objects": objects})

    def put(self, oid: str) -> None:
        if hashlib.sha256(self.body).hexdigest() != oid:
            return self.error(422, message="the content is not what its hash says")
        self.state.objects[oid] = self.body
        self.reply(200, b"")

    def verify(self) -> None:
        asked = self.json()
        content = self.state.objects.get(asked["oid"])
        if content is None or len(content) != asked["size"]:
            return self.error(404)
        self.reply(200, {})

    def make_commit(self, kind: str, name: str, rev: str) -> None:
        repo = self.find(kind, name)
        if repo is None or not self.may_write(repo.owner):
            return
        lines = [json.loads(line) for line in self.body.splitlines()]
        header = next(line["value"] for line in lines if line["key"] == "header")
        head = repo.refs.get(rev)
        if head is None:
            return self.error(404, "RevisionNotFound")
        if header.get("parentCommit", head) != head:
            return self.error(412, message="A commit has happened since. Please refresh.")
        files = dict(repo.commits[head])
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                content = base64.b64decode(value["content"])
                if len(content) > MAX_PLAIN:
                    return self.error(400, message="files over 10 MB go through LFS")
                files[value["path"]] = content
            elif line["key"] == "lfsFile":
                if value["oid"] not in self.state.objects:
                    return self.error(400, message="the large file was not uploaded")
                files[value["path"]] = self.state.objects[value["oid"]]
                repo.large.add(value["path"])
            elif line["key"] == "deletedFile":
                if files.pop(value["path"], None) is None:
                    return self.error(404, "EntryNotFound")
        sha = self.state.commit(repo, name, rev, files, header["summary"])
        prefix = "spaces/" if kind == "space" else ""
        url = f"{self.state.url}/{prefix}{name}/commit/{sha}"
        self.reply(200, {"commitUrl": url, "commitOid": sha, "success": True})

    def branch(self, kind: str, name: str, rev: str) -> None:
        repo = self.find(kind, name)
        if repo is None or not self.may_write(repo.owner):
            return
        if rev in repo.refs:
            return self.error(409)
        repo.refs[rev] = repo.refs["main"]
        self.reply(200, {})

    def tag(self, kind: str, name: str, rev: str) -> None:
        repo = self.find(kind, name)
        if repo is None or not self.may_write(repo.owner):
            return
        asked, sha = self.json()["tag"], repo.resolve(rev)
        if sha is None:
            return self.error(404, "RevisionNotFound")
        if asked in repo.tags:
            return self.error(409)
        repo.tags[asked] = sha
        self.reply(200, {})

    def info(self, kind: str, name: str, rev: str | None = None) -> None:
        repo = self.find(kind, name)
        if repo is None:
            return
        if (sha := repo.resolve(rev or "main")) is None:
            return self.error(404, "RevisionNotFound")
        self.reply(200, self.described(kind, name, repo, sha))

    def described(self, kind: str, name: str, repo: Repo, sha: str) -> dict[str, Any]:
        files = repo.commits[sha]
        tags = re.findall(r"^- (\w+)$", files.get("README.md", b"").decode(), re.M)
        siblings = [{"rfilename": path} for path in files]
        return {
            "id": name, "modelId": name, "sha": sha, "private": repo.private, "tags": tags,
            "siblings": siblings, "author": repo.owner,
        }  # fmt: skip

    def tree(self, kind: str, name: str, rev: str) -> None:
        repo = self.find(kind, name)
        if repo is None:
            return
        if (sha := repo.resolve(rev)) is None:
            return self.error(404, "RevisionNotFound")
        entries = []
        for path, content in repo.commits[sha].items():
            size = self.fault.size if self.fault and self.fault.size else len(content)
            entry: dict[str, Any] = {
                "type": "file", "path": path, "size": size, "oid": git_hash(content),
            }  # fmt: skip
            if path in repo.large:
                oid = hashlib.sha256(content).hexdigest()
                entry["lfs"] = {"oid": oid, "size": size, "pointerSize": 134}
            entries.append(entry)
        self.reply(200, entries)

    def resolve(self, name: str, rev: str, path: str, space: str | None = None) -> None:
        repo = self.find("space" if space else "model", name)
        if repo is None:
            return
        sha = repo.resolve(rev)
        if sha is None:
            return self.error(404, "RevisionNotFound")
        files = repo.commits[sha]
        if path not in files:
            return self.error(404, "EntryNotFound")
        content = files[path]
        if path not in repo.large:
            return self.content(content, {"X-Repo-Commit": sha, "ETag": f'"{git_hash(content)}"'})
        oid = hashlib.sha256(content).hexdigest()
        self.state.objects.setdefault(oid, content)
        headers = {
            "X-Repo-Commit": sha, "X-Linked-Etag": f'"{oid}"', "X-Linked-Size": str(len(content)),
            "ETag": f'"{oid}"', "Location": f"{self.state.cdn}/cdn/{oid}",
        }  # fmt: skip
        self.reply(302, b"", headers)

    def cdn(self, oid: str) -> None:
        if oid not in self.state.objects:
            return self.error(404)
        self.content(self.state.objects[oid], {"ETag": f'"{oid}"'})

    def content(self, content: bytes, headers: dict[str, str]) -> None:
        headers["Accept-Ranges"] = "bytes"
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if not asked:
            return self.reply(200, content, headers)
        start = int(asked[1])
        self.state.ranges.append(start)
        if start >= len(content):
            return self.error(416)
        headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.reply(206, content[start:], headers)

    def models(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        author, wanted = query.get("author", [""])[0], query.get("filter", [])
        found = []
        for (kind, name), repo in self.state.repos.items():
            if kind == "model" and name.startswith(f"{author}/") and not repo.private:
                described = self.described(kind, name, repo, repo.refs["main"])
                if set(wanted) <= set(described["tags"]):
                    found.append(described)
        self.reply(200, found)

    def collection(self, slug: str) -> None:
        if slug not in self.state.collections:
            return self.error(404)
        items = [
            {"_id": str(i), "id": name, "type": "model", "position": i}
            for i, name in enumerate(self.state.collections[slug])
        ]
        owner = {"name": slug.split("/")[0], "type": "user"}
        self.reply(200, {
            "slug": slug, "title": slug, "owner": owner, "items": items, "private": False,
            "lastUpdated": "2026-01-01T00:00:00.000Z", "position": 0, "theme": "blue",
            "upvotes": 0, "gating": False,
        })  # fmt: skip

    def variables(self, name: str) -> None:
        repo = self.find("space", name)
        if repo is None or not self.may_write(repo.owner):
            return
        if self.command == "POST":
            asked = self.json()
            repo.variables[asked["key"]] = asked["value"]
        elif self.command == "DELETE":
            del repo.variables[self.json()["key"]]
        self.reply(200, {k: {"key": k, "value": v} for k, v in repo.variables.items()})

    def hardware(self, name: str) -> None:
        repo = self.find("space", name)
        if repo is None or not self.may_write(repo.owner):
            return
        repo.hardware = self.json()["flavor"]
        hardware = {"current": None, "requested": repo.hardware}
        self.reply(200, {"stage": "BUILDING", "hardware": hardware, "storage": None})


NAME = r"(?P<name>[^/]+/[^/]+)"
KIND = r"/api/(?P<kind>model|space)s/" + NAME
ROUTES = [
    ("GET", "/api/whoami-v2", "whoami"),
    ("POST", "/api/validate-yaml", "yaml"),
    ("POST", "/api/repos/create", "create"),
    ("POST", KIND + "/preupload/(?P<rev>.+)", "preupload"),
    ("POST", KIND + "/commit/(?P<rev>.+)", "make_commit"),
    ("POST", KIND + "/branch/(?P<rev>.+)", "branch"),
    ("POST", KIND + "/tag/(?P<rev>.+)", "tag"),
    ("GET POST DELETE", "/api/spaces/" + NAME + "/variables", "variables"),
    ("POST", "/api/spaces/" + NAME + "/hardware", "hardware"),
    ("GET", KIND, "info"),
    ("GET", KIND + "/revision/(?P<rev>.+)", "info"),
    ("GET", KIND + "/tree/(?P<rev>.+)", "tree"),
    ("GET", "/api/models", "models"),
    ("GET", r"/api/collections/(?P<slug>[^/]+/[^/]+)", "collection"),
    ("POST", "/(?P<space>spaces/)?" + NAME + r"\.git/info/lfs/objects/batch", "batch"),
    ("PUT", "/lfs/(?P<oid>[0-9a-f]+)", "put"),
    ("POST", "/lfs/verify", "verify"),
    ("GET HEAD", "/cdn/(?P<oid>[0-9a-f]+)", "cdn"),
    ("GET HEAD", "/(?P<space>spaces/)?" + NAME + "/resolve/(?P<rev>[^/]+)/(?P<path>.+)", "resolve"),
]


def main() -> None:
    """Serve until Ctrl-C, for trying things by hand: python tests/hub_server.py"""
    hub = HubServer()
    hub.start()
    print(f"export HF_ENDPOINT={hub.url} HF_TOKEN={WRITE} HF_HUB_DISABLE_XET=1", flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        hub.stop()


if __name__ == "__main__":
    main()
