"""The elementary functions of the losses: two units in the last place, everywhere."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core

RANGES = {
    "exp": [(-1, 1), (-110, 90), (-760, 720)],
    "expm1": [(-1, 1), (-60, 90), (-60, 720)],
    "log": [(0.4, 2.1), (0, 1e6)],
    "log1p": [(-0.9999999, 1), (0, 1e6)],
    "atan": [(-3, 3), (0.4, 0.43), (-1e6, 1e6)],
}
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, -2.0, 5e-324, 1e-310, 1e-45, 1e-40, 88.7, 88.8, -87.4, -103.9]
SPECIAL += [-104.0, 709.78, 709.79, -708.5, -745.1, -745.2, 1e30, -1e30]


def distance(got: npt.NDArray[np.floating], exact: npt.NDArray[np.longdouble]) -> float:
    """The greatest one, in units of the last place of what is exact."""
    dtype = got.dtype.type
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        rounded = exact.astype(dtype)
        same = (got == rounded) | (np.isnan(got) & np.isnan(rounded))
        unit = np.maximum(np.abs(np.spacing(rounded)), info.smallest_subnormal).astype(np.longdouble)
        error = np.where(same, 0, np.abs(got.astype(np.longdouble) - exact) / unit)
    return float(error.max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", RANGES)
def test_error_is_below_two_units(name: str, dtype: type, rng: np.random.Generator) -> None:
    count = cases(400000)
    info = np.finfo(dtype)
    drawn = [rng.uniform(low, high, count) for low, high in RANGES[name]]
    # Every order of magnitude, down to subnormal numbers.
    everywhere = rng.integers(0, np.iinfo(np.int64).max, count).view(np.float64) if dtype == np.float64 else None
    if everywhere is None:
        everywhere = rng.integers(0, np.iinfo(np.int32).max, count, dtype=np.int32).view(np.float32)
    drawn.append(everywhere if name.startswith("log") else np.concatenate([everywhere, -everywhere]))
    with np.errstate(all="ignore"):
        x = np.concatenate([*drawn, SPECIAL, [info.max, info.tiny, info.smallest_subnormal]]).astype(dtype)
        exact = getattr(np, {"atan": "arctan"}.get(name, name))(x.astype(np.longdouble))
    got = _core.losses.elementary(name, x)
    assert distance(got, exact) < 2


def test_where_an_element_stands_changes_nothing(rng: np.random.Generator) -> None:
    x = rng.normal(scale=10, size=100)
    for name in RANGES:
        one_by_one = [_core.losses.elementary(name, x[i : i + 1])[0] for i in range(100)]
        np.testing.assert_array_equal(_core.losses.elementary(name, x), one_by_one)
