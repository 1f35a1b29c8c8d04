"""The same calls to two packages with lvis's interface: everything that a client can see must be the same."""

from __future__ import annotations

import contextlib
import copy
import io
import logging
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from compat.comparison import difference, without_date, write
from parity.lvis_reference import the_float_of_old_numpy
from parity.lvis_sets import LvisSet, lvis_set

#: How both sides get their annotations: from where, as dicts that were looked at, or step by step.
ROUTES = ("files", "file and list", "paths", "looked at", "results looked at", "steps", "twice")


def reference() -> Any:
    import lvis

    return lvis


def ours() -> Any:
    from metrix.compat import lvis

    return lvis


@dataclass
class Seen:
    """What a client sees of an evaluation."""

    printed: str = ""
    raised: str = ""
    logged: list[Any] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    by_kernels: bool = False


class _Collector(logging.Handler):
    def __init__(self, logged: list[Any]) -> None:
        super().__init__()
        self._logged = logged

    def emit(self, record: logging.LogRecord) -> None:
        self._logged.append((record.name, record.levelname, record.getMessage()))


@contextlib.contextmanager
def collecting(logged: list[Any]) -> Iterator[None]:
    """What goes to the loggers of lvis."""
    logger, collector = logging.getLogger("lvis"), _Collector(logged)
    before = logger.level, logger.propagate
    logger.addHandler(collector)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(collector)
        logger.setLevel(before[0])
        logger.propagate = before[1]


def with_own_step(kind: Any) -> Any:
    class Patched(kind):  # type: ignore[misc]
        def evaluate_img(self, img_id: Any, cat_id: Any, area_rng: Any) -> Any:
            return super().evaluate_img(img_id, cat_id, area_rng)

    return Patched


def start(package: Any, data: LvisSet, route: str, folder: Path) -> tuple[Any, Any]:
    """The evaluation of a data set, and the detections that were given."""
    ground_truth, detections = copy.deepcopy((data.ground_truth, data.detections))
    truth_path, found_path = (
        str(write(folder / "truth.json", ground_truth)),
        str(write(folder / "found.json", detections)),
    )
    if route == "paths":
        return package.LVISEval(truth_path, found_path, data.iou_type), None
    kind = package.LVISEval if route != "steps" else with_own_step(package.LVISEval)
    truth = package.LVIS(truth_path)
    given = detections if route in ("file and list", "looked at") else None
    cap = data.options.get("max_detections", [300])[0]
    found = package.LVISResults(truth, given if given is not None else found_path, max_dets=cap)
    if route == "looked at":
        truth.anns, found.dataset  # noqa: B018
    if route == "results looked at":
        found.img_ann_map  # noqa: B018
    return kind(truth, found, data.iou_type), given


def see(package: Any, data: LvisSet, route: str, folder: Path, before: Any = None, between: Any = None) -> Seen:
    """Load, evaluate, accumulate, summarize and look at everything; ``before`` and ``between`` change params."""
    seen = Seen()
    out = io.StringIO()
    evaluation: Any = None
    try:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")  # NumPy's, about NaN and infinity, and Logger.warn
            stack.enter_context(the_float_of_old_numpy())
            stack.enter_context(collecting(seen.logged))
            evaluation, given = start(package, data, route, folder)
            seen.values["given"] = copy.deepcopy(given)
            data.configure(evaluation)
            if before is not None:
                before(evaluation.params)
            seen.values["params before"] = copy.deepcopy(vars(evaluation.params))
            evaluation.evaluate()
            if route == "twice":
                evaluation.evaluate()
            seen.by_kernels = getattr(evaluation, "_kernels", None) is not None
            seen.values["groups"] = evaluation.freq_groups
            if between is not None:
                between(evaluation.params)
            evaluation.accumulate()
            seen.values["early"] = evaluation.get_results()
            with contextlib.suppress(IndexError):  # groups of several categories that are taken as one
                evaluation.summarize()
            evaluation.print_results()
            seen.values["results"] = evaluation.get_results()
            seen.values["eval"] = without_date(evaluation.eval)
            seen.values["params"] = copy.deepcopy(vars(evaluation.params))
            seen.values["ious"] = evaluation.ious
            seen.values["eval_imgs"] = evaluation.eval_imgs
            seen.values["img_nel"] = evaluation.img_nel
            if len(data.detections) % 3 == 0:
                evaluation.accumulate()  # by the steps, as eval_imgs were looked at
                seen.values["late eval"] = without_date(evaluation.eval)
            seen.values["groups of both"] = [
                {key: len(anns) for key, anns in side.items() if anns} for side in (evaluation._gts, evaluation._dts)
            ]
            if route not in ("looked at", "results looked at", "steps"):
                seen.values["ids"] = [ann["id"] for ann in evaluation.lvis_dt.dataset["annotations"]]
    except Exception as error:
        seen.raised = type(error).__name__
    seen.printed = out.getvalue()
    return seen


