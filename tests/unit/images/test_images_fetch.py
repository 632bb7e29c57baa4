"""https pictures: off by default, only public addresses on every hop, bounded in size and time."""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from image_samples import draw, encode

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageLimits, ImageStore
from maestro_graph.images import _fetch as fetch_module
from maestro_graph.images._fetch import Fetcher, is_public

PNG = encode(draw(), "PNG")
PUBLIC = "93.184.216.34"


class Wire:
    """Stands for a connected socket: plays an answer back and keeps what was asked."""

    def __init__(self, answer: bytes) -> None:
        self.answer, self.asked, self.closed = answer, b"", False

    def sendall(self, data: bytes) -> None:
        self.asked += data

    def makefile(self, *_: object, **__: object) -> io.BytesIO:
        return io.BytesIO(self.answer)

    def shutdown(self, _: int) -> None: ...

    def close(self) -> None:
        self.closed = True


class Web:
    """Hosts by name, answers by host; records which address each connection went to."""

    def __init__(self, answers: dict[str, bytes], addresses: dict[str, list[str]] | None = None) -> None:
        self.answers, self.addresses = answers, addresses or {}
        self.connected: list[tuple[str, str, int]] = []
        self.looked_up: list[str] = []
        self.wires: list[Wire] = []

    def resolve(self, host: str, _: int) -> list[str]:
        self.looked_up.append(host)
        return self.addresses.get(host, [PUBLIC])

    def connect(self, address: str, host: str, port: int, _: float) -> http.client.HTTPConnection:
        self.connected.append((address, host, port))
        connection = http.client.HTTPConnection(host, port)
        self.wires.append(Wire(self.answers[host]))
        connection.sock = self.wires[-1]  # type: ignore[assignment]
        return connection

    def fetcher(self, **limits: Any) -> Fetcher:
        return Fetcher(ImageLimits(**limits), resolve=self.resolve, connect=self.connect)


def answer(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


def redirect(to: str) -> bytes:
    return answer(status="302 Found", Location=to)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True),
        ("2606:2800:220:1::1", True),
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.16.5.5", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("198.18.0.1", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("2001:db8::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:0:7f00:1::", False),
        ("not an address", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_a_picture_arrives_from_the_address_that_was_checked() -> None:
    web = Web({"example.org": answer(PNG, Content_Length=str(len(PNG)))})
    assert web.fetcher().fetch("https://example.org:8443/a b.png?q=ü#part") == PNG
    assert web.connected == [(PUBLIC, "example.org", 8443)]
    assert web.looked_up == ["example.org"]
    asked = web.wires[0].asked
    assert asked.startswith(b"GET /a%20b.png?q=%C3%BC HTTP/1.1\r\nHost: example.org:8443\r\n")
    assert web.wires[0].closed


@pytest.mark.parametrize("addresses", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["::1"], ["169.254.169.254"], []])
def test_private_hosts_are_never_connected_to(addresses: list[str]) -> None:
    web = Web({}, {"inside.example": addresses})
    with pytest.raises(ImageError, match="not on the public internet"):
        web.fetcher().fetch("https://inside.example/a.png")
    assert web.connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "2130706433", "0x7f.1", "localhost"])
def test_private_hosts_written_as_addresses(host: str) -> None:
    known = {"2130706433": "127.0.0.1", "0x7f.1": "127.0.0.1", "localhost": "127.0.0.1"}
    plain = host.strip("[]")
    web = Web({}, {plain: [known.get(plain, plain)]})
    with pytest.raises(ImageError, match="not on the public internet"):
        web.fetcher().fetch(f"https://{host}/a.png")
    assert web.connected == []


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("https://inside.example/a.png", "not on the public internet"),
        ("http://example.org/a.png", "http is not allowed"),
        ("file:///etc/passwd", "file is not allowed"),
        ("https://user:word@example.org/", "user name"),
        ("//inside.example/x", "not on the public internet"),
    ],
)
def test_every_redirect_is_checked(to: str, said: str) -> None:
    web = Web({"example.org": redirect(to)}, {"inside.example": ["10.1.2.3"]})
    with pytest.raises(ImageError, match=said):
        web.fetcher().fetch("https://example.org/a.png")
    assert len(web.connected) == 1


