"""Losses as objectives of gradient boosting: the trees are those that the frameworks grow with objectives of their own."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from losses.elementwise_cases import CLASSIFICATION, REGRESSION, Case
from metrix import losses
from metrix.adapters.boosting import Objective

Array = npt.NDArray[np.float64]
ROUNDS = 20

pytestmark = pytest.mark.filterwarnings("ignore:Failed to import numba")


Data = tuple[Array, Array, Array]


def load(name: str) -> Data:
    """Features, labels and weights."""
    features, labels = getattr(pytest.importorskip("sklearn.datasets"), f"load_{name}")(return_X_y=True)
    weight = np.random.default_rng(0).uniform(0.2, 3, len(labels))
    return features, labels.astype(np.float64), weight


def xgboost_scores(
    objective: Any, data: Data, start: float, tried: Any = None, rounds: int = ROUNDS, **parameters: Any
) -> Array:
    """Raw scores after training with an objective of ours, or with one that XGBoost has under a name.

    Of what is to be tried, or of what was learnt from.
    """
    xgboost = pytest.importorskip("xgboost")
    features, labels, weight = data
    matrix = xgboost.DMatrix(features, labels, weight=weight)
    own = isinstance(objective, str)
    chosen = {"objective": objective} if own else {"disable_default_eval_metric": 1}
    given = {"base_score": start, "max_depth": 3, "nthread": 1, **chosen, **parameters}
    model = xgboost.train(given, matrix, rounds, obj=None if own else objective.xgboost)
    return model.predict(matrix if tried is None else xgboost.DMatrix(tried), output_margin=True)  # type: ignore[no-any-return]


def lightgbm_scores(
    objective: Any, data: Data, start: float, tried: Any = None, rounds: int = ROUNDS, **parameters: Any
) -> Array:
    lightgbm = pytest.importorskip("lightgbm")
    features, labels, weight = data
    matrix = lightgbm.Dataset(features, labels, weight=weight, init_score=np.full(len(labels), start))
    chosen = objective if isinstance(objective, str) else objective.lightgbm
    given = {"verbosity": -1, "num_threads": 1, "num_leaves": 8, "boost_from_average": False, **parameters}
    model = lightgbm.train({"objective": chosen, **given}, matrix, rounds)
    return model.predict(features if tried is None else tried, raw_score=True) + start  # type: ignore[no-any-return]


def catboost_scores(
    objective: Any, data: Data, start: float, tried: Any = None, rounds: int = ROUNDS, **parameters: Any
) -> Array:
    catboost = pytest.importorskip("catboost")
    features, labels, weight = data
    pool = catboost.Pool(features, labels, weight=weight, baseline=np.full(len(labels), start))
    given = {
        "iterations": rounds,
        "depth": 3,
        "learning_rate": 0.3,
        "leaf_estimation_iterations": 1,
        "leaf_estimation_method": "Newton",
        "thread_count": 1,
        "verbose": 0,
        "allow_writing_files": False,
        **parameters,
    }
    if isinstance(objective, str):
        model = catboost.CatBoost({"loss_function": objective, "boost_from_average": False, **given})
    else:
        functions = {"loss_function": objective.catboost(), "eval_metric": objective.catboost_metric()}
        model = catboost.CatBoost({**functions, **given})
    model.fit(pool)
    return model.predict(features if tried is None else tried, prediction_type="RawFormulaVal") + start  # type: ignore[no-any-return]


SCORES = {"xgboost": xgboost_scores, "lightgbm": lightgbm_scores, "catboost": catboost_scores}

#: An objective of ours, the framework, its name for it, what that needs, and what both need.
TWINS: list[tuple[str, Objective, str, str, dict[str, Any], dict[str, Any]]] = [
    ("diabetes", Objective(losses.mse_loss, factor=0.5), "xgboost", "reg:squarederror", {}, {}),
    ("diabetes", Objective(losses.mse_loss, factor=0.5), "lightgbm", "regression", {}, {}),
    ("diabetes", Objective(losses.mse_loss, factor=0.5), "catboost", "RMSE", {}, {}),
    ("breast_cancer", Objective(losses.binary_cross_entropy_with_logits), "xgboost", "binary:logistic", {}, {}),
    ("breast_cancer", Objective(losses.binary_cross_entropy_with_logits), "lightgbm", "binary", {}, {}),
    ("breast_cancer", Objective(losses.binary_cross_entropy_with_logits), "catboost", "Logloss", {}, {}),
    (
        "breast_cancer",
        Objective(losses.binary_cross_entropy_with_logits, pos_weight=3.0),
        "xgboost",
        "binary:logistic",
        {"scale_pos_weight": 3.0},
        {},
    ),
    (
        "diabetes",
        Objective(losses.poisson_nll_loss),
        "lightgbm",
        "poisson",
        {"poisson_max_delta_step": 1e-12},
        {"min_sum_hessian_in_leaf": 1e-3},
    ),
    ("diabetes", Objective(losses.huber_loss, delta=20.0, hess="ones"), "lightgbm", "huber", {"alpha": 20.0}, {}),
    (
        "diabetes",
        Objective(losses.pseudo_huber_loss, delta=20.0, hess="exact"),
        "xgboost",
        "reg:pseudohubererror",
        {"huber_slope": 20.0},
        {"min_child_weight": 0.1},
    ),
]


@pytest.mark.parametrize(("name", "objective", "framework", "own", "own_needs", "both_need"), TWINS)
def test_the_trees_are_those_of_the_frameworks_own_objective(
    name: str, objective: Objective, framework: str, own: str, own_needs: dict[str, Any], both_need: dict[str, Any]
) -> None:
    data = load(name)
    start = objective.initial_score(data[1], data[2])
    ours = SCORES[framework](objective, data, start, **both_need)
    if framework == "xgboost" and own == "binary:logistic":  # takes its start as a probability
        start = float(objective.inverse_link(start))
    theirs = SCORES[framework](own, data, start, **own_needs, **both_need)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4 * np.abs(theirs).max())
    assert np.ptp(ours) > 0.1


def split(data: Data) -> tuple[Data, Data]:
    """To learn from, and to try."""
    rows = np.random.default_rng(1).permutation(len(data[1]))
    known, unknown = rows[: len(rows) * 2 // 3], rows[len(rows) * 2 // 3 :]
    features, labels, weight = data
    return (features[known], labels[known], weight[known]), (features[unknown], labels[unknown], weight[unknown])


@pytest.mark.parametrize("delta", [1.0, 20.0])
def test_outliers_move_leaves(delta: float) -> None:
    """Huber's own second derivative is 0 beyond delta, and its bound too large for outliers: both take longer."""
    data = load("diabetes")
    left = {}
    for hess in ("ones", "secant", None):
        objective = Objective(losses.huber_loss, delta=delta, hess=hess)  # type: ignore[arg-type]
        start = objective.initial_score(data[1], data[2])
        left[hess] = objective.mean_loss(data[1], lightgbm_scores(objective, data, start), data[2])
    assert left[None] == left["secant"] < left["ones"]


