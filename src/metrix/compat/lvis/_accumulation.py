"""``LVISEval.accumulate`` from ``eval_imgs``, whoever made them."""

from __future__ import annotations

from typing import Any

import numpy as np

from metrix.compat._curve import curve


def accumulate_images(eval_imgs: Any, p: Any) -> dict[str, Any]:
    """(T, R, K, A) precision, (T, K, A) recall, and the detections of each curve."""
    category_count, area_count, image_count = len(p.cat_ids) if p.use_cats else 1, len(p.area_rng), len(p.img_ids)
    precision = -np.ones((len(p.iou_thrs), len(p.rec_thrs), category_count, area_count))
    recall = -np.ones((len(p.iou_thrs), category_count, area_count))
    pointers: dict[int, dict[int, Any]] = {
        category: {area: {} for area in range(area_count)} for category in range(category_count)
    }
    for category in range(category_count):
        for area in range(area_count):
            first = (category * area_count + area) * image_count
            found = [eval_imgs[first + image] for image in range(image_count)]
            found = [result for result in found if result is not None]
            if not found:
                continue
            score = np.concatenate([result["dt_scores"] for result in found])
            ids = np.concatenate([result["dt_ids"] for result in found])
            order = np.argsort(-score, kind="mergesort")
            matched = np.concatenate([result["dt_matches"] for result in found], axis=1)[:, order] != 0
            ignored = np.concatenate([result["dt_ignore"] for result in found], axis=1)[:, order] != 0
            positives = np.count_nonzero(np.concatenate([result["gt_ignore"] for result in found]) == 0)
            if positives == 0:
                continue
            right, wrong = matched & ~ignored, ~matched & ~ignored
            pointers[category][area] = {"dt_ids": ids[order], "tps": right, "fps": wrong}
            right_up_to, wrong_up_to = (np.cumsum(some, axis=1).astype(np.float64) for some in (right, wrong))
            for t, (true_positives, false_positives) in enumerate(zip(right_up_to, wrong_up_to, strict=True)):
                final, ranks, envelope = curve(true_positives, false_positives, positives, p.rec_thrs)
                recall[t, category, area] = final
                precision[t, :, category, area] = 0
                precision[t, : len(ranks), category, area] = envelope[ranks]
    return {"precision": precision, "recall": recall, "dt_pointers": pointers}
