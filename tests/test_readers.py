"""metrix.readers: small folders of VOC and YOLO, what they become, and what is refused."""

from __future__ import annotations

import doctest
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metrix
from effort import cases
from metrix import cli, readers
from metrix.readers import read_voc_detections, read_voc_ground_truth, read_yolo_detections, read_yolo_ground_truth
from oracles import voc

SIZES = {"a": (100, 200), "b": (50, 60)}


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(readers).failed == 0


def xml(*objects: str, size: str = "<size><width>200</width><height>100</height><depth>3</depth></size>") -> str:
    return f"<?xml version='1.0'?><annotation><filename>x.jpg</filename>{size}{''.join(objects)}</annotation>"


def thing(name: str, *corners: Any, difficult: int | None = None) -> str:
    sides = "".join(f"<{side}>{v}</{side}>" for side, v in zip(("xmin", "ymin", "xmax", "ymax"), corners, strict=True))
    flag = "" if difficult is None else f"<difficult>{difficult}</difficult>"
    parts = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    return f"<object><name>{name}</name><truncated>1</truncated>{flag}<bndbox>{sides}</bndbox>{parts}</object>"


@pytest.fixture
def voc_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "Annotations"
    folder.mkdir()
    (folder / "2007_01.xml").write_text(
        xml(thing("dog", 1, 2, 30, 40, difficult=0), thing("cat", 5, 5, 9, 9, difficult=1))
    )
    (folder / "2007_02.xml").write_text(xml(thing("dog", 10.5, 20, 30, 40.25)))
    (folder / "2007_03.xml").write_text(xml(size=""))
    return folder


def test_voc_xml(voc_folder: Path) -> None:
    truth = read_voc_ground_truth(voc_folder)
    assert truth.image_ids.tolist() == ["2007_01", "2007_02", "2007_03"]
    assert truth.image_sizes.tolist() == [[100, 200], [100, 200], [-1, -1]]
    assert truth.category_ids.tolist() == ["cat", "dog"]
    assert [truth.category_id[row] for row in range(3)] == ["dog", "cat", "dog"]
    assert truth.bbox is not None
    assert truth.bbox.tolist() == [[1, 2, 29, 38], [5, 5, 4, 4], [10.5, 20, 19.5, 20.25]]
    assert truth.ignore.tolist() == [0, 1, 0]
    one = read_voc_ground_truth(voc_folder / "2007_02.xml")
    assert (len(one), one.image_ids.tolist()) == (1, ["2007_02"])


def test_voc_image_sets(voc_folder: Path) -> None:
    listed = voc_folder.parent / "dog_val.txt"
    listed.write_text("2007_02  1\n2007_03 -1\n\n")
    for images in (listed, str(listed), ["2007_02", "2007_03"]):
        assert read_voc_ground_truth(voc_folder, images=images).image_ids.tolist() == ["2007_02", "2007_03"]
    with pytest.raises(FileNotFoundError):
        read_voc_ground_truth(voc_folder, images=["2007_09"])


