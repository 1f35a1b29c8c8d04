"""metrix.depth: against the definitions and the usual script, and where numbers are hard."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix import _core, depth
from metrix._depth import METRICS, Options, images_of, sums_of
from metrix.depth import DepthMetrics, depth_alignment, depth_errors
from oracles import depth as oracle

NAMES = sorted(METRICS)
ALIGNMENTS: list[Any] = [None, "median", "scale", "scale_and_shift"]


def draw(rng: np.random.Generator, shape: tuple[int, ...], holes: float = 0.5, least: float = 1e-7) -> tuple[Any, Any]:
    """Depths to 100 m with holes of 0 and NaN; some predictions are right, far off, or in another scale."""
    y = rng.uniform(0.5, 100, shape)
    x = y * rng.lognormal(0, rng.choice([least, 0.1, 1]), shape) * rng.choice([1, 0.1, 2])
    same = rng.random(shape) < 0.1
    x[same] = y[same]
    y[rng.random(shape) < holes] = 0
    y[rng.random(shape) < 0.05] = np.nan
    return y, x


def assert_near(found: dict[str, Any], wanted: dict[str, Any], near: float = 1e-12, slack: float = 0.0) -> None:
    for name, value in found.items():
        if name.startswith("delta"):
            assert value == float(wanted[name])
        else:
            # The mean of errors that cancel, and the root of a variance.
            least = {"bias": 1e-11, "silog": 1e-11}.get(name, slack)
            np.testing.assert_allclose(value, float(wanted[name]), rtol=near, atol=least, err_msg=name)


@pytest.mark.parametrize("align", ALIGNMENTS)
@pytest.mark.parametrize("crop", [None, "garg", "eigen", (3, 9, 2, 30)])
def test_definitions(align: Any, crop: Any, rng: np.random.Generator) -> None:
    for _ in range(cases(100)):
        y, x = draw(
            rng,
            (int(rng.integers(10, 60)), int(rng.integers(30, 90))),
            rng.choice([0, 0.5, 0.95]),
            0.1 if align else 1e-7,
        )
        options: dict[str, Any] = {"align": align, "crop": crop, "clip": bool(rng.random() < 0.7)}
        options["max_depth"] = float(rng.choice([80.0, 10.0, np.inf]))
        if rng.random() < 0.5:
            options["mask"] = rng.random(y.shape) < 0.7
        truth, prediction = oracle.pixels(y, x, **options)
        if align == "scale_and_shift" and not options["clip"] and (prediction <= 0).any():
            continue  # no logarithms
        found = depth_errors(y, x, metrics=NAMES, **options)
        if len(truth) == 0:
            assert all(np.isnan(value) for value in found.values())
            continue
        # Ratios at a threshold could go either way after an alignment.
        wanted = oracle.of_pixels(truth, prediction)
        if align is not None:
            for name in ("delta1", "delta2", "delta3"):
                assert found.pop(name) == pytest.approx(float(wanted[name]), abs=2 / len(truth))
        # A fit through few pixels leaves what rounding does.
        assert_near(found, wanted, slack=1e-12 if align else 0.0)


def test_float32_is_worked_on_in_float64(rng: np.random.Generator) -> None:
    y, x = (values.astype(np.float32) for values in draw(rng, (70, 90)))
    wide = depth_errors(y.astype(np.float64), x.astype(np.float64), metrics=NAMES)
    assert depth_errors(y, x, metrics=NAMES) == wide


def test_the_usual_script(rng: np.random.Generator) -> None:
    """As evaluations of KITTI write it: per image, cut, averaged."""
    y, x = draw(rng, (4, 375, 124))
    rows = []
    for truth, prediction in zip(y, x):
        valid = np.logical_and(truth > 1e-3, truth < 80)
        crop = np.array([0.40810811 * 375, 0.99189189 * 375, 0.03594771 * 124, 0.96405229 * 124]).astype(np.int32)
        inside = np.zeros(valid.shape)
        inside[crop[0] : crop[1], crop[2] : crop[3]] = 1
        valid = np.logical_and(valid, inside)
        gt, pred = truth[valid], prediction[valid]
        pred = pred * (np.median(gt) / np.median(pred))
        pred[pred < 1e-3] = 1e-3
        pred[pred > 80] = 80
        ratio = np.maximum(gt / pred, pred / gt)
        rows.append(
            [
                np.mean(np.abs(gt - pred) / gt),
                np.mean((gt - pred) ** 2 / gt),
                np.sqrt(np.mean((gt - pred) ** 2)),
                np.sqrt(np.mean((np.log(gt) - np.log(pred)) ** 2)),
                *((ratio < 1.25**k).mean() for k in (1, 2, 3)),
            ]
        )
    names = ["abs_rel", "sq_rel", "rmse", "rmse_log", "delta1", "delta2", "delta3"]
    found = depth_errors(y, x, metrics=names, crop="garg", align="median")
    np.testing.assert_allclose([found[name] for name in names], np.mean(rows, axis=0), rtol=1e-12)


def test_kinds_of_averages(rng: np.random.Generator) -> None:
    y, x = draw(rng, (5, 20, 30))
    y[3] = 0
    each = depth_errors(y, x, metrics=NAMES, average="none")
    for k in range(5):
        one = depth_errors(y[k], x[k], metrics=NAMES)
        np.testing.assert_array_equal([each[name][k] for name in NAMES], list(one.values()))
    together = depth_errors(y, x, metrics=NAMES, average="pixel")
    valid = (y > 1e-3) & (y < 80)
    assert_near(
        together, oracle.of_pixels(y[valid].astype(np.longdouble), np.clip(x[valid].astype(np.longdouble), 1e-3, 80))
    )
    assert together == pytest.approx(depth_errors(y[valid], x[valid], metrics=NAMES), rel=1e-13)
    by_image = depth_errors(y, x, metrics=NAMES)
    for name in NAMES:
        assert by_image[name] == pytest.approx(np.nanmean(each[name]), rel=1e-14)
    assert all(np.isnan(value) for value in depth_errors(y, x, empty="nan").values())
    assert depth_errors(y[:, None], x[:, None]) == depth_errors(y, x)


def test_crop_of_nyu(rng: np.random.Generator) -> None:
    y, x = draw(rng, (480, 640))
    assert depth_errors(y, x, crop="nyu") == depth_errors(y[45:471, 41:601], x[45:471, 41:601])
    with pytest.raises(ValueError, match=r"^crop: expected images of 480 x 640 for 'nyu', got 470 x 640$"):
        depth_errors(y[10:], x[10:], crop="nyu")


def test_alignment_of_inverse_depths(rng: np.random.Generator) -> None:
    y, _ = draw(rng, (40, 50))
    with np.errstate(divide="ignore"):
        x = 3 / y - 0.2 + rng.normal(0, 0.02, y.shape)
    x[y == 0] = 0
    for align in ALIGNMENTS[1:]:
        truth, prediction = oracle.pixels(y, x, align=align, predicts="inverse_depth")
        found = depth_errors(y, x, metrics=NAMES, align=align, predicts="inverse_depth")
        assert_near(found, oracle.of_pixels(truth, prediction), 1e-11)
        valid = (y > 1e-3) & (y < 80)
        wanted = oracle.fit(1 / y[valid].astype(np.longdouble), x[valid].astype(np.longdouble), align)
        given = depth_alignment(y, x, method=align, predicts="inverse_depth")
        np.testing.assert_allclose(given, np.array(wanted, dtype=np.float64), rtol=1e-13, atol=1e-14)


def test_alignments_are_found_again(rng: np.random.Generator) -> None:
    y = rng.uniform(1, 70, (3, 100, 400))
    x = (y - 2.0) / 0.25
    np.testing.assert_allclose(depth_alignment(y, x, method="scale_and_shift"), [[0.25, 2.0]] * 3, rtol=1e-14)
    np.testing.assert_allclose(depth_alignment(y, y / 8, method="scale"), [[8.0, 0.0]] * 3, rtol=1e-14)
    assert depth_alignment(y[0], y[0] / 8, method="median").tolist() == [8.0, 0.0]
    # Far from zero, where sums of squares cancel.
    far = 1e7 + rng.uniform(0, 1e-3, 5000)
    scale, shift = depth_alignment(2 * (far - 1e7) + 1, far, method="scale_and_shift")
    assert scale == pytest.approx(2, rel=1e-5)
    assert shift + scale * 1e7 == pytest.approx(1, rel=1e-7)
    assert depth_alignment([1.0, 2.0], [5.0, 5.0], method="scale_and_shift").tolist() == [0.0, 1.5]
    assert np.isnan(depth_alignment([0.0, 0.0], [5.0, 5.0], method="scale_and_shift")[0])


@pytest.mark.parametrize("average", ["image", "pixel"])
@pytest.mark.parametrize("align", [None, "median"])
def test_batches_and_merges_are_one_call(average: Any, align: Any, rng: np.random.Generator) -> None:
    y, x = draw(rng, (9, 30, 40))
    y[4] = 0
    options: dict[str, Any] = {"metrics": NAMES, "average": average, "align": align}
    whole = depth_errors(y, x, **options)
    total = DepthMetrics(**options)
    for part in (slice(0, 1), slice(1, 1), slice(1, 6), slice(6, 9)):
        other = DepthMetrics(**options)
        other.update(y[part], x[part])
        total.merge(pickle.loads(pickle.dumps(other)))
    one_by_one = DepthMetrics(**options)
    for k in rng.permutation(9):
        one_by_one.update(y[k], x[k])
    for found in (total.compute(), one_by_one.compute()):
        assert found == pytest.approx(whole, rel=1e-15)
    total.reset()
    assert all(np.isnan(value) for value in total.compute().values())


@pytest.mark.parametrize("align", ALIGNMENTS)
def test_order_and_copies_make_no_difference(align: Any, rng: np.random.Generator) -> None:
    y, x = draw(rng, (300,))
    whole = depth_errors(y, x, metrics=NAMES, align=align)
    order = rng.permutation(300)
    near = {"rel": 1e-10, "abs": 1e-12} if align else {"rel": 1e-13, "abs": 1e-14}
    assert depth_errors(y[order], x[order], metrics=NAMES, align=align) == pytest.approx(whole, **near)
    twice = depth_errors(np.tile(y, 2), np.tile(x, 2), metrics=NAMES, align=align)
    assert twice == pytest.approx(whole, **near)
    valid = (y > 1e-3) & (y < 80)
    assert depth_errors(y, x, metrics=NAMES, align=align, mask=valid) == whole
    assert depth_errors(y[valid], x[valid], metrics=NAMES, align=align) == pytest.approx(whole, **near)


@pytest.fixture
def instruction_sets() -> Iterator[list[str]]:
    before = _core.losses.instruction_set()
    yield [name for name in ("baseline", "v3", "v4") if _core.losses.use_instruction_set(name)]
    _core.losses.use_instruction_set(before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("align", ALIGNMENTS)
def test_same_bits_everywhere(dtype: type, align: Any, instruction_sets: list[str], rng: np.random.Generator) -> None:
    y, x = (values.astype(dtype) for values in draw(rng, (2, 201, 203)))
    seen = set()
    for name in instruction_sets:
        _core.losses.use_instruction_set(name)
        for num_threads in (1, 2, 7):
            images = images_of(y, x, None, (1, 200, 3, 202))
            seen.add(sums_of(images, tuple(NAMES), Options(align=align), num_threads).tobytes())
    assert len(seen) == 1


def test_errors_that_are_all_alike_have_no_variance(rng: np.random.Generator) -> None:
    y = rng.integers(1, 600, 100_000) / 8
    for dtype in (np.float32, np.float64):
        found = depth_errors(y.astype(dtype), (2 * y).astype(dtype), metrics=["silog"], max_depth=200)
        assert found["silog"] < 1e-15
    half = depth_errors(y, 2 * y, metrics=["silog"], max_depth=200, variance_share=0.5)["silog"]
    assert half == pytest.approx(np.log(2) * np.sqrt(0.5), rel=1e-14)


def test_errors_near_rounding() -> None:
    x = np.full(1000, 1 + 1e-9)
    found = depth_errors(np.ones(1000), x, metrics=["rmse_log", "irmse"])
    assert found["rmse_log"] == pytest.approx(np.log1p(x[0] - 1), rel=1e-14)
    assert found["irmse"] == pytest.approx((x[0] - 1) / x[0], rel=1e-14)


def test_thresholds_are_strict() -> None:
    y, x = [4.0, 5.0, 4.0], [5.0, 4.0, np.nextafter(5.0, 0)]
    found = depth_errors(y, x, metrics=["delta1", "delta2"])
    assert found == {"delta1": 1 / 3, "delta2": 1.0}
    assert depth_errors(y, x, metrics=["delta1"], threshold=1.26) == {"delta1": 1.0}
    for count in range(1, 40):  # what fills up a block is not counted
        assert depth_errors(np.ones(count), np.full(count, 2.0), metrics=["delta1"]) == {"delta1": 0.0}


def test_limits_are_excluded_and_cut_predictions() -> None:
    y = [1.0, 2.0, 3.0, 4.0]
    limits = {"min_depth": 1.0, "max_depth": 4.0}
    assert depth_errors(y, [9.0, 9.0, 0.0, 9.0], metrics=["mae"], **limits) == {"mae": 2.0}  # type: ignore[arg-type]
    assert depth_errors(y, [9.0, 9.0, 0.0, 9.0], metrics=["mae"], clip=False, **limits) == {"mae": 5.0}  # type: ignore[arg-type]


def test_predictions_that_are_no_depths() -> None:
    options: dict[str, Any] = {"metrics": ["abs_rel", "rmse_log", "irmse", "delta1"], "clip": False}
    assert depth_errors([2.0], [0.0], **options) == {"abs_rel": 1.0, "rmse_log": np.inf, "irmse": np.inf, "delta1": 0.0}
    negative = depth_errors([2.0], [-2.0], **options)
    assert np.isnan(negative["rmse_log"])
    assert negative["delta1"] == 0.0
    assert depth_errors([2.0], [np.inf], **options)["irmse"] == 0.5
    assert depth_errors([2.0], [np.inf], metrics=["abs_rel"]) == {"abs_rel": 39.0}
    for place in (0, 20):
        x = np.full(21, 2.0)
        x[place] = np.nan
        assert all(np.isnan(value) for value in depth_errors(np.ones(21), x, metrics=NAMES).values())
        assert np.isnan(depth_alignment(np.ones(21), x)[0])


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        (([1.0], [1.0, 2.0]), {}, ValueError, r"y_pred: expected the shape of y_true, \(1,\), got \(2,\)"),
        ((1.0, 1.0), {}, ValueError, r"y_true: expected shape \(P,\), .*, got \(\)"),
        ((["a"], [1.0]), {}, TypeError, "y_true: expected real numbers, got dtype <U1"),
        (([1.0], [1.0]), {"mask": [1.0]}, TypeError, "mask: expected bool, got dtype float64"),
        (
            ([1.0], [1.0]),
            {"mask": [True, False]},
            ValueError,
            r"mask: expected the shape of y_true, \(1,\), got \(2,\)",
        ),
        (([1.0], [1.0]), {"metrics": ["a1"]}, ValueError, r"metrics: expected names among .*, got 'a1'"),
        (([1.0], [1.0]), {"crop": "garg"}, ValueError, r"crop: expected None for pixels .*, got 'garg'"),
        (([[1.0]], [[1.0]]), {"crop": "kitti"}, ValueError, r"crop: expected 'garg', .*, got 'kitti'"),
        (
            ([[1.0]], [[1.0]]),
            {"crop": (0, 2, 0, 1)},
            ValueError,
            r"crop: expected \(top, .* of 1 x 1, got \(0, 2, 0, 1\)",
        ),
        (([1.0], [1.0]), {"align": "mean"}, ValueError, r"align: expected one of .*, got 'mean'"),
        (
            ([1.0], [1.0]),
            {"min_depth": 90},
            ValueError,
            r"min_depth: expected 0 <= min_depth < max_depth, got 90 and 80.0",
        ),
        (([1.0], [1.0]), {"threshold": 1}, ValueError, r"threshold: expected a finite number > 1, got 1"),
        (([1.0], [1.0]), {"variance_share": 2}, ValueError, r"variance_share: expected a number from 0 to 1, got 2"),
    ],
)
def test_wrong_input_is_refused(arguments: Any, options: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=f"^{message}$"):
        depth_errors(*arguments, **options)


def test_accumulators_of_other_options_do_not_merge() -> None:
    with pytest.raises(ValueError, match=r"^other: expected the same metrics and options$"):
        DepthMetrics().merge(DepthMetrics(max_depth=10))
    with pytest.raises(ValueError, match=r"^average: expected 'image' or 'pixel', got 'none'$"):
        DepthMetrics(average="none")  # type: ignore[arg-type]
    assert depth.__all__ == ["DepthMetrics", "depth_alignment", "depth_errors"]
