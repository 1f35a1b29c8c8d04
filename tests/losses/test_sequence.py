from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from effort import cases
from metrix import _core
from metrix.losses import ctc_loss
from oracles import sequence as oracle


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


def draw(rng: np.random.Generator, longest: int = 12) -> tuple[npt.NDArray[Any], npt.NDArray[Any], dict[str, Any]]:
    """Scores, padded labels and the arguments of a case: often no path, no label or no frame, and scores of any size."""
    frames, batch, classes, size = (int(rng.integers(*ends)) for ends in ((0, longest), (1, 5), (2, 7), (0, 6)))
    blank = int(rng.integers(classes))
    scores = rng.normal(size=(frames, batch, classes)) * rng.choice([1, 10, 1000, 1e6])
    if rng.random() < 0.3:
        scores[..., : classes - 1][rng.random((frames, batch, classes - 1)) < 0.1] = -np.inf
    target = rng.choice([label for label in range(classes) if label != blank], size=(batch, size))
    arguments = {
        "input_lengths": rng.integers(0, frames + 1, batch),
        "target_lengths": rng.integers(0, size + 1, batch),
        "blank": blank,
        "from_logits": bool(rng.random() < 0.5),
        "zero_infinity": bool(rng.random() < 0.3),
    }
    return scores, target, arguments


def test_ctc_loss_sums_all_alignments(rng: np.random.Generator) -> None:
    for labels in ([], [1], [2, 1], [1, 1], [1, 2, 1]):
        log_probabilities = oracle.log_softmax(rng.normal(size=(4, 3)).astype(np.longdouble))
        paths = oracle.alignments(4, 3, labels, blank=0)
        total = sum(np.exp(sum(log_probabilities[t, label] for t, label in enumerate(path))) for path in paths)
        assert ctc_loss(
            log_probabilities.astype(np.float64)[:, None],
            np.array([labels], dtype=int),
            reduction="sum",
        ) == pytest.approx(float(-np.log(total)), rel=1e-13)


def test_ctc_loss_is_its_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(600)):
        scores, target, arguments = draw(rng)
        value, grad = ctc_loss.value_and_grad(scores, target, reduction="none", **arguments)
        assert ctc_loss(scores, target, reduction="none", **arguments).tobytes() == value.tobytes()
        wide = scores.astype(np.longdouble)
        log_probabilities = oracle.log_softmax(wide) if arguments["from_logits"] else wide
        for item, (frames, labels) in enumerate(zip(arguments["input_lengths"], arguments["target_lengths"])):
            of_item = log_probabilities[:frames, item]
            with np.errstate(invalid="ignore"):
                expected, occupancy = oracle.ctc(of_item, target[item, :labels].tolist(), arguments["blank"])
                gradient = (np.exp(of_item) if arguments["from_logits"] else 0) - occupancy
            if expected == np.inf:
                expected = np.longdouble(0 if arguments["zero_infinity"] else np.inf)
                gradient = np.full_like(of_item, 0 if arguments["zero_infinity"] else np.nan)
            size = max(1.0, abs(float(expected))) if np.isfinite(expected) else 1.0
            np.testing.assert_allclose(value[item], float(expected), rtol=1e-13, atol=1e-13)
            np.testing.assert_allclose(grad[:frames, item], gradient.astype(np.float64), rtol=1e-9, atol=1e-13 * size)
            assert not grad[frames:, item].any()


def test_ctc_loss_by_differences(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(6, 2, 4))
    arguments: dict[str, Any] = {"target": [[1, 1, 2], [3, 2, 1]], "target_lengths": [3, 2], "weight": [0.5, 2.0]}
    target = arguments.pop("target")
    for from_logits in (True, False):
        grad = ctc_loss.value_and_grad(scores, target, from_logits=from_logits, grad_output=3.0, **arguments)[1]
        for place in np.ndindex(scores.shape):
            step = np.zeros_like(scores)
            step[place] = 1e-6
            ends = [ctc_loss(scores + sign * step, target, from_logits=from_logits, **arguments) for sign in (1, -1)]
            assert grad[place] == pytest.approx(3 * (ends[0] - ends[1]) / 2e-6, abs=1e-8)


@pytest.mark.parametrize("frames", [31, 700])
def test_ctc_loss_never_underflows(frames: int, rng: np.random.Generator) -> None:
    """A path that leaves the range of doubles many times over, in a lattice whose likely states lead nowhere."""
    scores = rng.normal(size=(frames, 1, 4)) * 3
    scores[:, :, 0] += 60
    target = 1 + np.arange(frames - 5) % 3
    value, grad = ctc_loss.value_and_grad(scores, target[None], reduction="sum")
    log_probabilities = oracle.log_softmax(scores[:, 0].astype(np.longdouble))
    if frames < 100:
        expected, occupancy = oracle.ctc(log_probabilities, target.tolist())
        assert value == pytest.approx(float(expected), rel=1e-13)
        np.testing.assert_allclose(grad[:, 0], (np.exp(log_probabilities) - occupancy).astype(float), atol=1e-10)
    np.testing.assert_allclose(grad.sum(axis=-1), 0, atol=1e-9)
    assert np.isfinite(value)
    assert value > 50 * (frames - 10)


