#!/usr/bin/env python3
"""Losses on which outliers pull less and less against NumPy.

python bench/losses/bench_robust.py [--quick]
"""

from __future__ import annotations

import numpy as np
from elementwise import Subject, compare, of

SUBJECTS = [
    Subject("charbonnier_loss", of(lambda r: np.sqrt(r * r + 1e-6), lambda r: r / np.sqrt(r * r + 1e-6))),
    Subject("cauchy_loss", of(lambda r: np.log1p(0.5 * r * r), lambda r: r / (1 + 0.5 * r * r))),
    Subject("geman_mcclure_loss", of(lambda r: 2 * r * r / (r * r + 4), lambda r: 16 * r / (r * r + 4) ** 2)),
    Subject("welsch_loss", of(lambda r: -np.expm1(-0.5 * r * r), lambda r: r * np.exp(-0.5 * r * r))),
    Subject("general_robust_loss", of(lambda r: np.sqrt(r * r + 1) - 1, lambda r: r / np.sqrt(r * r + 1))),
]

if __name__ == "__main__":
    compare("Robust losses", SUBJECTS, __doc__ or "")
