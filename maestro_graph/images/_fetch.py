"""https pictures, for callers that allow them: every hop is resolved, checked, and connected to as checked.

A URL comes from outside and must not reach what only this machine can reach: loopback, the private network, a
cloud's metadata service. So all addresses of a host must be public, the connection goes to the address that
was checked (a second look-up could answer otherwise), and each redirect starts again. Proxies of the
environment are not used: they would look the name up again.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from maestro_graph.errors import ImageError
from maestro_graph.images._limits import ImageLimits

__all__ = ["Fetcher", "is_public"]

REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 1 << 16
EMBEDDED_IPV4 = ipaddress.ip_network("64:ff9b::/96")
HEADERS = {"User-Agent": "maestro-graph", "Accept": "image/*", "Accept-Encoding": "identity"}

Resolve = Callable[[str, int], list[str]]
Connect = Callable[[str, str, int, float], http.client.HTTPConnection]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, also as IPv4 wrapped in IPv6."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return is_public(str(ip.ipv4_mapped))
        if ip in EMBEDDED_IPV4:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        if ip.sixtofour is not None or ip.teredo is not None or ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and not ip.is_unspecified


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _connect(address: str, host: str, port: int, timeout: float) -> http.client.HTTPConnection:
    with contextlib.ExitStack() as on_failure:
        raw = on_failure.enter_context(socket.create_connection((address, port), timeout=timeout))
        context = ssl.create_default_context()
        secure = on_failure.enter_context(context.wrap_socket(raw, server_hostname=host, do_handshake_on_connect=False))
        with _cutting_after(secure, timeout):
            secure.do_handshake()
        on_failure.pop_all()
    connection = http.client.HTTPSConnection(host, port, timeout=timeout)
    connection.sock = secure
    return connection


@contextlib.contextmanager
def _cutting_after(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Shut the socket down at the deadline: a server that drips bytes keeps every single read in time."""

    def cut() -> None:
        with contextlib.suppress(OSError, ValueError):
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


@dataclass(frozen=True, slots=True)
class _Target:
    """One hop: a URL taken apart and found acceptable."""

    host: str
    port: int
    path: str

    @classmethod
    def of(cls, url: str, ref: str) -> _Target:
        try:
            parts = urlsplit(url)
            port, host = parts.port or 443, (parts.hostname or "").encode("idna").decode("ascii")
        except ValueError as error:
            raise ImageError(ref, f"the address {url!r} is malformed", "check the URL") from error
        if parts.scheme != "https":
            raise ImageError(ref, f"{parts.scheme or 'no scheme'} is not allowed", "give an https URL")
        if not host or parts.username is not None or parts.password is not None:
            raise ImageError(ref, "the URL has no host, or holds a user name", "give a plain https URL")
        return cls(host, port, cls._path(parts))

    @staticmethod
    def _path(parts: SplitResult) -> str:
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=~-._?")
        return f"{path}?{query}" if query else path


class Fetcher:
    """Fetches one https picture at a time within the limits. `resolve` and `connect` are seams for tests."""

    def __init__(self, limits: ImageLimits, *, resolve: Resolve = _resolve, connect: Connect = _connect) -> None:
        self._limits, self._resolve, self._connect = limits, resolve, connect

    def fetch(self, url: str) -> bytes:
        """The body of `url`.

        Raises:
            ImageError: the address is not allowed, or the transfer failed or exceeded a limit.
        """
        ends = time.monotonic() + self._limits.fetch_seconds
        place = url
        for _ in range(self._limits.max_redirects + 1):
            body, place = self._hop(place, url, ends)
            if body is not None:
                return body
        raise ImageError(url, f"more than {self._limits.max_redirects} redirects", "give the final address")

    def _hop(self, place: str, ref: str, ends: float) -> tuple[bytes | None, str]:
        """The body, or `None` and where the server sends us."""
        target = _Target.of(place, ref)
        address = self._checked_address(target, ref, ends)
        try:
            connection = self._connect(address, target.host, target.port, self._left(ref, ends))
            with contextlib.closing(connection), _cutting_after(connection.sock, self._left(ref, ends)):
                connection.request("GET", target.path, headers=HEADERS)
                response = connection.getresponse()
                if response.status in REDIRECTS:
                    return None, urljoin(place, response.getheader("Location") or "")
                if response.status != 200:
                    raise ImageError(ref, f"the server answered {response.status}", "check the URL")
                return self._body(response, ref, ends), place
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._left(ref, ends)
            raise ImageError(
                ref, f"the transfer failed ({error or type(error).__name__})", "check the URL and the network"
            ) from error

    def _body(self, response: http.client.HTTPResponse, ref: str, ends: float) -> bytes:
        limit = self._limits.max_file_bytes
        body = bytearray()
        while chunk := response.read1(CHUNK):
            body += chunk
            if len(body) > limit:
                raise ImageError(ref, f"it has more than {limit:,} bytes", "give a smaller picture")
            self._left(ref, ends)
        self._left(ref, ends)  # a connection closed by the deadline reads like the end of the body
        if response.length:
            raise ImageError(ref, f"the transfer ended {response.length:,} bytes early", "try again")
        return bytes(body)

    def _checked_address(self, target: _Target, ref: str, ends: float) -> str:
        try:
            addresses = self._look_up(target, ref, ends)
        except (OSError, UnicodeError) as error:
            raise ImageError(ref, f"the host {target.host!r} is unknown ({error})", "check the URL") from error
        refused = [address for address in addresses if not is_public(address)]
        if refused or not addresses:
            raise ImageError(
                ref,
                f"the host {target.host!r} is not on the public internet",
                "download the picture yourself and give its path",
            )
        return addresses[0]

    def _look_up(self, target: _Target, ref: str, ends: float) -> list[str]:
        """Resolve in a thread that can be left behind: a look-up has no time limit of its own."""
        answer: queue.SimpleQueue[list[str] | OSError | UnicodeError] = queue.SimpleQueue()

        def work() -> None:
            try:
                answer.put(self._resolve(target.host, target.port))
            except (OSError, UnicodeError) as error:
                answer.put(error)

        threading.Thread(target=work, name="maestro-image-lookup", daemon=True).start()
        try:
            found = answer.get(timeout=self._left(ref, ends))
        except queue.Empty:
            raise self._late(ref) from None
        if isinstance(found, Exception):
            raise found
        return found

    def _left(self, ref: str, ends: float) -> float:
        left = ends - time.monotonic()
        if left <= 0:
            raise self._late(ref)
        return left

    def _late(self, ref: str) -> ImageError:
        return ImageError(
            ref,
            f"it did not arrive within {self._limits.fetch_seconds:g} s",
            "try again or download it yourself",
        )