@pytest.mark.parametrize(("frames", "labels"), [(3, 1), (40, 17), (1000, 300)])
def test_ctc_loss_counts_alignments(frames: int, labels: int) -> None:
    """Where all are as likely as certain events: more than a double can count."""
    scores = np.zeros((frames, 1, 3))
    value = ctc_loss(scores, [1 + np.arange(labels) % 2], from_logits=False, reduction="sum")
    assert value == pytest.approx(-math.log(math.comb(frames + labels, 2 * labels)), rel=1e-13)


@pytest.mark.parametrize("score", [-1e3, -1e15, -1e16, -1e30, -1e200, float(-np.finfo(np.float32).max)])
def test_ctc_loss_of_scores_that_stand_for_never(score: float) -> None:
    scores = np.array([[[-1.0, score]], [[-3.0, -2.0]], [[-1.5, score]]])
    value, grad = ctc_loss.value_and_grad(scores, [[1, 1]], from_logits=False, reduction="sum")
    assert value == pytest.approx(3 - 2 * score, rel=1e-12)  # label, blank, label: no other alignment
    np.testing.assert_array_equal(grad[:, 0], [[0, -1], [-1, 0], [0, -1]])


def test_ctc_loss_reductions_and_targets_one_after_the_other(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(9, 3, 5))
    lengths, padded = [2, 0, 3], np.array([[1, 2, -7], [9, 9, 9], [4, 4, 1]])
    terms = ctc_loss(scores, padded, target_lengths=lengths, reduction="none")
    joined = ctc_loss(scores, [1, 2, 4, 4, 1], target_lengths=lengths, reduction="none")
    assert terms.tobytes() == joined.tobytes()
    mean, grad = ctc_loss.value_and_grad(scores, padded, target_lengths=lengths)
    assert mean == pytest.approx((terms / [2, 1, 3]).mean(), rel=1e-14)
    each = ctc_loss.value_and_grad(scores, padded, target_lengths=lengths, reduction="none")[1]
    np.testing.assert_allclose(grad, each / 3 / np.array([2, 1, 3])[:, None], rtol=1e-14)
    assert ctc_loss(scores, padded, target_lengths=lengths, reduction="sum") == pytest.approx(terms.sum(), rel=1e-14)
    batchmean = ctc_loss(scores, padded, target_lengths=lengths, reduction="batchmean")
    assert batchmean == pytest.approx(terms.mean(), rel=1e-14)


def test_ctc_loss_of_what_is_masked_or_impossible(rng: np.random.Generator) -> None:
    scores = rng.normal(size=(2, 3, 3))
    scores[:, 2] = np.nan
    target = [[1, 1], [1, 2], [1, 2]]
    value, grad = ctc_loss.value_and_grad(scores, target, mask=[False, True, False])
    assert value == ctc_loss(scores[:, 1:2], target[1:2])
    assert not grad[:, [0, 2]].any()
    assert np.isnan(ctc_loss.value_and_grad(scores, target, reduction="none")[1][:, [0, 2]]).all()
    value, grad = ctc_loss.value_and_grad(scores[:, :2], target[:2], zero_infinity=True, reduction="none")
    assert value[0] == 0 < value[1]
    assert not grad[:, 0].any()
    assert ctc_loss(np.zeros((0, 1, 2)), np.zeros((1, 0), dtype=int)) == 0
    assert np.isnan(ctc_loss(np.zeros((2, 0, 2)), np.zeros((0, 4), dtype=int)))


@pytest.mark.parametrize("classes", [2, 31, 32, 33, 64, 255, 256, 257, 513])
def test_ctc_loss_of_rows_as_long_as_blocks(classes: int, rng: np.random.Generator) -> None:
    """A row that filled its last block once read what nobody had written."""
    scores = rng.normal(size=(5, 1, classes)) * 100
    value, grad = ctc_loss.value_and_grad(scores, [[1, classes - 1]] if classes > 2 else [[1]], reduction="sum")
    log_probabilities = oracle.log_softmax(scores[:, 0].astype(np.longdouble))
    expected, occupancy = oracle.ctc(log_probabilities, [1, classes - 1] if classes > 2 else [1])
    assert value == pytest.approx(float(expected), rel=1e-13)
    np.testing.assert_allclose(grad[:, 0], (np.exp(log_probabilities) - occupancy).astype(float), atol=1e-11)


