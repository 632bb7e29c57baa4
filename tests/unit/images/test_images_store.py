"""The store: caches, changed files, the folder of pictures by content hash."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import stat
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from image_samples import draw, encode, exif
from PIL import Image

from maestro_graph.errors import ImageError
from maestro_graph.images import ImageLimits, ImageStore, MaestroImage
from maestro_graph.images import _store as store_module


class Counted:
    """Counts decodes, and lets them through."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count, self._real = 0, store_module.decode
        monkeypatch.setattr(store_module, "decode", self)

    def __call__(self, *arguments: object) -> object:
        self.count += 1
        time.sleep(0.02)  # time for the others to come in between
        return self._real(*arguments)  # type: ignore[arg-type]


def noise(seed: int, side: int = 32) -> bytes:
    picture = Image.new("RGB", (side, side), (seed % 256, seed // 256, 7))
    return encode(picture, "PNG")


def test_identity_and_pixels(store: ImageStore, png: Path) -> None:
    image = store.open(str(png))
    assert image.ref == str(png)
    assert image.sha256 == hashlib.sha256(png.read_bytes()).hexdigest()
    assert image.rgb().tobytes() == draw().tobytes()
    assert image.rgb() is image.rgb()


def test_an_unchanged_file_is_read_once_and_a_changed_one_again(
    store: ImageStore, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = Counted(monkeypatch)
    first = store.open(str(png))
    assert store.open(str(png)) is first
    assert counted.count == 1
    png.write_bytes(encode(draw(80, 40), "PNG"))
    assert store.open(str(png)).width == 80
    assert counted.count == 2


def test_a_file_replaced_with_the_same_size_and_time_is_noticed(store: ImageStore, png: Path) -> None:
    old, new = noise(1), noise(2)
    assert len(old) == len(new)
    png.write_bytes(old)
    before = png.stat()
    assert store.open(str(png)).rgb().getpixel((0, 0)) == (1, 0, 7)
    png.write_bytes(new)
    os.utime(png, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert store.open(str(png)).rgb().getpixel((0, 0)) == (2, 0, 7)


def test_pixels_come_back_after_release_unless_the_file_changed_or_went(store: ImageStore, png: Path) -> None:
    image = store.open(str(png))
    image.release()
    assert image.rgb().tobytes() == draw().tobytes()
    image.release()
    png.write_bytes(encode(draw(60, 41), "PNG"))
    with pytest.raises(ImageError, match="changed since"):
        image.rgb()
    png.unlink()
    with pytest.raises(ImageError, match="no such file"):
        image.rgb()


def test_the_working_folder_may_change_after_opening(
    store: ImageStore, png: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(png.parent)
    image = store.open(png.name)
    monkeypatch.chdir("/")
    image.release()
    assert image.rgb().width == 60


def test_decoded_pixels_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ImageStore(tmp_path, limits=ImageLimits(pixel_cache_bytes=3 * 32 * 32 * 4))
    images = [store.open(store.add(noise(seed))) for seed in range(5)]
    counted = Counted(monkeypatch)
    for image in images[2:]:
        image.rgb()
    assert counted.count == 0
    images[0].rgb()
    assert counted.count == 1
    images[4].rgb()
    assert counted.count == 1
    assert store._caches.pixels.total_bytes <= 3 * 32 * 32 * 4


def test_a_picture_larger_than_the_cache_is_still_kept_while_it_is_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = ImageStore(tmp_path, limits=ImageLimits(pixel_cache_bytes=10))
    counted = Counted(monkeypatch)
    image = store.open(store.add(noise(1)))
    image.rgb()
    image.rgb()
    assert counted.count == 1


def test_many_threads_decode_once(store: ImageStore, png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Counted(monkeypatch)
    gate = threading.Barrier(8)

    def work(_: int) -> bytes:
        gate.wait()
        return store.open(str(png)).rgb().tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {draw().tobytes()}
    assert counted.count == 1


def test_many_threads_decode_dropped_pixels_once(store: ImageStore, png: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = store.open(str(png))
    image.release()
    counted = Counted(monkeypatch)
    gate = threading.Barrier(8)

    def work(_: int) -> bytes:
        gate.wait()
        return image.rgb().tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(8))) == {draw().tobytes()}
    assert counted.count == 1


def test_threads_that_add_open_release_and_purge(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, limits=ImageLimits(pixel_cache_bytes=5000))

    def work(seed: int) -> bool:
        ref = store.add(noise(seed % 7))
        image = store.open(ref)
        image.release()
        ok = image.rgb().getpixel((0, 0)) == (seed % 7, 0, 7)
        image.data_url(max_side=16)
        return ok

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(200)))


def test_making_a_store_touches_nothing(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()
    assert store.purge(0) == 0
    ref = store.add(noise(1))
    assert not stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) & 0o077
    assert [path.name for path in (tmp_path / "a" / "b").iterdir()] == [ref.removeprefix("sha256:")]


def test_the_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MAESTRO_IMAGE_DIR", str(tmp_path / "mine"))
    assert ImageStore().directory == tmp_path / "mine"
    monkeypatch.delenv("MAESTRO_IMAGE_DIR")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert ImageStore().directory == tmp_path / "xdg" / "maestro-graph" / "images"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert ImageStore().directory == tmp_path / ".cache" / "maestro-graph" / "images"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert ImageStore().directory == tmp_path / "Library" / "Caches" / "maestro-graph" / "images"


def test_adding_twice_keeps_one_and_heals_a_damaged_file(store: ImageStore) -> None:
    data = noise(3)
    ref = store.add(data)
    path = store.directory / ref.removeprefix("sha256:")
    path.write_bytes(b"x" * len(data))
    with pytest.raises(ImageError, match="do not match their hash"):
        store.open(ref)
    assert store.add(data) == ref
    assert store.open(ref).width == 32


def test_a_link_in_the_store_leads_nowhere(store: ImageStore, png: Path) -> None:
    ref = store.add(noise(1))
    path = store.directory / ref.removeprefix("sha256:")
    path.unlink()
    path.symlink_to(png)
    with pytest.raises(ImageError, match="do not match their hash"):
        store.open(ref)


def test_purge_removes_the_least_recently_used(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    refs = [store.add(noise(seed)) for seed in range(4)]
    for age, ref in enumerate(refs):
        os.utime(tmp_path / ref.removeprefix("sha256:"), (1000 + age, 1000 + age))
    stranger = tmp_path / "notes.txt"
    stranger.write_text("not ours")
    size = len(noise(0))
    ImageStore(tmp_path).open(refs[0])  # used last now
    assert store.purge(2 * size) == 2 * size
    assert {path.name for path in tmp_path.iterdir()} == {
        "notes.txt",
        refs[0].removeprefix("sha256:"),
        refs[3].removeprefix("sha256:"),
    }


def test_a_store_with_a_size_drops_old_pictures_but_not_the_new_one(tmp_path: Path) -> None:
    size = len(noise(0))
    store = ImageStore(tmp_path, max_bytes=size)
    first, second = store.add(noise(1)), store.add(noise(2))
    assert [path.name for path in tmp_path.iterdir()] == [second.removeprefix("sha256:")]
    with pytest.raises(ImageError, match="does not hold it"):
        store.open(first)


def test_leftovers_of_killed_writers_go(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    old, new = tmp_path / "abc.partial", tmp_path / "def.partial"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (1, 1))
    store.purge(10**9)
    assert (old.exists(), new.exists()) == (False, True)


def test_remove(store: ImageStore) -> None:
    ref = store.add(noise(1))
    store.open(ref)
    assert store.remove(ref) is True
    assert store.remove(ref) is False
    with pytest.raises(ImageError, match="does not hold it"):
        store.open(ref)
    with pytest.raises(ImageError, match="no content hash"):
        store.remove("sha256:../x")


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), PermissionError(13, "denied")])
def test_a_full_disk_leaves_nothing_behind(
    store: ImageStore, monkeypatch: pytest.MonkeyPatch, failure: OSError
) -> None:
    def fail(*_: object) -> Path:
        raise failure

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ImageError, match=rf"{failure.strerror}.*MAESTRO_IMAGE_DIR"):
        store.add(noise(1))
    assert list(store.directory.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(ImageError, match="cannot be kept"):
        ImageStore(tmp_path / "file" / "store").add(noise(1))


@pytest.mark.parametrize("data", [b"", b"x" * 101])
def test_add_is_bounded(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ImageError, match="bytes, allowed are 1 to 100"):
        ImageStore(tmp_path, limits=ImageLimits(max_file_bytes=100)).add(data)


def taken_apart(url: str) -> tuple[str, bytes]:
    head, _, body = url.partition(";base64,")
    return head.removeprefix("data:"), base64.b64decode(body)


def size_of(url: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(taken_apart(url)[1])).size


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_plain_picture_is_passed_on_byte_for_byte(store: ImageStore, kind: str) -> None:
    data = encode(draw(), kind)
    image = store.open(store.add(data))
    assert taken_apart(image.data_url()) == (f"image/{kind.lower()}", data)
    assert image.data_url() is image.data_url()
    assert size_of(image.data_url(max_side=30)) == (30, 20)


def test_metadata_turns_and_transparency_are_never_passed_on(store: ImageStore) -> None:
    private = encode(draw(), "JPEG", exif=exif(1), comment=b"secret place")
    for data in (private, encode(draw(), "PNG", exif=exif(6)), encode(draw().convert("RGBA"), "PNG")):
        sent = taken_apart(store.open(store.add(data)).data_url())[1]
        assert sent != data
        assert b"secret" not in sent
        assert Image.open(io.BytesIO(sent)).mode == "RGB"
        assert not Image.open(io.BytesIO(sent)).getexif()


def test_photos_become_jpeg_and_drawings_png(store: ImageStore) -> None:
    photo = Image.effect_noise((300, 300), 80).convert("RGB")
    photo = Image.merge(
        "RGB", (photo.getchannel(0), photo.getchannel(0).rotate(90), Image.radial_gradient("L").resize((300, 300)))
    )
    drawing = Image.new("RGB", (3000, 300), "white")
    assert taken_apart(store.open(store.add(encode(photo, "BMP"))).data_url())[0] == "image/jpeg"
    url = store.open(store.add(encode(drawing, "BMP"))).data_url()
    assert taken_apart(url)[0] == "image/png"
    assert size_of(url) == (2048, 205)


def test_max_side_must_be_sensible(store: ImageStore, png: Path) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        store.open(str(png)).data_url(max_side=0)


def test_an_image_without_a_store() -> None:
    loads: list[int] = []

    def load() -> Image.Image:
        loads.append(1)
        return draw()

    image = MaestroImage(ref="x", sha256="0" * 64, width=60, height=40, notes=(), load=load)
    assert image.rgb() is image.rgb()
    assert image.data_url(max_side=30).startswith("data:image/png;base64,")
    image.release()
    image.rgb()
    assert len(loads) == 2
    assert repr(image) == "MaestroImage('x', 60x40, sha256=000000000000…)"
