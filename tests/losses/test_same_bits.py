"""The bits of every elementwise loss on this machine are those that another one gave (``bits.json``).

``PYTHONPATH=tests python -m losses.test_same_bits`` writes them anew, after a change that is meant to change them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from losses.elementwise_cases import CLASSIFICATION, REGRESSION, Case

STORED = Path(__file__).with_name("bits.json")
EVERY = {str(case): case for case in REGRESSION}
EVERY |= {f"{case}-{case.targets}": case for case in CLASSIFICATION}


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
    return hashlib.sha256(b"".join([value.tobytes(), grad.tobytes(), hess.tobytes()])).hexdigest()[:16]


def digests() -> dict[str, list[str]]:
    return {name: [digest(case, dtype) for dtype in (np.float32, np.float64)] for name, case in EVERY.items()}


@pytest.mark.parametrize("name", EVERY)
def test_bits_are_those_of_another_machine(name: str) -> None:
    stored = json.loads(STORED.read_text())
    assert stored[name] == [digest(EVERY[name], dtype) for dtype in (np.float32, np.float64)]


if __name__ == "__main__":
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(bits)}" for name, bits in digests().items())
    STORED.write_text("{\n" + rows + "\n}\n")
