"""Metrics that are means over samples, of data that comes in batches.

No kernel: terms are those of the function itself, and their sums those of :mod:`metrix.regression`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from metrix import _core
from metrix._sample_mean import mean_of, state_of_terms, terms_of


class SampleMean:
    """Any metric that is a mean over samples, batch by batch: ``update``, ``merge``, ``compute``; it can be pickled.

    However the data was split, the result is that of one pass to the last place; its size does not grow with the data.

    Args:
        metric: a function of :mod:`metrix` that is such a mean, such as ``log_loss``, ``brier_score_loss``,
            ``top_k_accuracy_score`` or ``mean_tweedie_deviance``, those of :mod:`metrix.forecasts` and those of
            :mod:`metrix.retrieval` and ``normalized_mean_error``; or one that gives a number for each sample: ``lpips``,
            ``dists``.
        options: keyword arguments of the function, the same for all batches.

    Raises:
        TypeError: for a function that is no mean over samples.

    Example:
        >>> from metrix.accumulators import SampleMean
        >>> from metrix.classification import brier_score_loss
        >>> brier = SampleMean(brier_score_loss)
        >>> brier.update([1, 0], [0.5, 0.25])
        >>> brier.update([1], [1.0])
        >>> round(brier.compute(), 6)
        0.104167

    Source:
        That of the function.
    """

    def __init__(self, metric: Callable[..., Any], **options: Any) -> None:
        """Of no data yet."""
        terms_of(metric)  # complains
        self._metric, self._options = metric, options
        self._state = _core.regression.cleared(1)

    def update(self, *data: Any, sample_weight: Any = None, **of_batch: Any) -> None:
        """Add a batch: the positional arguments of the function, and keywords that go with them, such as ``query``."""
        terms = terms_of(self._metric)(*data, **{**self._options, **of_batch})
        self._state = _core.regression.merged(self._state, state_of_terms(terms, sample_weight))

    def merge(self, other: SampleMean) -> None:
        """Add all that another one of the same metric and options has seen."""
        if self._metric is not other._metric or not _same(self._options, other._options):
            raise ValueError("other: expected the same metric and options")
        self._state = _core.regression.merged(self._state, other._state)

    def compute(self) -> float:
        """The mean; NaN of no data."""
        return mean_of(self._state)

    def reset(self) -> None:
        """Forget all data."""
        self._state = _core.regression.cleared(1)


def _same(options: dict[str, Any], others: dict[str, Any]) -> bool:
    return options.keys() == others.keys() and all(np.array_equal(options[key], others[key]) for key in options)
