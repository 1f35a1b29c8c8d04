"""``lvis.colormap``: a colour for each object of an image.

No kernel: a few colours. They are others than those of the reference.

Source: lvis 0.5.3, ``colormap.py``.
"""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
import numpy.typing as npt

#: Hues this far apart never come near each other again.
_GOLDEN_RATIO = (5**0.5 - 1) / 2


def colormap(rgb: Any = False) -> npt.NDArray[np.float32]:
    """(79, 3) colours of 0 to 255; blue first, unless ``rgb``."""
    colours = [colorsys.hsv_to_rgb(place * _GOLDEN_RATIO % 1, 0.9 - 0.3 * (place % 3) / 2, 0.9) for place in range(79)]
    table = np.array(colours, dtype=np.float32) * 255
    return table if rgb else table[:, ::-1]
