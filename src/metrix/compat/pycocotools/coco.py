"""``pycocotools.coco``: annotation files and results.

No kernel: files are read by ``metrix.records``, masks made by ``metrix.masks``.

``COCO(path)`` and ``loadRes`` read columns. The dicts of the reference (``dataset``, ``anns``, ``imgs``, ``cats``,
``imgToAnns``, ``catToImgs``) are made when somebody looks at one of them, from the file, which stays open until then; from
that moment on an evaluation counts what the dicts say, as they may have been changed.

What differs from the reference on purpose:

- Files may be compressed with gzip or zstd. A file that is written to after it was read raises RuntimeError when its dicts
  are asked for.
- ``loadRes`` gives dicts of the caller the fields of the reference, but reads a file or an array into columns, where these
  fields are made with the dicts. Where the first record of a file has an empty list as its box, the box around its mask or
  pose counts; the reference keeps the empty list and stops when boxes are compared.

Example:
    >>> from metrix.compat.pycocotools.coco import COCO
    >>> coco = COCO()
    >>> coco.dataset = {"images": [{"id": 7}], "categories": [{"id": 1, "name": "cat"}],
    ...                 "annotations": [{"id": 5, "image_id": 7, "category_id": 1, "bbox": [0, 0, 2, 3]}]}
    >>> coco.createIndex()
    creating index...
    index created!
    >>> coco.getAnnIds(imgIds=[7]), coco.getCatIds(catNms=["cat"])
    ([5], [1])

Source: pycocotools 2.0.11, ``coco.py``.
"""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat._held import Held, HeldDicts, has_own_methods
from metrix.compat._pending import PendingGroundTruth, PendingResults, Record, ResultsInList, are_known
from metrix.compat.pycocotools import mask as maskUtils
from metrix.compat.pycocotools._drawing import draw_annotations
from metrix.compat.pycocotools._pending import (
    ResultsInArray,
    ResultsInFile,
    captions_head,
    completed,
    dataset_head,
    follows_the_usual_form,
    kind_of,
    records_of_table,
)

__author__ = "tylin"

#: Instance files have no keypoints and those of persons few other fields, so this reads no more than an evaluation of boxes
#: or keypoints needs.
_FIRST_FIELDS = ("bbox", "keypoints")


def _isArrayLike(obj: Any) -> bool:
    return hasattr(obj, "__iter__") and hasattr(obj, "__len__")


def _as_list(ids: Any) -> Any:
    return ids if _isArrayLike(ids) else [ids]


def _members(ids: Any) -> Any:
    """The same for ``in``, but found at once."""
    if isinstance(ids, (list, tuple, np.ndarray)):
        try:
            return set(ids)
        except TypeError:
            pass
    return ids


