"""Losses as their papers print them, in PyTorch, so that autograd finds the gradients: terms, or the value of a batch.

Names are those of ``metrix.losses``. Where PyTorch has the loss itself, that is what is called.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as f

Formula = Callable[..., Any]
FORMULAS: dict[str, Formula] = {}


def formula(define: Formula) -> Formula:
    FORMULAS[define.__name__] = define
    return define


def _add(**formulas: Formula) -> None:
    FORMULAS.update(formulas)


_add(
    mse_loss=lambda x, y: f.mse_loss(x, y, reduction="none"),
    l1_loss=lambda x, y: f.l1_loss(x, y, reduction="none"),
    huber_loss=lambda x, y, delta=1.0: f.huber_loss(x, y, delta=delta, reduction="none"),
    smooth_l1_loss=lambda x, y, beta=1.0: f.smooth_l1_loss(x, y, beta=beta, reduction="none"),
    pseudo_huber_loss=lambda x, y, delta=1.0: delta**2 * (torch.sqrt(1 + ((x - y) / delta) ** 2) - 1),
    log_cosh_loss=lambda x, y: torch.logaddexp(x - y, y - x) - math.log(2),
    quantile_loss=lambda x, y, quantile=0.5: torch.maximum(quantile * (y - x), (quantile - 1) * (y - x)),
    poisson_nll_loss=lambda x, y, **more: f.poisson_nll_loss(x, y, reduction="none", **more),
    gaussian_nll_loss=lambda x, y, v, **more: f.gaussian_nll_loss(x, y, v, reduction="none", **more),
    msle_loss=lambda x, y: (torch.log1p(x) - torch.log1p(y)) ** 2,
    mape_loss=lambda x, y: abs(x - y) / abs(y),
    smape_loss=lambda x, y: 2 * abs(x - y) / (abs(x) + abs(y)),
    binary_cross_entropy=lambda x, y: f.binary_cross_entropy(x, y, reduction="none"),
    hinge_loss=lambda x, y: torch.relu(1 - _side(y) * x),
    squared_hinge_loss=lambda x, y: torch.relu(1 - _side(y) * x) ** 2,
    soft_margin_loss=lambda x, y: f.soft_margin_loss(x, y, reduction="none"),
)


def _side(y: Any) -> Any:
    return torch.where(y > 0, 1, -1)


@formula
def binary_cross_entropy_with_logits(x: Any, y: Any, pos_weight: Any = None) -> Any:
    weight = None if pos_weight is None else torch.as_tensor(pos_weight, dtype=x.dtype)
    return f.binary_cross_entropy_with_logits(x, y, pos_weight=weight, reduction="none")


@formula
def balanced_bce_loss(x: Any, y: Any) -> Any:
    share = 1 - y.mean(dim=1, keepdim=True)
    return -share * y * f.logsigmoid(x) - (1 - share) * (1 - y) * f.logsigmoid(-x)


@formula
def sigmoid_focal_loss(x: Any, y: Any, alpha: float | None = 0.25, gamma: float = 2.0) -> Any:
    p = torch.sigmoid(x)
    right = p * y + (1 - p) * (1 - y)
    weight = 1 if alpha is None else alpha * y + (1 - alpha) * (1 - y)
    return weight * (1 - right) ** gamma * f.binary_cross_entropy_with_logits(x, y, reduction="none")


@formula
def multi_margin_loss(x: Any, y: Any, p: int = 1, margin: float = 1.0) -> Any:
    """PyTorch's own is not differentiable twice."""
    lack = torch.relu(margin - _of_label(x, y)[:, None] + _others(x, y)) ** p
    return lack.sum(1) / x.shape[1]


