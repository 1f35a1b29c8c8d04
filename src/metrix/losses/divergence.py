"""Divergences of probability distributions and their entropies, one term for each row."""

from __future__ import annotations

import math
from typing import Literal

from metrix.losses._arguments import fraction, one_of
from metrix.losses._facts import facts
from metrix.losses._row import Given, RowFormula, row

#: What a prediction is given as.
Form = Literal["log_probabilities", "probabilities", "logits"]

_NEEDS = "pred and target: distributions along the class axis, of one shape"


@row(
    facts(
        "distribution matching, multiclass classification",
        "convex, differentiable",
        needs="pred: logarithms of probabilities (or these, or logits), target: probabilities, of one shape",
    ),
    "distribution",
)
def kl_div(given: Given, /, *, form: Form = "log_probabilities") -> RowFormula:
    """Kullback-Leibler divergence of the target p from the prediction q, ``sum(p (log p - log q))``.

    The mean is that of rows: PyTorch's "batchmean", where its "mean" divides by the number of classes as well. Where p is 0
    nothing is added; where q is 0 and p is not, the divergence is infinite.

    Args:
        form: "log_probabilities", as PyTorch has it: ``pred`` is log q; "probabilities": q; "logits": q is their softmax.

    Example:
        >>> p = np.array([[0.5, 0.5]])
        >>> round(float(kl_div(np.log([[0.25, 0.75]]), p)), 6)
        0.143841
        >>> kl_div.value_and_grad(np.zeros((1, 2)), np.array([[0.25, 0.75]]), form="logits")[1].tolist()
        [[0.25, -0.25]]

    Source:
        S. Kullback and R. A. Leibler, On information and sufficiency, 1951; PyTorch's kl_div.
    """
    one_of(form, "form", ("log_probabilities", "probabilities", "logits"))
    if form == "logits":
        return RowFormula("kl_div_of_logits", (1.0, 0.0))
    return RowFormula("kl_div" if form == "log_probabilities" else "kl_div_of_probabilities")


@row(
    facts(
        "distribution matching, image generation",
        "convex, bounded, symmetric",
        needs=_NEEDS,
        range=(0.0, math.log(2)),
    ),
    "distribution",
)
def js_div(given: Given, /) -> RowFormula:
    """Jensen-Shannon divergence, half of ``KL(p || m) + KL(q || m)`` with ``m = (p + q) / 2``: from 0 to log 2.

    Half the sum of the two divergences themselves, which some texts call by this name, is half of :data:`jeffreys_div`.

    Example:
        >>> round(float(js_div([[1.0, 0.0]], [[0.0, 1.0]])), 6)
        0.693147

    Source:
        J. Lin, Divergence measures based on the Shannon entropy, 1991; SciPy's jensenshannon is its square root.
    """
    return RowFormula("js_div")


@row(facts("distribution matching", "convex, symmetric", needs=_NEEDS), "distribution")
def jeffreys_div(given: Given, /) -> RowFormula:
    """Both divergences, ``KL(p || q) + KL(q || p)``; infinite where one of p and q alone is 0.

    Example:
        >>> round(float(jeffreys_div([[0.25, 0.75]], [[0.75, 0.25]])), 6)
        1.098612

    Source:
        H. Jeffreys, An invariant form for the prior probability in estimation problems, 1946.
    """
    return RowFormula("jeffreys_div")


@row(facts("distribution matching", "convex, bounded", needs=_NEEDS, range=(0.0, math.log(2))), "distribution")
def skew_kl_div(given: Given, /, *, alpha: float = 0.5) -> RowFormula:
    """Kullback-Leibler divergence of the target p from a mixture, ``KL(p || alpha q + (1 - alpha) p)``: never infinite.

    Args:
        alpha: the share of the prediction q in the mixture, between 0 and 1.

    Example:
        >>> round(float(skew_kl_div([[1.0, 0.0]], [[0.0, 1.0]], alpha=0.5)), 6)
        0.693147

    Source:
        L. Lee, Measures of distributional similarity, 1999.
    """
    return RowFormula("skew_kl_div", (fraction(alpha, "alpha"),))


@row(
    facts("distribution matching", "convex, bounded, symmetric", needs=_NEEDS, range=(0.0, math.log(2))), "distribution"
)
def skew_js_div(given: Given, /, *, alpha: float = 0.5) -> RowFormula:
    """Half of ``KL(p || alpha q + (1 - alpha) p) + KL(q || alpha p + (1 - alpha) q)``; with 0.5 :data:`js_div`.

    Each mixture keeps ``1 - alpha`` of its own side; with the second one as ``alpha q + (1 - alpha) p``, as it is also
    printed, the divergence would not be symmetric.

    Args:
        alpha: the share of the other side in each mixture, between 0 and 1.

    Example:
        >>> round(float(skew_js_div([[1.0, 0.0]], [[0.0, 1.0]], alpha=0.25)), 6)
        0.287682

    Source:
        F. Nielsen, A family of statistical symmetric divergences based on Jensen's inequality, 2010.
    """
    return RowFormula("skew_js_div", (fraction(alpha, "alpha"),))


@row(
    facts("distribution matching", "convex, differentiable, proper", needs=_NEEDS),
    "distribution",
)
def cross_entropy_dist(given: Given, /) -> RowFormula:
    """Cross-entropy of distributions, ``-sum(p log q)`` with the prediction q and the target p.

    It is the entropy of p and its divergence from q; from logits, :data:`cross_entropy`. Where p is 0 nothing is added.

    Example:
        >>> round(float(cross_entropy_dist([[0.25, 0.75]], [[0.0, 1.0]])), 6)
        0.287682

    Source:
        T. M. Cover and J. A. Thomas, Elements of information theory, 2006.
    """
    return RowFormula("cross_entropy_dist")


@row(
    facts(
        "distribution matching",
        "differentiable",
        needs="pred: a distribution along the class axis (or logits)",
    ),
    "none",
)
def entropy(given: Given, /, *, form: Literal["probabilities", "logits"] = "probabilities") -> RowFormula:
    """Shannon's entropy, ``-sum(q log q)``, in nats: from 0 to the logarithm of the number of classes.

    Probabilities are taken as they are; SciPy's entropy divides them by their sum first.

    Args:
        form: "probabilities": ``pred`` is q; "logits": q is their softmax.

    Example:
        >>> round(float(entropy([[0.5, 0.5], [1.0, 0.0]])), 6)
        0.346574

    Source:
        C. E. Shannon, A mathematical theory of communication, 1948.
    """
    one_of(form, "form", ("probabilities", "logits"))
    return RowFormula("entropy" if form == "probabilities" else "entropy_of_logits")
