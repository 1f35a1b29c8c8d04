"""``lvis.eval``: the evaluation of LVIS, with the interface, the printed text and the bits of the reference.

No kernel: composed from what ``metrix.evaluate_detections`` is made of.

``evaluate`` goes straight to the kernels. ``ious``, ``eval_imgs`` and the arrays of ``eval``, ``dt_pointers`` among them, are
made when somebody looks at them. Where a subclass or a patch puts something else into the place of ``evaluate_img``,
``compute_iou``, ``_prepare``, ``_prepare_freq_group``, ``_get_gt_dt`` or ``_to_mask``, where records or params are such that
the reference would stop with an exception, and where ``eval_imgs`` was looked at or replaced, the steps of the reference are
taken one by one instead, and end as they do there. As there, a second ``evaluate`` of one LVISEval counts all objects and
detections twice: make a new one.

What differs from the reference on purpose:

- ``accumulate`` works with NumPy 1.24 and newer, which have no ``np.float``.
- ``evaluate`` changes annotations (``ignore``, ``_ignore``, masks as run lengths) only where dicts of the ground truth were
  looked at, and ``_ignore`` only where it takes the steps of the reference.
- Scores that a results file writes as integers are floats in ``eval_imgs``.

Example:
    >>> import json, pathlib, tempfile
    >>> from metrix.compat.lvis import LVIS, LVISEval, LVISResults
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "truth.json"
    >>> _ = path.write_text(json.dumps({
    ...     "images": [{"id": 7, "neg_category_ids": [], "not_exhaustive_category_ids": []}],
    ...     "categories": [{"id": 1, "frequency": "r"}],
    ...     "annotations": [{"id": 5, "image_id": 7, "category_id": 1, "bbox": [0, 0, 10, 10], "area": 100}]}))
    >>> truth = LVIS(str(path))
    >>> results = LVISResults(truth, [{"image_id": 7, "category_id": 1, "bbox": [0, 0, 10, 8], "score": 0.9}])
    >>> evaluation = LVISEval(truth, results, "bbox")
    >>> evaluation.run()
    >>> evaluation.print_results()  # doctest: +ELLIPSIS
     Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=300 catIds=all] = 0.700
    ...
    >>> evaluation.eval["precision"].shape
    (10, 101, 1, 4)

Source: lvis 0.5.3, ``eval.py``.
"""

from __future__ import annotations

import contextlib
import copy
import datetime
import functools
import logging
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np

from metrix.compat._columns import UNSUITABLE, unique
from metrix.compat._held import has_own_methods
from metrix.compat._pending import PendingGroundTruth
from metrix.compat._promised import Promised, Promiser
from metrix.compat.lvis import _cells, _steps
from metrix.compat.lvis._accumulation import accumulate_images
from metrix.compat.lvis._kernels import KernelCurves, KernelEvaluation, curves_of, evaluate_columns
from metrix.compat.lvis._sides import pending_sides, sides_of_dicts
from metrix.compat.lvis.lvis import LVIS, pending_of
from metrix.compat.lvis.results import LVISResults
from metrix.compat.pycocotools import mask as mask_utils
from metrix.protocols import LVIS as PROTOCOL

__all__ = ["LVIS", "LVISEval", "LVISResults", "Params", "mask_utils"]

_FREQUENCIES = ("r", "c", "f")


