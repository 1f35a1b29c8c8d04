"""Annotations on the current axes of matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np

#: How the reference shows crowds.
_CROWD_COLOUR = np.array([2.0, 166.0, 101.0]) / 255


def draw_annotations(coco: Any, anns: Any, draw_bbox: bool) -> None:
    """Polygons and boxes as patches, run lengths as translucent images, poses as lines and dots; a colour each."""
    import matplotlib.pyplot as plt
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Polygon

    axes = plt.gca()
    axes.set_autoscale_on(False)
    patches: list[Any] = []
    colours: list[Any] = []
    for ann in anns:
        colour = (np.random.random(3) * 0.6 + 0.4).tolist()  # noqa: NPY002  (seeded by the caller, as the reference is)
        outlines: list[Any] = []
        if "segmentation" in ann:
            if isinstance(ann["segmentation"], list):
                outlines += [np.array(points).reshape(-1, 2) for points in ann["segmentation"]]
            else:
                _draw_mask(axes, coco, ann)
        if isinstance(ann.get("keypoints"), list):
            _draw_pose(axes, coco, ann, colour)
        if draw_bbox:
            x, y, width, height = ann["bbox"]
            outlines.append(np.array([[x, y], [x, y + height], [x + width, y + height], [x + width, y]]))
        patches += [Polygon(points) for points in outlines]
        colours += [colour] * len(outlines)
    axes.add_collection(PatchCollection(patches, facecolor=colours, linewidths=0, alpha=0.4))
    axes.add_collection(PatchCollection(patches, facecolor="none", edgecolors=colours, linewidths=2))


def _draw_mask(axes: Any, coco: Any, ann: Any) -> None:
    pixels = coco.annToMask(ann)
    colour = _CROWD_COLOUR if ann["iscrowd"] == 1 else np.random.random(3)  # noqa: NPY002
    image = np.ones((*pixels.shape, 4))
    image[:, :, :3] = colour
    image[:, :, 3] = pixels * 0.5
    axes.imshow(image)


def _draw_pose(axes: Any, coco: Any, ann: Any, colour: Any) -> None:
    skeleton = np.array(coco.loadCats(ann["category_id"])[0]["skeleton"]) - 1
    points = np.array(ann["keypoints"])
    x, y, visibility = points[0::3], points[1::3], points[2::3]
    for bone in skeleton:
        if np.all(visibility[bone] > 0):
            axes.plot(x[bone], y[bone], linewidth=3, color=colour)
    for lowest, edge in ((0, "k"), (1, colour)):
        shown = visibility > lowest
        axes.plot(
            x[shown], y[shown], "o", markersize=8, markerfacecolor=colour, markeredgecolor=edge, markeredgewidth=2
        )