_add(
    charbonnier_loss=lambda x, y, eps=1e-3: torch.sqrt((x - y) ** 2 + eps**2),
    cauchy_loss=lambda x, y: torch.log1p((x - y) ** 2 / 2),
    geman_mcclure_loss=lambda x, y: 2 * (x - y) ** 2 / ((x - y) ** 2 + 4),
    welsch_loss=lambda x, y: -torch.expm1(-((x - y) ** 2) / 2),
    general_robust_loss=lambda x, y, alpha, scale: (
        (2 - alpha) / alpha * (((x - y) ** 2 / scale**2 / (2 - alpha) + 1) ** (alpha / 2) - 1)
    ),
    gamma_nll_loss=lambda x, y: y * torch.exp(-x) + x,
    tweedie_nll_loss=lambda x, y: 2 * torch.exp(x / 2) + 2 * y * torch.exp(-x / 2),
    quality_focal_loss=lambda x, y: (
        (y - torch.sigmoid(x)) ** 2 * f.binary_cross_entropy_with_logits(x, y, reduction="none")
    ),
    varifocal_loss=lambda x, y: torch.where(
        y > 0,
        y * f.binary_cross_entropy_with_logits(x, y, reduction="none"),
        -0.75 * torch.sigmoid(x) ** 2 * f.logsigmoid(-x),
    ),
    asymmetric_loss=lambda x, y: (
        -y * torch.sigmoid(-x) * f.logsigmoid(x)
        - (1 - y) * torch.relu(torch.sigmoid(x) - 0.05) ** 4 * torch.log(1 - torch.relu(torch.sigmoid(x) - 0.05))
    ),
)


def _of_label(rows: Any, y: Any) -> Any:
    return rows.gather(1, y[:, None])[:, 0]


def _others(rows: Any, y: Any) -> Any:
    return torch.where(f.one_hot(y, rows.shape[1]).bool(), -math.inf, rows)


def _kl(p: Any, q: Any) -> Any:
    return (torch.xlogy(p, p) - torch.xlogy(p, q)).sum(1)


@formula
def softmax_focal_loss(x: Any, y: Any, alpha: float | None = None, gamma: float = 2.0) -> Any:
    log_p = _of_label(f.log_softmax(x, 1), y)
    return -(1 if alpha is None else alpha) * (1 - log_p.exp()) ** gamma * log_p


_add(
    cross_entropy=lambda x, y, **more: f.cross_entropy(x, y, reduction="none", **more)[y != -100],
    categorical_hinge_loss=lambda x, y: torch.relu(1 + _others(x, y).amax(1) - _of_label(x, y)),
    multilabel_soft_margin_loss=lambda x, y: f.multilabel_soft_margin_loss(x, y, reduction="none"),
    kl_div=lambda x, y: f.kl_div(x, y, reduction="none").sum(1),
    js_div=lambda q, p: (_kl(p, (p + q) / 2) + _kl(q, (p + q) / 2)) / 2,
    jeffreys_div=lambda q, p: _kl(p, q) + _kl(q, p),
    skew_kl_div=lambda q, p, alpha: _kl(p, alpha * q + (1 - alpha) * p),
    skew_js_div=lambda q, p, alpha: (_kl(p, alpha * q + (1 - alpha) * p) + _kl(q, alpha * p + (1 - alpha) * q)) / 2,
    cross_entropy_dist=lambda q, p: -torch.xlogy(p, q).sum(1),
    entropy=lambda q: -torch.xlogy(q, q).sum(1),
)


@formula
def generalized_cross_entropy_loss(x: Any, y: Any, q: float = 0.7) -> Any:
    return (1 - _of_label(torch.softmax(x, 1), y) ** q) / q


@formula
def poly_loss(x: Any, y: Any) -> Any:
    return f.cross_entropy(x, y, reduction="none") + 1 - _of_label(torch.softmax(x, 1), y)


@formula
def ldam_loss(x: Any, y: Any, class_counts: Any, scale: float) -> Any:
    rarity = torch.as_tensor(class_counts, dtype=x.dtype) ** -0.25
    margin = 0.5 * rarity / rarity.max()
    return f.cross_entropy(scale * (x - f.one_hot(y, x.shape[1]) * margin), y, reduction="none")


@formula
def distribution_focal_loss(x: Any, y: Any) -> Any:
    left = y.detach().floor().long().clamp(max=x.shape[1] - 2)
    log_p, share = f.log_softmax(x, 1), y - left
    return -(1 - share) * _of_label(log_p, left) - share * _of_label(log_p, left + 1)


@formula
def nll_loss(x: Any, y: Any, class_weight: Any) -> Any:
    return f.nll_loss(x, y, torch.as_tensor(class_weight, dtype=x.dtype))


def _overlap(a: Any, b: Any) -> tuple[Any, Any, Any]:
    """IoU, the sides of the smallest box around both, and its area less the union."""
    common = torch.cat([torch.maximum(a, b)[:, :2], torch.minimum(a, b)[:, 2:]], 1)
    around = torch.cat([torch.minimum(a, b)[:, :2], torch.maximum(a, b)[:, 2:]], 1)
    union = _area(a) + _area(b) - _area(common)
    return _area(common) / union, _size(around), (_area(around) - union) / _area(around)


