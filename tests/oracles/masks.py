"""What metrix.masks computes, slowly and plainly, in whole numbers and pixels.

``Refused`` stands for what pycocotools answers with a crash, memory out of bounds or an endless loop.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

WRAP = 2**32


class Refused(ValueError):
    """The reference has no defined answer."""


def encode(image: np.ndarray) -> list[int]:
    """Run lengths of the bytes of one image, column by column."""
    counts, before = [0], 0
    for byte in image.T.ravel().tolist():
        if byte != before:
            counts.append(0)
            before = byte
        counts[-1] += 1
    return counts


def decode(counts: Sequence[int], height: int, width: int) -> np.ndarray:
    if sum(counts) != height * width:
        raise Refused("runs do not fill the canvas")
    colours = [i % 2 for i in range(len(counts))]
    return np.repeat(np.array(colours, dtype=np.uint8), np.array(counts, dtype=np.int64)).reshape(width, height).T


def area(counts: Sequence[int]) -> int:
    return sum(counts[1::2]) % WRAP


def to_box(counts: Sequence[int], height: int, width: int) -> tuple[int, int, int, int]:
    """x, y, width, height in 32-bit arithmetic; runs need not fit the canvas."""
    if len(counts) < 2:
        return 0, 0, 0, 0
    left, right, top, bottom = [width], [0], [height], [0]
    position = 0
    for i, count in enumerate(counts[: len(counts) // 2 * 2]):
        start, position = position, (position + count) % WRAP
        if i % 2 == 0 or count == 0:
            continue
        if height == 0:
            raise Refused("division by no rows")
        last = (position - 1) % WRAP
        left.append(start // height)
        right.append(last // height)
        if start // height < last // height:
            top.append(0)
            bottom.append(height - 1)
        else:
            top.append(start % height)
            bottom.append(last % height)
    return min(left), min(top), (max(right) - min(left) + 1) % WRAP, (max(bottom) - min(top) + 1) % WRAP


def side_by_side(
    a: Sequence[int], b: Sequence[int]
) -> Iterator[tuple[int, tuple[bool, bool], tuple[bool, bool], bool]]:
    """Steps along two masks at once: length, pixels along the step, pixels after it, whether it is the last step.

    A mask whose run is used up takes its next run, one per step. The walk is over when what is left of the two current
    runs sums to 0, in 32 bits. It never is if one mask is used up before the other.
    """
    if not a or not b:
        raise Refused("no first run")
    runs, left, taken, pixels = (a, b), [a[0], b[0]], [1, 1], [False, False]
    while True:
        length, along = min(left), (pixels[0], pixels[1])
        progress = length > 0
        for side in (0, 1):
            left[side] -= length
            if left[side] == 0 and taken[side] < len(runs[side]):
                left[side] = runs[side][taken[side]]
                taken[side] += 1
                pixels[side] = not pixels[side]
                progress = True
        last = sum(left) % WRAP == 0
        yield length, along, (pixels[0], pixels[1]), last
        if last:
            return
        if not progress:
            raise Refused("the shorter mask is used up")


def merge(masks: Sequence[tuple[Sequence[int], int, int]], intersect: bool) -> tuple[list[int], int, int]:
    """Masks as (counts, height, width)."""
    if not masks:
        return [], 0, 0
    (first, height, width), room = masks[0], masks[0][1] * masks[0][2] + 1
    if len(masks) == 1:
        return list(first), height, width
    merged = list(first)
    if len(merged) > room:
        raise Refused("out of bounds")
    for counts, other_height, other_width in masks[1:]:
        if (other_height, other_width) != (height, width):
            return [], 0, 0
        united, run, before = [], 0, False
        for length, _, after, last in side_by_side(merged, counts):
            run = (run + length) % WRAP
            now = all(after) if intersect else any(after)
            if now != before or last:
                united.append(run)
                run = 0
            before = now
        if len(united) > room:
            raise Refused("out of bounds")
        merged = united
    return merged, height, width


def box_iou(a: Sequence[int], b: Sequence[int], crowd: bool) -> float:
    width = min(float(a[0]) + a[2], float(b[0]) + b[2]) - max(a[0], b[0])
    height = min(float(a[1]) + a[3], float(b[1]) + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    whole = float(a[2]) * a[3] if crowd else float(a[2]) * a[3] + float(b[2]) * b[3] - shared
    return shared / whole


def iou(detection: tuple[Sequence[int], int, int], truth: tuple[Sequence[int], int, int], crowd: bool) -> float:
    """One pair of masks as (counts, height, width)."""
    if box_iou(to_box(*detection), to_box(*truth), crowd) <= 0:
        return 0.0
    if detection[1:] != truth[1:]:
        return -1.0
    both = either = 0
    for length, along, _, _ in side_by_side(detection[0], truth[0]):
        either += length if any(along) else 0
        both += length if all(along) else 0
    both %= WRAP
    if both == 0:
        return 0.0
    either = area(detection[0]) if crowd else either % WRAP
    return both / either if either > 0 else math.inf


def from_polygon(coordinates: Sequence[float], height: int, width: int) -> list[int]:
    """Runs inside an outline: every grid point of every edge is visited."""
    points = [(int(5.0 * x + 0.5), int(5.0 * y + 0.5)) for x, y in zip(coordinates[0::2], coordinates[1::2])]
    walked: list[tuple[int, int]] = []
    for (ax, ay), (bx, by) in zip(points, points[1:] + points[:1]):
        if (ax, ay) == (bx, by):
            continue
        flat = abs(bx - ax) >= abs(by - ay)
        backwards = ax > bx if flat else ay > by
        (sx, sy), (ex, ey) = ((bx, by), (ax, ay)) if backwards else ((ax, ay), (bx, by))
        edge = []
        if flat:
            slope = float(ey - sy) / (ex - sx)
            edge = [(sx + t, int(sy + slope * t + 0.5)) for t in range(ex - sx + 1)]
        else:
            slope = float(ex - sx) / (ey - sy)
            edge = [(int(sx + slope * t + 0.5), sy + t) for t in range(ey - sy + 1)]
        walked += edge[::-1] if backwards else edge
    last_column = width - 1 if width > 0 else math.inf
    borders = [height * width]
    for (u, v), (next_u, next_v) in itertools.pairwise(walked):
        if u == next_u:
            continue
        column, remainder = divmod((next_u if next_u < u else next_u - 1) - 2, 5)
        if remainder == 0 and 0 <= column <= last_column:
            row = min(max(0, -((2 - min(v, next_v)) // 5)), height)
            borders.append(column * height + row)
    end = max(borders)
    flips = sorted(border for border, times in Counter(borders).items() if times % 2 == 1 and border < end)
    return [after - before for before, after in zip([0, *flips], [*flips, end])]


def to_string(counts: Sequence[int]) -> bytes:
    text = bytearray()
    for i, count in enumerate(counts):
        number = count - counts[i - 2] if i > 2 else count
        while not -16 <= number < 16:
            text.append(48 + 32 + number % 32)
            number //= 32
        text.append(48 + number % 32)
    return bytes(text)


def from_string(text: bytes) -> list[int]:
    counts: list[int] = []
    number = length = 0
    for character in text.split(b"\0")[0]:
        bits = (character - 48) % 64
        number += bits % 32 << 5 * length
        length += 1
        if bits >= 32:
            continue
        if length > 7:
            raise Refused("a shift beyond the width")
        if bits >= 16:
            number -= 1 << 5 * length
        counts.append((number + (counts[-2] if len(counts) > 2 else 0)) % WRAP)
        number = length = 0
    if length > 0:
        raise Refused("cut off")
    return counts
