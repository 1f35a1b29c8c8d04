"""Boundaries of masks and the evaluation by them, slowly and plainly: pixels, one step at a time.

The definition is that of boundary-iou-api 37d2558; what it takes from COCOeval is left to pycocotools.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def width(height: int, width: int, dilation_ratio: float) -> int:
    """Pixels that a boundary is wide."""
    return max(1, round(dilation_ratio * float(np.sqrt(height**2 + width**2))))


def erode(image: np.ndarray, steps: int) -> np.ndarray:
    """``steps`` times: what has nine foreground pixels around it, the outside being background."""
    for _ in range(steps):
        if not image.any():
            break
        padded = np.pad(image, 1)
        height, width = image.shape
        around = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
        image = np.minimum.reduce(around)
    return image


def boundary(image: np.ndarray, distance: int) -> np.ndarray:
    return image - erode(image, distance)


def with_cv2(image: np.ndarray, distance: int) -> np.ndarray:
    """The very calls of the reference."""
    import cv2

    padded = cv2.copyMakeBorder(image, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(padded, np.ones((3, 3), dtype=np.uint8), iterations=distance)
    return np.asarray(image - eroded[1 : image.shape[0] + 1, 1 : image.shape[1] + 1])


def boundary_of_mask(mask: dict[str, Any], dilation_ratio: float, pixels: int | None = None) -> dict[str, Any]:
    from pycocotools import mask as reference

    image = reference.decode(mask)
    distance = pixels or width(*image.shape, dilation_ratio)
    return dict(reference.encode(np.asfortranarray(boundary(image, distance))))


def evaluator() -> type:
    """pycocotools' COCOeval for ``"segm"``, whose IoU of all but crowds is at most that of the boundaries.

    ``params.dilation_ratio`` and ``params.dilation_pixels`` say how wide these are.
    """
    from pycocotools import mask as reference
    from pycocotools.cocoeval import COCOeval

    class BoundaryEval(COCOeval):  # type: ignore[misc]
        def computeIoU(self, imgId: Any, catId: Any) -> Any:
            ious = super().computeIoU(imgId, catId)
            p = self.params
            keys = [(imgId, c) for c in p.catIds] if not p.useCats else [(imgId, catId)]
            truths = [truth for key in keys for truth in self._gts[key]]
            found = [detection for key in keys for detection in self._dts[key]]
            found = [found[i] for i in np.argsort([-d["score"] for d in found], kind="mergesort")][: p.maxDets[-1]]
            if not len(truths) or not len(found):
                return ious
            width = getattr(p, "dilation_ratio", 0.02), getattr(p, "dilation_pixels", None)
            sides = [[boundary_of_mask(one["segmentation"], *width) for one in side] for side in (found, truths)]
            crowd = [int(truth["iscrowd"]) for truth in truths]
            of_boundaries = reference.iou(*sides, crowd)
            return np.where(np.array(crowd) != 0, ious, np.minimum(ious, of_boundaries))

    return BoundaryEval
