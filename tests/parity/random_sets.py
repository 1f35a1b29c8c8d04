"""Small random data sets that go for the corners: ties, crowds, empties, ids of 0, repeated ids, degenerate shapes, NaN."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from metrix.protocols import COCO_KEYPOINT_SIGMAS

Record = dict[str, Any]

#: Areas on, next to and far from the limits of the area ranges.
AREAS = [0.0, 1.0, 1023.5, 1024.0, 1024.5, 9216.0, 9216.1, 5000.0, 1e10, 1e10 + 1e-5, 1e11, math.inf]


@dataclass
class DataSet:
    """One data set, and how to evaluate it in both worlds."""

    iou_type: str
    ground_truth: dict[str, list[Record]]
    detections: list[Record]
    #: Arguments of ``evaluate_detections``.
    options: dict[str, Any] = field(default_factory=dict)

    def configure(self, params: Any) -> None:
        """The same options for COCOeval's params."""
        options = self.options
        if "iou_thresholds" in options:
            params.iouThrs = np.array(options["iou_thresholds"], dtype=float)
        if "recall_thresholds" in options:
            params.recThrs = np.array(options["recall_thresholds"], dtype=float)
        if "area_ranges" in options:
            params.areaRng = [list(limits) for limits in options["area_ranges"].values()]
            params.areaRngLbl = list(options["area_ranges"])
        if "max_detections" in options:
            params.maxDets = list(options["max_detections"])
        if "categories" in options:
            params.catIds = list(options["categories"])
        if "images" in options:
            params.imgIds = list(options["images"])
        if "use_categories" in options:
            params.useCats = int(options["use_categories"])
        if "sigmas" in options:
            params.kpt_oks_sigmas = np.array(options["sigmas"])
        if "dilation_ratio" in options:
            params.dilation_ratio = options["dilation_ratio"]
        if "dilation_pixels" in options:
            params.dilation_pixels = options["dilation_pixels"]


def random_set(rng: np.random.Generator, iou_type: str) -> DataSet:
    """One data set; which corners it goes for is drawn first, so that each is met alone and together with others."""
    corners = {name: rng.random() < chance for name, chance in CORNERS.items()}
    if iou_type == "boundary":
        data = random_set(rng, "segm")
        data.iou_type = iou_type
        if rng.random() < 0.8:
            data.options["dilation_ratio"] = float(rng.choice([0.0, 0.02, 0.05, 0.1, 0.3]))
        if rng.random() < 0.2:
            data.options["dilation_pixels"] = int(rng.integers(1, 5))
        return data
    if corners["many_in_one_cell"]:
        corners["many_categories"] = False
    if iou_type == "segm" and corners["repeated_ids"]:
        # An unlisted annotation may then stand in for a listed one, and the reference asks for the size of its image.
        corners["unlisted_annotations"] = False
    maker = Maker(rng, iou_type, corners)
    return maker.make()


#: How often a data set goes for each corner.
CORNERS = {
    "score_ties": 0.5,
    "nan_scores": 0.05,
    "crowds": 0.4,
    "ignore_flags": 0.2,
    "id_zero": 0.15,
    "negative_ids": 0.15,
    "repeated_ids": 0.1,
    "grid": 0.6,
    "degenerate": 0.2,
    "negative_sizes": 0.1,
    "not_finite": 0.07,
    "areas_on_limits": 0.4,
    "nan_areas": 0.04,
    "many_categories": 0.5,
    "many_in_one_cell": 0.15,
    "unknown_category": 0.15,
    "unlisted_annotations": 0.1,
    "own_options": 0.4,
    "class_agnostic": 0.12,
    "subset": 0.1,
    "extra_boxes": 0.15,
    "image_without_objects": 0.5,
    "size_mismatch": 0.1,
}


