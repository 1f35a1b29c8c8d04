"""Losses of boxes that should be the same: one term for each pair.

Of all pairs of two sets, :mod:`metrix.boxes` has the overlaps. The losses of whole detectors are in
:mod:`metrix.losses.yolo`, :mod:`metrix.losses.rcnn` and :mod:`metrix.losses.fcos`.
"""

from __future__ import annotations

from metrix.losses._arguments import not_negative, one_of
from metrix.losses._boxes import BoxFormula, box_formula, box_loss
from metrix.losses._facts import facts

_NEEDS = "pred and target: (N, 4) boxes"


@box_loss(facts("object detection", "symmetric, scale invariant, bounded", needs=_NEEDS, range=(0.0, 1.0)))
def iou_loss(*, mode: str = "linear") -> BoxFormula:
    """One minus the overlap of boxes: ``1 - IoU``, or ``-log(IoU)``.

    Boxes that do not overlap have no gradient: :data:`giou_loss` and those after it move them.

    Args:
        mode: "linear" for ``1 - IoU``, "log" for ``-log(max(IoU, eps))``. UnitBox, FCOS and MMDetection call the second one
            "IoU loss".

    Example:
        >>> float(iou_loss([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 1.0]], eps=0))
        0.5
        >>> round(float(iou_loss([[0.0, 0.0, 2.0, 2.0]], [[0.0, 0.0, 2.0, 1.0]], mode="log")), 4)
        0.6931

    Source:
        J. Yu et al., UnitBox, 2016. It compares the boxes; a loss that compares a predicted IoU with the true one is
        another thing, though surveys describe it so.
    """
    return box_formula("iou_loss" if one_of(mode, "mode", ("linear", "log")) == "linear" else "iou_loss_of_log")


@box_loss(facts("object detection", "symmetric, scale invariant, bounded", needs=_NEEDS, range=(0.0, 2.0)))
def giou_loss() -> BoxFormula:
    """One minus the generalized IoU, ``1 - IoU + (C - U) / C``.

    U is the area of the union and C that of the smallest box around both, which has a gradient where nothing overlaps.

    Example:
        >>> float(giou_loss([[0.0, 0.0, 1.0, 1.0]], [[1.0, 1.0, 2.0, 2.0]], eps=0))
        1.5
        >>> giou_loss.value_and_grad([[0.0, 0.0, 1.0, 1.0]], [[1.0, 1.0, 2.0, 2.0]], eps=0)[1].tolist()
        [[0.0, 0.0, -0.25, -0.25]]

    Source:
        H. Rezatofighi et al., Generalized intersection over union, 2019; torchvision's generalized_box_iou_loss.
    """
    return box_formula("giou_loss")


@box_loss(facts("object detection", "symmetric, scale invariant, bounded", needs=_NEEDS, range=(0.0, 2.0)))
def diou_loss() -> BoxFormula:
    """One minus the distance IoU, ``1 - IoU + d^2 / c^2``.

    d is the distance of the centres and c the diagonal of the smallest box around both.

    Example:
        >>> float(diou_loss([[0.0, 0.0, 1.0, 1.0]], [[1.0, 1.0, 2.0, 2.0]], eps=0))
        1.25

    Source:
        Z. Zheng et al., Distance-IoU loss, 2020; torchvision's distance_box_iou_loss.
    """
    return box_formula("diou_loss")


@box_loss(facts("object detection", "symmetric, scale invariant", needs=_NEEDS, range=(0.0, 3.0)))
def ciou_loss(*, ciou_alpha_grad: bool = False, ciou_drop_norm: bool = False) -> BoxFormula:
    """One minus the complete IoU, ``1 - IoU + d^2 / c^2 + alpha v``: that of :data:`diou_loss`, and one for the shape.

    ``v = (4 / pi^2) (atan(W / H) - atan(w / h))^2`` compares the shapes, and ``alpha = v / (1 - IoU + v + eps)`` weighs it
    and has no gradient. A box without area has the angle of its longer side; one that is a point agrees with every shape.

    Args:
        ciou_alpha_grad: let alpha have its gradient too, as older versions of MMDetection do.
        ciou_drop_norm: multiply the gradient of v by ``w^2 + h^2``, as its authors do for boxes much smaller than 1. It is
            the gradient of the value no more.

    Example:
        >>> round(float(ciou_loss([[0.0, 0.0, 1.0, 2.0]], [[0.0, 0.0, 2.0, 1.0]])), 4)
        0.7629

    Source:
        Z. Zheng et al., Distance-IoU loss, 2020; torchvision's complete_box_iou_loss, which uses its ``eps`` in alpha alone
        and 1e-7 elsewhere.
    """
    return box_formula("ciou_loss", float(bool(ciou_alpha_grad)), float(bool(ciou_drop_norm)))


@box_loss(facts("object detection", "symmetric, scale invariant", needs=_NEEDS, range=(0.0, 4.0)))
def eiou_loss() -> BoxFormula:
    """One minus the efficient IoU, ``1 - IoU + d^2 / c^2 + (w - W)^2 / cw^2 + (h - H)^2 / ch^2``.

    cw and ch are the sides of the smallest box around both, c is its diagonal, d the distance of the centres. MMDetection
    gives the same name to another loss, the extended IoU.

    Example:
        >>> float(eiou_loss([[0.0, 0.0, 4.0, 4.0]], [[0.0, 0.0, 4.0, 2.0]], eps=0))
        0.78125

    Source:
        Y.-F. Zhang et al., Focal and efficient IOU loss, 2021 (arXiv 2101.08158).
    """
    return box_formula("eiou_loss")


@box_loss(facts("object detection", "symmetric, scale invariant", needs=_NEEDS, range=(0.0, 4.0)))
def focal_eiou_loss(*, gamma: float = 0.5) -> BoxFormula:
    """The efficient IoU loss times ``IoU^gamma``, a weight without a gradient: good boxes count for more.

    Boxes that do not overlap have the loss 0 and no gradient, unless ``gamma`` is 0.

    Args:
        gamma: the power, at least 0; 0 gives :data:`eiou_loss`.

    Example:
        >>> float(focal_eiou_loss([[0.0, 0.0, 4.0, 4.0]], [[0.0, 0.0, 4.0, 1.0]], eps=0))
        0.69140625

    Source:
        Y.-F. Zhang et al., Focal and efficient IOU loss, 2021 (arXiv 2101.08158).
    """
    return box_formula("focal_eiou_loss", not_negative(gamma, "gamma"))
