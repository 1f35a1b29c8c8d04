"""Which losses and metrics suit the targets at hand, with reasons from the targets themselves.

No kernel: looks at the targets with NumPy, follows rules that are written down, and names losses of ``metrix.losses``.

Example:
    >>> from metrix.losses import suggest
    >>> print(suggest("binary classification", [0] * 60 + [1] * 40))
    binary classification, 100 targets: classes 2, rarest share 0.4
    losses
      binary_cross_entropy_with_logits  convex, and its probabilities are calibrated
      squared_hinge_loss                if sides alone matter, not probabilities
    metrics
      area under the ROC curve          both classes are frequent: how well scores rank
      log loss                          judges probabilities, as the loss does
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix.losses._facts import TASKS
from metrix.losses.registry import find

#: A class with less than this share is rare.
RARE = 0.2
#: Outliers lie so many interquartile ranges outside the quartiles: Tukey's far fences.
FENCE = 3.0
#: So large a part of them is no accident: a normal distribution has 2e-6.
OUTLIERS = 0.005
#: Counts of a variance so many times the mean are overdispersed for Poisson's loss.
OVERDISPERSED = 2.0
#: Positive targets that span so many times their smallest are better seen on a logarithmic scale.
WIDE = 1000.0
#: With more zeros than this, targets that are not whole are amounts of what mostly does not happen.
AMOUNTS = 0.05
#: Segments with less than this share of the pixels are small.
SMALL = 0.1


@dataclass(frozen=True)
class Advice:
    """A loss or a metric with its reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Suggestion:
    """Losses and metrics, the most advisable first, and what they were chosen by."""

    task: str
    #: What was seen in the targets.
    seen: dict[str, float]
    losses: tuple[Advice, ...]
    metrics: tuple[Advice, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "task": self.task,
            "seen": self.seen,
            "losses": [vars(advice) for advice in self.losses],
            "metrics": [vars(advice) for advice in self.metrics],
        }

    def __str__(self) -> str:
        """A few lines."""
        seen = ", ".join(f"{name} {value:g}" for name, value in self.seen.items() if name != "targets")
        width = max(len(advice.name) for advice in (*self.losses, *self.metrics))
        lines = [f"{self.task}, {self.seen['targets']:g} targets" + (f": {seen}" if seen else "")]
        for title, advice_of in (("losses", self.losses), ("metrics", self.metrics)):
            lines += [title, *(f"  {advice.name:<{width}}  {advice.reason}" for advice in advice_of)]
        return "\n".join(lines)

    __repr__ = __str__


class _Draft:
    """Advice in the making: of losses that there are not, none is kept."""

    def __init__(self) -> None:
        self.losses: list[Advice] = []
        self.metrics: list[Advice] = []
        self._known = {*find().names}

    def loss(self, name: str, reason: str) -> None:
        if name in self._known:
            self.losses.append(Advice(name, reason))

    def metric(self, name: str, reason: str) -> None:
        self.metrics.append(Advice(name, reason))


