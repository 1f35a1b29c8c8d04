#!/usr/bin/env python3
"""Panoptic quality against the recipe of panopticapi, a loop of numba and torchmetrics.

python bench/bench_panoptic.py [--quick]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.rounds import contest, optional, print_heading, quick_from_arguments
from metrix.panoptic import panoptic_quality

numba = optional("numba")
torchmetrics = optional("torchmetrics.functional.detection")
torch = optional("torch")

CATEGORIES = {key: key % 2 == 0 for key in range(1, 11)}


def image(rng: np.random.Generator, height: int, width: int, count: int) -> Any:
    """Cells around random places as segments, some of them void, and a prediction whose borders are a little off."""
    places = rng.random((count, 2)) * (height, width)

    def nearest(shift: float) -> Any:
        y, x = np.mgrid[:height, :width].astype(np.float32)
        y += shift * np.sin(x / 17) + shift
        x += shift * np.cos(y / 23)
        best = np.full((height, width), np.inf, dtype=np.float32)
        ids = np.zeros((height, width), dtype=np.uint32)
        for key, (top, left) in enumerate(places.astype(np.float32)):
            distance = (y - top) ** 2 + (x - left) ** 2
            ids = np.where(distance < best, np.uint32(key), ids)
            best = np.minimum(distance, best)
        return np.where(ids > 0, (ids * np.uint32(197_003) + 1) % (1 << 24), 0).astype(np.uint32)

    truth, predicted = nearest(0), nearest(2)
    rows = [
        [
            {"id": int(key), "category_id": 1 + int(key) % 10, "iscrowd": int(i % 13 == 5)}
            for i, key in enumerate(ids)
            if key
        ]
        for ids in (np.unique(truth), np.unique(predicted))
    ]
    return truth, predicted, rows[0], rows[1]


def as_panopticapi(truth: Any, predicted: Any, true_segments: Any, pred_segments: Any) -> Any:
    """Sorted pairs of ids and dicts: what panopticapi does with an image once it is read."""
    pairs, counts = np.unique(truth.astype(np.uint64) << np.uint64(24) | predicted, return_counts=True)
    overlap = {(int(pair) >> 24, int(pair) & 0xFFFFFF): int(count) for pair, count in zip(pairs, counts)}
    area = dict(zip(*(side.tolist() for side in np.unique(truth, return_counts=True))))
    other = dict(zip(*(side.tolist() for side in np.unique(predicted, return_counts=True))))
    return outcomes(overlap, area, other, true_segments, pred_segments)


def outcomes(overlap: Any, area: Any, other: Any, true_segments: Any, pred_segments: Any) -> Any:
    true, found = ({row["id"]: row for row in rows} for rows in (true_segments, pred_segments))
    state = np.zeros((len(CATEGORIES) + 1, 4))
    matched = set()
    for (t, p), count in overlap.items():
        if t not in true or p not in found or true[t]["iscrowd"] or true[t]["category_id"] != found[p]["category_id"]:
            continue
        iou = count / (area[t] + other[p] - count - overlap.get((0, p), 0))
        if iou > 0.5:
            state[true[t]["category_id"]] += (iou, 1, 0, 0)
            matched |= {("t", t), ("p", p)}
    crowd = {row["category_id"]: t for t, row in true.items() if row["iscrowd"]}
    for t, row in true.items():
        state[row["category_id"], 3] += not row["iscrowd"] and ("t", t) not in matched
    for p, row in found.items():
        share = overlap.get((0, p), 0) + overlap.get((crowd.get(row["category_id"], -1), p), 0)
        state[row["category_id"], 2] += ("p", p) not in matched and share / other[p] <= 0.5
    return summary(state[1:])


def summary(state: Any) -> Any:
    return np.divide(state[:, 0], state[:, 1] + state[:, 2] / 2 + state[:, 3] / 2)


def as_metrix(case: Any, threads: int) -> Any:
    report = panoptic_quality(
        case[0], case[1], true_segments=case[2], pred_segments=case[3], categories=CATEGORIES, num_threads=threads
    )
    return report.per_category["pq"]


def as_numba() -> Callable[..., Any]:
    """Pairs counted by runs in numba's dict, the rest as panopticapi."""

    @numba.njit
    def count(truth: Any, predicted: Any) -> Any:
        pairs = numba.typed.Dict.empty(numba.uint64, numba.int64)
        start, before = 0, (numba.uint64(truth[0]) << numba.uint64(32)) | numba.uint64(predicted[0])
        for i in range(1, truth.size):
            pair = (numba.uint64(truth[i]) << numba.uint64(32)) | numba.uint64(predicted[i])
            if pair != before:
                pairs[before] = pairs.get(before, numba.int64(0)) + (i - start)
                start, before = i, pair
        pairs[before] = pairs.get(before, 0) + (truth.size - start)
        return pairs

    def call(truth: Any, predicted: Any, true_segments: Any, pred_segments: Any) -> Any:
        overlap, area, other = {}, {}, {}
        for pair, count_of_pair in count(truth.ravel(), predicted.ravel()).items():
            t, p = int(pair) >> 32, int(pair) & 0xFFFFFFFF
            overlap[t, p] = count_of_pair
            area[t] = area.get(t, 0) + count_of_pair
            other[p] = other.get(p, 0) + count_of_pair
        return outcomes(overlap, area, other, true_segments, pred_segments)

    return call


def as_torchmetrics(truth: Any, predicted: Any, true_segments: Any, pred_segments: Any) -> Any:
    def channels(ids: Any, rows: Any) -> Any:
        category = np.zeros(1 << 24, dtype=np.int64)
        for row in rows:
            category[row["id"]] = row["category_id"]
        return torch.from_numpy(np.stack([category[ids], ids.astype(np.int64)], axis=-1)[None])

    sides = channels(predicted, pred_segments), channels(truth, true_segments)
    things = {key for key, kind in CATEGORIES.items() if kind}
    return lambda: torchmetrics.panoptic_quality(*sides, things=things, stuffs={0, *CATEGORIES} - things)


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    rivals = {"numba": numba, "torchmetrics": torchmetrics}
    missing = ", ".join(f"{name} is not installed" for name, module in rivals.items() if module is None)
    print_heading("Panoptic quality", [name for name, module in rivals.items() if module is not None], missing)
    rng = np.random.default_rng(1)
    for height, width, count in ((480, 640, 24),) if quick else ((480, 640, 24), (1024, 2048, 70)):
        case = image(rng, height, width, count)
        coloured = tuple(
            np.stack([side & 255, side >> 8 & 255, side >> 16], axis=-1).astype(np.uint8) for side in case[:2]
        )
        for threads in (1, 2):
            contests(case, (*coloured, *case[2:]), threads, with_torchmetrics=threads == 1 and not quick)


def contests(case: Any, coloured: Any, threads: int, *, with_torchmetrics: bool) -> None:
    calls = {
        "metrix": lambda: as_metrix(case, threads),
        "metrix, from R, G, B": lambda: as_metrix(coloured, threads),
        "panopticapi's way": lambda: as_panopticapi(*case),
    }
    if numba is not None:
        compiled = as_numba()
        calls["numba, by runs"] = lambda: compiled(*case)
    if torchmetrics is not None and with_torchmetrics:
        calls["torchmetrics"] = as_torchmetrics(*case)
    title = f"{case[0].shape}, {len(case[2])} segments, {threads} threads"
    inexact = ["panopticapi's way", "numba, by runs"]
    contest(title, calls, inexact=inexact, uncompared=["torchmetrics"], rounds=3)


if __name__ == "__main__":
    main()
