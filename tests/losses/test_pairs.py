"""metrix.losses.pairs: against definitions in extended precision, and the corners where sums are empty."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from losses.composed_checks import check_against_definition
from metrix.losses import multi_similarity_loss, proxy_anchor_loss, vicreg_loss

Wide = npt.NDArray[np.longdouble]


def unit(rows: Wide) -> Wide:
    return rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))


def multi_similarity(x: Wide, labels: Any, alpha: float = 2.0, beta: float = 50.0, base: float = 0.5) -> Wide:
    s, same = unit(x) @ unit(x).T, np.equal.outer(labels, labels)
    terms = []
    for i in range(len(x)):
        others = np.arange(len(x)) != i
        pull, push = s[i][same[i] & others], s[i][~same[i]]
        near = np.log(1 + np.exp(-alpha * (pull - base)).sum()) / alpha
        terms.append(near + np.log(1 + np.exp(beta * (push - base)).sum()) / beta)
    return np.array(terms)


def proxy_anchor(x: Wide, labels: Any, proxies: Wide, margin: float = 0.1, alpha: float = 32.0) -> Wide:
    s = unit(proxies) @ unit(x).T
    pulls, pushes = [], []
    for c in range(len(proxies)):
        own = np.asarray(labels) == c
        pushes.append(np.log(1 + np.exp(alpha * (s[c][~own] + margin)).sum()))
        if own.any():
            pulls.append(np.log(1 + np.exp(-alpha * (s[c][own] - margin)).sum()))
    return np.asarray(sum(pulls) / len(pulls) + sum(pushes) / len(pushes))


def vicreg(a: Wide, b: Wide, invariance: float = 25.0, variance: float = 25.0, covariance: float = 1.0) -> Wide:
    value = invariance * ((a - b) ** 2).mean()
    for view in (a, b):
        centered = view - view.mean(axis=0)
        shared = centered.T @ centered / (len(view) - 1)
        spread = np.sqrt(np.diag(shared) + np.longdouble(1e-4))
        value += variance * np.maximum(0, 1 - spread).mean() / 2
        value += covariance * ((shared**2).sum() - (np.diag(shared) ** 2).sum()) / view.shape[1]
    return np.asarray(value)


@pytest.mark.parametrize("scale", [0.3, 3.0])
def test_values_and_gradients(scale: float, rng: np.random.Generator) -> None:
    x, labels = rng.normal(scale=scale, size=(9, 4)), rng.integers(0, 3, 9)
    check_against_definition(multi_similarity_loss, multi_similarity, (x, labels), rng, single=2e-4)
    check_against_definition(multi_similarity_loss, multi_similarity, (x, labels), rng, alpha=1.0, beta=4.0, base=0.1)
    proxies = rng.normal(size=(4, 4))  # one of which has no samples
    check_against_definition(proxy_anchor_loss, proxy_anchor, (x, labels, proxies), rng, single=2e-4)
    first, second = rng.normal(scale=scale, size=(2, 8, 3))
    check_against_definition(vicreg_loss, vicreg, (first, second), rng)
    check_against_definition(vicreg_loss, vicreg, (first, second), rng, invariance=0.0, variance=2.0, covariance=3.0)


def test_alone_there_is_nothing_to_compare_with() -> None:
    value, grad = multi_similarity_loss.value_and_grad(np.array([[3.0, 4.0]]), [0], reduction="none")
    assert value.tolist() == [0.0]
    assert not grad.any()
    empty = np.zeros((0, 2))
    assert proxy_anchor_loss(empty, np.zeros(0, int), np.eye(2)) == 0
    assert np.isnan(vicreg_loss(np.ones((1, 2)), np.ones((1, 2))))


def test_proxies_learn_what_they_stand_for(rng: np.random.Generator) -> None:
    labels = np.arange(30) % 3
    x = np.eye(3)[labels] + 0.1 * rng.normal(size=(30, 3))
    proxies = rng.normal(size=(3, 3))
    for _ in range(200):
        proxies -= 0.05 * proxy_anchor_loss.value_and_grad(x, labels, proxies, wrt="proxies")[1]
    assert ((x @ proxies.T / np.linalg.norm(proxies, axis=1)).argmax(axis=1) == labels).all()


def test_what_is_wrong_is_told() -> None:
    x = np.eye(3)
    with pytest.raises(ValueError, match="alpha: expected a finite number > 0, got 0"):
        multi_similarity_loss(x, [0, 1, 1], alpha=0)
    with pytest.raises(ValueError, match=r"labels\[2\]: expected a class from 0 to 2, got 3"):
        proxy_anchor_loss(x, [0, 1, 3], x)
    with pytest.raises(ValueError, match="second: expected the shape of first"):
        vicreg_loss(x, x[:2])
