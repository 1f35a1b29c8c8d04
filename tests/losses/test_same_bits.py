"""The bits of every loss on this machine are those that another one gave (``bits.json``).

``PYTHONPATH=tests python -m losses.test_same_bits`` writes them anew, after a change that is meant to change them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from losses.batches import INSIDE, SAMPLED, ask, changed, rows_of
from losses.elementwise_cases import CLASSIFICATION, REGRESSION, Case
from losses.example_calls import EVERY as LOSSES
from losses.example_calls import Call, example_call
from metrix import losses

STORED = Path(__file__).with_name("bits.json")
EVERY = {str(case): case for case in REGRESSION}
EVERY |= {f"{case}-{case.targets}": case for case in CLASSIFICATION}

#: What goes through a matrix product of NumPy, or its exponentials, has the last bits of these.
OF_NUMPY = {
    *(
        "arcface_loss",
        "circle_loss",
        "cosface_loss",
        "info_nce_loss",
        "nt_xent_loss",
        "softmax_loss",
        "sphereface_loss",
    ),
    *("barlow_twins_loss", "supervised_contrastive_loss", "style_loss", "content_loss", "triplet_margin_loss"),
    *("boundary_loss", "hausdorff_dt_loss", "elbo_loss", "gaussian_kl_loss", "condinst_mask_loss", "yolo_v3_loss"),
    *("sinkhorn_divergence", "rpn_loss", "fast_rcnn_loss", "gradient_penalty", "ms_ssim_loss", "pixel_perceptual_loss"),
    *("focal_tversky_loss", "log_cosh_dice_loss", "multi_similarity_loss", "proxy_anchor_loss", "vicreg_loss"),
    *("generalized_cross_entropy_loss", "ldam_loss", "poly_loss"),
}


def digest(case: Case, dtype: type) -> str:
    """Of values, gradients and second derivatives; the input is made without a function that machines differ in."""
    uniform = np.random.default_rng(5).random((2, 5000))
    probabilities, labels = uniform[0], (uniform[1] < 0.5).astype(np.float64)
    spread = {"probability": probabilities, "positive": 0.2 + 8 * probabilities}
    pred = spread.get(case.predictions, 24 * probabilities - 12).astype(dtype)
    kinds = {
        "label": labels,
        "side": 2 * labels - 1,
        "count": np.floor(8 * uniform[1]),
        "probability": uniform[1],
        "positive": 0.2 + 8 * uniform[1],
    }
    target = kinds.get(case.targets, 6 * uniform[1] - 3).astype(dtype)
    value, grad = case.loss.value_and_grad(pred, target, **case.parameters)
    hess = case.loss.grad_hess(pred, target, **case.parameters)[1]
    return _digest([value, grad, hess])


def digest_of_example(name: str, dtype: type) -> str:
    """Of the value and the gradients of a batch made of the example, each number of it a little larger."""
    loss, rng = getattr(losses, name), np.random.default_rng(7)
    call = example_call(name)
    call = Call(INSIDE.get(name, call.inputs), call.arguments)
    if name in SAMPLED:
        call = changed(name, call, lambda array, axis: np.take(array, np.arange(40) % array.shape[axis], axis=axis))

    def of(key: str, given: Any) -> Any:
        if isinstance(given, list):
            return [of(key, part) for part in given]
        if key not in loss.differentiable:
            return given
        return (given * (1 + rng.random(given.shape) / 16)).astype(dtype)

    call = Call(tuple(map(of, loss.inputs, call.inputs)), call.arguments)
    value, gradients = ask(name, call)
    return _digest([value, *(gradient for _, gradient in gradients)])


def _digest(arrays: list[Any]) -> str:
    return hashlib.sha256(b"".join([np.asarray(array).tobytes() for array in arrays])).hexdigest()[:16]


PINNED: dict[str, Callable[[type], str]] = {}
for _name, _case in EVERY.items():
    PINNED[_name] = lambda dtype, case=_case: digest(case, dtype)  # type: ignore[misc]
for _name in LOSSES:
    if _name not in OF_NUMPY:
        PINNED[f"example of {_name}"] = lambda dtype, name=_name: digest_of_example(name, dtype)  # type: ignore[misc]


@pytest.mark.parametrize("name", PINNED)
def test_bits_are_those_of_another_machine(name: str) -> None:
    stored = json.loads(STORED.read_text())
    assert stored[name] == [PINNED[name](dtype) for dtype in (np.float32, np.float64)]


def test_nothing_else_is_stored() -> None:
    assert json.loads(STORED.read_text()).keys() == PINNED.keys()
    assert set(LOSSES) >= OF_NUMPY
    assert all(rows_of(name) for name in SAMPLED)


if __name__ == "__main__":
    rows = ",\n".join(
        f"  {json.dumps(name)}: {json.dumps([of(dtype) for dtype in (np.float32, np.float64)])}"
        for name, of in PINNED.items()
    )
    STORED.write_text("{\n" + rows + "\n}\n")
