"""Metrics of one ranked list as their definitions say; ties by trying every order of equal scores."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any


def orders(gains: list[float], scores: list[float]) -> Iterator[list[float]]:
    """The gains in every order of descending scores."""
    by_score: dict[float, list[float]] = {}
    for gain, score in zip(gains, scores):
        by_score.setdefault(score, []).append(gain)
    groups = [list(itertools.permutations(by_score[score])) for score in sorted(by_score, reverse=True)]
    for choice in itertools.product(*groups):
        yield [gain for group in choice for gain in group]


def dcg(ranked: list[float], k: int, gains: str = "linear") -> float:
    return sum((g if gains == "linear" else 2**g - 1) / math.log2(rank + 2) for rank, g in enumerate(ranked[:k]))


def scores_of(ranked: list[float], k: int) -> dict[str, float]:
    """Of a list with some relevant document."""
    total = sum(g > 0 for g in ranked)
    ranks = [rank for rank, g in enumerate(ranked, 1) if g > 0]
    precisions = [(i / rank, rank) for i, rank in enumerate(ranks, 1)]
    kept = [p for p, rank in precisions if rank <= k]
    return {
        "mean_reciprocal_rank": 1 / ranks[0] if ranks[0] <= k else 0.0,
        "mean_average_precision": sum(kept) / total,
        "mean_average_precision_at_r": sum(p for p, rank in precisions if rank <= total) / total,
        "precision_at_k": len(kept) / k,
        "recall_at_k": len(kept) / total,
        "hit_rate_at_k": float(len(kept) > 0),
        "r_precision": sum(rank <= total for rank in ranks) / total,
        "map reachable": sum(kept) / min(total, k),
        "map found": sum(kept) / max(1, len(kept)),
    }


def of_ties(gains: list[float], scores: list[float], k: int, ties: str) -> dict[str, float]:
    """The worst or the best of all orders."""
    found: list[Any] = [scores_of(ranked, k) for ranked in orders(gains, scores)]
    choose = min if ties == "worst" else max
    return {name: choose(one[name] for one in found) for name in found[0]}