@pytest.mark.parametrize("name", ["huber_loss", "l1_loss", "log_cosh_loss", "quantile_loss", "smooth_l1_loss"])
def test_the_secant_parabola_lies_nowhere_below_the_loss(name: str, rng: np.random.Generator) -> None:
    targets = rng.normal(scale=5, size=300)
    scores = np.r_[rng.normal(scale=5, size=297), targets[297:]]
    objective = Objective(
        getattr(losses, name), hess="secant", **({"quantile": 0.7} if name == "quantile_loss" else {})
    )
    gradient, hessian = objective.derivatives(scores, targets)
    least = 0 if name in ("huber_loss", "log_cosh_loss", "smooth_l1_loss") else 0.1 * np.abs(scores - targets).mean()
    assert (hessian > 0).all()

    def term(given: Array) -> Array:
        return objective.loss(given, targets, reduction="none", **objective.parameters)  # type: ignore[no-any-return]

    far = np.abs(scores - targets) >= least
    for step in np.linspace(-20, 20, 101):
        parabola = term(scores) + gradient * step + hessian * step**2 / 2
        assert (parabola - term(scores + step) >= -1e-12)[far | (least == 0)].all()


@pytest.mark.parametrize(
    ("framework", "own", "needs"),
    [
        ("xgboost", "reg:absoluteerror", {}),
        ("lightgbm", "l1", {}),
        ("catboost", "MAE", {"leaf_estimation_method": "Exact"}),
    ],
)
@pytest.mark.parametrize("loss", [losses.l1_loss, losses.log_cosh_loss, losses.smooth_l1_loss])
def test_losses_of_the_median_are_as_good_as_the_frameworks_own(
    framework: str, own: str, needs: dict[str, Any], loss: Any
) -> None:
    """Theirs set each leaf to its median, ours steps towards it: which is ahead, by up to a tenth, depends on the split."""
    known, unknown = split(load("diabetes"))
    objective = Objective(loss)
    start = objective.initial_score(known[1], known[2])
    light = {"min_child_weight": 0} if framework == "xgboost" else {}
    ours = SCORES[framework](objective, known, start, unknown[0], 60, **light)
    theirs = SCORES[framework](own, known, start, unknown[0], 60, **needs)
    errors = [
        np.average(np.abs(scores - unknown[1]), weights=unknown[2]) for scores in (ours, theirs, np.median(known[1]))
    ]
    assert errors[0] < 1.12 * errors[1]
    assert errors[0] < 0.85 * errors[2]


