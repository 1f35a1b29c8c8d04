"""Losses of sequences whose labels are not aligned with their frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._arrays import as_ndarray
from metrix._threads import resolve_num_threads
from metrix.losses._arguments import Array, predictions
from metrix.losses._composed import FusedTerms, composed
from metrix.losses._facts import facts

#: So few scores are not worth a second thread.
SERIAL_SIZE = 1 << 14


@composed(
    facts(
        "sequence recognition",
        "differentiable, smooth, robust",
        needs="pred: logits or log-probabilities (T, B, C), target: labels (B, S) or of all items one after the other",
    )
)
def ctc_loss(
    pred: npt.ArrayLike,
    target: npt.ArrayLike,
    /,
    *,
    input_lengths: npt.ArrayLike | None = None,
    target_lengths: npt.ArrayLike | None = None,
    blank: int = 0,
    from_logits: bool = True,
    zero_infinity: bool = False,
    num_threads: int | None = None,
) -> FusedTerms:
    """Connectionist temporal classification: -log of the probability of all alignments that spell the target.

    A frame emits a label or the blank; an alignment spells what is left of it once repeats are joined and blanks removed. The
    mean divides the loss of each item by the length of its target (at least 1) and then by the number of items, as
    PyTorch's does; the sum and "batchmean" do not look at lengths.

    From logits the gradient is softmax - occupancy. Logits that are log-probabilities already give the same value, and the
    gradient that PyTorch's ctc_loss gives for them, which is that by the logits before them. ``from_logits=False`` takes
    them as they are and gives the gradient by log-probabilities, -occupancy.

    Args:
        pred: (T, B, C): frames, items, classes.
        target: integers (B, S), each row padded with anything, or (sum of lengths,), one item after the other.
        input_lengths: (B,) frames of each item, up to T; None: T for all. Frames beyond have gradient 0.
        target_lengths: (B,) labels of each item; None: S for all. Labels one after the other need it.
        blank: the class that stands for no label; no target may hold it.
        from_logits: applies log_softmax over classes to ``pred``.
        zero_infinity: a target that no alignment spells, as it has more labels and repeats than frames, costs 0 instead of
            infinity; its gradient is 0 instead of NaN.
        num_threads: None for ``OMP_NUM_THREADS`` or all usable CPUs; items are shared out among them.

    Conventions:
        Probabilities are held as m 2^e in doubles, for float32 as well: no length and no score underflows. An empty target
        is spelled by blanks alone; without frames it costs 0, and any other target infinity.

    Raises:
        ValueError: for labels that are no class or blank, and lengths out of range, with their index.

    Example:
        >>> logits = np.zeros((2, 1, 3))                          # two frames, all classes alike
        >>> round(float(ctc_loss(logits, [[1]])), 6)              # 1 1, 1 -, - 1 of nine alignments
        1.098612
        >>> float(ctc_loss(logits, [[1, 1]]))                     # a repeat needs a blank between
        inf

    Source:
        A. Graves et al., Connectionist temporal classification, 2006; PyTorch's ctc_loss.
    """
    scores = predictions(pred)
    if scores.ndim != 3:
        raise ValueError(f"pred: expected shape (T, B, C), got {scores.shape}")
    frames, batch, classes = scores.shape
    if not 0 <= blank < classes:
        raise ValueError(f"blank: expected a class from 0 to {classes - 1}, got {blank}")
    inputs = _lengths(input_lengths, "input_lengths", batch, frames, default=frames)
    labels, offsets = _labels(target, target_lengths, batch)
    wrong = np.flatnonzero((labels < 0) | (labels >= classes) | (labels == blank))
    if wrong.size:
        item = int(np.searchsorted(offsets, wrong[0], side="right")) - 1
        raise ValueError(
            f"target: expected labels from 0 to {classes - 1} without the blank {blank}, got {labels[wrong[0]]} as label "
            f"{wrong[0] - offsets[item]} of item {item}"
        )
    threads = 1 if scores.size < SERIAL_SIZE and num_threads is None else resolve_num_threads(num_threads)

    def evaluate(upstream: Array | None) -> tuple[Array, tuple[Array, ...]]:
        scale = None if upstream is None else upstream.astype(np.float64)
        values, gradient = _core.losses.ctc_loss(
            scores, labels, offsets, inputs, blank, from_logits, zero_infinity, scale, threads
        )
        return values.astype(scores.dtype), () if gradient is None else (gradient,)

    return FusedTerms(evaluate, like=np.empty(batch, scores.dtype), lengths=np.maximum(np.diff(offsets), 1))


def _integers(values: Any, name: str) -> npt.NDArray[np.int64]:
    array = as_ndarray(values, name)
    if array.dtype.kind not in "iu" and array.size:
        raise TypeError(f"{name}: expected integers, got dtype {array.dtype}")
    return np.ascontiguousarray(array, dtype=np.int64)


def _lengths(values: Any, name: str, batch: int, longest: int | None, default: int) -> npt.NDArray[np.int64]:
    """(B,) lengths from 0 to the longest."""
    if values is None:
        return np.full(batch, default, dtype=np.int64)
    lengths = _integers(values, name)
    if lengths.shape != (batch,):
        raise ValueError(f"{name}: expected shape ({batch},), got {lengths.shape}")
    wrong = np.flatnonzero((lengths < 0) | (False if longest is None else lengths > longest))
    if wrong.size:
        upto = "" if longest is None else f" and at most {longest}"
        raise ValueError(f"{name}[{wrong[0]}]: expected at least 0{upto}, got {lengths[wrong[0]]}")
    return lengths


def _labels(target: Any, lengths: Any, batch: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Labels of all items one after the other, and where those of each begin."""
    labels = _integers(target, "target")
    if labels.ndim == 2 and len(labels) == batch:
        sizes = _lengths(lengths, "target_lengths", batch, labels.shape[1], default=labels.shape[1])
        labels = labels[np.arange(labels.shape[1]) < sizes[:, None]]
    elif labels.ndim == 1 and lengths is not None:
        sizes = _lengths(lengths, "target_lengths", batch, None, default=0)
        if sizes.sum() != len(labels):
            raise ValueError(f"target: expected {sizes.sum()} labels, the sum of target_lengths, got {len(labels)}")
    else:
        raise ValueError(f"target: expected shape ({batch}, S), or (N,) with target_lengths, got {labels.shape}")
    return labels, np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
