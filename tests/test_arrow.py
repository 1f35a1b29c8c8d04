"""Arrow tables and Parquet files: the same columns and bits as the same records in lists, or a message with the row."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metrix
from metrix import Detections, GroundTruth, cli, masks
from metrix.records import PRESENCE, read_detections, read_ground_truth

pa = pytest.importorskip("pyarrow")

SAMPLE = Path(__file__).parent / "data" / "sample"


def sample(name: str) -> Any:
    return json.loads((SAMPLE / f"{name}.json").read_text())


def packed_boxes(boxes: Any, dtype: str = "<f8") -> Any:
    return pa.FixedSizeListArray.from_arrays(np.asarray(boxes, dtype=dtype).ravel(), 4)


def rows(**columns: Any) -> Any:
    """A table of detections with what is not named filled in."""
    count = len(next(iter(columns.values())))
    usual = {"image_id": list(range(count)), "category_id": [1] * count, "score": [0.5] * count}
    return pa.table({**usual, **columns})


def as_tables(truth: dict[str, Any], found: list[dict[str, Any]]) -> tuple[dict[str, Any], Any]:
    """Documents as tables; masks as compressed run lengths, as a column has one kind."""
    sizes = {image["id"]: (image["height"], image["width"]) for image in truth["images"]}
    annotations = []
    for record in truth["annotations"]:
        annotation = dict(record)
        if "segmentation" in annotation:
            objects = masks.from_objects(annotation["segmentation"], *sizes[annotation["image_id"]])
            merged = masks.merge(objects) if isinstance(objects, list) else objects
            annotation["segmentation"] = {"size": merged["size"], "counts": merged["counts"].decode()}
        annotations.append(annotation)
    sides = {name: pa.Table.from_pylist(truth[name]) for name in ("images", "categories")}
    return {"annotations": pa.Table.from_pylist(annotations), **sides}, pa.Table.from_pylist(found)


def same_bits(one: metrix.DetectionReport, other: metrix.DetectionReport) -> bool:
    pairs = ((getattr(one, name), getattr(other, name)) for name in ("precision", "recall", "scores"))
    return one.stats == other.stats and all(a.tobytes() == b.tobytes() for a, b in pairs)


@pytest.mark.parametrize(
    ("iou_type", "truth_name", "found_name"),
    [
        ("bbox", "instances", "boxes"),
        ("segm", "instances", "masks"),
        ("keypoints", "persons", "keypoints"),
    ],
)
def test_tables_evaluate_to_the_same_bits(iou_type: Any, truth_name: str, found_name: str) -> None:
    truth, found = sample(truth_name), sample(found_name)
    expected = metrix.evaluate_detections(truth, found, iou_type=iou_type)
    tables, table = as_tables(truth, found)
    in_chunks = pa.concat_tables([table.slice(0, 7), table.slice(7)])
    for detections in (table, in_chunks, in_chunks.combine_chunks().to_batches()[0]):
        assert same_bits(metrix.evaluate_detections(tables, detections, iou_type=iou_type), expected)
    ready = GroundTruth.from_arrow(**tables), Detections.from_arrow(table)
    assert same_bits(metrix.evaluate_detections(*ready, iou_type=iou_type), expected)
    read = read_ground_truth(truth)
    assert ready[0].category_names == read.category_names
    assert np.array_equal(ready[0].image_sizes, read.image_sizes)


def test_files_evaluate_to_the_same_bits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow.feather
    import pyarrow.parquet

    expected = metrix.evaluate_detections(SAMPLE / "instances.json", SAMPLE / "masks.json", iou_type="segm")
    tables, table = as_tables(sample("instances"), sample("masks"))
    paths = {name: tmp_path / f"{name}.parquet" for name in tables}
    for name, side in tables.items():
        pyarrow.parquet.write_table(side, paths[name])
    pyarrow.parquet.write_table(table, tmp_path / "found.parquet")
    pyarrow.feather.write_feather(table, tmp_path / "found.feather")
    with pa.ipc.new_stream(str(tmp_path / "found.arrow"), table.schema) as stream:
        stream.write_table(table)
    for suffix in ("parquet", "feather", "arrow"):
        path = tmp_path / f"found.{suffix}"
        assert same_bits(metrix.evaluate_detections(paths, str(path), iou_type="segm"), expected)
        assert cli.main(["eval", str(SAMPLE / "instances.json"), str(path), "--json"]) == 0
        options = argparse.Namespace(threads=1)
        assert len(cli._Bars(None).read(str(path), "detections", options)) == table.num_rows  # no bar reads such a file
        assert json.loads(capsys.readouterr().out)["stats"] == expected.stats


def test_a_file_of_annotations_alone_lists_what_it_mentions(tmp_path: Path) -> None:
    import pyarrow.parquet

    truth, _ = as_tables(sample("instances"), [])
    pyarrow.parquet.write_table(truth["annotations"], tmp_path / "truth.parquet")
    read = read_ground_truth(tmp_path / "truth.parquet", fields=["bbox"])
    assert read.image_ids.tolist() == sorted({a["image_id"] for a in sample("instances")["annotations"]})
    assert (read.masks, read.category_names[0]) == (None, "")
    assert read.bbox is not None


# ---- without a copy -----------------------------------------------------------------------------------------------


def test_what_is_not_copied() -> None:
    boxes, scores = np.arange(24.0).reshape(6, 4), np.linspace(0, 1, 6)
    ids = np.arange(6)
    table = rows(image_id=ids, category_id=ids, score=scores, bbox=packed_boxes(boxes))
    found = Detections.from_arrow(table)
    for ours, theirs in ((found.bbox, boxes), (found.score, scores), (found.image_id.values, ids)):
        assert np.shares_memory(ours, theirs)
    part = Detections.from_arrow(table.slice(2, 3))
    assert np.shares_memory(part.bbox, boxes)
    assert np.array_equal(part.bbox, boxes[2:5])
    truth = GroundTruth.from_arrow(rows(image_id=ids, category_id=ids, bbox=packed_boxes(boxes), area=scores))
    assert np.shares_memory(truth.bbox, boxes)
    assert np.shares_memory(truth.area, scores)
    assert metrix.evaluate_detections(truth, found).stats["AP"] > 0


def test_what_is_copied_holds_the_same() -> None:
    boxes = np.arange(24.0).reshape(6, 4)
    whole = packed_boxes(boxes)
    structs = [dict(zip("xywh", box)) for box in boxes.tolist()]
    named = [dict(zip(("x", "y", "width", "height"), box)) for box in boxes.tolist()]
    for column in (
        packed_boxes(boxes, "<f4"),
        packed_boxes(boxes, "<i4"),
        pa.array(boxes.tolist()),
        pa.array(boxes.tolist(), type=pa.large_list(pa.float32())),
        pa.array(structs),
        pa.array([None, *structs]).slice(1),
        pa.array(named),
        pa.chunked_array([whole.slice(0, 1), whole.slice(1)]),
        pa.array([None, *boxes.tolist()]).slice(1),
        pa.array([None, *boxes.tolist()], type=pa.list_(pa.float64(), 4)).slice(1),
        pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float64(), [4]), whole),
    ):
        assert np.array_equal(Detections.from_arrow(rows(bbox=column)).bbox, boxes)


def test_ids_of_all_kinds() -> None:
    names = ["cat", "dog", "cat", "an owl"]
    for column in (
        pa.array(names),
        pa.array(names, type=pa.large_string()),
        pa.array(names, type=pa.string_view()),
        pa.array(names).dictionary_encode(),
        pa.chunked_array([pa.array(names[:2]).dictionary_encode(), pa.array(names[2:]).dictionary_encode()]),
        pa.array(["never", *names]).dictionary_encode().slice(1),
    ):
        found = Detections.from_arrow(rows(category_id=column))
        assert [found.category_id[row] for row in range(4)] == names
        truth = GroundTruth.from_arrow(rows(category_id=column))
        assert truth.category_ids.tolist() == ["an owl", "cat", "dog"]
    numbers = [7, 3, 7, 2**62]
    for column in (pa.array(numbers), pa.array(numbers, pa.uint64()), pa.array(numbers).dictionary_encode()):
        assert Detections.from_arrow(rows(image_id=column)).image_id.values.tolist() == numbers
    assert Detections.from_arrow(rows(image_id=pa.array([1.0, 2.0]))).image_id.values.tolist() == [1, 2]


# ---- masks and poses ------------------------------------------------------------------------------------------------


def masks_of(column: Any, **more: Any) -> Any:
    masks_read = Detections.from_arrow(rows(segmentation=column, **more)).masks
    assert masks_read is not None
    return masks_read


def test_masks_of_all_kinds() -> None:
    texts, sizes = ["231", "6", "03111"], [[2, 3], [2, 3], [3, 2]]
    runs = [masks.from_string(text).tolist() for text in texts]
    expected = read_detections(
        [
            {"image_id": 0, "category_id": 0, "score": 1, "segmentation": {"size": s, "counts": t}}
            for s, t in zip(sizes, texts)
        ]
    ).masks
    assert expected is not None
    heights, widths = np.array(sizes).T
    structs = [{"size": size, "counts": text} for size, text in zip(sizes, texts)]
    binary = [{"size": size, "counts": text.encode()} for size, text in zip(sizes, texts)]
    plain = [{"size": size, "counts": counts} for size, counts in zip(sizes, runs)]
    beside = {"height": heights, "width": widths}
    found = [
        masks_of(pa.array(structs)),
        masks_of(pa.array([None, *structs]).slice(1)),
        masks_of(pa.array(binary)),
        masks_of(pa.array(texts), **beside),
        masks_of(pa.array(["skip", *texts]).slice(1), **beside),
        masks_of(pa.array(texts, type=pa.large_string()), **beside),
        masks_of(pa.array([text.encode() for text in texts]), **beside),
    ]
    for column in found:
        for ours, theirs in zip(column.arrays(), expected.arrays()):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs)
    for array in (pa.array(plain), pa.array([None, *plain]).slice(1)):
        column = masks_of(array)
        assert column.kind.tolist() == [2, 2, 2]
        counts = column.payload.view("<u4")
        assert [counts[o // 4 : e // 4].tolist() for o, e in zip(column.offset[:-1], column.offset[1:])] == runs


def test_polygons() -> None:
    polygons = [[[0.0, 0, 4, 0, 4, 4]], [[1.0, 1, 3, 1, 3, 3, 1, 3], [5.0, 5, 9, 5, 9, 9]], [], [[2.0, 2, 3, 2, 3, 3]]]
    expected = read_detections(
        [{"image_id": 0, "category_id": 0, "score": 1, "segmentation": polygon} for polygon in polygons]
    ).masks
    assert expected is not None
    for array in (
        pa.array(polygons),
        pa.array([None, [[9.0] * 6], *polygons]).slice(2),
        pa.array(polygons, type=pa.large_list(pa.large_list(pa.float64()))),
    ):
        for ours, theirs in zip(masks_of(array).arrays(), expected.arrays()):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs)


def test_poses() -> None:
    poses = np.arange(36.0).reshape(3, 4, 3)
    for array in (
        pa.array(poses.reshape(3, 12).tolist()),
        pa.FixedSizeListArray.from_arrays(poses.ravel(), 12),
        pa.array(poses.tolist()),
        pa.array(poses.tolist(), type=pa.list_(pa.list_(pa.float64(), 3))),
        pa.array([None, *poses.tolist()]).slice(1),
        pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.float64(), [4, 3]), pa.FixedSizeListArray.from_arrays(poses.ravel(), 12)
        ),
    ):
        assert np.array_equal(GroundTruth.from_arrow(rows(keypoints=array)).keypoints, poses)
        assert np.array_equal(Detections.from_arrow(rows(keypoints=array)).keypoints, poses[:, :, :2])


# ---- nulls --------------------------------------------------------------------------------------------------------


def test_null_is_absent_where_a_field_may_be_absent() -> None:
    box, mask, pose = [1.0, 2.0, 3.0, 4.0], {"size": [2, 3], "counts": "231"}, [1.0, 1.0, 2.0]
    table = rows(
        bbox=pa.array([None, box, box], type=pa.list_(pa.float64(), 4)),
        segmentation=[mask, None, mask],
        keypoints=[pose, pose, None],
        area=[None, 2, 3],
        iscrowd=[0, None, 1],
        num_keypoints=[1, 1, None],
        ignore=[None, 1, 0],
    )
    truth = GroundTruth.from_arrow(table)
    lacks = {"bbox": 0, "segmentation": 1, "keypoints": 2, "area": 0, "iscrowd": 1, "num_keypoints": 2}
    for name in PRESENCE:
        assert truth.has(name).tolist() == [row != lacks.get(name) for row in range(3)], name
    assert np.array_equal(truth.bbox, [[np.nan] * 4, box, box], equal_nan=True)
    assert np.array_equal(truth.area, [np.nan, 2, 3], equal_nan=True)
    assert (truth.iscrowd.tolist(), truth.ignore.tolist()) == ([0, 0, 1], [0, 1, 0])
    found = Detections.from_arrow(table)
    assert found.has("bbox").tolist() == [False, True, True]
    assert not Detections.from_arrow(rows(image_id=[1], bbox=pa.nulls(1))).has("bbox").any()
    nothing = [[None, mask], [None, {"size": [1, 2], "counts": [2]}], [None, [[0.0] * 6]]]
    for column in nothing:
        assert masks_of(pa.array(column)).kind.tolist()[0] == 0
    variable = Detections.from_arrow(rows(bbox=pa.array([box, None, box])))
    assert np.array_equal(variable.bbox, [box, [np.nan] * 4, box], equal_nan=True)


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"score": [0.1, None]}, ValueError, r"^score\[1\]: expected a value, got null"),
    ({"image_id": [None, 1]}, ValueError, r"^image_id\[0\]: expected a value, got null"),
    ({"category_id": ["a", None]}, ValueError, r"^category_id\[1\]: expected a value, got null"),
    ({"image_id": [1.5, 1.0]}, ValueError, r"^image_id\[0\]: expected a whole number"),
    ({"image_id": ["a\0", "b"]}, ValueError, r"^image_id: text that ends in a NUL"),
    ({"score": ["a", "b"]}, TypeError, r"^score: expected numbers, got the Arrow type string"),
    ({"bbox": [[1.0] * 4, [1.0] * 3]}, ValueError, r"^bbox\[1\]: expected 4 numbers, got 3"),
    ({"bbox": [None, [1.0] * 3]}, ValueError, r"^bbox\[1\]: expected 4 numbers, got 3"),
    ({"bbox": [None, [1.0, None, 1.0, 1.0]]}, ValueError, r"^bbox\[1\]: expected 4 numbers, got null"),
    ({"bbox": [{"x": 1.0, "y": 1.0, "w": 1.0, "h": h} for h in (1.0, None)]}, ValueError, r"^bbox\[1\]: expected 4"),
    ({"bbox": [{"left": 1.0}] * 2}, TypeError, r"^bbox: expected structs of x, y, w, h"),
    ({"bbox": ["a", "b"]}, TypeError, r"^bbox: expected lists of numbers, got the Arrow type string"),
    ({"segmentation": ["a", "b"]}, ValueError, r"^detections: expected a column 'height', got"),
    ({"segmentation": [1, 2]}, TypeError, r"^segmentation: expected structs of size and counts"),
    ({"segmentation": [{"size": [1, 2]}] * 2}, TypeError, r"^segmentation: expected structs of size and counts"),
    (
        {"segmentation": [{"size": [1, 2], "counts": "2"}, {"size": [1, 2], "counts": None}]},
        ValueError,
        r"^segmentation\[1\]: expected size and counts, got null",
    ),
    (
        {"segmentation": [{"size": [1, 2], "counts": "2"}, {"size": [-1, 2], "counts": "2"}]},
        ValueError,
        r"^segmentation\[1\]\.size: expected two whole numbers",
    ),
    (
        {"segmentation": [{"size": [1, 2], "counts": [-1]}] * 2},
        ValueError,
        r"^segmentation\.counts: expected run lengths from 0",
    ),
    ({"keypoints": [[1.0] * 4] * 2}, ValueError, r"^keypoints\[0\]: expected x, y and a third number"),
    ({"keypoints": [[1.0] * 3, [1.0] * 6]}, ValueError, r"^keypoints\[1\]: expected 3 numbers, got 6"),
    ({"keypoints": [[[1.0] * 3], [[1.0] * 3] * 2]}, ValueError, r"^keypoints\[1\]: expected 1 keypoints, got 2"),
]


@pytest.mark.parametrize(("columns", "error", "message"), BAD, ids=[message for _, _, message in BAD])
def test_messages_name_the_column_and_the_row(columns: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Detections.from_arrow(rows(**columns))


def test_a_missing_column_is_named() -> None:
    with pytest.raises(ValueError, match=r"^detections: expected a column 'score', got \['image_id', 'category_id'\]"):
        Detections.from_arrow(pa.table({"image_id": [1], "category_id": [1]}))
    with pytest.raises(ValueError, match=r"^images: expected a column 'id'"):
        GroundTruth.from_arrow(rows(image_id=[1]), images=pa.table({"height": [1]}))


# ---- without pyarrow ----------------------------------------------------------------------------------------------


class Exporter:
    """Anything that exports a stream, and nothing else."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)


