"""pycocotools as it is: the arrays that metrix must equal to the last bit."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from oracles import boundary

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What COCOeval leaves behind."""

    precision: FloatArray
    recall: FloatArray
    scores: FloatArray
    stats: FloatArray
    printed: str


def evaluate(
    ground_truth: Any,
    detections: Any,
    iou_type: str = "bbox",
    configure: Callable[[Any], None] = lambda params: None,
) -> Evaluation:
    """Run COCOeval on dicts or paths; ``configure`` changes its params. The input is not changed."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = _loaded(ground_truth)
        coco.createIndex()
        results = coco.loadRes(_loaded(detections))
        if iou_type == "boundary":
            evaluation = boundary.evaluator()(coco, results, "segm")
        else:
            evaluation = COCOeval(coco, results, iou_type)
        configure(evaluation.params)
        evaluation.evaluate()
        evaluation.accumulate()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        evaluation.summarize()
    found = evaluation.eval
    return Evaluation(
        found["precision"], found["recall"], found["scores"], np.asarray(evaluation.stats), printed.getvalue()
    )


def _loaded(source: Any) -> Any:
    if isinstance(source, (str, os.PathLike)):
        with open(source) as file:
            return json.load(file)
    return copy.deepcopy(source)


def differences(report: Any, expected: Evaluation) -> list[str]:
    """What of a report differs from the reference in any bit; empty if nothing does."""
    found = {
        "precision": report.precision,
        "recall": report.recall,
        "scores": report.scores,
        "stats": np.array(list(report.stats.values())),
    }
    lines = []
    for name, array in found.items():
        wanted = getattr(expected, name)
        if array.shape != wanted.shape:
            lines.append(f"{name}: shape {array.shape}, expected {wanted.shape}")
            continue
        # Bits, so that NaN equals NaN; but 0.0 and -0.0 are the same number.
        bits = (np.ascontiguousarray(array) + 0.0).view(np.int64) != (np.ascontiguousarray(wanted) + 0.0).view(np.int64)
        if bits.any():
            place = tuple(int(i[0]) for i in np.nonzero(bits))
            lines.append(
                f"{name}: {int(bits.sum())} values differ, first at {place}: {array[place]!r} {wanted[place]!r}"
            )
    return lines