def test_voc_detections_and_their_evaluation(voc_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = voc_folder.parent / "Main"
    results.mkdir()
    (results / "comp4_det_test_dog.txt").write_text("2007_01 0.9 1 2 30 40\n2007_02 0.8 90 90 99 99\n")
    (results / "comp4_det_test_cat.txt").write_text("2007_01 0.5 5 5 9 9\n\n")
    (results / "dining_table.txt").write_text("")
    found = read_voc_detections(results)
    assert [found.category_id[row] for row in range(3)] == ["cat", "dog", "dog"]
    assert found.score.tolist() == [0.5, 0.9, 0.8]
    report = metrix.evaluate_detections(read_voc_ground_truth(voc_folder), found, protocol="voc2012")
    assert report.per_category["mAP"].tolist() == [-1.0, 0.5]  # the only cat is difficult
    assert cli.main(["eval", str(voc_folder), str(results), "--protocol", "voc2012", "--quiet"]) == 0
    assert "Mean AP = 0.5000" in capsys.readouterr().out


def test_far_corners_are_kept(rng: np.random.Generator, tmp_path: Path) -> None:
    whole = np.sort(rng.integers(0, 500, (cases(400), 2, 2)), axis=1).reshape(-1, 4).astype(float)
    for corners, kept in ((whole, 0), (whole + np.round(rng.random(whole.shape), 3), np.spacing(500.0))):
        file = tmp_path / "dog.txt"
        file.write_text("".join(f"x 0.5 {' '.join(map(repr, row))}\n" for row in corners.tolist()))
        found = read_voc_detections(file)
        assert found.bbox is not None
        read = np.array([voc.corners(box) for box in found.bbox.tolist()])
        assert np.abs(read - corners).max() <= kept


@pytest.mark.parametrize("read", [read_voc_ground_truth, read_voc_detections])
def test_a_folder_without_files_is_refused(read: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected a folder with \.(xml|txt) files, found none"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<annotation><object>", r"bad\.xml: line 1: "),
        ("<annotation>\n<a></b>\n</annotation>", r"bad\.xml: line 2: mismatched tag"),
        (
            '<!DOCTYPE a [<!ENTITY x "y">]><annotation>&x;</annotation>',
            r"bad\.xml: XML with a document type is refused",
        ),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>', r"bad\.xml: XML with a document type is refused"),
        (xml(thing("dog", 1, "x", 3, 4)), r"bad\.xml: object 0: bndbox/ymin: expected a number, got 'x'"),
        (xml(thing("dog", 1, "1_0", 3, 4)), r"bad\.xml: object 0: bndbox/ymin: expected a number, got '1_0'"),
        (xml("<object><name>dog</name></object>"), r"bad\.xml: object 0: bndbox/xmin: missing"),
        (xml(thing("dog", 1, 2, 3, 4), thing(" ", 1, 2, 3, 4)), r"bad\.xml: object 1: name: missing"),
        ("", r"bad\.xml: line 1: no element found"),
    ],
    ids=lambda value: value[:20],
)
def test_bad_xml_is_refused(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.xml"
    file.write_text(content)
    with pytest.raises(ValueError, match=message):
        read_voc_ground_truth(file)
    file.write_bytes(content.encode("utf-16"))  # in which no search for bytes would find the document type
    with pytest.raises(ValueError, match=r"bad\.xml: "):
        read_voc_ground_truth(file)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x 0.5 1 2 3", r"line 2: expected image, score, xmin, ymin, xmax, ymax, got 5 fields"),
        ("x 0.5 1 2 3 4 5", r"line 2: expected image, score, xmin, ymin, xmax, ymax, got 7 fields"),
        ("x high 1 2 3 4", r"line 2: expected a number, got 'high'"),
        ("\udce9", r"line 2: the text is not UTF-8"),
    ],
    ids=lambda value: value[:20],
)
def test_bad_voc_detections_are_refused(line: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "dog.txt"
    file.write_bytes(f"x 0.5 1 2 3 4\n{line}\n".encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=message):
        read_voc_detections(file)


# ---- YOLO ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def yolo_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "labels"
    folder.mkdir()
    (folder / "a.txt").write_text("0 0.5 0.5 0.5 0.5\r\n2 0.25 0.25 0.1 0.2\n")
    (folder / "b.txt").write_text("")
    return folder


def test_yolo_labels(yolo_folder: Path) -> None:
    sizes = {**SIZES, "c": (10, 10)}
    truth = read_yolo_ground_truth(yolo_folder, image_sizes=sizes, category_names=["car", "bus", "dog"])
    assert truth.image_ids.tolist() == ["a", "b", "c"]
    assert truth.image_sizes.tolist() == [[100, 200], [50, 60], [10, 10]]
    assert truth.category_ids.tolist() == [0, 1, 2]
    assert truth.category_names == ("car", "bus", "dog")
    assert truth.category_id.values.tolist() == [0, 2]
    assert truth.bbox is not None
    assert truth.bbox.tolist() == pytest.approx(np.array([[50, 25, 100, 50], [40, 15, 20, 20]]))


def test_yolo_names_may_stand_in_a_file(yolo_folder: Path, tmp_path: Path) -> None:
    names = tmp_path / "classes.txt"
    names.write_text("car\nbus\ndog\n")
    for given in (names, {0: "car", 1: "bus", 2: "dog"}):
        truth = read_yolo_ground_truth(yolo_folder, image_sizes=SIZES, category_names=given)
        assert truth.category_names == ("car", "bus", "dog")
    assert read_yolo_ground_truth(yolo_folder, image_sizes=SIZES).category_names == ("", "")


def test_yolo_detections_find_their_objects(yolo_folder: Path, tmp_path: Path) -> None:
    results = tmp_path / "predicted"
    results.mkdir()
    (results / "a.txt").write_text("0 0.5 0.5 0.5 0.5 0.9\n1 0.5 0.5 0.5 0.5 0.8\n")
    found = read_yolo_detections(results, image_sizes=SIZES)
    assert found.score.tolist() == [0.9, 0.8]
    truth = read_yolo_ground_truth(yolo_folder, image_sizes=SIZES)
    report = metrix.evaluate_detections(truth, found)
    assert report.per_category["AP"].tolist() == pytest.approx([1.0, 0.0])


@pytest.mark.parametrize("package", ["PIL", "cv2"])
def test_yolo_sizes_of_image_files(
    yolo_folder: Path, tmp_path: Path, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for name, (height, width) in SIZES.items():
        picture = np.zeros((height, width, 3), dtype=np.uint8)
        if package == "PIL":
            pytest.importorskip("PIL.Image").fromarray(picture).save(folder / f"{name}.png")
        else:
            pytest.importorskip("cv2").imwrite(str(folder / f"{name}.png"), picture)
    (folder / "notes.md").write_text("no image")
    if package == "cv2":
        monkeypatch.setitem(__import__("sys").modules, "PIL", None)
    truth = read_yolo_ground_truth(yolo_folder, image_sizes=folder)
    assert truth.image_sizes.tolist() == [list(size) for size in SIZES.values()]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0.5 0.5 0.5", r"a\.txt: line 1: expected category, x, y, width, height, got 4 fields"),
        ("0 0.1 0.1 0.2 0.1 0.2 0.2", r"a\.txt: line 1: expected category, x, y, width, height, got 7 fields"),
        ("dog 0.5 0.5 0.5 0.5", r"a\.txt: line 1: expected a category number, got 'dog'"),
        ("0 0.5 0.5 wide 0.5", r"a\.txt: line 1: expected a number, got 'wide'"),
    ],
)
def test_bad_yolo_labels_are_refused(yolo_folder: Path, line: str, message: str) -> None:
    (yolo_folder / "a.txt").write_text(line)
    with pytest.raises(ValueError, match=message):
        read_yolo_ground_truth(yolo_folder, image_sizes=SIZES)


def test_yolo_images_of_unknown_size_are_refused(yolo_folder: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.txt: line 1: image_sizes has no 'a'"):
        read_yolo_ground_truth(yolo_folder, image_sizes={"b": (1, 1)})
    with pytest.raises(ValueError, match="image_sizes has no 'b'"):
        read_yolo_ground_truth(yolo_folder, image_sizes={"a": (1, 1)})
