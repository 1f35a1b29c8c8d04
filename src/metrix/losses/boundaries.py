"""Losses of segmentation that weigh errors by their distance to the border of a class.

No kernel: sums of predictions times distances, which :mod:`metrix.distances` works out exactly. Distances are of hard
masks and count as constants: gradients do not go through them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix._arrays import as_ndarray
from metrix.distances import distance_transform_edt
from metrix.losses._arguments import Array, as_like, not_negative, predictions
from metrix.losses._composed import COMMON, Terms, composed
from metrix.losses._facts import facts
from metrix.losses._pixels import Activation, class_places

_NEEDS = "pred: logits or probabilities (N, C, H, W) or (N, C, D, H, W), target: labels (N, ...) or 0 and 1 as pred"


@composed(facts("semantic segmentation, instance segmentation", "differentiable", needs=_NEEDS), common=COMMON)
def hausdorff_dt_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    alpha: float = 2.0,
    spacing: float | Sequence[float] | None = None,
    from_logits: bool = True,
    activation: Activation | None = None,
    classes: Sequence[int] | None = None,
    num_threads: int | None = None,
    needs_gradient: bool = True,
) -> Terms:
    """``mean((p - t)^2 (d_p^alpha + d_t^alpha))`` over the pixels of a class: errors far from the borders count most.

    ``d`` of a mask is the distance to its border, inside to the nearest pixel outside and outside to the nearest inside; 0
    everywhere if the mask is empty or full. The masks are ``p > 0.5`` and ``t > 0.5``. The distance that gave the name is a
    maximum and has no useful gradient.

    Args:
        pred: logits, (N, C, H, W) or (N, C, D, H, W).
        target: labels from 0 to C - 1 without the class axis, or numbers from 0 to 1 of the shape of ``pred``.
        alpha: power of distances, at least 0.
        spacing: size of a pixel along each spatial axis; None: 1.
        from_logits: False: ``pred`` holds probabilities.
        activation: of logits; None: "softmax" for labels, "sigmoid" for targets of the shape of ``pred``.
        classes: those that count; None: all.
        num_threads: of the distances.

    Terms are of samples and classes, (N, C).

    Example:
        >>> pred, target = np.array([[[[0.9, 0.8, 0.2, 0.1]]]]), np.array([[[[1, 1, 1, 0]]]])
        >>> round(float(hausdorff_dt_loss(pred, target, from_logits=False)), 6)
        0.415

    Source:
        D. Karimi and S. Salcudean, Reducing the Hausdorff distance in medical image segmentation with convolutional neural
        networks, 2019; MONAI's HausdorffDTLoss.
    """
    power = not_negative(alpha, "alpha")
    maps = _Maps(pred, target, from_logits, activation, classes, spacing, num_threads)

    def weights(p: Array, t: Array) -> Array:
        return _powers(maps.to_border(p > 0.5), power) + _powers(maps.to_border(t > 0.5), power)

    return maps.terms(
        weights,
        lambda p, t, weight: (p - t) ** 2 * weight,
        lambda p, t, weight: 2 * (p - t) * weight,
        needs_gradient,
    )


def _powers(distances: npt.NDArray[np.float64], power: float) -> npt.NDArray[np.float64]:
    return distances * distances if power == 2 else distances**power


@composed(
    facts(
        "semantic segmentation, instance segmentation", "convex, differentiable", needs=_NEEDS, range=(-np.inf, np.inf)
    ),
    common=COMMON,
)
def boundary_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    spacing: float | Sequence[float] | None = None,
    from_logits: bool = True,
    activation: Activation | None = None,
    classes: Sequence[int] | None = None,
    num_threads: int | None = None,
    needs_gradient: bool = True,
) -> Terms:
    """``mean(p phi)`` over the pixels of a class, of the signed distance ``phi`` to the border of its target.

    Outside, ``phi`` is the distance to the nearest pixel inside; inside it is 1 minus that to the nearest one outside, as in
    the authors' code. It is 0 everywhere if a class has no pixel, or all. The loss is negative where a prediction is right:
    add it to a loss of regions, with a weight that grows.

    Args:
        pred: logits, (N, C, H, W) or (N, C, D, H, W).
        target: labels from 0 to C - 1 without the class axis, or 0 and 1 of the shape of ``pred``.
        spacing: size of a pixel along each spatial axis; None: 1.
        from_logits: False: ``pred`` holds probabilities.
        activation: of logits; None: "softmax" for labels, "sigmoid" for targets of the shape of ``pred``.
        classes: those that count; None: all.
        num_threads: of the distances.

    Terms are of samples and classes, (N, C).

    Example:
        >>> pred, target = np.array([[[[0.9, 0.8, 0.2, 0.1]]]]), np.array([[[[1, 1, 1, 0]]]])
        >>> round(float(boundary_loss(pred, target, from_logits=False)), 6)
        -0.625

    Source:
        H. Kervadec et al., Boundary loss for highly unbalanced segmentation, 2019, and the authors' code.
    """
    maps = _Maps(pred, target, from_logits, activation, classes, spacing, num_threads)
    return maps.terms(
        lambda _, t: maps.signed(t > 0.5),
        lambda p, _, phi: p * phi,
        lambda _p, _t, phi: phi,
        needs_gradient,
    )


class _Maps:
    """Probabilities and targets, class by class, and distances of masks."""

    def __init__(
        self,
        pred: Any,
        target: Any,
        from_logits: bool,
        activation: str | None,
        classes: Sequence[int] | None,
        spacing: float | Sequence[float] | None,
        num_threads: int | None,
    ) -> None:
        pred = predictions(pred)
        if pred.ndim not in (3, 4, 5):
            raise ValueError(f"pred: expected samples, classes and one to three spatial axes, got shape {pred.shape}")
        target = as_ndarray(target, "target")
        label_shape = pred.shape[:1] + pred.shape[2:]
        self._labels = target.shape == label_shape
        if self._labels and target.dtype.kind not in "iub":
            raise TypeError(f"target: expected whole numbers as labels, got dtype {target.dtype}")
        if self._labels and target.size and not (target.min() >= 0 and target.max() < pred.shape[1]):
            at = tuple(int(i) for i in np.argwhere((target < 0) | (target >= pred.shape[1]))[0])
            raise ValueError(f"target{list(at)}: expected labels from 0 to {pred.shape[1] - 1}, got {target[at]}")
        if not self._labels and target.shape != pred.shape:
            raise ValueError(
                f"target: expected the shape of pred, {pred.shape}, or of labels, {label_shape}, got {target.shape}"
            )
        if activation not in (None, "sigmoid", "softmax"):
            raise ValueError(f"activation: expected 'sigmoid', 'softmax' or None, got {activation!r}")
        if activation is not None and not from_logits:
            raise ValueError(f"activation: expected None with from_logits=False, got {activation!r}")
        if from_logits and activation is None:
            activation = "softmax" if self._labels else "sigmoid"
        self._activation = activation
        self._target = target if self._labels else as_like(target, pred, "target")
        self._places = class_places(classes, pred.shape[1])
        self._arguments: dict[str, Any] = {"spacing": spacing, "num_threads": num_threads}
        self._p = _probabilities(pred, activation)

    def _target_of(self, sample: int, c: int) -> Array:
        of = self._target[sample] == c if self._labels else self._target[sample, c]
        return np.asarray(of, dtype=self._p.dtype)

    def to_border(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Inside to the nearest outside, and outside to the nearest inside."""
        if mask.all() or not mask.any():
            return np.zeros(mask.shape)
        inside, outside = (distance_transform_edt(side, **self._arguments) for side in (mask, ~mask))
        return inside + outside

    def signed(self, mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Positive outside; 0 on the last pixels inside."""
        if mask.all() or not mask.any():
            return np.zeros(mask.shape)
        inside, outside = (distance_transform_edt(side, **self._arguments) for side in (mask, ~mask))
        return np.where(mask, 1 - inside, outside)

    def terms(
        self,
        field: Callable[[Array, Array], Array],
        value: Callable[[Array, Array, Array], Array],
        slope: Callable[[Array, Array, Array], Array],
        needs_gradient: bool,
    ) -> Terms:
        """Means over the pixels of each sample and class of a value, given that and its derivative by the probability.

        Both are of probabilities, targets and a field of distances, which is worked out once.
        """
        p, places = self._p, [(n, k, int(c)) for n in range(len(self._p)) for k, c in enumerate(self._places)]
        means = np.empty((len(p), len(self._places)))
        fields = {}
        for n, k, c in places:
            target = self._target_of(n, c)
            of = field(p[n, c], target)
            means[n, k] = value(p[n, c], target, of).mean(dtype=np.float64)
            if needs_gradient:
                fields[n, c] = of

        def backward(upstream: npt.NDArray[np.float64]) -> tuple[Array, ...]:
            gradient = np.zeros_like(p)
            for n, k, c in places:
                if upstream[n, k] == 0:
                    continue  # whatever it holds
                scale = upstream[n, k] / p[n, c].size
                gradient[n, c] = slope(p[n, c], self._target_of(n, c), fields[n, c]) * scale
            gradient = _through(gradient, p, self._activation)
            gradient[~upstream.any(axis=1)] = 0
            return (gradient,)

        return Terms(means, backward, dtype=p.dtype)


def _probabilities(pred: Array, activation: str | None) -> Array:
    if activation is None:
        return pred
    if activation == "sigmoid":
        e = np.exp(-np.abs(pred))
        return np.where(pred >= 0, 1, e) / (1 + e)  # type: ignore[no-any-return]
    e = np.exp(pred - pred.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


def _through(gradient: Array, p: Array, activation: str | None) -> Array:
    """From derivatives by probabilities to those by logits."""
    if activation == "sigmoid":
        gradient *= p * (1 - p)
    elif activation == "softmax":
        gradient = p * (gradient - (gradient * p).sum(axis=1, keepdims=True))
    return gradient