def suggest(task: str, target: npt.ArrayLike, *, quantile: float | None = None) -> Suggestion:
    """Losses and metrics for targets like these.

    Args:
        task: "regression", "count regression", "quantile regression", "binary classification", "multilabel classification",
            "multiclass classification", "semantic segmentation" or "instance segmentation".
        target: numbers; for classification labels, (N,) or (N, C) of 0 and 1 for several labels at once; for segmentation
            labels of pixels, of any shape. A sample of some thousands will do.
        quantile: which one is wanted, for quantile regression.

    Returns:
        A :class:`Suggestion`, whose text is readable and whose ``as_dict()`` is for machines.

    Rules, in words (the numbers are constants of this module):
        Regression: squared errors, unless more than 0.5 % of the targets lie beyond Tukey's far fences: then Huber's loss
        with the median absolute deviation as ``delta``, and the absolute error. Errors of logarithms where targets above 0
        span more than a factor of 1000, and the likelihood of gamma distributions; that of Tweedie's where more than 5 % are
        0 and the others amounts. Whole numbers from 0 are told to be counts. Relative errors are advised against
        where there are zeros. Many ties at one value ask for a model of that value.
        Counts: Poisson's loss; where the variance is more than twice the mean its errors are overconfident, and more zeros
        than it expects are named.
        Classification: cross-entropy; where a class is rarer than 0.2 (of two) or 0.2 of its equal share, weights and focal
        loss, and metrics that the frequent classes do not decide.
        Segmentation: cross-entropy with Dice, or Tversky's and the Lovász loss where a class has less than 0.1 of the pixels.

    Raises:
        ValueError: for another task, empty targets, numbers that are not finite, and labels that are none.

    Example:
        >>> found = suggest("regression", [1.0, 2.0, 3.0, 2.5, 1.5])
        >>> found.losses[0].name, found.metrics[0].name
        ('mse_loss', 'root mean squared error')
    """
    rules = {
        "regression": _regression,
        "count regression": _counts,
        "quantile regression": lambda values, draft: _quantiles(values, draft, quantile),
        "binary classification": _binary,
        "multilabel classification": _multilabel,
        "multiclass classification": _multiclass,
        "semantic segmentation": _segmentation,
        "instance segmentation": _segmentation,
    }
    if task not in rules:
        others = f"; find(task={task!r}) lists losses for it" if task in TASKS else ""
        raise ValueError(f"task: expected one of {list(rules)}, got {task!r}{others}")
    values = as_ndarray(target, "target")
    if values.dtype.kind not in "fiub":
        raise TypeError(f"target: expected real numbers, got dtype {values.dtype}")
    if not values.size:
        raise ValueError("target: expected at least one, got none")
    values = values.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError(f"target: expected finite numbers, got {values[~np.isfinite(values)][0]}")
    draft = _Draft()
    seen = rules[task](values, draft)
    return Suggestion(
        task, {"targets": float(len(np.atleast_1d(values))), **seen}, tuple(draft.losses), tuple(draft.metrics)
    )


def _regression(values: Any, draft: _Draft) -> dict[str, float]:
    values = values.ravel()
    quartiles = np.quantile(values, [0.25, 0.5, 0.75])
    spread = quartiles[2] - quartiles[0]
    far = np.abs(values - np.clip(values, quartiles[0], quartiles[2])) > FENCE * spread
    outliers = float(far.mean()) if spread > 0 else 0.0
    _, counts = np.unique(values, return_counts=True)
    tied = float(counts.max() / len(values))
    zeros = float((values == 0).mean())
    least, greatest = float(values.min()), float(values.max())
    seen = {"least": least, "greatest": greatest, "outliers": outliers, "zeros": zeros, "most frequent value": tied}
    if outliers > OUTLIERS:
        deviation = float(np.median(np.abs(values - quartiles[1])))
        reason = f"{_percent(outliers)} lie beyond Tukey's far fences"
        draft.loss(
            "huber_loss", f"{reason}: these pull with delta at most; delta={_short(deviation)}, the median deviation"
        )
        draft.loss("l1_loss", f"{reason}: it predicts the median, which they leave where it is")
        draft.metric("median absolute error", f"{reason}, which decide a mean")
        draft.metric("mean absolute error", "in the unit of the target, outliers counted by their size alone")
    else:
        draft.loss("mse_loss", "no outliers to speak of: it predicts the mean, and has the simplest curvature")
        draft.loss("huber_loss", "if errors turn out to have longer tails than the targets")
        draft.metric("root mean squared error", "in the unit of the target, and what mse_loss makes small")
        draft.metric("R2", "the same without a unit")
    if least > 0 and greatest / least > WIDE:
        reason = f"from {_short(least)} to {_short(greatest)}"
        draft.loss("msle_loss", f"{reason}: errors of logarithms count the small ones too")
        draft.loss(
            "gamma_nll_loss", f"{reason}: errors count as parts of the mean, which stays right, as sums of money need"
        )
        draft.metric("root mean squared log error", f"{reason}: for relative errors")
    elif least > 0:
        draft.metric("mean absolute percentage error", "all targets are above 0, so a percentage has a meaning")
    elif zeros:
        draft.metric(
            "mean absolute error over its mean", f"{_percent(zeros)} are 0, which percentages cannot be taken of"
        )
    is_whole = (values == np.round(values)).all()
    if least == 0 and zeros > AMOUNTS and not is_whole:
        reason = f"{_percent(zeros)} are 0 and the others amounts"
        draft.loss(
            "tweedie_nll_loss", f"{reason}, as of rain or claims: one likelihood for both, and the mean stays right"
        )
        draft.metric("Tweedie deviance", f"{reason}: what that loss makes small, 0 at best")
    if least >= 0 and is_whole and len(counts) > 2:
        draft.loss("poisson_nll_loss", "whole numbers, none negative: if they are counts, see 'count regression'")
    if tied > 0.3 and len(counts) > 2:
        draft.metric("accuracy at the tied value", f"{_percent(tied)} are one and the same number: model that apart")
    return seen


