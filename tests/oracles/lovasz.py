"""The Lovász extension of the Jaccard loss as it is defined: the set function itself, along the order of the errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def jaccard(wrong: set[int], positives: set[int]) -> Any:
    """1 - IoU of a class where these pixels are mistaken."""
    union = positives | wrong
    return np.longdouble(len(wrong)) / len(union) if union else np.longdouble(0)


def extension(errors: Array, positives: Array) -> tuple[Any, Array]:
    """The value, and the gradient by the errors: equal ones in the order of the pixels, 0 where there is no error."""
    members = {int(i) for i in np.flatnonzero(positives)}
    value, gradient = errors.dtype.type(0), np.zeros_like(errors)
    wrong: set[int] = set()
    before = np.longdouble(0)
    for i in np.argsort(-errors, kind="stable"):
        wrong.add(int(i))
        after = jaccard(wrong, members)
        value += errors[i] * (after - before)
        gradient[i] = after - before if errors[i] != 0 else 0
        before = after
    return value, gradient


def softmax_errors(p: Array, labels: Array, classes: str | list[int]) -> tuple[Any, Array]:
    """Of one region: p (C, S), labels (S,) of pixels that take part; the mean over classes and its gradient by p."""
    gradient = np.zeros_like(p)
    if classes == "present":
        counted = [c for c in range(len(p)) if (labels == c).any()]
    elif classes == "all":
        counted = list(range(len(p)))
    else:
        counted = [int(c) for c in classes]
    if not len(labels) or not counted:
        return p.dtype.type(0), gradient
    values = []
    for c in counted:
        positives = labels == c
        value, slope = extension(np.abs(positives - p[c]), positives)
        values.append(value)
        gradient[c] = np.where(positives, -slope, slope) / len(counted)
    return np.mean(values), gradient


def hinge_errors(z: Array, target: Array) -> tuple[Any, Array]:
    """Of one class in one region: z and target (S,)."""
    side = np.where(target > 0, 1, -1)
    value, slope = extension(np.maximum(0, 1 - side * z), target > 0)
    return value, -side * slope
