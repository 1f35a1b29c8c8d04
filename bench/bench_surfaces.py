#!/usr/bin/env python3
"""Surface metrics and boundary F1 (metrix.distances) against KD-trees, MONAI, deepmind's package and OpenCV.

python bench/bench_surfaces.py [--quick]
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.distances import boundary_f1_score, surface_distances

cv2 = optional("cv2")
deepmind = optional("surface_distance")
monai = optional("monai.metrics")
ndimage = optional("scipy.ndimage")
spatial = optional("scipy.spatial")
torch = optional("torch")

TOLERANCE = 2.0


def organ(shape: tuple[int, ...], wave: float) -> Any:
    """A wavy ball that fills half of each axis, and a little off with another wave."""
    grid = np.ogrid[tuple(slice(-1, 1, length * 1j) for length in shape)]
    angle = np.arctan2(grid[-2], grid[-1] - 0.02 * wave)
    radius = sum((axis - 0.02 * wave) ** 2 for axis in grid)
    return radius < (0.5 + 0.03 * wave * np.sin(7 * angle) + 0.02 * np.sin(9 * grid[0])) ** 2


def as_metrix(truth: Any, predicted: Any, spacing: Any, threads: int) -> Any:
    found = surface_distances(truth, predicted, spacing=spacing, num_threads=threads)
    return np.array(
        [
            found.hausdorff_distance(percentile=95),
            found.average_surface_distance(),
            found.surface_dice(tolerance=TOLERANCE),
        ]
    )


def as_surfels(truth: Any, predicted: Any, spacing: Any, threads: int) -> Any:
    found = surface_distances(truth, predicted, spacing=spacing, surface="surfels", num_threads=threads)
    return np.array([found.hausdorff_distance(percentile=95), found.surface_dice(tolerance=TOLERANCE)])


def with_trees(truth: Any, predicted: Any, spacing: Any, threads: int) -> Any:
    """What one writes with SciPy: crop, erode, a tree for each side."""
    box = ndimage.find_objects((truth | predicted).astype(np.uint8))[0]
    points = []
    for mask in (truth, predicted):
        inside = np.pad(mask[box], 1)
        points.append(np.argwhere(inside & ~ndimage.binary_erosion(inside)) * np.asarray(spacing))
    first, second = (spatial.cKDTree(there).query(here, workers=threads)[0] for here, there in (points, points[::-1]))
    both = np.concatenate([first, second])
    return np.array([max(np.percentile(first, 95), np.percentile(second, 95)), both.mean(), (both <= TOLERANCE).mean()])


def with_monai(truth: Any, predicted: Any, spacing: Any, threads: int) -> Any:
    torch.set_num_threads(threads)
    sides = [torch.from_numpy(np.stack([~side, side])[None]) for side in (predicted, truth)]
    options: dict[str, Any] = {"include_background": False, "spacing": list(spacing)}
    return np.array(
        [
            float(monai.compute_hausdorff_distance(*sides, percentile=95, **options)),
            float(monai.compute_average_surface_distance(*sides, symmetric=True, **options)),
            float(monai.compute_surface_dice(*sides, class_thresholds=[TOLERANCE], **options)),
        ]
    )


def with_deepmind(truth: Any, predicted: Any, spacing: Any) -> Any:
    found = deepmind.compute_surface_distances(truth, predicted, spacing)
    return np.array(
        [
            deepmind.compute_robust_hausdorff(found, 95),
            deepmind.compute_surface_dice_at_tolerance(found, TOLERANCE),
        ]
    )


def davis_boundary(mask: Any) -> Any:
    edges = np.zeros_like(mask)
    edges[:-1, :-1] = (
        (mask[:-1, :-1] ^ mask[:-1, 1:]) | (mask[:-1, :-1] ^ mask[1:, :-1]) | (mask[:-1, :-1] ^ mask[1:, 1:])
    )
    edges[-1, :-1] = mask[-1, :-1] ^ mask[-1, 1:]
    edges[:-1, -1] = mask[:-1, -1] ^ mask[1:, -1]
    return edges


def with_disk(truth: Any, predicted: Any, threads: int) -> float:
    """As the code of DAVIS: boundaries widened by a disk."""
    cv2.setNumThreads(threads)
    reach = math.ceil(0.008 * math.hypot(*truth.shape))
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    disk = (y**2 + x**2 <= reach**2).astype(np.uint8)
    edges = [davis_boundary(side) for side in (predicted, truth)]
    precision, recall = (
        (here & (cv2.dilate(there.view(np.uint8), disk) != 0)).sum() / here.sum()
        for here, there in (edges, edges[::-1])
    )
    return float(2 * precision * recall / (precision + recall))


def with_transform(truth: Any, predicted: Any, threads: int) -> float:
    """The same with distances to boundaries."""
    cv2.setNumThreads(threads)
    reach = math.ceil(0.008 * math.hypot(*truth.shape))
    edges = [davis_boundary(side) for side in (predicted, truth)]
    precision, recall = (
        (cv2.distanceTransform((~there).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[here] <= reach + 1e-3).sum()
        / here.sum()
        for here, there in (edges, edges[::-1])
    )
    return float(2 * precision * recall / (precision + recall))


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    warnings.simplefilter("ignore")
    rivals = {"scipy": ndimage, "monai": monai, "surface-distance": deepmind, "opencv-python-headless": cv2}
    missing = ", ".join(f"{name} is not installed" for name, module in rivals.items() if module is None)
    print_heading("Surfaces", [name for name, module in rivals.items() if module is not None], missing)
    shapes = [((512, 512), (1.0, 1.0)), ((2048, 2048), (1.0, 1.0))]
    if not quick:
        shapes += [((256, 256, 256), (1.0, 1.0, 1.0)), ((96, 320, 320), (3.0, 0.8, 0.8))]
    for shape, spacing in shapes:
        for threads in (1, 2):
            surfaces(organ(shape, 1), organ(shape, 2), spacing, threads)
    for height, width in ((480, 854), (1024, 2048)):
        for threads in (1, 2):
            boundaries(organ((height, width), 1), organ((height, width), 2), threads)


def surfaces(truth: Any, predicted: Any, spacing: Any, threads: int) -> None:
    case = (truth, predicted, spacing)
    calls: dict[str, Callable[[], Any]] = {"metrix": lambda: as_metrix(*case, threads)}
    if spatial is not None:
        calls["KD-trees"] = lambda: with_trees(*case, threads)
    if monai is not None and torch is not None:
        calls["MONAI"] = lambda: with_monai(*case, threads)
    title = f"{truth.shape}, spacing {spacing}, {threads} threads"
    contest(f"HD95, ASSD and NSD, {title}", calls, inexact=["KD-trees", "MONAI"], rounds=3)
    if deepmind is not None and threads == 1:
        calls = {"metrix": lambda: as_surfels(*case, threads), "surface-distance": lambda: with_deepmind(*case)}
        contest(f"HD95 and NSD of surfels, {title}", calls, inexact=["surface-distance"], rounds=3)


def boundaries(truth: Any, predicted: Any, threads: int) -> None:
    calls = {"metrix": lambda: boundary_f1_score(truth, predicted, definition="davis", num_threads=threads)}
    if cv2 is not None:
        calls["OpenCV, disk"] = lambda: with_disk(truth, predicted, threads)
        calls["OpenCV, transform"] = lambda: with_transform(truth, predicted, threads)
    contest(f"boundary F1 of DAVIS, {truth.shape}, {threads} threads", calls, rounds=3)


if __name__ == "__main__":
    main()
