"""Ground truth and detections as NumPy columns: what the ``arrays`` route hands to a package."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GroundTruthColumns:
    """N objects in I images and K categories, in file order; the doubles are those that the file spells."""

    image_ids: NDArray[np.int64]  # (I,)
    image_widths: NDArray[np.int64]  # (I,)
    image_heights: NDArray[np.int64]  # (I,)
    category_ids: NDArray[np.int64]  # (K,)
    id: NDArray[np.int64]  # (N,)
    image_id: NDArray[np.int64]  # (N,)
    category_id: NDArray[np.int64]  # (N,)
    bbox: NDArray[np.float64]  # (N, 4) x, y, width, height
    area: NDArray[np.float64]  # (N,)
    iscrowd: NDArray[np.uint8]  # (N,)


@dataclass(frozen=True)
class DetectionColumns:
    """N detections in file order."""

    image_id: NDArray[np.int64]  # (N,)
    category_id: NDArray[np.int64]  # (N,)
    score: NDArray[np.float64]  # (N,)
    bbox: NDArray[np.float64] | None = None  # (N, 4) x, y, width, height; boxes only
    keypoints: NDArray[np.float64] | None = None  # (N, 51) x, y, confidence; keypoints only


def save_columns(path: Path, columns: GroundTruthColumns | DetectionColumns) -> None:
    """Write the columns that are there, uncompressed."""
    present = {field.name: getattr(columns, field.name) for field in fields(columns)}
    np.savez(path, **{name: column for name, column in present.items() if column is not None})


def load_ground_truth_columns(path: Path) -> GroundTruthColumns:
    """Read what :func:`save_columns` wrote."""
    with np.load(path) as stored:
        return GroundTruthColumns(**{name: stored[name] for name in stored.files})


def load_detection_columns(path: Path) -> DetectionColumns:
    """Read what :func:`save_columns` wrote."""
    with np.load(path) as stored:
        return DetectionColumns(**{name: stored[name] for name in stored.files})
