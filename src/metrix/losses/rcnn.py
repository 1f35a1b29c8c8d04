"""The losses of Faster R-CNN and Mask R-CNN, from outputs and ground truth: assignment, then a sum of parts.

No kernel: composed from cross-entropies and smooth L1; matching and the projection of masks are kernels of
``losses/assignment.hpp``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from metrix.losses._arguments import fraction, not_negative, positive, predictions
from metrix.losses._assignment import (
    Truths,
    box_deltas,
    boxes_of,
    image_numbers,
    in_range,
    integers,
    match_anchors,
    project_masks,
    sample,
    truths_of,
)
from metrix.losses._composed import Terms, composed
from metrix.losses._facts import facts
from metrix.losses._proposals import (
    LONGEST_SIDE,
    batch_of,
    best_truths,
    bounds_of,
    image_count_of,
    masks_of,
    regions_of,
    total_terms,
    with_axes,
)
from metrix.losses.classification import binary_cross_entropy_with_logits
from metrix.losses.multiclass import cross_entropy
from metrix.losses.regression import smooth_l1_loss


@composed(
    facts(
        "object detection",
        needs="objectness: (N, A), deltas: (N, A, 4), anchors: (A, 4), boxes: (M, 4)",
    ),
    differentiable=("objectness", "deltas"),
)
def rpn_loss(
    objectness: npt.ArrayLike,
    deltas: npt.ArrayLike,
    anchors: npt.ArrayLike,
    boxes: npt.ArrayLike,
    /,
    *,
    images: npt.ArrayLike | None = None,
    high: float = 0.7,
    low: float = 0.3,
    samples: int | None = 256,
    positive_fraction: float = 0.5,
    seed: int = 0,
    beta: float = 1 / 9,
    box_weight: float = 1.0,
    box_denominator: float | None = None,
) -> Terms:
    """The loss of a region proposal network, for the whole batch.

    ``mean BCE(objectness) + box_weight / box_denominator * sum smooth L1(deltas)``: the mean over sampled anchors, the sum
    over the positive ones among them. Some descriptions leave out that the second sum is over positives only.

    An anchor is positive if it has an IoU of at least ``high`` with an object, or the greatest of all anchors with one; it
    is background below ``low`` with all of them, else it takes no part. An object that overlaps no anchor makes none
    positive (in torchvision it makes all of them). Of each image ``samples`` anchors are drawn.

    Args:
        objectness: (N, A) logits of N images.
        deltas: (N, A, 4) shifts of the centre in sides of the anchor, and logarithms of ratios of the sides.
        anchors: (A, 4) boxes, xyxy, the same for all images.
        boxes: (M, 4) ground truth, xyxy.
        images: (M,) the number of the image of each; None if there is one image.
        high, low: limits of the IoU.
        samples: how many anchors of an image take part; None: all that are positive or background.
        positive_fraction: the most that positives may be of them.
        seed: of the draw: give each step its own.
        beta: of the smooth L1 loss.
        box_weight, box_denominator: None divides by the number of sampled anchors; the paper has 10 and the number of
            places of anchors, some 2400.

    Example:
        >>> anchors = [[0.0, 0.0, 10.0, 10.0], [20.0, 20.0, 30.0, 30.0]]
        >>> value, (by_objectness, by_deltas) = rpn_loss.value_and_grad(
        ...     [[0.0, 0.0]], [[[0.0] * 4] * 2], anchors, [[0.0, 0.0, 10.0, 10.0]]
        ... )
        >>> round(float(value), 6)
        0.693147
        >>> by_objectness.tolist()
        [[-0.25, 0.25]]

    Source:
        S. Ren et al., Faster R-CNN, 2015; torchvision's RegionProposalNetwork.
    """
    logits = predictions(objectness, "objectness")
    places = boxes_of(anchors, "anchors")
    if logits.ndim != 2 or logits.shape[1] != len(places):
        raise ValueError(f"objectness: expected shape (N, {len(places)}), got {logits.shape}")
    moves = with_axes(deltas, logits, "deltas", (*logits.shape, 4))
    truths = truths_of(boxes, None, images, image_count=len(logits), labels_from=0, labels_to=1, box_format="xyxy")
    high, low = not_negative(high, "high"), not_negative(low, "low")
    if low > high:
        raise ValueError(f"low: expected at most high, {high}, got {low}")
    if samples is not None and samples < 1:
        raise ValueError(f"samples: expected a number >= 1 or None, got {samples}")
    share = not_negative(positive_fraction, "positive_fraction")
    if share > 1:
        raise ValueError(f"positive_fraction: expected a number from 0 to 1, got {positive_fraction}")

    rng = np.random.default_rng(seed)
    is_sampled, is_positive = np.zeros(logits.shape, dtype=bool), np.zeros(logits.shape, dtype=bool)
    wanted = np.zeros((*logits.shape, 4))
    for image in range(len(logits)):
        own = truths.boxes[truths.of_image(image)]
        index = match_anchors(places, own, high=high, low=low, keeps_best=True)
        drawn = sample(index, samples, share, rng)
        is_sampled[image, drawn] = True
        found = drawn[index[drawn] >= 0]
        is_positive[image, found] = True
        wanted[image, found] = box_deltas(own[index[found]], places[found])

    count = max(int(is_sampled.sum()), 1)
    entropy, by_logits = binary_cross_entropy_with_logits.value_and_grad(
        logits, is_positive, mask=is_sampled, reduction="sum"
    )
    error, by_moves = smooth_l1_loss.value_and_grad(moves, wanted, mask=is_positive, reduction="sum", beta=beta)
    scale = not_negative(box_weight, "box_weight") / (
        count if box_denominator is None else positive(box_denominator, "box_denominator")
    )
    return total_terms(entropy / count + scale * error, (by_logits / count, by_moves * scale), logits, moves)


@composed(
    facts(
        "object detection",
        needs="class_logits: (R, C), deltas: (R, C * 4), proposals: (R, 4), boxes: (M, 4), labels: (M,)",
    ),
    differentiable=("class_logits", "deltas"),
)
def fast_rcnn_loss(
    class_logits: npt.ArrayLike,
    deltas: npt.ArrayLike,
    proposals: npt.ArrayLike,
    boxes: npt.ArrayLike,
    labels: npt.ArrayLike,
    /,
    *,
    images: npt.ArrayLike | None = None,
    proposal_images: npt.ArrayLike | None = None,
    threshold: float = 0.5,
    delta_weights: tuple[float, float, float, float] = (10.0, 10.0, 5.0, 5.0),
    beta: float = 1 / 9,
    box_weight: float = 1.0,
) -> Terms:
    """The loss of the head of Fast R-CNN, for the whole batch: of the classes of proposals and of their boxes.

    ``mean CE(class_logits) + box_weight / R * sum smooth L1(deltas)``: the sum over proposals with an object, of the four
    deltas of its class alone.

    A proposal has the class of the object of its image with which its IoU is greatest, if that is at least ``threshold``,
    else it is background, 0. All proposals count: whoever samples them does so before the network's head.

    Args:
        class_logits: (R, C) logits of classes, the first of which is the background.
        deltas: (R, C * 4) or (R, C, 4), as for :data:`rpn_loss`, times ``delta_weights``.
        proposals: (R, 4) boxes, xyxy.
        boxes: (M, 4) ground truth, xyxy.
        labels: (M,) classes from 1 to C - 1.
        images, proposal_images: (M,) and (R,) the number of the image of each; None if there is one image.
        threshold: of the IoU.
        delta_weights: factors of the four deltas.
        beta: of the smooth L1 loss.
        box_weight: of the second part.

    Example:
        >>> value, (by_logits, by_deltas) = fast_rcnn_loss.value_and_grad(
        ...     [[0.0, 0.0], [0.0, 0.0]], [[0.0] * 8] * 2, [[0.0, 0.0, 8.0, 8.0], [20.0, 20.0, 30.0, 30.0]],
        ...     [[0.0, 0.0, 8.0, 8.0]], [1],
        ... )
        >>> by_logits.tolist()
        [[0.25, -0.25], [-0.25, 0.25]]

    Source:
        R. Girshick, Fast R-CNN, 2015; torchvision's fastrcnn_loss.
    """
    logits = predictions(class_logits, "class_logits")
    if logits.ndim != 2 or logits.shape[1] < 1:
        raise ValueError(f"class_logits: expected shape (R, C), got {logits.shape}")
    shape = (*logits.shape, 4)
    given = predictions(deltas, "deltas")
    moves = with_axes(
        given.reshape(shape) if given.shape == (shape[0], 4 * shape[1]) else given, logits, "deltas", shape
    )
    truths, regions, region_images = batch_of(
        boxes, labels, images, proposals, proposal_images, len(logits), labels_from=1, labels_to=logits.shape[1]
    )
    index = best_truths(regions, region_images, truths, fraction(threshold, "threshold"))
    found = np.flatnonzero(index >= 0)
    label = np.zeros(len(logits), dtype=np.int64)
    label[found] = truths.labels[index[found]]

    count = max(len(logits), 1)
    entropy, by_logits = cross_entropy.value_and_grad(logits.astype(np.float64), label, reduction="sum")
    wanted = np.zeros(shape)
    wanted[found, label[found]] = box_deltas(truths.boxes[index[found]], regions[found], delta_weights)
    is_own = np.zeros(shape[:2], dtype=bool)
    is_own[found, label[found]] = True
    error, by_moves = smooth_l1_loss.value_and_grad(moves, wanted, mask=is_own, reduction="sum", beta=beta)
    scale = not_negative(box_weight, "box_weight") / count
    gradients = by_logits / count, (by_moves * scale).reshape(given.shape)
    return total_terms(entropy / count + scale * error, gradients, logits, given)


@composed(
    facts(
        "instance segmentation",
        "convex, differentiable, smooth, robust",
        needs="mask_logits: (R, C, S, S), proposals: (R, 4), masks: (M, H, W), labels: (M,)",
    )
)
def mask_rcnn_mask_loss(
    mask_logits: npt.ArrayLike,
    proposals: npt.ArrayLike,
    masks: npt.ArrayLike,
    labels: npt.ArrayLike,
    /,
    *,
    matched: npt.ArrayLike | None = None,
    images: npt.ArrayLike | None = None,
    proposal_images: npt.ArrayLike | None = None,
) -> Terms:
    """The loss of the masks of Mask R-CNN, for the whole batch: mean binary cross-entropy over all pixels of all proposals.

    Each proposal has a mask for every class, of which that of its object counts. It should be the part of the object's mask
    inside the proposal, brought to S x S by RoIAlign. Without proposals the loss is 0. Proposals are those with an object:
    background has no mask.

    Args:
        mask_logits: (R, C, S, S) logits; S is 28 as a rule.
        proposals: (R, 4) boxes, xyxy, in pixels of the masks.
        masks: (M, H, W) bools or 0 and 1: ground truth, images of other sizes being filled up with 0.
        labels: (M,) classes from 0 to C - 1.
        matched: (R,) which mask each proposal should be; None: the one with whose bounding box its IoU is greatest.
        images, proposal_images: (M,) and (R,) the number of the image of each, where ``matched`` is None; None if there is
            one image.

    Example:
        >>> import numpy as np
        >>> mask = np.zeros((1, 8, 8), dtype=bool)
        >>> mask[0, 2:6, 2:6] = True
        >>> round(float(mask_rcnn_mask_loss(np.full((1, 1, 2, 2), 40.0), [[2.0, 2.0, 5.0, 5.0]], mask, [0])), 9)
        0.0

    Source:
        K. He et al., Mask R-CNN, 2017; torchvision's maskrcnn_loss.
    """
    logits = predictions(mask_logits, "mask_logits")
    if logits.ndim != 4 or logits.shape[2] != logits.shape[3] or logits.shape[3] < 1:
        raise ValueError(f"mask_logits: expected shape (R, C, S, S), got {logits.shape}")
    pixels = masks_of(masks)
    regions = regions_of(proposals, len(logits))
    kinds = integers(labels, "labels", len(pixels))
    in_range(kinds, "labels", 0, logits.shape[1])
    if matched is None:
        truths = Truths(bounds_of(pixels), kinds, image_numbers(images, "images", len(pixels), image_count_of(images)))
        index = best_truths(
            regions,
            image_numbers(proposal_images, "proposal_images", len(regions), image_count_of(images)),
            truths,
            0.0,
        )
        if (index < 0).any():
            raise ValueError(
                f"proposals: expected boxes that overlap a mask, got box {np.argmax(index < 0)} without one"
            )
    else:
        index = integers(matched, "matched", len(regions))
        in_range(index, "matched", 0, len(pixels))
    if len(regions) and not (regions[:, 2:] - regions[:, :2] <= LONGEST_SIDE).all():
        raise ValueError(f"proposals: expected sides of at most {LONGEST_SIDE} pixels")

    rows = np.arange(len(logits))
    wanted = project_masks(pixels, regions, index, logits.shape[3])
    chosen = np.ascontiguousarray(logits[rows, kinds[index]])
    entropy, slope = binary_cross_entropy_with_logits.value_and_grad(chosen, wanted, reduction="sum")
    count = max(chosen.size, 1)
    gradient = np.zeros_like(logits)
    gradient[rows, kinds[index]] = slope / count
    return total_terms(entropy / count, (gradient,), logits)
