"""8K pictures stay within 1.5 GB of process memory, measured in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak from /proc"),
]

OPEN = """
import re, sys
from pathlib import Path
from maestro_graph.images import ImageStore
image = ImageStore().open(sys.argv[1])
image.release()
image.rgb()
image.data_url()
print(image.width, image.height, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
LIMIT_KB = 1_500_000


@pytest.mark.parametrize("kind", ["JPEG on its side", "PNG with transparency", "TIFF 16 bits"])
def test_peak_memory(tmp_path: Path, kind: str) -> None:
    side = 8192
    path = tmp_path / "large"
    grey = Image.linear_gradient("L").resize((side, side), Image.Resampling.NEAREST)
    if kind.startswith("JPEG"):
        turned = Image.Exif()
        turned[0x0112] = 6
        grey.convert("RGB").save(path, "JPEG", exif=turned, progressive=True)
    elif kind.startswith("PNG"):
        Image.merge("RGBA", (grey, grey, grey, grey)).save(path, "PNG", compress_level=1)
    else:
        grey.convert("I;16").save(path, "TIFF", compression="tiff_lzw")
    done = subprocess.run([sys.executable, "-c", OPEN, str(path)], capture_output=True, text=True, check=True)
    width, height, peak = map(int, done.stdout.split())
    assert (width, height) == (side, side)
    assert peak < LIMIT_KB
