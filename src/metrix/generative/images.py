"""Features of images by a network in an ONNX file (``pip install 'metrix[onnx]'``).

No kernel: ONNX Runtime runs the network, OpenCV reads the images.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from metrix._image_batches import Resize, batches, images_in, read_image, resized
from metrix._statistics import FrechetStatistics
from metrix._threads import resolve_num_threads
from metrix.generative.frechet import FeatureStatistics

__all__ = ["FeatureExtractor"]

Array = npt.NDArray[Any]
Progress = Callable[[int, int], None]


class FeatureExtractor:
    """Features of images by a network that is given as an ONNX file, for FID, KID and the others.

    FID as published is that of one network with one way of resizing: numbers of other networks, and of other ways, do not
    compare. pytorch-fid resizes bilinearly without antialiasing, so that shrunk images alias; clean-fid takes Pillow's
    bicubic filter, by which they do not; the first code left it to TensorFlow, which put pixels elsewhere.

    Args:
        model: path of an ONNX file, or an ``onnxruntime.InferenceSession``, which may run elsewhere than on the CPU. The
            network has one input, (N, 3, H, W) or (N, H, W, 3) in float32, float16 or uint8, and its first output is
            (N, D), or (N, D, h, w), of which the mean over h and w is taken as pytorch-fid does.
        size: height and width, or one number for both, to which images are resized; None for those of the network, or, where
            these are free, for images as they are, alike in each batch.
        resize: ``"pytorch-fid"``, bilinear without antialiasing, or ``"clean-fid"``, bicubic with it. Images of the right
            size stay as they are.
        mean: what is subtracted from pixels that go from 0 to 1, one number or one for red, green and blue.
        std: by what they are divided then: ``1 / 255`` for a network that takes 0 to 255. A network of uint8 takes
            rounded pixels from 0 to 255 and neither of both.
        batch_size: images at a time; a network of fixed batches has its own.
        num_threads: for reading and for the network.

    Conventions:
        Images are read by OpenCV as 8 bits of red, green and blue: alpha is left out, grays are repeated, and orientation
        in EXIF is ignored, as Pillow and so pytorch-fid and clean-fid do. JPEG decoders may differ by one in a pixel.

    Example:
        >>> extractor = FeatureExtractor("inception.onnx", resize="clean-fid")  # doctest: +SKIP
        >>> frechet_distance(extractor.statistics("real/"), extractor.statistics("made/"))  # doctest: +SKIP

    Source:
        G. Parmar, R. Zhang, J.-Y. Zhu, On aliased resizing and surprising subtleties in GAN evaluation, 2022; clean-fid
        0.1.35; pytorch-fid 0.3.0.
    """

    def __init__(
        self,
        model: Any,
        *,
        size: int | tuple[int, int] | None = None,
        resize: Resize = "pytorch-fid",
        mean: float | Sequence[float] = 0.0,
        std: float | Sequence[float] = 1.0,
        batch_size: int = 32,
        num_threads: int | None = None,
    ) -> None:
        """Open the network."""
        if resize not in get_args(Resize):
            raise ValueError(f"resize: expected one of {get_args(Resize)}, got {resize!r}")
        if isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1:
            raise ValueError(f"batch_size: expected an int >= 1, got {batch_size!r}")
        self._threads = resolve_num_threads(num_threads)
        self._session = model if hasattr(model, "run") else _session(model, self._threads)
        self._resize: Resize = resize
        self._shift, self._scale = (_of_colours(values, name) for values, name in ((mean, "mean"), (std, "std")))
        if not self._scale.all():
            raise ValueError(f"std: expected numbers other than 0, got {std!r}")
        takes = self._session.get_inputs()[0]
        self._input = takes.name
        self._dtype: Any = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}.get(
            takes.type
        )
        shape = list(takes.shape)
        if self._dtype is None or len(shape) != 4 or 3 not in (shape[1], shape[3]):
            raise ValueError(
                "model: expected one input of shape (N, 3, H, W) or (N, H, W, 3) in float32, float16 or uint8, got "
                f"{shape} in {takes.type}"
            )
        self._channels_first = shape[1] == 3
        own = shape[2:] if self._channels_first else shape[1:3]
        self._size = _size_of(size, own)
        self._fixed_batch = isinstance(shape[0], int)
        self._batch_size = shape[0] if self._fixed_batch else int(batch_size)

    def features(self, images: Any, *, progress: Progress | None = None) -> Array:
        """Features of all images.

        Args:
            images: a folder, in and below which all image files are taken in the order of their paths; or a sequence of
                paths or of (H, W, 3) arrays in uint8.
            progress: called with how many images are done, and how many there are.

        Returns:
            (N, D) features as the network gives them.
        """
        return np.concatenate([*self._batches(images, progress)])

    def statistics(self, images: Any, *, progress: Progress | None = None) -> FrechetStatistics:
        """Mean and covariance of the features of all images, without keeping the features.

        Args:
            images, progress: as for :meth:`features`.
        """
        statistics = FeatureStatistics()
        for features in self._batches(images, progress):
            statistics.update(features)
        return statistics.compute()

    def _batches(self, images: Any, progress: Progress | None) -> Iterator[Array]:
        items = images_in(Path(images)) if isinstance(images, (str, os.PathLike)) else images
        if len(items) == 0:
            raise ValueError("images: expected at least one, got none")
        done = 0
        for batch in batches(list(items), self._prepared, self._batch_size, self._threads):
            yield self._features_of(batch)
            done += len(batch)
            if progress is not None:
                progress(done, len(items))

    def _prepared(self, item: Any) -> Array:
        picture = read_image(item) if isinstance(item, (str, os.PathLike)) else np.asarray(item)
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
            raise ValueError(f"images: expected (H, W, 3) in uint8, got {picture.shape} in {picture.dtype}")
        pixels = resized(picture, self._size, self._resize)
        taken = np.rint(pixels) if self._dtype == np.uint8 else (pixels / 255 - self._shift) / self._scale
        values: Array = taken.astype(self._dtype)
        return values.transpose(2, 0, 1) if self._channels_first else values

    def _features_of(self, batch: list[Array]) -> Array:
        shapes = {picture.shape for picture in batch}
        if len(shapes) > 1:
            raise ValueError(f"size: expected one, as images of a batch differ: {sorted(shapes)}")
        # A network of fixed batches has its last one filled up.
        filled = batch + [batch[-1]] * (self._batch_size - len(batch) if self._fixed_batch else 0)
        result: Array = np.asarray(self._session.run(None, {self._input: np.stack(filled)})[0])[: len(batch)]
        if result.ndim == 4:
            result = result.mean(axis=(2, 3))
        if result.ndim != 2 or len(result) != len(batch):
            raise ValueError(f"model: expected a first output of shape (N, D) or (N, D, h, w), got {result.shape}")
        return result


def _session(model: Any, num_threads: int) -> Any:
    try:
        import onnxruntime
    except ImportError:
        raise ImportError("running a network needs ONNX Runtime: pip install 'metrix[onnx]'") from None
    path = os.fspath(model)
    if not os.path.isfile(path):
        raise FileNotFoundError(2, "no such file", path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    try:
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # of many classes of its own, which need not be known here
        raise ValueError(f"{path}: expected an ONNX model ({error})") from error


def _of_colours(values: Any, name: str) -> npt.NDArray[np.float32]:
    array = np.asarray(values, dtype=np.float32)
    if array.shape not in ((), (3,)):
        raise ValueError(f"{name}: expected one number or three, got shape {array.shape}")
    return array


def _size_of(size: Any, own: list[Any]) -> tuple[int, int] | None:
    """Height and width; ``own`` are those of the network, where they are numbers."""
    fixed = (own[0], own[1]) if all(isinstance(length, int) for length in own) else None
    if size is None:
        return fixed
    height, width = size if isinstance(size, (tuple, list)) else (size, size)
    if min(height, width) < 1:
        raise ValueError(f"size: expected lengths >= 1, got {size!r}")
    if fixed not in (None, (height, width)):
        raise ValueError(f"size: expected {fixed}, which the network takes, got {size!r}")
    return int(height), int(width)
