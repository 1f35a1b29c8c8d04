"""Every example in a docstring of the package runs and prints what it says."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil

import numpy as np
import pytest

import metrix
import metrix.losses
from metrix.losses._loss import Loss

#: Modules that an optional package must be there for.
OPTIONAL = {
    "metrix._arrow_columns": "pyarrow",
    "metrix.adapters._torch_operators": "torch",
    "metrix.adapters.jax": "jax",
    "metrix.adapters.torch": "torch",
}
MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(metrix.__path__, "metrix.")
    if not module.name.endswith("__main__")
    and (module.name not in OPTIONAL or importlib.util.find_spec(OPTIONAL[module.name]) is not None)
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_examples_are_found() -> None:
    """A package of which no example is collected would pass the test above."""
    examples = {
        name: sum(len(test.examples) for test in doctest.DocTestFinder().find(importlib.import_module(name)))
        for name in MODULES
    }
    public = {"boxes", "compat.lvis.eval", "compat.pycocotools.cocoeval", "curves", "keypoints", "masks", "matching"}
    assert all(examples[f"metrix.{name}"] > 0 for name in public)


@pytest.mark.parametrize(
    "name", [name for name in metrix.losses.__all__ if isinstance(getattr(metrix.losses, name), Loss)]
)
def test_examples_of_losses_run(name: str) -> None:
    """Losses are objects, whose documentation doctest does not look for."""
    loss = getattr(metrix.losses, name)
    names = vars(metrix.losses) | {"np": np}
    test = doctest.DocTestParser().get_doctest(loss.__doc__, names, name, None, None)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0
