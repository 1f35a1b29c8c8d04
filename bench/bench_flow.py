#!/usr/bin/env python3
"""Errors of optical flow against the NumPy of evaluation scripts.

python bench/bench_flow.py [--quick]
"""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.rounds import contest, print_heading, quick_from_arguments
from metrix.flow import flow_errors


def script(y: Any, x: Any, valid: Any) -> Any:
    """End-point error, its root mean square, Fl-all, three shares and the angle."""
    epes, outs, angles = [], [], []
    for truth, prediction, good in zip(y, x, valid):
        epe = np.sqrt(np.sum((prediction - truth) ** 2, axis=0))[good]
        size = np.sqrt(np.sum(truth**2, axis=0))[good]
        epes.append(epe)
        outs.append((epe > 3) & (epe / size > 0.05))
        inner = 1 + np.sum(prediction * truth, axis=0)
        lengths = np.sqrt(1 + np.sum(truth**2, axis=0)) * np.sqrt(1 + np.sum(prediction**2, axis=0))
        angles.append(np.arccos(np.clip(inner / lengths, -1, 1))[good])
    epe = np.concatenate(epes)
    return np.array(
        [
            epe.mean(dtype=np.float64),
            np.sqrt(np.mean(epe**2, dtype=np.float64)),
            np.concatenate(outs).mean(),
            *((epe > t).mean() for t in (1, 3, 5)),
            np.degrees(np.concatenate(angles).mean(dtype=np.float64)),
        ]
    )


def main() -> None:
    quick = quick_from_arguments(__doc__ or "")
    print_heading("Flow", [])
    rng = np.random.default_rng(1)
    images = 2 if quick else 20
    for what, shape, share in (("dense (Sintel)", (436, 1024), 1.0), ("sparse (KITTI)", (375, 1242), 0.2)):
        y = (20 * rng.standard_normal((images, 2, *shape), dtype=np.float32)).astype(np.float32)
        x = y + 2 * rng.standard_normal(y.shape, dtype=np.float32)
        valid = rng.random((images, *shape)) < share
        for threads in (1, 2):
            calls = {
                "metrix": lambda y=y, x=x, v=valid, t=threads: np.array(
                    list(flow_errors(y, x, mask=v, num_threads=t).values())
                ),
                "script": lambda y=y, x=x, v=valid: script(y, x, v),
            }
            label = f"seven errors, {images} images of {shape[0]} x {shape[1]}, {what}, {threads} threads"
            # The script works in float32.
            contest(label, calls, inexact=["script"], rounds=3)


if __name__ == "__main__":
    main()
