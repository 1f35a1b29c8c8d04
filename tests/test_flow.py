"""metrix.flow: against the definitions and the usual scripts, and where numbers are hard."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core
from metrix.flow import DisparityMetrics, FlowMetrics, disparity_errors, flow_errors
from oracles import flow as oracle

FLOW = ["epe", "rmse", "fl_all", "bad_1", "bad_3", "bad_5", "angular_error"]
ONES = np.ones((2, 4, 4))


def draw(rng: np.random.Generator, images: int = 3, components: int = 2) -> tuple[Any, Any, Any]:
    """Whole and broken numbers: distances at thresholds, lengths of 0, exact predictions; and a mask."""
    shape = (images, components, int(rng.integers(1, 40)), int(rng.integers(1, 60)))
    y = rng.integers(-60, 60, shape).astype(float) if rng.random() < 0.5 else rng.normal(0, 30, shape)
    x = y + (rng.integers(-5, 6, shape) if rng.random() < 0.5 else rng.normal(0, rng.choice([1e-6, 2, 50]), shape))
    if components == 1:
        y, x = np.abs(y), np.abs(x)
    y[:, :, rng.random(shape[2:]) < 0.1] = 0
    same = rng.random(shape[2:]) < 0.1
    x[:, :, same] = y[:, :, same]
    return y, x, rng.random((images, *shape[2:])) < 0.8


def assert_near(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert list(found) == list(wanted)
    for name, value in found.items():
        if name in ("epe", "rmse", "angular_error"):
            assert value == pytest.approx(float(wanted[name]), rel=1e-12), name
        else:
            assert value == float(wanted[name]), name


def test_flow_is_its_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        y, x, mask = draw(rng)
        valid = mask.copy()
        options: dict[str, Any] = {}
        if rng.random() < 0.5:
            options["max_flow"] = 40.0
            valid &= np.sqrt(y[:, 0] ** 2 + y[:, 1] ** 2) < 40
        if rng.random() < 0.3:
            y[:, 1, 0, 0] = np.nan
            valid[:, 0, 0] = False
        if not valid.any():
            continue
        columns = [np.moveaxis(of, 1, 0)[:, valid] for of in (y, x)]
        wanted = oracle.of_pixels(*columns, (1, 3, 5))
        assert_near(flow_errors(y, x, mask=mask, **options), wanted)
        last = [np.moveaxis(of, 1, -1) for of in (y, x)]
        assert flow_errors(*last, mask=mask, axis=-1, **options) == flow_errors(y, x, mask=mask, **options)
        narrow = [of.astype(np.float32) for of in (y, x)]
        wide = [of.astype(np.float64) for of in narrow]
        assert flow_errors(*narrow, mask=valid) == flow_errors(*wide, mask=valid)


def test_disparity_is_its_definition(rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        y, x, mask = draw(rng, components=1)
        y, x = y[:, 0], x[:, 0]
        y[:, 0, 0] = rng.choice([0, -3, np.inf, np.nan])
        valid = mask & (y > 0) & (y < 50)
        if not valid.any():
            continue
        wanted = oracle.of_pixels(y[valid][None], x[valid][None], (0.5, 2))
        assert_near(disparity_errors(y, x, mask=mask, max_disparity=50, thresholds=[0.5, 2]), wanted)
        assert np.isfinite(disparity_errors(y, x, mask=mask)["epe"])


def test_usual_scripts(rng: np.random.Generator) -> None:
    """As evaluations of KITTI in PyTorch have it, written in NumPy."""
    y, x = rng.normal(0, 30, (2, 2, 40, 50)), rng.normal(0, 30, (2, 2, 40, 50))
    valid = rng.random((2, 40, 50)) < 0.3
    epes, outs = [], []
    for truth, prediction, good in zip(y, x, valid):
        epe = np.sqrt(np.sum((prediction - truth) ** 2, axis=0)).reshape(-1)
        magnitude = np.sqrt(np.sum(truth**2, axis=0)).reshape(-1)
        val = good.reshape(-1)
        out = (epe > 3.0) & ((epe / magnitude) > 0.05)
        epes.append(epe[val].mean())
        outs.append(out[val])
    assert flow_errors(y, x, mask=valid, average="image")["epe"] == pytest.approx(np.mean(epes), rel=1e-14)
    assert flow_errors(y, x, mask=valid)["fl_all"] == np.mean(np.concatenate(outs))


def test_limits_are_exceeded_strictly() -> None:
    def fl(length: float, error: float, **options: Any) -> float:
        y = np.zeros((2, 1, 1))
        y[0] = length
        x = y.copy()
        x[1] += error
        return float(flow_errors(y, x, **options)["fl_all"])

    assert fl(10, 3) == 0.0
    assert fl(10, np.nextafter(3, 4)) == 1.0
    assert fl(100, 5, outlier=(3.0, 0.05)) == 0.0
    assert fl(100, 5.1) == 1.0
    assert fl(0, 4) == 1.0
    assert fl(0, 0, outlier=(0.0, 0.0)) == 0.0
    assert disparity_errors([[8.0]], [[10.0]], thresholds=[2.0])["bad_2"] == 0.0
    for count in range(1, 40):  # what fills up a block is not counted
        errors = disparity_errors(np.ones((1, count)), np.full((1, count), 9.0), outlier=(0.0, 0.0))
        assert (errors["epe"], errors["d1_all"], errors["bad_1"]) == (8.0, 1.0, 1.0)


def test_angles() -> None:
    def angle(y: Any, x: Any) -> float:
        return float(flow_errors(np.reshape(y, (2, 1, 1)), np.reshape(x, (2, 1, 1)))["angular_error"])

    assert angle([0.0, 0.0], [1.0, 0.0]) == pytest.approx(45, rel=1e-15)
    assert angle([1e8, 0.0], [-1e8, 0.0]) == pytest.approx(180 - np.degrees(2e-8), rel=1e-15)
    assert angle([1.0, 2.0], [1.0, 2.0]) == 0.0
    # Where the arc cosine has no digits left.
    assert angle([0.0, 0.0], [1e-9, 0.0]) == pytest.approx(np.degrees(1e-9), rel=1e-14)


@pytest.mark.parametrize("average", ["pixel", "image"])
def test_batches_and_merges_are_one_call(average: Any, rng: np.random.Generator) -> None:
    y, x, mask = draw(rng, 7)
    mask[3] = False
    whole = flow_errors(y, x, mask=mask, average=average)
    each = flow_errors(y, x, mask=mask, average="none")
    if average == "image":
        assert whole == pytest.approx({name: np.nanmean(of) for name, of in each.items()}, rel=1e-14)
    total = FlowMetrics(average=average)
    for part in (slice(0, 1), slice(1, 1), slice(1, 5), slice(5, 7)):
        other = FlowMetrics(average=average)
        other.update(y[part], x[part], mask=mask[part])
        total.merge(pickle.loads(pickle.dumps(other)))
    assert total.compute() == pytest.approx(whole, rel=1e-15)
    stereo = DisparityMetrics(average=average)
    for k in range(7):
        stereo.update(np.abs(y[k, 0]), x[k, 0], mask=mask[k])
    wanted = disparity_errors(np.abs(y[:, 0]), x[:, 0], mask=mask, average=average)
    assert stereo.compute() == pytest.approx(wanted, rel=1e-15)
    total.reset()
    assert all(np.isnan(value) for value in total.compute().values())
    # Order and copies make no difference.
    order = np.repeat(rng.permutation(7), 2)
    assert flow_errors(y[order], x[order], mask=mask[order], average=average) == pytest.approx(whole, rel=1e-14)
    assert flow_errors(x, y, mask=mask)["epe"] == pytest.approx(flow_errors(y, x, mask=mask)["epe"], rel=1e-15)


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_bits_everywhere(dtype: Any, instruction_sets: list[str], rng: np.random.Generator) -> None:
    y, x = (rng.normal(0, 20, (2, 2, 211, 203)).astype(dtype) for _ in range(2))
    seen = set()
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        for num_threads in (1, 2, 7):
            seen.add(tuple(flow_errors(y, x, num_threads=num_threads).values()))
    assert len(seen) == 1


def test_nothing_and_nan() -> None:
    y, x = np.ones((2, 3, 5)), np.ones((2, 3, 5))
    x[1, 2, 4] = np.nan
    assert all(np.isnan(value) for value in flow_errors(y, x).values())
    assert all(np.isnan(value) for value in flow_errors(y, x, mask=np.zeros((3, 5), dtype=bool)).values())
    assert all(np.isnan(value) for value in flow_errors(np.ones((0, 2, 3, 5)), np.ones((0, 2, 3, 5))).values())
    y[0, 2, 4] = np.nan
    assert flow_errors(y, x)["epe"] == 0.0
    x[:] = np.inf
    assert flow_errors(y, x)["epe"] == np.inf
    assert flow_errors(y, x)["bad_5"] == 1.0


@pytest.mark.parametrize(
    ("function", "arguments", "options", "kind", "message"),
    [
        (
            flow_errors,
            (ONES[:1], ONES[:1]),
            {},
            ValueError,
            r"y_true: expected shape \(2, H, W\) or .*, got \(1, 4, 4\)",
        ),
        (flow_errors, (ONES, ONES), {"axis": -1}, ValueError, r"y_true: expected shape \(H, W, 2\) or .*"),
        (flow_errors, (ONES, ONES[..., :3]), {}, ValueError, r"y_pred: expected the shape of y_true, .*"),
        (flow_errors, (ONES * 1j, ONES), {}, TypeError, r"y_true: expected real numbers, got dtype complex128"),
        (flow_errors, (ONES, ONES), {"mask": np.ones((2, 4))}, TypeError, r"mask: expected bool, got .*"),
        (flow_errors, (ONES, ONES), {"mask": np.ones((4, 3), bool)}, ValueError, r"mask: expected shape \(4, 4\), .*"),
        (flow_errors, (ONES, ONES), {"axis": 1}, ValueError, r"axis: expected -3 or -1, .*, got 1"),
        (flow_errors, (ONES, ONES), {"max_flow": 0}, ValueError, r"max_flow: expected a number > 0, got 0"),
        (flow_errors, (ONES, ONES), {"thresholds": range(5)}, ValueError, r"thresholds: expected at most four .*"),
        (flow_errors, (ONES, ONES), {"outlier": (3, -1)}, ValueError, r"outlier: expected two finite numbers .*"),
        (flow_errors, (ONES, ONES), {"average": "mean"}, ValueError, r"average: expected 'pixel', .*, got 'mean'"),
        (
            disparity_errors,
            ([1.0], [1.0]),
            {},
            ValueError,
            r"y_true: expected shape \(H, W\) or \(N, H, W\), got \(1,\)",
        ),
    ],
)
def test_wrong_input_is_refused(function: Any, arguments: Any, options: Any, kind: Any, message: str) -> None:
    with pytest.raises(kind, match=f"^{message}$"):
        function(*arguments, **options)


def test_accumulators_of_other_options_do_not_merge() -> None:
    with pytest.raises(ValueError, match=r"^other: expected the same options$"):
        FlowMetrics().merge(FlowMetrics(max_flow=400))
    with pytest.raises(ValueError, match=r"^other: expected the same options$"):
        FlowMetrics(thresholds=(1.0, 2.0, 3.0)).merge(DisparityMetrics())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^average: expected 'pixel' or 'image', got 'none'$"):
        FlowMetrics(average="none")  # type: ignore[arg-type]
    assert list(FlowMetrics().compute()) == FLOW