@pytest.mark.parametrize("framework", SCORES)
@pytest.mark.parametrize(
    "objective",
    [
        Objective(losses.sigmoid_focal_loss, alpha=None, gamma=1.0),
        Objective(losses.squared_hinge_loss),
        Objective(losses.hinge_loss),
    ],
    ids=lambda objective: objective.loss.__name__,
)
def test_classifiers_are_as_accurate_as_with_the_logistic_loss(framework: str, objective: Objective) -> None:
    data = load("breast_cancer")
    scores = SCORES[framework](objective, data, 0.0, **({"min_child_weight": 0} if framework == "xgboost" else {}))
    assert ((scores > 0) == data[1]).mean() > 0.96


@pytest.mark.parametrize(
    ("framework", "own", "needs"),
    [
        ("xgboost", "reg:quantileerror", {"quantile_alpha": 0.9}),
        ("lightgbm", "quantile", {"alpha": 0.9}),
        ("catboost", "Quantile:alpha=0.9", {"leaf_estimation_method": "Exact"}),
    ],
)
def test_quantiles_are_as_good_as_the_frameworks_own(framework: str, own: str, needs: dict[str, Any]) -> None:
    known, unknown = split(load("diabetes"))
    objective = Objective(losses.quantile_loss, quantile=0.9)
    start = objective.initial_score(known[1], known[2])
    light = {"min_child_weight": 0} if framework == "xgboost" else {}
    ours = SCORES[framework](objective, known, start, unknown[0], 60, **light)
    theirs = SCORES[framework](own, known, start, unknown[0], 60, **needs)
    left = [objective.mean_loss(unknown[1], scores, unknown[2]) for scores in (ours, theirs, np.full(len(ours), start))]
    assert left[0] < 1.05 * left[1]
    assert left[0] < 0.9 * left[2]


@pytest.mark.parametrize("case", [*REGRESSION, *CLASSIFICATION], ids=str)
def test_weights_multiply(case: Case, rng: np.random.Generator) -> None:
    if case.name == "binary_cross_entropy":
        pytest.skip("takes probabilities")
    scores, targets = case.draw(rng, 50)
    weight = rng.random(50)
    objective = Objective(case.loss, **case.parameters)
    plain, weighted = objective.derivatives(scores, targets), objective.derivatives(scores, targets, weight)
    np.testing.assert_allclose(plain[0] * weight, weighted[0], rtol=1e-14)
    if case.name not in ("l1_loss", "mape_loss", "quantile_loss"):  # whose curvature looks at the mean residual
        np.testing.assert_allclose(plain[1] * weight, weighted[1], rtol=1e-11)
    twice = objective.derivatives(scores, targets, 1.0 + (weight > 0.5))
    copies = np.r_[np.arange(50), np.flatnonzero(weight > 0.5)]
    alone = objective.derivatives(scores[copies], targets[copies])
    for one, other in zip(twice, alone):
        np.testing.assert_allclose(one, other[:50] * (1.0 + (weight > 0.5)), rtol=1e-11)
    assert (plain[1] >= 0).all()
    np.testing.assert_allclose(
        Objective(case.loss, hess=0.5, **case.parameters).derivatives(scores, targets, weight)[1], weight / 2
    )
    doubled = Objective(case.loss, factor=2.0, **case.parameters).derivatives(scores, targets)
    np.testing.assert_array_equal(doubled[0], 2 * plain[0])
    np.testing.assert_array_equal(doubled[1], 2 * plain[1])


