"""``pycocotools.cocoeval``: the evaluation, with the interface, the printed text and the bits of the reference.

No kernel: composed from what ``metrix.evaluate_detections`` is made of.

``evaluate`` goes straight to the kernels. ``ious``, ``evalImgs`` and the arrays of ``eval`` are made when somebody looks at
them. Where a subclass or a patch puts something else into the place of ``computeIoU``, ``computeOks``, ``evaluateImg`` or
``_prepare``, where records or params are such that the reference would stop with an exception, and where ``evalImgs`` or
``_paramsEval`` were looked at or replaced, the steps of the reference are taken one by one instead, and end as they do
there: KeyError for a record without ``score``, ``area`` or ``iscrowd``, IndexError where ``maxDets`` has fewer than
three caps, and so on.

What differs from the reference on purpose:

- ``evaluate`` changes annotations (``ignore``, ``_ignore``, masks as run lengths) only where both sides are dicts that were
  looked at, and ``_ignore`` only where it takes the steps of the reference.
- Scores that a results file writes as integers are floats in ``evalImgs``. A category that an annotation file lists twice
  stands in ``params.catIds`` once.
- ``str(evaluation)`` prints the summary and is an empty text, where the reference raises TypeError.
- NumPy's warnings about numbers beyond all pixels are not given.

Example:
    >>> from metrix.compat.pycocotools.coco import COCO
    >>> from metrix.compat.pycocotools.cocoeval import COCOeval
    >>> import contextlib, io
    >>> with contextlib.redirect_stdout(io.StringIO()):
    ...     truth = COCO()
    ...     truth.dataset = {"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": [
    ...         {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100, "iscrowd": 0}]}
    ...     truth.createIndex()
    ...     found = truth.loadRes([{"image_id": 1, "category_id": 1, "bbox": [0, 0, 10, 8], "score": 0.9}])
    ...     evaluation = COCOeval(truth, found, "bbox")
    ...     evaluation.evaluate()
    ...     evaluation.accumulate()
    >>> evaluation.summarize()  # doctest: +ELLIPSIS
     Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.700
    ...
    >>> evaluation.eval["precision"].shape
    (10, 101, 1, 4, 3)

Source: pycocotools 2.0.11, ``cocoeval.py``.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import functools
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from metrix.compat._columns import UNSUITABLE, unique
from metrix.compat._held import has_own_methods
from metrix.compat._pending import PendingGroundTruth
from metrix.compat._promised import Promised, Promiser
from metrix.compat.pycocotools import _cells, _steps
from metrix.compat.pycocotools import mask as maskUtils
from metrix.compat.pycocotools._accumulation import accumulate_images
from metrix.compat.pycocotools._kernel_curves import CurvesOfKernels, curves_of
from metrix.compat.pycocotools._kernels import KernelEvaluation, evaluate_columns
from metrix.compat.pycocotools._summary import Curves, CurvesOfArrays, summarize
from metrix.compat.pycocotools.coco import pending_of
from metrix.protocols import COCO_DETECTION, COCO_KEYPOINTS, DetectionProtocol

__author__ = "tsungyi"
__all__ = ["COCOeval", "Params", "maskUtils"]


class COCOeval(Promiser):
    """Evaluation of detections on the ground truth they were loaded by.

    Args:
        cocoGt: COCO of the ground truth.
        cocoDt: COCO of the detections, as ``cocoGt.loadRes`` gives it.
        iouType: "segm", "bbox" or "keypoints".
    """

    evalImgs = Promised()
    eval = Promised()
    ious = Promised()
    _gts = Promised()
    _dts = Promised()

    #: What the last evaluate came by, if it went straight to the kernels, and the params of then.
    _kernels: KernelEvaluation | None = None
    _kernels_params: Any = None
    _curves: CurvesOfKernels | None = None

    def __init__(self, cocoGt: Any = None, cocoDt: Any = None, iouType: str = "segm") -> None:
        """Take both sides, and all images and categories of the ground truth into ``params``."""
        if not iouType:
            print("iouType not specified. use default iouType segm")
        self.cocoGt = cocoGt
        self.cocoDt = cocoDt
        self.evalImgs = defaultdict(list)
        self.eval = {}
        self._gts = defaultdict(list)
        self._dts = defaultdict(list)
        self.params: Any = Params(iouType=iouType)
        self._paramsEval: Any = {}
        self.stats: Any = []
        self.ious = {}
        if cocoGt is not None:
            pending = pending_of(cocoGt)
            if isinstance(pending, PendingGroundTruth):
                self.params.imgIds = pending.truth.image_ids.tolist()
                self.params.catIds = pending.truth.category_ids.tolist()
            else:
                self.params.imgIds = sorted(cocoGt.getImgIds())
                self.params.catIds = sorted(cocoGt.getCatIds())

    def evaluate(self) -> None:
        """Compare and match, by ``params``."""
        tic = time.time()
        print("Running per image evaluation...")
        p = self.params
        if p.useSegm is not None:
            p.iouType = "segm" if p.useSegm == 1 else "bbox"
            print(f"useSegm (deprecated) is not None. Running {p.iouType} evaluation")
        print(f"Evaluate annotation type *{p.iouType}*")
        p.imgIds = unique(p.imgIds)
        if p.useCats:
            p.catIds = unique(p.catIds)
        p.maxDets = sorted(p.maxDets)
        self.params = p

        self._kernels = None
        if self._takes_own_steps():
            with contextlib.suppress(*UNSUITABLE):
                self._kernels = evaluate_columns(self)
        if self._kernels is not None:
            self._promise_all(self._kernels)
        else:
            self._take_steps()
        # A list of numbers is copied as one; deepcopy would ask each.
        numbers = {id(ids): list(ids) for ids in (p.imgIds, p.catIds) if type(ids) is list}
        self._paramsEval = self._kernels_params = copy.deepcopy(self.params, numbers)
        print(f"DONE (t={time.time() - tic:0.2f}s).")

    def _takes_own_steps(self) -> bool:
        """Whether nobody has put something else into the place of a step."""
        return has_own_methods(self, _STEPS)

    def _promise_all(self, kernels: KernelEvaluation) -> None:
        """What the steps of the reference would leave behind."""
        promises: dict[str, Callable[[], Any]] = {
            "ious": lambda: _cells.ious(kernels),
            "evalImgs": lambda: _cells.eval_imgs(kernels),
        }
        if pending_of(self.cocoGt) is not None or pending_of(self.cocoDt) is not None:
            truth, found, p = self.cocoGt, self.cocoDt, copy.copy(self.params)
            groups = functools.cache(lambda: _steps.prepare(truth, found, p))
            promises |= {"_gts": lambda: groups()[0], "_dts": lambda: groups()[1]}
        self._promise(promises)
        self.eval = {}

    def _take_steps(self) -> None:
        """Step by step, each by its method."""
        p = self.params
        self._prepare()
        catIds = p.catIds if p.useCats else [-1]
        if p.iouType == "segm" or p.iouType == "bbox":
            computeIoU = self.computeIoU
        elif p.iouType == "keypoints":
            computeIoU = self.computeOks
        self.ious = {(imgId, catId): computeIoU(imgId, catId) for imgId in p.imgIds for catId in catIds}
        evaluateImg = self.evaluateImg
        maxDet = p.maxDets[-1]
        self.evalImgs = [
            evaluateImg(imgId, catId, areaRng, maxDet)
            for catId in catIds
            for areaRng in p.areaRng
            for imgId in p.imgIds
        ]

    def _prepare(self) -> None:
        """Collect the annotations of both sides by image and category."""
        self._gts, self._dts = _steps.prepare(self.cocoGt, self.cocoDt, self.params)
        self.evalImgs = defaultdict(list)
        self.eval = {}

    def computeIoU(self, imgId: Any, catId: Any) -> Any:
        """Overlap of boxes or masks of an image and category: (D, G), or an empty list where a side is empty."""
        gt, dt = self._both_sides(imgId, catId)
        return _steps.box_or_mask_iou(gt, dt, self.params)

    def computeOks(self, imgId: Any, catId: Any) -> Any:
        """Object keypoint similarity of an image and category: (D, G), or an empty list where a side is empty."""
        return _steps.keypoint_similarity(self._gts[imgId, catId], self._dts[imgId, catId], self.params)

    def evaluateImg(self, imgId: Any, catId: Any, aRng: Any, maxDet: Any) -> Any:
        """Match in an image and category; a dict, or None where there is neither ground truth nor detection."""
        gt, dt = self._both_sides(imgId, catId)
        if len(gt) == 0 and len(dt) == 0:
            return None
        result = _steps.match_image(gt, dt, aRng, maxDet, self.ious[imgId, catId], self.params)
        return {"image_id": imgId, "category_id": catId, "aRng": aRng, "maxDet": maxDet, **result}

    def _both_sides(self, imgId: Any, catId: Any) -> tuple[list[Any], list[Any]]:
        if self.params.useCats:
            cell = imgId, catId
            # Looked up without leaving an empty list behind, of which there would be hundreds of thousands.
            return self._gts.get(cell) or [], self._dts.get(cell) or []
        return (
            [gt for cId in self.params.catIds for gt in self._gts[imgId, cId]],
            [dt for cId in self.params.catIds for dt in self._dts[imgId, cId]],
        )

    def accumulate(self, p: Any = None) -> None:
        """Make curves of what was matched, by ``params`` or by others; the result is ``eval``."""
        print("Accumulating evaluation results...")
        tic = time.time()
        if not self._is_promised("evalImgs") and not self.evalImgs:
            print("Please run evaluate() first")
        if p is None:
            p = self.params
        p.catIds = p.catIds if p.useCats == 1 else [-1]
        head = {
            "params": p,
            "counts": [
                len(p.iouThrs),
                len(p.recThrs),
                len(p.catIds) if p.useCats else 1,
                len(p.areaRng),
                len(p.maxDets),
            ],
            "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
        }
        curves = None
        untouched = self._is_promised("evalImgs") and self._paramsEval is self._kernels_params
        if self._kernels is not None and untouched:
            curves = curves_of(self._kernels, p, self._paramsEval)
        self._curves = curves
        if curves is not None:
            self._promise({"eval": lambda: {**head, **curves.arrays()}})
        else:
            precision, recall, scores = accumulate_images(self.evalImgs, p, self._paramsEval)
            self.eval = {**head, "precision": precision, "recall": recall, "scores": scores}
        print(f"DONE (t={time.time() - tic:0.2f}s).")

    def summarize(self) -> None:
        """Print the published numbers and keep them in ``stats``."""
        curves: Curves
        if self._is_promised("eval") and self._curves is not None:
            curves = self._curves
        elif self.eval:
            curves = CurvesOfArrays(self.eval)
        else:
            raise Exception("Please run accumulate() first")
        if self.params.iouType in ("segm", "bbox", "keypoints"):
            stats = summarize(self.params, curves, print)
        self.stats = stats  # UnboundLocalError for any other type, as in the reference

    def __str__(self) -> str:
        """Print the published numbers."""
        self.summarize()
        return ""

    def __getstate__(self) -> dict[str, Any]:
        """All but promises, which are kept first."""
        return {**self._kept(), "_kernels": None, "_kernels_params": None, "_curves": None}


_STEPS = {name: COCOeval.__dict__[name] for name in ("_prepare", "computeIoU", "computeOks", "evaluateImg")}


class Params:
    """What an evaluation goes by; ``COCOeval.params``.

    Args:
        iouType: "segm", "bbox" or "keypoints".
    """

    def __init__(self, iouType: str = "segm") -> None:
        """Take the numbers of COCO's protocol."""
        if iouType == "segm" or iouType == "bbox":
            self.setDetParams()
        elif iouType == "keypoints":
            self.setKpParams()
        else:
            raise Exception("iouType not supported")
        self.iouType = iouType
        self.useSegm: Any = None

    def setDetParams(self) -> None:
        """Those of boxes and masks."""
        self._set(COCO_DETECTION)

    def setKpParams(self) -> None:
        """Those of keypoints."""
        self._set(COCO_KEYPOINTS)
        self.kpt_oks_sigmas = COCO_KEYPOINTS.sigmas.copy()

    def _set(self, protocol: DetectionProtocol) -> None:
        self.imgIds: Any = []
        self.catIds: Any = []
        self.iouThrs: Any = protocol.iou_thresholds.copy()
        self.recThrs: Any = protocol.recall_thresholds.copy()
        self.maxDets: Any = list(protocol.max_detections)
        self.areaRng: Any = [list(limits) for limits in protocol.area_ranges.values()]
        self.areaRngLbl: Any = list(protocol.area_ranges)
        self.useCats: Any = 1
