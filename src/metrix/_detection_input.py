"""From columns to what the evaluation kernel takes: places instead of ids, areas, and which rows take part.

What the reference decides while it loads and prepares (pycocotools 2.0.11: ``COCO.loadRes``, ``COCO.loadAnns``,
``COCOeval._prepare``) is decided here, on whole columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix import _core
from metrix._admission import deciding_row, judged_and_excused, missing_lists, within_caps
from metrix._quirks import QuirkCounts
from metrix.protocols import DetectionProtocol, IouType
from metrix.records import PRESENCE, Detections, GroundTruth, IdColumn, MaskColumn

Int32Array = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float64]
FlagArray = npt.NDArray[np.uint8]

EVERY_ROW: Int32Array = np.zeros(0, dtype=np.int32)


def fields_to_read(iou_type: IouType, protocol: DetectionProtocol | None = None) -> tuple[str, ...]:
    """Which optional columns an evaluation needs. Boxes always: the reference takes areas from them where they stand."""
    shape = {"bbox": (), "segm": ("segmentation",), "boundary": ("segmentation",), "keypoints": ("keypoints",)}
    fields = ("bbox", *shape[iou_type])
    return (*fields, "federated") if protocol is not None and protocol.is_federated else fields


@dataclass(frozen=True)
class Selection:
    """Which images and categories are evaluated, and their order."""

    image_ids: npt.NDArray[Any]
    #: Of each image that the ground truth lists: its place among the evaluated ones, or -1.
    image_place: Int32Array
    category_ids: npt.NDArray[Any]
    category_names: tuple[str, ...]
    category_place: Int32Array
    #: Of each evaluated category: "r", "c", "f", or "" where unknown.
    category_frequencies: tuple[str, ...]

    def frequencies(self, *, use_categories: bool) -> tuple[str, ...]:
        """How frequent the reported categories are; where several are one, which group that is nobody knows."""
        if use_categories:
            return self.category_frequencies
        return (self.category_frequencies[0] if len(self.category_frequencies) == 1 else "",)

    @classmethod
    def of(cls, truth: GroundTruth, categories: Any, images: Any, *, use_categories: bool) -> Selection:
        """What the caller chose of what the ground truth lists."""
        image_rows = _chosen_rows(truth.image_ids, images, "images", ascending=True)
        # Where all categories are one, their order decides the order inside a cell, so it stays as the caller has it.
        known = truth.category_ids
        category_rows = _chosen_rows(known, categories, "categories", ascending=use_categories)
        return cls(
            image_ids=truth.image_ids[image_rows],
            image_place=_inverse(image_rows, len(truth.image_ids)),
            category_ids=truth.category_ids[category_rows],
            category_names=tuple(truth.category_names[row] for row in category_rows),
            category_place=_inverse(category_rows, len(truth.category_ids)),
            category_frequencies=tuple(
                (truth.category_frequencies or ("",) * len(known))[row] for row in category_rows
            ),
        )


def _chosen_rows(known: npt.NDArray[Any], chosen: Any, name: str, *, ascending: bool) -> npt.NDArray[np.intp]:
    if chosen is None:
        return np.arange(len(known))
    if isinstance(chosen, (str, int)):
        chosen = [chosen]
    ids = IdColumn.from_values(list(chosen) if not hasattr(chosen, "__array__") else chosen, name)
    rows = ids.positions_in(known)
    if (rows < 0).any():
        row = int(np.flatnonzero(rows < 0)[0])
        raise ValueError(f"{name}[{row}]: {ids[row]!r} is not in the ground truth")
    _, first = np.unique(rows, return_index=True)
    return rows[first if ascending else np.sort(first)].astype(np.intp)


def _inverse(rows: npt.NDArray[np.intp], count: int) -> Int32Array:
    place = np.full(count, -1, dtype=np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    return place


def _look_up(table: Int32Array, places: Int32Array) -> Int32Array:
    """``table[places]``, with -1 for -1."""
    if len(table) == 0:
        return np.full(len(places), -1, dtype=np.int32)
    if np.array_equal(table, np.arange(len(table))):
        return places
    found = table[places]  # of -1 the last one
    if places.min(initial=0) < 0:
        found[places < 0] = -1
    return found


@dataclass(frozen=True)
class EvaluationInput:
    """What the kernel takes, and the quirks that preparing it met."""

    similarity: Any
    ground_truth_image: Int32Array
    ground_truth_category: Int32Array
    ground_truth_area: FloatArray
    ground_truth_crowd: FlagArray
    ground_truth_ignored: FlagArray
    ground_truth_without_match: FlagArray
    ground_truth_order: Int32Array
    detection_image: Int32Array
    detection_category: Int32Array
    detection_score: FloatArray
    detection_area: FloatArray
    detection_order: Int32Array
    #: Detections that are ignored where they match nothing; none if empty.
    detection_excused: FlagArray
    quirks: QuirkCounts


def prepare_input(
    truth: GroundTruth,
    found: Detections,
    selection: Selection,
    iou_type: IouType,
    protocol: DetectionProtocol,
    *,
    corrected: bool,
    num_threads: int,
    quirks_by_image: bool = False,
    ids_within_images: bool = False,
) -> EvaluationInput:
    """Everything that is decided before the first comparison.

    Args beyond those of ``evaluate_detections``:
        quirks_by_image: count quirks by image as well, in the order of all images that the ground truth lists.
        ids_within_images: let the id of an annotation repeat in another image without a meaning.
    """
    listed_image = truth.image_id.positions_in(truth.image_ids)
    listed_category = truth.category_id.positions_in(truth.category_ids)
    truth_image = _look_up(selection.image_place, listed_image)
    truth_category = _look_up(selection.category_place, listed_category)

    found_image = found.image_id.positions_in(truth.image_ids)
    if len(found_image) and found_image.min() < 0:
        row = int(np.argmin(found_image))
        raise ValueError(
            f"detections[{row}].image_id: {found.image_id[row]!r} is not an image of the ground truth"
            + _hint_on_kinds(found.image_id, truth.image_ids)
        )
    kept = within_caps(found, found_image, truth, protocol, num_threads)
    first = deciding_row(found, found_image, protocol)
    quirks = QuirkCounts(listed_image, found_image, by_image=quirks_by_image)
    quirks.of_annotations("unlisted_annotation", (listed_image < 0) | (listed_category < 0))
    found_image = _look_up(selection.image_place, found_image)
    found_category = _look_up(selection.category_place, found.category_id.positions_in(truth.category_ids))
    quirks.of_detections("unlisted_category", found_category < 0)
    quirks.totals["no_detections"] = int(len(found) == 0)

    takes_part = (truth_image >= 0) & (truth_category >= 0)
    limits = None if corrected else protocol.areas_between
    if limits is not None:
        left_out = takes_part & ~_lies_between(truth.area, limits) & truth.has("area")
        quirks.of_annotations("area_left_out", left_out)
        takes_part &= ~left_out
    # Where all categories are one, COCO's code drops those not chosen only after it has looked up the ids.
    looked_up = takes_part if protocol.use_categories or protocol.is_federated else truth_image >= 0
    truth_order = EVERY_ROW
    if protocol.uses_annotation_ids:
        truth_order = _order_of_ids(
            truth.id, truth_image, looked_up, quirks, corrected=corrected, within_images=ids_within_images
        )
    found_order = EVERY_ROW
    if limits is not None and not len(truth_order):
        truth_category = np.where(takes_part, truth_category, np.int32(-1))
    if kept is not None and not kept.all():
        found_category = np.where(kept != 0, found_category, np.int32(-1))
        # Nobody asks what the others had. The first one may be of a category that does not exist, and still decides.
        every_field = np.uint16(sum(PRESENCE.values()))
        is_asked = kept != 0
        is_asked[first] = True
        found = replace(found, presence=np.where(is_asked, found.presence, every_field))
    excused = np.zeros(0, dtype=np.uint8)
    if protocol.is_federated:
        rows = truth_order if len(truth_order) else slice(None)
        judged, excused = judged_and_excused(
            truth, selection, (truth_image[rows], truth_category[rows]), (found_image, found_category), num_threads
        )
        quirks.of_detections("unjudged_detection", (found_category >= 0) & (found_image >= 0) & (judged == 0))
        found_category = np.where(judged != 0, found_category, np.int32(-1))
        quirks.totals["missing_neg_category_ids"] = missing_lists(truth.neg_category_ids, selection)
        quirks.totals["missing_not_exhaustive_category_ids"] = missing_lists(
            truth.not_exhaustive_category_ids, selection
        )
        quirks.totals["missing_frequency"] = sum(not frequency for frequency in selection.category_frequencies)
    if not protocol.use_categories and protocol.is_federated and not corrected:
        quirks.of_all_detections("class_agnostic_lvis")
        truth_order, truth_category = _of_lone_category(selection, truth_order, truth_category)
        found_order, found_category = _of_lone_category(selection, EVERY_ROW, found_category)
    elif not protocol.use_categories:
        # A cell then lists its rows by category first.
        truth_order = _by_category(truth_order, truth_category)
        found_order = _by_category(EVERY_ROW, found_category)
        truth_category = np.minimum(truth_category, np.int32(0))
        found_category = np.minimum(found_category, np.int32(0))

    crowd = truth.iscrowd if protocol.ignore_field == "iscrowd" else np.zeros(len(truth), dtype=np.uint8)
    ignored = truth.ignore if protocol.ignore_field == "ignore" else crowd if not corrected else crowd | truth.ignore
    if iou_type == "keypoints":
        ignored = ignored | (_visible_counts(truth, quirks) == 0).astype(np.uint8)
    without_match = np.zeros(len(truth), dtype=np.uint8)
    if protocol.uses_annotation_ids:
        without_match = without_match if corrected else (truth.id == 0).astype(np.uint8)
        quirks.of_annotations("annotation_id_zero", takes_part & (truth.id == 0))
        quirks.of_annotations("missing_annotation_id", takes_part & ~truth.has("id"))
    if protocol.ignore_field == "iscrowd":
        quirks.of_annotations("ignore_flag_overwritten", takes_part & (truth.ignore != 0) & (crowd == 0))
        quirks.of_annotations("missing_iscrowd", takes_part & ~truth.has("iscrowd"))
    else:
        quirks.of_annotations("crowd_not_read", takes_part & (truth.iscrowd != 0))

    shapes = DetectionShapes(found, truth, num_threads, first)
    similarity, truth_area, found_area = _similarity(
        truth, found, shapes, crowd, selection, iou_type, protocol, quirks, corrected=corrected, num_threads=num_threads
    )
    if limits is not None:
        left_out = (found_category >= 0) & (found_image >= 0) & ~_lies_between(found_area, limits)
        quirks.of_detections("area_left_out", left_out)
        found_category = np.where(left_out, np.int32(-1), found_category)
    borders = {border for low_high in protocol.area_ranges.values() for border in low_high}
    shared = [border for border in borders if sum(border in low_high for low_high in protocol.area_ranges.values()) > 1]
    quirks.of_annotations("area_on_border", takes_part & np.isin(truth_area, shared))
    return EvaluationInput(
        similarity=similarity,
        ground_truth_image=truth_image,
        ground_truth_category=truth_category,
        ground_truth_area=truth_area,
        ground_truth_crowd=crowd,
        ground_truth_ignored=ignored,
        ground_truth_without_match=without_match,
        ground_truth_order=truth_order,
        detection_image=found_image,
        detection_category=found_category,
        detection_score=found.score,
        detection_area=found_area,
        detection_order=found_order,
        detection_excused=excused,
        quirks=quirks,
    )


def _lies_between(area: FloatArray, limits: tuple[float, float]) -> npt.NDArray[np.bool_]:
    return (area > limits[0]) & (area < limits[1])


def _hint_on_kinds(ids: IdColumn, known: npt.NDArray[Any]) -> str:
    is_text, known_is_text = ids.texts is not None, known.dtype.kind == "U"
    if is_text == known_is_text or not len(known):
        return ""
    return f" (ids are {'text' if is_text else 'integers'} here and {'text' if known_is_text else 'integers'} there)"


def _order_of_ids(
    id: npt.NDArray[np.int64],
    image: Int32Array,
    looked_up: npt.NDArray[np.bool_],
    quirks: QuirkCounts,
    *,
    corrected: bool,
    within_images: bool,
) -> Int32Array:
    """Rows in the order in which the reference lists them: where ids repeat, the last row of an id stands in for each."""
    last: npt.NDArray[np.int64] | None = _core.records.last_row_of_id(id)
    if last is not None and within_images:
        distinct, number = np.unique(id, return_inverse=True)
        last = _core.records.last_row_of_id(image * np.int64(len(distinct)) + number)
    if last is None:
        return EVERY_ROW
    rows = np.flatnonzero(looked_up)
    quirks.of_annotations("duplicate_annotation_id", looked_up & (last != np.arange(len(last))))
    if corrected:
        return EVERY_ROW
    rows = rows[np.argsort(image[rows], kind="stable")]
    return last[rows].astype(np.int32)


def _by_category(order: Int32Array, category: Int32Array) -> Int32Array:
    rows = order if len(order) else np.arange(len(category), dtype=np.int32)
    return rows[np.argsort(category[rows], kind="stable")]


def _of_lone_category(selection: Selection, order: Int32Array, category: Int32Array) -> tuple[Int32Array, Int32Array]:
    """What LVISEval takes for all categories together: those of id -1 alone, once for each category."""
    place = np.flatnonzero(selection.category_ids == -1)
    is_taken = category == place[0] if len(place) else np.zeros(len(category), dtype=np.bool_)
    rows = order if len(order) else np.arange(len(category), dtype=np.int32)
    taken = rows[is_taken[rows]]
    if not len(taken):  # an empty order would stand for that of all rows
        return EVERY_ROW, np.full(len(category), -1, dtype=np.int32)
    return np.tile(taken, len(selection.category_ids)), np.where(is_taken, np.int32(0), np.int32(-1))


def _visible_counts(truth: GroundTruth, quirks: QuirkCounts) -> npt.NDArray[np.int64]:
    """``num_keypoints``, counted where a record has none."""
    if truth.num_keypoints is None:
        return np.zeros(len(truth), dtype=np.int64)
    has = truth.has("num_keypoints")
    quirks.of_annotations("missing_num_keypoints", ~has)
    if truth.keypoints is None or has.all():
        return truth.num_keypoints
    return np.where(has, truth.num_keypoints, np.count_nonzero(truth.keypoints[:, :, 2] > 0, axis=1))


def _similarity(
    truth: GroundTruth,
    found: Detections,
    shapes: DetectionShapes,
    crowd: FlagArray,
    selection: Selection,
    iou_type: IouType,
    protocol: DetectionProtocol,
    quirks: QuirkCounts,
    *,
    corrected: bool,
    num_threads: int,
) -> tuple[Any, FloatArray, FloatArray]:
    """What compares the two sides, and the areas of ground truths and detections."""
    if iou_type == "bbox":
        truth_boxes = _required(truth, "bbox", "annotations")
        similarity = _core.detection.box_similarity(shapes.boxes(), truth_boxes, crowd, protocol.holds_corner_pixels)
        return similarity, _truth_area(truth, lambda: box_areas(truth_boxes), quirks), shapes.areas()
    if iou_type in ("segm", "boundary"):
        truth_masks = on_canvases(_required(truth, "segmentation", "annotations"), truth, truth.image_id, "annotations")
        found_masks = shapes.masks()
        sides = (found_masks.arrays(), truth_masks.arrays(), crowd)
        if iou_type == "segm":
            similarity = _core.detection.mask_similarity(*sides)
        else:
            similarity = _core.detection.boundary_similarity(
                *sides, protocol.dilation_ratio, protocol.dilation_pixels or 0
            )

        def truth_mask_areas() -> FloatArray:
            return _core.detection.mask_areas(truth_masks.arrays(), "annotations", num_threads).astype(np.float64)

        found_area = shapes.areas() if not corrected else shapes.mask_areas(found_masks)
        if shapes.source == "bbox" and found.has("segmentation").any():
            quirks.of_all_detections("area_from_bbox")
        return similarity, _truth_area(truth, truth_mask_areas, quirks), found_area
    truth_points = _required(truth, "keypoints", "annotations")
    found_points = _required(found, "keypoints", "detections")
    truth_area = _pose_area(truth, protocol, quirks)
    found_area = shapes.areas() if not corrected else shapes.pose_areas()
    if shapes.source == "bbox":
        quirks.of_all_detections("area_from_bbox")
    # The reference looks up the poses of category -1, which exist only where the one category has this very id.
    if not protocol.use_categories and selection.category_ids.tolist() != [-1]:
        quirks.of_all_detections("class_agnostic_keypoints")
        if not corrected:
            return _core.detection.no_similarity(len(found), len(truth)), truth_area, found_area
    sigmas = _sigmas_for(protocol.sigmas, truth_points, found_points)
    similarity = _core.detection.keypoint_similarity(
        found_points, truth_points, truth_area, _boxes_of_invisible(truth, truth_points), (sigmas * 2) ** 2
    )
    return similarity, truth_area, found_area


#: Numbers beyond all pixels go the way they go in plain Python: silently, to infinity and NaN.
in_silence = np.errstate(over="ignore", invalid="ignore")


class DetectionShapes:
    """Boxes, masks and areas of detections, from what the first of them has, as the reference's ``loadRes`` decides."""

    def __init__(self, found: Detections, truth: GroundTruth, num_threads: int, row: int = 0) -> None:
        """Look at the detection that decides: the first one."""
        self._found, self._truth, self._num_threads = found, truth, num_threads
        first = [field for field in ("bbox", "segmentation", "keypoints") if len(found) and found.has(field)[row]]
        self.source = first[0] if first else "bbox"

    @in_silence
    def boxes(self) -> FloatArray:
        """(N, 4) boxes: their own, or those around masks or keypoints."""
        if self.source == "segmentation":
            around: FloatArray = _core.detection.mask_boxes(self._own_masks().arrays(), "detections", self._num_threads)
            own = self._found.bbox
            return around if own is None else np.where(self._found.has("bbox")[:, None], own, around)
        if self.source == "keypoints":
            extent = self._extent()
            return np.concatenate([extent[:, :2], extent[:, 2:] - extent[:, :2]], axis=1)
        boxes: FloatArray = _required(self._found, "bbox", "detections")
        return boxes

    def areas(self) -> FloatArray:
        """(N,) areas of what ``source`` says."""
        if self.source == "segmentation":
            return self.mask_areas(self._own_masks())
        if self.source == "keypoints":
            return self.pose_areas()
        return box_areas(self.boxes())

    @in_silence
    def pose_areas(self) -> FloatArray:
        """(N,) areas of the boxes around all points of each pose, those at (0, 0) included."""
        extent = self._extent()
        return (extent[:, 2] - extent[:, 0]) * (extent[:, 3] - extent[:, 1])

    def masks(self) -> MaskColumn:
        """Masks: their own, or the rectangles of boxes where a detection has none."""
        if self.source == "segmentation" or self._found.has("segmentation").all():
            return self._own_masks()
        if self.source == "keypoints":
            raise ValueError("detections[0].segmentation: missing")
        boxes = self.boxes()
        rectangles = rectangle_masks(boxes)
        if self._found.masks is not None:
            rectangles = _chosen_masks(self._found.has("segmentation"), self._found.masks, rectangles)
        return on_canvases(rectangles, self._truth, self._found.image_id, "detections")

    def mask_areas(self, masks: MaskColumn) -> FloatArray:
        """(N,) numbers of pixels."""
        return _core.detection.mask_areas(masks.arrays(), "detections", self._num_threads).astype(np.float64)

    def _extent(self) -> FloatArray:
        """(N, 4) least x and y, greatest x and y."""
        points: FloatArray = _required(self._found, "keypoints", "detections")
        if points.shape[1] == 0:
            return np.zeros((len(points), 4))
        return _core.detection.pose_extents(points, self._num_threads)

    def _own_masks(self) -> MaskColumn:
        masks = _required(self._found, "segmentation", "detections")
        return on_canvases(masks, self._truth, self._found.image_id, "detections")