def test_initial_scores() -> None:
    labels = np.array([1.0, 2.0, 2.5, 40.0])
    assert Objective(losses.mse_loss).initial_score(labels) == pytest.approx(11.375)
    assert Objective(losses.mse_loss).initial_score(labels, [1, 1, 0, 0]) == pytest.approx(1.5)
    assert 2.0 <= Objective(losses.l1_loss).initial_score(labels) <= 2.5
    assert Objective(losses.quantile_loss, quantile=0.9).initial_score(np.arange(101.0)) == pytest.approx(90)
    assert Objective(losses.poisson_nll_loss).initial_score(labels) == pytest.approx(np.log(11.375))
    rare = np.r_[1.0, np.zeros(99999)]
    score = Objective(losses.binary_cross_entropy_with_logits).initial_score(rare)
    assert score == pytest.approx(np.log(1 / 99999))
    for label in (0.0, 1.0):
        score = Objective(losses.binary_cross_entropy_with_logits).initial_score(np.full(5, label))
        assert np.isfinite(score)
        assert 1 / (1 + np.exp(-score)) == pytest.approx(label, abs=1e-8)
    with pytest.raises(ValueError, match="targets: expected at least one"):
        Objective(losses.mse_loss).initial_score([])


def test_inverse_links() -> None:
    scores = np.array([-800.0, 0.0, 3.0, 800.0])
    np.testing.assert_allclose(
        Objective(losses.sigmoid_focal_loss).inverse_link(scores), [0, 0.5, 1 / (1 + np.exp(-3.0)), 1], rtol=1e-15
    )
    np.testing.assert_array_equal(Objective(losses.huber_loss).inverse_link(scores), scores)
    np.testing.assert_array_equal(Objective(losses.poisson_nll_loss).inverse_link(scores[:3]), np.exp(scores[:3]))
    rates = Objective(losses.poisson_nll_loss, log_input=False)
    np.testing.assert_array_equal(rates.inverse_link(scores), scores)


def test_mistakes_are_told() -> None:
    with pytest.raises(ValueError, match=r"takes probabilities, .* pass binary_cross_entropy_with_logits"):
        Objective(losses.binary_cross_entropy)
    with pytest.raises(ValueError, match="hess: expected one of"):
        Objective(losses.mse_loss, hess=0.0)
    with pytest.raises(ValueError, match="factor: expected"):
        Objective(losses.mse_loss, factor=-1.0)
    with pytest.raises(ValueError, match="hess: expected one of"):
        Objective(losses.mse_loss, hess="gauss")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"msle_loss: expected finite gradients, got nan for row 1 with score -2.0"):
        Objective(losses.msle_loss).derivatives([0.0, -2.0], [1.0, 1.0])


def test_estimators_take_it_and_are_kept() -> None:
    base = pytest.importorskip("sklearn.base")
    lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")
    features, labels, weight = load("diabetes")
    objective = Objective(losses.huber_loss, delta=20.0)
    start = objective.initial_score(labels, weight)
    ours = base.clone(
        xgboost.XGBRegressor(
            n_estimators=ROUNDS, max_depth=3, n_jobs=1, objective=objective.sklearn, base_score=start,
            eval_metric=objective.mean_loss,
        )
    )  # fmt: skip
    ours.fit(features, labels, sample_weight=weight, eval_set=[(features, labels)], verbose=False)
    expected = xgboost_scores(objective, (features, labels, weight), start)
    np.testing.assert_allclose(ours.predict(features), expected, rtol=1e-6)
    history = ours.evals_result()["validation_0"]["mean_loss"]
    assert history[-1] == pytest.approx(objective.mean_loss(labels, expected), rel=1e-6)
    assert history[-1] < 0.8 * history[0]

    ours = lightgbm.LGBMRegressor(
        n_estimators=ROUNDS, num_leaves=8, n_jobs=1, verbosity=-1, objective=objective.sklearn
    )
    ours.fit(
        features, labels, sample_weight=weight, init_score=np.full(len(labels), start),
        eval_X=(features,), eval_y=(labels,), eval_metric=objective.lightgbm_sklearn_metric,
    )  # fmt: skip
    expected = lightgbm_scores(objective, (features, labels, weight), start)
    np.testing.assert_allclose(ours.predict(features) + start, expected, rtol=1e-6)
    assert "huber_loss" in next(iter(ours.evals_result_.values()))
    again = pickle.loads(pickle.dumps(objective))
    assert again.loss is losses.huber_loss
    assert repr(again) == repr(objective)


