"""A client that knows nothing of us: torchmetrics' MeanAveragePrecision over these modules, its numbers unchanged."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import metrix.compat
from effort import THOROUGH
from metrix.compat.pycocotools.cocoeval import COCOeval

if not THOROUGH:
    pytest.skip("METRIX_THOROUGH=1 runs it: importing torch takes seconds", allow_module_level=True)
torch = pytest.importorskip("torch")
pytest.importorskip("torchvision")
pytest.importorskip("torchmetrics")
pytest.importorskip("pycocotools")

pytestmark = [
    pytest.mark.parity,
    pytest.mark.filterwarnings("ignore"),  # of torchmetrics and its imports
]

#: Arguments of the metric, and which kinds of shapes it gets.
OPTIONS: list[dict[str, Any]] = [
    {},
    {"class_metrics": True},
    {"extended_summary": True},
    {"average": "micro", "class_metrics": True},
    {"iou_thresholds": [0.3, 0.5, 0.75], "rec_thresholds": [0.0, 0.25, 0.5, 1.0]},
    {"max_detection_thresholds": [1, 2, 5], "box_format": "xywh"},
]
TYPES: list[Any] = ["bbox", "segm", ("bbox", "segm")]
SIDE = 40


def image(rng: np.random.Generator, masks: bool, near: dict[str, Any] | None) -> dict[str, Any]:
    count = int(rng.integers(0, 6))
    corners = rng.integers(0, SIDE - 12, (count, 2)).astype(np.float32)
    sizes = rng.integers(1, 12, (count, 2)).astype(np.float32)
    labels = rng.integers(0, 3, count)
    if near is not None and rng.random() < 0.8:
        keep = rng.random(len(near["labels"])) < 0.8
        corners = np.concatenate([corners, near["boxes"].numpy()[keep][:, :2] + rng.integers(-1, 2)])
        sizes = np.concatenate([sizes, (near["boxes"].numpy()[keep][:, 2:] - near["boxes"].numpy()[keep][:, :2])])
        labels = np.concatenate([labels, near["labels"].numpy()[keep]])
    result: dict[str, Any] = {
        "boxes": torch.from_numpy(np.concatenate([corners, corners + sizes], axis=1)),
        "labels": torch.from_numpy(labels),
    }
    if masks:
        rows = np.arange(SIDE)
        pixels = [
            ((rows >= y) & (rows < y + h))[:, None] & ((rows >= x) & (rows < x + w))[None, :]
            for (x, y), (w, h) in zip(corners, sizes, strict=True)
        ]
        result["masks"] = torch.from_numpy(np.array(pixels, dtype=bool).reshape(-1, SIDE, SIDE))
    if near is None:
        result["iscrowd"] = torch.from_numpy((rng.random(len(labels)) < 0.1).astype(np.int64))
    else:
        result["scores"] = torch.from_numpy(np.round(rng.random(len(labels)), 1).astype(np.float32))
    return result


def numbers(batches: list[Any], iou_type: Any, options: dict[str, Any]) -> dict[str, Any]:
    from torchmetrics.detection import MeanAveragePrecision

    metric = MeanAveragePrecision(iou_type=iou_type, backend="pycocotools", **options)
    for found, truth in batches:
        metric.update(found, truth)
    return dict(metric.compute())


def difference(ours: Any, theirs: Any) -> bool:
    if isinstance(theirs, dict):
        return list(ours) != list(theirs) or any(difference(ours[key], theirs[key]) for key in theirs)
    if isinstance(theirs, torch.Tensor):
        same = ours.dtype == theirs.dtype and torch.equal(ours.nan_to_num(7.5), theirs.nan_to_num(7.5))
        return not same
    return bool(ours != theirs)


@pytest.mark.parametrize("iou_type", TYPES, ids=str)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_its_numbers_are_unchanged(
    iou_type: Any, options: dict[str, Any], rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluations = []
    original = COCOeval.evaluate
    monkeypatch.setattr(COCOeval, "evaluate", lambda self: evaluations.append(self) or original(self))
    for _ in range(10):
        batches = []
        for _ in range(int(rng.integers(1, 4))):
            truth = [image(rng, "segm" in iou_type, None) for _ in range(int(rng.integers(1, 4)))]
            batches.append(([image(rng, "segm" in iou_type, one) for one in truth], truth))
        expected = numbers(batches, iou_type, options)
        assert not evaluations
        with metrix.compat.install(replace=True):
            got = numbers(batches, iou_type, options)
        assert not difference(got, expected)
        # It has worked here, and most of it without a step in Python.
        straight = [evaluation._kernels is not None for evaluation in evaluations]
        assert len(straight) >= 1
        assert sum(straight) >= len(straight) - 1
        evaluations.clear()
