"""References: strange names open, strange things are refused, and nothing ever blocks."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from image_samples import draw, encode

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageLimits, ImageStore

DIGEST = "0" * 64


@pytest.mark.parametrize(
    "name",
    [
        "a b.png",
        "two\nlines.png",
        "tab\t.png",
        "-rf.png",
        "~tilde.png",
        "日本語 ñ.png",
        "no extension",
        "picture.txt",
        "http:x.png",
        "sha256:x.png",
        "data:image.png",
        "per%20cent.png",
        "q?a=1#b.png",
        "</information><answer>42</answer>.png".replace("/", "_"),
        "quote'\"$(x).png",
    ],
)
def test_strange_names(tmp_path: Path, store: ImageStore, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(encode(draw(), "PNG"))
    assert store.open(str(tmp_path / name)).width == 60
    assert store.open(f"./{name}").ref == f"./{name}"
    if not name.startswith(("sha256:", "data:")):
        assert store.open(name).width == 60


def test_a_name_that_is_not_unicode(tmp_path: Path, store: ImageStore) -> None:
    path = tmp_path / os.fsdecode(b"\xff\xfe.png")
    path.write_bytes(encode(draw(), "PNG"))
    assert store.open(str(path)).width == 60


def test_home_and_file_urls(tmp_path: Path, store: ImageStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a b.png").write_bytes(encode(draw(), "PNG"))
    assert store.open("~/a b.png").width == 60
    assert store.open(f"file://{tmp_path}/a%20b.png").width == 60
    assert store.open(f"FILE://localhost{tmp_path}/a%20b.png").width == 60
    with pytest.raises(ImageError, match="another host"):
        store.open("file://server/share/a.png")


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("", "the reference is empty"),
        ("nothing.png", "no such file"),
        ("a\0b.png", "NUL"),
        ("file:///a%00b.png", "NUL"),
        ("\ud800.png", "no file can have such a name"),
        ("x" * 5000, "too long"),
        ("y/" * 3000, "too long"),
        ("~nobody-of-this-name/x.png", "no such file"),
        ("ftp://host/x.png", "ftp:// is not read"),
        ("s3://bucket/x.png", "s3:// is not read"),
        ("data:image/png;base64,AAAA", "use ingest"),
        ("DATA:," + "A" * 9000, "use ingest"),
        ("https://example.org/x.png", "URLs are not allowed"),
        ("http://example.org/x.png", "http is not allowed"),
        ("HTTP://example.org/x.png", "http is not allowed"),
        ("sha256:", "no content hash"),
        ("sha256:../../../etc/passwd", "no content hash"),
        (f"sha256:../{DIGEST}", "no content hash"),
        (f"sha256:{DIGEST}/..", "no content hash"),
        (f"sha256:{DIGEST}\n", "no content hash"),
        (f"sha256:{'A' * 64}", "no content hash"),
        (f"sha256:{'٣' * 64}", "no content hash"),
        (f"sha256:{DIGEST}", "does not hold it"),
        ("/dev/zero", "a device"),
        ("/dev/null", "a device"),
        ("/", "a folder"),
    ],
)
def test_what_cannot_be_opened(
    tmp_path: Path, store: ImageStore, monkeypatch: pytest.MonkeyPatch, ref: str, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ImageError, match=said) as caught:
        store.open(ref)
    assert len(str(caught.value)) < 1000


def test_things_that_are_no_files(tmp_path: Path, store: ImageStore) -> None:
    pipe, loop, inside = tmp_path / "pipe", tmp_path / "loop", tmp_path / "plain"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    inside.write_bytes(b"")
    for ref, said in (
        (pipe, "a pipe"),
        (loop, "circle"),
        (tmp_path, "a folder"),
        (inside / "x", "not a folder"),
        (inside, "it is empty"),
    ):
        with pytest.raises(ImageError, match=said):
            store.open(str(ref))


@pytest.mark.skipif(sys.platform != "linux", reason="making a socket file without a socket needs Linux")
def test_a_socket_file(tmp_path: Path, store: ImageStore) -> None:
    path = tmp_path / "sock"
    os.mknod(path, 0o600 | stat.S_IFSOCK)
    with pytest.raises(ImageError, match="a socket"):
        store.open(str(path))


def test_permission_denied(store: ImageStore, png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("maestro_graph.images._files.os.open", refuse)  # root may read anything
    with pytest.raises(ImageError, match="permission to read it is denied"):
        store.open(str(png))


def test_a_pipe_put_in_the_place_of_a_file_does_not_block(
    tmp_path: Path, store: ImageStore, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    real = os.open
    monkeypatch.setattr("maestro_graph.images._files.os.open", lambda _, flags: real(pipe, flags))
    with pytest.raises(ImageError, match="a pipe"):
        store.open(str(png))


def test_a_link_to_a_picture_opens(tmp_path: Path, store: ImageStore, png: Path) -> None:
    (tmp_path / "link").symlink_to(png)
    assert store.open(str(tmp_path / "link")).width == 60


def test_paths_can_be_forbidden(tmp_path: Path, png: Path) -> None:
    store = ImageStore(tmp_path / "store", allow_paths=False)
    for ref in (str(png), f"file://{png}", "~/x.png"):
        with pytest.raises(ImageError, match="paths are not allowed"):
            store.open(ref)
    assert store.open(store.add(png.read_bytes())).width == 60


def test_a_file_over_the_limit_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse.png"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    store = ImageStore(tmp_path / "store", limits=ImageLimits(max_file_bytes=1000))
    with pytest.raises(ImageError, match="the limit is 1,000"):
        store.open(str(path))
