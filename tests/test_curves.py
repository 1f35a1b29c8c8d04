"""metrix.curves against the definitions of the benchmarks and against pycocotools itself, bit for bit."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core, curves, protocols
from metrix.curves import average_precision, precision_recall_curve
from oracles import curves as oracle
from oracles.boxes import same_bits

EPSILON = protocols.COCO_DETECTION.epsilon
NAN = float("nan")


class Case:
    """Ranked detections of one category: few or many, with ties, ignored ones, and any share of right ones."""

    def __init__(self, rng: np.random.Generator) -> None:
        count = int(rng.choice([0, 1, 2, 5, 30, 300], p=[0.05, 0.1, 0.15, 0.3, 0.3, 0.1]))
        scores = rng.random(count)
        if rng.random() < 0.5:
            scores = rng.choice([0.0, -0.0, 0.25, 0.5, 1e-300, np.inf, -1.0], count)
        if rng.random() < 0.1:
            scores[rng.random(count) < 0.2] = NAN
        self.scores = scores
        self.true_positive = rng.random(count) < rng.choice([0, 0.2, 0.6, 1])
        self.ignore = rng.random(count) < rng.choice([0, 0, 0.3, 1])
        self.positives = int((self.true_positive & ~self.ignore).sum() + rng.choice([0, 1, 7, 100]))

    def curve(self, epsilon: float = 0.0) -> curves.PrecisionRecallCurve:
        return precision_recall_curve(
            self.scores, self.true_positive, self.positives, ignore=self.ignore, epsilon=epsilon
        )


def random_curve(rng: np.random.Generator) -> tuple[Any, Any]:
    """Any ascending recall, on the thresholds themselves too, and any precision."""
    count = int(rng.choice([0, 1, 2, 5, 40]))
    grids = [protocols.COCO_DETECTION.recall_thresholds, np.arange(0, 1.1, 0.1), np.arange(11) / 10]
    if rng.random() < 0.3:
        recall = np.sort(rng.random(count) * rng.choice([0.3, 1]))
    else:
        recall = np.sort(rng.choice(grids[rng.integers(3)], count))
    precision = rng.random(count) if rng.random() < 0.5 else rng.choice([0, 1 / 3, 0.5, 1], count)
    return recall, precision


def test_precision_recall_curve_equals_its_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(2000)):
        case = Case(rng)
        epsilon = float(rng.choice([0, EPSILON, 1e-3]))
        want = oracle.precision_recall_curve(case.scores, case.true_positive, case.positives, case.ignore, epsilon)
        for got, column in zip(case.curve(epsilon), want):
            assert same_bits(got, np.array(column, dtype=np.float64))


@pytest.mark.parametrize("count", [0, 1, 2, 24, 25, 192, 193, 3000])
@pytest.mark.parametrize("kind", ["distinct", "few", "float32", "sorted", "special"])
def test_points_stand_in_numpys_stable_order(rng: np.random.Generator, count: int, kind: str) -> None:
    """On both sides of the sizes where the way of sorting changes."""
    special = [NAN, -NAN, np.inf, -np.inf, 0.0, -0.0, 5e-324, -5e-324, 1e308, -1.0]
    scores = {
        "distinct": rng.uniform(-1, 1, count),
        "few": rng.integers(0, 5, count) / 4,
        "float32": rng.random(count, dtype=np.float32).astype(np.float64),
        "sorted": -np.sort(rng.random(count)),
        "special": rng.choice(special, count),
    }[kind]
    order = np.argsort(-scores, kind="stable")
    np.testing.assert_array_equal(_core.curves.descending_order(scores), order)
    true_positive = rng.random(count) < 0.5
    curve = precision_recall_curve(scores, true_positive, count)
    assert same_bits(curve.scores, scores[order])
    assert same_bits(curve.recall, np.cumsum(true_positive[order]) / max(count, 1))


def test_average_precision_equals_the_definitions(rng: np.random.Generator) -> None:
    coco = protocols.COCO_DETECTION.recall_thresholds
    for _ in range(cases(2000)):
        recall, precision = random_curve(rng)
        own = rng.choice([-1.0, 0.0, 0.1, 0.5, 1.0, 2.0], int(rng.integers(1, 20)))
        assert average_precision(recall, precision) == oracle.coco_average_precision(recall, precision, coco)
        assert average_precision(recall, precision, method=own) == oracle.coco_average_precision(recall, precision, own)
        assert average_precision(recall, precision, method="11-point") == oracle.voc2007_average_precision(
            recall, precision
        )
        assert average_precision(recall, precision, method="all-point") == oracle.voc2010_average_precision(
            recall, precision
        )


@pytest.mark.parity
def test_average_precision_equals_pycocotools(rng: np.random.Generator) -> None:
    cocoeval = pytest.importorskip("pycocotools.cocoeval")
    reference = cocoeval.COCOeval(iouType="bbox")
    reference.params.imgIds, reference.params.catIds = [1], [1]
    reference.params.areaRng, reference.params.areaRngLbl = [[0, 1e10]], ["all"]
    reference.params.maxDets, reference.params.iouThrs = [1000], np.array([0.5])
    reference._paramsEval = reference.params
    for _ in range(cases(300)):
        case = Case(rng)
        if case.positives == 0:
            continue
        reference.evalImgs = [
            {
                "dtScores": case.scores.tolist(),
                "dtMatches": case.true_positive[None].astype(float),
                "dtIgnore": case.ignore[None],
                "gtIgnore": np.zeros(case.positives),
            }
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            reference.accumulate()
        want = float(np.mean(reference.eval["precision"][0, :, 0, 0, 0]))
        curve = case.curve(EPSILON)
        assert average_precision(curve.recall, curve.precision) == want


def test_methods_differ_as_published() -> None:
    # One of two objects found by the first of two detections.
    curve = precision_recall_curve([0.9, 0.8], [True, False], 2)
    assert average_precision(curve.recall, curve.precision, method="all-point") == 0.5
    assert average_precision(curve.recall, curve.precision, method="11-point") == pytest.approx(6 / 11, rel=1e-15)
    assert average_precision(curve.recall, curve.precision) == pytest.approx(51 / 101, rel=1e-15)


def test_a_recall_threshold_is_reached_by_the_equal_recall() -> None:
    assert average_precision([0.5], [1.0], method=[0.5]) == 1
    assert average_precision([0.5], [1.0], method=[np.nextafter(0.5, 1)]) == 0


def test_the_thresholds_of_voc_2007_are_those_of_its_python_port() -> None:
    # Bit patterns: 0.3, 0.6 and 0.7 are an ulp above their literals, so a recall of 3 in 5 does not reach "0.6".
    above = [0.3, 0.6, 0.7]
    want = [np.nextafter(i / 10, 1) if i / 10 in above else i / 10 for i in range(11)]
    assert protocols.VOC2007_RECALL_THRESHOLDS.tolist() == want


@pytest.mark.parametrize("method", ["101-point", "11-point", "all-point", [0.5]])
def test_empty_and_nan_curves(method: Any) -> None:
    assert average_precision([], [], method=method) == 0
    assert np.isnan(average_precision([NAN], [1.0], method=method))
    assert np.isnan(average_precision([0.5, 1.0], [1.0, NAN], method=method))


def test_curve_without_positives() -> None:
    curve = precision_recall_curve([0.5, 0.4], [False, False], 0)
    assert np.isnan(curve.recall).all()
    assert curve.precision.tolist() == [0, 0]
    assert np.isnan(average_precision(curve.recall, curve.precision))


@pytest.mark.parametrize("num_positives", [1.0, True, None, "1"])
def test_num_positives_must_be_an_integer(num_positives: Any) -> None:
    with pytest.raises(TypeError, match="num_positives: expected an int >= 0, got"):
        precision_recall_curve([], [], num_positives)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.5, 0.4], [1, 1], 1), "num_positives: expected at least the 2 true positives, got 1"),
        (([], [], -1), "num_positives: expected at least the 0 true positives, got -1"),
        (([0.5], [1, 0], 1), r"true_positive: expected shape \(1,\), got \(2,\)"),
        (([[0.5]], [1], 1), r"scores: expected shape \(N,\), got \(1, 1\)"),
    ],
)
def test_precision_recall_curve_names_what_is_wrong(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        precision_recall_curve(*arguments)


@pytest.mark.parametrize(
    ("arguments", "method", "message"),
    [
        (([0.5], [1.0]), "12-point", "method: expected one of '101-point', '11-point', 'all-point' or recalls, got"),
        (([0.5], [1.0]), [], "method: expected at least one recall and no NaN"),
        (([0.5], [1.0]), [NAN], "method: expected at least one recall and no NaN"),
        (([0.5, 0.6, 0.4], [1, 1, 1]), "all-point", "recall: expected ascending values, got a lower one at index 2"),
        (([0.5, 0.6], [1]), "all-point", r"precision: expected shape \(2,\), got \(1,\)"),
    ],
)
def test_average_precision_names_what_is_wrong(arguments: Any, method: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        average_precision(*arguments, method=method)
