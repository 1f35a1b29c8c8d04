"""Images and the boxes of the objects in them, drawn so that the counts look like COCO's or Objects365's.

What evaluation speed depends on is the shape of the (image, category) cells: most hold one object, a few hold
dozens, person dominates. So an image first gets a few *groups* of one category each, and a group then gets its
objects, scattered around a common centre and of similar size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthesis.ragged import offsets_of


@dataclass(frozen=True)
class SceneStyle:
    """The few numbers that tell one data set's scenes from another's."""

    num_images: int
    num_empty_images: int
    largest_image_id: int
    sizes: tuple[tuple[int, int], ...]  # (width, height)
    size_weights: tuple[float, ...]
    first_category_share: float  # of the images that hold the commonest category
    mean_other_groups: float
    first_group_log_mean: float
    other_group_log_mean: float
    group_log_spread: float
    log_area_mean: float
    tail_exponent: float


VAL2017 = SceneStyle(
    num_images=5000,
    num_empty_images=48,
    largest_image_id=581_929,
    sizes=((640, 480), (640, 427), (480, 640), (427, 640), (640, 426), (500, 375), (640, 360), (612, 612)),
    size_weights=(0.38, 0.24, 0.14, 0.08, 0.07, 0.04, 0.03, 0.02),
    first_category_share=0.54,
    mean_other_groups=2.35,
    first_group_log_mean=1.13,
    other_group_log_mean=0.42,
    group_log_spread=0.95,
    log_area_mean=7.96,
    tail_exponent=1.25,
)

OBJECTS365 = SceneStyle(
    num_images=80_000,
    num_empty_images=0,
    largest_image_id=1_908_000,
    sizes=((1024, 682), (1024, 768), (682, 1024), (512, 768), (1280, 853), (800, 600)),
    size_weights=(0.32, 0.22, 0.14, 0.12, 0.12, 0.08),
    first_category_share=0.72,
    mean_other_groups=6.0,
    first_group_log_mean=0.95,
    other_group_log_mean=0.40,
    group_log_spread=0.95,
    log_area_mean=8.6,
    tail_exponent=1.0,
)

_LARGEST_GROUP = 22


@dataclass(frozen=True)
class Scenes:
    """Images in ascending id order, and their objects sorted by image."""

    image_ids: NDArray[np.int64]
    widths: NDArray[np.int64]
    heights: NDArray[np.int64]
    category_weights: NDArray[np.float64]  # by category index: the chance that a group is of it
    object_image: NDArray[np.int64]  # index into image_ids
    object_category: NDArray[np.int64]  # index into the category table
    object_group: NDArray[np.int64]  # objects of one (image, category) share it
    boxes: NDArray[np.float64]  # (N, 4) x, y, width, height

    def object_offsets(self) -> NDArray[np.int64]:
        """Where each image's objects start in the object columns."""
        return offsets_of(np.bincount(self.object_image, minlength=len(self.image_ids)).astype(np.int64))


def draw_scenes(style: SceneStyle, num_categories: int, rng: np.random.Generator) -> Scenes:
    """Draw all images and objects; category index 0 is the dominating one, the others follow a power law."""
    image_ids = np.sort(rng.choice(style.largest_image_id, style.num_images, replace=False) + 1).astype(np.int64)
    size_index = rng.choice(len(style.sizes), style.num_images, p=style.size_weights)
    widths, heights = np.array(style.sizes, dtype=np.int64)[size_index].T

    ranks = np.arange(1, num_categories, dtype=np.float64)
    tail = rng.permutation((ranks + 2.2) ** -style.tail_exponent)
    tail /= tail.sum()

    occupied = np.ones(style.num_images, dtype=bool)
    occupied[rng.choice(style.num_images, style.num_empty_images, replace=False)] = False
    has_first = (rng.random(style.num_images) < style.first_category_share) & occupied
    num_others = rng.poisson(style.mean_other_groups, style.num_images)
    num_others = np.where(has_first, num_others, np.maximum(num_others, 1)) * occupied

    first_images = np.flatnonzero(has_first)
    other_images = np.repeat(np.arange(style.num_images), num_others)
    other_categories = rng.choice(num_categories - 1, len(other_images), p=tail) + 1
    keys = np.unique(np.concatenate([first_images * num_categories, other_images * num_categories + other_categories]))
    group_image, group_category = np.divmod(keys, num_categories)

    log_mean = np.where(group_category == 0, style.first_group_log_mean, style.other_group_log_mean)
    drawn = np.exp(log_mean + style.group_log_spread * rng.standard_normal(len(keys)))
    group_sizes = np.clip(drawn, 1, _LARGEST_GROUP).astype(np.int64)

    object_group = np.repeat(np.arange(len(keys)), group_sizes)
    object_image = group_image[object_group]
    boxes = _draw_boxes(
        style,
        object_group,
        group_category[object_group] == 0,
        widths[object_image],
        heights[object_image],
        rng,
    )
    weights = np.concatenate([[style.first_category_share], tail * style.mean_other_groups])
    return Scenes(
        image_ids=image_ids,
        widths=widths,
        heights=heights,
        category_weights=weights / weights.sum(),
        object_image=object_image,
        object_category=group_category[object_group],
        object_group=object_group,
        boxes=boxes,
    )


def _draw_boxes(
    style: SceneStyle,
    object_group: NDArray[np.int64],
    is_first_category: NDArray[np.bool_],
    widths: NDArray[np.int64],
    heights: NDArray[np.int64],
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Log-normal areas (two fifths small, a quarter large at COCO's limits), scattered around the group's centre."""
    num_groups = int(object_group[-1]) + 1
    count = len(object_group)
    log_area = (
        style.log_area_mean + 1.75 * rng.standard_normal(num_groups)[object_group] + 1.45 * rng.standard_normal(count)
    )
    # People stand: the commonest category is taller than wide.
    log_aspect = np.where(is_first_category, 0.55, -0.1) + 0.42 * rng.standard_normal(count)
    box_heights = np.clip(np.exp((log_area + log_aspect) / 2), 4.0, 0.98 * heights)
    box_widths = np.clip(np.exp((log_area - log_aspect) / 2), 4.0, 0.98 * widths)
    centres = rng.random((num_groups, 2))[object_group] + 0.17 * rng.standard_normal((count, 2))
    left = np.clip(centres[:, 0] * widths - box_widths / 2, 0.0, widths - box_widths)
    top = np.clip(centres[:, 1] * heights - box_heights / 2, 0.0, heights - box_heights)
    return np.stack([left, top, box_widths, box_heights], axis=1)
