"""Sizes of surface elements between pixels or voxels, by what lies around a corner.

A code has a bit for each element around, the first one in memory the highest. The surface is that of marching cubes, through
the middles of edges: each group of the smaller of the two parts that hangs together by edges has a surface of its own. That
of four elements in a winding line is not flat, and its triangles are those that deepmind's surface-distance has.
"""

from __future__ import annotations

import itertools
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Corner = tuple[int, ...]


@lru_cache(maxsize=16)
def surfel_sizes(spacing: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """Length (2-D) or area (3-D) by code; 0 where all elements are of one kind."""
    axes = len(spacing)
    corners = list(itertools.product((0, 1), repeat=axes))
    sizes = np.zeros(1 << len(corners))
    for code in range(len(sizes)):
        inside = [corner for i, corner in enumerate(corners) if code >> (len(corners) - 1 - i) & 1]
        outside = [corner for corner in corners if corner not in inside]
        part = inside if len(inside) <= len(outside) else outside
        normals = [normal for group in _groups(part) for normal in (_triangles if axes == 3 else _lines)(group)]
        sizes[code] = sum(_size(normal, spacing) for normal in normals)
    sizes.flags.writeable = False
    return sizes


def _size(normal: tuple[int, ...], spacing: tuple[float, ...]) -> float:
    """Of a piece of surface, given its normal in eighths (3-D) or halves (2-D) of the size of an element's side."""
    whole = float(np.prod(spacing))
    unit = 8 if len(normal) == 3 else 2
    return float(np.sqrt(sum((n / unit * whole / side) ** 2 for n, side in zip(normal, spacing))))


def _axis(first: Corner, second: Corner) -> int | None:
    """The axis of the edge between two corners."""
    different = [axis for axis, (a, b) in enumerate(zip(first, second)) if a != b]
    return different[0] if len(different) == 1 else None


def _groups(part: list[Corner]) -> list[list[Corner]]:
    groups: list[list[Corner]] = []
    for corner in part:
        touched = [group for group in groups if any(_axis(corner, other) is not None for other in group)]
        groups = [group for group in groups if group not in touched] + [[corner, *itertools.chain(*touched)]]
    return groups


def _lines(group: list[Corner]) -> list[tuple[int, ...]]:
    if len(group) == 1:
        return [(1, 1)]
    return [(0, 2) if _axis(*group) == 0 else (2, 0)]


def _triangles(group: list[Corner]) -> list[tuple[int, ...]]:
    def around(zeros: set[int], value: int) -> tuple[int, ...]:
        return tuple(0 if axis in zeros else value for axis in range(3))

    if len(group) == 1:
        return [(1, 1, 1)]
    edges = [(pair, axis) for pair in itertools.combinations(group, 2) if (axis := _axis(*pair)) is not None]
    along = {axis for _, axis in edges}
    if len(group) == 2:
        return [around(along, 2)] * 2
    if len(group) == 3:
        return [(1, 1, 1), (2, 2, 2), around(along, 4)]
    if len(edges) == 4:  # a face
        return [around(along, 4)] * 2
    degrees = {corner: sum(corner in pair for pair, _ in edges) for corner in group}
    if max(degrees.values()) == 3:  # a corner and all its neighbours
        return [(1, 1, 1), (2, 2, 2)] * 2
    middle = next(axis for pair, axis in edges if all(degrees[corner] == 2 for corner in pair))
    return [(1, 1, 1), (3, 3, 3), *(around({axis}, 2) for axis in range(3) if axis != middle)]
