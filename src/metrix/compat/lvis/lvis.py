"""``lvis.lvis``: annotation files of LVIS.

No kernel: files are read by ``metrix.records``, masks made by ``metrix.masks``.

``LVIS(path)`` reads columns. The dicts of the reference (``dataset``, ``anns``, ``imgs``, ``cats``, ``img_ann_map``,
``cat_img_map``) are made when somebody looks at one of them, from the file, which stays open until then; from that moment on
an evaluation counts what the dicts say, as they may have been changed.

What differs from the reference on purpose: files may be compressed with gzip or zstd, and a file that is written to after
it was read raises RuntimeError when its dicts are asked for.

Example:
    >>> import json, pathlib, tempfile
    >>> from metrix.compat.lvis import LVIS
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "truth.json"
    >>> _ = path.write_text(json.dumps({
    ...     "images": [{"id": 7, "neg_category_ids": [], "not_exhaustive_category_ids": []}],
    ...     "categories": [{"id": 1, "frequency": "r"}],
    ...     "annotations": [{"id": 5, "image_id": 7, "category_id": 1, "bbox": [0, 0, 2, 3], "area": 6}]}))
    >>> truth = LVIS(str(path))
    >>> truth.get_ann_ids(img_ids=[7]), truth.load_cats([1])
    ([5], [{'id': 1, 'frequency': 'r'}])

Source: lvis 0.5.3, ``lvis.py``.
"""

from __future__ import annotations

import json
import logging
import os
from collections import defaultdict
from typing import Any

from metrix.compat._held import Held, HeldDicts, has_own_methods
from metrix.compat._pending import PendingGroundTruth, PendingResults, Record
from metrix.compat.pycocotools import mask as mask_utils

#: What an evaluation of boxes reads; masks, most of a file, are read when they are wanted.
_FIRST_FIELDS = ("bbox", "federated")


