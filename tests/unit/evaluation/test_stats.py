"""Statistics against values of statsmodels 0.15, scipy and scikit-learn, and on data whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import bootstrap
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from maestro_evaluation.scorers.hrbench import mean_over_cycles
from maestro_evaluation.stats import (
    Pair,
    Score,
    adjusted,
    calibration,
    mean_interval,
    paired_test,
    pareto_front,
    variation,
)
from maestro_graph.errors import MaestroError


def plain(values: list[float]) -> list[Score]:
    return [Score(value, str(at)) for at, value in enumerate(values)]


def pairs_of(better: int, worse: int, both: int = 40, neither: int = 20) -> list[Pair]:
    told = [(0.0, 1.0)] * better + [(1.0, 0.0)] * worse + [(1.0, 1.0)] * both + [(0.0, 0.0)] * neither
    return [Pair(first, second, str(at)) for at, (first, second) in enumerate(told)]


def test_independent_scores_get_the_interval_that_scipy_gives() -> None:
    values = [1.0] * 37 + [0.0] * 63
    found = mean_interval(plain(values))
    theirs = bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=0).confidence_interval
    assert found.value == pytest.approx(0.37)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.011)
    assert (found.n, found.clusters, found.method) == (100, 100, "bootstrap")


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = plain(list(np.random.default_rng(5).random(50)))
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval(values, seed=1) != mean_interval(values, seed=2)


@pytest.mark.parametrize(
    ("values", "level", "low", "high"),  # statsmodels proportion_confint(method="beta")
    [
        ([0.0] * 20, 0.95, 0.0, 0.16843347098308534),
        ([1.0] * 20, 0.95, 0.8315665290169146, 1.0),
        ([0.0] * 7, 0.90, 0.0, 0.3481636551311609),
    ],
)
def test_where_all_are_right_or_wrong_the_interval_is_exact(
    values: list[float], level: float, low: float, high: float
) -> None:
    found = mean_interval(plain(values), level=level)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert found.method == "exact"


def test_four_rotations_of_a_question_are_one_question() -> None:
    single = [1.0] * 30 + [0.0] * 30
    rotated = [Score(value, str(at)) for at, value in enumerate(single) for _ in range(4)]
    alone, clustered = mean_interval(plain(single)), mean_interval(rotated)
    naive = mean_interval([Score(score.value, str(at)) for at, score in enumerate(rotated)])
    assert clustered.high - clustered.low == pytest.approx(alone.high - alone.low, rel=0.05)
    assert naive.high - naive.low < 0.6 * (clustered.high - clustered.low)
    assert (clustered.n, clustered.clusters) == (240, 60)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(11)
    held = 0
    for trial in range(300):
        ability = rng.beta(2, 2, size=60)  # of each question; its four rotations share it
        scores = [
            Score(float(rng.random() < chance), str(at)) for at, chance in enumerate(ability) for _rotation in range(4)
        ]
        found = mean_interval(scores, resamples=800, seed=trial)
        held += found.low <= 0.5 <= found.high
    assert 0.91 <= held / 300 <= 0.98


def test_a_mean_over_cells_is_the_benchmarks_own() -> None:
    rng = np.random.default_rng(3)
    rows = [
        {
            "cycle_category": str(cycle),
            "category": "single",
            "hit": float(rng.random() < 0.3 + 0.1 * cycle),
            "q": question,
        }
        for question in range(50)
        for cycle in range(4)
        if cycle < 3 or question % 2
    ]
    scores = [Score(row["hit"], str(row["q"]), row["cycle_category"]) for row in rows]
    found = mean_interval(scores)
    assert found.value == pytest.approx(mean_over_cycles(rows)["all"])
    assert found.low < found.value < found.high


def test_cells_can_weigh_differently_and_each_needs_a_weight() -> None:
    scores = [Score(1.0, "a", "left"), Score(0.0, "b", "right"), Score(1.0, "c", "right")]
    assert mean_interval(scores).value == pytest.approx(0.75)
    assert mean_interval(scores, weights={"left": 1, "right": 3}).value == pytest.approx(0.25 + 0.375)
    with pytest.raises(MaestroError, match="no weight is given for 'right'"):
        mean_interval(scores, weights={"left": 1})
    with pytest.raises(MaestroError, match="no scores"):
        mean_interval([])


@pytest.mark.parametrize(
    ("better", "worse", "expected"),  # statsmodels mcnemar(exact=True)
    [
        (5, 15, 0.04138946533203125),
        (0, 6, 0.03125),
        (30, 41, 0.23509756240834187),
        (1, 1, 1.0),
        (12, 2, 0.012939453125),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_agrees_with_statsmodels(better: int, worse: int, expected: float) -> None:
    found = paired_test(pairs_of(better, worse))
    assert found.p_value == pytest.approx(expected)
    assert (found.test, found.better, found.worse) == ("mcnemar", better, worse)
    assert found.difference.value == pytest.approx((better - worse) / (60 + better + worse))
    assert found.second - found.first == pytest.approx(found.difference.value)


def test_the_sign_of_the_difference_follows_the_order() -> None:
    gain, loss = paired_test(pairs_of(20, 3)), paired_test(pairs_of(3, 20))
    assert gain.difference.low > 0 > loss.difference.high
    assert gain.p_value == pytest.approx(loss.p_value)


def test_scores_between_0_and_1_get_a_permutation_test() -> None:
    changes = [0.5, 0.25, 0.75, -0.25, 0.5, 0.25, 0.5, 0.75, 0.1, -0.05]
    found = paired_test([Pair(0.1, 0.1 + change, str(at)) for at, change in enumerate(changes)])
    assert found.test == "permutation"
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(changes))).reshape(len(changes), -1).T
    sums = signs @ np.array(changes)
    assert found.p_value == pytest.approx(float(np.mean(np.abs(sums) >= abs(sum(changes)) - 1e-12)))


def test_rotations_do_not_make_a_difference_significant() -> None:
    single = pairs_of(8, 3)
    rotated = [Pair(pair.first, pair.second, pair.cluster) for pair in single for _ in range(4)]
    once, four = paired_test(single), paired_test(rotated)
    assert four.test == "permutation"
    assert four.p_value == pytest.approx(once.p_value, abs=0.02)
    assert four.difference.high - four.difference.low == pytest.approx(
        once.difference.high - once.difference.low, rel=0.05
    )


def test_runs_that_do_not_differ_may_still_do_so_elsewhere() -> None:
    found = paired_test(pairs_of(0, 0, both=30, neither=10))
    assert found.difference.value == 0
    assert found.difference.high == pytest.approx(1 - 0.025 ** (1 / 40))
    assert found.difference.low == -found.difference.high
    assert found.p_value == 1.0


def test_holm_agrees_with_statsmodels() -> None:
    assert adjusted([0.01, 0.04, 0.03, 0.005, 0.5]) == pytest.approx([0.04, 0.09, 0.09, 0.025, 0.5])
    assert adjusted([]) == []


def test_calibration_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(7)
    confidences = np.round(rng.random(500), 2)  # ties
    hits = (rng.random(500) < confidences**2).astype(float)
    found = calibration(list(confidences), list(hits))
    accuracy, confidence = calibration_curve(hits, np.nextafter(confidences, -1).clip(0), n_bins=10)
    filled = [each for each in found.bins if each.n]
    assert [each.accuracy for each in filled] == pytest.approx(list(accuracy))
    assert [each.confidence for each in filled] == pytest.approx(list(confidence))
    assert found.brier == pytest.approx(brier_score_loss(hits, confidences))
    assert found.auc == pytest.approx(roc_auc_score(hits, confidences))
    assert found.ece == pytest.approx(
        sum(each.n / 500 * abs(a - c) for each, a, c in zip(filled, accuracy, confidence, strict=True))
    )


def test_calibration_at_its_edges() -> None:
    found = calibration([0.0, 1.0, 1.0], [0.0, 1.0, 1.0])
    assert (found.bins[0].n, found.bins[-1].n) == (1, 2)
    assert (found.ece, found.brier, found.auc) == (0.0, 0.0, 1.0)
    assert calibration([0.9], [1.0]).auc is None
    with pytest.raises(MaestroError, match=r"1\.2 is not from 0 to 1"):
        calibration([1.2], [1.0])
    with pytest.raises(MaestroError, match="2 confidences for 1 scores"):
        calibration([0.1, 0.2], [1.0])


def test_the_pareto_front_keeps_what_nothing_beats() -> None:
    points = {
        "cheap": (1.0, 0.3),
        "middle": (2.0, 0.5),
        "twin": (2.0, 0.5),
        "beaten": (2.5, 0.5),
        "worse": (3.0, 0.1),
        "best": (9.0, 0.9),
    }
    assert pareto_front(points) == ["cheap", "middle", "twin", "best"]
    assert pareto_front({}) == []


def test_variation_of_repeated_runs() -> None:
    found = variation([0.5, 0.6, 0.7])
    assert (found.mean, found.low, found.high) == pytest.approx((0.6, 0.5, 0.7))
    assert found.sd == pytest.approx(0.1)
    assert variation([0.5]).sd is None
    assert math.isclose(variation([0.5]).mean, 0.5)
    with pytest.raises(MaestroError, match="no runs"):
        variation([])