@in_silence
def box_areas(boxes: FloatArray) -> FloatArray:
    """Width times height."""
    return boxes[:, 2] * boxes[:, 3]


POLYGONS = 3  # MaskKind.polygons


def on_canvases(masks: MaskColumn, truth: GroundTruth, image_id: IdColumn, name: str) -> MaskColumn:
    """Give polygons the size of their image; run lengths have their own."""
    is_polygon = masks.kind == POLYGONS
    if not is_polygon.any():
        return masks
    place = image_id.positions_in(truth.image_ids)
    sizes = np.zeros((len(masks), 2), dtype=np.int64)
    sizes[place >= 0] = truth.image_sizes[place[place >= 0]]
    bad = is_polygon & ((sizes < 0) | (sizes > np.iinfo(np.uint32).max)).any(axis=1)
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(f"{name}[{row}].segmentation: polygons need the height and width of image {image_id[row]!r}")
    return replace(
        masks,
        height=np.where(is_polygon, sizes[:, 0], masks.height).astype(np.uint32),
        width=np.where(is_polygon, sizes[:, 1], masks.width).astype(np.uint32),
    )


@in_silence
def rectangle_masks(boxes: FloatArray) -> MaskColumn:
    """Each box as a polygon of its corners, in the order in which the reference lists them."""
    count = len(boxes)
    record = np.zeros(count, dtype=[("length", "<u8"), ("corners", "<f8", (8,))])
    record["length"] = 8
    left, top = boxes[:, 0], boxes[:, 1]
    right, bottom = left + boxes[:, 2], top + boxes[:, 3]
    record["corners"] = np.stack([left, top, left, bottom, right, bottom, right, top], axis=1)
    return MaskColumn(
        kind=np.full(count, POLYGONS, dtype=np.uint8),
        offset=np.arange(count + 1, dtype=np.uint64) * np.uint64(record.dtype.itemsize),
        payload=record.view(np.uint8).reshape(-1),
        height=np.zeros(count, dtype=np.uint32),
        width=np.zeros(count, dtype=np.uint32),
    )


