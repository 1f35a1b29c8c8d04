"""Label maps and pictures from image files, through OpenCV or Pillow, whichever there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def read_label_map(path: str | os.PathLike[str]) -> Array:
    """(H, W) or (H, W, 3) as stored, colours as red, green, blue; indices of a palette stay indices."""
    try:
        from PIL import Image
    except ImportError:
        return _read_with_opencv(path)
    with Image.open(path) as picture:
        if picture.mode == "1":
            picture = picture.convert("L")
        if picture.mode == "RGBA":
            picture = picture.convert("RGB")
        return np.asarray(picture)


def _read_with_opencv(path: str | os.PathLike[str]) -> Array:
    try:
        import cv2
    except ImportError:
        raise ImportError("reading images needs Pillow or OpenCV: pip install 'metrix[images]'") from None
    data = Path(path).read_bytes()
    # OpenCV would make colours of a palette: its kind of image stands at byte 25 of a PNG.
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[25:26] == b"\x03":
        raise ImportError(f"{os.fspath(path)}: images with a palette need Pillow: pip install pillow")
    picture = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError(f"{os.fspath(path)}: expected an image")
    return picture if picture.ndim == 2 else np.ascontiguousarray(picture[:, :, 2::-1])


def read_picture(path: str | os.PathLike[str]) -> Array:
    """(H, W) or (H, W, 3) of red, green, blue; uint8, uint16 or what floats there are; palettes as their colours."""
    try:
        import cv2
    except ImportError:
        return _read_picture_with_pillow(path)
    picture = cv2.imdecode(np.fromfile(path, dtype=np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise ValueError(f"{os.fspath(path)}: expected an image")
    if picture.ndim == 2 or picture.shape[2] < 3:
        return picture if picture.ndim == 2 else np.ascontiguousarray(picture[:, :, 0])
    return np.ascontiguousarray(picture[:, :, 2::-1])


def _read_picture_with_pillow(path: str | os.PathLike[str]) -> Array:
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise ImportError("reading images needs OpenCV or Pillow: pip install opencv-python-headless") from None
    with open(path, "rb") as file:
        head = file.read(26)
    # Pillow would leave half of the bits of colours out: depth and kind stand at bytes 24 and 25 of a PNG.
    if head[:8] == b"\x89PNG\r\n\x1a\n" and head[24:25] == b"\x10" and head[25] & 2:
        raise ImportError(f"{os.fspath(path)}: colours of 16 bits need OpenCV: pip install opencv-python-headless")
    try:
        with Image.open(path) as picture:
            grays = ("1", "L", "LA", "La")
            if picture.mode in grays:
                picture = picture.convert("L")
            elif not picture.mode.startswith(("I", "F")):
                picture = picture.convert("RGB")
            return np.asarray(picture)
    except UnidentifiedImageError:
        raise ValueError(f"{os.fspath(path)}: expected an image") from None


def pictures_in(folder: Path, suffixes: Set[str]) -> dict[Path, Path]:
    """Files in it and in folders within, by their path in it without the ending, in order."""
    files: dict[Path, Path] = {}
    for path in sorted(folder.rglob("*")):
        key = path.relative_to(folder).with_suffix("")
        if path.suffix.lower() not in suffixes:
            continue
        if key in files:
            raise ValueError(f"{path}: expected one image of this name, got {files[key].name} as well")
        files[key] = path
    return files


def read_pairs(
    paths: Sequence[tuple[Path, Path]], workers: int, read_one: Callable[[Path], Array] = read_label_map
) -> Iterator[tuple[Array, Array]]:
    """Pictures of both paths, in their order; some are read while earlier ones are worked on."""
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor

    def read(pair: tuple[Path, Path]) -> tuple[Array, Array]:
        return read_one(pair[0]), read_one(pair[1])

    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[tuple[Array, Array]]] = deque()
        for pair in paths:
            waiting.append(pool.submit(read, pair))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
