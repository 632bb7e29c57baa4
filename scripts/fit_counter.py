"""Fit the weights of the counter's confidence: signals of embedded/counter/_trust.py against right counts.

    pip install 'maestro-graph[embedded]' scikit-image==0.26.0 scikit-learn==1.9.1 matplotlib==3.11.2 seaborn==0.13.2 \
        plotnine==0.15.9 altair==6.3.0 vl-convert-python pygal==3.1.3 cairosvg==2.9.1
    python scripts/fit_counter.py --each 6 --samples /tmp/samples.jsonl

Draws pictures of known count and pictures without one, counts, measures by holding out one source at a time (bins of
confidence against the share of right counts), then fits on all and writes trust.json. A count is right when it is
exact, or within 5 % above 20 things. `--samples` keeps what was measured, so that a second run only fits.
"""

from __future__ import annotations

import argparse
import json
import zlib
from itertools import pairwise
from pathlib import Path

import numpy as np
from counter_pictures import MANY, SOURCES
from PIL import Image
from scipy.optimize import minimize

from maestro_graph.embedded._base import Clock
from maestro_graph.embedded.counter._ground import noise_of
from maestro_graph.embedded.counter._question import parse_question
from maestro_graph.embedded.counter._trust import SIGNS, signals
from maestro_graph.embedded.counter._working import working_copy
from maestro_graph.embedded.counter.expert import look
from maestro_graph.embedded.preview import preview
from maestro_graph.errors import CallFailure
from maestro_graph.images import MaestroImage

TARGET = Path(__file__).parents[1] / "maestro_graph" / "embedded" / "counter" / "trust.json"
RIDGE = 0.005
BINS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def sample(source: str, index: int, seed: int) -> dict | None:
    rng = np.random.default_rng((seed, zlib.crc32(source.encode()), index))
    array, count = SOURCES[source](rng)
    picture = Image.fromarray(array).convert("RGB")
    image = MaestroImage(
        ref="x", sha256=f"{source} {index} {seed}", width=picture.width, height=picture.height, notes=(),
        load=lambda: picture,
    )  # fmt: skip
    view = working_copy(image)
    pixels, scale = view.pixels, view.scale
    noise = noise_of(pixels)
    try:
        scene = look(pixels, scale, noise, parse_question("How many objects are there?"), Clock(None))
    except CallFailure:
        return None
    found = len(scene.things)
    right = count is not None and abs(found - count) <= (0 if count <= 20 else 0.05 * count)
    figures = signals(pixels, scene, noise, preview(image))
    return {"source": source, "drawn": scene.drawn, "right": right, "found": found, "true": count, "figures": figures}


def gathered(each: int, seed: int, keep: Path | None) -> list[dict]:
    if keep is not None and keep.exists():
        return [json.loads(line) for line in keep.read_text().splitlines()]
    samples = []
    for source in SOURCES:
        found = (sample(source, index, seed) for index in range(each * MANY.get(source, 1)))
        samples += [one for one in found if one is not None]
        print(source, len(samples), flush=True)
    if keep is not None:
        keep.write_text("".join(json.dumps(s) + "\n" for s in samples))
    return samples


def even(samples: list[dict]) -> np.ndarray:
    """Weights that sum to 1, half of them on right counts: how often a caller's pictures suit is not known."""
    right = np.array([s["right"] for s in samples])
    return np.where(right, 0.5 / max(right.sum(), 1), 0.5 / max((~right).sum(), 1))


def fitted(samples: list[dict]) -> dict:
    """Logistic weights of the given signs, by bounded least loss; right and wrong counts weigh alike."""
    names = list(SIGNS)
    x = np.array([[s["figures"][n] for n in names] for s in samples])
    y = np.array([s["right"] for s in samples], float)
    share = even(samples)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w[1:] + w[0]
        gap = share * (1 / (1 + np.exp(-np.clip(z, -30, 30))) - y)
        value = float(share @ (np.logaddexp(0, z) - y * z)) + RIDGE * (w[1:] ** 2).sum() / 2
        return value, np.concatenate([[gap.sum()], x.T @ gap + RIDGE * w[1:]])

    bounds = [(None, None)] + [(0, None) if SIGNS[n] > 0 else (None, 0) for n in names]
    w = minimize(loss, np.zeros(len(names) + 1), jac=True, bounds=bounds).x
    weights = {n: round(float(v), 4) for n, v in zip(names, w[1:], strict=True) if abs(v) > 1e-4}
    return {"bias": round(float(w[0]), 4), "weights": weights}


def told(model: dict, samples: list[dict]) -> np.ndarray:
    raw = [model["bias"] + sum(w * s["figures"][n] for n, w in model["weights"].items()) for s in samples]
    return 1 / (1 + np.exp(-np.array(raw)))


def report(title: str, samples: list[dict], scores: np.ndarray) -> None:
    right, share = np.array([s["right"] for s in samples]), even(samples)
    print(f"{title}: {len(samples)} pictures, {right.sum()} right, Brier {share @ (scores - right) ** 2:.3f} (even)")
    for low, high in pairwise(BINS):
        inside = (scores >= low) & (scores < high)
        if inside.any():
            part = share[inside] / share[inside].sum()
            print(f"  {low:.1f}-{high:.1f}: {inside.sum():4d} pictures, said {part @ scores[inside]:.2f}, "
                  f"right {part @ right[inside]:.2f} (of these {right[inside].mean():.2f})")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--each", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=Path)
    parser.add_argument("--only-measure", action="store_true")
    options = parser.parse_args()
    samples = gathered(options.each, options.seed, options.samples)
    models = {}
    for name, drawn in (("drawn", True), ("photo", False)):
        mine = [s for s in samples if s["drawn"] is drawn]
        scores = np.zeros(len(mine))
        for source in {s["source"] for s in mine}:
            out = np.array([s["source"] == source for s in mine])
            others = [s for s in mine if s["source"] != source]
            if source in ("drawing", "lumps", "nested"):  # the only ones with right counts: by halves
                others = [s for i, s in enumerate(mine) if s["source"] != source or i % 2]
            scores[out] = told(fitted(others), [s for s in mine if s["source"] == source])
        report(f"{name}, each source held out", mine, scores)
        models[name] = fitted(mine)
        print(models[name])
    if not options.only_measure:
        TARGET.write_text(json.dumps(models, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
