"""Supervised routers: nearest neighbours and logistic regression on embeddings and outcomes.

They are shown which plans were right on every training question, which no trained router is: what can be learnt from
full labels. The only module that imports `sklearn`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from maestro_evaluation._plan_router import follow
from maestro_evaluation.baselines._base import Baseline, Fitted, Given
from maestro_evaluation.baselines._features import features
from maestro_evaluation.baselines._training import TrainingData
from maestro_evaluation.plans import Plan
from maestro_graph.errors import MissingExtraError
from maestro_graph.registry import Registry
from maestro_graph.routers import RouterTurn, RouterView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BASELINES", "PredictingRouter"]

NEIGHBOURS = (3, 5, 10, 20, 40)
STRENGTHS = (0.1, 1.0, 10.0, 100.0)
FOLDS = 5
CALL = 1e-3
"""Points that a further call costs: of plans that are as good the shorter one is taken."""


class PredictingRouter:
    """Carries out the plan whose predicted score is highest."""

    def __init__(self, plans: Sequence[Plan], predict: Callable[[Any], Any]) -> None:
        self._plans, self._predict = tuple(plans), predict

    async def decide(self, view: RouterView) -> RouterTurn:
        """Choose by question and picture alone, so the same at every turn, and follow the plan."""
        return follow(await asyncio.to_thread(self._choose, view), view)

    def _choose(self, view: RouterView) -> Plan:
        expected = self._predict(features([(view.question, view.images)]))[0]
        return self._plans[best_of(self._plans, expected)]


def best_of(plans: Sequence[Plan], expected: Any) -> int:
    """Where the highest expected score is, further calls charged."""
    return max(range(len(plans)), key=lambda at: float(expected[at]) - CALL * len(plans[at].actions))


def _data(data: TrainingData, registry: Registry) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[Any]]:
    """Features (n, f), scores (n, plans), and the group of each row: what is one question in several forms stays in
    one fold."""
    import numpy as np

    rows = features(
        (sample.question, [registry.images.open(image) for image in sample.images[:1]]) for sample in data.samples
    )
    points = np.array([[data.scores[s.key].get(plan, 0.0) for plan in data.plans] for s in data.samples])
    groups = np.array([hash_of(sample.group or sample.key) for sample in data.samples])
    return rows, points, groups


def hash_of(text: str) -> int:
    """A number for a text, the same in every process."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7])


def _knn(given: Given) -> Fitted:
    neighbors = _sklearn("neighbors")

    def fitted(rows: Any, points: Any, count: float) -> Callable[[Any], Any]:
        model = neighbors.KNeighborsRegressor(n_neighbors=min(int(count), len(rows)), weights="distance")
        predict: Callable[[Any], Any] = model.fit(rows, points).predict
        return predict

    return _chosen(given, fitted, NEIGHBOURS, "neighbours")


def _logistic(given: Given) -> Fitted:
    linear = _sklearn("linear_model")

    def fitted(rows: Any, points: Any, strength: float) -> Callable[[Any], Any]:
        columns = [_column(linear, rows, points[:, at], strength) for at in range(points.shape[1])]

        def predict(asked: Any) -> Any:
            import numpy as np

            return np.stack([column(asked) for column in columns], axis=1)

        return predict

    return _chosen(given, fitted, STRENGTHS, "inverse regularisation")


def _column(linear: Any, rows: Any, points: Any, strength: float) -> Callable[[Any], Any]:
    """How likely one plan is right (a partial score counts as its share of a right and a wrong answer)."""
    import numpy as np

    if points.min() >= 1 or points.max() <= 0:
        constant = float(points.mean())
        return lambda asked: np.full(len(asked), constant)
    twice = np.vstack([rows, rows])
    labels = np.r_[np.ones(len(rows)), np.zeros(len(rows))]
    weights = np.r_[points, 1 - points]
    kept = weights > 0
    model = linear.LogisticRegression(C=strength, max_iter=1000)
    model.fit(twice[kept], labels[kept], sample_weight=weights[kept])
    return lambda asked: model.predict_proba(asked)[:, 1]


def _chosen(
    given: Given, fitted: Callable[[Any, Any, float], Callable[[Any], Any]], settings: Sequence[float], what: str
) -> Fitted:
    """Choose the setting by folds of the training split, then learn from all of it."""
    data = given.learnt
    rows, points, groups = _data(data, given.registry)
    gained = {setting: _gain(fitted, rows, points, groups, data.plans, setting) for setting in settings}
    best = max(settings, key=lambda setting: gained[setting])
    learnt = hashlib.sha256(rows.round(6).tobytes() + points.tobytes()).hexdigest()[:16]
    return Fitted(
        router=PredictingRouter(data.plans, fitted(rows, points, best)),
        about={what: best, "samples": len(rows), "learnt": learnt, "score in folds": round(gained[best], 4)},
    )


def _gain(fitted: Any, rows: Any, points: Any, groups: Any, plans: Sequence[Plan], setting: float) -> float:
    """Mean score of the chosen plans on the folds that were left out."""
    import numpy as np

    fold = groups % FOLDS
    total = 0.0
    for part in range(FOLDS):
        inside, outside = fold != part, fold == part
        if not inside.any() or not outside.any():
            continue
        expected = fitted(rows[inside], points[inside], setting)(rows[outside])
        picked = [best_of(plans, row) for row in expected]
        total += float(points[outside][np.arange(len(picked)), picked].sum())
    return total / len(rows)


def _sklearn(module: str) -> Any:
    try:
        if module == "neighbors":
            from sklearn import neighbors

            return neighbors
        from sklearn import linear_model
    except ImportError as error:
        raise MissingExtraError("a supervised router", "eval", error.name or "sklearn") from error
    return linear_model


BASELINES = (
    Baseline(
        name="knn",
        summary="the plan that was best on the nearest questions of the training split",
        fit=_knn,
        learns=True,
    ),
    Baseline(
        name="logistic",
        summary="the plan that logistic regression on the training split expects most of",
        fit=_logistic,
        learns=True,
    ),
)
