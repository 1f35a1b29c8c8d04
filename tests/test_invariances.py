"""What holds for every metric of regression, classification, segmentation, forecasts and ranked lists, from one list.

The order of samples makes no difference, a weight is so many copies, batches and merges are one pass, any number of threads
gives the same bits, and metrics that treat both sides alike do so.
"""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from metrix import classification, forecasts, regression, retrieval, segmentation
from metrix._sample_mean import _TERMS
from metrix.accumulators import SampleMean
from metrix.classification import CalibrationError, ConfusionMatrix, MultilabelScores, RankingMetrics, Scores
from metrix.regression import DevianceMetrics, RegressionMetrics
from metrix.segmentation import SegmentationMetrics

Draw = Callable[[np.random.Generator, int], tuple[Any, ...]]
Stream = tuple[Callable[[], Any], Callable[[Any], Any]]  # an empty accumulator, and what it tells


def numbers(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    y = rng.lognormal(size=count).round(2) + 0.01
    return y, np.abs(y + rng.normal(size=count)).round(2) + 0.01


def flags(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    truth = rng.random(count) < 0.4
    return truth, np.where(rng.random(count) < 0.7, truth, ~truth)


def labels(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    truth = rng.integers(0, 5, count)
    return truth, np.where(rng.random(count) < 0.7, truth, rng.integers(0, 5, count))


def many_flags(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return tuple(rng.random((2, count, 3)) < 0.5)


def ranked(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    truth = rng.random(count) < 0.4
    return truth, (rng.integers(0, 9, count) + 4 * truth) / 16  # with ties, from 0 to 1


def probabilities(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.integers(0, 4, count), rng.dirichlet(np.ones(4), count).round(3)


def ensembles(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.normal(size=count), rng.normal(size=(count, 3))


def normals(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.normal(size=count), rng.normal(size=count), rng.random(count)


def intervals(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    target, lower = rng.normal(size=(2, count))
    return target, lower, lower + rng.random(count)


def widths(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return intervals(rng, count)[1:]


def several_intervals(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    lower = rng.normal(size=(count, 2))
    return rng.normal(size=count), lower[:, 0], lower, lower + rng.random((count, 2))


def lists(rng: np.random.Generator, count: int) -> tuple[Any, ...]:
    return rng.integers(0, 3, (count, 5)), rng.integers(0, 4, (count, 5)) / 4


@dataclass(frozen=True)
class Case:
    function: Callable[..., Any]
    draw: Draw
    options: dict[str, Any] = field(default_factory=dict)
    stream: Stream | None = None  # None: it needs all data at once
    symmetric: bool = False
    copies: bool = True  # a weight is so many copies
    exact: bool = False  # of whole numbers: the same bits in any order

    def __str__(self) -> str:
        return self.function.__name__ + "".join(f"-{value}" for value in self.options.values() if np.ndim(value) == 0)

    def takes(self, argument: str) -> bool:
        return argument in inspect.signature(self.function).parameters


def itself(value: Any) -> Any:
    return value


def of_regression(name: str, symmetric: bool = False, copies: bool = True, **options: Any) -> Case:
    stream: Stream = (lambda: RegressionMetrics([name], **options)), lambda it: it.compute()[name]
    return Case(getattr(regression, name), numbers, options, stream, symmetric, copies)


def of_mean(function: Any, draw: Draw, **options: Any) -> Case:
    return Case(function, draw, options, ((lambda: SampleMean(function, **options)), lambda it: it.compute()))


def of_matrix(function: Any, draw: Draw, read: Any, symmetric: bool = False, **options: Any) -> Case:
    count = 5 if draw is labels else 2
    stream: Stream = (lambda: ConfusionMatrix(num_classes=count)), lambda it: read(Scores(it.compute()))
    return Case(function, draw, options, stream, symmetric, exact=True)


def of_rate(name: str, function: Any, symmetric: bool = False) -> list[Case]:
    by_label = [
        of_matrix(function, labels, lambda it, a=average: it.score(name, average=a), symmetric, average=average)
        for average in ("macro", None)
    ]
    binary = of_matrix(function, flags, lambda it: it.score(name, average="binary"), symmetric)
    samples: Stream = (lambda: MultilabelScores(3, rates=[name])), lambda it: it.compute("samples")[name]
    return [*by_label, binary, Case(function, many_flags, {"average": "samples"}, samples, symmetric)]


def of_ranking(function: Any, **options: Any) -> Case:
    return Case(function, ranked, options, (RankingMetrics, lambda it: it.evaluate(function, **options)))


def of_calibration(function: Any, read: Any, norm: Any = "l1") -> Case:
    return Case(function, ranked, {"num_bins": 4}, ((lambda: CalibrationError(num_bins=4, norm=norm)), read))


def of_maps(name: str, symmetric: bool = False) -> Case:
    stream: Stream = (lambda: SegmentationMetrics(5, metrics=[name])), lambda it: it.compute()[name]
    return Case(getattr(segmentation, name), labels, {"num_classes": 5}, stream, symmetric, exact=True)


def of_deviance(power: float) -> Case:
    stream: Stream = (lambda: DevianceMetrics(power=power)), lambda it: it.compute()["d2_tweedie_score"]
    return Case(regression.d2_tweedie_score, numbers, {"power": power}, stream)


C, R, F, L = classification, regression, forecasts, retrieval
SERIES = np.random.default_rng(4).normal(size=40).cumsum()

CASES = [
    of_regression("mean_squared_error", True),
    of_regression("root_mean_squared_error", True),
    of_regression("mean_absolute_error", True),
    of_regression("mean_error"),
    of_regression("max_error", True),
    of_regression("mean_pinball_loss", alpha=0.3),
    of_regression("mean_absolute_percentage_error"),
    of_regression("mean_squared_percentage_error"),
    of_regression("symmetric_mean_absolute_percentage_error", True),
    of_regression("weighted_mean_absolute_percentage_error"),
    of_regression("normalized_mean_absolute_error"),
    of_regression("normalized_root_mean_squared_error", normalizer="std"),
    of_regression("mean_squared_log_error", True),
    of_regression("root_mean_squared_log_error", True),
    of_regression("r2_score"),
    of_regression("adjusted_r2_score", num_features=2, copies=False),  # it counts rows
    of_regression("explained_variance_score"),
    Case(R.median_absolute_error, numbers, symmetric=True),
    Case(R.d2_absolute_error_score, numbers),
    Case(R.d2_pinball_score, numbers, {"alpha": 0.3}),
    Case(R.mean_absolute_scaled_error, numbers, {"y_train": SERIES}, symmetric=True),
    Case(R.root_mean_squared_scaled_error, numbers, {"y_train": SERIES}, symmetric=True),
    of_mean(R.mean_tweedie_deviance, numbers, power=1.5),
    of_mean(R.mean_poisson_deviance, numbers),
    of_mean(R.mean_gamma_deviance, numbers),
    *(of_deviance(power) for power in (0, 1, 1.5, 2, 3)),
    *of_rate("precision", C.precision_score),
    *of_rate("recall", C.recall_score),
    *of_rate("f1", C.f1_score, True),
    *of_rate("jaccard", C.jaccard_score, True),
    *of_rate("specificity", C.specificity_score),
    *of_rate("negative_predictive_value", C.negative_predictive_value),
    *of_rate("false_positive_rate", C.false_positive_rate),
    *of_rate("false_negative_rate", C.false_negative_rate),
    *of_rate("false_discovery_rate", C.false_discovery_rate),
    *of_rate("false_omission_rate", C.false_omission_rate),
    of_matrix(C.fbeta_score, labels, lambda it: it.fbeta(2, average="weighted"), beta=2, average="weighted"),
    of_matrix(C.accuracy_score, labels, Scores.accuracy, True),
    of_matrix(C.balanced_accuracy_score, labels, Scores.balanced_accuracy),
    of_matrix(C.matthews_corrcoef, labels, Scores.matthews_corrcoef, True),
    of_matrix(C.cohen_kappa_score, labels, lambda it: it.cohen_kappa(weights="linear"), True, weights="linear"),
    Case(C.hamming_loss, labels, symmetric=True),
    Case(C.accuracy_score, many_flags, {}, ((lambda: MultilabelScores(3)), MultilabelScores.subset_accuracy), True),
    Case(C.hamming_loss, many_flags, {}, ((lambda: MultilabelScores(3)), MultilabelScores.hamming_loss), True),
    Case(
        C.multilabel_confusion_matrix,
        many_flags,
        {},
        ((lambda: MultilabelScores(3)), MultilabelScores.confusion),
        exact=True,
    ),
    Case(
        C.confusion_matrix,
        labels,
        {"num_classes": 5},
        ((lambda: ConfusionMatrix(num_classes=5)), ConfusionMatrix.compute),
        exact=True,
    ),
    of_ranking(C.roc_auc_score),
    of_ranking(C.roc_auc_score, max_fpr=0.3),
    of_ranking(C.average_precision_score),
    of_ranking(C.roc_curve, drop_intermediate=False),
    of_ranking(C.precision_recall_curve),
    of_ranking(C.det_curve),
    of_ranking(C.recall_at_precision, precision=0.6),
    of_ranking(C.precision_at_recall, recall=0.6),
    of_ranking(C.tpr_at_fpr, fpr=0.3),
    of_ranking(C.fpr_at_tpr, tpr=0.7),
    of_ranking(C.sensitivity_at_specificity, specificity=0.7),
    of_ranking(C.specificity_at_sensitivity, sensitivity=0.7),
    of_calibration(C.expected_calibration_error, CalibrationError.compute),
    of_calibration(C.maximum_calibration_error, CalibrationError.compute, "max"),
    of_calibration(C.reliability_curve, CalibrationError.curve),
    Case(C.classwise_calibration_error, probabilities),
    of_mean(C.log_loss, probabilities, eps=1e-3),
    of_mean(C.brier_score_loss, probabilities),
    of_mean(C.top_k_accuracy_score, probabilities, k=2),
    of_maps("pixel_accuracy", True),
    of_maps("mean_class_accuracy"),
    of_maps("mean_iou", True),
    of_maps("dice_score", True),
    of_maps("frequency_weighted_iou"),
    Case(segmentation.iou_per_class, labels, {"num_classes": 5}, symmetric=True, exact=True),
    of_mean(F.crps_ensemble, ensembles, estimator="fair"),
    of_mean(F.crps_quantile, ensembles, quantiles=[0.1, 0.5, 0.75]),
    of_mean(F.crps_gaussian, normals),
    of_mean(F.interval_score, intervals, alpha=0.3),
    of_mean(F.interval_coverage, intervals),
    of_mean(F.mean_interval_width, widths),
    of_mean(F.weighted_interval_score, several_intervals, alphas=[0.2, 0.5]),
    of_mean(L.dcg_score, lists, k=3),
    of_mean(L.ndcg_score, lists, empty="skip"),
    of_mean(L.mean_reciprocal_rank, lists, k=2),
    of_mean(L.mean_average_precision, lists, empty="skip"),
    of_mean(L.mean_average_precision_at_r, lists),
    of_mean(L.precision_at_k, lists, k=2),
    of_mean(L.recall_at_k, lists, k=2),
    of_mean(L.hit_rate_at_k, lists, k=1, empty=1.0),
    of_mean(L.r_precision, lists, ties="best"),
]


def public(module: Any) -> set[Any]:
    """Functions that the module has of its own, or names in ``__all__``."""
    private = {"as_ndarray", "as_float64", "state_of", "value_of", "weighted_quantiles", "is_mean_of", "sample_mean"}
    names = [name for name in getattr(module, "__all__", vars(module)) if not name.startswith("_")]
    functions = [getattr(module, name) for name in names if name not in private]
    return {f for f in functions if inspect.isfunction(f) and f.__module__.startswith("metrix")}


def test_every_metric_is_listed() -> None:
    listed = {case.function for case in CASES}
    for module in (classification, regression, segmentation, forecasts, retrieval):
        missing = public(module) - listed
        assert not missing, f"{module.__name__}: {sorted(f.__name__ for f in missing)} belong in CASES"
    elsewhere = ("metrix.keypoints", "metrix.perceptual")  # tests/test_accumulators.py has these
    assert {function for function in _TERMS if function.__module__ not in elsewhere} <= listed


def agree(found: Any, expected: Any, exact: bool = False) -> None:
    """Numbers, arrays, and tuples of arrays."""
    pairs = zip(found, expected) if isinstance(expected, tuple) else [(found, expected)]
    for one, other in pairs:
        if exact:
            np.testing.assert_array_equal(one, other)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_order(case: Case, rng: np.random.Generator) -> None:
    data = case.draw(rng, 300)
    order = rng.permutation(300)
    found = case.function(*(side[order] for side in data), **case.options)
    agree(found, case.function(*data, **case.options), case.exact)


@pytest.mark.parametrize("case", [case for case in CASES if case.copies], ids=str)
def test_copies_are_weights(case: Case, rng: np.random.Generator) -> None:
    data = case.draw(rng, 200)
    if not case.takes("sample_weight"):
        once, twice = (case.function(*(np.repeat(side, n, axis=0) for side in data), **case.options) for n in (1, 2))
        return agree(twice, once)
    copies = rng.integers(0 if "max_error" not in str(case) else 1, 4, 200)
    if case.function in (regression.normalized_mean_absolute_error, regression.d2_absolute_error_score):
        copies += 1  # the range is of all targets, whatever their weights
    repeated = case.function(*(np.repeat(side, copies, axis=0) for side in data), **case.options)
    agree(case.function(*data, sample_weight=copies, **case.options), repeated)
    if case.function not in (C.confusion_matrix, C.multilabel_confusion_matrix, C.reliability_curve):
        agree(case.function(*data, sample_weight=copies * 0.7, **case.options), repeated)
    return None


@pytest.mark.parametrize("case", [case for case in CASES if case.symmetric], ids=str)
def test_both_sides_are_alike(case: Case, rng: np.random.Generator) -> None:
    one, other = case.draw(rng, 200)
    agree(case.function(other, one, **case.options), case.function(one, other, **case.options))


@pytest.mark.parametrize("case", [case for case in CASES if case.stream is not None], ids=str)
def test_batches_and_merges_are_one_pass(case: Case, rng: np.random.Generator) -> None:
    assert case.stream is not None
    make, read = case.stream
    data = case.draw(rng, 300)
    for weight in (
        (None, rng.integers(1, 4, 300)) if "sample_weight" in inspect.signature(make().update).parameters else (None,)
    ):
        total = make()
        for part in np.array_split(np.arange(300), [1, 1, 90, 91, 200]):
            own = make()
            options = {} if weight is None else {"sample_weight": weight[part]}
            own.update(*(side[part] for side in data), **options)
            total.merge(pickle.loads(pickle.dumps(own)))
        options = {} if weight is None else {"sample_weight": weight}
        agree(read(total), case.function(*data, **options, **case.options))
        before = pickle.dumps(total)
        read(total)
        assert pickle.dumps(total) == before  # telling changes nothing
        total.reset()
        total.update(*data, **options)
        agree(read(total), case.function(*data, **options, **case.options))


@pytest.mark.parametrize("case", [case for case in CASES if case.takes("num_threads")], ids=str)
def test_threads_give_the_same_bits(case: Case, rng: np.random.Generator) -> None:
    if case.draw is many_flags:
        pytest.skip("in NumPy")
    data = case.draw(rng, 140_000)
    weights: list[Any] = [{}]
    if case.takes("sample_weight") and case.draw is numbers:
        weights.append({"sample_weight": rng.random(140_000)})
    for weight in weights:
        one = case.function(*data, **weight, **case.options, num_threads=1)
        for num_threads in (2, 7):
            agree(case.function(*data, **weight, **case.options, num_threads=num_threads), one, exact=True)
