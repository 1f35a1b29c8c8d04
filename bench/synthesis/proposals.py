"""What a detector says about the scenes: boxes, categories and scores, right and wrong.

Every object has a latent quality. Good objects are found, with a tight box and a high score; the others loosely, with a
low score, or not at all. Each image is then filled up to its number of detections with duplicates of true objects,
right boxes under a wrong category, and boxes on the background, all with mostly low scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthesis.ragged import positions_within
from synthesis.scenes import Scenes


@dataclass(frozen=True)
class DetectorStyle:
    """How many detections an image gets, and how good the detector is."""

    most_per_image: int
    mean_extra: float | None = None  # Poisson mean of wrong detections on top of the found objects
    median_per_image: float | None = None  # or: a log-normal number of detections in all, found objects included
    found_above_quality: float = 0.33


@dataclass(frozen=True)
class Proposals:
    """N detections in file order: image by image in a shuffled image order, best score first within an image."""

    image: NDArray[np.int64]  # index into Scenes.image_ids
    category: NDArray[np.int64]  # index into the category table
    boxes: NDArray[np.float32]  # (N, 4)
    scores: NDArray[np.float32]  # (N,)
    shape_of: NDArray[np.int64]  # the object whose outline or pose the detection borrows


def draw_proposals(scenes: Scenes, style: DetectorStyle, rng: np.random.Generator) -> Proposals:
    """Draw all detections of a data set."""
    found, found_boxes, found_scores = _find_objects(scenes, style, rng)
    found_image = scenes.object_image[found]
    num_found = np.bincount(found_image, minlength=len(scenes.image_ids)).astype(np.int64)
    num_extra = _extra_counts(num_found, style, rng)
    extra_image = np.repeat(np.arange(len(scenes.image_ids)), num_extra)
    extra_category, extra_boxes, extra_scores, extra_shape = _draw_extras(scenes, extra_image, rng)

    image = np.concatenate([found_image, extra_image])
    category = np.concatenate([scenes.object_category[found], extra_category])
    boxes = _inside_images(scenes, image, np.concatenate([found_boxes, extra_boxes]))
    # Models compute in single precision; the file then spells those values as Python spells doubles.
    scores = np.concatenate([found_scores, extra_scores]).astype(np.float32)
    image_rank = rng.permutation(len(scenes.image_ids))
    order = np.lexsort((-scores, image_rank[image]))
    rank_within_image = positions_within(_run_lengths(image[order]))
    order = order[rank_within_image < style.most_per_image]
    return Proposals(
        image=image[order],
        category=category[order],
        boxes=boxes[order].astype(np.float32),
        scores=scores[order],
        shape_of=np.concatenate([found, extra_shape])[order],
    )


def _find_objects(
    scenes: Scenes, style: DetectorStyle, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The objects that the detector finds, with its boxes and scores; small objects are harder."""
    count = len(scenes.boxes)
    log_area = np.log(scenes.boxes[:, 2] * scenes.boxes[:, 3])
    quality = _sigmoid(0.05 + 0.42 * (log_area - 8.0) + 1.1 * rng.standard_normal(count))
    found = np.flatnonzero(quality > style.found_above_quality)
    boxes = _jitter(scenes.boxes[found], 0.02 + 0.26 * (1 - quality[found]) ** 1.2, rng)
    scores = _sigmoid(4.5 * (quality[found] - 0.55) + 0.9 * rng.standard_normal(len(found)))
    return found, boxes, scores


def _extra_counts(num_found: NDArray[np.int64], style: DetectorStyle, rng: np.random.Generator) -> NDArray[np.int64]:
    if style.median_per_image is None:
        extra = rng.poisson(style.mean_extra or 0.0, len(num_found))
    else:
        wanted = np.exp(np.log(style.median_per_image) + 0.45 * rng.standard_normal(len(num_found)))
        extra = np.maximum(wanted.astype(np.int64) - num_found, 0)
    return np.minimum(extra, np.maximum(style.most_per_image - num_found, 0))


def _draw_extras(
    scenes: Scenes, image: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Wrong detections: duplicates (45 %), wrong categories (20 %) and background (35 %; all where nothing is)."""
    count = len(image)
    offsets = scenes.object_offsets()
    num_objects = np.diff(offsets)[image]
    kind = np.where(num_objects > 0, rng.choice(3, count, p=(0.45, 0.20, 0.35)), 2)
    nearby = offsets[image] + (rng.random(count) * num_objects).astype(np.int64)
    elsewhere = rng.integers(0, len(scenes.boxes), count)
    shape_of = np.where(kind == 2, elsewhere, np.minimum(nearby, len(scenes.boxes) - 1))

    looseness = np.choose(kind, [rng.uniform(0.03, 0.30, count), rng.uniform(0.02, 0.12, count), 0.3])
    boxes = _jitter(scenes.boxes[shape_of], looseness, rng)
    sizes = np.stack([scenes.widths[image], scenes.heights[image]], axis=1).astype(np.float64)
    anywhere = rng.random((count, 2)) * np.maximum(sizes - boxes[:, 2:], 1.0)
    boxes[:, :2] = np.where(kind[:, None] == 2, anywhere, boxes[:, :2])

    any_category = rng.choice(len(scenes.category_weights), count, p=scenes.category_weights)
    near_category = scenes.object_category[np.minimum(nearby, len(scenes.boxes) - 1)]
    # Half of the background has a category of its image: context misleads detectors.
    from_context = (kind == 0) | ((kind == 2) & (num_objects > 0) & (rng.random(count) < 0.5))
    category = np.where(from_context, near_category, any_category)
    scores = np.choose(kind, [rng.beta(0.7, 4.0, count), rng.beta(0.8, 4.0, count), rng.beta(0.5, 5.0, count)])
    return category, boxes, np.maximum(scores, 1e-3), shape_of


def _jitter(
    boxes: NDArray[np.float64], looseness: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Move and stretch boxes by about ``looseness`` of their size."""
    size = boxes[:, 2:] * np.exp(looseness[:, None] * rng.standard_normal((len(boxes), 2)))
    centre = boxes[:, :2] + boxes[:, 2:] / 2
    centre = centre + 0.6 * looseness[:, None] * boxes[:, 2:] * rng.standard_normal((len(boxes), 2))
    return np.concatenate([centre - size / 2, size], axis=1)


def _inside_images(scenes: Scenes, image: NDArray[np.int64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clip boxes to their images, as detectors do, and keep them at least a pixel in size."""
    limits = np.stack([scenes.widths[image], scenes.heights[image]], axis=1).astype(np.float64)
    low = np.clip(boxes[:, :2], 0.0, limits - 1.0)
    high = np.clip(boxes[:, :2] + boxes[:, 2:], low + 1.0, limits)
    return np.concatenate([low, high - low], axis=1)


def _run_lengths(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lengths of the runs of equal neighbours."""
    edges = np.flatnonzero(np.diff(values)) + 1
    return np.diff(np.concatenate([[0], edges, [len(values)]])).astype(np.int64)


def _sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1.0 / (1.0 + np.exp(-values))