def _counts(values: Any, draft: _Draft) -> dict[str, float]:
    values = values.ravel()
    if (values < 0).any() or (values != np.round(values)).any():
        wrong = values[(values < 0) | (values != np.round(values))][0]
        raise ValueError(f"target: expected counts, whole numbers from 0, got {wrong}")
    mean, variance = float(values.mean()), float(values.var())
    zeros, expected = float((values == 0).mean()), float(np.exp(-values.mean()))
    seen = {"mean": mean, "variance": variance, "zeros": zeros}
    reason = "the likelihood of counts, with the logarithm of the rate as prediction"
    if mean and variance > OVERDISPERSED * mean:
        reason += (
            f"; the variance is {variance / mean:.3g} times the mean: rates are right, intervals from it are too narrow"
        )
    if zeros > 1.5 * expected + 0.05:
        reason += f"; {_percent(zeros)} are 0 where it expects {_percent(expected)}: model zeros apart"
    draft.loss("poisson_nll_loss", reason)
    draft.loss("msle_loss", "if relative errors matter and the mean need not be right")
    draft.metric("Poisson deviance", "what the loss makes small, 0 at best")
    draft.metric("mean absolute error", "in counts")
    return seen


def _quantiles(values: Any, draft: _Draft, quantile: float | None) -> dict[str, float]:
    if quantile is None or not 0 < quantile < 1:
        raise ValueError(f"quantile: expected a number between 0 and 1, got {quantile!r}")
    beyond = float(min(quantile, 1 - quantile) * values.size)
    reason = f"the best constant for quantile={quantile:g} is that quantile"
    if beyond < 10:
        reason += f"; only {beyond:.3g} targets lie beyond it: expect a rough answer"
    draft.loss("quantile_loss", reason)
    draft.metric("pinball loss", "what the loss makes small")
    draft.metric("coverage", f"the share of targets below should be {quantile:g}")
    return {"quantile": quantile, "targets beyond": beyond}


def _binary(values: Any, draft: _Draft) -> dict[str, float]:
    labels = _labels(values.ravel())
    if len(labels) > 2:
        raise ValueError(
            f"target: expected two classes, got {len(labels)}; the task may be 'multiclass classification'"
        )
    shares = [count / values.size for count in labels.values()]
    positive = shares[-1] if len(shares) == 2 else float(max(labels) > 0)
    rarest = min(positive, 1 - positive)
    reason = "convex, and its probabilities are calibrated"
    if 0 < rarest < RARE:
        weight = (1 - positive) / positive
        rare = f"{_percent(positive)} are positive"
        reason += f"; {rare}: pos_weight={_short(weight)} lets both classes weigh alike, at the price of calibration"
        draft.loss("binary_cross_entropy_with_logits", reason)
        draft.loss("sigmoid_focal_loss", f"{rare}: it looks away from the many that are easy")
        always = "no" if positive < 0.5 else "yes"
        draft.metric("average precision", f"{rare}: accuracy is {1 - rarest:.3g} for a model that always says {always}")
    else:
        draft.loss("binary_cross_entropy_with_logits", reason)
        draft.loss("squared_hinge_loss", "if sides alone matter, not probabilities")
        draft.metric("area under the ROC curve", "both classes are frequent: how well scores rank")
    draft.metric("log loss", "judges probabilities, as the loss does")
    if rarest == 0:
        draft.metric("none of a ranking", "there is but one class")
    return {"classes": float(len(labels)), "rarest share": float(rarest)}


