"""Curves of an evaluation by kernels: each number is worked out when it is asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat._columns import UNSUITABLE, Unusual
from metrix.compat.pycocotools._kernels import KernelEvaluation, caps_of
from metrix.compat.pycocotools._summary import Places

FloatArray = npt.NDArray[np.float64]


class CurvesOfKernels:
    """The curves as ``accumulate`` found the params; changing these later does not change them."""

    def __init__(self, kernels: KernelEvaluation, caps: list[int], recall_thresholds: FloatArray) -> None:
        """Work out nothing yet."""
        self._kernels, self._caps, self._recall_thresholds = kernels, caps, recall_thresholds
        self._precision: dict[int, FloatArray] = {}

    def arrays(self) -> dict[str, FloatArray]:
        """(T, R, K, A, M) precision and scores, (T, K, A, M) recall."""
        precision, scores = self._kernels.precision(self._caps, self._recall_thresholds, scores=True)
        return {"precision": precision, "recall": self._recall, "scores": scores}

    @cached_property
    def _recall(self) -> FloatArray:
        return self._kernels.recall(self._caps)

    def precision_at(self, thresholds: Places, areas: list[int], caps: list[int]) -> FloatArray:
        """(T, R, K, ...) precision; of one cap, as the published numbers need no more."""
        if len(areas) != 1 or len(caps) != 1:
            return self._all_precision[thresholds][:, :, :, areas, caps]
        cap = self._caps[caps[0]]
        if cap not in self._precision:
            self._precision[cap] = self._kernels.precision([cap], self._recall_thresholds, scores=False)[0][..., 0]
        return self._precision[cap][thresholds, :, :, areas[0]]

    @cached_property
    def _all_precision(self) -> FloatArray:
        return self._kernels.precision(self._caps, self._recall_thresholds, scores=False)[0]

    def recall_at(self, thresholds: Places, areas: list[int], caps: list[int]) -> FloatArray:
        """(T, K, ...) recall."""
        return self._recall[thresholds][:, :, areas, caps]


def curves_of(kernels: KernelEvaluation, p: Any, evaluated: Any) -> CurvesOfKernels | None:
    """The curves by the params ``p``; None if these ask for something else than was evaluated."""
    try:
        if not _asks_for_the_same(p, evaluated) or len(p.iouThrs) != len(kernels.thresholds):
            return None
        recall_thresholds = np.array(p.recThrs, dtype=np.float64)
        if recall_thresholds.ndim != 1 or not len(recall_thresholds) or np.isnan(recall_thresholds).any():
            return None
        return CurvesOfKernels(kernels, caps_of(p.maxDets), recall_thresholds)
    except (*UNSUITABLE, Unusual):
        return None


def _asks_for_the_same(p: Any, evaluated: Any) -> bool:
    return bool(
        bool(p.useCats) == bool(evaluated.useCats)
        and p.useCats in (0, 1)
        and (not p.useCats or list(p.catIds) == list(evaluated.catIds))
        and list(p.imgIds) == list(evaluated.imgIds)
        and list(map(tuple, p.areaRng)) == list(map(tuple, evaluated.areaRng))
        and set(p.maxDets) <= set(evaluated.maxDets)
    )
