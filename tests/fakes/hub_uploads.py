"""The upload routes of the fake hub: a repository is made, large files are stored by their sums, a commit ends it."""

import base64
import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

Answer = tuple[int, dict[str, Any]]


class Uploads:
    """What was sent to one repository."""

    def __init__(self, url: Callable[[], str]) -> None:
        self.private: bool | None = None
        """None: there is no repository yet."""
        self.created: list[dict[str, Any]] = []
        self.received: Counter[str] = Counter()
        """How often each large file came, by its sum."""
        self.refuse_after: int | None = None
        """Large files after which every further one is refused."""
        self._stored: dict[str, bytes] = {}
        self._url = url
        self._lock = threading.Lock()

    def create(self, asked: dict[str, Any]) -> Answer:
        """Make the repository, once."""
        answer = {"url": f"{self._url()}/{asked['organization']}/{asked['name']}"}
        if self.private is not None:
            return 409, answer | {"error": "You already created this model repo"}
        self.private = asked.get("visibility") == "private"
        self.created.append({name: asked[name] for name in ("name", "organization", "visibility")})
        return 200, answer

    def modes(self, asked: dict[str, Any], oids: dict[str, str]) -> Answer:
        """Say which files are large, and what those are that are there."""
        names = [each["path"] for each in asked["files"]]
        files = [
            {
                "path": name,
                "uploadMode": "lfs" if name.endswith(".safetensors") else "regular",
                "shouldIgnore": False,
                "oid": oids.get(name),
            }
            for name in names
        ]
        return 200, {"files": files}

    def batch(self, asked: dict[str, Any]) -> Answer:
        """Say where large files go; nowhere where they are stored."""
        objects = [
            each
            if each["oid"] in self._stored
            else {**each, "actions": {"upload": {"href": f"{self._url()}/lfs/{each['oid']}"}}}
            for each in asked["objects"]
        ]
        return 200, {"transfer": "basic", "objects": objects}

    def store(self, oid: str, content: bytes) -> Answer:
        """Keep a large file, unless it is another one or no further one is taken."""
        with self._lock:
            if self.refuse_after is not None and len(self.received) >= self.refuse_after:
                return 403, {"error": "no more"}
            if hashlib.sha256(content).hexdigest() != oid:
                return 400, {"error": "another file"}
            self._stored[oid] = content
            self.received[oid] += 1
        return 200, {}

    def files_of(self, lines: bytes) -> dict[str, bytes]:
        """Return the files of a commit."""
        files = {}
        for line in map(json.loads, lines.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self._stored[value["oid"]]
        return files
