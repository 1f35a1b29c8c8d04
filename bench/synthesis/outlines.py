"""Polygon outlines for boxes: closed, star-shaped, wavy, with COCO's vertex counts and two decimals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from synthesis.ragged import offsets_of, positions_within

_HARMONICS = np.arange(2, 7, dtype=np.float64)
_TWO_PARTS_SHARE = 0.08
_THREE_PARTS_SHARE = 0.02


@dataclass(frozen=True)
class Outlines:
    """One or more polygons (parts) for each object, flat: objects -> parts -> vertices."""

    part_offsets: NDArray[np.int64]  # (objects + 1,) into the parts
    vertex_offsets: NDArray[np.int64]  # (parts + 1,) into the points
    points: NDArray[np.float64]  # (vertices, 2)

    def boxes(self) -> NDArray[np.float64]:
        """The tight box (x, y, width, height) around each object's points, at two decimals."""
        first_vertices = self.vertex_offsets[self.part_offsets[:-1]]
        low = np.minimum.reduceat(self.points, first_vertices)
        high = np.maximum.reduceat(self.points, first_vertices)
        return np.concatenate([low, np.round(high - low, 2)], axis=1)

    def areas(self) -> NDArray[np.float64]:
        """The shoelace area of each object, its parts added up."""
        following = np.arange(len(self.points)) + 1
        following[self.vertex_offsets[1:] - 1] = self.vertex_offsets[:-1]
        x, y = self.points.T
        cross = x * y[following] - x[following] * y
        part_areas = np.abs(np.add.reduceat(cross, self.vertex_offsets[:-1])) / 2
        return np.add.reduceat(part_areas, self.part_offsets[:-1])

    def polygons(self, index: int) -> list[list[float]]:
        """Object ``index`` as COCO writes it: one flat ``[x0, y0, x1, y1, ..]`` list per part."""
        return [
            self.points[self.vertex_offsets[part] : self.vertex_offsets[part + 1]].ravel().tolist()
            for part in range(int(self.part_offsets[index]), int(self.part_offsets[index + 1]))
        ]


def draw_outlines(boxes: NDArray[np.float64], rng: np.random.Generator) -> Outlines:
    """Draw an outline that fills each box; nine in ten are one polygon, the others are cut in two or three."""
    draw = rng.random(len(boxes))
    num_parts = 1 + (draw < _TWO_PARTS_SHARE + _THREE_PARTS_SHARE) + (draw < _THREE_PARTS_SHARE)
    num_parts = num_parts.astype(np.int64)
    part_boxes = _split_boxes(boxes, num_parts)
    part_areas = part_boxes[:, 2] * part_boxes[:, 3]
    # Annotators click more often around larger things.
    log_count = 2.95 + 0.13 * (np.log(part_areas) - 7.9) + 0.42 * rng.standard_normal(len(part_boxes))
    vertex_counts = np.clip(np.exp(log_count), 4, 220).astype(np.int64)
    points = _fill_boxes(part_boxes, vertex_counts, rng)
    return Outlines(offsets_of(num_parts), offsets_of(vertex_counts), np.round(points, 2))


def _split_boxes(boxes: NDArray[np.float64], num_parts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cut a box along its longer side into ``num_parts`` pieces with gaps, as an occluder does."""
    parts = np.repeat(boxes, num_parts, axis=0)
    place = positions_within(num_parts)
    pieces = np.repeat(num_parts, num_parts)
    axis = (parts[:, 3] > parts[:, 2]).astype(np.int64)
    rows = np.arange(len(parts))
    length = parts[rows, 2 + axis] / pieces
    parts[rows, axis] += place * length
    # The last piece keeps its full length, so that the pieces together still fill the box.
    parts[rows, 2 + axis] = np.where(place + 1 < pieces, 0.8 * length, length)
    return parts


def _fill_boxes(
    boxes: NDArray[np.float64], vertex_counts: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Wavy star-shaped rings, each stretched so that it touches all four sides of its box."""
    owner = np.repeat(np.arange(len(boxes)), vertex_counts)
    steps = positions_within(vertex_counts) + 0.7 * rng.random(len(owner))
    angles = 2 * np.pi * steps / vertex_counts[owner]
    amplitudes = 0.45 * rng.standard_normal((len(boxes), len(_HARMONICS))) / _HARMONICS
    phases = 2 * np.pi * rng.random((len(boxes), len(_HARMONICS)))
    radii = 1.0 + 0.02 * rng.standard_normal(len(owner))
    for column, harmonic in enumerate(_HARMONICS):
        radii += amplitudes[owner, column] * np.cos(harmonic * angles + phases[owner, column])
    radii = np.maximum(radii, 0.15)
    points = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)

    starts = offsets_of(vertex_counts)[:-1]
    low = np.minimum.reduceat(points, starts)
    extent = np.maximum(np.maximum.reduceat(points, starts) - low, 1e-6)
    return boxes[owner, :2] + (points - low[owner]) / extent[owner] * boxes[owner, 2:]
