"""metrix.panoptic: against the rules, and on real images in the files of COCO."""

from __future__ import annotations

import gzip
import json
import math
import pickle
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from effort import cases
from metrix.panoptic import PanopticQuality, PanopticReport, panoptic_quality, panoptic_quality_of_files
from oracles.panoptic import outcomes_of_image

CATEGORIES = {3: True, 7: True, 9: False, 11: False, 200: True}
SAMPLE = Path(__file__).parents[2] / "shared" / "data" / "panoptic_sample"
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", ">i4"]

Image = tuple[Any, Any, list[dict[str, Any]], list[dict[str, Any]]]


def draw(rng: np.random.Generator, *, categories: Any = tuple(CATEGORIES), most_ids: int = 9) -> Image:
    """A small image: rectangles on both sides that often agree, with crowds, void, and pixels of no segment."""
    height, width = rng.integers(1, 14, size=2)
    truth = np.zeros((height, width), dtype=np.int64)
    ids = rng.permutation(np.arange(1, 100))[:most_ids]
    for key in ids[: rng.integers(0, most_ids)]:
        top, left = rng.integers(0, height), rng.integers(0, width)
        truth[top : top + rng.integers(1, 9), left : left + rng.integers(1, 9)] = key
    predicted = np.roll(truth, rng.integers(-1, 2, size=2), axis=(0, 1))
    if rng.random() < 0.5:
        top, left = rng.integers(0, height), rng.integers(0, width)
        predicted[top : top + 4, left : left + 4] = rng.integers(0, 3)
    kind = {int(key): int(rng.choice(categories)) for key in np.union1d(truth, predicted)}
    true_segments = [
        {"id": key, "category_id": kind[key], "iscrowd": int(rng.random() < 0.3)}
        for key in map(int, rng.permutation(np.unique(truth)))
        if key and rng.random() < 0.9
    ]
    if rng.random() < 0.2:
        true_segments.append({"id": 123456, "category_id": 3})
    for segment in true_segments:
        if rng.random() < 0.3:
            segment["area"] = int((truth == segment["id"]).sum()) + int(rng.integers(0, 3))
    changed = rng.random() < 0.3
    pred_segments = [
        {"id": key, "category_id": int(rng.choice(categories)) if changed else kind[key]}
        for key in map(int, rng.permutation(np.unique(predicted)))
        if key
    ]
    return truth, predicted, true_segments, pred_segments


def call(images: list[Image], **options: Any) -> PanopticReport:
    truth, predicted, true_segments, pred_segments = (list(column) for column in zip(*images))
    return panoptic_quality(
        truth, predicted, true_segments=true_segments, pred_segments=pred_segments, categories=CATEGORIES, **options
    )


def assert_outcomes(report: PanopticReport, images: list[Image]) -> None:
    expected: dict[Any, tuple[list[Fraction], int, int]] = {key: ([], 0, 0) for key in CATEGORIES}
    for image in images:
        for key, (ious, extra, missed) in outcomes_of_image(*image).items():
            before = expected[key]
            expected[key] = (before[0] + ious, before[1] + extra, before[2] + missed)
    qualities = []
    for row in report.per_category.rows():
        ious, fp, fn = expected[row["category_id"]]
        assert (row["tp"], row["fp"], row["fn"]) == (len(ious), fp, fn)
        if not len(ious) + fp + fn:
            assert all(math.isnan(row[name]) for name in ("pq", "sq", "rq"))
            continue
        total, half = math.fsum(map(float, ious)), len(ious) + 0.5 * fp + 0.5 * fn
        assert (row["pq"], row["rq"]) == (total / half, len(ious) / half)
        assert row["sq"] == (total / len(ious) if ious else 0.0)
        qualities.append(row["pq"])
    np.testing.assert_equal(report.pq, sum(qualities) / len(qualities) if qualities else math.nan)
    assert report.all["n"] == len(qualities)


def test_panoptic_quality(rng: np.random.Generator) -> None:
    seen = np.zeros(3, dtype=int)
    for _ in range(cases(3000)):
        images = [draw(rng) for _ in range(rng.integers(1, 4))]
        report = call(images)
        assert_outcomes(report, images)
        seen += [report.per_category[name].sum() for name in ("tp", "fp", "fn")]
    assert (seen > 20).all()


