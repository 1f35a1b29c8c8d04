"""Every name, signature and attribute of lvis 0.5.3, enumerated from the package itself."""

from __future__ import annotations

import importlib
import inspect
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("lvis")
from compat.comparison import difference
from compat.lvis_comparison import collecting, ours, reference
from compat.lvis_examples import FOUND, sides
from compat.test_interface import functions_of
from parity.lvis_reference import the_float_of_old_numpy

MODULES = ("lvis", "results", "eval", "vis", "colormap")
#: Not names of the module, but what it imported.
IMPORTED = {
    "OrderedDict", "Polygon", "cv2", "datetime", "deepcopy", "defaultdict", "json", "logging", "np", "os", "plt",
    "urlretrieve",
}  # fmt: skip


def modules(name: str) -> tuple[Any, Any]:
    return importlib.import_module(f"metrix.compat.lvis.{name}"), importlib.import_module(f"lvis.{name}")


@pytest.mark.parametrize("name", MODULES)
def test_every_name_of_a_module_is_there(name: str) -> None:
    mine, theirs = modules(name)
    public = {key for key in vars(theirs) if not key.startswith("_")} - IMPORTED
    assert public
    assert not public - set(dir(mine))


def test_every_name_of_the_package_is_there() -> None:
    assert {*ours().__all__} == {*reference().__all__}
    assert {key for key in vars(reference()) if not key.startswith("_")} - IMPORTED <= {*dir(ours()), "colormap"}


@pytest.mark.parametrize("name", MODULES)
def test_every_signature_is_the_same(name: str) -> None:
    mine, theirs = modules(name)
    compared = 0
    for path, function in functions_of(theirs).items():
        if getattr(function, "__module__", "") != theirs.__name__:
            continue
        own = mine
        for part in path.split("."):
            own = getattr(own, part)
        expected = [(p.name, p.default, p.kind) for p in inspect.signature(function).parameters.values()]
        assert [(p.name, p.default, p.kind) for p in inspect.signature(own).parameters.values()] == expected, path
        compared += 1
    assert compared >= {"lvis": 13, "results": 3, "eval": 15, "vis": 11, "colormap": 1}[name]


def attributes(value: Any) -> dict[str, str]:
    """The type of each attribute that is there and no method."""
    found = {name: getattr(value, name) for name in dir(value) if not name.startswith("__") and hasattr(value, name)}
    return {name: type(attribute).__name__ for name, attribute in found.items() if not callable(attribute)}


def stages(package: Any, folder: Path, iou_type: str) -> list[tuple[str, Any]]:
    """An evaluation after each of its calls."""
    with the_float_of_old_numpy(), warnings.catch_warnings(), collecting([]):
        warnings.simplefilter("ignore")
        truth, found = sides(package, folder)
        evaluation = package.LVISEval(truth, found, iou_type)
        snapshots = [("truth", truth), ("results", found), ("params", evaluation.params), ("before", evaluation)]
        snapshots.append(("vis", package.LVISVis(truth, found)))
        result = [(name, attributes(value)) for name, value in snapshots]
        for call in ("evaluate", "accumulate", "summarize"):
            getattr(evaluation, call)()
            result.append((call, attributes(evaluation)))
        result.append(("params after", attributes(evaluation.params)))
    return result


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_every_attribute_is_there_after_each_call(tmp_path: Path, iou_type: str) -> None:
    pairs = zip(*(stages(package, tmp_path, iou_type) for package in (ours(), reference())), strict=True)
    for (stage, mine), (_, theirs) in pairs:
        assert {name: mine.get(name) for name in theirs} == theirs, stage


@pytest.mark.parametrize("iou_type", ["bbox", "segm"])
def test_params_have_the_very_values(iou_type: str) -> None:
    both = [importlib.import_module(f"{name}.eval") for name in ("metrix.compat.lvis", "lvis")]
    assert not difference(*(vars(module.Params(iou_type)) for module in both))


def outcome(function: Any, *arguments: Any) -> str:
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def test_what_is_no_side_is_refused_as_there(tmp_path: Path) -> None:
    for arguments in ((3, FOUND, "bbox"), (None, FOUND, "bbox"), ("truth", 3, "bbox"), ("truth", FOUND, "keypoints")):
        seen = []
        for package in (ours(), reference()):
            truth = sides(package, tmp_path)[0] if arguments[0] == "truth" else arguments[0]
            seen.append(outcome(package.LVISEval, truth, *arguments[1:]))
            seen[-1] += outcome(package.LVISResults, arguments[0], 3) if arguments[0] != "truth" else ""
        assert seen[0] == seen[1] != "nothing"


def test_a_missing_file_and_calls_out_of_order_end_as_there(tmp_path: Path) -> None:
    seen = []
    for package in (ours(), reference()):
        logged: list[Any] = []
        with collecting(logged), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            evaluation = package.LVISEval(*sides(package, tmp_path), "bbox")
            seen.append(
                [
                    outcome(package.LVIS, str(tmp_path / "none")),
                    outcome(evaluation.summarize),
                    outcome(evaluation.accumulate).partition(":")[0],
                    evaluation.get_results(),
                    outcome(lambda e: e.freq_groups, evaluation).partition(":")[0],
                    outcome(lambda e: e.img_nel, evaluation).partition(":")[0],
                    logged,
                ]
            )
    assert not difference(*seen)


def test_objects_are_drawn(tmp_path: Path) -> None:
    plt = pytest.importorskip("matplotlib.pyplot")
    pytest.importorskip("PIL")
    plt.switch_backend("Agg")
    plt.imsave(tmp_path / "7.png", np.zeros((40, 50, 3)))
    drawn = []
    for package in (ours(), reference()):
        with warnings.catch_warnings(), collecting([]):
            warnings.simplefilter("ignore")
            vis = package.LVISVis(*sides(package, tmp_path), img_dir=str(tmp_path))
            vis.vis_img(7, show_boxes=True, show_classes=True)
            vis.vis_result(7, show_boxes=True, show_classes=True, score_thrs=0.5, cat_ids_to_show=[2])
            drawn.append([])
            for number in plt.get_fignums():
                axes = plt.figure(number).axes[0]
                outlines = [patch.get_path().vertices.tolist() for patch in axes.patches]
                drawn[-1].append((outlines, [text.get_text() for text in axes.texts], axes.images[0].get_array().shape))
            plt.close("all")
    assert [figure[:2] for figure in drawn[0]] == [figure[:2] for figure in drawn[1]]
    assert [len(figure[0]) for figure in drawn[0]] == [4, 4]
