"""Reports that must agree in every bit."""

from __future__ import annotations

from typing import Any

import numpy as np

import metrix


def bits_of(report: metrix.DetectionReport) -> dict[str, Any]:
    """All that a report says, in bytes where it is numbers."""
    arrays = {name: getattr(report, name) for name in ("precision", "recall", "scores", "category_ids", "image_ids")}
    outcomes = {
        name: column
        for name, column in report.outcomes.__dict__.items()
        if isinstance(column, np.ndarray) and name not in ("row", "ground_truth")
    }
    return {
        **{
            name: (array.shape, array.tolist() if array.dtype.kind == "U" else array.tobytes())
            for name, array in (arrays | outcomes).items()
        },
        "stats": np.array(list(report.stats.values())).tobytes(),
        "quirks": {quirk.name: quirk.count for quirk in report.quirks},
        "names": report.category_names,
    }


def assert_same(found: metrix.DetectionReport, wanted: metrix.DetectionReport) -> None:
    got, want = bits_of(found), bits_of(wanted)
    assert {name for name in want if got.get(name) != want[name]} == set()
    assert got == want
