"""The exact similarities of many cells in one call, which ``ious`` and ``evalImgs`` are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from metrix import _core, boxes


def places(*values: int) -> Any:
    return np.array(values, dtype=np.int64)


def rows(*values: int) -> Any:
    return np.array(values, dtype=np.int32)


@pytest.mark.parametrize("num_threads", [1, 2, 7])
def test_blocks_are_those_of_each_cell(rng: np.random.Generator, num_threads: int) -> None:
    found, truth = rng.uniform(0, 9, (9, 4)), rng.uniform(0, 9, (7, 4))
    crowd = rng.integers(0, 2, 7).astype(np.uint8)
    d, g = rng.integers(0, 9, 12).astype(np.int32), rng.integers(0, 7, 8).astype(np.int32)
    d_offset, g_offset = places(0, 3, 3, 8, 12), places(0, 2, 5, 5, 8)
    blocks = _core.detection.similarity_blocks(
        _core.detection.box_similarity(found, truth, crowd, False),
        detections=d,
        detection_offset=d_offset,
        ground_truths=g,
        ground_truth_offset=g_offset,
        num_threads=num_threads,
    )
    expected = [
        boxes.box_iou(found[d[a:b]], truth[g[s:e]], fmt="xywh", crowd=crowd[g[s:e]]).ravel()
        for a, b, s, e in zip(d_offset[:-1], d_offset[1:], g_offset[:-1], g_offset[1:], strict=True)
    ]
    assert blocks.tobytes() == np.concatenate(expected).tobytes()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"detections": rows(0, 2)}, "detections"),
        ({"detections": rows(0, -1)}, "detections"),
        ({"ground_truths": rows(5)}, "ground_truths"),
        ({"detection_offset": places(0, 3)}, "detection_offset"),
        ({"detection_offset": places(1, 2)}, "detection_offset"),
        ({"detection_offset": places()}, "ground_truth_offset"),
        ({"ground_truth_offset": places(0, 1, 1)}, "ground_truth_offset"),
    ],
)
def test_what_does_not_fit_is_refused(changed: dict[str, Any], message: str) -> None:
    similarity = _core.detection.box_similarity(np.zeros((2, 4)), np.zeros((1, 4)), np.zeros(1, dtype=np.uint8), False)
    arguments: dict[str, Any] = {
        "detections": rows(0, 1),
        "detection_offset": places(0, 2),
        "ground_truths": rows(0),
        "ground_truth_offset": places(0, 1),
        "num_threads": 1,
    }
    assert _core.detection.similarity_blocks(similarity, **arguments).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match=message):
        _core.detection.similarity_blocks(similarity, **(arguments | changed))