def _multilabel(values: Any, draft: _Draft) -> dict[str, float]:
    if values.ndim != 2 or not np.isin(values, (0, 1)).all():
        raise ValueError(
            f"target: expected (N, C) of 0 and 1, got shape {values.shape} and numbers to {values.max():g}"
        )
    shares = values.mean(axis=0)
    rare = int((shares < RARE / 2).sum())
    reason = "each label by itself"
    if rare:
        reason += f"; {rare} of {len(shares)} labels are rarer than {_percent(RARE / 2)}"
        draft.loss("asymmetric_loss", reason + ": it looks away from negatives that are easy, and forgets the easiest")
        draft.loss("sigmoid_focal_loss", reason + ": it looks away from the many negatives that are easy")
    draft.loss("binary_cross_entropy_with_logits", reason)
    draft.metric("mean average precision over labels", "each label counts alike, however rare")
    draft.metric("micro and macro F1", "at a threshold; far apart where rare labels fail")
    return {
        "labels": float(len(shares)),
        "rarest share": float(shares.min()),
        "labels of a sample": float(values.sum(1).mean()),
    }


def _multiclass(values: Any, draft: _Draft) -> dict[str, float]:
    labels = _labels(values.ravel())
    rarest = min(labels.values()) / values.size
    largest = max(labels.values()) / values.size
    if rarest < RARE / len(labels):
        reason = f"the rarest of {len(labels)} classes has {_percent(rarest)}"
        draft.loss("cross_entropy", f"{reason}: class_weight lets it weigh more, at the price of calibration")
        draft.loss("softmax_focal_loss", f"{reason}: it looks away from the many that are easy")
        draft.loss("ldam_loss", f"{reason}: rare classes win by a margin; of cosines, with class_counts")
        draft.metric("balanced accuracy", f"{reason}: accuracy is {largest:.3g} for a model that knows one class")
        draft.metric("macro F1", "each class counts alike")
    else:
        draft.loss("cross_entropy", "convex, and its probabilities are calibrated; the classes are of like size")
        draft.loss("multi_margin_loss", "if the class alone matters, not probabilities")
        draft.metric("accuracy", "the classes are of like size")
    draft.metric("log loss", "judges probabilities, as the loss does")
    return {"classes": float(len(labels)), "rarest share": float(rarest)}


def _segmentation(values: Any, draft: _Draft) -> dict[str, float]:
    labels = _labels(values.ravel())
    rarest = min(labels.values()) / values.size
    pixels = "cross_entropy" if len(labels) > 2 else "binary_cross_entropy_with_logits"
    if rarest < SMALL:
        reason = f"the smallest class has {_percent(rarest)} of the pixels"
        draft.loss(
            "dice_loss",
            f"{reason}: overlaps do not depend on how many pixels lie around; add {pixels} for stable steps",
        )
        draft.loss("tversky_loss", f"{reason}: beta above alpha finds more of it, at the price of false alarms")
        draft.loss("lovasz_softmax_loss", "makes the mean IoU large itself; best after some epochs of another loss")
        draft.loss(pixels, "added to one of these, for steady steps; alone it can do without the small class")
        draft.metric("mean IoU", f"{reason}: pixel accuracy is {1 - rarest:.3g} without it")
    else:
        draft.loss(pixels, "the classes are of like size, and its gradient is the steadiest")
        draft.loss("dice_loss", "added to it, where overlap is what is judged")
        draft.metric("mean IoU", "what benchmarks judge by")
    draft.metric("boundary F1", "if outlines matter: areas of large segments hide them")
    return {"classes": float(len(labels)), "rarest share": float(rarest)}


def _labels(values: Any) -> dict[float, int]:
    """How often each occurs."""
    if (values != np.round(values)).any():
        raise ValueError(f"target: expected labels, whole numbers, got {values[values != np.round(values)][0]}")
    labels, counts = np.unique(values, return_counts=True)
    return dict(zip(labels.tolist(), counts.tolist()))


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _short(value: float) -> str:
    return f"{value:.3g}"
