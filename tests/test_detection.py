"""evaluate_detections: arguments, input forms, semantics."""

from __future__ import annotations

import metrix


def test_boxes_beyond_all_pixels_are_evaluated_without_a_warning() -> None:
    """Warnings are errors here; areas overflow to infinity, in silence as in plain Python."""
    ground_truth = {
        "images": [{"id": 1, "height": 4, "width": 4}],
        "categories": [{"id": 1}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 1e308, 1e308], "iscrowd": 0}],
    }
    detections = [{"image_id": 1, "category_id": 1, "bbox": [-1e308, 0, 1e308, 1e308], "score": 1}]
    assert metrix.evaluate_detections(ground_truth, detections).stats["AP"] == -1
