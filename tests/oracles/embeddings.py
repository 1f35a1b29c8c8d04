"""Losses of embeddings as they are defined, sample by sample, in extended precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]


def norm(x: Array) -> Any:
    return np.sqrt((x**2).sum())


def cosine(x: Array, y: Array) -> Any:
    lengths = norm(x) * norm(y)
    return (x * y).sum() / lengths if lengths > 0 else np.longdouble(0)


def cosines(x: Array, y: Array) -> Array:
    return np.array([[cosine(a, b) for b in y] for a in x], dtype=np.longdouble).reshape(len(x), len(y))


def entropy(logits: Array, label: int) -> Any:
    return np.log(np.exp(logits - logits[label]).sum())


def softmax_loss(x: Array, labels: Any, w: Array) -> Array:
    return np.array([entropy(w @ row, label) for row, label in zip(x, labels)])


def with_margin(x: Array, labels: Any, w: Array, target: Any, scale: Any) -> Array:
    terms = []
    for row, label in zip(x, labels):
        angles = np.arccos(np.clip([cosine(row, one) for one in w], -1, 1))
        logits = np.cos(angles)
        logits[label] = target(angles[label])
        terms.append(entropy(scale(row) * logits, label))
    return np.array(terms)


def sphereface_loss(
    x: Array, labels: Any, w: Array, margin: int = 4, anneal: float = 0.0, monotone: bool = True
) -> Array:
    def target(angle: Any) -> Any:
        k = np.floor(margin * angle / np.pi) if monotone else 0
        return (anneal * np.cos(angle) + (-1) ** k * np.cos(margin * angle) - 2 * k) / (1 + np.longdouble(anneal))

    return with_margin(x, labels, w, target, norm)


def cosface_loss(x: Array, labels: Any, w: Array, margin: float = 0.35, scale: float = 64.0) -> Array:
    return with_margin(x, labels, w, lambda angle: np.cos(angle) - margin, lambda _: scale)


def arcface_loss(
    x: Array,
    labels: Any,
    w: Array,
    margin: float = 0.5,
    scale: float = 64.0,
    easy_margin: bool = False,
    angle_factor: float = 1.0,
    cosine_margin: float = 0.0,
) -> Array:
    def target(angle: Any) -> Any:
        value = np.cos(angle_factor * angle + margin)
        if angle_factor == 1 and angle + margin > np.pi:
            value = np.cos(angle) - margin * np.sin(margin)
        if easy_margin and angle >= np.pi / 2:
            value = np.cos(angle)
        return value - cosine_margin

    return with_margin(x, labels, w, target, lambda _: scale)


def center_loss(x: Array, labels: Any, centers: Array) -> Array:
    return np.array([((row - centers[label]) ** 2).sum() / 2 for row, label in zip(x, labels)])


def update_centers(centers: Array, x: Array, labels: Any, rate: float) -> Array:
    moved = centers.copy()
    for label, center in enumerate(centers):
        own = [row for row, its in zip(x, labels) if its == label]
        moved[label] = center - rate * sum((center - row for row in own), np.zeros_like(center)) / (1 + len(own))
    return moved


def triplet_margin_loss(
    anchor: Array,
    positive: Array,
    negative: Array,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    squared: bool = False,
) -> Array:
    def distance(x: Array, y: Array) -> Any:
        return ((x - y) ** 2).sum() if squared else (np.abs(x - y + eps) ** p).sum() ** (1 / np.longdouble(p))

    terms = []
    for a, b, c in zip(anchor, positive, negative):
        far = min(distance(a, c), distance(b, c)) if swap else distance(a, c)
        terms.append(max(distance(a, b) - far + margin, np.longdouble(0)))
    return np.array(terms)


def contrastive_loss(
    first: Array, second: Array, similar: Array, margin: float = 1.0, squared: bool = True, half: bool = True
) -> Array:
    terms = []
    for x, y, is_similar in zip(first, second, similar):
        pull, push = norm(x - y), max(margin - norm(x - y), np.longdouble(0))
        power = 2 if squared else 1
        terms.append((is_similar * pull**power + (1 - is_similar) * push**power) / (2 if half else 1))
    return np.array(terms)


def circle_loss(
    x: Array, labels: Any, margin: float = 0.25, scale: float = 256.0, group: str = "row", constant: Any = None
) -> Array:
    """``constant``: where the weights of the cosines come from, which the gradient takes as they are."""
    s, fixed = cosines(x, x), cosines(x, x) if constant is None else cosines(constant, constant)
    count = len(x)

    def loss(pairs: list[tuple[int, int]]) -> Any:
        near = [(i, j) for i, j in pairs if labels[i] == labels[j]]
        far = [(i, j) for i, j in pairs if labels[i] != labels[j]]
        if not near or not far:
            return np.longdouble(0)
        pull = sum(np.exp(-scale * max(1 + margin - fixed[at], 0) * (s[at] - 1 + margin)) for at in near)
        push = sum(np.exp(scale * max(fixed[at] + margin, 0) * (s[at] - margin)) for at in far)
        return np.log1p(pull * push)

    if group == "batch":
        return np.asarray(loss([(i, j) for i in range(count) for j in range(i + 1, count)]))
    return np.array([loss([(i, j) for j in range(count) if j != i]) for i in range(count)])


def negative_cosine_loss(pred: Array, target: Array) -> Array:
    return -np.array([cosine(x, y) for x, y in zip(pred, target)])


def info_nce_loss(query: Array, key: Array, temperature: float = 0.07, symmetric: bool = False) -> Array:
    logits = cosines(query, key) / np.longdouble(temperature)
    one_way = np.array([entropy(row, i) for i, row in enumerate(logits)])
    other_way = np.array([entropy(row, i) for i, row in enumerate(logits.T)])
    return (one_way + other_way) / 2 if symmetric else one_way


def nt_xent_loss(first: Array, second: Array, temperature: float = 0.5) -> Array:
    views = np.concatenate([first, second])
    count = len(first)
    s = np.exp(cosines(views, views) / np.longdouble(temperature))

    def one(i: int, j: int) -> Any:
        return -np.log(s[i, j] / sum(s[i, k] for k in range(2 * count) if k != i))

    return np.array([(one(i, i + count) + one(i + count, i)) / 2 for i in range(count)])


def supervised_contrastive_loss(x: Array, labels: Any, temperature: float = 0.1) -> Array:
    s = cosines(x, x) / np.longdouble(temperature)
    terms = []
    for i in range(len(x)):
        others = [j for j in range(len(x)) if j != i]
        own = [j for j in others if labels[j] == labels[i]]
        whole = np.log(sum(np.exp(s[i, j]) for j in others)) if others else 0
        terms.append(sum(whole - s[i, j] for j in own) / np.longdouble(max(len(own), 1)))
    return np.array(terms, dtype=np.longdouble)


def barlow_twins_loss(first: Array, second: Array, off_diagonal: float = 5e-3, eps: float = 1e-5) -> Array:
    def normalized(x: Array) -> Array:
        return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + np.longdouble(eps))

    correlation = normalized(first).T @ normalized(second) / len(first)
    loss = np.longdouble(0)
    for i, row in enumerate(correlation):
        for j, value in enumerate(row):
            loss += (1 - value) ** 2 if i == j else off_diagonal * value**2
    return np.asarray(loss)
