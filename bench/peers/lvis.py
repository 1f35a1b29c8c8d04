"""lvis: the reference of LVIS. Single-threaded; needs the ``np.float`` that NumPy dropped."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
from lvis import LVIS, LVISEval, LVISResults

from peers.interface import NO_SCORES, DetectionSource, Evaluation, GroundTruthSource, Outcome

np.__dict__["float"] = float


class LvisEvaluation(Evaluation):
    """``LVIS``, ``LVISResults``, ``LVISEval``."""

    routes: ClassVar[dict[str, str]] = {"files": "LVIS(path), LVISResults(LVIS, path), LVISEval"}

    def load(self, ground_truth: GroundTruthSource, detections: DetectionSource) -> None:
        assert isinstance(ground_truth, Path)
        truth = LVIS(str(ground_truth))
        self.evaluator = LVISEval(truth, LVISResults(truth, str(detections)), self.iou_type)

    def match(self) -> None:
        self.evaluator.evaluate()

    def accumulate(self) -> None:
        self.evaluator.accumulate()
        self.evaluator.summarize()

    def outcome(self) -> Outcome:
        curves = self.evaluator.eval
        stats = np.array(list(self.evaluator.get_results().values()), dtype=np.float64)
        return Outcome(stats, curves["precision"], curves["recall"], NO_SCORES)


ADAPTER = LvisEvaluation
