"""What is known about a loss beyond its formula, so that one can choose: data for the registry."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: What a loss is used for.
TASKS = (
    "regression",
    "count regression",
    "quantile regression",
    "binary classification",
    "multilabel classification",
    "multiclass classification",
    "object detection",
    "instance segmentation",
    "semantic segmentation",
    "face recognition",
    "metric learning",
    "self-supervised learning",
    "image generation",
    "image restoration",
    "image fusion",
    "depth estimation",
    "stereo matching",
    "sequence recognition",
    "distribution matching",
)

#: The properties that a loss may have, as a function of its prediction with default parameters, the target being fixed.
PROPERTIES = {
    "convex": "no minimum but global ones: a chord lies nowhere below the curve",
    "differentiable": "has a gradient everywhere, without kinks",
    "smooth": "its gradient is Lipschitz: no finite step changes it without bound",
    "robust": "its gradient is bounded, for a given target: an outlier pulls no harder than some limit",
    "bounded": "its value has an upper limit",
    "sparse": "its gradient is exactly 0 for predictions that are right enough",
    "monotonic": "never falls as the prediction moves on, straight, from where the loss is least",
    "symmetric": "prediction and target may change places",
    "scale invariant": "has no unit: keeps its value when all its real inputs are multiplied by one positive number",
    "multimodal": "has several separate minima",
    "proper": "its expectation is least where the prediction is the true probability",
}

#: What follows from a property and need not be said.
IMPLIED = {"convex": "monotonic", "smooth": "differentiable"}


@dataclass(frozen=True)
class Facts:
    """Tasks, inputs, range and properties of one loss."""

    #: Of :data:`TASKS`, the usual ones first.
    tasks: tuple[str, ...]
    #: Of :data:`PROPERTIES`.
    properties: frozenset[str] = frozenset()
    #: What is passed, in a few words with shapes.
    needs: str = "pred and target of one shape, real numbers"
    #: Least and greatest value of one term; an end that is infinite or never reached is included all the same.
    range: tuple[float, float] = (0.0, math.inf)

    def __post_init__(self) -> None:
        """Only words that others can look for."""
        for known, words in ((TASKS, self.tasks), (tuple(PROPERTIES), self.properties)):
            unknown = sorted(set(words) - set(known))
            if unknown:
                raise ValueError(f"facts: expected words of {known}, got {unknown}")
        implied = {IMPLIED[word] for word in self.properties if word in IMPLIED}
        if math.isfinite(self.range[1]):
            implied.add("bounded")
        object.__setattr__(self, "properties", self.properties | implied)


def facts(
    tasks: str,
    properties: str = "",
    *,
    needs: str = Facts.needs,
    range: tuple[float, float] = Facts.range,
) -> Facts:
    """Facts from words that commas separate."""
    return Facts(
        tuple(word.strip() for word in tasks.split(",")),
        frozenset(word.strip() for word in properties.split(",") if word.strip()),
        needs,
        range,
    )
