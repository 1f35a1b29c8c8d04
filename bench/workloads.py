"""The named workloads: COCO-format ground truth and detections, generated once into a cache folder.

    workload = WORKLOADS["val2017_bbox_36k"]
    workload.ensure()                       # generate, unless it is there
    workload.ground_truth_path              # files
    workload.ground_truth_lists()           # what json.load gives
    workload.ground_truth_columns()         # NumPy columns

A workload is a function of its name and version: change a generator, and raise ``VERSION``. The cache folder is
``.cache`` beside this file, or what METRIX_BENCH_CACHE names. Only generation needs pycocotools (to rasterise
masks); reading columns needs NumPy alone and the rest nothing, so a timed process may import this module.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from columns import DetectionColumns, GroundTruthColumns

VERSION = 1


def cache_folder() -> Path:
    """Where workloads, reference results and the environment are kept."""
    return Path(os.environ.get("METRIX_BENCH_CACHE") or Path(__file__).resolve().parent / ".cache")


@dataclass(frozen=True)
class Workload:
    """One named pair of ground truth and detections. Several workloads may share a ground truth."""

    name: str
    description: str
    iou_type: str  # "bbox", "segm", "boundary" or "keypoints"
    ground_truth: str  # the name of the ground truth, a folder of the cache
    most_per_image: int
    mean_extra: float | None = None
    median_per_image: float | None = None
    same_files_as: str | None = None  # the name of another workload
    protocol: str = "coco"  # of metrix; its reference is pycocotools, or lvis

    @property
    def folder(self) -> Path:
        """The folder of the detections and of the reference results."""
        return cache_folder() / f"{self.same_files_as or self.name}-v{VERSION}"

    @property
    def ground_truth_folder(self) -> Path:
        """The folder of the ground truth."""
        return cache_folder() / f"{self.ground_truth}-v{VERSION}"

    @property
    def ground_truth_path(self) -> Path:
        """The COCO-format ground truth."""
        return self.ground_truth_folder / "ground_truth.json"

    @property
    def detections_path(self) -> Path:
        """The COCO-format results."""
        return self.folder / "detections.json"

    @property
    def boxed_detections_path(self) -> Path:
        """The same results with a ``bbox`` key in each record, for packages that insist on one."""
        return self.detections_path if self.iou_type == "bbox" else self.folder / "detections_boxed.json"

    @property
    def reference_path(self) -> Path:
        """Where the arrays of the reference are kept."""
        return self.folder / ("reference.npz" if self.same_files_as is None else f"reference_{self.iou_type}.npz")

    @property
    def routes(self) -> tuple[str, ...]:
        """The input forms that make sense; columns of masks or poses are nobody's common form."""
        if self.protocol != "coco":
            return ("files",)
        return ("files", "lists", "arrays") if self.iou_type == "bbox" else ("files", "lists")

    def ensure(self) -> None:
        """Generate what is not there yet. Deterministic, and atomic: a folder is complete or absent."""
        if self.same_files_as is not None:
            WORKLOADS[self.same_files_as].ensure()
            return
        needed = (self.ground_truth_path, self.detections_path, self.boxed_detections_path)
        if all(path.exists() for path in needed):
            return
        # Imported here: generation needs pycocotools, a timed process does not.
        from synthesis.build import build

        print(f"generating {self.name} ...", file=sys.stderr, flush=True)
        build(self, _fill_folder)

    def facts(self) -> dict[str, Any]:
        """Counts, sizes and checksums of both files."""
        folders = {"ground_truth": self.ground_truth_folder, "detections": self.folder}
        return {side: json.loads((folder / "facts.json").read_text()) for side, folder in folders.items()}

    def ground_truth_lists(self) -> dict[str, Any]:
        """The ground truth as ``json.load`` gives it."""
        with self.ground_truth_path.open("rb") as file:
            return json.load(file)

    def detection_lists(self, *, boxed: bool = False) -> list[dict[str, Any]]:
        """The results as ``json.load`` gives them; ``boxed``: those of :attr:`boxed_detections_path`."""
        with (self.boxed_detections_path if boxed else self.detections_path).open("rb") as file:
            return json.load(file)

    def ground_truth_columns(self) -> GroundTruthColumns:
        """The ground truth as columns."""
        from columns import load_ground_truth_columns

        return load_ground_truth_columns(self.ground_truth_folder / "columns.npz")

    def detection_columns(self) -> DetectionColumns:
        """The results as columns."""
        from columns import load_detection_columns

        return load_detection_columns(self.folder / "columns.npz")

    def seed(self, purpose: str) -> list[int]:
        """The seed of one random stream: a function of names and version, and of nothing else."""
        return [VERSION, zlib.crc32(purpose.encode())]