class Frame(Exporter):
    """A data frame: an array as well."""

    def __init__(self, table: Any, array: Any) -> None:
        super().__init__(table)
        self.columns = table.column_names
        self._array = array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._array


def test_data_frames_are_tables_if_they_name_their_columns() -> None:
    array = np.array([[7, 1, 2, 3, 4, 0.5, 9]])
    unnamed = Frame(pa.table({str(i): array[:, i] for i in range(7)}), array)
    assert read_detections(unnamed).image_id.values.tolist() == [7]  # type: ignore[arg-type]
    named = Frame(rows(image_id=[3], bbox=packed_boxes(array[:, 1:5])), array)
    assert read_detections(named).image_id.values.tolist() == [3]  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^detections: expected a column 'image_id', got \['a'\]"):
        read_detections(pa.table({"a": [1]}))


def test_whatever_exports_arrow_data_is_a_table() -> None:
    boxes = np.arange(8.0).reshape(2, 4)
    table = rows(bbox=packed_boxes(boxes))
    assert np.array_equal(Detections.from_arrow(Exporter(table)).bbox, boxes)
    assert np.array_equal(read_detections(Exporter(table)).bbox, boxes)  # type: ignore[arg-type]


def test_pyarrow_is_imported_when_a_table_comes_and_missed_by_name() -> None:
    program = (
        "import sys; sys.modules['pyarrow'] = None; import metrix.records\n"
        "assert 'metrix._arrow_columns' not in sys.modules\n"
        "try: metrix.records.read_detections('x.parquet')\n"
        "except ImportError as error: print(error)\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "Arrow tables and Parquet files need pyarrow: pip install 'metrix[arrow]'"
