"""
Kernels of metrix; use the documented functions of the package instead.
"""

from __future__ import annotations
import typing
from . import detection
from . import losses
from . import batches
from . import boxes
from . import classification
from . import curves
from . import depth
from . import distances
from . import flow
from . import image_quality
from . import keypoints
from . import masks
from . import matching
from . import panoptic
from . import perceptual
from . import records
from . import regression
from . import verification

__all__: list[str] = [
    "batches",
    "boxes",
    "build_info",
    "classification",
    "curves",
    "depth",
    "detection",
    "distances",
    "flow",
    "image_quality",
    "in_forked_child",
    "keypoints",
    "losses",
    "masks",
    "matching",
    "panoptic",
    "perceptual",
    "records",
    "regression",
    "verification",
    "version",
]

def build_info() -> dict[str, typing.Any]: ...
def in_forked_child() -> bool: ...

version: str