def _size(box: Any) -> Any:
    return (box[:, 2:] - box[:, :2]).clamp(min=0)


def _area(box: Any) -> Any:
    return _size(box).prod(1)


def _apart(a: Any, b: Any) -> Any:
    return ((a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) ** 2).sum(1) / 4


@formula
def iou_loss(a: Any, b: Any, mode: str = "linear", eps: float = 0) -> Any:
    iou = _overlap(a, b)[0]
    return 1 - iou if mode == "linear" else -torch.log(iou)


@formula
def giou_loss(a: Any, b: Any, eps: float = 0) -> Any:
    iou, _, rest = _overlap(a, b)
    return 1 - iou + rest


@formula
def diou_loss(a: Any, b: Any, eps: float = 0) -> Any:
    iou, sides, _ = _overlap(a, b)
    return 1 - iou + _apart(a, b) / (sides**2).sum(1)


@formula
def ciou_loss(a: Any, b: Any, eps: float = 0) -> Any:
    iou = _overlap(a, b)[0]
    shape = 4 / math.pi**2 * (torch.atan2(*_size(b).T) - torch.atan2(*_size(a).T)) ** 2
    return diou_loss(a, b) + (shape / (1 - iou + shape)).detach() * shape


@formula
def eiou_loss(a: Any, b: Any, eps: float = 0) -> Any:
    sides = _overlap(a, b)[1]
    return diou_loss(a, b) + ((_size(a) - _size(b)) ** 2 / sides**2).sum(1)


@formula
def focal_eiou_loss(a: Any, b: Any, eps: float = 0, gamma: float = 0.5) -> Any:
    return _overlap(a, b)[0].detach() ** gamma * eiou_loss(a, b)


def _sums(x: Any, y: Any, from_logits: bool) -> tuple[Any, Any, Any, Any, Any]:
    """Intersections, and sums of both sides, of each sample and class."""
    if y.ndim < x.ndim:
        p, t = torch.softmax(x, 1), f.one_hot(y, x.shape[1]).movedim(-1, 1).to(x.dtype)
    else:
        p, t = torch.sigmoid(x) if from_logits else x, y.to(x.dtype)
    p, t = p.flatten(2), t.flatten(2)
    return (p * t).sum(2), p.sum(2), t.sum(2), p, t


@formula
def dice_loss(x: Any, y: Any, from_logits: bool = True) -> Any:
    both, p, t, _, _ = _sums(x, y, from_logits)
    return 1 - (2 * both + 1e-5) / (p + t + 1e-5)


@formula
def jaccard_loss(x: Any, y: Any, from_logits: bool = True) -> Any:
    both, p, t, _, _ = _sums(x, y, from_logits)
    return 1 - (both + 1e-5) / (p + t - both + 1e-5)


@formula
def tversky_loss(x: Any, y: Any, from_logits: bool = True) -> Any:
    both, p, t, _, _ = _sums(x, y, from_logits)
    return 1 - (both + 1e-5) / (both + 0.3 * (p - both) + 0.7 * (t - both) + 1e-5)


@formula
def sensitivity_specificity_loss(x: Any, y: Any, from_logits: bool = True) -> Any:
    *_, p, t = _sums(x, y, from_logits)
    squares = (p - t) ** 2
    return 0.05 * (squares * t).sum(2) / t.sum(2) + 0.95 * (squares * (1 - t)).sum(2) / (1 - t).sum(2)


_add(
    focal_tversky_loss=lambda x, y, **more: tversky_loss(x, y, **more) ** 0.75,
    log_cosh_dice_loss=lambda x, y, **more: torch.log(torch.cosh(dice_loss(x, y, **more))),
    ce_dice_loss=lambda x, y: 0.5 * f.cross_entropy(x, y) + 0.5 * dice_loss(x, y).mean(),
    bce_dice_loss=lambda x, y: (
        0.5 * f.binary_cross_entropy_with_logits(x, y.to(x.dtype)) + 0.5 * dice_loss(x, y).mean()
    ),
)


def _head(x: Any, y: Any, w: Any, margin: Callable[[Any], Any], scale: Any) -> Any:
    cosines = f.normalize(x) @ f.normalize(w).T
    own = f.one_hot(y, len(w)).bool()
    return f.cross_entropy(scale * torch.where(own, margin(cosines), cosines), y, reduction="none")


