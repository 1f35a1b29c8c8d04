"""The same calls to two modules with pycocotools' interface: everything that a client can see must be the same."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import re
import tempfile
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from parity.comparison import set_of_seed
from parity.random_sets import DataSet

#: How both sides get their annotations: as dicts that were looked at, or from where.
ROUTES = ("dicts", "files", "file and list", "dicts and file", "steps", "array")


@dataclass
class Seen:
    """What a client sees of an evaluation."""

    printed: str = ""
    raised: str = ""
    values: dict[str, Any] = field(default_factory=dict)


Modules = tuple[Any, Any]  # coco, cocoeval


def reference_modules() -> Modules:
    from pycocotools import coco, cocoeval

    return coco, cocoeval


def our_modules() -> Modules:
    from metrix.compat.pycocotools import coco, cocoeval

    return coco, cocoeval


def load(modules: Modules, data: DataSet, route: str, folder: Path) -> tuple[Any, Any, Any]:
    """Both COCO objects of a data set, and the detections that were given."""
    coco = modules[0]
    ground_truth, detections = copy.deepcopy((data.ground_truth, data.detections))
    if route in ("files", "file and list"):
        truth = coco.COCO(str(write(folder / "truth.json", ground_truth)))
    else:
        truth = coco.COCO()
        truth.dataset = ground_truth
        truth.createIndex()
    if route in ("files", "dicts and file"):
        return truth, truth.loadRes(str(write(folder / "found.json", detections))), None
    if route == "array" and data.iou_type == "bbox" and detections:
        rows = [[d["image_id"], *d["bbox"], d["score"], d["category_id"]] for d in detections]
        return truth, truth.loadRes(np.array(rows, dtype=np.float64)), None
    return truth, truth.loadRes(detections), detections


def write(path: Path, records: Any) -> Path:
    path.write_text(json.dumps(records, default=bytes.decode))
    return path


def see(modules: Modules, data: DataSet, route: str, folder: Path, change: Callable[[Any], Any]) -> Seen:
    """Load, evaluate, accumulate, summarize and look at everything; ``change`` sets params and gives those of a second
    ``accumulate`` or None."""
    seen = Seen()
    out = io.StringIO()
    evaluation: Any = None
    try:
        with contextlib.redirect_stdout(out), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NumPy's, about NaN and infinity
            truth, found, given = load(modules, data, route, folder)
            if route == "dicts":
                truth.anns, found.anns  # noqa: B018  (looked at)
            seen.values["given"] = copy.deepcopy(given)
            kind = modules[1].COCOeval if route != "steps" else with_own_step(modules[1].COCOeval)
            evaluation = kind(truth, found, data.iou_type)
            seen.values["before"] = copy.deepcopy(vars(evaluation.params))
            data.configure(evaluation.params)
            others = change(evaluation.params)
            evaluation.evaluate()
            seen.values["evaluated"] = copy.deepcopy(vars(evaluation._paramsEval))
            if others is not None:
                others = others(evaluation.params)
                evaluation.accumulate(others)
                seen.values["other eval"] = without_date(evaluation.eval)
            evaluation.accumulate()
            if len(data.detections) % 2:  # else summarize works without these arrays
                seen.values["early eval"] = without_date(evaluation.eval)
            evaluation.summarize()
            seen.values["stats"] = evaluation.stats
            seen.values["eval"] = without_date(evaluation.eval)
            seen.values["params"] = copy.deepcopy(vars(evaluation.params))
            seen.values["ious"] = evaluation.ious
            seen.values["evalImgs"] = evaluation.evalImgs
            if len(data.detections) % 3 == 0:
                evaluation.accumulate()  # by the steps, as evalImgs were looked at
                seen.values["late eval"] = without_date(evaluation.eval)
    except Exception as error:
        seen.raised = type(error).__name__
    seen.values["kernels"] = getattr(evaluation, "_kernels", None) is not None
    seen.printed = without_times(out.getvalue())
    return seen


def with_own_step(kind: Any) -> Any:
    class Patched(kind):  # type: ignore[misc]
        def evaluateImg(self, imgId: Any, catId: Any, aRng: Any, maxDet: Any) -> Any:
            return super().evaluateImg(imgId, catId, aRng, maxDet)

    return Patched


def without_date(found: dict[str, Any]) -> dict[str, Any]:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", found["date"])
    return {name: vars(value) if name == "params" else value for name, value in found.items() if name != "date"}


def without_times(text: str) -> str:
    return re.sub(r"t=\d+\.\d\ds", "t=", text)


def difference(ours: Any, theirs: Any, path: str = "", *, by_value: bool = False) -> str:
    """Where two values differ for a client: in type, bits, shape or memory order; empty if nowhere."""
    if by_value and isinstance(ours, (int, float)) and isinstance(theirs, (int, float)):
        return "" if ours == theirs or (ours != ours and theirs != theirs) else f"{path}: {ours!r} is not {theirs!r}"
    if type(ours) is not type(theirs):
        return f"{path}: {type(ours).__name__} {ours!r} is no {type(theirs).__name__} {theirs!r}"[:300]
    if isinstance(ours, dict):
        if list(map(repr, ours)) != list(map(repr, theirs)):
            return f"{path}: keys {list(ours)[:9]} are not {list(theirs)[:9]}"
        pairs = ((f"{path}[{key!r}]", ours[key], theirs[key]) for key in ours)
        return next(filter(None, (difference(a, b, where, by_value=by_value) for where, a, b in pairs)), "")
    if isinstance(ours, (list, tuple)):
        if len(ours) != len(theirs):
            return f"{path}: {len(ours)} items are not {len(theirs)}"
        pairs = ((f"{path}[{place}]", a, b) for place, (a, b) in enumerate(zip(ours, theirs, strict=True)))
        return next(filter(None, (difference(a, b, where, by_value=by_value) for where, a, b in pairs)), "")
    if isinstance(ours, np.ndarray):
        return _array_difference(ours, theirs, path)
    if isinstance(ours, float):  # by repr, which tells bits, but for NaN
        return "" if repr(ours) == repr(theirs) else f"{path}: {ours!r} is not {theirs!r}"
    return "" if ours == theirs else f"{path}: {ours!r} is not {theirs!r}"


def _array_difference(ours: Any, theirs: Any, path: str) -> str:
    for name in ("dtype", "shape"):
        if getattr(ours, name) != getattr(theirs, name):
            return f"{path}: {name} {getattr(ours, name)} is not {getattr(theirs, name)}"
    for order in ("c_contiguous", "f_contiguous"):
        if ours.size and getattr(ours.flags, order) != getattr(theirs.flags, order) and ".ious" in path:
            return f"{path}: memory order"
    if ours.dtype.kind == "f":
        unequal = (ours != theirs) & ~(np.isnan(ours) & np.isnan(theirs))
        return f"{path}: {np.count_nonzero(unequal)} values differ" if unequal.any() else ""
    return "" if np.array_equal(ours, theirs) else f"{path}: values differ"


# ---- params of all kinds --------------------------------------------------------------------------------------------

Change = Callable[[Any], None]


def wild_params(rng: np.random.Generator, data: DataSet) -> Callable[[Any], Any]:
    """Sets params as only COCOeval lets them be set, and gives those of a second accumulate."""
    picks = [change for change in CHANGES if rng.random() < 0.08]
    if not has_masks(data):
        picks = [change for change in picks if change not in TO_MASKS]
    other = OTHERS[int(rng.integers(len(OTHERS)))] if rng.random() < 0.15 else None

    def change(params: Any) -> Any:
        for pick in picks:
            pick(params)
        if other is None:
            return None

        def others(evaluated: Any) -> Any:
            # Not from the very start: accumulate changes what it is given.
            p = copy.deepcopy(evaluated)
            other(p)
            return p

        return others

    return change


def has_masks(data: DataSet) -> bool:
    """Whether masks can be made of all shapes; of boxes beyond all pixels the reference makes crashes."""
    boxes = [box for d in (*data.ground_truth["annotations"], *data.detections) if (box := d.get("bbox"))]
    return data.iou_type == "segm" or bool((np.abs(np.array(boxes, dtype=np.float64)) < 1e4).all())


def _set(name: str, value: Any) -> Change:
    def change(params: Any) -> None:
        setattr(params, name, copy.deepcopy(value))

    return change


def _extend(name: str, value: Any) -> Change:
    def change(params: Any) -> None:
        setattr(params, name, [*getattr(params, name), value])

    return change


def _apply(name: str, function: Callable[[Any], Any]) -> Change:
    def change(params: Any) -> None:
        setattr(params, name, function(getattr(params, name)))

    return change


TO_MASKS = [_set("useSegm", 1), _set("iouType", "segm")]
CHANGES: list[Change] = [
    *TO_MASKS,
    _set("maxDets", [5]),
    _set("maxDets", [3, 1]),
    _set("maxDets", []),
    _set("maxDets", [0, 1, 2]),
    _set("maxDets", [-1, 2, 100]),
    _set("maxDets", [2, 2, 100, 100]),
    _set("maxDets", np.array([1, 2, 100])),
    _set("iouThrs", [0.5, 0.75]),
    _set("iouThrs", np.array([])),
    _set("iouThrs", np.array([0.5, 0.75], dtype=np.float32)),
    _set("recThrs", [0.0, 0.5]),
    _set("recThrs", np.array([0.5, np.nan, 0.2])),
    _set("areaRng", [[0, 1e10], [0, 1e10]]),
    _set("areaRng", [(0, 1e10), (5, 100)]),
    _set("areaRng", []),
    _set("areaRngLbl", ["all"]),
    _set("areaRngLbl", ["all", "all", "small", "large"]),
    _extend("imgIds", 31337),
    _extend("catIds", 31337),
    _extend("catIds", -1),
    _apply("imgIds", lambda ids: ids[:1]),
    _apply("imgIds", lambda ids: ids[::-1] * 2),
    _apply("imgIds", set),
    _apply("imgIds", lambda ids: []),
    _apply("catIds", lambda ids: ids[:1]),
    _apply("catIds", lambda ids: ids[::-1]),
    _apply("catIds", lambda ids: ids * 2),
    _apply("catIds", np.array),
    _apply("catIds", lambda ids: []),
    _set("useCats", 0),
    _set("useCats", 2),
    _set("useCats", False),
    _set("useSegm", 0),
    _set("iouType", "bbox"),
    _set("iouType", "keypoints"),
    _set("iouType", "boundary"),
    _set("kpt_oks_sigmas", np.array([0.1])),
    _set("kpt_oks_sigmas", [0.1]),
]
OTHERS: list[Change] = [
    _set("recThrs", np.linspace(0, 1, 11)),
    _set("maxDets", [2, 3]),
    _set("maxDets", [100]),
    _set("areaRng", [[0, 1e10]]),
    _set("areaRng", [[32**2, 96**2], [0, 1e5**2], [7, 9]]),
    _set("iouThrs", np.array([0.5])),
    _set("iouThrs", np.linspace(0.1, 0.9, 50)),
    _apply("imgIds", lambda ids: ids[:1]),
    _apply("catIds", lambda ids: ids[:1]),
    _apply("catIds", lambda ids: ids[::-1]),
    _extend("catIds", 31337),
    _set("useCats", 0),
]


# ---- many data sets -------------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of some data sets."""

    compared: int = 0
    #: Sets that both sides stopped at with an exception.
    raised: int = 0
    #: Sets that went straight to the kernels.
    by_kernels: int = 0
    failures: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.compared += other.compared
        self.raised += other.raised
        self.by_kernels += other.by_kernels
        self.failures += other.failures


