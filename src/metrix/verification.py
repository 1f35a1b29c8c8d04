"""Verification and identification of faces, voices or any embeddings: are two samples of one person, and of whom is one?

Everywhere ``y_true`` are (N,) flags of pairs, 1 or True where both samples are of one person, and ``y_score`` (N,) scores,
higher for more alike (:func:`pair_scores` makes them of embeddings; of distances take the negative). A pair is accepted
when its score is at least the threshold. FAR is the share of accepted pairs of two persons (false positive rate), TAR
that of accepted pairs of one (true positive rate); the whole curve is :func:`metrix.classification.roc_curve`. NaN
raises ``ValueError``; without pairs of either kind rates are NaN.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix._embedding_pairs import Metric, identification_ranks, scores_of_pairs
from metrix.classification.ranking import RocCurve, roc_curve

__all__ = [
    "EqualErrorRate",
    "IdentificationRates",
    "VerificationAccuracy",
    "VerificationMetrics",
    "equal_error_rate",
    "identification_rates",
    "pair_scores",
    "tar_at_far",
    "verification_accuracy",
]

FloatArray = npt.NDArray[np.float64]


class EqualErrorRate(NamedTuple):
    """What :func:`equal_error_rate` returns."""

    rate: float
    threshold: float


class VerificationAccuracy(NamedTuple):
    """What :func:`verification_accuracy` returns."""

    mean: float
    std: float
    accuracies: FloatArray
    thresholds: FloatArray


def pair_scores(
    first: Any, second: Any, *, pairs: Any = None, metric: Metric = "cosine", num_threads: int | None = None
) -> FloatArray:
    """Scores of pairs of embeddings, higher for more alike, without a matrix of all pairs.

    Args:
        first: (N, D) embeddings.
        second: (M, D) embeddings; the same array as ``first`` where there is one set alone.
        pairs: (P, 2) indices into ``first`` and ``second``; default row ``i`` with row ``i``, and N = M.
        metric: "cosine", "dot", or "euclidean", the negative of the distance. Embeddings need not have length 1.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        (P,) float64: products are summed in float64, also of float32 embeddings, with the same bits for any number of
        threads. The cosine of a row of zeros is 0. float32 and float64 are read in place, others are converted.

    Raises:
        ValueError: for embeddings that are not finite, of which the first bad pair is named; for indices out of range.

    Example:
        >>> pair_scores([[1.0, 0.0], [0.0, 2.0]], [[2.0, 0.0], [1.0, 0.0]]).tolist()
        [1.0, 0.0]

    Source:
        Definitions.
    """
    return scores_of_pairs(first, second, pairs, metric, num_threads)


def equal_error_rate(y_true: Any, y_score: Any, *, num_threads: int | None = None) -> EqualErrorRate:
    """Where the ROC curve has as many false acceptances as false rejections, by straight lines between its points.

    Composed from the points of the ROC curve.

    Args:
        y_true, y_score: see the module.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        ``rate``, and ``threshold`` on the same line between two scores. Some libraries take the nearest point of the
        curve instead, or the mean of both rates there.

    Example:
        >>> equal_error_rate([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.4, 0.5, 0.3, 0.1]).rate
        0.3333333333333333

    Source:
        ISO/IEC 19795-1.
    """
    return _equal_error_rate(_curve(y_true, y_score, num_threads))


def tar_at_far(
    y_true: Any,
    y_score: Any,
    *,
    far: Any,
    method: Literal["at_most", "linear"] = "at_most",
    num_threads: int | None = None,
) -> Any:
    """True acceptance rate where the false acceptance rate is as given.

    Composed from the points of the ROC curve.

    Args:
        y_true, y_score: see the module.
        far: a rate or an array of rates, from 0 to 1, such as 1e-4.
        method: "at_most" takes the lowest threshold whose FAR does not exceed ``far``; "linear" a straight line between it
            and the next, which gives more. InsightFace's script takes the nearest point of the curve, on either side.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        A float, or an array of the shape of ``far``. With fewer than ``1 / far`` pairs of two persons it is the rate of no
        false acceptance.

    Example:
        >>> tar_at_far([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.4, 0.5, 0.3, 0.1], far=[0, 0.4]).tolist()
        [0.6666666666666666, 1.0]

    Source:
        B. F. Klare et al., Pushing the frontiers of unconstrained face detection and recognition: IJB-A, 2015.
    """
    return _tar_at_far(_curve(y_true, y_score, num_threads), far, method)


def verification_accuracy(
    y_true: Any, y_score: Any, *, folds: Any = 10, num_threads: int | None = None
) -> VerificationAccuracy:
    """Share of pairs that are told right, by the threshold that is best for the other folds: the protocol of LFW.

    Composed from the points of the ROC curves of the other folds.

    Args:
        y_true, y_score: see the module.
        folds: in how many successive parts to cut the pairs, the first ones longer by a pair where they do not divide, as
            scikit-learn's ``KFold`` does; or (N,) numbers of each pair's fold. 1 chooses the threshold on
            the very pairs that it is tried on, which flatters.
        num_threads: default ``OMP_NUM_THREADS`` or the usable CPUs.

    Returns:
        Mean and standard deviation (N as divisor) of the folds' accuracies, these, and their thresholds. Every threshold is
        tried, where scripts for LFW try a grid of 400 distances; of equally good ones the highest finite one is taken, in
        the middle between two scores.

    Raises:
        ValueError: for fewer pairs than folds, or a single fold by numbers.

    Example:
        >>> found = verification_accuracy([1, 0, 1, 0], [0.9, 0.1, 0.8, 0.85], folds=2)
        >>> found.accuracies.tolist(), found.thresholds.tolist()
        ([1.0, 0.5], [0.8, 0.5])

    Source:
        G. B. Huang et al., Labeled Faces in the Wild, 2007.
    """
    truth, scores = as_ndarray(y_true, "y_true"), as_ndarray(y_score, "y_score")
    _curve(truth[:0], scores[:0], num_threads)  # checks dtypes and shapes
    if truth.shape != scores.shape:
        raise ValueError(f"y_score: expected the shape of y_true, {truth.shape}, got {scores.shape}")
    same = truth == 1
    fold_of, count = _folds(folds, len(truth))
    accuracies, thresholds = np.empty(count), np.empty(count)
    for k in range(count):
        tested = fold_of == k
        used = ~tested if count > 1 else tested
        thresholds[k] = _best_threshold(truth[used], scores[used], num_threads)
        accuracies[k] = np.count_nonzero((scores[tested] >= thresholds[k]) == same[tested]) / np.count_nonzero(tested)
    return VerificationAccuracy(float(np.mean(accuracies)), float(np.std(accuracies)), accuracies, thresholds)


class VerificationMetrics:
    """Rates of scores that come in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    It keeps every score and sorts once; merged ones give the bits of one pass.

    Args:
        fars: the false acceptance rates at which to tell the true one.

    Example:
        >>> from metrix.verification import VerificationMetrics
        >>> metrics = VerificationMetrics(fars=(0.0,))
        >>> metrics.update([1, 1, 1], [0.9, 0.8, 0.4])
        >>> metrics.update([0, 0, 0], [0.5, 0.3, 0.1])
        >>> metrics.compute()["tar_at_far"]
        {0.0: 0.6666666666666666}

    Source:
        Those of :func:`equal_error_rate`, :func:`tar_at_far` and :func:`verification_accuracy`.
    """

    def __init__(self, *, fars: tuple[float, ...] = (1e-1, 1e-2, 1e-3, 1e-4)) -> None:
        """Of no pairs yet."""
        _require_rates(np.asarray(fars, dtype=np.float64))
        self._fars = tuple(float(far) for far in fars)
        self._batches: list[tuple[Any, Any]] = []

    def update(self, y_true: Any, y_score: Any) -> None:
        """Add a copy of a batch."""
        truth, scores = as_ndarray(y_true, "y_true"), as_ndarray(y_score, "y_score")
        _curve(truth, scores, 1)  # a bad batch raises now
        self._batches.append((truth == 1, np.array(scores)))

    def merge(self, other: VerificationMetrics) -> None:
        """Add all that another one with the same rates has seen."""
        if self._fars != other._fars:
            raise ValueError(f"other: expected fars {self._fars}, got {other._fars}")
        self._batches.extend(other._batches)

    def compute(self, *, num_threads: int | None = None) -> dict[str, Any]:
        """``equal_error_rate`` (with ``threshold``), ``tar_at_far`` by rate, and ``best_accuracy`` of any one threshold."""
        truth, scores = (np.concatenate(side) for side in zip(*self._batches or [(np.zeros(0, bool), np.zeros(0))]))
        curve = _curve(truth, scores, num_threads)
        rates = _tar_at_far(curve, np.asarray(self._fars), "at_most")
        best = verification_accuracy(truth, scores, folds=1, num_threads=num_threads).mean if len(truth) else np.nan
        return {
            "equal_error_rate": _equal_error_rate(curve),
            "tar_at_far": dict(zip(self._fars, rates.tolist())),
            "best_accuracy": float(best),
        }

    def reset(self) -> None:
        """Forget all pairs."""
        self._batches = []


def identification_rates(
    y_true: Any,
    probes: Any,
    *,
    gallery: Any,
    gallery_labels: Any,
    max_rank: int = 10,
    metric: Metric = "cosine",
) -> FloatArray:
    """How often a probe's person is among the k nearest of a gallery: rank-k identification, the CMC curve.

    Composed from NumPy's products.

    Args:
        y_true: (P,) label of each probe.
        probes: (P, D) their embeddings.
        gallery: (G, D) embeddings of known persons, one or more of each.
        gallery_labels: (G,) their labels.
        max_rank: the longest list, at least 1.
        metric: as in :func:`pair_scores`.

    Returns:
        (max_rank,) rates; element ``k - 1`` is that of rank k, NaN without probes. The rank of a probe is one more than the
        number of gallery entries of other persons that score at least as high as its own best one: ties count against
        it, so that embeddings that are all alike are not right. Some probes at a time are compared with the gallery.

    Raises:
        ValueError: for a probe whose label the gallery has not: identification is among known persons.

    Example:
        >>> gallery, labels = [[1.0, 0.0], [0.0, 1.0]], ["ann", "bob"]
        >>> probes = [[0.9, 0.1], [0.8, 0.6]]
        >>> identification_rates(["ann", "bob"], probes, gallery=gallery, gallery_labels=labels, max_rank=2).tolist()
        [0.5, 1.0]

    Source:
        P. J. Phillips et al., The FERET evaluation methodology, 2000.
    """
    rates = IdentificationRates(gallery, gallery_labels, max_rank=max_rank, metric=metric)
    rates.update(y_true, probes)
    return rates.compute()


class IdentificationRates:
    """:func:`identification_rates` of probes that come in batches: ``update``, ``merge``, ``compute``; it can be pickled.

    Merged ones give the bits of one pass.

    Args:
        gallery, gallery_labels, max_rank, metric: as there. The gallery is kept, not copied.

    Example:
        >>> from metrix.verification import IdentificationRates
        >>> rates = IdentificationRates([[1.0, 0.0], [0.0, 1.0]], ["ann", "bob"], max_rank=2)
        >>> rates.update(["ann"], [[0.9, 0.1]])
        >>> rates.update(["bob"], [[0.8, 0.6]])
        >>> rates.compute().tolist()
        [0.5, 1.0]

    Source:
        That of :func:`identification_rates`.
    """

    def __init__(self, gallery: Any, gallery_labels: Any, *, max_rank: int = 10, metric: Metric = "cosine") -> None:
        """Of no probes yet."""
        if isinstance(max_rank, bool) or int(max_rank) != max_rank or max_rank < 1:
            raise ValueError(f"max_rank: expected an int >= 1, got {max_rank!r}")
        self._gallery = as_ndarray(gallery, "gallery")
        self._labels = as_ndarray(gallery_labels, "gallery_labels")
        self._metric: Metric = metric
        self._probes = 0
        self._found = np.zeros(max_rank, dtype=np.int64)
        self.update(self._labels[:0], self._gallery[:0])  # checks both

    def update(self, y_true: Any, probes: Any) -> None:
        """Add (P,) labels and (P, D) embeddings of probes."""
        labels = as_ndarray(y_true, "y_true")
        ranks = identification_ranks(labels, probes, self._gallery, self._labels, self._metric)
        at_rank = np.bincount(np.minimum(ranks, len(self._found) + 1), minlength=len(self._found) + 2)
        self._found = self._found + at_rank[1:-1]
        self._probes += len(ranks)

    def merge(self, other: IdentificationRates) -> None:
        """Add all that another one has seen, of the same gallery."""
        if len(self._found) != len(other._found) or self._metric != other._metric:
            raise ValueError(
                f"other: expected max_rank {len(self._found)} and metric {self._metric!r}, got {len(other._found)} and "
                f"{other._metric!r}"
            )
        if not (np.array_equal(self._labels, other._labels) and np.array_equal(self._gallery, other._gallery)):
            raise ValueError("other: expected the same gallery")
        self._found = self._found + other._found
        self._probes += other._probes

    def compute(self) -> FloatArray:
        """(max_rank,) rates of all probes so far."""
        if self._probes == 0:
            return np.full(len(self._found), np.nan)
        rates: FloatArray = np.cumsum(self._found) / self._probes
        return rates

    def reset(self) -> None:
        """Forget all probes."""
        self._found, self._probes = np.zeros_like(self._found), 0


def _curve(y_true: Any, y_score: Any, num_threads: int | None) -> RocCurve:
    return roc_curve(y_true, y_score, drop_intermediate=False, num_threads=num_threads)


def _equal_error_rate(curve: RocCurve) -> EqualErrorRate:
    fpr, fnr, thresholds = curve.fpr, 1 - curve.tpr, curve.thresholds
    if np.isnan(fpr[-1]) or np.isnan(fnr[-1]):
        return EqualErrorRate(float("nan"), float("nan"))
    # From nothing accepted (0, 1) to all (1, 0): the rates cross once.
    after = int(np.argmax(fpr >= fnr))
    before = after - 1
    gap = fnr[before] - fpr[before]
    share = gap / (gap + fpr[after] - fnr[after])
    rate = fpr[before] + share * (fpr[after] - fpr[before])
    low, high = thresholds[after], thresholds[before]
    between = high + share * (low - high) if np.isfinite(high) and np.isfinite(low) else low
    return EqualErrorRate(float(rate), float(between))


def _tar_at_far(curve: RocCurve, far: Any, method: str) -> Any:
    wanted = np.asarray(far, dtype=np.float64)
    _require_rates(wanted)
    if method not in ("at_most", "linear"):
        raise ValueError(f"method: expected 'at_most' or 'linear', got {method!r}")
    fpr, tpr = curve.fpr, curve.tpr
    if np.isnan(fpr[-1]) or np.isnan(tpr[-1]):
        rates = np.full(wanted.shape, np.nan)
    else:
        last = np.searchsorted(fpr, wanted, side="right") - 1
        rates = tpr[last]
        if method == "linear":
            following = np.minimum(last + 1, len(fpr) - 1)
            width = fpr[following] - fpr[last]
            share = np.where(width > 0, (wanted - fpr[last]) / np.where(width > 0, width, 1), 0.0)
            rates = rates + share * (tpr[following] - tpr[last])
    return float(rates) if wanted.ndim == 0 else rates


def _require_rates(far: FloatArray) -> None:
    wrong = ~((far >= 0) & (far <= 1))
    if wrong.any():
        raise ValueError(f"far: expected rates from 0 to 1, got {far[wrong].ravel()[0]}")


def _folds(folds: Any, count: int) -> tuple[npt.NDArray[np.intp], int]:
    numbers = np.asarray(folds)
    if numbers.ndim == 0:
        if isinstance(folds, bool) or numbers.dtype.kind not in "iu" or not 1 <= folds <= count:
            raise ValueError(f"folds: expected an int from 1 to the number of pairs, {count}, got {folds!r}")
        lengths = np.full(int(folds), count // int(folds))
        lengths[: count % int(folds)] += 1
        return np.repeat(np.arange(int(folds)), lengths), int(folds)
    if numbers.shape != (count,):
        raise ValueError(f"folds: expected a number for each of {count} pairs, got shape {numbers.shape}")
    names, fold_of = np.unique(numbers, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"folds: expected at least two different numbers, got {len(names)}")
    return fold_of.reshape(-1), len(names)


def _best_threshold(truth: Any, scores: Any, num_threads: int | None) -> float:
    """The highest of those that tell the most pairs right, half way to the score below it."""
    positives = np.count_nonzero(truth == 1)
    negatives = len(truth) - positives
    curve = _curve(truth, scores, num_threads)
    # Whole numbers, so that equally good thresholds are equal.
    accepted = np.rint(curve.tpr * positives) if positives else np.zeros(len(curve.thresholds))
    wrong = np.rint(curve.fpr * negatives) if negatives else np.zeros(len(curve.thresholds))
    gains = (accepted - wrong)[1:]
    if gains.max() < 0:
        return float("inf")  # to accept none is best
    best = 1 + int(np.argmax(gains))
    high = curve.thresholds[best]
    low = curve.thresholds[best + 1] if best + 1 < len(curve.thresholds) else high
    middle = high / 2 + low / 2
    return float(middle if np.isfinite(middle) and middle > low else high)