class COCO(HeldDicts):
    """Annotations of a data set, or results of a detector on it.

    Args:
        annotation_file: path of a JSON file; None for an empty one.

    Raises:
        OSError: if the file cannot be read.
        AssertionError: if it holds something else than an object.
        KeyError: if a record lacks its id.
    """

    anns = Held()
    cats = Held()
    imgs = Held()
    imgToAnns = Held()
    catToImgs = Held()

    def __init__(self, annotation_file: Any = None) -> None:
        """Read the file."""
        vars(self).update(_index({}), dataset={})
        if annotation_file is None:
            return
        print("loading annotations into memory...")
        tic = time.time()
        try:
            if type(self).createIndex is not _createIndex:
                raise ValueError("a subclass wants to see the dicts")
            pending = PendingGroundTruth(annotation_file, _FIRST_FIELDS)
        except (ValueError, TypeError):  # then all is as in the reference, its exceptions too
            with open(annotation_file) as file:
                dataset = json.load(file)
            assert type(dataset) is dict, f"annotation file format {type(dataset)} not supported"
            print(f"Done (t={time.time() - tic:0.2f}s)")
            self.dataset = dataset
            self.createIndex()
            return
        self._wait_for(pending)
        print(f"Done (t={time.time() - tic:0.2f}s)")
        _print_index()

    @staticmethod
    def _index_of(dataset: Any) -> dict[str, Any]:
        return _index(dataset)

    def createIndex(self) -> None:
        """Make ``anns``, ``imgs``, ``cats``, ``imgToAnns`` and ``catToImgs`` of ``dataset``."""
        print("creating index...")
        vars(self).update(_index(self.dataset))
        print("index created!")

    def info(self) -> None:
        """Print the ``info`` of the file."""
        for key, value in self.dataset["info"].items():
            print(f"{key}: {value}")

    # ---- ids --------------------------------------------------------------------------------------------------------

    def getAnnIds(self, imgIds: Any = [], catIds: Any = [], areaRng: Any = [], iscrowd: Any = None) -> list[Any]:
        """Ids of the annotations of these images and categories, between two areas (both outside), of this crowd flag."""
        imgIds, catIds = _as_list(imgIds), _as_list(catIds)
        held = self._peek()
        if len(imgIds) == len(catIds) == len(areaRng) == 0:
            anns = held["dataset"]["annotations"]
        else:
            if len(imgIds) == 0:
                anns = held["dataset"]["annotations"]
            else:
                by_image = held["imgToAnns"]
                anns = [ann for imgId in imgIds if imgId in by_image for ann in by_image[imgId]]
            if len(catIds) != 0:
                chosen = _members(catIds)
                anns = [ann for ann in anns if ann["category_id"] in chosen]
            if len(areaRng) != 0:
                anns = [ann for ann in anns if ann["area"] > areaRng[0] and ann["area"] < areaRng[1]]
        if iscrowd is not None:
            return [ann["id"] for ann in anns if ann["iscrowd"] == iscrowd]
        return [ann["id"] for ann in anns]

    def getCatIds(self, catNms: Any = [], supNms: Any = [], catIds: Any = []) -> list[Any]:
        """Ids of the categories of these names, supercategories and ids."""
        cats = self._peek()["dataset"]["categories"]
        for field, values in (("name", catNms), ("supercategory", supNms), ("id", catIds)):
            wanted = _as_list(values)
            if len(wanted) != 0:
                cats = [cat for cat in cats if cat[field] in wanted]
        return [cat["id"] for cat in cats]

    def getImgIds(self, imgIds: Any = [], catIds: Any = []) -> list[Any]:
        """Ids of the images with one of these ids and with objects of all these categories."""
        imgIds, catIds = _as_list(imgIds), _as_list(catIds)
        held = self._peek()
        if len(imgIds) == len(catIds) == 0:
            return list(held["imgs"])
        ids = set(imgIds)
        for place, catId in enumerate(catIds):
            if place == 0 and len(ids) == 0:
                ids = set(held["catToImgs"][catId])
            else:
                ids &= set(held["catToImgs"][catId])
        return list(ids)

    # ---- records ----------------------------------------------------------------------------------------------------

    def loadAnns(self, ids: Any = []) -> Any:
        """The annotations of these ids."""
        return _look_up(self.anns, ids)

    def loadCats(self, ids: Any = []) -> Any:
        """The categories of these ids."""
        return _look_up(self.cats, ids)

    def loadImgs(self, ids: Any = []) -> Any:
        """The images of these ids."""
        return _look_up(self.imgs, ids)

    def showAnns(self, anns: Any, draw_bbox: bool = False) -> Any:
        """Draw annotations on the current axes of matplotlib, or print captions."""
        if len(anns) == 0:
            return 0
        if "segmentation" in anns[0] or "keypoints" in anns[0]:
            draw_annotations(self, anns, draw_bbox)
        elif "caption" in anns[0]:
            for ann in anns:
                print(ann["caption"])
        else:
            raise Exception("datasetType not supported")
        return None

    def annToRLE(self, ann: Any) -> Any:
        """The annotation's mask as compressed run lengths."""
        image = self.imgs[ann["image_id"]]
        height, width = image["height"], image["width"]
        segmentation = ann["segmentation"]
        if type(segmentation) is list:
            return maskUtils.merge(maskUtils.frPyObjects(segmentation, height, width))
        if type(segmentation["counts"]) is list:
            return maskUtils.frPyObjects(segmentation, height, width)
        return ann["segmentation"]

    def annToMask(self, ann: Any) -> Any:
        """The annotation's mask as uint8 pixels of shape (H, W)."""
        return maskUtils.decode(self.annToRLE(ann))

    # ---- results ----------------------------------------------------------------------------------------------------

    def loadRes(self, resFile: Any) -> COCO:
        """Results of a detector on the images of this ground truth.

        Args:
            resFile: path of a JSON file, the list in such a file, or an (N, 7) array of image id, x, y, width, height,
                score, category id. Dicts of a list get ids and whatever they lack of area, bbox, segmentation and iscrowd.

        Raises:
            AssertionError: if the results are no list, or an image is not of this ground truth.
            IndexError: if there are no results.
            KeyError: if a result lacks a field that the first one has.
        """
        res = COCO()
        print("Loading and preparing results...")
        tic = time.time()
        pending = self._pending_results(resFile) if is_plain(self) else None
        if pending is None:
            if type(resFile) is str:
                with open(resFile) as file:
                    anns = json.load(file)
            elif type(resFile) is np.ndarray:
                anns = self.loadNumpyAnnotations(resFile)
            else:
                anns = resFile
            assert type(anns) is list, "results in not an array of objects"
            _require_known(self, [ann["image_id"] for ann in anns])
            kind = kind_of(anns[0])
            if is_plain(self) and kind in ("bbox", "segmentation", "keypoints"):
                pending = ResultsInList(_head_of(self), completed(anns))
            else:
                dataset = self.dataset
                head = dataset_head(dataset) if kind not in ("", "caption") else captions_head(dataset, anns)
                vars(res)["dataset"] = {**head, "annotations": completed(anns)}
        print(f"DONE (t={time.time() - tic:0.2f}s)")
        if pending is None:
            res.createIndex()
        else:
            res._wait_for(pending)
            _print_index()
        return res

    def _pending_results(self, resFile: Any) -> PendingResults | None:
        """The results as columns, if the reference would take them without an exception."""
        pending: ResultsInFile | ResultsInArray
        try:
            if type(resFile) is str:
                pending = ResultsInFile(_head_of(self), resFile)
            elif type(resFile) is np.ndarray and resFile.dtype == np.float64 and resFile.shape[1:] == (7,):
                pending = ResultsInArray(_head_of(self), resFile)
            else:
                return None
        except (ValueError, TypeError):
            return None
        if not follows_the_usual_form(pending.found) or not are_known(pending.found.image_id, _image_ids(self)):
            return None
        if type(resFile) is np.ndarray:
            _print_conversion(resFile)
        return pending

    def loadNumpyAnnotations(self, data: Any) -> list[Record]:
        """Results of an (N, 7) array of image id, x, y, width, height, score, category id as dicts."""
        assert type(data) is np.ndarray
        _print_conversion(data)
        return records_of_table(data)

    def download(self, tarDir: Any = None, imgIds: Any = []) -> Any:
        """Fetch images by their ``coco_url`` into a folder."""
        if tarDir is None:
            print("Please specify target directory")
            return -1
        from urllib.request import urlretrieve  # takes longer than all other imports here

        images = list(self.imgs.values()) if len(imgIds) == 0 else self.loadImgs(imgIds)
        os.makedirs(tarDir, exist_ok=True)
        for place, image in enumerate(images):
            tic = time.time()
            path = os.path.join(tarDir, image["file_name"])
            if not os.path.exists(path):
                urlretrieve(image["coco_url"], path)
            print(f"downloaded {place}/{len(images)} images (t={time.time() - tic:0.1f}s)")
        return None


