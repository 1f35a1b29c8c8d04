"""``metrix images``: what it prints, and what it says of wrong folders."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrix import cli
from metrix._pictures import _read_picture_with_pillow, read_picture
from metrix.image_quality import (
    ImageQualityMetrics,
    gradient_magnitude_similarity_deviation,
    luma,
    multiscale_structural_similarity,
    peak_signal_noise_ratio,
    structural_similarity,
    visual_information_fidelity,
)

Image = pytest.importorskip("PIL.Image")

Pairs = dict[str, tuple[Any, Any]]


@pytest.fixture
def folders(tmp_path: Path, rng: np.random.Generator) -> tuple[Path, Path, Pairs]:
    """Colours in folders within folders; the endings differ, and one pair is equal."""
    pairs = {}
    for name in ("a/one", "b/one", "two"):
        reference = rng.integers(0, 256, (164, 170, 3)).astype(np.uint8)
        image = np.clip(reference + rng.integers(-20, 20, reference.shape), 0, 255).astype(np.uint8)
        if name == "two":
            image = reference
        for side, picture, suffix in (("results", image, "bmp"), ("truth", reference, "png")):
            path = tmp_path / side / f"{name}.{suffix}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture).save(path)
        pairs[name] = (image, reference)
    (tmp_path / "truth" / "readme.txt").write_text("no image")
    return tmp_path / "results", tmp_path / "truth", pairs


def run(capsys: pytest.CaptureFixture[str], *arguments: Any) -> str:
    assert cli.main(["images", *map(str, arguments)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    return printed.out


def test_images(folders: tuple[Path, Path, Pairs], capsys: pytest.CaptureFixture[str]) -> None:
    results, truth, pairs = folders
    answer = json.loads(
        run(capsys, results, truth, "--metrics", "psnr,ssim,ms_ssim,gmsd,vif", "--json", "--threads", "1")
    )
    assert answer["images"] == 3
    assert answer["means"]["psnr"] is None  # infinite
    for row, (name, pair) in zip(answer["per_image"], pairs.items(), strict=True):
        assert row["image"] == f"{name}.bmp"
        assert row["ssim"] == structural_similarity(*pair, channel_axis=-1)
        assert row["ms-ssim"] == multiscale_structural_similarity(*pair, channel_axis=-1)
        assert row["gmsd"] == gradient_magnitude_similarity_deviation(*pair, channel_axis=-1)
        assert row["vif"] == visual_information_fidelity(*pair, channel_axis=-1)
        assert (row["psnr"] or math.inf) == peak_signal_noise_ratio(*pair, channel_axis=-1)
    metrics = ImageQualityMetrics(channel_axis=-1)
    for pair in pairs.values():
        metrics.update(*pair)
    assert answer["means"]["ssim"] == metrics.compute()["structural_similarity"]
    rows = list(csv.DictReader(io.StringIO(run(capsys, results, truth, "--csv"))))
    assert [row["image"] for row in rows] == [f"{name}.bmp" for name in pairs]
    assert [float(row["psnr"]) for row in rows] == metrics.values["peak_signal_noise_ratio"].tolist()
    lines = run(capsys, results, truth).splitlines()
    assert lines[0].split() == ["image", "psnr", "ssim"]
    assert lines[-1].split() == ["mean", "of", "3", "inf", f"{answer['means']['ssim']:.4f}"]


def test_options_of_images(folders: tuple[Path, Path, Pairs], capsys: pytest.CaptureFixture[str]) -> None:
    results, truth, pairs = folders
    one = pairs["a/one"]
    paths = results / "a" / "one.bmp", truth / "a" / "one.png"

    def first(*options: Any) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(run(capsys, *paths, "--json", *options))
        assert answer["images"] == 1
        return answer["means"]

    assert first("--variant", "skimage")["ssim"] == structural_similarity(
        *one, channel_axis=-1, window="uniform", sample_covariance=True
    )
    for channels, full in (("y", False), ("gray", True)):
        bright = [luma(side, full=full)[4:-4, 4:-4] for side in one]
        found = first("--channels", channels, "--crop-border", 4)
        assert found["psnr"] == peak_signal_noise_ratio(*bright, data_range=255)
        assert found["ssim"] == structural_similarity(*bright, data_range=255)
    assert first("--data-range", 511)["ssim"] == structural_similarity(*one, channel_axis=-1, data_range=511)
    pooled = json.loads(run(capsys, results, truth, "--pooled", "--json"))["means"]["psnr"]
    sides = (np.stack(side) for side in zip(*pairs.values()))
    assert pooled == pytest.approx(peak_signal_noise_ratio(*sides, channel_axis=-1, pooled=True), rel=1e-13)


def test_opencv_and_pillow_read_the_same(tmp_path: Path, rng: np.random.Generator) -> None:
    cv2 = pytest.importorskip("cv2")
    grays = rng.integers(0, 256, (5, 6)).astype(np.uint8)
    colours = rng.integers(0, 256, (5, 6, 3)).astype(np.uint8)
    paletted = Image.fromarray(grays % 3).convert("P")
    paletted.putpalette([7 * k % 256 for k in range(768)])
    pictures = {
        "grays": (Image.fromarray(grays), grays),
        "words": (Image.fromarray(grays.astype(np.uint16) * 257), grays.astype(np.uint16) * 257),
        "colours": (Image.fromarray(colours), colours),
        "transparent": (Image.fromarray(np.dstack([colours, grays])), colours),
        "paletted": (paletted, np.asarray(paletted.convert("RGB"))),
    }
    for name, (picture, expected) in pictures.items():
        picture.save(tmp_path / f"{name}.png")
        for read in (read_picture, _read_picture_with_pillow):
            found = read(tmp_path / f"{name}.png")
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected, err_msg=name)
    deep = colours.astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / "deep.png"), deep[:, :, ::-1])
    np.testing.assert_array_equal(read_picture(tmp_path / "deep.png"), deep)
    with pytest.raises(ImportError, match="colours of 16 bits need OpenCV"):
        _read_picture_with_pillow(tmp_path / "deep.png")
    (tmp_path / "none.png").write_bytes(b"none")
    for read in (read_picture, _read_picture_with_pillow):
        with pytest.raises(ValueError, match=r"none.png: expected an image$"):
            read(tmp_path / "none.png")


def test_wrong_folders_are_named(folders: tuple[Path, Path, Pairs], capsys: pytest.CaptureFixture[str]) -> None:
    results, truth, pairs = folders

    def fails(code: int, *arguments: Any) -> str:
        assert cli.main(["images", *map(str, arguments)]) == code
        return capsys.readouterr().err

    assert "no such file or folder" in fails(4, results / "x", truth)
    assert "expected a folder as" in fails(3, results, truth / "two.png")
    assert "expected 'wang'" in fails(3, results, truth, "--metrics", "ms-ssim", "--variant", "skimage").replace(
        "one of [", ""
    )
    assert f"{results / 'a' / 'one.bmp'}: expected more than 164 rows" in fails(3, results, truth, "--crop-border", 82)
    (truth / "two.png").unlink()
    message = fails(3, results, truth)
    assert f"{results / 'two.bmp'}: expected its partner in {truth} (1 of 3 lack one" in message
    assert f"{results / 'two.bmp'}: expected its partner in {results}" in fails(3, truth, results).replace(
        str(truth), str(results)
    )
    answer = json.loads(run(capsys, results, truth, "--common", "--json"))
    assert [row["image"] for row in answer["per_image"]] == ["a/one.bmp", "b/one.bmp"]
    Image.fromarray(pairs["two"][0][:, :-1]).save(truth / "two.png")
    message = fails(3, results, truth)
    assert f"{results / 'two.bmp'}: expected the size of its reference, 169 x 164 3 channels, got 170 x 164" in message
    Image.fromarray(pairs["two"][0][:, :, 0].astype(np.uint16)).save(truth / "two.png")
    Image.fromarray(pairs["two"][0][:, :, 0]).save(results / "two.bmp")
    assert "two.bmp: expected uint16 as its reference is, got uint8" in fails(3, results, truth)
    (results / "two.png").touch()
    assert "expected one image of this name, got two.bmp as well" in fails(3, results, truth)
    (results / "none").mkdir()
    assert "expected images" in fails(3, results / "none", results / "none")


@pytest.mark.parametrize("wrong", [["--metrics", "mse"], ["--crop-border", "-1"], ["--json", "--csv"]])
def test_wrong_options(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_code:
        cli.main(["images", str(tmp_path), str(tmp_path), *wrong])
    assert exit_code.value.code == 2
