"""``metrix fid``: what it prints of folders, features and statistics, and what it says of wrong ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrix import cli
from metrix.generative import (
    FeatureExtractor,
    frechet_distance,
    kernel_inception_distance,
    prdc,
    read_statistics,
    write_statistics,
)


@pytest.fixture
def files(tmp_path: Path, rng: np.random.Generator) -> tuple[Any, Any, Path]:
    real, generated = (rng.normal(size=(n, 4)).astype(np.float32) for n in (30, 25))
    np.save(tmp_path / "real.npy", real)
    np.save(tmp_path / "generated.npy", generated)
    write_statistics(tmp_path / "real.npz", real)
    return real, generated, tmp_path


def test_fid_of_features_and_statistics(
    files: tuple[Any, Any, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, generated, folder = files
    monkeypatch.chdir(folder)
    options = ["--kid", "--kid-subsets", "3", "--kid-subset-size", "10", "--prdc", "--neighbours", "2", "--json"]
    assert cli.main(["fid", "real.npy", "generated.npy", *options]) == 0
    answer = json.loads(capsys.readouterr().out)
    kid = kernel_inception_distance(real, generated, subsets=3, subset_size=10)
    expected = {"fid": frechet_distance(real, generated), "kid_mean": kid.mean, "kid_std": kid.std}
    assert answer == expected | prdc(real, generated, k=2)._asdict()
    assert cli.main(["fid", "real.npz", "generated.npy", "--save", "copy.npz"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"fid          {expected['fid']:.6g}\n"
    assert printed.err == ""
    assert np.array_equal(read_statistics("copy.npz").sigma, read_statistics("real.npz").sigma)
    assert cli.main(["fid", "generated.npy", "--save", "generated.npz"]) == 0
    assert capsys.readouterr().out == ""
    assert frechet_distance(read_statistics("generated.npz"), generated) <= 1e-12


def test_fid_of_folders(tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]) -> None:
    cv2, onnx = pytest.importorskip("cv2"), pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["images"], ["features"])],
        "means of colours",
        [helper.make_tensor_value_info("images", kind, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("features", kind, ["N", 3, 1, 1])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    features = []
    for side in ("a", "b"):
        (tmp_path / side).mkdir()
        pictures = rng.integers(0, 256, size=(9, 5, 6, 3)).astype(np.uint8)
        for i, picture in enumerate(pictures):
            assert cv2.imwrite(str(tmp_path / side / f"{i}.png"), picture[..., ::-1])
        features.append((pictures.mean(axis=(1, 2)) / 255 - 0.5) / [0.1, 0.2, 0.3])
    arguments = [str(tmp_path / "a"), str(tmp_path / "b"), "--model", str(tmp_path / "model.onnx"), "--json"]
    arguments += ["--mean", "0.5", "--std", "0.1,0.2,0.3", "--batch-size", "4", "--threads", "1"]
    for more in ([], ["--prdc", "--neighbours", "1"]):
        assert cli.main(["fid", *arguments, *more]) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["fid"] == pytest.approx(frechet_distance(*features), rel=1e-4)
    extractor = FeatureExtractor(tmp_path / "model.onnx", size=2, resize="clean-fid", mean=0.5, std=[0.1, 0.2, 0.3])
    assert cli.main(["fid", *arguments, "--size", "2", "--resize", "clean-fid"]) == 0
    answer = json.loads(capsys.readouterr().out)
    features = [extractor.features(tmp_path / side) for side in "ab"]
    assert answer["fid"] == pytest.approx(frechet_distance(*features), rel=1e-6)
    assert cli.main(["fid", *arguments[:2]]) == 3
    assert "expected --model to make features of images" in capsys.readouterr().err


def test_wrong_sets(
    files: tuple[Any, Any, Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(files[2])

    def fails(code: int, *arguments: str) -> str:
        assert cli.main(["fid", *arguments]) == code
        return capsys.readouterr().err

    assert "expected two sets to compare, or --save" in fails(3, "real.npy")
    assert "missing.npy: no such file or folder" in fails(4, "real.npy", "missing.npy")
    assert "real.npz: expected features for --kid and --prdc" in fails(3, "real.npz", "generated.npy", "--kid")
    assert "real: expected at least 1000 rows, got 30" in fails(3, "real.npy", "generated.npy", "--kid")
    np.save("flat.npy", np.zeros(3))
    assert "generated: expected features of shape (N, D), got (3,)" in fails(3, "real.npy", "flat.npy")
    with pytest.raises(SystemExit):
        cli.main(["fid", "real.npy", "generated.npy", "--mean", "1,2"])