@formula
def sphereface_loss(x: Any, y: Any, w: Any, margin: int = 4) -> Any:
    def psi(cosine: Any) -> Any:
        angle = torch.acos(cosine)
        turns = torch.floor(margin * angle / math.pi)
        return (-1) ** turns * torch.cos(margin * angle) - 2 * turns

    return _head(x, y, w, psi, x.norm(dim=1, keepdim=True))


_add(
    softmax_loss=lambda x, y, w: f.cross_entropy(f.linear(x, w), y, reduction="none"),
    cosface_loss=lambda x, y, w, margin=0.35, scale=64.0: _head(x, y, w, lambda cosine: cosine - margin, scale),
    arcface_loss=lambda x, y, w, margin=0.5, scale=64.0: _head(
        x, y, w, lambda cosine: torch.cos(torch.acos(cosine.clamp(-1 + 1e-12, 1 - 1e-12)) + margin), scale
    ),
    center_loss=lambda x, y, c: ((x - c[y]) ** 2).sum(1) / 2,
    triplet_margin_loss=lambda a, p, n, margin=1.0, eps=1e-6: f.triplet_margin_loss(
        a, p, n, margin, eps=eps, reduction="none"
    ),
    negative_cosine_loss=lambda x, y: -f.cosine_similarity(x, y.detach(), dim=-1),
    info_nce_loss=lambda q, k, temperature: f.cross_entropy(
        f.normalize(q) @ f.normalize(k).T / temperature, torch.arange(len(q)), reduction="none"
    ),
)


@formula
def contrastive_loss(a: Any, b: Any, y: Any, margin: float) -> Any:
    distance = (a - b).norm(dim=1)
    return (y * distance**2 + (1 - y) * torch.relu(margin - distance) ** 2) / 2


@formula
def circle_loss(x: Any, y: Any, margin: float, scale: float) -> Any:
    cosines = f.normalize(x) @ f.normalize(x).T
    same = y[:, None] == y
    pull = -scale * torch.relu(1 + margin - cosines).detach() * (cosines - 1 + margin)
    push = scale * torch.relu(cosines + margin).detach() * (cosines - margin)
    near = same & ~torch.eye(len(x), dtype=torch.bool)
    both = torch.where(near, pull, -math.inf).logsumexp(1) + torch.where(same, -math.inf, push).logsumexp(1)
    return f.softplus(both)


@formula
def nt_xent_loss(a: Any, b: Any, temperature: float) -> Any:
    views = f.normalize(torch.cat([a, b]))
    logits = (views @ views.T / temperature).fill_diagonal_(-math.inf)
    return f.cross_entropy(logits, torch.arange(len(views)).roll(len(a)), reduction="none")


@formula
def supervised_contrastive_loss(x: Any, y: Any, temperature: float) -> Any:
    unit = f.normalize(x)
    own = torch.eye(len(x), dtype=torch.bool)
    log_p = f.log_softmax((unit @ unit.T / temperature).masked_fill(own, -math.inf), 1)
    positive = (y[:, None] == y) & ~own
    return -torch.where(positive, log_p, 0).sum(1) / positive.sum(1).clamp(min=1)


@formula
def multi_similarity_loss(x: Any, y: Any, alpha: float = 2.0, beta: float = 50.0) -> Any:
    cosines = f.normalize(x) @ f.normalize(x).T
    same = y[:, None] == y
    near = same & ~torch.eye(len(x), dtype=torch.bool)
    pull = torch.where(near, -alpha * (cosines - 0.5), -math.inf)
    push = torch.where(same, -math.inf, beta * (cosines - 0.5))
    return _with_one(pull) / alpha + _with_one(push) / beta


def _with_one(logits: Any) -> Any:
    return torch.cat([logits.new_zeros(len(logits), 1), logits], 1).logsumexp(1)


@formula
def proxy_anchor_loss(x: Any, y: Any, w: Any, margin: float, alpha: float) -> Any:
    cosines = f.normalize(w) @ f.normalize(x).T
    own = torch.arange(len(w))[:, None] == y
    pull = _with_one(torch.where(own, -alpha * (cosines - margin), -math.inf))
    push = _with_one(torch.where(own, -math.inf, alpha * (cosines + margin)))
    return pull.sum() / own.any(1).sum() + push.mean()


@formula
def vicreg_loss(a: Any, b: Any) -> Any:
    value = 25 * f.mse_loss(a, b)
    for view in (a, b):
        value = value + 25 * torch.relu(1 - torch.sqrt(view.var(0) + 1e-4)).mean() / 2
        value = value + (torch.cov(view.T).fill_diagonal_(0) ** 2).sum() / view.shape[1]
    return value