def test_three_redirects_are_followed_and_four_are_not() -> None:
    hops = {f"h{n}.example": redirect(f"https://h{n + 1}.example/x") for n in range(4)}
    web = Web({**hops, "h3.example": answer(PNG)})
    assert web.fetcher().fetch("https://h0.example/") == PNG
    web = Web({**hops, "h4.example": answer(PNG)})
    with pytest.raises(ImageError, match="more than 3 redirects"):
        web.fetcher().fetch("https://h0.example/")
    assert len(web.connected) == 4


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (answer(b"x" * 2000), "more than 1,000 bytes"),
        (answer(b"x" * 2000, Content_Length="2000"), "more than 1,000 bytes"),
        (answer(b"x" * 10, Content_Length="500"), "early|transfer failed"),
        (answer(status="404 Not Found"), "answered 404"),
        (answer(status="302 Found"), "more than 3 redirects"),
        (b"", "transfer failed"),
        (b"rubbish\r\n\r\n", "transfer failed"),
        (answer(b"zz\r\n", Transfer_Encoding="chunked"), "transfer failed"),
    ],
)
def test_bad_answers(reply: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        Web({"example.org": reply}).fetcher(max_file_bytes=1000).fetch("https://example.org/a.png")


@pytest.mark.parametrize(
    "url",
    [
        "https://",
        "https:///a.png",
        "https://a:b@example.org/",
        "https://example.org:99999/",
        "https://[::1/a",
        "https://a..b/",
    ],
)
def test_malformed_urls(url: str) -> None:
    with pytest.raises(ImageError):
        Web({"example.org": answer(PNG)}).fetcher().fetch(url)


def test_failing_look_ups_and_connections() -> None:
    def unknown(*_: object) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    def refused(*_: object) -> http.client.HTTPConnection:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(ImageError, match="is unknown"):
        Fetcher(ImageLimits(), resolve=unknown).fetch("https://example.org/")
    with pytest.raises(ImageError, match="Connection refused"):
        Fetcher(ImageLimits(), resolve=lambda *_: [PUBLIC], connect=refused).fetch("https://example.org/")


def test_a_look_up_that_hangs_ends_at_the_deadline() -> None:
    release = threading.Event()

    def hang(*_: object) -> list[str]:
        release.wait(30)
        return [PUBLIC]

    with pytest.raises(ImageError, match=r"did not arrive within 0.05 s"):
        Fetcher(ImageLimits(fetch_seconds=0.05), resolve=hang).fetch("https://example.org/")
    release.set()


def test_a_body_that_drips_ends_at_the_deadline() -> None:
    class Dripping(io.BytesIO):
        def read1(self, *_: object) -> bytes:
            time.sleep(0.02)
            return b"x"

        def readinto(self, buffer: Any) -> int:
            time.sleep(0.02)
            buffer[:1] = b"x"
            return 1

    class SlowWire(Wire):
        def makefile(self, *_: object, **__: object) -> io.BytesIO:
            return Dripping(self.answer)

    class SlowWeb(Web):
        def connect(self, address: str, host: str, port: int, _: float) -> http.client.HTTPConnection:
            connection = super().connect(address, host, port, _)
            connection.sock = SlowWire(self.answers[host])  # type: ignore[assignment]
            return connection

    with pytest.raises(ImageError, match=r"did not arrive within 0.2 s"):
        SlowWeb({"example.org": answer(b"")}).fetcher(fetch_seconds=0.2).fetch("https://example.org/")


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Web:
    """The store's own fetcher, on a web of one host."""
    web = Web({"example.org": answer(PNG, Content_Type="text/html")})
    monkeypatch.setattr(fetch_module, "Fetcher", lambda limits: web.fetcher())
    return web


def test_the_store_fetches_once_and_keeps_the_picture(tmp_path: Path, web: Web) -> None:
    store = ImageStore(tmp_path, allow_urls=True)
    image = store.open("https://example.org/a.png")
    assert image.ref == "https://example.org/a.png"
    assert store.open("https://example.org/a.png") is image
    image.release()
    assert image.rgb().tobytes() == draw().tobytes()
    assert len(web.connected) == 1
    assert store.open(f"sha256:{image.sha256}").width == 60
    store.remove(f"sha256:{image.sha256}")
    ImageStore(tmp_path, allow_urls=True).open("https://example.org/a.png")
    assert len(web.connected) == 2


def test_the_content_counts_and_not_the_header(tmp_path: Path, web: Web) -> None:
    web.answers["example.org"] = answer(b"<html>no</html>", Content_Type="image/png")
    with pytest.raises(ImageError, match="a web page"):
        ImageStore(tmp_path / "s", allow_urls=True).open("https://example.org/a.png")
    assert not (tmp_path / "s").exists()


def test_urls_are_off_by_default(tmp_path: Path, web: Web) -> None:
    with pytest.raises(ImageError, match="URLs are not allowed"):
        ImageStore(tmp_path).open("https://example.org/a.png")
    assert web.connected == web.looked_up == []
