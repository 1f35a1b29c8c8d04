"""Every name, signature and attribute of pycocotools 2.0.11, enumerated from the package itself."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import io
from typing import Any

import pytest

pytest.importorskip("pycocotools")

from compat.comparison import Modules, our_modules, reference_modules

#: Not names of the module, but what it imported.
IMPORTED = {
    "copy", "datetime", "defaultdict", "itertools", "json", "np", "os", "sys", "time", "urlretrieve", "PYTHON_VERSION",
}  # fmt: skip

TRUTH = {
    "images": [{"id": 1, "height": 20, "width": 20}],
    "categories": [{"id": 1}],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 9, 9], "area": 81, "iscrowd": 0,
         "segmentation": [[0, 0, 0, 9, 9, 9, 9, 0]], "keypoints": [1, 2, 2] * 17, "num_keypoints": 17}
    ],
}  # fmt: skip


def modules(name: str) -> tuple[Any, Any]:
    return importlib.import_module(f"metrix.compat.pycocotools.{name}"), importlib.import_module(f"pycocotools.{name}")


@pytest.mark.parametrize("name", ["coco", "cocoeval", "mask", "_mask"])
def test_every_name_of_a_module_is_there(name: str) -> None:
    ours, theirs = modules(name)
    public = {key for key in vars(theirs) if not key.startswith("_")} - IMPORTED
    if name == "_mask":
        public -= {"RLEs", "Masks"}  # the memory of the C code
    assert public
    assert not public - set(dir(ours))


def functions_of(module: Any) -> dict[str, Any]:
    found = {}
    for name, value in vars(module).items():
        if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_"):
            found |= {f"{name}.{key}": method for key, method in vars(value).items() if inspect.isfunction(method)}
        elif callable(value) and not inspect.isclass(value) and not name.startswith("__"):
            found[name] = value
    return found


@pytest.mark.parametrize("name", ["coco", "cocoeval", "mask", "_mask"])
def test_every_signature_is_the_same(name: str) -> None:
    ours, theirs = modules(name)
    inner = {"_toString", "_frString", "urlretrieve"}
    compared = 0
    for path, function in functions_of(theirs).items():
        if path in inner:
            continue
        own = ours
        for part in path.split("."):
            own = getattr(own, part)
        expected = [(p.name, p.default, p.kind) for p in inspect.signature(function).parameters.values()]
        assert [(p.name, p.default, p.kind) for p in inspect.signature(own).parameters.values()] == expected, path
        compared += 1
    assert compared >= {"coco": 16, "cocoeval": 11, "mask": 7, "_mask": 9}[name]


def stages(both: Modules, iou_type: str) -> list[tuple[str, Any]]:
    """An evaluation after each of its calls."""
    import copy

    coco, cocoeval = both
    with contextlib.redirect_stdout(io.StringIO()):
        truth = coco.COCO()
        truth.dataset = copy.deepcopy(TRUTH)
        truth.createIndex()
        first = copy.deepcopy(TRUTH["annotations"][0])
        found = truth.loadRes([{**first, "score": 0.5}])
        evaluation = cocoeval.COCOeval(truth, found, iou_type)
        snapshots = [("COCO", truth), ("loadRes", found), ("params", evaluation.params), ("COCOeval", evaluation)]
        result = [(name, attributes(value)) for name, value in snapshots]
        for call in ("evaluate", "accumulate", "summarize"):
            getattr(evaluation, call)()
            result.append((call, attributes(evaluation)))
        result.append(("params after", attributes(evaluation.params)))
    return result


def attributes(value: Any) -> dict[str, str]:
    """The type of each attribute that is not a method of the class."""
    names = [name for name in dir(value) if not name.startswith("__") and not callable(getattr(value, name))]
    return {name: type(getattr(value, name)).__name__ for name in names}


@pytest.mark.parametrize("iou_type", ["bbox", "segm", "keypoints"])
def test_every_attribute_is_there_after_each_call(iou_type: str) -> None:
    for (stage, ours), (_, theirs) in zip(
        stages(our_modules(), iou_type), stages(reference_modules(), iou_type), strict=True
    ):
        assert {name: ours.get(name) for name in theirs} == theirs, stage


@pytest.mark.parametrize("iou_type", ["bbox", "segm", "keypoints"])
def test_params_have_the_very_values(iou_type: str) -> None:
    from compat.comparison import difference

    ours, theirs = (vars(both[1].Params(iou_type)) for both in (our_modules(), reference_modules()))
    assert not difference({name: ours[name] for name in theirs}, theirs)
    assert set(ours) == set(theirs)


def test_an_unknown_type_is_refused_as_there() -> None:
    for both in (our_modules(), reference_modules()):
        with pytest.raises(Exception, match="iouType not supported"):
            both[1].Params("boundary")
