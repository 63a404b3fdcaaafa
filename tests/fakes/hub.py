"""A fake hub: a local HTTP server that plays the routes of the Hugging Face hub which its client libraries ask.

What talks to it runs in a process of its own, because these libraries read HF_ENDPOINT when they are imported.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from tests.fakes.hub_uploads import Answer, Uploads

Content = bytes | str | dict[str, Any]


class FakeHub(ThreadingHTTPServer):
    """One repository: commits of files, branches that move, and one token that may read, where one is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repository = "maker/tiny"
        self.kind: Literal["models", "datasets"] = "models"
        self.commits: dict[str, dict[str, bytes]] = {}
        self.branches: dict[str, str] = {}
        self.moves_to: str | None = None
        """Commit that `main` moves to as soon as a file has been asked for."""
        self.token: str | None = None
        self.refusal: tuple[int, dict[str, str]] | None = None
        """Status and headers of every answer."""
        self.asked: list[str] = []
        """Paths, in the order of the requests."""
        self.authorizations: set[str | None] = set()
        self.sent: Counter[str] = Counter()
        """Bytes of each file that left."""
        self.uploads = Uploads(lambda: self.url)

    @property
    def url(self) -> str:
        """Address for HF_ENDPOINT."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def files(self) -> dict[str, bytes]:
        """Files of the commit that `main` is at; a test may change them."""
        return self.commits[self.branches["main"]]

    def push(self, files: Mapping[str, Content]) -> str:
        """Add a commit with these files on top (without content: removed) and move `main` to it; return it."""
        contents = {**(self.files if self.branches else {}), **{name: _bytes(each) for name, each in files.items()}}
        kept = {name: content for name, content in contents.items() if content}
        names = repr([(name, _etag(name, content)) for name, content in kept.items()])
        commit = hashlib.sha1(names.encode(), usedforsecurity=False).hexdigest()
        self.commits[commit] = kept
        self.branches["main"] = commit
        return commit

    def fetched(self) -> set[str]:
        """Return the files that were asked for."""
        return {path.split("/", 5)[5] for path in self.asked if "/resolve/" in path}

    def route(self, path: str) -> tuple[str, str, str] | None:
        """Return what is asked for, the revision and the file or folder; None for another repository."""
        files = f"/{self.repository}" if self.kind == "models" else f"/{self.kind}/{self.repository}"
        for prefix in (f"/api/{self.kind}/{self.repository}/", f"{files}/"):
            if f"{path}/".startswith(prefix):
                kind, revision, name = (*path[len(prefix) :].split("/", 2), "", "")[:3]
                return kind or "revision", revision or "main", name
        return None


class _Handler(BaseHTTPRequestHandler):
    """Answers like the hub, as far as its clients look."""

    server: FakeHub

    def do_HEAD(self) -> None:
        """Answer with the headers of a file."""
        self.do_GET()

    def do_GET(self) -> None:
        """Answer a question about the repository, or with a file or a range of it."""
        hub, path = self.server, unquote(urlsplit(self.path).path)
        hub.asked.append(path)
        hub.authorizations.add(self.headers.get("Authorization"))
        route = hub.route(path)
        if hub.refusal:
            self._answer(*hub.refusal)
        elif route is None:
            self._answer(404, {"X-Error-Code": "RepoNotFound"})
        elif hub.token and self.headers.get("Authorization") != f"Bearer {hub.token}":
            self._answer(401, {"X-Error-Code": "RepoNotFound"})
        else:
            self._repository(*route)

    def do_PUT(self) -> None:
        """Take a large file."""
        self._said(self.server.uploads.store(self.path.rpartition("/")[2], self._body()))

    def do_POST(self) -> None:
        """Take what an upload asks and sends."""
        hub, path, body = self.server, unquote(urlsplit(self.path).path), self._body()
        hub.asked.append(path)
        hub.authorizations.add(self.headers.get("Authorization"))
        self._said((hub.refusal[0], {}) if hub.refusal else self._taken(path, body))

    def _taken(self, path: str, body: bytes) -> Answer:
        hub, uploads = self.server, self.server.uploads
        if path.endswith("/api/repos/create"):
            answer = uploads.create(json.loads(body))
            if answer[0] == HTTPStatus.OK:
                hub.push({})
            return answer
        if path.endswith("/api/validate-yaml"):
            return 200, {"errors": [], "warnings": []}
        if path.endswith(".git/info/lfs/objects/batch"):
            return uploads.batch(json.loads(body))
        if "/preupload/" in path:
            return uploads.modes(json.loads(body), {name: _etag(name, content) for name, content in hub.files.items()})
        commit = hub.push(uploads.files_of(body))
        return 200, {"success": True, "commitOid": commit, "commitUrl": f"{hub.url}/{hub.repository}/commit/{commit}"}

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _said(self, answer: Answer) -> None:
        self._answer(answer[0], {"Content-Type": "application/json"}, json.dumps(answer[1]).encode())

    def _repository(self, kind: str, revision: str, name: str) -> None:
        hub = self.server
        commit = hub.branches.get(revision, revision)
        if commit not in hub.commits:
            self._answer(404, {"X-Error-Code": "RevisionNotFound"})
        elif kind == "resolve":
            hub.branches["main"] = hub.moves_to or hub.branches["main"]
            self._file(commit, name)
        else:
            files = hub.commits[commit]
            document = _tree(files, name) if kind == "tree" else _information(hub, commit, files)
            self._answer(200, {}, json.dumps(document).encode())

    def _file(self, commit: str, name: str) -> None:
        content, headers = self.server.commits[commit].get(name), {"X-Repo-Commit": commit}
        if content is None:
            self._answer(404, headers | {"X-Error-Code": "EntryNotFound"})
            return
        headers["ETag"] = f'"{_etag(name, content)}"'
        wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
        part = content
        if wanted:
            start = int(wanted[1])
            part = content[start : int(wanted[2]) + 1]
            headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(content)}"
        if self.command == "GET":
            self.server.sent[name] += len(part)
        self._answer(206 if wanted else 200, headers, part)

    def _answer(self, status: int, headers: dict[str, str], content: bytes = b"") -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _information(hub: FakeHub, commit: str, files: dict[str, bytes]) -> dict[str, Any]:
    siblings = [{"rfilename": name} for name in files]
    return {"id": hub.repository, "sha": commit, "siblings": siblings, "private": bool(hub.uploads.private)}


def _tree(files: dict[str, bytes], folder: str) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": name, "size": len(content), "oid": _etag(name, content)}
        for name, content in files.items()
        if not folder or name.startswith(f"{folder}/")
    ]


def _etag(name: str, content: bytes) -> str:
    """Return the hub's name for a file's contents: SHA-256 of large files, Git's own for small ones."""
    if name.endswith(".safetensors"):
        return hashlib.sha256(content).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _bytes(value: Content) -> bytes:
    return value if isinstance(value, bytes) else (value if isinstance(value, str) else json.dumps(value)).encode()
