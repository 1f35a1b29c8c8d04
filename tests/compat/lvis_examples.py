"""A small data set of LVIS."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

from compat.comparison import write
from compat.examples import FOUND as COCO_FOUND
from compat.examples import TRUTH as COCO_TRUTH
from compat.lvis_comparison import collecting

TRUTH = copy.deepcopy(COCO_TRUTH)
TRUTH["annotations"][2]["ignore"] = 0
FOUND = copy.deepcopy(COCO_FOUND)
FOUND += [  # a wrong one, and one that is excused
    {"image_id": 7, "category_id": 2, "bbox": [30.0, 20.0, 5.0, 5.0], "score": 0.5},
    {"image_id": 3, "category_id": 2, "bbox": [40.0, 30.0, 5.0, 5.0], "score": 0.9},
]
for _category, _frequency in zip(TRUTH["categories"], "rf", strict=True):
    _category.update(frequency=_frequency, synset=f"{_category['name']}.n.01")
for _image in TRUTH["images"]:
    _image.update(
        neg_category_ids=[1, 2],
        not_exhaustive_category_ids=[2][_image["id"] == 7 :],
        coco_url=f"http://nowhere/{_image['id']}.png",
    )


def truth_of(package: Any, folder: Path, truth: Any = None) -> Any:
    """By a file of its own, in a new folder each time."""
    with collecting([]):
        return package.LVIS(str(write(Path(tempfile.mkdtemp(dir=folder)) / "truth.json", truth or TRUTH)))


def sides(package: Any, folder: Path, found: Any = None) -> tuple[Any, Any]:
    """Both by files."""
    truth = truth_of(package, folder)
    with collecting([]):
        path = write(Path(tempfile.mkdtemp(dir=folder)) / "found.json", found or FOUND)
        return truth, package.LVISResults(truth, str(path))
