"""What must work with metrix, NumPy and pytest alone: run from anywhere, against an installed wheel."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metrix

#: The longest a child may take before it counts as hanging.
PATIENCE = 60.0

IMAGES = [{"id": 1, "height": 10, "width": 20}, {"id": 2, "height": 10, "width": 20}]
CATEGORIES = [{"id": 3, "name": "cat"}]


def truth_of(*annotations: dict[str, Any]) -> dict[str, Any]:
    common = {"category_id": 3, "iscrowd": 0, "area": 2000.0}
    rows = [{**common, "id": i + 1, **annotation} for i, annotation in enumerate(annotations)]
    return {"images": IMAGES, "categories": CATEGORIES, "annotations": rows}


def found(image_id: int, score: float, **shape: Any) -> dict[str, Any]:
    return {"image_id": image_id, "category_id": 3, "score": score, **shape}


# Two objects. The best detection is a false positive, the second a match of IoU 0.8, the third finds nothing: a recall
# of 1/2 at precision 1/2 up to a threshold of 0.8, so 51 of the 101 recall levels (0 to 0.5) hold 1/2, the others 0.
BOXES = truth_of({"image_id": 1, "bbox": [0, 0, 10, 10]}, {"image_id": 2, "bbox": [0, 0, 10, 10]})
FOUND_BOXES = [
    found(1, 0.7, bbox=[0, 0, 10, 8]),
    found(1, 0.9, bbox=[50, 50, 5, 5]),
    found(2, 0.5, bbox=[20, 0, 4, 4]),
]
PER_THRESHOLD = 51 * 0.5 / 101


def test_every_public_module_is_importable() -> None:
    names = [module.name for module in pkgutil.iter_modules(metrix.__path__) if not module.name.startswith("_")]
    assert {"boxes", "masks", "keypoints", "records", "detection", "report", "cli"} <= set(names)
    for name in names:
        importlib.import_module(f"metrix.{name}")
    for name in metrix.__all__:
        assert hasattr(metrix, name)


@pytest.mark.parametrize("num_threads", [1, 2])
def test_boxes(num_threads: int) -> None:
    report = metrix.evaluate_detections(BOXES, FOUND_BOXES, num_threads=num_threads)
    stats = report.stats
    # Thresholds 0.5 to 0.8 are 7 of 10.
    assert stats["AP"] == pytest.approx(PER_THRESHOLD * 7 / 10, abs=1e-12)
    assert stats["AP50"] == pytest.approx(PER_THRESHOLD, abs=1e-12)
    assert stats["AP75"] == stats["AP50"]
    # Both unmatched detections are too small for this range, so that the match stands alone with a precision of 1.
    assert stats["APm"] == pytest.approx(2 * PER_THRESHOLD * 7 / 10, abs=1e-12)
    assert stats["APs"] == stats["APl"] == -1
    assert stats["AR1"] == 0  # the one detection allowed is the false positive
    assert stats["AR100"] == pytest.approx(0.5 * 7 / 10, abs=1e-12)
    assert "AP" in str(report)


@pytest.mark.parametrize("num_threads", [1, 2])
def test_masks_of_run_lengths_and_polygons(num_threads: int) -> None:
    # The first object is the columns 0 to 9 of a 10 x 20 image; its detection lacks two of them: IoU 0.8.
    truth = truth_of(
        {"image_id": 1, "segmentation": [[0, 0, 10, 0, 10, 10, 0, 10]]},
        {"image_id": 2, "segmentation": {"size": [10, 20], "counts": [0, 100, 100]}},
    )
    compressed = metrix.masks.to_string([0, 80, 120]).decode()
    records = [
        found(1, 0.9, segmentation={"size": [10, 20], "counts": compressed}),
        found(2, 0.7, segmentation=[[0, 0, 8, 0, 8, 10, 0, 10]]),
    ]
    report = metrix.evaluate_detections(truth, records, iou_type="segm", num_threads=num_threads)
    # Both match up to 0.8. The last recall level is 1, so all 101 hold precision 1.
    assert report.stats["AP"] == pytest.approx(7 / 10, abs=1e-12)
    assert report.stats["AR100"] == pytest.approx(7 / 10, abs=1e-12)


@pytest.mark.parametrize("num_threads", [1, 2])
def test_keypoints(num_threads: int) -> None:
    points = [coordinate for k in range(17) for coordinate in (float(k), 2.0 * k, 2)]
    elsewhere = [coordinate + 1000.0 for coordinate in points]
    truth = truth_of({"image_id": 1, "keypoints": points, "num_keypoints": 17, "bbox": [0, 0, 16, 32]})
    right = [found(1, 0.9, keypoints=points)]
    wrong = [found(1, 0.9, keypoints=elsewhere)]
    options: dict[str, Any] = {"iou_type": "keypoints", "num_threads": num_threads}
    assert metrix.evaluate_detections(truth, right, **options).stats["AP"] == pytest.approx(1, abs=1e-12)
    assert metrix.evaluate_detections(truth, wrong, **options).stats["AP"] == 0


def test_files_lists_and_arrays_agree(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps(BOXES))
    (tmp_path / "found.json").write_text(json.dumps(FOUND_BOXES))
    from_files = metrix.evaluate_detections(tmp_path / "truth.json", tmp_path / "found.json")
    from_lists = metrix.evaluate_detections(BOXES, FOUND_BOXES)
    from_arrays = metrix.evaluate_detections(
        metrix.GroundTruth.from_arrays(
            image_id=np.array([1, 2]), category_id=[3, 3], bbox=[[0, 0, 10, 10]] * 2, area=[2000, 2000], iscrowd=[0, 0]
        ),
        metrix.Detections.from_arrays(
            image_id=[1, 1, 2],
            category_id=[3, 3, 3],
            bbox=[record["bbox"] for record in FOUND_BOXES],
            score=np.array([0.7, 0.9, 0.5]),
        ),
    )
    for other in (from_lists, from_arrays):
        assert other.precision.tobytes() == from_files.precision.tobytes()
        assert other.stats == from_files.stats


def evaluate_in_child(num_threads: int | None) -> dict[str, float]:
    return dict(metrix.evaluate_detections(BOXES, FOUND_BOXES, num_threads=num_threads).stats)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_works_after_threads_were_used() -> None:
    expected = dict(metrix.evaluate_detections(BOXES, FOUND_BOXES, num_threads=2).stats)
    metrix.boxes.box_iou(np.zeros((300, 4)), np.zeros((300, 4)), num_threads=2)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        results = [pool.apply_async(evaluate_in_child, (threads,)) for threads in (None, 1, 2, 2)]
        for result in results:
            assert result.get(PATIENCE) == expected


def run_without(blocked: str, code: str) -> subprocess.CompletedProcess[str]:
    """A fresh interpreter in which these modules cannot be imported."""
    block = f"import sys\nfor name in {blocked.split()!r}:\n    sys.modules[name] = None\n"
    return subprocess.run([sys.executable, "-c", block + code], capture_output=True, text=True, timeout=PATIENCE)


def test_zstd_without_its_package_is_a_clear_message() -> None:
    code = "import metrix\nmetrix.records.read_detections(bytes.fromhex('28b52ffd00'))"
    done = run_without("zstandard compression compression.zstd", code)
    assert done.returncode == 1
    assert "ImportError" in done.stderr
    assert "pip install 'metrix[zstd]'" in done.stderr


def test_the_command_line_works_without_optional_packages(tmp_path: Path) -> None:
    (tmp_path / "truth.json").write_text(json.dumps(BOXES))
    (tmp_path / "found.json").write_text(json.dumps(FOUND_BOXES))
    arguments = ["eval", str(tmp_path / "truth.json"), str(tmp_path / "found.json"), "--json"]
    done = run_without(
        "rich zstandard torch pycocotools", f"from metrix.cli import main\nraise SystemExit(main({arguments!r}))"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stats"]["AP"] == pytest.approx(PER_THRESHOLD * 0.7, abs=1e-12)
