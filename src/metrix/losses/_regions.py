"""Losses of regions: a formula of three sums over the pixels of each class; all else is the same for all and stands here.

A definition takes :class:`Sums` and its parameters, and answers with :class:`Score`. The sums and the gradient by each
pixel are worked out by ``cpp/kernels/losses/regions.hpp``, one pass each, logits included.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix.losses._arguments import one_of
from metrix.losses._composed import ComposedLoss, Terms
from metrix.losses._facts import Facts
from metrix.losses._pixels import INPUTS, Activation, Pixels, class_places, pixels_of

Numbers = npt.NDArray[np.float64]
Kind = Literal["overlap", "squares", "errors"]

#: Overloads for float32 and float64.
_KERNELS: Any = _core.losses
_KINDS = {"overlap": 0, "squares": 1, "errors": 2}

COMMON = (
    INPUTS
    + """    region: "sample": sums over the pixels of each sample; "batch": over those of all samples.
    classes: those that count; None: all. ``[1, 2, ...]`` leaves the background out.
    class_weight: (C,) what each class counts.
    empty: what becomes of a class without any target in a region: None: what the formula says; "one": it has the score
        1, so the loss 0; "skip": it has no part in the mean.
    weight: numbers for the leading axes of the terms, such as (N,) for N samples.
    reduction: "mean", "sum", "batchmean" (the sum over the length of the first axis), or "none", which gives the terms:
        (N, C) for ``region="sample"``, (C,) for "batch".
    mean_denominator: "weights" divides the mean by the sum of weights, "count" by the number of terms.

Returns:
    ``loss(...)`` the value, as a scalar or an array of the terms; ``loss.value_and_grad(...)`` that and the gradient by
    ``pred``. Sums and formulas are worked out in float64, results have the dtype of ``pred`` and the same bits for any
    number of threads and any instruction set.

Conventions:
    Empty: no samples have the mean NaN and the sum 0; so has a batch whose every term is left out by ``empty="skip"``.
    NaN and infinities pass through.

Raises:
    ValueError: for shapes that differ, labels that there are not and parameters out of range; TypeError for what is no
    real number.
"""
)


@dataclass(frozen=True)
class Sums:
    """Of each region and class, (R, C): ``sum(p t)``, ``sum(p)``, ``sum(t)``, or what a loss asks for instead."""

    first: Numbers
    second: Numbers
    third: Numbers
    #: (R, 1): how many pixels of a region take part.
    pixels: Numbers


@dataclass(frozen=True)
class Score:
    """Losses of regions, (R, C) or (R,), and their derivatives by the first two sums, (R, C)."""

    loss: Numbers
    by_first: Numbers
    by_second: Numbers


class RegionLoss(ComposedLoss):
    """A loss whose definition makes a score of sums."""

    def __init__(self, score: Callable[..., Score], facts: Facts, kind: Kind | Callable[..., Kind]) -> None:
        """Of the formula and the sums that it takes."""
        self._score = score
        self._kind = kind
        common = [p for p in inspect.signature(self._terms).parameters.values() if p.kind is not p.VAR_KEYWORD]
        own = [p for p in inspect.signature(score).parameters.values() if p.kind is p.KEYWORD_ONLY]

        @functools.wraps(score)
        def define(*inputs: Any, **arguments: Any) -> Terms:
            return self._terms(*inputs, **arguments)

        define.__signature__ = inspect.Signature([*common[:2], *own, *common[2:]])  # type: ignore[attr-defined]
        super().__init__(define, facts, ("pred",), COMMON)

    def _terms(
        self,
        pred: npt.ArrayLike,
        target: npt.ArrayLike,
        /,
        *,
        axis: int | None = 1,
        from_logits: bool = True,
        activation: Activation | None = None,
        ignore_index: int = -100,
        mask: npt.ArrayLike | None = None,
        region: Literal["sample", "batch"] = "sample",
        classes: Sequence[int] | None = None,
        class_weight: npt.ArrayLike | None = None,
        empty: Literal["one", "skip"] | None = None,
        num_threads: int | None = None,
        **parameters: Any,
    ) -> Terms:
        is_batch = one_of(region, "region", ("sample", "batch")) == "batch"
        if empty is not None:
            one_of(empty, "empty", ("one", "skip"))
        pixels = pixels_of(
            pred,
            target,
            axis=axis,
            from_logits=from_logits,
            activation=activation,
            ignore_index=ignore_index,
            mask=mask,
            num_threads=num_threads,
        )
        places = class_places(classes, pixels.classes)
        kind = self._kind(**parameters) if callable(self._kind) else self._kind
        question = (*pixels.arguments, _KINDS[kind], is_batch)
        sums, kept = _KERNELS.region_sums(*question, pixels.num_threads)
        of = Sums(sums[:, places, 0], sums[:, places, 1], sums[:, places, 2], kept[:, None])
        score = self._score(of, **parameters)
        return self._finish(pixels, question, places, score, of, class_weight, empty)

    def _finish(
        self,
        pixels: Pixels,
        question: tuple[Any, ...],
        places: npt.NDArray[np.intp],
        score: Score,
        sums: Sums,
        class_weight: npt.ArrayLike | None,
        empty: str | None,
    ) -> Terms:
        loss, is_batch = score.loss, question[-1]
        is_per_class = loss.ndim == 2
        is_empty = sums.third == 0 if is_per_class else (sums.third == 0).all(axis=1)
        weight = None
        if class_weight is not None:
            of_class = np.asarray(class_weight, dtype=np.float64)
            if of_class.shape != (pixels.classes,):
                raise ValueError(f"class_weight: expected shape ({pixels.classes},), got {of_class.shape}")
            if not is_per_class:
                raise ValueError("class_weight: expected None, as this loss weighs its classes itself")
            weight = np.broadcast_to(of_class[places], loss.shape)
        if empty == "one":
            loss = np.where(is_empty, 0, loss)

        def backward(upstream: Numbers) -> tuple[Any, ...]:
            upstream = upstream.reshape(score.loss.shape)
            if empty == "one":
                upstream = np.where(is_empty, 0, upstream)
            if not is_per_class:
                upstream = upstream[:, None]
            slopes = np.zeros((len(sums.first), pixels.classes, 2))
            for k, slope in enumerate((score.by_first, score.by_second)):
                # What has no part has no gradient, whatever its formula gives.
                slopes[:, places, k] = np.where(upstream == 0, 0, upstream * slope)
            gradient = pixels.restore(_KERNELS.region_gradient(*question, slopes, pixels.num_threads))
            if not is_batch:
                gradient[~upstream.any(axis=1)] = 0  # whatever these samples hold
            return (gradient,)

        takes_part = ~is_empty if empty == "skip" else None
        if is_batch:
            loss = loss[0]
            weight = None if weight is None else weight[0]
            takes_part = None if takes_part is None else takes_part[0]
        return Terms(loss, backward, weight=weight, takes_part=takes_part, dtype=pixels.dtype)


def region_loss(
    facts: Facts, kind: Kind | Callable[..., Kind] = "overlap"
) -> Callable[[Callable[..., Score]], RegionLoss]:
    """Make a loss of a formula of sums, of one kind or of that which its parameters ask for."""
    return lambda score: RegionLoss(score, facts, kind)
