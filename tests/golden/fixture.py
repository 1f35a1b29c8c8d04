"""What a fixture is: a tiny input, in words what the reference makes of it, and how to run it in both worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Record = dict[str, Any]
AS_REFERENCE = "the same"


@dataclass(frozen=True)
class Evaluation:
    """One data set, evaluated."""

    case: str
    reference: str
    ground_truth: Record
    detections: Any
    iou_type: str = "bbox"
    #: Arguments of ``evaluate_detections``.
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Quirks that the report must name, with counts.
    quirks: Mapping[str, int] = field(default_factory=dict)

    #: Where the reference stops: what metrix does, as hand-worked stats or as the start of the error's message.
    instead: Mapping[str, float] | str | None = None
    here: str = AS_REFERENCE

    #: Where ``semantics="corrected"`` differs: hand-worked stats.
    corrected_stats: Mapping[str, float] | None = None
    corrected: str = AS_REFERENCE


@dataclass(frozen=True)
class Call:
    """One call of a kernel that evaluations are made of. Both sides return numbers, bytes, or lists and dicts of them."""

    case: str
    reference: str
    run: Callable[[], Any]
    run_reference: Callable[[], Any]
    #: Where the reference stops or answers nonsense: the start of the error's message, or the hand-worked answer.
    instead: Any = None
    here: str = AS_REFERENCE


Fixture = Evaluation | Call


def truth(*annotations: Record, images: int | list[Any] = 1, categories: int | list[Any] = 1) -> Record:
    """Ground truth of images 1 to ``images``, 100 pixels wide and high, and of categories 1 to ``categories``."""
    image_ids = list(range(1, images + 1)) if isinstance(images, int) else images
    category_ids = list(range(1, categories + 1)) if isinstance(categories, int) else categories
    return {
        "images": [{"id": id, "height": 100, "width": 100} for id in image_ids],
        "categories": [{"id": id} for id in category_ids],
        "annotations": [{"id": number, **record} for number, record in enumerate(annotations, 1)],
    }


def thing(bbox: list[float], **fields: Any) -> Record:
    """An annotation of image 1 and category 1, with the area of its box."""
    return {"image_id": 1, "category_id": 1, "bbox": bbox, "area": bbox[2] * bbox[3], "iscrowd": 0, **fields}


def found(bbox: list[float], score: float, **fields: Any) -> Record:
    """A box detected on image 1, of category 1."""
    return {"image_id": 1, "category_id": 1, "bbox": bbox, "score": score, **fields}


def mask_found(segmentation: Any, score: float, **fields: Any) -> Record:
    """A mask detected on image 1, of category 1."""
    return {"image_id": 1, "category_id": 1, "segmentation": segmentation, "score": score, **fields}


def without(record: Record, *names: str) -> Record:
    """The record without some of its fields."""
    return {name: value for name, value in record.items() if name not in names}


def pose(points: list[list[float]], *, visible: int | list[int] = 2) -> list[float]:
    """Keypoints as COCO lists them."""
    flags = [visible] * len(points) if isinstance(visible, int) else visible
    return [number for point, flag in zip(points, flags, strict=True) for number in (*point, flag)]


def person(points: list[list[float]], *, visible: int | list[int] = 2, **fields: Any) -> Record:
    """An annotated pose of area 100 in the box from (0, 0) to (10, 10)."""
    keypoints = pose(points, visible=visible)
    count = sum(flag > 0 for flag in keypoints[2::3])
    return thing([0, 0, 10, 10], keypoints=keypoints, num_keypoints=count, **fields)


def pose_found(points: list[list[float]], score: float, **fields: Any) -> Record:
    """A pose detected on image 1, of category 1."""
    return {"image_id": 1, "category_id": 1, "keypoints": pose(points), "score": score, **fields}


#: A box on its own and one far from it.
BOX = [0.0, 0.0, 10.0, 10.0]
FAR = [50.0, 50.0, 10.0, 10.0]
