"""Label maps from image files, through OpenCV or Pillow, whichever there is."""

from __future__ import annotations

import os
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
