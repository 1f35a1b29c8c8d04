"""Triplets of a batch as they are defined, one by one."""

from __future__ import annotations

from typing import Any

import numpy as np


def distances(x: Any, squared: bool) -> Any:
    squares = ((x[:, None] - x) ** 2).sum(axis=2)
    return squares if squared else np.sqrt(squares)


def mine_triplets(x: Any, labels: Any, mining: str, squared: bool = False) -> list[tuple[int, int, int]]:
    d = distances(x, squared)
    triplets = []
    for a in range(len(x)):
        positives = [j for j in range(len(x)) if j != a and labels[j] == labels[a]]
        negatives = [j for j in range(len(x)) if labels[j] != labels[a]]
        if not positives or not negatives:
            continue
        if mining == "hard":
            triplets.append((a, max(positives, key=lambda j: d[a, j]), min(negatives, key=lambda j: d[a, j])))
            continue
        for p in positives:
            if mining == "all":
                triplets += [(a, p, n) for n in negatives]
            elif beyond := [n for n in negatives if d[a, n] > d[a, p]]:
                triplets.append((a, p, min(beyond, key=lambda j: d[a, j])))
    return triplets


def batch_triplet_loss(
    x: Any, labels: Any, mining: str = "hard", margin: float = 0.2, squared: bool = False, over: str = "all"
) -> Any:
    d = distances(x, squared)
    terms = [max(d[a, p] - d[a, n] + margin, 0) for a, p, n in mine_triplets(x, labels, mining, squared)]
    counted = [term for term in terms if over == "all" or term > 0]
    return np.asarray(sum(terms, np.longdouble(0)) / max(len(counted), 1))
