"""Features of images: how they are read, resized and put into batches, with a network that is made here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metrix._image_batches import antialiased_bicubic, batches, images_in, read_image, resized
from metrix.generative import FeatureExtractor, frechet_distance


def save(path: Path, picture: Any) -> None:
    cv2 = pytest.importorskip("cv2")
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), picture[..., ::-1])


def network(path: Path, shape: list[Any], *, kind: str = "FLOAT", pool: bool = False) -> Path:
    """Each of six outputs is a sum of pixels, with weights of 0 to 5 and three; ``pool`` keeps 2 x 2 places."""
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    helper, numpy_helper, types = onnx.helper, onnx.numpy_helper, onnx.TensorProto
    weights = np.stack([np.arange(6), np.full(6, 3)], axis=1).reshape(6, 2)[:, [0, 1, 0]].astype(np.float32)
    nodes, name = [], "images"
    if kind != "FLOAT":
        nodes.append(helper.make_node("Cast", [name], ["wide"], to=types.FLOAT))
        name = "wide"
    if shape[1] != 3:
        nodes.append(helper.make_node("Transpose", [name], ["turned"], perm=[0, 3, 1, 2]))
        name = "turned"
    nodes.append(helper.make_node("Conv", [name, "weights"], ["features" if pool else "map"]))
    if not pool:
        nodes.append(helper.make_node("ReduceMean", ["map"], ["features"], axes=[2, 3], keepdims=0))
    out = [shape[0], 6, None, None] if pool else [shape[0], 6]
    graph = helper.make_graph(
        nodes,
        "features",
        [helper.make_tensor_value_info("images", getattr(types, kind), shape)],
        [helper.make_tensor_value_info("features", types.FLOAT, out)],
        [numpy_helper.from_array(weights.reshape(6, 3, 1, 1), "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def expected_features(pictures: Any, mean: Any = 0.0, std: Any = 1.0) -> Any:
    means = np.stack([(np.mean(picture, axis=(0, 1)) / 255 - mean) / std for picture in pictures])
    return np.stack([means @ [i, 3, i] for i in range(6)], axis=1)


@pytest.fixture
def pictures(rng: np.random.Generator) -> Any:
    return rng.integers(0, 256, size=(7, 9, 8, 3)).astype(np.uint8)


def test_features_of_a_folder(tmp_path: Path, pictures: Any) -> None:
    """Batches that come out even and not, of either order of axes, numbers and sizes."""
    for i, picture in enumerate(pictures):
        save(tmp_path / "images" / f"{i % 2}" / f"{i}.png", picture)
    (tmp_path / "images" / "readme.txt").write_text("no image")
    order = [0, 2, 4, 6, 1, 3, 5]
    for shape, kind, pool in (
        (["N", 3, 9, 8], "FLOAT", False),
        (["N", 3, "H", "W"], "FLOAT", True),
        ([3, 9, 8, 3], "FLOAT", False),
        (["N", 3, 9, 8], "FLOAT16", False),
    ):
        model = network(tmp_path / "model.onnx", shape, kind=kind, pool=pool)
        for batch_size in (2, 7, 32):
            extractor = FeatureExtractor(model, mean=[0.5, 0.4, 0.3], std=2.0, batch_size=batch_size, num_threads=2)
            seen: list[int] = []
            found = extractor.features(tmp_path / "images", progress=lambda done, count, seen=seen: seen.append(done))
            expected = expected_features(pictures[order], np.array([0.5, 0.4, 0.3]), 2.0)
            np.testing.assert_allclose(found, expected, rtol=2e-3 if kind == "FLOAT16" else 1e-5, atol=1e-3)
            assert seen[-1] == 7
            assert len(seen) == -(-7 // (3 if shape[0] == 3 else batch_size))
            statistics = extractor.statistics(str(tmp_path / "images"))
            assert frechet_distance(statistics, found) <= 1e-12


def test_features_of_arrays_and_paths(tmp_path: Path, pictures: Any) -> None:
    model = network(tmp_path / "model.onnx", ["N", 3, 9, 8], kind="UINT8")
    save(tmp_path / "a.png", pictures[0])
    extractor = FeatureExtractor(model)
    found = extractor.features([tmp_path / "a.png", *pictures[1:3], str(tmp_path / "a.png")])
    np.testing.assert_allclose(found, 255 * expected_features(pictures[[0, 1, 2, 0]]), rtol=1e-5)
    free = FeatureExtractor(network(tmp_path / "free.onnx", ["N", 3, "H", "W"], kind="UINT8"), size=(4, 3))
    smaller = [np.rint(resized(picture, (4, 3), "pytorch-fid")) for picture in pictures]
    np.testing.assert_allclose(free.features(pictures), 255 * expected_features(smaller), rtol=1e-5)
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    np.testing.assert_array_equal(FeatureExtractor(session).features(pictures[:2])[1], found[1])


def test_images_are_read_alike(tmp_path: Path, pictures: Any) -> None:
    """As Pillow's ``convert("RGB")`` reads them: alpha out, grays and palettes to colours, orientation ignored."""
    pytest.importorskip("cv2")
    image = pytest.importorskip("PIL.Image")
    picture = image.fromarray(pictures[0])
    turned = image.Exif()
    turned[0x0112] = 6
    picture.save(tmp_path / "colours.png")
    picture.save(tmp_path / "turned.png", exif=turned)
    picture.save(tmp_path / "binary.ppm")
    picture.convert("L").save(tmp_path / "gray.png")
    picture.quantize(16).save(tmp_path / "palette.png")
    transparent = picture.copy()
    transparent.putalpha(image.fromarray(pictures[1][..., 0]))
    transparent.save(tmp_path / "alpha.png")
    paths = images_in(tmp_path)
    assert len(paths) == 6
    for path in paths:
        with image.open(path) as opened:
            np.testing.assert_array_equal(read_image(path), np.asarray(opened.convert("RGB")), err_msg=path.name)


