"""Scores of generated images: FID, KID, precision and recall, density and coverage, CMMD, and Inception Score.

Features and class probabilities come from a network, a row for each image; FID and KID as published take the 2048 ``pool3``
features of one certain Inception network, IS its 1008 or 1000 class probabilities, and neither compares with
numbers of other networks or other ways of resizing. :class:`FeatureExtractor` runs a network that is given as an ONNX file.

No kernel: gathers the families.
"""

from __future__ import annotations

from metrix.generative.discrepancy import KernelInceptionDistance, cmmd, kernel_inception_distance, polynomial_mmd
from metrix.generative.frechet import (
    FeatureStatistics,
    FrechetDistance,
    FrechetStatistics,
    frechet_distance,
    read_statistics,
    write_statistics,
)
from metrix.generative.images import FeatureExtractor
from metrix.generative.inception import InceptionScore, MeanAndStd, inception_score
from metrix.generative.manifolds import PRDC, ManifoldScores, prdc

__all__ = [
    "PRDC",
    "FeatureExtractor",
    "FeatureStatistics",
    "FrechetDistance",
    "FrechetStatistics",
    "InceptionScore",
    "KernelInceptionDistance",
    "ManifoldScores",
    "MeanAndStd",
    "cmmd",
    "frechet_distance",
    "inception_score",
    "kernel_inception_distance",
    "polynomial_mmd",
    "prdc",
    "read_statistics",
    "write_statistics",
]