@formula
def barlow_twins_loss(a: Any, b: Any, off_diagonal: float = 5e-3, eps: float = 1e-5) -> Any:
    a, b = ((side - side.mean(0)) / torch.sqrt(side.var(0, unbiased=False) + eps) for side in (a, b))
    missing = (a.T @ b / len(a) - torch.eye(a.shape[1], dtype=a.dtype)) ** 2
    return off_diagonal * missing.sum() + (1 - off_diagonal) * missing.diagonal().sum()


@formula
def batch_triplet_loss(x: Any, y: Any, mining: str, margin: float) -> Any:
    apart = abs(x - x.T)  # of one dimension
    same = y[:, None] == y
    far = torch.where(same, apart, -math.inf).amax(1)
    return torch.relu(far - torch.where(same, math.inf, apart).amin(1) + margin)


_add(
    reconstruction_loss=lambda x, y: (x - y) ** 2,
    gaussian_kl_loss=lambda m, v: (m**2 + v.exp() - 1 - v) / 2,
    elbo_loss=lambda x, y, m, v: ((x - y) ** 2).sum(1) + ((m**2 + v.exp() - 1 - v) / 2).sum(1),
    flow_nll_loss=lambda z, d: -torch.distributions.Normal(*z.new_tensor([0.0, 1.0])).log_prob(z).sum(1) - d,
    diffusion_loss=lambda x, y, snr: ((x - y) ** 2).mean(1) * torch.as_tensor(snr).clamp(max=5) / torch.as_tensor(snr),
    cycle_consistency_loss=lambda a, x, b, y: 10 * (f.l1_loss(a, x) + f.l1_loss(b, y)),
    identity_loss=lambda x, y: 5 * abs(x - y),
    l2_penalty=lambda theta: (theta**2).sum() / 2,
    gan_discriminator_loss=lambda r, g, mode: torch.relu(1 - r) + torch.relu(1 + g),
    gan_generator_loss=lambda g: -f.logsigmoid(g),
    wasserstein_critic_loss=lambda r, g: g - r,
    wasserstein_generator_loss=lambda g: -g,
    gradient_penalty=lambda g: 10 * (g.norm(dim=1) - 1) ** 2,
    contrastive_divergence_loss=lambda e, m: e - m,
    nce_loss=lambda d, n: -f.logsigmoid(d) - f.logsigmoid(-n).sum(1),
    content_loss=lambda x, y, layer_weights: sum(
        w * ((a - b) ** 2).flatten(1).mean(1) for a, b, w in zip(x, y, layer_weights)
    ),
    style_loss=lambda x, y: ((x @ x.mT - y @ y.mT) ** 2).sum((1, 2)) / (4 * x[0].numel() ** 2),
    pixel_perceptual_loss=lambda x, y, u, v, content_weight: (
        f.mse_loss(x, y) + f.l1_loss(x, y) + content_weight * f.mse_loss(u, v)
    ),
    fusion_intensity_loss=lambda u, x, y: abs(u - torch.maximum(x, y)),
    disparity_sequence_loss=lambda x, y, gamma: sum(gamma ** (len(x) - 1 - k) * abs(x[k] - y) for k in range(len(x))),
)


@formula
def fusion_gradient_loss(u: Any, x: Any, y: Any) -> Any:
    smooth = u.new_tensor([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    filters = torch.stack([smooth, smooth.T])[:, None]

    def strength(image: Any) -> Any:
        return abs(f.conv2d(image[:, None], filters, padding=1)).sum(1)

    return abs(strength(u) - torch.maximum(strength(x), strength(y)))


@formula
def ssim_loss(x: Any, y: Any) -> Any:
    taps = torch.exp(-((torch.arange(11, dtype=x.dtype) - 5) ** 2) / (2 * 1.5**2))
    taps = taps / taps.sum()
    window = (taps[:, None] * taps).expand(x.shape[1], 1, 11, 11)

    def mean(image: Any) -> Any:
        return f.conv2d(image, window, groups=x.shape[1])

    a, b = mean(x), mean(y)
    v, w, both = mean(x * x) - a * a, mean(y * y) - b * b, mean(x * y) - a * b
    index = (2 * a * b + 1e-4) * (2 * both + 9e-4) / ((a * a + b * b + 1e-4) * (v + w + 9e-4))
    return 1 - index.mean((1, 2, 3))