class LVIS(HeldDicts):
    """Annotations of a data set.

    Args:
        annotation_path: path of a JSON file.

    Raises:
        OSError: if the file cannot be read.
        AssertionError: if it holds something else than an object.
        KeyError: if it lacks a list, or a record its id.
    """

    anns = Held()
    cats = Held()
    imgs = Held()
    img_ann_map = Held()
    cat_img_map = Held()

    def __init__(self, annotation_path: Any) -> None:
        """Read the file."""
        self.logger = logging.getLogger("lvis.lvis")
        self.logger.info("Loading annotations.")
        pending = self._pending_truth(annotation_path)
        if pending is not None:
            self._wait_for(pending)
            self._log_index()
            return
        self.dataset = self._load_json(annotation_path)
        kind = type(self.dataset)
        assert kind is dict, f"Annotation file format {kind} not supported."
        self._create_index()

    def _pending_truth(self, path: Any) -> PendingGroundTruth | None:
        """The file as columns, if the reference would take it without an exception."""
        if not has_own_methods(self, _LOADING):
            return None
        try:
            pending = PendingGroundTruth(path, _FIRST_FIELDS)
        except (ValueError, TypeError):
            return None
        truth = pending.truth
        is_whole = truth.has("id").all() and len(truth) and len(truth.image_ids) and len(truth.category_ids)
        return pending if is_whole else None

    def _load_json(self, path: Any) -> Any:
        with open(path) as file:
            return json.load(file)

    def _log_index(self) -> None:
        self.logger.info("Creating index.")
        self.logger.info("Index created.")

    def _create_index(self) -> None:
        self.logger.info("Creating index.")
        vars(self).update(_index(self.dataset))
        self.logger.info("Index created.")

    @staticmethod
    def _index_of(dataset: Any) -> dict[str, Any]:
        return _index(dataset)

    def get_ann_ids(self, img_ids: Any = None, cat_ids: Any = None, area_rng: Any = None) -> list[Any]:
        """Ids of the annotations of these images and categories, between two areas (both outside).

        With categories but without areas, those of an area above 0 and finite.
        """
        held = self._peek()
        if img_ids is None:
            anns = held["dataset"]["annotations"]
        else:
            by_image = held["img_ann_map"]
            anns = [ann for img_id in img_ids for ann in by_image[img_id]]
        if cat_ids is None and area_rng is None:
            return [ann["id"] for ann in anns]
        chosen = set(cat_ids)
        low, high = (0, float("inf")) if area_rng is None else (area_rng[0], area_rng[1])
        return [ann["id"] for ann in anns if ann["category_id"] in chosen and ann["area"] > low and ann["area"] < high]

    def get_cat_ids(self) -> list[Any]:
        """Ids of all categories."""
        return list(self._peek()["cats"])

    def get_img_ids(self) -> list[Any]:
        """Ids of all images."""
        return list(self._peek()["imgs"])

    def _load_helper(self, _dict: Any, ids: Any) -> list[Record]:
        return list(_dict.values()) if ids is None else [_dict[id] for id in ids]

    def load_anns(self, ids: Any = None) -> list[Record]:
        """The annotations of these ids, or all."""
        return self._load_helper(self.anns, ids)

    def load_cats(self, ids: Any) -> list[Record]:
        """The categories of these ids; of None, all."""
        return self._load_helper(self.cats, ids)

    def load_imgs(self, ids: Any) -> list[Record]:
        """The images of these ids; of None, all."""
        return self._load_helper(self.imgs, ids)

    def download(self, save_dir: Any, img_ids: Any = None) -> None:
        """Fetch images by their ``coco_url`` into a folder."""
        from urllib.request import urlretrieve  # takes longer than all other imports here

        images = self.load_imgs(img_ids)
        os.makedirs(save_dir, exist_ok=True)
        for image in images:
            path = os.path.join(save_dir, image["coco_url"].split("/")[-1])
            if not os.path.exists(path):
                urlretrieve(image["coco_url"], path)

    def ann_to_rle(self, ann: Any) -> Any:
        """The annotation's mask as compressed run lengths."""
        image = self.imgs[ann["image_id"]]
        height, width = image["height"], image["width"]
        segmentation = ann["segmentation"]
        if isinstance(segmentation, list):
            return mask_utils.merge(mask_utils.frPyObjects(segmentation, height, width))
        if isinstance(segmentation["counts"], list):
            return mask_utils.frPyObjects(segmentation, height, width)
        return segmentation

    def ann_to_mask(self, ann: Any) -> Any:
        """The annotation's mask as uint8 pixels of shape (H, W)."""
        return mask_utils.decode(self.ann_to_rle(ann))


_LOADING = {name: LVIS.__dict__[name] for name in ("_load_json", "_create_index")}
#: What an evaluation may pass over as long as nobody has put something else into its place.
_SELECTION = {
    name: LVIS.__dict__[name]
    for name in (
        *_LOADING,
        "get_ann_ids",
        "get_cat_ids",
        "get_img_ids",
        "_load_helper",
        "load_anns",
        "load_cats",
        "load_imgs",
        "ann_to_rle",
    )
}


def is_plain(lvis: LVIS) -> bool:
    """Whether its ways of finding annotations are those of this module."""
    return has_own_methods(lvis, _SELECTION)


def pending_of(lvis: LVIS) -> PendingGroundTruth | PendingResults | None:
    """Columns that say what the dicts would, or None where the dicts count."""
    return lvis._pending if is_plain(lvis) else None


def _index(dataset: Any) -> dict[str, Any]:
    by_image: defaultdict[Any, list[Record]] = defaultdict(list)
    anns: dict[Any, Record] = {}
    for ann in dataset["annotations"]:
        by_image[ann["image_id"]].append(ann)
        anns[ann["id"]] = ann
    imgs = {image["id"]: image for image in dataset["images"]}
    cats = {category["id"]: category for category in dataset["categories"]}
    by_category: defaultdict[Any, list[Any]] = defaultdict(list)
    for ann in dataset["annotations"]:
        by_category[ann["category_id"]].append(ann["image_id"])
    return {"img_ann_map": by_image, "cat_img_map": by_category, "anns": anns, "cats": cats, "imgs": imgs}