def test_every_kind_of_ids_is_the_same(rng: np.random.Generator) -> None:
    for _ in range(cases(200)):
        truth, predicted, *segments = draw(rng)
        expected = call([(truth, predicted, *segments)]).as_dict(per_category=True)
        for dtype in DTYPES:
            assert (
                call([(truth.astype(dtype), predicted.astype(dtype), *segments)]).as_dict(per_category=True) == expected
            )
        coloured = np.stack([truth, 0 * truth, 0 * truth], axis=-1).astype(np.uint8)
        assert call([(coloured, predicted, *segments)]).as_dict(per_category=True) == expected
        shifted = np.stack([0 * truth, truth % 10, truth // 10], axis=-1).astype(np.uint8)
        renamed = [{**row, "id": 256 * (row["id"] % 10) + 65536 * (row["id"] // 10)} for row in segments[0]]
        assert call([(shifted, predicted, renamed, segments[1])]).as_dict(per_category=True) == expected


def test_large_images(rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several chunks, with long runs that end anywhere, and many more pairs than a table begins with."""
    monkeypatch.setattr("metrix.panoptic._SERIAL_SIZE", 0)
    height, width = 250, 1111
    runs = np.repeat(rng.integers(0, 3000, size=height * width), rng.integers(1, 60, size=height * width))
    truth = runs[: height * width].reshape(height, width)
    predicted = np.where(rng.random((height, 1)) < 0.9, truth, np.roll(truth, 3, axis=1)) + 70000 * (truth > 0)
    predicted[truth == 0] = 0
    categories = rng.choice(list(CATEGORIES), size=3000)
    true_segments, pred_segments = (
        [{"id": int(key), "category_id": int(categories[key % 70000])} for key in np.unique(side) if key]
        for side in (truth, predicted)
    )
    reports = [call([(truth, predicted, true_segments, pred_segments)], num_threads=n) for n in (1, 2, 7)]
    assert len({report.to_json(per_category=True) for report in reports}) == 1
    inside = {row["id"] for row in true_segments}
    pairs, counts = np.unique(truth.astype(np.int64) << 32 | predicted, return_counts=True)
    area = dict(zip(*(side.tolist() for side in np.unique(truth, return_counts=True))))
    other = dict(zip(*(side.tolist() for side in np.unique(predicted, return_counts=True))))
    void = {int(pair) & 0xFFFFFFFF: int(count) for pair, count in zip(pairs, counts) if pair >> 32 == 0}
    found = 0
    for pair, count in zip(pairs.tolist(), counts.tolist()):
        t, p = pair >> 32, pair & 0xFFFFFFFF
        if t in inside and p and p % 70000 and categories[t] == categories[p % 70000]:
            found += 2 * count > area[t] + other[p] - count - void.get(p, 0)
    assert reports[0].per_category["tp"].sum() == found > 300


def test_accumulator_has_the_bits_of_one_pass(rng: np.random.Generator) -> None:
    images = [draw(rng) for _ in range(60)]
    expected = call(images).to_json(per_category=True)
    parts = [PanopticQuality(CATEGORIES) for _ in range(3)]
    for place in rng.permutation(len(images)):
        truth, predicted, true_segments, pred_segments = images[place]
        parts[place % 3].update(truth, predicted, true_segments=true_segments, pred_segments=pred_segments)
    whole = PanopticQuality(CATEGORIES)
    for part in parts:
        whole.merge(pickle.loads(pickle.dumps(part)))
    assert whole.compute().to_json(per_category=True) == expected
    whole.reset()
    assert math.isnan(whole.compute().pq)
    with pytest.raises(ValueError, match=r"^other: expected the same categories$"):
        whole.merge(PanopticQuality({3: True}))


def test_half_is_no_match_and_more_is() -> None:
    ids = np.array([[1, 1, 1, 2]])
    segments = [{"id": 1, "category_id": 3}, {"id": 2, "category_id": 9}]
    for pixels, is_match in (([7, 7, 2, 2], True), ([7, 2, 2, 2], False), ([7, 7, 2, 7], False)):
        pred_segments = [{"id": 7, "category_id": 3}, {"id": 2, "category_id": 9}]
        report = call([(ids, np.array([pixels]), segments, pred_segments)])
        assert report.per_category["tp"][0] == is_match


def test_more_than_half_void_or_crowd_is_left_out() -> None:
    for pixels, crowd, counted in (
        ([0, 0, 0, 1], 0, 0),
        ([0, 0, 1, 1], 0, 1),
        ([0, 5, 5, 1], 1, 0),
        ([5, 5, 1, 1], 1, 1),
    ):
        segments = [{"id": 5, "category_id": 3, "iscrowd": crowd}]
        report = call([(np.array([pixels]), np.full((1, 4), 7), segments, [{"id": 7, "category_id": 3}])])
        assert report.per_category["fp"][0] == counted
        assert report.per_category["fn"][0] == 1 - crowd


def test_the_last_crowd_of_a_category_counts() -> None:
    ids = np.array([[5, 5, 5, 6]])
    rows = [{"id": key, "category_id": 3, "iscrowd": 1} for key in (5, 6)]
    for order, counted in ((rows, 1), (rows[::-1], 0)):
        report = call([(ids, np.full((1, 4), 7), order, [{"id": 7, "category_id": 3}])])
        assert report.per_category["fp"][0] == counted


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"y_pred": np.ones((2, 3), dtype=int)},
            r"^y_pred: expected the height and width of y_true, \(2, 2\), got \(2, 3\)$",
        ),
        ({"y_true": np.ones(4)}, r"^y_true: expected ids of shape \(H, W\)"),
        ({"y_true": np.ones((2, 2))}, "^y_true: expected ids"),
        ({"y_true": np.ones((2, 2, 3), dtype=int)}, r"^y_true: expected shape \(H, W\), got \(2, 2, 3\)$"),
        (
            {"y_true": np.array([[1, -1], [1, 1]])},
            "^y_true: expected ids from 0 to 2\\^32 - 1, got another one at pixel 1$",
        ),
        ({"y_pred": np.array([[1, 1], [1, 2**32]])}, "^y_pred: expected ids .* at pixel 3$"),
        ({"y_pred": np.array([[1, 8], [9, 1]])}, "^pred_segments: expected all ids of y_pred but 0, lacks 8$"),
        (
            {"pred_segments": [{"id": 1, "category_id": 3}, {"id": 4, "category_id": 3}]},
            r"^pred_segments\[1\]: expected an id of y_pred, got 4, which has no pixel$",
        ),
        (
            {"true_segments": [{"id": 1, "category_id": 4}]},
            r"^true_segments\[0\]: expected a category_id among .* got 4$",
        ),
        ({"true_segments": [{"id": 0, "category_id": 3}]}, r"^true_segments\[0\]: expected an id from 1 to .* got 0$"),
        ({"true_segments": [{"id": 1}]}, r"^true_segments\[0\]: expected a dict with 'id' and 'category_id'"),
        ({"true_segments": [{"id": 1, "category_id": 3}] * 2}, "^true_segments: expected no id twice$"),
        (
            {"true_segments": [{"id": 1, "category_id": 3, "area": 2}]},
            r"^true_segments\[0\]: expected the area .* got 2$",
        ),
        ({"true_segments": [{"id": 1, "category_id": 3, "area": 2.5}]}, "expected a whole number of pixels"),
        ({"categories": [{"id": 3}]}, r"^categories\[0\]: expected a dict with 'id' and 'isthing'"),
        ({"categories": [{"id": 3, "isthing": 1}] * 2}, "^categories: expected no id twice$"),
        ({"y_true": [np.ones((2, 2), dtype=int)]}, "^y_pred: expected a list of 1, one for each image$"),
    ],
)
def test_wrong_arguments_are_named(change: dict[str, Any], message: str) -> None:
    segments = [{"id": 1, "category_id": 3}]
    arguments: dict[str, Any] = {
        "y_true": np.ones((2, 2), dtype=int),
        "y_pred": np.ones((2, 2), dtype=int),
        "true_segments": segments,
        "pred_segments": segments,
        "categories": CATEGORIES,
        **change,
    }
    with pytest.raises(ValueError, match=message):
        panoptic_quality(arguments.pop("y_true"), arguments.pop("y_pred"), **arguments)


def test_no_images_and_no_pixels() -> None:
    for report in (
        panoptic_quality([], [], true_segments=[], pred_segments=[], categories=CATEGORIES),
        call([(np.zeros((0, 4), dtype=int), np.zeros((0, 4), dtype=int), [], [])]),
    ):
        assert math.isnan(report.pq)
        assert report.all["n"] == 0
        assert json.loads(report.to_json())["all"]["pq"] is None
        assert "nan" in str(report)


def write_files(folder: Path, name: str, images: dict[int, tuple[Any, list[dict[str, Any]]]], suffix: str) -> Path:
    picture = pytest.importorskip("PIL.Image")
    (folder / name).mkdir()
    rows = []
    for key, (ids, segments) in images.items():
        colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], axis=-1).astype(np.uint8)
        picture.fromarray(colours).save(folder / name / f"{key}.png")
        rows.append({"image_id": key, "file_name": f"{key}.png", "segments_info": segments})
    categories = [{"id": key, "isthing": int(kind), "name": f"name {key}"} for key, kind in CATEGORIES.items()]
    data = json.dumps({"annotations": rows, "categories": categories}).encode()
    path = folder / f"{name}.json{suffix}"
    path.write_bytes(gzip.compress(data) if suffix else data)
    return path


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_panoptic_quality_of_files(tmp_path: Path, rng: np.random.Generator, suffix: str) -> None:
    images = {key: draw(rng) for key in range(7)}
    truth = write_files(tmp_path, "truth", {key: (image[0], image[2]) for key, image in images.items()}, suffix)
    found = {
        key: (image[1] * 300, [{**row, "id": 300 * row["id"]} for row in image[3]]) for key, image in images.items()
    }
    predictions = write_files(tmp_path, "found", {**dict(reversed(found.items())), 99: found[0]}, suffix)
    seen: list[tuple[int, int]] = []
    report = panoptic_quality_of_files(truth, predictions, progress=lambda done, count: seen.append((done, count)))
    assert_outcomes(report, list(images.values()))
    assert seen == [(i + 1, 7) for i in range(7)]
    assert report.per_category["name"][0] == "name 3"
    moved = (tmp_path / "found").rename(tmp_path / "moved")
    again = panoptic_quality_of_files(truth, predictions, predictions_folder=moved, num_threads=1)
    assert again.to_json(per_category=True) == report.to_json(per_category=True)
    with pytest.raises(FileNotFoundError, match=r"no such folder of PNG files"):
        panoptic_quality_of_files(truth, predictions)
    with pytest.raises(ValueError, match=r"expected a prediction for image 1$"):
        panoptic_quality_of_files(
            truth, write_files(tmp_path, "few", {0: found[0]}, ""), predictions_folder=tmp_path / "few"
        )
    wrong = {**found, 3: (np.full_like(images[3][0], 17), [])}
    with pytest.raises(ValueError, match=r"^image 3: pred_segments: expected all ids of y_pred but 0, lacks 17$"):
        panoptic_quality_of_files(truth, write_files(tmp_path, "wrong", wrong, ""))


@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the data are not here")
def test_real_images(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("PIL.Image")
    from metrix._pictures import read_label_map

    document = json.loads((SAMPLE / "panoptic_examples.json").read_text())
    categories = json.loads((SAMPLE / "panoptic_coco_categories.json").read_text())
    quality = PanopticQuality(categories)
    totals: dict[Any, tuple[list[Fraction], int, int]] = {}
    for row in document["annotations"]:
        colours = read_label_map(SAMPLE / "panoptic_examples" / row["file_name"])
        ids = colours.astype(np.int64) @ [1, 256, 65536]
        perfect = panoptic_quality(
            colours,
            ids,
            true_segments=row["segments_info"],
            pred_segments=row["segments_info"],
            categories=categories,
        )
        assert perfect.pq in (1.0, pytest.approx(1.0, abs=1e-12))
        shifted = np.roll(ids, (17, -9), axis=(0, 1))
        found = [segment for segment in row["segments_info"] if segment["id"] in shifted]
        quality.update(colours, shifted, true_segments=row["segments_info"], pred_segments=found)
        for key, (ious, fp, fn) in outcomes_of_image(ids, shifted, row["segments_info"], found).items():
            before = totals.get(key, ([], 0, 0))
            totals[key] = (before[0] + ious, before[1] + fp, before[2] + fn)
    expected = {
        key: math.fsum(map(float, ious)) / (len(ious) + 0.5 * fp + 0.5 * fn) for key, (ious, fp, fn) in totals.items()
    }
    report = quality.compute()
    assert {r["category_id"]: r["pq"] for r in report.per_category.rows() if r["pq"] == r["pq"]} == expected
    assert report.pq == pytest.approx(sum(expected.values()) / len(expected), rel=1e-14)
