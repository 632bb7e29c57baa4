"""Fetching over real TLS from a server of the test's own; only the look-up of the name is made up."""

from __future__ import annotations

import contextlib
import http.client
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageLimits
from maestro_graph.images._fetch import Fetcher, _connect

pytestmark = [
    pytest.mark.real,
    pytest.mark.enable_socket,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl"),
]
HOST = "pictures.example"
PUBLIC = "93.184.216.34"
Serve = Callable[[socket.socket], None]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    key = path.with_name("key.pem")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=DNS:{HOST}", "-keyout", str(key), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + key.read_text())
    return path


@contextlib.contextmanager
def server(serve: Serve, certificate: Path | None) -> Iterator[int]:
    """A server on loopback that hands each connection to `serve`; TLS where there is a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificate is not None:
        context.load_cert_chain(certificate)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(10)

    def run() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
                    stack.callback(connection.close)
                    connection.settimeout(10)
                    if certificate is not None:
                        connection = context.wrap_socket(connection, server_side=True)
                        stack.callback(connection.close)
                        connection.recv(65536)
                    serve(connection)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(15)


def to_loopback(address: str, host: str, port: int, timeout: float) -> http.client.HTTPConnection:
    assert address == PUBLIC
    return _connect("127.0.0.1", host, port, timeout)


def fetch(port: int, *, host: str = HOST, seconds: float = 10.0) -> bytes:
    fetcher = Fetcher(ImageLimits(fetch_seconds=seconds), resolve=lambda *_: [PUBLIC], connect=to_loopback)
    return fetcher.fetch(f"https://{host}:{port}/a.png")


def hello(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")


def test_a_trusted_server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server(hello, certificate) as port:
        assert fetch(port) == b"hello"


def test_an_unknown_certificate_and_another_name_are_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server(hello, certificate) as port:
        with pytest.raises(ImageError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(port)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with pytest.raises(ImageError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch(port, host="other.example")


def dripping(start: bytes) -> Serve:
    def serve(connection: socket.socket) -> None:
        connection.sendall(start)
        ends = time.monotonic() + 8
        while time.monotonic() < ends:
            connection.sendall(b"x")
            time.sleep(0.05)

    return serve


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_is_left_at_the_deadline(
    certificate: Path, monkeypatch: pytest.MonkeyPatch, start: bytes
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server(dripping(start), certificate) as port, pytest.raises(ImageError, match="did not arrive within"):
        fetch(port, seconds=0.6)


def test_a_handshake_that_drips_is_left_at_the_deadline() -> None:
    """A record header that promises 16 kB, and then a byte now and then."""
    with (
        server(dripping(b"\x16\x03\x03\x40\x00"), None) as port,
        pytest.raises(ImageError, match="did not arrive within"),
    ):
        fetch(port, seconds=0.6)
