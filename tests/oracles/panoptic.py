"""Panoptic quality by the rules as they are told, with sets of pixels and fractions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy.typing as npt

Segments = Sequence[Mapping[str, Any]]


def outcomes_of_image(
    truth: npt.NDArray[Any], predicted: npt.NDArray[Any], true_segments: Segments, pred_segments: Segments
) -> dict[Any, tuple[list[Fraction], int, int]]:
    """Of each category: the IoU of its matches, false positives and false negatives."""
    void = truth == 0
    found: dict[Any, tuple[list[Fraction], int, int]] = {}

    def count(category: Any, iou: Fraction | None, extra: int, missed: int) -> None:
        ious, positives, negatives = found.get(category, ([], 0, 0))
        found[category] = (ious + [iou] * (iou is not None), positives + extra, negatives + missed)

    matched = set()
    for segment in true_segments:
        pixels = truth == segment["id"]
        area = segment.get("area", int(pixels.sum()))
        if segment.get("iscrowd", 0):
            continue
        for other in pred_segments:
            if other["category_id"] != segment["category_id"]:
                continue
            pixels_of_other = predicted == other["id"]
            both = int((pixels & pixels_of_other).sum())
            if both == 0:
                continue
            union = area + int((pixels_of_other & ~void).sum()) - both
            if Fraction(both, union) > Fraction(1, 2):
                count(segment["category_id"], Fraction(both, union), 0, 0)
                matched.add(other["id"])
                break
        else:
            count(segment["category_id"], None, 0, 1)
    for other in pred_segments:
        if other["id"] in matched:
            continue
        pixels_of_other = predicted == other["id"]
        crowds = [
            segment["id"]
            for segment in true_segments
            if segment.get("iscrowd", 0) and segment["category_id"] == other["category_id"]
        ]
        of_no_account = void | (truth == crowds[-1]) if crowds else void
        share = Fraction(int((pixels_of_other & of_no_account).sum()), int(pixels_of_other.sum()))
        if share <= Fraction(1, 2):
            count(other["category_id"], None, 1, 0)
    return found