# ---- params of all kinds --------------------------------------------------------------------------------------------


def _set(name: str, value: Any) -> Callable[[Any], None]:
    return lambda params: setattr(params, name, copy.deepcopy(value))


def _apply(name: str, function: Callable[[Any], Any]) -> Callable[[Any], None]:
    return lambda params: setattr(params, name, function(getattr(params, name)))


CHANGES: list[Callable[[Any], None]] = [
    _set("iou_thrs", [0.5, 0.75]),
    _set("iou_thrs", np.array([0.75, 0.5, 1.0])),
    _set("iou_thrs", np.array([])),
    _set("rec_thrs", np.array([0.5, 0.1, 0.9])),
    _set("rec_thrs", [0.0, 0.5]),
    _set("area_rng", [[0, 1e10], [5, 100]]),
    _set("area_rng", []),
    _set("area_rng_lbl", ["all", "all", "small", "large"]),
    _set("max_dets", 7),
    _set("use_cats", 0),
    _set("use_cats", 2),
    _set("iou_type", "bbox"),
    _set("iou_type", "boundary"),
    _set("img_count_lbl", ["c", "f", "r"]),
    _set("img_count_lbl", ["r"]),
    _apply("cat_ids", lambda ids: ids[::-1]),
    _apply("cat_ids", lambda ids: ids[:1]),
    _apply("cat_ids", lambda ids: ids * 2),
    _apply("cat_ids", lambda ids: [*ids, 31337]),
    _apply("cat_ids", lambda ids: []),
    _apply("img_ids", lambda ids: ids[::-1] * 2),
    _apply("img_ids", lambda ids: ids[:1]),
    _apply("img_ids", lambda ids: [*ids, 31337]),
    _apply("img_ids", set),
]
LATER: list[Callable[[Any], None]] = [
    _set("rec_thrs", np.linspace(0, 1, 11)),
    _set("iou_thrs", np.array([0.5])),
    _set("iou_thrs", np.linspace(0.1, 0.9, 50)),
    _set("area_rng", [[0, 1e10]]),
    _set("use_cats", 0),
    _set("max_dets", 5),
    _apply("cat_ids", lambda ids: ids[:1]),
    _apply("img_ids", lambda ids: ids[:1]),
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


def compare(iou_type: str, seed: int) -> Tally:
    """One data set; the seed decides everything."""
    rng = np.random.default_rng([seed, len(iou_type), 5])
    data = lvis_set(rng, iou_type)
    route = ROUTES[int(rng.integers(len(ROUTES)))]
    before = CHANGES[int(rng.integers(len(CHANGES)))] if rng.random() < 0.25 else None
    between = LATER[int(rng.integers(len(LATER)))] if rng.random() < 0.1 else None
    with tempfile.TemporaryDirectory() as folder:
        seen = [see(package, data, route, Path(folder), before, between) for package in (ours(), reference())]
    mine, theirs = seen
    # Whether a file wrote a score as 1 or as 1.0 is lost in a column.
    wrong = (
        (f"raises {mine.raised or 'nothing'}, not {theirs.raised or 'nothing'}" if mine.raised != theirs.raised else "")
        or (f"prints {mine.printed!r}, not {theirs.printed!r}" if mine.printed != theirs.printed else "")
        or difference(mine.logged, theirs.logged, "log")
        or difference(mine.values, theirs.values, by_value=route not in ("file and list", "looked at"))
    )
    name = f"compare({iou_type!r}, {seed}) of tests/compat/lvis_comparison.py by {route}"
    return Tally(1, bool(theirs.raised), mine.by_kernels, [f"{name}: {wrong}"] if wrong else [])


def compare_some(iou_type: str, seeds: range) -> Tally:
    tally = Tally()
    for seed in seeds:
        one = compare(iou_type, seed)
        tally.compared += one.compared
        tally.raised += one.raised
        tally.by_kernels += one.by_kernels
        tally.failures += one.failures
    return tally
