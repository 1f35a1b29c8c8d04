"""Losses of sequences as they are defined, in extended precision."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, product

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.longdouble]


def log_softmax(z: Array) -> Array:
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def log_sum(*terms: np.longdouble) -> np.longdouble:
    top = max(terms)
    return top if top == -np.inf else top + np.log(np.sum(np.exp(np.array(terms) - top)))


def states_of(labels: list[int], blank: int) -> list[int]:
    """A blank before, between and after the labels."""
    return [blank] + [state for label in labels for state in (label, blank)]


def skips(states: list[int], s: int, blank: int) -> bool:
    return s >= 2 and states[s] != blank and states[s] != states[s - 2]


def ctc(log_probabilities: Array, labels: list[int], blank: int = 0) -> tuple[np.longdouble, Array]:
    """(frames, classes) -> the loss, and the occupancy of each class in each frame."""
    states = states_of(labels, blank)
    frames, count = len(log_probabilities), len(states)
    nothing = np.longdouble(-np.inf)
    alpha = np.full((frames + 1, count + 2), nothing)  # two places before the first state are never reached
    beta = np.full((frames + 1, count + 2), nothing)
    alpha[0, 1] = beta[frames, count + 1] = 0
    if frames == 0:
        return np.longdouble(0.0 if not labels else np.inf), np.zeros_like(log_probabilities)
    for t in range(frames):
        for s, label in enumerate(states):
            ways = [alpha[t, s + 2], alpha[t, s + 1]] if t else [alpha[0, 1]] if s < 2 else [nothing]
            if t and skips(states, s, blank):
                ways.append(alpha[t, s])
            alpha[t + 1, s + 2] = log_sum(*ways) + log_probabilities[t, label]
    ends = [count - 1, count - 2] if labels else [count - 1]
    total = log_sum(*(alpha[frames, s + 2] for s in ends))
    beta = np.full((frames, count), nothing)
    beta[-1, ends] = 0
    for t in range(frames - 2, -1, -1):
        for s in range(count):
            nexts = [n for n in (s, s + 1, s + 2) if n < count and (n < s + 2 or skips(states, n, blank))]
            beta[t, s] = log_sum(*(beta[t + 1, n] + log_probabilities[t + 1, states[n]] for n in nexts))
    occupancy = np.zeros_like(log_probabilities)
    for s, label in enumerate(states):
        occupancy[:, label] += np.exp(alpha[1:, s + 2] + beta[:, s] - total)
    return -total, occupancy


def alignments(frames: int, classes: int, labels: list[int], blank: int) -> Iterator[tuple[int, ...]]:
    """All that spell the labels, by trying every sequence of classes."""
    for path in product(range(classes), repeat=frames):
        if [label for label, _ in groupby(path) if label != blank] == labels:
            yield path
