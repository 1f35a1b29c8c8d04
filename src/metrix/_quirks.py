"""What the reference does that surprises people, and whether it touched this data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Quirk:
    """One surprise of the reference that touched the data."""

    name: str
    count: int
    description: str
    #: Whether ``semantics="corrected"`` does otherwise.
    is_corrected: bool

    def __str__(self) -> str:
        """One line."""
        remedy = "; corrected with semantics='corrected'" if self.is_corrected else ""
        return f"{self.name} ({self.count}): {self.description}{remedy}"


#: name -> (description, whether semantics="corrected" does otherwise).
QUIRKS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "annotation_id_zero": (
            "ground truths with id 0: a detection that matches one counts as unmatched",
            True,
        ),
        "duplicate_annotation_id": (
            "annotations whose id comes again later: the last one stands in for all of them",
            True,
        ),
        "ignore_flag_overwritten": (
            "annotations with ignore = 1 and iscrowd = 0: they count like any other",
            True,
        ),
        "lone_true_positive": (
            "curves whose first counted detection is right: its precision is 0.9999999999999998, not 1",
            True,
        ),
        "nan_similarity": ("pairs of NaN similarity, which match at every threshold", True),
        "nan_score": ("detections of NaN score, sorted behind all others", False),
        "area_on_border": ("ground truths whose area lies in two neighbouring area ranges", False),
        "area_from_bbox": (
            "detections whose area is that of their bbox although masks or keypoints are evaluated",
            True,
        ),
        "unseen_category": (
            "detections of categories without ground truth, which no number shows",
            False,
        ),
        "unlisted_category": ("detections of categories that are not evaluated, which are left out", False),
        "unlisted_annotation": (
            "annotations of images or categories that the ground truth does not list, which are left out",
            False,
        ),
        "mask_size_mismatch": ("pairs of masks of different size, which never match", False),
        "cap_not_listed": ("published numbers that are -1 because max_detections lacks their cap", True),
        "class_agnostic_keypoints": (
            "keypoint detections evaluated without categories, of which the reference matches none",
            True,
        ),
        "area_left_out": (
            "annotations and detections whose area is not above 0 and finite, which LVIS leaves out",
            True,
        ),
        "crowd_not_read": ("annotations with iscrowd = 1, which count like any other", False),
        "unjudged_detection": (
            "detections of categories that their image neither shows nor is known not to show, which are left out",
            False,
        ),
        "class_agnostic_lvis": (
            "detections evaluated without categories, of which LVIS looks at those of category -1 alone",
            True,
        ),
        "missing_iscrowd": ("annotations without iscrowd, taken as 0; the reference stops", False),
        "missing_area": (
            "annotations without area, which is then that of their box or mask; the reference stops",
            False,
        ),
        "missing_annotation_id": ("annotations without id, each taken as distinct; the reference stops", False),
        "missing_num_keypoints": (
            "annotations without num_keypoints, which are then counted; the reference stops",
            False,
        ),
        "missing_neg_category_ids": (
            "images without neg_category_ids, taken as an empty list; the reference stops",
            False,
        ),
        "missing_not_exhaustive_category_ids": (
            "images without not_exhaustive_category_ids, taken as an empty list; the reference stops",
            False,
        ),
        "missing_frequency": ("categories without frequency, which belong to no group; the reference stops", False),
        "no_detections": ("an empty list of detections; the reference stops", False),
        "repeated_image": ("images that came again while streaming, of which one copy counts", False),
        "repeated_image_differs": ("images that came again with other contents, of which one copy counts", False),
    }
)

#: Counts of one image each: places, ascending, and how many.
ByImage = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]


class QuirkCounts:
    """How often each quirk was met, and in which images: a stream may have to take an image back."""

    def __init__(
        self, annotation_image: npt.NDArray[np.int32], detection_image: npt.NDArray[np.int32], *, by_image: bool
    ) -> None:
        """The image of each annotation and detection, or -1."""
        self._annotation_image, self._detection_image = annotation_image, detection_image
        self._is_by_image = by_image
        self.totals: dict[str, int] = {}
        #: Empty unless asked for.
        self.annotations_by_image: dict[str, ByImage] = {}
        self.detections_by_image: dict[str, ByImage] = {}

    def of_annotations(self, name: str, met: npt.NDArray[np.bool_]) -> None:
        """Which annotations met a quirk."""
        self._add(name, met, self._annotation_image, self.annotations_by_image)

    def of_detections(self, name: str, met: npt.NDArray[np.bool_]) -> None:
        """Which detections met a quirk."""
        self._add(name, met, self._detection_image, self.detections_by_image)

    def of_all_detections(self, name: str) -> None:
        """Every detection met a quirk."""
        self.of_detections(name, np.ones(len(self._detection_image), dtype=np.bool_))

    def _add(
        self, name: str, met: npt.NDArray[np.bool_], image: npt.NDArray[np.int32], by_image: dict[str, ByImage]
    ) -> None:
        count = int(np.count_nonzero(met))
        self.totals[name] = self.totals.get(name, 0) + count
        if self._is_by_image and count:
            images = image[met]
            by_image[name] = counts_by_place(np.bincount(images[images >= 0]))


def counts_by_place(counts: npt.NDArray[Any]) -> ByImage:
    """The places whose count is not 0, with their counts."""
    places = np.flatnonzero(counts)
    return places, counts[places].astype(np.int64)


def listed(counts: Mapping[str, int]) -> tuple[Quirk, ...]:
    """The quirks that touched the data, in the order of :data:`QUIRKS`."""
    return tuple(
        Quirk(name, counts[name], description, is_corrected)
        for name, (description, is_corrected) in QUIRKS.items()
        if counts.get(name, 0) > 0
    )
