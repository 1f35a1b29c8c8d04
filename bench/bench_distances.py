#!/usr/bin/env python3
"""The exact Euclidean distance transform against OpenCV, the package edt, and SciPy.

python bench/bench_distances.py [--quick]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.distances import distance_transform_edt

cv2 = optional("cv2")
edt = optional("edt")
ndimage = optional("scipy.ndimage")

SHAPES = [(512, 512), (2048, 2048), (4096, 4096), (256, 256, 256)]


def blobs(rng: np.random.Generator, shape: tuple[int, ...], size: int) -> Any:
    """Smooth regions of about this size, half of all."""
    field = rng.normal(size=[-(-length // size) + 3 for length in shape])
    for axis, length in enumerate(shape):
        places = np.linspace(0, field.shape[axis] - 2.001, length)
        low = places.astype(int)
        share = (places - low).reshape((-1,) + (1,) * (field.ndim - 1 - axis))
        field = np.take(field, low, axis=axis) * (1 - share) + np.take(field, low + 1, axis=axis) * share
    return field > 0


def borders(regions: Any) -> Any:
    """Background where a region ends: what distances of surfaces are measured to."""
    inside = regions.copy()
    for axis in range(regions.ndim):
        inside &= np.roll(regions, 1, axis) & np.roll(regions, -1, axis)
    return ~(regions & ~inside)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    rivals = {"opencv-python-headless": cv2, "edt": edt, "scipy": ndimage}
    missing = ", ".join(f"{name} is not installed" for name, module in rivals.items() if module is None)
    print_heading("Distances", [name for name, module in rivals.items() if module is not None], missing)
    rng = np.random.default_rng(1)
    for shape in SHAPES[:2] if quick else SHAPES:
        regions = blobs(rng, shape, 64 if len(shape) == 2 else 24)
        for kind, mask in (("regions", regions), ("borders", borders(regions))):
            for threads in (1, 2):
                calls = rivals_of(mask, threads)
                contest(f"{kind}, {shape}, {threads} threads", calls, inexact=["OpenCV", "edt"], rounds=3)


def rivals_of(mask: Any, threads: int) -> dict[str, Callable[[], Any]]:
    """SciPy must give the same bits; the others give single precision."""
    calls: dict[str, Callable[[], Any]] = {"metrix": lambda: distance_transform_edt(mask, num_threads=threads)}
    if cv2 is not None and mask.ndim == 2:

        def call() -> Any:
            cv2.setNumThreads(threads)
            return cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)

        calls["OpenCV"] = call
    if edt is not None:
        calls["edt"] = lambda: edt.edt(mask, parallel=threads)
    if ndimage is not None:
        calls["SciPy"] = lambda: ndimage.distance_transform_edt(mask)
    return calls


if __name__ == "__main__":
    main()