def _chosen_masks(chosen: npt.NDArray[np.bool_], masks: MaskColumn, others: MaskColumn) -> MaskColumn:
    """Rows of ``masks`` where chosen, of ``others`` elsewhere."""
    rows = [
        (masks if is_chosen else others).payload[int(start) : int(stop)]
        for is_chosen, start, stop in zip(
            chosen,
            np.where(chosen, masks.offset[:-1], others.offset[:-1]),
            np.where(chosen, masks.offset[1:], others.offset[1:]),
            strict=True,
        )
    ]
    offset = np.zeros(len(rows) + 1, dtype=np.uint64)
    offset[1:] = np.cumsum([len(row) for row in rows])
    return MaskColumn(
        kind=np.where(chosen, masks.kind, others.kind),
        offset=offset,
        payload=np.concatenate([*rows, np.zeros(0, dtype=np.uint8)]),
        height=np.where(chosen, masks.height, others.height),
        width=np.where(chosen, masks.width, others.width),
    )


def _sigmas_for(sigmas: FloatArray, truth_points: FloatArray, found_points: FloatArray) -> FloatArray:
    """One sigma for each keypoint; a single one serves all, as in the reference."""
    for points, name in ((truth_points, "annotations"), (found_points, "detections")):
        if not len(points):
            continue
        if len(sigmas) == 1:
            sigmas = np.repeat(sigmas, points.shape[1])
        if points.shape[1] != len(sigmas):
            raise ValueError(
                f"{name}[0].keypoints: has {points.shape[1]} keypoints, but there are {len(sigmas)} sigmas; pass "
                "sigmas=, one for each keypoint"
            )
    return sigmas


