"""Answers as JSON: arrays to the bit, and short, as most of their rows are alike."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.fixture import Call, Evaluation, Fixture


def packed(array: npt.NDArray[np.float64]) -> dict[str, Any]:
    """Shape, the distinct rows, and which cell has which row; both as runs, ``"51*1.0 50*0.0"``.

    Rows run along recall thresholds (of ``recall``: IoU thresholds), where values change least.
    """
    moved = np.ascontiguousarray(np.moveaxis(array, 1 if array.ndim == 5 else 0, -1))
    # Bits, which tell -0.0 from 0.0 and find NaN equal to itself.
    bits = moved.reshape(-1, moved.shape[-1]).view(np.int64)
    distinct: dict[bytes, int] = {}
    cells = [distinct.setdefault(row.tobytes(), len(distinct)) for row in bits]
    rows = [np.frombuffer(row, dtype=np.int64) for row in distinct]
    return {
        "shape": list(array.shape),
        "rows": [_runs(row, np.float64) for row in rows],
        "cells": _runs(cells, np.int64),
    }


def _runs(bits: Any, dtype: Any) -> str:
    values = np.asarray(bits, dtype=np.int64)
    begins = np.flatnonzero(np.diff(values, prepend=~values[:1]))
    counts = np.diff(begins, append=len(values))
    # repr of a double is read back as the same bits.
    return " ".join(
        f"{count}*{value!r}" for count, value in zip(counts, values[begins].view(dtype).tolist(), strict=True)
    )


def evaluation_answer(precision: Any, recall: Any, scores: Any, stats: Any, printed: str) -> dict[str, Any]:
    """Everything that an evaluation gives; LVIS has no scores."""
    arrays = {"precision": packed(precision), "recall": packed(recall)}
    if scores is not None:
        arrays["scores"] = packed(scores)
    return {**arrays, "stats": [repr(float(value)) for value in stats], "printed": printed.splitlines()}


def call_answer(value: Any) -> Any:
    """Numbers by repr, texts of masks as text, all else as it is."""
    if isinstance(value, dict):
        return {name: call_answer(item) for name, item in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [call_answer(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return repr(float(value)) if isinstance(value, float) else int(value)


def is_lvis(fixture: Evaluation) -> bool:
    return str(fixture.options.get("protocol", "")).startswith("lvis")


def lvis_answer(fixture: Evaluation) -> dict[str, Any]:
    from parity import lvis_reference
    from parity.lvis_sets import LvisSet

    data = LvisSet(fixture.iou_type, fixture.ground_truth, fixture.detections, dict(fixture.options))
    cap = data.options.get("max_detections", [300])[0]
    found = lvis_reference.evaluate(
        data.ground_truth, data.detections, data.iou_type, data.configure, max_detections=cap
    )
    if not found.results:  # of categories that are taken as one, groups cannot be made
        return {"raises": "IndexError"}
    return evaluation_answer(found.precision, found.recall, None, found.results.values(), found.printed)


def reference_answer(fixture: Fixture) -> dict[str, Any]:
    """What pycocotools gives, or the name of the exception it raises."""
    from parity import reference
    from parity.random_sets import DataSet

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, about NaN and infinity
        try:
            if isinstance(fixture, Call):
                return {"answer": call_answer(fixture.run_reference())}
            if is_lvis(fixture):
                return lvis_answer(fixture)
            data = DataSet(fixture.iou_type, fixture.ground_truth, fixture.detections, dict(fixture.options))
            found = reference.evaluate(
                copy.deepcopy(fixture.ground_truth), fixture.detections, fixture.iou_type, data.configure
            )
            return evaluation_answer(found.precision, found.recall, found.scores, found.stats, found.printed)
        except Exception as error:
            return {"raises": type(error).__name__}
