"""Runs lvis as it is published, on data that it may change."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class Evaluation(NamedTuple):
    """What LVISEval leaves behind."""

    precision: np.ndarray
    recall: np.ndarray
    results: dict[str, float]
    printed: str


def no_change(evaluation: Any) -> None:
    """Leave the evaluation as it is."""


def evaluate(
    ground_truth: str | Path | dict[str, Any],
    detections: list[Any],
    iou_type: str,
    configure: Callable[[Any], None] = no_change,
    *,
    max_detections: int = 300,
) -> Evaluation:
    """LVISEval on a dict; ``configure`` changes it before it runs. Where ``summarize`` stops, there are no results."""
    from lvis import LVIS, LVISEval, LVISResults

    with warnings.catch_warnings(), without_logging(), the_float_of_old_numpy():
        warnings.simplefilter("ignore")  # Logger.warn
        truth = LVIS.__new__(LVIS)
        truth.logger = logging.getLogger("lvis")
        truth.dataset = copy.deepcopy(ground_truth)
        truth._create_index()
        results = LVISResults(truth, copy.deepcopy(detections), max_dets=max_detections)
        evaluation = LVISEval(truth, results, iou_type)
        evaluation.params.max_dets = max_detections  # which is for the names of the results alone
        configure(evaluation)
        evaluation.evaluate()
        evaluation.accumulate()
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                evaluation.summarize()
                evaluation.print_results()
        except IndexError:  # groups of several categories that are taken as one
            evaluation.results.clear()
    found = evaluation.eval
    return Evaluation(found["precision"], found["recall"], dict(evaluation.results), printed.getvalue())


@contextlib.contextmanager
def without_logging() -> Any:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def the_float_of_old_numpy() -> Any:
    """lvis 0.5.3 asks for ``np.float``, which NumPy has not had since 1.24."""
    np.__dict__["float"] = float
    try:
        yield
    finally:
        del np.__dict__["float"]
