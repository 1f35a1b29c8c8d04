"""The kernels of losses/assignment.hpp against obvious loops: ties, no objects, no area, borders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from effort import cases
from losses.torchvision_peer import torchvision_module
from metrix import _core
from metrix.losses._assignment import assign_points, best_overlaps, box_deltas, match_anchors, project_masks, sample
from oracles import detectors as oracles


def grid_boxes(rng: np.random.Generator, count: int, size: int = 6) -> Any:
    """On a grid: overlaps tie, and some boxes have no area."""
    low = rng.integers(0, size, (count, 2))
    return np.hstack([low, low + rng.integers(0, 4, (count, 2))]).astype(float)


def test_best_overlaps(rng: np.random.Generator) -> None:
    for _ in range(cases(300)):
        boxes, truths = grid_boxes(rng, int(rng.integers(0, 30))), grid_boxes(rng, int(rng.integers(0, 6)))
        overlap, index = best_overlaps(boxes, truths)
        expected = oracles.best_overlaps(boxes, truths)
        np.testing.assert_array_equal(overlap, expected[0])
        np.testing.assert_array_equal(index, expected[1])


def test_best_overlaps_of_many_boxes_do_not_depend_on_threads(rng: np.random.Generator) -> None:
    boxes, truths = grid_boxes(rng, 5000), grid_boxes(rng, 3)
    one, many = (_core.losses.best_overlaps(boxes, truths, threads) for threads in (1, 7))
    np.testing.assert_array_equal(one, many)
    np.testing.assert_array_equal(one[1][4990:], oracles.best_overlaps(boxes[4990:], truths)[1])


@pytest.mark.parametrize("keeps_best", [True, False])
def test_match_anchors(rng: np.random.Generator, keeps_best: bool) -> None:
    for _ in range(cases(300)):
        anchors, truths = grid_boxes(rng, int(rng.integers(0, 30))), grid_boxes(rng, int(rng.integers(0, 6)))
        high, low = rng.choice([0.25, 0.5, 0.7, 1.0]), rng.choice([0.0, 0.25])
        got = match_anchors(anchors, truths, high=high, low=low, keeps_best=keeps_best)
        np.testing.assert_array_equal(got, oracles.match_anchors(anchors, truths, high, low, keeps_best))


@pytest.mark.parity
def test_match_anchors_as_torchvision(rng: np.random.Generator) -> None:
    matcher = torchvision_module("torchvision.models.detection._utils").Matcher(
        0.7, 0.3, allow_low_quality_matches=True
    )
    import torch

    for _ in range(cases(100)):
        low = rng.uniform(0, 20, (40, 2))
        anchors = np.hstack([low, low + rng.uniform(5, 20, (40, 2))])
        truths = anchors[:4] + rng.uniform(0, 3, (4, 4))
        overlaps = torch.tensor([[oracles.overlap(anchor, truth) for anchor in anchors] for truth in truths])
        got = match_anchors(anchors, truths, high=0.7, low=0.3, keeps_best=True)
        np.testing.assert_array_equal(got, matcher(overlaps).numpy())


def test_an_object_without_an_anchor_makes_none_positive() -> None:
    got = match_anchors(np.array([[0.0, 0, 2, 2]]), np.array([[5.0, 5, 6, 6]]), high=0.7, low=0.3, keeps_best=True)
    assert got.tolist() == [-1]


def test_assign_points(rng: np.random.Generator) -> None:
    for _ in range(cases(600)):
        points = rng.integers(0, 20, (25, 2)) / 2
        strides = rng.choice([1.0, 2.0], 25)
        ranges = np.sort(rng.integers(0, 5, (25, 2)).astype(float), axis=1)
        truths, radius = grid_boxes(rng, int(rng.integers(0, 8))), rng.choice([0.0, 0.5, 1.5])
        got = assign_points(points, strides, ranges, truths, radius=radius)
        np.testing.assert_array_equal(got, oracles.assign_points(points, strides, ranges, truths, radius))


def test_assign_points_at_limits() -> None:
    """Of equal objects the first; sides do not count as inside, nor the reach as near; both ends of a range belong."""

    def assigned(*truths: Any, point: Any = (3.0, 3.0), limits: Any = (0, 9), radius: float = 0.0) -> int:
        return int(
            assign_points(np.array([point]), np.ones(1), np.array([limits], float), np.array(truths), radius=radius)[0]
        )

    box = (1.0, 1.0, 5.0, 5.0)
    assert assigned((0.0, 0.0, 4.0, 4.0), box, (2.0, 2.0, 6.0, 6.0)) == 0
    assert assigned((0.0, 0.0, 4.0, 4.0), box, (2.0, 2.0, 5.0, 6.0)) == 2
    assert assigned(box, point=(1.0, 3.0)) == -1
    assert assigned(box, limits=(2, 3)) == assigned(box, limits=(1, 2)) == 0
    assert assigned(box, limits=(2.5, 3)) == assigned(box, limits=(1, 1.5)) == -1
    assert assigned(box, point=(4.0, 3.0), radius=1.0) == assigned(box, point=(3.0, 2.0), radius=1.0) == -1
    assert assigned(box, point=(4.0, 3.5), radius=1.5) == 0


def test_project_masks_of_a_box_smaller_than_a_pixel() -> None:
    """It is taken for one of 1 x 1, as RoIAlign does."""
    mask = np.array([[[0, 1, 0], [0, 0, 1], [1, 0, 0]]], dtype=np.uint8)
    small, whole = (project_masks(mask, np.array([[0.25, 0.5, *end]]), np.zeros(1, np.int64), 3) for end in END)
    np.testing.assert_array_equal(small, whole)
    np.testing.assert_allclose(
        whole[0], oracles.project_mask(mask[0], [0.25, 0.5, 1.25, 1.5], 3), rtol=1e-14, atol=1e-15
    )


#: Far corners of a box of a quarter of a pixel, and of one pixel.
END = [(0.5, 0.75), (1.25, 1.5)]


def some_regions(rng: np.random.Generator, count: int) -> Any:
    """Inside and over the border of an image, small and large."""
    low = rng.uniform(-4, 12, (count, 2))
    return np.hstack([low, low + rng.uniform(0, 14, (count, 2))])


def test_project_masks(rng: np.random.Generator) -> None:
    for _ in range(cases(40)):
        masks = rng.integers(0, 2, (3, *rng.integers(1, 14, 2))).astype(np.uint8)
        boxes, index = some_regions(rng, 4), rng.integers(0, 3, 4)
        boxes[0] = np.round(boxes[0])
        size = int(rng.integers(1, 6))
        got = project_masks(masks, boxes, index, size)
        for i in range(4):
            expected = oracles.project_mask(masks[index[i]], boxes[i], size)
            np.testing.assert_allclose(got[i], expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parity
def test_project_masks_as_torchvision(rng: np.random.Generator) -> None:
    """Inside the image: its version in Python, unlike the compiled one, has no zeros farther out."""
    roi_align = torchvision_module("torchvision.ops.roi_align")._roi_align.__wrapped__
    import torch

    masks = rng.integers(0, 2, (3, 17, 13)).astype(np.uint8)
    boxes = np.clip(some_regions(rng, cases(400)), 0, [13, 17, 13, 17])
    index = rng.integers(0, 3, len(boxes))
    regions = torch.from_numpy(np.column_stack([index, boxes]))
    expected = roi_align(torch.from_numpy(masks.astype(float))[:, None], regions, 1.0, 7, 7, -1, False)[:, 0]
    np.testing.assert_allclose(project_masks(masks, boxes, index, 7), expected, rtol=1e-9, atol=1e-12)


def test_box_deltas_go_back(rng: np.random.Generator) -> None:
    boxes, anchors = grid_boxes(rng, 50) + [0, 0, 1, 2], grid_boxes(rng, 50) + [0, 0, 2, 1]
    deltas = box_deltas(boxes, anchors, (10, 10, 5, 5)) / [10, 10, 5, 5]
    sides = anchors[:, 2:] - anchors[:, :2]
    centres, wanted = anchors[:, :2] + sides / 2 + deltas[:, :2] * sides, np.exp(deltas[:, 2:]) * sides
    np.testing.assert_allclose(np.hstack([centres - wanted / 2, centres + wanted / 2]), boxes, atol=1e-12)


def test_sample_draws_a_share_of_positives_and_fills_with_background(rng: np.random.Generator) -> None:
    index = np.array([3] * 10 + [-1] * 50 + [-2] * 20)
    drawn = sample(index, 16, 0.25, rng)
    assert (index[drawn] >= 0).sum() == 4
    assert (index[drawn] == -1).sum() == 12
    assert len(np.unique(drawn)) == 16
    drawn = sample(index, 40, 0.5, rng)
    assert (index[drawn] >= 0).sum() == 10
    assert (index[drawn] == -1).sum() == 30
    assert len(sample(index, 200, 0.5, rng)) == 60
    assert sample(index, None, 0.5, rng).tolist() == list(range(60))
    assert not np.array_equal(sample(index, 16, 0.25, np.random.default_rng(0)), sample(index, 16, 0.25, rng))