class Maker:
    """Draws one data set."""

    def __init__(self, rng: np.random.Generator, iou_type: str, corners: dict[str, bool]) -> None:
        self.rng = rng
        self.iou_type = iou_type
        self.corners = corners
        self.canvas = (int(rng.integers(4, 40)), int(rng.integers(4, 40)))
        self.sigmas = COCO_KEYPOINT_SIGMAS
        if iou_type == "keypoints" and rng.random() < 0.5:
            self.sigmas = np.round(rng.uniform(0.02, 0.2, int(rng.integers(1, 30))), 3)

    def make(self) -> DataSet:
        rng, corners = self.rng, self.corners
        image_ids = self.distinct_ids(int(rng.integers(1, 5)))
        category_ids = self.distinct_ids(int(rng.integers(1, 5)) if corners["many_categories"] else 1)
        images = [{"id": i, "height": self.canvas[0], "width": self.canvas[1]} for i in image_ids]
        busy_images = image_ids[:-1] if corners["image_without_objects"] and len(image_ids) > 1 else image_ids

        annotations: list[Record] = []
        for image_id in busy_images:
            count = int(rng.integers(0, 7)) + (12 if corners["many_in_one_cell"] else 0)
            annotations += [self.annotation(image_id, self.pick(category_ids)) for _ in range(count)]
        rng.shuffle(annotations)  # type: ignore[arg-type]
        self.number(annotations)
        if corners["unlisted_annotations"] and annotations:
            self.pick(annotations)["image_id"] = 4444
            self.pick(annotations)["category_id"] = 5555

        detections = self.detections(annotations, busy_images, category_ids)
        data = DataSet(
            self.iou_type,
            {"images": images, "annotations": annotations, "categories": [{"id": c} for c in category_ids]},
            detections,
        )
        self.choose_options(data, image_ids, category_ids)
        return data

    # ---- identities -------------------------------------------------------------------------------------------------

    def pick(self, values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def distinct_ids(self, count: int) -> list[int]:
        low = -3 if self.corners["negative_ids"] else 0
        return [int(i) for i in self.rng.permutation(np.arange(low, 12))[:count]]

    def number(self, annotations: list[Record]) -> None:
        first = 0 if self.corners["id_zero"] else int(self.rng.integers(1, 50))
        ids = self.rng.permutation(np.arange(first, first + len(annotations)))
        if self.corners["negative_ids"]:
            ids = ids - int(self.rng.integers(0, len(annotations) + 1))
        for annotation, id in zip(annotations, ids, strict=True):
            annotation["id"] = int(id)
        if self.corners["repeated_ids"] and annotations:
            for _ in range(3):
                self.pick(annotations)["id"] = self.pick(annotations)["id"]

    # ---- objects ----------------------------------------------------------------------------------------------------

    def annotation(self, image_id: int, category_id: int) -> Record:
        rng, corners = self.rng, self.corners
        shape = self.shape()
        is_crowd = int(corners["crowds"] and rng.random() < 0.3)
        record = {
            "image_id": image_id,
            "category_id": category_id,
            "iscrowd": is_crowd,
            "area": self.area(shape["bbox"]),
            **shape,
        }
        if corners["ignore_flags"] and rng.random() < 0.4:
            record["ignore"] = 1
        if self.iou_type == "keypoints":
            visible = record["keypoints"][2::3]
            record["num_keypoints"] = sum(v > 0 for v in visible)
            if rng.random() < 0.1:
                record["num_keypoints"] = self.pick([0, 1, 5])
        return record

    def area(self, bbox: list[float]) -> float:
        if self.corners["nan_areas"] and self.rng.random() < 0.3:
            return math.nan
        if self.corners["areas_on_limits"]:
            return float(self.pick(AREAS))
        return abs(float(bbox[2]) * float(bbox[3]))

    def box(self) -> list[float]:
        rng, corners = self.rng, self.corners
        if corners["grid"]:
            box = [float(v) for v in (*rng.integers(0, 6, 2), *rng.integers(1, 6, 2))]
        else:
            box = [float(v) for v in np.round(rng.uniform([-5, -5, 0.1, 0.1], [60, 60, 120, 120]), 2)]
        if corners["degenerate"] and rng.random() < 0.3:
            box[int(rng.integers(2, 4))] = 0.0
        if corners["negative_sizes"] and rng.random() < 0.3:
            box[int(rng.integers(2, 4))] *= -1
        if corners["not_finite"] and rng.random() < 0.2 and self.iou_type != "segm":
            box[int(rng.integers(0, 4))] = float(self.pick([math.nan, math.inf, -math.inf, 1e308, -1e308]))
        if rng.random() < 0.2:
            return [int(v) if abs(v) < 1e9 else v for v in box]  # the reference stops at integers beyond 64 bits
        return box

    def shape(self) -> Record:
        shape: Record = {"bbox": self.box()}
        if self.iou_type == "segm":
            shape["segmentation"] = self.segmentation()
        if self.iou_type == "keypoints":
            shape["keypoints"] = self.keypoints()
        return shape

    def polygon(self) -> list[float]:
        rng, (height, width) = self.rng, self.canvas
        count = int(rng.integers(3, 9))
        points = rng.uniform(-0.2, 1.2, (count, 2)) * [width, height]
        if self.corners["grid"]:
            points = np.round(points * 2) / 2
        if self.corners["degenerate"] and rng.random() < 0.3:
            points[:] = points[0]
        return [float(v) for v in points.ravel()]

    def mask(self) -> np.ndarray:
        height, width = self.canvas
        if self.corners["size_mismatch"] and self.rng.random() < 0.2:
            height += 1
        mask = np.zeros((height, width), dtype=np.uint8, order="F")
        top, left = int(self.rng.integers(0, height)), int(self.rng.integers(0, width))
        mask[top : top + int(self.rng.integers(0, height + 1)), left : left + int(self.rng.integers(0, width + 1))] = 1
        if self.rng.random() < 0.3:
            mask &= self.rng.random(mask.shape) < 0.7
        return mask

    def segmentation(self) -> Any:
        from pycocotools import mask as reference

        kind = self.rng.random()
        if kind < 0.45:
            return [self.polygon() for _ in range(int(self.rng.integers(1, 4)))]
        mask = self.mask()
        if kind < 0.65:
            return {"size": list(mask.shape), "counts": uncompressed_counts(mask)}
        encoded = reference.encode(np.asfortranarray(mask))
        counts = encoded["counts"]
        return {"size": encoded["size"], "counts": counts if kind < 0.8 else counts.decode()}

    def keypoints(self) -> list[float]:
        rng = self.rng
        count = len(self.sigmas)
        points = rng.uniform(0, 60, (count, 2))
        points = np.round(points) if self.corners["grid"] else np.round(points, 2)
        visible = rng.integers(0, 3, count)
        if rng.random() < 0.15:
            visible[:] = 0
        flat = np.column_stack([points, visible]).ravel().tolist()
        if self.corners["not_finite"] and rng.random() < 0.1:
            flat[3 * int(rng.integers(0, count))] = float(self.pick([math.nan, math.inf]))
        return [int(v) if self.corners["grid"] and math.isfinite(v) else v for v in flat]

    # ---- detections -------------------------------------------------------------------------------------------------

    def detections(self, annotations: list[Record], image_ids: list[int], category_ids: list[int]) -> list[Record]:
        rng, corners = self.rng, self.corners
        detections = []
        for annotation in annotations:
            if annotation["image_id"] not in image_ids or rng.random() < 0.3:
                continue
            for _ in range(int(rng.integers(1, 3))):
                detections.append(self.detection(annotation["image_id"], annotation["category_id"], annotation))
        for image_id in image_ids:
            for _ in range(int(rng.integers(0, 4)) + (20 if corners["many_in_one_cell"] else 0)):
                detections.append(self.detection(image_id, self.pick(category_ids), None))
        if corners["unknown_category"] and detections:
            self.pick(detections)["category_id"] = 777
        rng.shuffle(detections)  # type: ignore[arg-type]
        return detections

    def detection(self, image_id: int, category_id: int, near: Record | None) -> Record:
        rng = self.rng
        record: Record = {"image_id": image_id, "category_id": category_id, "score": self.score()}
        shape = self.shape() if near is None or rng.random() < 0.2 else self.near(near)
        if self.iou_type != "bbox" and not self.corners["extra_boxes"]:
            shape.pop("bbox", None)
        if self.iou_type == "segm" and isinstance(shape["segmentation"], dict):
            counts = shape["segmentation"]["counts"]
            if isinstance(counts, list):
                shape["segmentation"] = self.compressed(shape["segmentation"])
        elif self.iou_type == "segm" and "bbox" not in shape:
            # Without boxes loadRes asks for the area of a mask, which it knows of run lengths only.
            shape["segmentation"] = self.compressed(shape["segmentation"])
        return {**record, **shape}

    def compressed(self, segmentation: Any) -> Any:
        from pycocotools import mask as reference

        found = reference.frPyObjects(segmentation, *self.canvas)
        return reference.merge(found) if isinstance(found, list) else found

    def near(self, annotation: Record) -> Record:
        """The shape of a ground truth, exactly or nearly."""
        rng = self.rng
        shape = {key: annotation[key] for key in ("bbox", "segmentation", "keypoints") if key in annotation}
        shape = {key: list(value) if isinstance(value, list) else value for key, value in shape.items()}
        if rng.random() < 0.4:
            return shape
        step = 1.0 if self.corners["grid"] else 3.7
        shape["bbox"] = [v + float(rng.integers(-1, 2)) * step * (i < 2) for i, v in enumerate(shape["bbox"])]
        if "keypoints" in shape:
            shape["keypoints"] = [
                v if i % 3 == 2 else v + float(rng.integers(-1, 2)) * step for i, v in enumerate(shape["keypoints"])
            ]
        if isinstance(shape.get("segmentation"), list):
            shift = float(rng.integers(-1, 2)) * step
            shape["segmentation"] = [[v + shift for v in polygon] for polygon in shape["segmentation"]]
        return shape

    def score(self) -> float:
        if self.corners["nan_scores"] and self.rng.random() < 0.2:
            return math.nan
        if self.corners["score_ties"]:
            return float(self.pick([0.0, -0.0, 0.25, 0.5, 0.5, 0.75, 1]))
        return float(np.round(self.rng.normal(0.5, 0.5), 6))

    # ---- options ----------------------------------------------------------------------------------------------------

    def choose_options(self, data: DataSet, image_ids: list[int], category_ids: list[int]) -> None:
        rng, options = self.rng, data.options
        if self.iou_type == "keypoints":
            options["sigmas"] = self.sigmas.tolist()
        # With a category -1 among others, COCOeval takes the keypoints of that one for those of all and stops.
        reference_stops = self.iou_type == "keypoints" and len(category_ids) > 1 and -1 in category_ids
        if self.corners["class_agnostic"] and not reference_stops:
            options["use_categories"] = False
        if self.corners["subset"]:
            options["images"] = [i for i in image_ids if rng.random() < 0.6] or image_ids[:1]
            options["categories"] = [c for c in category_ids if rng.random() < 0.6] or category_ids[:1]
        if not self.corners["own_options"]:
            return
        choices: list[Callable[[], None]] = [
            lambda: options.update(iou_thresholds=self.pick(IOU_THRESHOLDS)),
            lambda: options.update(recall_thresholds=self.pick(RECALL_THRESHOLDS)),
            lambda: options.update(max_detections=self.pick(MAX_DETECTIONS)),
            lambda: options.update(area_ranges=self.pick(AREA_RANGES)),
        ]
        for choice in choices:
            if rng.random() < 0.4:
                choice()


IOU_THRESHOLDS = [
    [0.5],
    [0.75, 0.5],
    [0.0, 0.3, 1.0],
    [-0.5, 0.5],
    [1.0],
    [0.5, 0.5, 0.75],
    [1.5],
    [1 / 3, 0.5, 2 / 3],
    list(np.linspace(0.05, 0.95, 19)),
    list(np.linspace(0.01, 0.99, 40)),
]
RECALL_THRESHOLDS = [
    [0.0, 0.5, 1.0],
    list(np.linspace(0, 1, 11)),
    [0.5],
    [0.9, 0.1, 0.5],
    [-1.0, 0.0, 1.5, 0.2],
    list(np.linspace(0, 1, 1001)),
]
MAX_DETECTIONS = [[1, 10, 100], [1, 2, 3], [100, 1, 10], [1, 10, 300], [2, 3, 100], [1, 5, 100, 300], [1, 1000, 5000]]
AREA_RANGES = [
    {"all": (0, 1e10), "small": (0, 16), "medium": (16, 1024), "large": (1024, 1e10)},
    {"all": (0, 1e10)},
    {"all": (-1.0, math.inf), "small": (0, 0), "tiny": (10, 5)},
    {"small": (0, 25), "all": (0, 1e10), "large": (25, 100)},
]


def uncompressed_counts(mask: np.ndarray) -> list[int]:
    """Run lengths by columns, starting with zeros."""
    flat = mask.ravel(order="F")
    borders = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *borders, len(flat)]).tolist()
    return [0, *counts] if len(flat) and flat[0] else counts
