"""Images from files, resized as others do it, and in batches while the next are read."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Resize = Literal["pytorch-fid", "clean-fid"]

SUFFIXES = frozenset({".bmp", ".jpg", ".jpeg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"})


def images_in(folder: Path) -> list[Path]:
    """Files in it and in folders within, in the order of their paths."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"{folder}: expected images ({', '.join(sorted(SUFFIXES))})")
    return files


def read_image(path: str | os.PathLike[str]) -> Array:
    """(H, W, 3) of red, green and blue in uint8: alpha left out, grays repeated, not turned as a camera was held."""
    cv2 = opencv()
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    picture = cv2.imdecode(np.frombuffer(Path(path).read_bytes() or b"\0", dtype=np.uint8), flags)
    if picture is None:
        raise ValueError(f"{os.fspath(path)}: expected an image")
    return np.ascontiguousarray(picture[:, :, ::-1])


def opencv() -> Any:
    """The module."""
    try:
        import cv2
    except ImportError:
        raise ImportError("reading images needs OpenCV: pip install 'metrix[onnx]'") from None
    return cv2


def resized(picture: Array, size: tuple[int, int] | None, how: Resize) -> npt.NDArray[np.float32]:
    """(height, width, 3) of float32 from 0 to 255."""
    if size is None or picture.shape[:2] == size:
        return picture.astype(np.float32)
    if how == "pytorch-fid":
        cv2 = opencv()
        return np.asarray(cv2.resize(picture.astype(np.float32), size[::-1], interpolation=cv2.INTER_LINEAR))
    rows, columns = (antialiased_bicubic(*sizes) for sizes in zip(picture.shape[:2], size))
    across = np.tensordot(picture.astype(np.float32), columns, axes=(1, 1))  # (H, 3, width)
    values = np.tensordot(rows, across, axes=(1, 0)).transpose(0, 2, 1)
    clipped: npt.NDArray[np.float32] = np.clip(values, 0, 255)
    return clipped


def antialiased_bicubic(length: int, new: int) -> npt.NDArray[np.float32]:
    """(new, length) weights of Pillow's bicubic filter, which widens as an image shrinks."""
    ratio = length / new
    scale = max(ratio, 1.0)
    centres = (np.arange(new) + 0.5) * ratio
    first = np.maximum((centres - 2 * scale + 0.5).astype(int), 0)
    last = np.minimum((centres + 2 * scale + 0.5).astype(int), length)
    places = np.arange(length)
    x = np.abs((places + 0.5 - centres[:, None]) / scale)
    near, far = (1.5 * x - 2.5) * x * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    weights = np.where(x < 1, near, np.where(x < 2, far, 0))
    weights[(places < first[:, None]) | (places >= last[:, None])] = 0
    weights /= weights.sum(axis=1, keepdims=True)
    return np.asarray(weights, dtype=np.float32)


def batches(
    items: Sequence[Any], prepare: Callable[[Any], Array], batch_size: int, workers: int
) -> Iterator[list[Array]]:
    """What becomes of the items, in their order; the next are prepared while a batch is worked on."""
    from concurrent.futures import Future, ThreadPoolExecutor

    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Array]] = deque()
        coming = iter(items)
        batch: list[Array] = []
        for _ in range(len(items)):
            while len(waiting) < batch_size + workers:
                item = next(coming, None)
                if item is None:
                    break
                waiting.append(pool.submit(prepare, item))
            batch.append(waiting.popleft().result())
            if len(batch) == batch_size:
                yield batch
                batch = []
        if batch:
            yield batch