def test_metrics_are_the_mean_loss() -> None:
    features, labels, weight = load("diabetes")
    objective = Objective(losses.mse_loss)
    xgboost, lightgbm = pytest.importorskip("xgboost"), pytest.importorskip("lightgbm")
    matrix = xgboost.DMatrix(features, labels, weight=weight)
    seen: dict[str, Any] = {}
    xgboost.train(
        {"nthread": 1, "base_score": 0.0, "eval_metric": "rmse"}, matrix, 3, obj=objective.xgboost,
        custom_metric=objective.xgboost_metric, evals=[(matrix, "train")], evals_result=seen, verbose_eval=False,
    )  # fmt: skip
    np.testing.assert_allclose(seen["train"]["mse_loss"], np.square(seen["train"]["rmse"]), rtol=1e-4)
    data = lightgbm.Dataset(features, labels, weight=weight)
    seen = {}
    lightgbm.train(
        {"objective": objective.lightgbm, "verbosity": -1, "num_threads": 1, "metric": "l2"}, data, 3,
        valid_sets=[data], feval=objective.lightgbm_metric, callbacks=[lightgbm.record_evaluation(seen)],
    )  # fmt: skip
    np.testing.assert_allclose(seen["training"]["mse_loss"], seen["training"]["l2"], rtol=1e-6)
    assert objective.catboost_metric().evaluate([scores := [1.0, 3.0]], [0.0, 0.0], [1.0, 3.0]) == (28.0, 4.0), scores
    assert objective.catboost_metric().get_final_error(28.0, 4.0) == 7.0
    assert not objective.catboost_metric().is_max_optimal()


@pytest.mark.skipif(not hasattr(losses, "cross_entropy"), reason="no cross_entropy here")
@pytest.mark.parametrize(
    ("framework", "own"), [("xgboost", "multi:softprob"), ("lightgbm", "multiclass"), ("catboost", "MultiClass")]
)
def test_many_classes_are_told_apart_as_with_the_frameworks_own(framework: str, own: str) -> None:
    module = pytest.importorskip(framework)
    known, unknown = split(load("wine"))
    objective = Objective(losses.cross_entropy)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="a score for each class"):
        objective.initial_score(known[1])
    found = []
    for chosen in (objective, own):
        ours = not isinstance(chosen, str)
        if framework == "xgboost":
            given = {"num_class": 3, "max_depth": 3, "nthread": 1, "base_score": 0.0 if ours else 0.5}
            matrix = module.DMatrix(known[0], known[1], weight=known[2])
            named = {} if ours else {"objective": own}
            model = module.train({**given, **named}, matrix, ROUNDS, obj=objective.xgboost if ours else None)
            scores = model.predict(module.DMatrix(unknown[0]), output_margin=True)
        elif framework == "lightgbm":
            given = {
                "num_class": 3,
                "num_threads": 1,
                "verbosity": -1,
                "objective": objective.lightgbm if ours else own,
            }
            data = module.Dataset(known[0], known[1], weight=known[2])
            scores = module.train(given, data, ROUNDS).predict(unknown[0], raw_score=True)
        else:
            named = (
                {"loss_function": objective.catboost(), "eval_metric": "MultiClass"} if ours else {"loss_function": own}
            )
            model = module.CatBoostClassifier(
                iterations=ROUNDS, depth=3, learning_rate=0.3, thread_count=1, verbose=0, allow_writing_files=False,
                classes_count=3, **named,
            )  # fmt: skip
            model.fit(known[0], known[1], sample_weight=known[2])
            scores = model.predict(unknown[0], prediction_type="RawFormulaVal")
        assert scores.shape == (len(unknown[1]), 3)
        found.append(float((scores.argmax(axis=1) == unknown[1]).mean()))
        if ours:
            np.testing.assert_allclose(objective.inverse_link(scores).sum(axis=1), 1, rtol=1e-12)
    assert found[0] >= found[1] - 2 / len(unknown[1])
    assert found[0] > 0.9