def compare(iou_type: str, seed: int) -> Tally:
    """One data set; the seed decides everything."""
    data = set_of_seed(iou_type, seed)
    rng = np.random.default_rng([seed, 77])
    route = ROUTES[int(rng.integers(len(ROUTES)))]
    wild = wild_params(rng, data) if rng.random() < 0.5 else lambda params: None
    with tempfile.TemporaryDirectory() as folder:
        theirs = see(reference_modules(), data, route, Path(folder), wild)
        ours = see(our_modules(), data, route, Path(folder), wild)
    by_kernels = ours.values.pop("kernels")
    theirs.values.pop("kernels")
    # Whether a file wrote a score as 1 or as 1.0 is lost in a column.
    by_value = route in ("files", "dicts and file", "array")
    wrong = (
        (f"raises {ours.raised or 'nothing'}, not {theirs.raised or 'nothing'}" if ours.raised != theirs.raised else "")
        or (f"prints {ours.printed!r}, not {theirs.printed!r}" if ours.printed != theirs.printed else "")
        or difference(ours.values, theirs.values, by_value=by_value)
    )
    name = f"compare({iou_type!r}, {seed}) of tests/compat/comparison.py by {route}"
    return Tally(1, bool(theirs.raised), by_kernels, [f"{name}: {wrong}"] if wrong else [])


def compare_some(iou_type: str, seeds: Iterable[int]) -> Tally:
    tally = Tally()
    for seed in seeds:
        tally.add(compare(iou_type, seed))
    return tally


def compare_many(iou_type: str, seeds: range) -> Tally:
    """``compare_some`` in as many processes as there are CPUs to use."""
    step = 50
    parts = [seeds[i : i + step] for i in range(0, len(seeds), step)]
    if len(parts) == 1:
        return compare_some(iou_type, seeds)
    tally = Tally()
    # Spawned: a fork of a process with OpenMP threads is no good test bed.
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), mp_context=get_context("spawn")) as pool:
        for part in pool.map(compare_some, [iou_type] * len(parts), parts):
            tally.add(part)
    return tally
