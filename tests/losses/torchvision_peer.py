"""torchvision's functions of Python, where it is installed without the compiled half that belongs to it."""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from functools import cache
from typing import Any

import pytest


def torchvision_module(name: str) -> Any:
    """The module; without torchvision the test is skipped."""
    pytest.importorskip("torch")
    if importlib.util.find_spec("torchvision") is None:
        pytest.skip("torchvision is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import meets what PyTorch deprecates
        _declare_operators()
        return importlib.import_module(name)


@cache
def _declare_operators() -> Any:
    """Its wheel for GPUs fails to load its operators on a CPU, and then misses two names as it is imported."""
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    return library