class LVISEval(Promiser):
    """Evaluation of detections.

    Args:
        lvis_gt: an LVIS, or the path of an annotation file.
        lvis_dt: LVISResults, or what these take: the path of a results file or a list of dicts.
        iou_type: "segm" or "bbox".

    Raises:
        ValueError: for another ``iou_type``.
        TypeError: if a side is something else.
    """

    eval_imgs = Promised()
    eval = Promised()
    ious = Promised()
    img_nel = Promised()
    _gts = Promised()
    _dts = Promised()

    #: What the last evaluate came by, if it went straight to the kernels.
    _kernels: KernelEvaluation | None = None
    _curves: KernelCurves | None = None

    def __init__(self, lvis_gt: Any, lvis_dt: Any, iou_type: Any = "segm") -> None:
        """Take both sides, and all images and categories of the ground truth into ``params``."""
        self.logger = logging.getLogger("lvis.eval")
        if iou_type not in ["bbox", "segm"]:
            raise ValueError(f"iou_type: {iou_type} is not supported.")
        self.lvis_gt = _truth_of(lvis_gt)
        self.lvis_dt = _results_of(self.lvis_gt, lvis_dt)
        self.eval_imgs = defaultdict(list)
        self.eval = {}
        self._gts = defaultdict(list)
        self._dts = defaultdict(list)
        self.params: Any = Params(iou_type=iou_type)
        self.results: OrderedDict[str, Any] = OrderedDict()
        self.ious = {}
        pending = pending_of(self.lvis_gt)
        if isinstance(pending, PendingGroundTruth):
            self.params.img_ids = pending.truth.image_ids.tolist()
            self.params.cat_ids = pending.truth.category_ids.tolist()
        else:
            self.params.img_ids = sorted(self.lvis_gt.get_img_ids())
            self.params.cat_ids = sorted(self.lvis_gt.get_cat_ids())

    # ---- evaluate ---------------------------------------------------------------------------------------------------

    def evaluate(self) -> None:
        """Compare and match, by ``params``."""
        p = self.params
        self.logger.info("Running per image evaluation.")
        self.logger.info(f"Evaluate annotation type *{p.iou_type}*")
        p.img_ids = unique(p.img_ids)
        self._kernels = self._curves = None
        is_prepared = False
        if has_own_methods(self, _STEPS) and not self._has_collected():
            pending = pending_sides(self.lvis_gt, self.lvis_dt)
            if pending is None:
                # Dicts that anybody may look at are prepared, and with that changed, as the reference does it.
                self._prepare()
                is_prepared = True
            with contextlib.suppress(*UNSUITABLE):
                self._kernels = evaluate_columns(
                    p, pending.read(p.iou_type) if pending is not None else sides_of_dicts(self, p)
                )
        if self._kernels is None:
            self._take_steps(is_prepared=is_prepared)
        else:
            self._promise_all(self._kernels, is_prepared=is_prepared)

    def _has_collected(self) -> bool:
        """Whether an evaluate before this one has left annotations behind, which count again."""
        return self._is_promised("_gts") or any(self._gts.values()) or any(self._dts.values())

    def _promise_all(self, kernels: KernelEvaluation, *, is_prepared: bool) -> None:
        """What the steps of the reference would leave behind."""
        promises: dict[str, Callable[[], Any]] = {
            "ious": lambda: _cells.ious(kernels),
            "eval_imgs": lambda: _cells.eval_imgs(kernels),
        }
        if not is_prepared:
            self.freq_groups = kernels.frequency_groups
            truth, found, p = self.lvis_gt, self.lvis_dt, copy.copy(self.params)
            groups = functools.cache(lambda: _steps.prepare(truth, found, p, _steps.to_masks))
            promises |= {
                "_gts": lambda: groups().gts,
                "_dts": lambda: groups().dts,
                "img_nel": kernels.not_exhaustive_lists,
            }
        self._promise(promises)

    def _take_steps(self, *, is_prepared: bool) -> None:
        """Step by step, each by its method."""
        p = self.params
        cat_ids = p.cat_ids if p.use_cats else [-1]
        if not is_prepared:
            self._prepare()
        self.ious = {(img_id, cat_id): self.compute_iou(img_id, cat_id) for img_id in p.img_ids for cat_id in cat_ids}
        self.eval_imgs = [
            self.evaluate_img(img_id, cat_id, area_rng)
            for cat_id in cat_ids
            for area_rng in p.area_rng
            for img_id in p.img_ids
        ]

    def _to_mask(self, anns: Any, lvis: Any) -> None:
        _steps.to_masks(anns, lvis)

    def _prepare(self) -> None:
        """Collect the annotations of both sides by image and category, beside those that are there."""
        groups = _steps.prepare(self.lvis_gt, self.lvis_dt, self.params, self._to_mask, self._gts, self._dts)
        self.img_nel = groups.img_nel
        self.freq_groups = self._prepare_freq_group()

    def _prepare_freq_group(self) -> list[list[int]]:
        """Places of the categories, by how frequent they are."""
        labels = self.params.img_count_lbl
        groups: list[list[int]] = [[] for _ in labels]
        for place, category in enumerate(self.lvis_gt.load_cats(self.params.cat_ids)):
            groups[labels.index(category["frequency"])].append(place)
        return groups

    def _get_gt_dt(self, img_id: Any, cat_id: Any) -> tuple[list[Any], list[Any]]:
        """Both sides of an image and category; without categories those of ``cat_id``, -1, once for each category."""
        if self.params.use_cats:
            return self._gts[img_id, cat_id], self._dts[img_id, cat_id]
        return (
            [gt for _ in self.params.cat_ids for gt in self._gts[img_id, cat_id]],
            [dt for _ in self.params.cat_ids for dt in self._dts[img_id, cat_id]],
        )

    def compute_iou(self, img_id: Any, cat_id: Any) -> Any:
        """Overlap of boxes or masks of an image and category: (D, G), or an empty list where a side is empty."""
        gt, dt = self._get_gt_dt(img_id, cat_id)
        return _steps.iou(gt, dt, self.params.iou_type)

    def evaluate_img(self, img_id: Any, cat_id: Any, area_rng: Any) -> Any:
        """Match in an image and category; a dict, or None where there is neither ground truth nor detection."""
        gt, dt = self._get_gt_dt(img_id, cat_id)
        if len(gt) == 0 and len(dt) == 0:
            return None
        result = _steps.match_image(gt, dt, area_rng, self.ious[img_id, cat_id], self.params.iou_thrs, self.img_nel)
        return {"image_id": img_id, "category_id": cat_id, "area_rng": area_rng, **result}

    # ---- accumulate and summarize -----------------------------------------------------------------------------------

    def accumulate(self) -> None:
        """Make curves of what was matched; the result is ``eval``."""
        self.logger.info("Accumulating evaluation results.")
        if not self._is_promised("eval_imgs") and not self.eval_imgs:
            self.logger.warning("Please run evaluate first.")
        p = self.params
        head = {
            "params": p,
            "counts": [len(p.iou_thrs), len(p.rec_thrs), len(p.cat_ids) if p.use_cats else 1, len(p.area_rng)],
            "date": datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S"),
        }
        self._curves = curves = (
            curves_of(self._kernels, p) if self._kernels is not None and self._is_promised("eval_imgs") else None
        )
        if curves is None:
            self.eval = {**head, **accumulate_images(self.eval_imgs, p)}
        else:
            self._promise({"eval": lambda: {**head, **curves.arrays()}})

    def _summarize(
        self, summary_type: Any, iou_thr: Any = None, area_rng: Any = "all", freq_group_idx: Any = None
    ) -> Any:
        """A mean of precision ("ap") or recall where it is not -1; -1 if it is nowhere."""
        areas = [place for place, label in enumerate(self.params.area_rng_lbl) if label == area_rng]
        curves: Any = self._curves if self._is_promised("eval") and self._curves is not None else self.eval
        values = curves["precision" if summary_type == "ap" else "recall"]
        if iou_thr is not None:
            values = values[np.where(iou_thr == self.params.iou_thrs)[0]]
        if summary_type != "ap":
            values = values[:, :, areas]
        elif freq_group_idx is None:
            values = values[:, :, :, areas]
        else:
            values = values[:, :, self.freq_groups[freq_group_idx], areas]
        present = values[values > -1]
        return np.mean(present) if len(present) else -1

    def summarize(self) -> None:
        """Work out the published numbers, ``results``."""
        if not self._is_promised("eval") and not self.eval:
            raise RuntimeError("Please run accumulate() first.")
        max_dets = self.params.max_dets
        for row in PROTOCOL.summary:
            self.results[row.name.format(cap=max_dets)] = self._summarize(
                row.kind.lower(),
                iou_thr=row.iou_threshold,
                area_rng=row.area,
                freq_group_idx=None if row.frequency is None else _FREQUENCIES.index(row.frequency),
            )

    def run(self) -> None:
        """Evaluate, accumulate and summarize."""
        self.evaluate()
        self.accumulate()
        self.summarize()

    def print_results(self) -> None:
        """Print a line for each of ``results``."""
        p = self.params
        for name, value in self.results.items():
            kind, detail = ("AP" if "AP" in name else "AR"), name[2:]
            at_one = detail[:1].isdigit()
            print(
                PROTOCOL.line.format(
                    title="Average Precision" if kind == "AP" else "Average Recall",
                    kind=kind,
                    iou=f"{float(detail) / 100:0.2f}" if at_one else f"{p.iou_thrs[0]:0.2f}:{p.iou_thrs[-1]:0.2f}",
                    area_initial=detail[0] if detail[:1] in tuple("sml") else "all",
                    cap=p.max_dets,
                    frequency=detail[0] if detail[:1] in _FREQUENCIES else "all",
                    value=value,
                )
            )

    def get_results(self) -> OrderedDict[str, Any]:
        """The published numbers by name."""
        if not self.results:
            self.logger.warning("results is empty. Call run().")
        return self.results

    def __getstate__(self) -> dict[str, Any]:
        """All but promises, which are kept first."""
        return {**self._kept(), "_kernels": None, "_curves": None}


