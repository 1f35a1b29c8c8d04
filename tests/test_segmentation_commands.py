"""``metrix segment`` and ``metrix panoptic``: what they print, and what they say of wrong folders."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrix import cli
from metrix._pictures import _read_with_opencv, read_label_map
from metrix.panoptic import panoptic_quality_of_files
from metrix.segmentation import SegmentationMetrics

Image = pytest.importorskip("PIL.Image")


@pytest.fixture
def folders(tmp_path: Path, rng: np.random.Generator) -> tuple[Path, Path, list[Any]]:
    """Label maps in folders within folders, as PNG of bytes, palettes and 16 bits, and as TIFF."""
    pairs = []
    for i, (kind, suffix) in enumerate([("L", "png"), ("P", "png"), ("I;16", "png"), ("L", "tif")]):
        truth, predicted = rng.integers(0, 3, size=(2, 7, 9 + i)).astype(np.uint8)
        truth[0, :3] = 255
        for side, labels in (("truth", truth), ("found", predicted)):
            path = tmp_path / side / f"city {i % 2}" / f"image {i}.{suffix if side == 'truth' else 'png'}"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture = Image.fromarray(labels.astype(np.uint16) if kind == "I;16" else labels)
            if kind == "P":
                picture.putpalette([7 * k % 256 for k in range(768)])
            picture.save(path)
        pairs.append((truth, predicted))
    (tmp_path / "truth" / "readme.txt").write_text("no image")
    return tmp_path / "truth", tmp_path / "found", pairs


@pytest.mark.parametrize("arguments", [[], ["--per-image"], ["--absent", "0"], ["--absent", "1", "--threads", "1"]])
def test_segment(
    folders: tuple[Path, Path, list[Any]], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    truth, found, pairs = folders
    common = ["segment", str(truth), str(found), "--num-classes", "4", "--ignore", "255", *arguments]
    absent: Any = float(arguments[1]) if "--absent" in arguments else "skip"
    metrics = SegmentationMetrics(4, ignore_index=255, absent=absent, per_image="--per-image" in arguments)
    for pair in pairs:
        metrics.update(*pair)
    assert cli.main([*common, "--json", "--per-class"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer.pop("images") == 4
    ious = answer.pop("iou_per_class")
    assert ious == [*metrics.iou_per_class[:3].tolist(), None]
    assert answer == metrics.compute()
    assert cli.main([*common, "--per-class"]) == 0
    printed = capsys.readouterr()
    assert f"{metrics.compute()['mean_iou']:.4f}" in printed.out
    assert "4 images, 4 classes" in printed.out
    assert printed.err == ""


def test_opencv_reads_what_pillow_reads(tmp_path: Path, rng: np.random.Generator) -> None:
    pytest.importorskip("cv2")
    labels = rng.integers(0, 256, size=(5, 6)).astype(np.uint8)
    for name, picture in (
        ("bytes", Image.fromarray(labels)),
        ("words", Image.fromarray(labels.astype(np.uint16) * 257)),
        ("colours", Image.fromarray(np.stack([labels, labels.T.reshape(5, 6), 0 * labels], axis=-1))),
        ("transparent", Image.fromarray(np.stack([labels, 255 - labels, 0 * labels, labels], axis=-1))),
    ):
        picture.save(tmp_path / f"{name}.png")
        expected = read_label_map(tmp_path / f"{name}.png")
        found = _read_with_opencv(tmp_path / f"{name}.png")
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found, expected)
    Image.fromarray(labels).convert("P").save(tmp_path / "palette.png")
    with pytest.raises(ImportError, match="images with a palette need Pillow"):
        _read_with_opencv(tmp_path / "palette.png")
    (tmp_path / "none.png").write_bytes(b"none")
    with pytest.raises(ValueError, match=r"expected an image$"):
        _read_with_opencv(tmp_path / "none.png")


def test_segment_of_two_files(folders: tuple[Path, Path, list[Any]], capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(folder / "city 0" / "image 0.png") for folder in folders[:2]]
    assert cli.main(["segment", *paths, "--num-classes", "3", "--ignore", "7,255", "--json"]) == 0
    metrics = SegmentationMetrics(3, ignore_index=255)
    metrics.update(*folders[2][0])
    assert json.loads(capsys.readouterr().out)["mean_iou"] == metrics.compute()["mean_iou"]


def test_wrong_folders_are_named(folders: tuple[Path, Path, list[Any]], capsys: pytest.CaptureFixture[str]) -> None:
    truth, found, _ = folders

    def fails(code: int, *arguments: str) -> str:
        assert cli.main(["segment", *arguments]) == code
        return capsys.readouterr().err

    assert "no such file or folder" in fails(4, str(truth / "x"), str(found), "--num-classes", "3")
    message = fails(3, str(truth), str(found), "--num-classes", "3")
    assert f"{truth / 'city 0' / 'image 0.png'}: y_true: expected labels 0 to 2, got 255" in message
    Image.fromarray(np.zeros((7, 9, 3), dtype=np.uint8)).save(found / "city 0" / "image 0.png")
    assert "y_pred: expected an image of one channel" in fails(
        3, str(truth), str(found), "--num-classes", "3", "--ignore", "255"
    )
    (found / "city 0" / "image 0.png").unlink()
    assert "(1 of 4 lack one)" in fails(3, str(truth), str(found), "--num-classes", "3")
    (truth / "city 1" / "image 1.tif").touch()
    assert "expected one image of this name" in fails(3, str(truth), str(found), "--num-classes", "3")
    (truth / "none").mkdir()
    assert "expected images" in fails(3, str(truth / "none"), str(found), "--num-classes", "3")


@pytest.mark.parametrize("wrong", [["--num-classes", "0"], ["--num-classes", "3", "--absent", "2"], []])
def test_wrong_options(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_code:
        cli.main(["segment", str(tmp_path), str(tmp_path), *wrong])
    assert exit_code.value.code == 2


def test_panoptic(tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    segments = [{"id": 7, "category_id": 1}, {"id": 300, "category_id": 2}]
    for side in ("truth", "found"):
        (tmp_path / side).mkdir()
        ids = np.where(rng.random((20, 30)) < 0.9, 7, 300) if side == "found" else np.full((20, 30), 7)
        ids[:, 20:] = 300
        Image.fromarray(np.stack([ids % 256, ids // 256, 0 * ids], axis=-1).astype(np.uint8)).save(
            tmp_path / side / "1.png"
        )
        document = {
            "annotations": [{"image_id": 1, "file_name": "1.png", "segments_info": segments}],
            "categories": [{"id": 1, "isthing": 1, "name": "cat"}, {"id": 2, "isthing": 0, "name": "sky"}],
        }
        (tmp_path / f"{side}.json").write_text(json.dumps(document))
    paths = [str(tmp_path / f"{side}.json") for side in ("truth", "found")]
    report = panoptic_quality_of_files(*paths)
    assert cli.main(["panoptic", *paths, "--per-category"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(str(report))
    assert "sky" in printed.out
    assert printed.err == ""
    assert (
        cli.main(["panoptic", *paths, "--json", "--threads", "1", "--predictions-folder", str(tmp_path / "found")]) == 0
    )
    assert json.loads(capsys.readouterr().out) == report.as_dict()
    assert cli.main(["panoptic", *paths, "--ground-truth-folder", str(tmp_path / "x")]) == 4
    assert "no such folder of PNG files" in capsys.readouterr().err
