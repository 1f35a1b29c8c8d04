"""``lvis.vis``: objects and detections drawn on their images.

No kernel: it draws with matplotlib, which must be there when something is drawn, and so must Pillow to read images.

What differs from the reference on purpose: colours (``colormap``), and images are read by matplotlib instead of OpenCV.

Source: lvis 0.5.3, ``vis.py``.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import numpy as np
import numpy.typing as npt

from metrix.compat.lvis.colormap import colormap
from metrix.compat.lvis.eval import _results_of, _truth_of
from metrix.compat.lvis.lvis import LVIS
from metrix.compat.lvis.results import LVISResults
from metrix.compat.pycocotools import mask as mask_utils

__all__ = ["LVIS", "LVISResults", "LVISVis", "colormap", "mask_utils"]


class LVISVis:
    """Draws images of LVIS.

    Args:
        lvis_gt: an LVIS, or the path of an annotation file.
        lvis_dt: LVISResults, the path of a results file, a list of dicts, or None.
        img_dir: folder of the images; without one they are fetched into the current folder.
        dpi: kept as an attribute.
    """

    def __init__(self, lvis_gt: Any, lvis_dt: Any = None, img_dir: Any = None, dpi: Any = 75) -> None:
        """Take both sides."""
        self.logger = logging.getLogger("lvis.vis")
        self.lvis_gt = _truth_of(lvis_gt)
        self.lvis_dt = None if lvis_dt is None else _results_of(self.lvis_gt, lvis_dt)
        self.dpi = dpi
        self.img_dir = img_dir if img_dir else "."
        if self.img_dir == ".":
            self.logger.warning("img_dir not specified. Images will be downloaded.")

    def coco_segm_to_poly(self, _list: Any) -> npt.NDArray[Any]:
        """(N, 2) corners of a flat list x, y, x, y, ..."""
        return np.transpose(np.asarray([_list[0::2], _list[1::2]]))

    def get_synset(self, idx: Any) -> str:
        """Word and number of a category, as ``cat.1`` of ``cat.n.01``."""
        parts = self.lvis_gt.load_cats(ids=[idx])[0]["synset"].split(".")
        return f"{parts[0]}.{int(parts[-1])}"

    def setup_figure(self, img: Any, title: Any = "", dpi: Any = 75) -> tuple[Any, Any]:
        """A figure of the size of the image that shows nothing else, and its axes."""
        import matplotlib.pyplot as plt

        fig = plt.figure(frameon=False, figsize=(img.shape[1] / dpi, img.shape[0] / dpi))
        ax = fig.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set_title(title)
        ax.axis("off")
        ax.imshow(img)
        return fig, ax

    def vis_bbox(self, ax: Any, bbox: Any, box_alpha: Any = 0.5, edgecolor: Any = "g", linestyle: Any = "--") -> None:
        """Draw a box x, y, width, height."""
        from matplotlib.patches import Rectangle

        x, y, width, height = bbox[0], bbox[1], bbox[2], bbox[3]
        style = {"fill": False, "edgecolor": edgecolor, "linewidth": 2.5, "alpha": box_alpha, "linestyle": linestyle}
        ax.add_patch(Rectangle((x, y), width, height, **style))

    def vis_text(self, ax: Any, bbox: Any, text: Any, color: Any = "w") -> None:
        """Write above a box."""
        frame = {"facecolor": "none", "alpha": 0.4, "pad": 0, "edgecolor": "none"}
        ax.text(bbox[0], bbox[1] - 2, text, fontsize=15, family="serif", bbox=frame, color=color, zorder=10)

    def vis_mask(self, ax: Any, segm: Any, color: Any) -> None:
        """Draw an (N, 2) polygon."""
        from matplotlib.patches import Polygon

        ax.add_patch(Polygon(segm, fill=True, facecolor=color, edgecolor=color, linewidth=3, alpha=0.5))

    def get_color(self, idx: Any) -> npt.NDArray[np.float32]:
        """Red, green and blue of 0 to 1; they come again and again."""
        colours: npt.NDArray[np.float32] = colormap(rgb=True) / np.float32(255)
        colour: npt.NDArray[np.float32] = colours[idx % len(colours)]
        return colour

    def load_img(self, img_id: Any) -> Any:
        """(H, W, 3) pixels of an image, which is fetched if it is not there."""
        import matplotlib.pyplot as plt

        path = os.path.join(self.img_dir, self.lvis_gt.load_imgs([img_id])[0]["coco_url"].split("/")[-1])
        if not os.path.exists(path):
            self.lvis_gt.download(self.img_dir, img_ids=[img_id])
        return plt.imread(path)

    def vis_img(
        self,
        img_id: Any,
        show_boxes: Any = False,
        show_segms: Any = True,
        show_classes: Any = False,
        cat_ids_to_show: Any = None,
    ) -> None:
        """Draw the objects of an image."""
        anns = self.lvis_gt.load_anns(ids=self.lvis_gt.get_ann_ids(img_ids=[img_id]))
        self._draw(img_id, anns, show_boxes, show_segms, show_classes, cat_ids_to_show, show_scores=False)

    def vis_result(
        self,
        img_id: Any,
        show_boxes: Any = False,
        show_segms: Any = True,
        show_classes: Any = False,
        cat_ids_to_show: Any = None,
        score_thrs: Any = 0.0,
        show_scores: Any = True,
    ) -> None:
        """Draw the detections of an image above a score."""
        assert self.lvis_dt is not None, "lvis_dt was not specified."
        anns = self.lvis_dt.get_top_results(img_id, score_thrs)
        self._draw(img_id, anns, show_boxes, show_segms, show_classes, cat_ids_to_show, show_scores=show_scores)

    def _draw(
        self,
        img_id: Any,
        anns: list[Any],
        show_boxes: Any,
        show_segms: Any,
        show_classes: Any,
        cat_ids_to_show: Any,
        *,
        show_scores: Any,
    ) -> None:
        """The largest first, so that none is hidden."""
        if not anns:
            self.logger.warning(f"No gt anno found for img_id: {img_id}")
            return
        boxes = np.asarray([ann["bbox"] for ann in anns])
        _, ax = self.setup_figure(self.load_img(img_id))
        for place in np.argsort(-(boxes[:, 2] * boxes[:, 3])):
            ann = anns[place]
            if cat_ids_to_show is not None and ann["category_id"] not in cat_ids_to_show:
                continue
            colour = self.get_color(place)
            if show_boxes:
                self.vis_bbox(ax, boxes[place], edgecolor=colour)
            if show_classes:
                text = self.get_synset(ann["category_id"])
                self.vis_text(ax, boxes[place], f"{text}: {ann['score']:.2f}" if show_scores else text)
            if show_segms:
                for outline in ann["segmentation"]:
                    self.vis_mask(ax, self.coco_segm_to_poly(outline), colour)