_STEPS = {
    name: LVISEval.__dict__[name]
    for name in ("_to_mask", "_prepare", "_prepare_freq_group", "_get_gt_dt", "compute_iou", "evaluate_img")
}


def _truth_of(lvis_gt: Any) -> LVIS:
    if isinstance(lvis_gt, LVIS):
        return lvis_gt
    if isinstance(lvis_gt, str):
        return LVIS(lvis_gt)
    raise TypeError(f"Unsupported type {lvis_gt} of lvis_gt.")


def _results_of(truth: LVIS, lvis_dt: Any) -> LVISResults:
    if isinstance(lvis_dt, LVISResults):
        return lvis_dt
    if isinstance(lvis_dt, (str, list)):
        return LVISResults(truth, lvis_dt)
    raise TypeError(f"Unsupported type {lvis_dt} of lvis_dt.")


class Params:
    """What an evaluation goes by; ``LVISEval.params``.

    Args:
        iou_type: "segm" or "bbox".
    """

    def __init__(self, iou_type: Any) -> None:
        """Take the numbers of the protocol."""
        self.img_ids: Any = []
        self.cat_ids: Any = []
        self.iou_thrs: Any = PROTOCOL.iou_thresholds.copy()
        self.rec_thrs: Any = PROTOCOL.recall_thresholds.copy()
        self.max_dets: Any = PROTOCOL.max_detections[-1]
        self.area_rng: Any = [list(limits) for limits in PROTOCOL.area_ranges.values()]
        self.area_rng_lbl: Any = list(PROTOCOL.area_ranges)
        self.use_cats: Any = 1
        self.img_count_lbl: Any = list(_FREQUENCIES)
        self.iou_type: Any = iou_type
