"""A hub of data sets on this machine: as much of the published interface as streaming and downloading ask for."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

__all__ = ["Hub", "serving"]


class Hub:
    """Files of data sets by id and commit; the newest commit is the main branch. `asked` is what was asked for."""

    def __init__(self) -> None:
        self.commits: dict[str, dict[str, Mapping[str, bytes]]] = {}
        self.asked: list[str] = []
        self.url = ""

    def commit(self, name: str, files: Mapping[str, bytes]) -> str:
        """Add a commit; its hash."""
        sha = hashlib.sha1(repr((name, sorted(files.items()))).encode(), usedforsecurity=False).hexdigest()
        self.commits.setdefault(name, {})[sha] = files
        return sha

    def find(self, name: str, revision: str) -> tuple[str, Mapping[str, bytes]] | None:
        commits = self.commits.get(name, {})
        sha = revision if revision in commits else next(reversed(commits), "") if revision == "main" else ""
        return (sha, commits[sha]) if sha in commits else None


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._serve(body=True)

    def do_HEAD(self) -> None:
        self._serve(body=False)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._serve(body=True)

    def _serve(self, *, body: bool) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append(f"{self.command} {path}")
        if found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/revision/([^/]+))?", path):
            self._about(found[1], found[2] or "main")
        elif found := re.fullmatch(r"/api/datasets/([^/]+/[^/]+)/(?:tree|paths-info)/([^/]+)(?:/.*)?", path):
            self._tree(found[1], found[2])
        elif found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._file(found[1], found[2], found[3], body=body)
        else:
            self._send(404, b"{}")

    def _about(self, name: str, revision: str) -> None:
        found = self.hub.find(name, revision)
        if found is None:
            return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        siblings = [{"rfilename": path, "size": len(data)} for path, data in found[1].items()]
        about = {"id": name, "sha": found[0], "siblings": siblings, "private": False, "tags": [], "downloads": 0}
        return self._send(200, json.dumps({**about, "lastModified": "2026-01-01T00:00:00.000Z"}).encode())

    def _tree(self, name: str, revision: str) -> None:
        found = self.hub.find(name, revision)
        if found is None:
            return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        entries: list[dict[str, Any]] = [
            {"type": "file", "path": path, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for path, data in found[1].items()
        ]
        folders = {path.rpartition("/")[0] for path in found[1]} - {""}
        entries += [{"type": "directory", "path": folder, "size": 0, "oid": "0" * 40} for folder in folders]
        return self._send(200, json.dumps(entries).encode())

    def _file(self, name: str, revision: str, path: str, *, body: bool) -> None:
        found = self.hub.find(name, revision)
        if found is None or path not in found[1]:
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
        data = found[1][path]
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": found[0], "Accept-Ranges": "bytes"}
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if wanted is None:
            return self._send(200, data, headers, body=body)
        start, end = int(wanted[1]), min(int(wanted[2] or len(data) - 1), len(data) - 1)
        headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return self._send(206, data[start : end + 1], headers, body=body)

    def _send(self, status: int, data: bytes, headers: Mapping[str, str] | None = None, *, body: bool = True) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if body and self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def serving(hub: Hub) -> Iterator[str]:
    """The hub's address while it serves."""
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