def _boxes_of_invisible(truth: GroundTruth, points: FloatArray) -> FloatArray:
    """Boxes, which only poses without a visible keypoint are compared by."""
    boxes = np.full((len(truth), 4), np.nan) if truth.bbox is None else truth.bbox
    bad = ~truth.has("bbox") & ~(points[:, :, 2] > 0).any(axis=1)
    if bad.any():
        raise ValueError(f"annotations[{int(np.argmax(bad))}].bbox: missing, and no keypoint is visible")
    return boxes


def _truth_area(truth: GroundTruth, instead: Callable[[], FloatArray], quirks: QuirkCounts) -> FloatArray:
    """The field ``area``, never worked out where it is there."""
    has = truth.has("area")
    quirks.of_annotations("missing_area", ~has)
    return truth.area if has.all() else np.where(has, truth.area, instead())


def _pose_area(truth: GroundTruth, protocol: DetectionProtocol, quirks: QuirkCounts) -> FloatArray:
    if protocol.pose_share_of_box is not None:
        return box_areas(_required(truth, "bbox", "annotations")) * protocol.pose_share_of_box
    return _truth_area(truth, lambda: box_areas(_required(truth, "bbox", "annotations")), quirks)


def _required(columns: GroundTruth | Detections, field: str, name: str) -> Any:
    """The column of a field that every row must have."""
    column = getattr(columns, "masks" if field == "segmentation" else field)
    has = columns.has(field)
    if not has.all():
        raise ValueError(f"{name}[{int(np.argmin(has))}].{field}: missing")
    if column is not None:
        return column
    if len(columns):
        raise ValueError(f"{name}: were read without {field!r}")
    if field == "segmentation":
        return rectangle_masks(np.zeros((0, 4)))
    return np.zeros((0, 4) if field == "bbox" else (0, 0, 3 if isinstance(columns, GroundTruth) else 2))
