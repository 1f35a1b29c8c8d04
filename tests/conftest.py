"""What all tests share."""

from __future__ import annotations

import os

import numpy as np
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed; METRIX_TEST_SEED searches elsewhere."""
    return np.random.default_rng(int(os.environ.get("METRIX_TEST_SEED", "20261121")))