def _fill_folder(folder: Path, file_name: str, write: Callable[[Path], GroundTruthColumns | DetectionColumns]) -> None:
    """Let ``write`` make the JSON file, add columns and facts, and put the folder into place in one step."""
    from columns import GroundTruthColumns, save_columns

    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name}.part"))
    try:
        path = scratch / file_name
        columns = write(path)
        save_columns(scratch / "columns.npz", columns)
        facts: dict[str, Any] = {
            "records": len(columns.image_id),
            "bytes": path.stat().st_size,
            "sha256": _sha256(path),
        }
        if isinstance(columns, GroundTruthColumns):
            facts["images"] = len(columns.image_ids)
            facts["categories"] = len(columns.category_ids)
            facts["crowds"] = int(columns.iscrowd.sum())
        (scratch / "facts.json").write_text(json.dumps(facts, indent=2) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        scratch.chmod(0o755)
        scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


_ALL = [
    Workload(
        name="val2017_bbox_36k",
        description="boxes of a small detector at a usual score threshold, about 7 an image",
        iou_type="bbox",
        ground_truth="val2017_instances",
        most_per_image=100,
        mean_extra=2.3,
    ),
    Workload(
        name="val2017_bbox_500k",
        description="boxes of a detector without threshold, about 100 an image, at most 300",
        iou_type="bbox",
        ground_truth="val2017_instances",
        most_per_image=300,
        median_per_image=92.0,
    ),
    Workload(
        name="val2017_segm_36k",
        description="masks (compressed RLE, no box), about 7 an image",
        iou_type="segm",
        ground_truth="val2017_instances",
        most_per_image=100,
        mean_extra=2.3,
    ),
    Workload(
        name="val2017_segm_125k",
        description="masks (compressed RLE, no box), about 25 an image",
        iou_type="segm",
        ground_truth="val2017_instances",
        most_per_image=100,
        median_per_image=23.1,
    ),
    Workload(
        name="val2017_boundary_36k",
        description="the masks of val2017_segm_36k and their boundaries",
        iou_type="boundary",
        ground_truth="val2017_instances",
        most_per_image=100,
        same_files_as="val2017_segm_36k",
    ),
    Workload(
        name="val2017_boundary_125k",
        description="the masks of val2017_segm_125k and their boundaries",
        iou_type="boundary",
        ground_truth="val2017_instances",
        most_per_image=100,
        same_files_as="val2017_segm_125k",
    ),
    Workload(
        name="val2017_kpts_36k",
        description="poses of 17 keypoints, about 7 an image",
        iou_type="keypoints",
        ground_truth="val2017_person_keypoints",
        most_per_image=100,
        mean_extra=5.6,
    ),
    Workload(
        name="val2017_kpts_100k",
        description="poses of 17 keypoints, about 20 an image",
        iou_type="keypoints",
        ground_truth="val2017_person_keypoints",
        most_per_image=100,
        median_per_image=18.7,
    ),
    Workload(
        name="objects365_bbox",
        description="boxes in 80 000 images of 365 categories, 30 an image, no segmentation anywhere",
        iou_type="bbox",
        ground_truth="objects365",
        most_per_image=300,
        median_per_image=27.2,
    ),
    Workload(
        name="lvis_bbox_2k",
        description="boxes in 2000 images of 1203 categories, 300 an image, judged in some dozen categories each",
        iou_type="bbox",
        ground_truth="lvis_2k",
        most_per_image=300,
        median_per_image=3000.0,
        protocol="lvis",
    ),
    Workload(
        name="lvis_bbox_20k",
        description="the same in 20 000 images",
        iou_type="bbox",
        ground_truth="lvis_20k",
        most_per_image=300,
        median_per_image=3000.0,
        protocol="lvis",
    ),
]

WORKLOADS: dict[str, Workload] = {workload.name: workload for workload in _ALL}
