"""``COCOeval.accumulate`` from ``evalImgs``, whoever made them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat._curve import curve

FloatArray = npt.NDArray[np.float64]


def accumulate_images(evalImgs: Any, p: Any, evaluated: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Precision, recall and scores by the params ``p`` of what was evaluated by the params ``evaluated``.

    Of both, what they have in common is accumulated, and what ``evaluated`` lacks is left out, so that the places behind
    it move up and the last ones stay -1. The places of ``p`` are looked up in ``evalImgs`` as if they were those of
    ``evaluated``. Both as in the reference.
    """
    thresholds, recalls = len(p.iouThrs), len(p.recThrs)
    shape = (len(p.catIds) if p.useCats else 1, len(p.areaRng), len(p.maxDets))
    precision = -np.ones((thresholds, recalls, *shape))
    recall = -np.ones((thresholds, *shape))
    scores = -np.ones((thresholds, recalls, *shape))

    categories = _common(p.catIds, evaluated.catIds if evaluated.useCats else [-1])
    areas = _common(map(tuple, p.areaRng), map(tuple, evaluated.areaRng))
    evaluated_caps = set(evaluated.maxDets)
    caps = [cap for cap in p.maxDets if cap in evaluated_caps]
    images = _common(p.imgIds, evaluated.imgIds)
    image_count, area_count = len(evaluated.imgIds), len(evaluated.areaRng)
    for k, category in enumerate(categories):
        for a, area in enumerate(areas):
            first = (category * area_count + area) * image_count
            found = [evalImgs[first + image] for image in images]
            found = [result for result in found if result is not None]
            for m, cap in enumerate(caps):
                if found:
                    _accumulate_cell(found, cap, p.recThrs, (k, a, m), precision, recall, scores)
    return precision, recall, scores


def _common(chosen: Any, evaluated: Any) -> list[int]:
    """Places of the chosen ones that were evaluated."""
    known = set(evaluated)
    return [place for place, value in enumerate(chosen) if value in known]


def _accumulate_cell(
    found: list[Any],
    cap: Any,
    recall_thresholds: Any,
    place: tuple[int, int, int],
    precision: FloatArray,
    recall: FloatArray,
    scores: FloatArray,
) -> None:
    """The curve of one category, area range and cap, at each IoU threshold."""
    score = np.concatenate([result["dtScores"][0:cap] for result in found])
    order = np.argsort(-score, kind="mergesort")
    score = score[order]
    matched = np.concatenate([result["dtMatches"][:, 0:cap] for result in found], axis=1)[:, order] != 0
    ignored = np.concatenate([result["dtIgnore"][:, 0:cap] for result in found], axis=1)[:, order] != 0
    positives = np.count_nonzero(np.concatenate([result["gtIgnore"] for result in found]) == 0)
    if positives == 0:
        return
    true_positives = np.cumsum(matched & ~ignored, axis=1).astype(np.float64)
    false_positives = np.cumsum(~matched & ~ignored, axis=1).astype(np.float64)
    k, a, m = place
    for t, (right, wrong) in enumerate(zip(true_positives, false_positives, strict=True)):
        recall[t, k, a, m], ranks, envelope = curve(right, wrong, positives, recall_thresholds)
        for values, to in ((envelope, precision), (score, scores)):
            to[t, :, k, a, m] = 0
            to[t, : len(ranks), k, a, m] = values[ranks]
