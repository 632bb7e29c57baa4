"""Fit the weights of the preview of pictures: kinds from the figures of maestro_graph/embedded/_look.py.

    pip install 'maestro-graph[embedded]' scikit-learn==1.9.1 matplotlib==3.11.2 seaborn==0.13.2 plotnine==0.15.9 \
        altair==6.3.0 vl-convert-python pygal==3.1.3 cairosvg==2.9.1
    python scripts/fit_preview.py --each 60

Draws pictures of known kind with many libraries, measures by holding out one source (a library, an origin of
photographs) at a time, then fits on all and writes maestro_graph/embedded/preview.json. `--extra FOLDER` measures
the weights, too, on pictures that took no part: FOLDER/KIND__SOURCE__anything.png. `--wrong FOLDER` keeps what was
misclassified, to be looked at.
"""

from __future__ import annotations

import argparse
import json
import warnings
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from preview_pictures import SOURCES
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from maestro_graph.embedded._look import FIGURES, look, small_copy

TARGET = Path(__file__).parents[1] / "maestro_graph" / "embedded" / "preview.json"
KINDS = tuple(sorted({kind for kind, _ in SOURCES}))


class Sample:
    def __init__(self, kind: str, origin: str, picture: Image.Image) -> None:
        self.kind, self.origin, self.picture = kind, origin, picture
        self.figures = list(look(small_copy(picture)).values())


def drawn(each: int, seed: int) -> list[Sample]:
    samples = []
    for (kind, name), draw in SOURCES.items():
        number = zlib.crc32(f"{kind} {name}".encode())  # its pictures do not depend on the other sources
        for index in range(each):
            pixels = draw(np.random.default_rng((seed, number, index)))
            samples.append(Sample(kind, f"{kind} by {name}", Image.fromarray(np.ascontiguousarray(pixels))))
            samples[-1].picture.thumbnail((480, 480))  # kept to be looked at only
    return samples


def extra(folder: Path) -> list[Sample]:
    samples = []
    for path in sorted(folder.glob("*__*__*")):
        kind, origin, _ = path.name.split("__", 2)
        samples.append(Sample(kind, f"{kind} of {origin}", Image.open(path).convert("RGB")))
        samples[-1].picture.thumbnail((480, 480))
    return samples


def fitted(samples: list[Sample]) -> Pipeline:
    """Multinomial logistic regression; every source weighs the same within its kind, every kind the same."""
    by_origin = Counter(s.origin for s in samples)
    by_kind = Counter(s.kind for s in samples)
    origins = Counter(kind for kind, _ in {(s.kind, s.origin) for s in samples})
    weight = np.array([by_kind[s.kind] / (by_origin[s.origin] * origins[s.kind]) for s in samples])
    weight *= np.array([len(samples) / (len(by_kind) * by_kind[s.kind]) for s in samples])
    kept = FunctionTransformer(np.clip, kw_args={"a_min": -4, "a_max": 4})  # as the preview keeps them
    model = make_pipeline(StandardScaler(), kept, LogisticRegression(C=0.1, max_iter=3000))
    model.fit([s.figures for s in samples], [s.kind for s in samples], logisticregression__sample_weight=weight)
    return model


def told(model: Pipeline, samples: list[Sample]) -> list[str]:
    return [str(kind) for kind in model.predict([s.figures for s in samples])]


def report(title: str, samples: list[Sample], answers: list[str], wrong: Path | None) -> None:
    right = [s.kind == a for s, a in zip(samples, answers, strict=True)]
    print(f"\n{title}: {np.mean(right):.3f} of {len(samples)}")
    for origin in dict.fromkeys(s.origin for s in samples):
        chosen = [i for i, s in enumerate(samples) if s.origin == origin]
        missed = Counter(answers[i] for i in chosen if not right[i])
        print(f"  {origin:40s} {np.mean([right[i] for i in chosen]):.3f} {dict(missed) or ''}")
    if wrong:
        wrong.mkdir(parents=True, exist_ok=True)
        for index, (sample, answer) in enumerate(zip(samples, answers, strict=True)):
            if sample.kind != answer:
                sample.picture.save(wrong / f"{title}_{sample.origin}_as_{answer}_{index}.png".replace(" ", "-"))


def written(model: Pipeline) -> str:
    """The weights as the preview reads them."""
    scaler, regression = model.named_steps["standardscaler"], model.named_steps["logisticregression"]
    weights = {
        "figures": list(FIGURES),
        "mean": [round(float(v), 5) for v in scaler.mean_],
        "scale": [round(float(v), 5) for v in scaler.scale_],
        "bias": {str(k): round(float(v), 4) for k, v in zip(regression.classes_, regression.intercept_, strict=True)},
        "weights": {
            str(k): [round(float(v), 4) for v in row]
            for k, row in zip(regression.classes_, regression.coef_, strict=True)
        },
    }
    return json.dumps(weights, indent=1) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Fit the preview of pictures.")
    parser.add_argument("--each", type=int, default=60, help="pictures a source")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--extra", type=Path)
    parser.add_argument("--wrong", type=Path)
    parser.add_argument("--target", type=Path, default=TARGET)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    samples = drawn(options.each, options.seed)
    answers = [""] * len(samples)
    for origin in dict.fromkeys(s.origin for s in samples):
        model = fitted([s for s in samples if s.origin != origin])
        chosen = [i for i, s in enumerate(samples) if s.origin == origin]
        for index, answer in zip(chosen, told(model, [samples[i] for i in chosen]), strict=True):
            answers[index] = answer
    report("source held out", samples, answers, options.wrong)
    model = fitted(samples)
    report("fitted on all", samples, told(model, samples), None)
    if options.extra:
        unseen = extra(options.extra)
        report("extra", unseen, told(model, unseen), options.wrong)
    options.target.write_text(written(model), encoding="utf-8")


if __name__ == "__main__":
    main()
