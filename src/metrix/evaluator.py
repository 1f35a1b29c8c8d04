"""Evaluation in a loop: batch by batch, over any number of processes, to the bits of the one call.

No kernel: composed from those of detection, whose outcomes are its state.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from metrix._batches import (
    Batch,
    BoxFormat,
    Id,
    ImageDict,
    ids_of,
    is_list_of_images,
    predictions_of,
    require_keypoints,
    rows_of_detections,
    targets_of,
)
from metrix._blocks import Block, Settings, WholeTruth, match_block, rows_to_match, select_seen, take_rows
from metrix._chosen_protocol import chosen_protocol
from metrix._combine import Combined, combine, match_at_once
from metrix._detection_input import Selection
from metrix._evaluation import Semantics, detections_of, ground_truth_of, make_report
from metrix._threads import resolve_num_threads
from metrix._waiting import MOST_WAITING_BYTES, Waiting
from metrix.protocols import DetectionProtocol, IouType
from metrix.records import Detections, GroundTruth, IdColumn, RecordSource
from metrix.report import DetectionReport


class DetectionEvaluator:
    """The evaluation of :func:`metrix.evaluate_detections`, fed batch by batch.

    However images are split over batches, evaluators and processes, and in whatever order they come, ``compute`` gives the
    bits of the one call on all of them. What it keeps of a detection are its outcomes, 32 bytes with COCO's ten thresholds
    and four area ranges; boxes, masks and poses are dropped as soon as they are matched, which happens once they take 64 MiB,
    before they leave the process, or in the end.

    Args:
        ground_truth: all of it beforehand, as :func:`metrix.evaluate_detections` takes it; it is read once, never copied,
            and kept over ``reset``. A :class:`metrix.GroundTruth` may be shared by any number of evaluators. None: it
            comes with each batch.
        iou_type, protocol, semantics, iou_thresholds, recall_thresholds, area_ranges, max_detections, use_categories,
            sigmas, dilation_ratio, dilation_pixels, num_threads: as of :func:`metrix.evaluate_detections`.
        categories: ids to evaluate. Where ground truth comes with the batches these are the categories that it lists;
            None then stands for those of the targets that have come.
        images: ids to evaluate, of the ground truth given beforehand; None for all that it lists, whether a batch had
            them or not.
        box_format: of boxes in dicts of images: ``"xyxy"`` (corners), ``"xywh"`` or ``"cxcywh"``, in pixels.
        diagnostics: keep for each detection what it lies on as well: 12 bytes more. See
            :meth:`metrix.report.DetectionReport.per_detection`.

    Conventions:
        Images that come twice, as a distributed sampler pads its last batch: one copy counts, and ``report.quirks`` tells
        how many there were, and of how many the copies differed. Of copies that differ the same one is kept in whatever
        order they came. All detections of an image belong into one ``update``.
        Empty: without any update the report is that of empty input. Images without detections count as missed.
        Ids: the ids of annotations that come with batches are looked at within their image.
        Pickling matches what waits and leaves the ground truth behind: what comes out can ``merge`` and ``compute``.
        Copies share it.

    Raises:
        ValueError: for malformed arguments; the message names the argument.

    Example:
        >>> evaluator = DetectionEvaluator()
        >>> boxes = np.array([[0, 0, 10, 10], [20, 20, 30, 40.0]])
        >>> evaluator.update(
        ...     [{"boxes": boxes, "scores": np.array([0.9, 0.8]), "labels": np.array([1, 1])}],
        ...     [{"boxes": boxes[:1], "labels": np.array([1])}],
        ...     image_ids=[7],
        ... )
        >>> round(evaluator.compute().stats["AP50"], 3)
        1.0

        A loop over many processes, with ground truth read once::

            evaluator = metrix.DetectionEvaluator("instances_val2017.json")
            for epoch in range(epochs):
                evaluator.reset()
                for images, ids in loader:
                    evaluator.update(model(images), image_ids=ids)  # dicts of CPU tensors, as torchvision gives them
                parts = [None] * torch.distributed.get_world_size()
                torch.distributed.all_gather_object(parts, evaluator)
                for rank, part in enumerate(parts):
                    if rank != torch.distributed.get_rank():
                        evaluator.merge(part)
                print(evaluator.compute())

    Source:
        As :func:`metrix.evaluate_detections`.
    """

    def __init__(
        self,
        ground_truth: GroundTruth | RecordSource | None = None,
        *,
        iou_type: IouType = "bbox",
        protocol: str | DetectionProtocol = "coco",
        semantics: Semantics = "pycocotools",
        iou_thresholds: Sequence[float] | npt.NDArray[Any] | None = None,
        recall_thresholds: Sequence[float] | npt.NDArray[Any] | None = None,
        area_ranges: Mapping[str, tuple[float, float]] | None = None,
        max_detections: Sequence[int] | None = None,
        categories: Sequence[int] | Sequence[str] | npt.NDArray[Any] | None = None,
        images: Sequence[int] | Sequence[str] | npt.NDArray[Any] | None = None,
        use_categories: bool | None = None,
        sigmas: Sequence[float] | npt.NDArray[Any] | None = None,
        dilation_ratio: float | None = None,
        dilation_pixels: int | None = None,
        box_format: BoxFormat = "xyxy",
        diagnostics: bool = False,
        num_threads: int | None = None,
    ) -> None:
        """Read the ground truth, if there is one."""
        chosen = chosen_protocol(
            protocol,
            iou_type,
            iou_thresholds,
            recall_thresholds,
            area_ranges,
            max_detections,
            use_categories,
            sigmas,
            dilation_ratio,
            dilation_pixels,
        )
        if chosen.cap_scope == "category":
            raise ValueError(
                f"protocol: {chosen.name!r} looks at all detections of a category at once; use evaluate_detections"
            )
        if semantics not in ("pycocotools", "corrected"):
            raise ValueError(f"semantics: expected 'pycocotools' or 'corrected', got {semantics!r}")
        if box_format not in ("xyxy", "xywh", "cxcywh"):
            raise ValueError(f"box_format: expected 'xyxy', 'xywh' or 'cxcywh', got {box_format!r}")
        self._settings = Settings(chosen, iou_type, semantics == "corrected", bool(diagnostics))
        self._box_format = box_format
        self._num_threads = num_threads
        threads = resolve_num_threads(num_threads)
        self._truth: GroundTruth | None = None
        self._selection: Selection | None = None
        self._whole: WholeTruth | None = None
        self._categories: npt.NDArray[Any] | None = None
        if ground_truth is not None:
            self._truth = ground_truth_of(ground_truth, iou_type, chosen, threads)
            self._selection = Selection.of(self._truth, categories, images, use_categories=chosen.use_categories)
            self._whole = WholeTruth.of(self._truth, self._selection, self._settings, threads)
        else:
            if chosen.is_federated:
                raise ValueError(
                    f"ground_truth: expected beforehand, as {chosen.name!r} asks it which categories an image is judged in"
                )
            if images is not None:
                raise ValueError(
                    "images: expected ground_truth with it; without, all images of the batches are evaluated"
                )
            if categories is not None:
                self._categories = IdColumn.from_values(categories, "categories").distinct()
            elif not chosen.use_categories:
                raise ValueError(
                    "categories: expected the ids where use_categories=False and ground truth comes in batches"
                )
        self._image_of_truth = None if self._truth is None else rows_to_match(self._truth)
        self._waiting = Waiting()
        #: To check ids at once; None where any will do.
        self._image_ids = None if self._truth is None else frozenset(self._truth.image_ids.tolist())
        self.reset()

    def reset(self) -> None:
        """Forget all images, for the next epoch; settings and ground truth stay."""
        self._blocks: list[Block] = []
        self._waiting.clear()
        self._next_number = 0
        self._are_numbered = False
        self._ids_are_text: bool | None = None

    # ---- what comes in ------------------------------------------------------------------------------------------------

    def update(
        self,
        predictions: Sequence[ImageDict] | ImageDict | Detections | RecordSource,
        targets: Sequence[ImageDict] | ImageDict | GroundTruth | Mapping[str, Any] | None = None,
        *,
        image_ids: Any = None,
    ) -> None:
        """Add the images of a batch. If something of it does not fit, nothing is added.

        Args:
            predictions: a dict for each image (or one dict for one image), as torchvision's detectors give them:
                ``"scores"`` (n,), ``"labels"`` (n,) category ids, and what ``iou_type`` compares: ``"boxes"`` (n, 4) in
                ``box_format``; ``"masks"``, (n, H, W) bool or uint8 (0 is background), or n segmentations as COCO writes
                them; or ``"keypoints"`` (n, K, 2 or 3). Other keys are not looked at, so the areas of masks and poses are
                their own. Or columns for the whole batch: a :class:`metrix.Detections`, a list of COCO's results, or
                anything else that :func:`metrix.records.read_detections` takes.
            targets: where there is no ground truth beforehand, the same for the other side: ``"labels"``, ``"boxes"`` or
                ``"masks"`` or ``"keypoints"`` (n, K, 3) (these with ``"boxes"`` where a pose may have no visible point),
                and optionally ``"area"``, ``"iscrowd"`` and ``"ignore"`` (n,). Or a :class:`metrix.GroundTruth`, or a dict
                with ``images``, ``annotations`` and ``categories``.
            image_ids: integers or text, one for each image, also for those without detections. None: the
                ``"image_id"`` of each target or prediction; or those of the columns; or else, where ground truth comes
                with the batches, running numbers, which cannot be merged.

        Arrays are NumPy, CPU tensors, anything else with DLPack or ``__array__``, or lists; they are copied.

        Raises:
            ValueError: for what does not fit; the message names the image and the key.
            TypeError: for what is no number, and for arrays that are not in CPU memory.
        """
        self._require_targets(targets)
        batch = self._read(predictions, targets, image_ids)
        if len(set(batch.image_ids)) < len(batch.image_ids):
            for one in self._read_one_by_one(predictions, targets, batch.image_ids):
                self._append(one)
        elif batch.image_ids:
            self._append(batch)

    def _require_targets(self, targets: Any) -> None:
        if self._whole is None and targets is None:
            raise ValueError("targets: expected those of the batch, as this evaluator was made without ground truth")
        if self._whole is not None and targets is not None:
            raise ValueError("targets: expected none, as this evaluator was made with ground truth")
        if self._whole is not None and self._truth is None:
            raise ValueError("ground_truth: left behind by pickle; merge this evaluator into one that has it")

    def _append(self, batch: Batch) -> None:
        """Add a batch in which no image comes twice."""
        if self._waiting.knows_any(batch.image_ids):
            self._match_waiting()  # a copy is matched by itself, and compared with the other one in the end
        self._waiting.append(batch)
        self._ids_are_text = isinstance(batch.image_ids[0], str)
        self._next_number += len(batch.image_ids)
        if self._waiting.nbytes >= MOST_WAITING_BYTES:
            self._match_waiting()

    def _read(self, predictions: Any, targets: Any, image_ids: Any) -> Batch:
        iou_type, protocol = self._settings.iou_type, self._settings.protocol
        given = None if image_ids is None else ids_of(image_ids, "image_ids")
        truth: Any = targets
        found = predictions
        if isinstance(targets, Mapping) and "images" not in targets:
            truth = [targets]
        elif targets is not None and not isinstance(targets, (list, tuple, GroundTruth)):
            truth = ground_truth_of(targets, iou_type, protocol, resolve_num_threads(self._num_threads))
        if isinstance(predictions, Mapping):
            found = [predictions]
        elif not isinstance(predictions, Detections) and not is_list_of_images(predictions):
            found = detections_of(predictions, iou_type, protocol, resolve_num_threads(self._num_threads))

        ids = given if given is not None else self._own_ids(found, truth)
        self._require_known(ids)
        batch = Batch(ids)
        if isinstance(found, Detections):
            batch.found = rows_of_detections(found, batch.places_of(found.image_id, "predictions"))
        else:
            _require_length(found, ids, "predictions")
            batch.found = predictions_of(found, iou_type, self._box_format)
        if isinstance(truth, GroundTruth):
            batch.add_ground_truth(truth)
        elif truth is not None:
            _require_length(truth, ids, "targets")
            batch.truth = targets_of(truth, iou_type, self._box_format)
        if iou_type == "keypoints":
            sigmas = len(self._settings.protocol.sigmas)
            require_keypoints(batch.found, sigmas, "predictions")
            require_keypoints(batch.truth or batch.found, sigmas, "targets")
        return batch

    def _read_one_by_one(self, predictions: Any, targets: Any, ids: list[Id]) -> list[Batch]:
        """A batch in which an image comes twice."""
        if not isinstance(predictions, (list, tuple)) or not is_list_of_images(predictions):
            raise ValueError("image_ids: expected each id once beside columns, which tell copies of an image not apart")
        if targets is not None and not isinstance(targets, (list, tuple)):
            raise ValueError("image_ids: expected each id once beside columns, which tell copies of an image not apart")
        return [
            self._read([predictions[i]], None if targets is None else [targets[i]], [id]) for i, id in enumerate(ids)
        ]

    def _own_ids(self, found: Any, truth: Any) -> list[Id]:
        """Ids that the batch itself has."""
        if isinstance(truth, GroundTruth):
            return cast("list[Id]", truth.image_ids.tolist())
        for images in (truth, found):
            if (
                isinstance(images, (list, tuple))
                and images
                and isinstance(images[0], Mapping)
                and "image_id" in images[0]
            ):
                return ids_of([image.get("image_id") for image in images], "image_id")
        if isinstance(found, Detections) and truth is None:
            return cast("list[Id]", found.image_id.distinct().tolist())
        if self._whole is not None and len(found):
            raise ValueError("image_ids: expected one id for each image, to find its ground truth")
        count = len(truth if truth is not None else found)
        if count:
            self._are_numbered = True
        return list(range(self._next_number, self._next_number + count))

    def _require_known(self, ids: list[Id]) -> None:
        if not ids:
            return
        is_text = isinstance(ids[0], str)
        if self._ids_are_text not in (None, is_text):
            raise TypeError("image_ids: expected ids of one kind, got integers and text")
        if self._image_ids is not None and not self._image_ids.issuperset(ids):
            row = next(row for row, id in enumerate(ids) if id not in self._image_ids)
            raise ValueError(f"image_ids[{row}]: {ids[row]!r} is not an image of the ground truth")

    # ---- matching -----------------------------------------------------------------------------------------------------

    def _match_waiting(self) -> None:
        waiting = self._waiting
        if not waiting.image_ids:
            return
        listed = None
        rows_found, rows_truth = waiting.places_in_images()
        if self._truth is not None and self._selection is not None:
            truth, selection = self._truth, self._selection
            own = waiting.places_among(truth.image_ids)
            seen = np.sort(own)
            rows_truth = np.arange(len(truth), dtype=np.int32)
            if self._image_of_truth is not None:
                selection, seen = select_seen(selection, truth, seen)
                if truth.masks is None:  # which stay where they are, as they are large
                    is_seen = np.zeros(len(truth.image_ids) + 1, dtype=np.bool_)  # one more, which -1 points at
                    is_seen[seen] = True
                    rows_truth = rows_truth[is_seen[self._image_of_truth]]
                    truth = take_rows(truth, rows_truth)
        else:
            categories = self._categories
            if categories is None:
                listed = waiting.listed_categories()
                categories = waiting.all_categories(listed)
            truth = waiting.ground_truth(categories)
            selection = Selection.of(truth, None, None, use_categories=self._settings.protocol.use_categories)
            own = waiting.places_among(truth.image_ids)
            seen = np.arange(len(truth.image_ids), dtype=np.int32)
        counts = np.zeros(len(truth.image_ids), dtype=np.int32)
        counts[own] = waiting.counts()
        self._blocks.append(
            match_block(
                waiting.detections(),
                truth,
                selection,
                self._settings,
                seen=seen,
                detections=counts[seen],
                places=(rows_found, rows_truth),
                listed=listed,
                whole=self._whole is not None,
                num_threads=resolve_num_threads(self._num_threads),
            )
        )
        waiting.clear()

    def merge(self, other: DetectionEvaluator) -> None:
        """Add all that another evaluator has; it may come from another process. The order of merging changes no bit.

        Raises:
            ValueError: if settings or ground truth differ, or if images were numbered for want of ids.
        """
        if not isinstance(other, DetectionEvaluator):
            raise TypeError(f"other: expected a DetectionEvaluator, got {type(other).__name__}")
        if differing := self._settings.differences(other._settings):
            raise ValueError(f"other: expected the same settings, but {', '.join(differing)} differ")
        if (self._whole is None) != (other._whole is None) or (
            self._whole is not None and other._whole is not None and not self._whole.equals(other._whole)
        ):
            raise ValueError("other: expected the same ground truth")
        if not np.array_equal(_or_none(self._categories), _or_none(other._categories)):
            raise ValueError("other: expected the same categories")
        if self._are_numbered or other._are_numbered:
            raise ValueError("other: images were numbered as they came, so they cannot be told apart; pass image_ids")
        if other._ids_are_text is not None and self._ids_are_text not in (None, other._ids_are_text):
            raise TypeError("other: expected ids of images of one kind, got integers and text")
        other._match_waiting()
        self._ids_are_text = other._ids_are_text if self._ids_are_text is None else self._ids_are_text
        self._blocks += list(other._blocks)

    # ---- what comes out -----------------------------------------------------------------------------------------------

    def compute(self) -> DetectionReport:
        """The report on all images so far, which stay: more may follow."""
        start = time.perf_counter()
        threads = resolve_num_threads(self._num_threads)
        combined = self._combined(threads)
        seconds = {"load": 0.0, "match": time.perf_counter() - start}
        names = ("",) * len(combined.category_ids) if self._whole is None else self._whole.category_names
        return make_report(
            combined.outcomes,
            protocol=self._settings.protocol,
            iou_type=self._settings.iou_type,
            semantics="corrected" if self._settings.corrected else "pycocotools",
            category_ids=combined.category_ids,
            category_names=names,
            category_frequencies=() if self._whole is None else self._whole.category_frequencies,
            image_ids=combined.image_ids,
            quirk_counts=combined.quirks,
            seconds=seconds,
            num_threads=threads,
        )

    def _combined(self, num_threads: int) -> Combined:
        waiting, truth, selection = self._waiting, self._truth, self._selection
        if self._blocks or not waiting.image_ids or (self._whole is not None and truth is None):
            self._match_waiting()
            return combine(self._blocks, self._settings, self._whole, self._categories, num_threads)
        rows_found, rows_truth = waiting.places_in_images()
        if truth is not None:
            rows_truth = np.zeros(0, dtype=np.int32)  # their rows in the whole are their names
        if truth is None or selection is None:
            truth = waiting.ground_truth(waiting.listed_categories() if self._categories is None else self._categories)
            selection = Selection.of(truth, None, None, use_categories=self._settings.protocol.use_categories)
        return match_at_once(
            waiting.detections(),
            truth,
            selection,
            self._settings,
            places=(rows_found, rows_truth),
            whole=self._whole is not None,
            num_threads=num_threads,
        )

    @property
    def nbytes(self) -> int:
        """Bytes of the state: outcomes of what is matched, and columns of what waits."""
        return sum(block.nbytes for block in self._blocks) + self._waiting.nbytes

    def __repr__(self) -> str:
        """Short: what is compared, and how much there is."""
        images = sum(len(block.image_ids) for block in self._blocks) + len(self._waiting.image_ids)
        return f"DetectionEvaluator({self._settings.iou_type}: {images} images)"

    # ---- copies -------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: settings and outcomes, without ground truth."""
        self._match_waiting()
        state = self.__dict__ | {
            "_truth": None,
            "_selection": None,
            "_image_ids": None,
            "_image_of_truth": None,
            "_blocks": list(self._blocks),
        }
        del state["_waiting"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """From pickle."""
        self.__dict__.update(state)
        self._waiting = Waiting()

    def __copy__(self) -> DetectionEvaluator:
        """A copy that shares the ground truth, and what is matched so far."""
        copied = DetectionEvaluator.__new__(DetectionEvaluator)
        copied.__setstate__(self.__getstate__())
        for name in ("_truth", "_selection", "_image_ids", "_image_of_truth"):
            setattr(copied, name, getattr(self, name))
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> DetectionEvaluator:
        """The same as a copy: what is shared never changes."""
        return self.__copy__()


def _require_length(images: Sequence[Any], ids: list[Id], name: str) -> None:
    if len(images) != len(ids):
        raise ValueError(f"{name}: expected one dict for each of {len(ids)} images, got {len(images)}")


def _or_none(ids: npt.NDArray[Any] | None) -> Any:
    return np.zeros(0) if ids is None else ids
