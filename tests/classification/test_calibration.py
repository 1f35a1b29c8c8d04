"""metrix.classification.calibration: against loops over bins, and torchmetrics where it is installed."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.classification import (
    CalibrationError,
    classwise_calibration_error,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_curve,
)


def errors(right: Any, confidence: Any, bins: list[Any]) -> tuple[float, float, float]:
    """By definition: l1, l2 and max over lists of rows."""
    gaps = [(len(rows), abs(right[rows].mean() - confidence[rows].mean())) for rows in bins if len(rows)]
    total = sum(count for count, _ in gaps)
    return (
        sum(count * gap for count, gap in gaps) / total,
        float(np.sqrt(sum(count * gap**2 for count, gap in gaps) / total)),
        max(gap for _, gap in gaps),
    )


def uniform(confidence: Any, count: int) -> list[Any]:
    edges = np.linspace(0, 1, count + 1)
    bins = [np.flatnonzero((confidence > low) & (confidence <= high)) for low, high in zip(edges, edges[1:])]  # noqa: RUF007
    bins[0] = np.flatnonzero(confidence <= edges[1])
    return bins


def test_definitions(rng: np.random.Generator) -> None:
    for _ in range(cases(300)):
        count, num_bins = int(rng.integers(1, 200)), int(rng.integers(1, 20))
        probability = np.round(rng.random(count), int(rng.choice([1, 2, 9])))
        truth = rng.random(count) < probability
        for strategy in ("uniform", "quantile"):
            order = np.argsort(probability, kind="stable")
            rows = np.arange(count) * num_bins // count
            bins = (
                uniform(probability, num_bins) if strategy == "uniform" else [order[rows == b] for b in range(num_bins)]
            )
            for norm, expected in zip(("l1", "l2", "max"), errors(truth, probability, bins)):
                found = expected_calibration_error(truth, probability, num_bins=num_bins, strategy=strategy, norm=norm)
                assert found == pytest.approx(expected, rel=1e-12, abs=1e-15)
            assert maximum_calibration_error(truth, probability, num_bins=num_bins, strategy=strategy) == found


def test_classes_and_their_confidence(rng: np.random.Generator) -> None:
    probability = rng.dirichlet(np.ones(4), 300)
    truth = rng.integers(0, 4, 300)
    right, confidence = probability.argmax(axis=1) == truth, probability.max(axis=1)
    assert expected_calibration_error(truth, probability) == expected_calibration_error(right, confidence)
    each = [expected_calibration_error(truth == k, probability[:, k]) for k in range(4)]
    assert classwise_calibration_error(truth, probability) == np.mean(each)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_torchmetrics(norm: str, rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    functional = pytest.importorskip("torchmetrics.functional.classification")
    probability = rng.random(500)
    truth = rng.integers(0, 2, 500)
    expected = functional.binary_calibration_error(
        torch.from_numpy(probability), torch.from_numpy(truth), n_bins=10, norm=norm
    )
    assert expected_calibration_error(truth, probability, num_bins=10, norm=norm) == pytest.approx(  # type: ignore[arg-type]
        float(expected), rel=1e-5
    )


def test_batches_and_weights(rng: np.random.Generator) -> None:
    probability = rng.random(400)
    truth = rng.integers(0, 2, 400)
    copies = rng.integers(0, 4, 400)
    total = CalibrationError(num_bins=7, norm="l2")
    for batch in np.array_split(np.arange(400), 3):
        part = CalibrationError(num_bins=7, norm="l2")
        part.update(truth[batch], probability[batch], sample_weight=copies[batch])
        total.merge(pickle.loads(pickle.dumps(part)))
    repeated = expected_calibration_error(
        np.repeat(truth, copies), np.repeat(probability, copies), num_bins=7, norm="l2"
    )
    assert total.compute() == pytest.approx(repeated, rel=1e-12)
    curve = reliability_curve(truth, probability, num_bins=7, sample_weight=copies)
    np.testing.assert_allclose(total.curve(), curve, rtol=1e-12)
    total.reset()
    assert np.isnan(total.compute())
    with pytest.raises(ValueError, match=r"^other: expected the same num_bins and norm$"):
        total.merge(CalibrationError())


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([0, 1], [0.5, 1.5]), {}, r"y_prob: expected numbers from 0 to 1, got 1.5 at index \(1,\)"),
        (([0], [np.nan]), {}, r"y_prob: expected numbers from 0 to 1, got nan at index \(0,\)"),
        (([0, 1], [0.5]), {}, r"y_prob: expected shape \(2,\) or \(2, C\), got \(1,\)"),
        (([3], [[0.5, 0.5]]), {}, "y_true: expected classes 0 to 1, got 3 at index 0"),
        (([0], [0.5]), {"num_bins": 0}, "num_bins: expected an int >= 1, got 0"),
        (([0], [0.5]), {"norm": "l3"}, "norm: expected 'l1', 'l2' or 'max', got 'l3'"),
        (([0], [0.5]), {"strategy": "x"}, "strategy: expected 'uniform' or 'quantile', got 'x'"),
    ],
)
def test_wrong_arguments_are_refused(arguments: Any, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"^{message}$"):
        expected_calibration_error(*arguments, **options)