def test_ctc_loss_of_floats(rng: np.random.Generator) -> None:
    """Work is done in doubles: what is lost is the rounding of scores, exponentials and results."""
    scores = rng.normal(size=(200, 2, 300)).astype(np.float32) * 4
    target = rng.integers(1, 300, size=(2, 40))
    value, grad = ctc_loss.value_and_grad(scores, target)
    exact, exact_grad = ctc_loss.value_and_grad(scores.astype(np.float64), target)
    assert value.dtype == grad.dtype == np.float32
    assert value == pytest.approx(exact, rel=2e-7)
    np.testing.assert_allclose(grad, exact_grad, rtol=5e-6, atol=1e-12)


def digest(*, num_threads: int) -> str:
    """Of values and gradients of inputs that are made without a function that machines differ in."""
    uniform = np.random.default_rng(5).random((70, 5, 300))
    found = hashlib.sha256()
    for dtype in (np.float32, np.float64):
        for classes in (3, 37, 300):
            scores = (12 * uniform[..., :classes] - 6).astype(dtype)
            target = 1 + np.floor(uniform[:20, :, 0].T * (classes - 1)).astype(int)
            lengths = [20, 0, 7, 8, 19]
            for part in ctc_loss.value_and_grad(scores, target, target_lengths=lengths, num_threads=num_threads):
                found.update(part.tobytes())
    return found.hexdigest()[:16]


def test_ctc_loss_has_the_bits_of_another_machine(instruction_sets: list[str]) -> None:
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        for num_threads in (1, 2, 7):
            assert digest(num_threads=num_threads) == BITS


#: On x86-64, of whatever instruction set.
BITS = "72b37998dc67a102"


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"pred": np.zeros((2, 3))}, ValueError, r"pred: expected shape \(T, B, C\), got \(2, 3\)"),
        ({"pred": np.zeros((3, 2, 4), dtype=int)}, TypeError, r"pred: expected floating-point numbers"),
        ({"target": [[1, 2], [3, 0]]}, ValueError, r"without the blank 0, got 0 as label 1 of item 1"),
        (
            {"target": [[1, 4], [3, 1]]},
            ValueError,
            r"target: expected labels from 0 to 3 .* got 4 as label 1 of item 0",
        ),
        ({"target": [[1.0, 2.0]] * 2}, TypeError, r"target: expected integers, got dtype float64"),
        ({"target": [1, 2]}, ValueError, r"target: expected shape \(2, S\), or \(N,\) with target_lengths, got \(2,\)"),
        ({"target": [1, 2], "target_lengths": [1, 2]}, ValueError, r"target: expected 3 labels, the sum of .*, got 2"),
        ({"target_lengths": [1, 3]}, ValueError, r"target_lengths\[1\]: expected at least 0 and at most 2, got 3"),
        ({"input_lengths": [4, 3]}, ValueError, r"input_lengths\[0\]: expected at least 0 and at most 3, got 4"),
        ({"input_lengths": [3, -1]}, ValueError, r"input_lengths\[1\]: expected at least 0 and at most 3, got -1"),
        ({"input_lengths": [3]}, ValueError, r"input_lengths: expected shape \(2,\), got \(1,\)"),
        ({"blank": 4}, ValueError, r"blank: expected a class from 0 to 3, got 4"),
    ],
)
def test_ctc_loss_errors_name_the_argument(change: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"pred": np.zeros((3, 2, 4)), "target": [[1, 2], [3, 1]]} | change
    pred, target = arguments.pop("pred"), arguments.pop("target")
    with pytest.raises(error, match=message):
        ctc_loss(pred, target, **arguments)


def test_ctc_loss_is_torchs(rng: np.random.Generator) -> None:
    torch = pytest.importorskip("torch")
    for case in range(cases(200)):
        scores, target, arguments = draw(rng, longest=40)
        if not len(scores) or not np.isfinite(scores).all():
            continue
        reduction = ["none", "sum", "mean"][case % 3]
        arguments |= {"from_logits": True, "zero_infinity": True}
        arguments["input_lengths"] = np.maximum(arguments["input_lengths"], 1)
        logits = torch.tensor(scores, requires_grad=True)
        theirs = torch.nn.functional.ctc_loss(
            logits.log_softmax(-1),
            torch.tensor(target),
            torch.tensor(arguments["input_lengths"]),
            torch.tensor(arguments["target_lengths"]),
            blank=arguments["blank"],
            reduction=reduction,
            zero_infinity=True,
        )
        theirs.sum().backward()
        value, grad = ctc_loss.value_and_grad(scores, target, reduction=reduction, **arguments)
        size = max(1.0, np.abs(scores).max())
        np.testing.assert_allclose(value, theirs.detach().numpy(), rtol=1e-12, atol=1e-13 * size)
        np.testing.assert_allclose(grad, logits.grad.numpy(), rtol=1e-9, atol=1e-12 * size)