def test_clean_fid_resizes_as_pillow(pictures: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    for size in ((5, 4), (9, 4), (20, 31), (3, 17), (1, 1)):
        found = resized(pictures[0], size, "clean-fid")
        for k in range(3):
            channel = image.fromarray(pictures[0][..., k].astype(np.float32))
            expected = np.asarray(channel.resize(size[::-1], image.Resampling.BICUBIC)).clip(0, 255)
            np.testing.assert_allclose(found[..., k], expected, atol=1e-3)
    np.testing.assert_allclose(antialiased_bicubic(1000, 7).sum(axis=1), 1, rtol=1e-6)
    assert np.array_equal(antialiased_bicubic(6, 6), np.eye(6, dtype=np.float32))


def test_pytorch_fid_resizes_without_antialiasing(pictures: Any) -> None:
    """Between the two pixels around each place, however many an image loses; pixels have their corners in common."""
    pytest.importorskip("cv2")
    found = resized(pictures[0], (3, 13), "pytorch-fid")
    for i in range(3):
        for j in range(13):
            y, x = (i + 0.5) * 9 / 3 - 0.5, (j + 0.5) * 8 / 13 - 0.5
            weights = np.clip(1 - np.abs(np.clip(y, 0, 8) - np.arange(9)), 0, None)[:, None] * np.clip(
                1 - np.abs(np.clip(x, 0, 7) - np.arange(8)), 0, None
            )
            expected = np.tensordot(weights, pictures[0].astype(float))
            np.testing.assert_allclose(found[i, j], expected, atol=1e-3)


def test_items_come_in_order() -> None:
    assert [*batches(range(10), lambda i: np.array(i), 4, 3)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_wrong_networks_and_images(tmp_path: Path, pictures: Any) -> None:
    model = network(tmp_path / "model.onnx", ["N", 3, "H", "W"])
    with pytest.raises(
        ValueError, match=r"size: expected one, as images of a batch differ: \[\(3, 8, 9\), \(3, 9, 8\)\]"
    ):
        FeatureExtractor(model).features([pictures[0], pictures[0].transpose(1, 0, 2)])
    assert FeatureExtractor(model, size=(4, 5)).features([pictures[0], pictures[0, :3]]).shape == (2, 6)
    with pytest.raises(ValueError, match=r"images: expected \(H, W, 3\) in uint8, got \(9, 8\) in uint8"):
        FeatureExtractor(model).features(pictures[:1, ..., 0])
    with pytest.raises(ValueError, match="images: expected at least one, got none"):
        FeatureExtractor(model).features([])
    (tmp_path / "none").mkdir()
    with pytest.raises(ValueError, match="none: expected images"):
        FeatureExtractor(model).features(tmp_path / "none")
    for name, content in (("empty.png", b""), ("text.png", b"text")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}: expected an image"):
            FeatureExtractor(model).features([tmp_path / name])
        with pytest.raises(ValueError, match=f"{name}: expected an ONNX model"):
            FeatureExtractor(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        FeatureExtractor(tmp_path / "missing.onnx")
    fixed = network(tmp_path / "fixed.onnx", ["N", 3, 9, 8])
    with pytest.raises(ValueError, match=r"size: expected \(9, 8\), which the network takes, got 9"):
        FeatureExtractor(fixed, size=9)
    with pytest.raises(ValueError, match="resize: expected one of"):
        FeatureExtractor(model, resize="area")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="std: expected numbers other than 0"):
        FeatureExtractor(model, std=0)
    with pytest.raises(ValueError, match="batch_size: expected an int >= 1, got 0"):
        FeatureExtractor(model, batch_size=0)
    with pytest.raises(ValueError, match=r"mean: expected one number or three, got shape \(2,\)"):
        FeatureExtractor(model, mean=[1, 2])