_createIndex = COCO.createIndex
#: What an evaluation or ``loadRes`` may pass over as long as nobody has put something else into its place.
_SELECTION = {name: COCO.__dict__[name] for name in ("getAnnIds", "getCatIds", "getImgIds", "loadAnns", "annToRLE")}


def is_plain(coco: Any) -> bool:
    """Whether it is a COCO of this module whose ways of finding annotations are its own."""
    return isinstance(coco, COCO) and has_own_methods(coco, _SELECTION)


def pending_of(coco: Any) -> PendingGroundTruth | PendingResults | None:
    """Columns that say what the dicts would, or None where the dicts count."""
    return coco._pending if is_plain(coco) else None


def _head_of(coco: COCO) -> Callable[[], Record]:
    """Info, images and categories: as they are now where there are dicts, else as they will be in the file."""
    if coco._is_made:
        head = dataset_head(coco._peek()["dataset"])
        return lambda: head

    def head_of_file() -> Record:
        return dataset_head(coco._peek()["dataset"])

    return head_of_file


def _image_ids(coco: COCO) -> npt.NDArray[Any]:
    if isinstance(coco._pending, PendingGroundTruth):
        return coco._pending.truth.image_ids
    return np.unique(np.array(coco.getImgIds()))


def _require_known(coco: Any, image_ids: list[Any]) -> None:
    pending = pending_of(coco)
    known = set(pending.truth.image_ids.tolist() if isinstance(pending, PendingGroundTruth) else coco.getImgIds())
    assert set(image_ids) <= known, "Results do not correspond to current coco set"


def _index(dataset: Any) -> dict[str, Any]:
    anns: dict[Any, Record] = {}
    by_image: defaultdict[Any, list[Record]] = defaultdict(list)
    for ann in dataset.get("annotations", ()):
        by_image[ann["image_id"]].append(ann)
        anns[ann["id"]] = ann
    imgs = {image["id"]: image for image in dataset.get("images", ())}
    cats = {category["id"]: category for category in dataset.get("categories", ())}
    by_category: defaultdict[Any, list[Any]] = defaultdict(list)
    if "categories" in dataset:
        for ann in dataset.get("annotations", ()):
            by_category[ann["category_id"]].append(ann["image_id"])
    return {"anns": anns, "cats": cats, "imgs": imgs, "imgToAnns": by_image, "catToImgs": by_category}


def _look_up(table: dict[Any, Record], ids: Any) -> Any:
    if _isArrayLike(ids):
        return [table[id] for id in ids]
    return [table[ids]] if type(ids) is int else None


def _print_index() -> None:
    print("creating index...")
    print("index created!")


def _print_conversion(data: npt.NDArray[Any]) -> None:
    print("Converting ndarray to lists...")
    print(data.shape)
    assert data.shape[1] == 7
    for row in range(0, data.shape[0], 1000000):
        print(f"{row}/{data.shape[0]}")
