"""What the registry answers: names in any spelling, tasks, properties, and the command that prints it."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from losses.example_calls import EVERY
from metrix import cli, losses
from metrix.losses import PROPERTIES, TASKS, find
from metrix.losses._aliases import ALIASES
from metrix.losses._facts import Facts


def test_every_loss_is_listed_and_told_of() -> None:
    assert set(find().names) == set(EVERY)
    for entry in find().entries:
        assert entry.summary.endswith("."), entry.name
        assert entry.source, f"the documentation of {entry.name} has no 'Source:'"
        assert entry.tasks
        assert entry.needs
        assert entry.name in str(entry)


@pytest.mark.parametrize("name", EVERY)
def test_names_are_found_in_any_spelling(name: str) -> None:
    for spelling in (name, name.upper(), name.replace("_", " "), name.replace("_", "-"), name.removesuffix("_loss")):
        assert find(spelling).names[0] == name


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("L2 loss", "mse_loss"),
        ("OLS", "mse_loss"),
        ("SE", "mse_loss"),
        ("L1", "l1_loss"),
        ("SMAE", "smooth_l1_loss"),
        ("log loss", "binary_cross_entropy"),
        ("logistic loss", "binary_cross_entropy_with_logits"),
        ("Sigmoid Loss", "binary_cross_entropy_with_logits"),
        ("WBCE", "binary_cross_entropy_with_logits"),
        ("pinball", "quantile_loss"),
        ("Smooth L1", "smooth_l1_loss"),
    ],
)
def test_other_names(alias: str, name: str) -> None:
    assert name in find(alias).names


def test_every_alias_finds_what_it_means() -> None:
    for alias, names in ALIASES.items():
        known = [name for name in names if name in EVERY]
        if known:
            assert {*known} <= {*find(alias).names}, alias
    assert sum(any(name in EVERY for name in names) for names in ALIASES.values()) > 20


def test_tasks_and_properties_choose() -> None:
    for task in TASKS:
        for loss in find(task=task):
            assert task in loss.facts.tasks
    for word in PROPERTIES:
        has, lacks = find(properties=word), find(properties=f"not {word}")
        assert {*has.names} | {*lacks.names} == {*EVERY}
        assert not {*has.names} & {*lacks.names}
    assert "mse_loss" in find(task="regression", properties=["convex", "not robust"]).names
    assert "huber_loss" not in find(task="regression", properties=["convex", "not robust"]).names
    assert "hinge_loss" in find(properties="sparse , convex").names
    assert find("huber", task="regression").names == ("huber_loss",)
    assert len(find("huber", task="object detection")) == 0
    usual = find(task="regression").names
    assert usual.index("mse_loss") < usual.index("quantile_loss")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "hubber"}, "name: expected the name of a loss, got 'hubber'; near are .*'huber_loss'"),
        ({"task": "cooking"}, "task: expected one of"),
        ({"properties": "convexx"}, "properties: expected one of"),
        ({"properties": "not"}, "properties: expected one of"),
    ],
)
def test_unknown_words_are_told(arguments: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(**arguments)  # type: ignore[arg-type]


def test_what_follows_need_not_be_said() -> None:
    assert Facts(("regression",), frozenset({"convex", "smooth"})).properties == {
        "convex",
        "differentiable",
        "monotonic",
        "smooth",
    }
    assert Facts(("regression",), range=(0.0, 2.0)).properties == {"bounded"}
    with pytest.raises(ValueError, match=r"facts: expected words of .*, got \['cool'\]"):
        Facts(("regression",), frozenset({"cool"}))


def test_a_listing_is_a_table() -> None:
    found = find(task="count regression")
    header, rule, first, *_ = str(found).splitlines()
    assert header.split() == ["loss", "summary", "range", "properties"]
    assert set(rule) == {"-", " "}
    assert first.startswith("poisson_nll_loss")
    assert "(-inf, inf)" in first
    assert next(iter(found)) is losses.poisson_nll_loss
    assert repr(found) == str(found)


def test_the_command_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["losses", "--task", "regression", "--properties", "robust"]) == 0
    assert capsys.readouterr().out == f"{find(task='regression', properties='robust')}\n"
    assert cli.main(["losses", "log loss"]) == 0
    told = capsys.readouterr().out
    assert "metrix.losses.binary_cross_entropy (classification): " in told
    assert "also called BCE" in told
    assert cli.main(["losses", "--words"]) == 0
    words = capsys.readouterr().out
    assert all(word in words for word in (*TASKS, *PROPERTIES))


def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["losses", "--json"]) == 0
    entries: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert {entry["name"] for entry in entries} == {*EVERY}
    (mse,) = [entry for entry in entries if entry["name"] == "mse_loss"]
    assert mse["range"] == [0.0, None]
    assert "L2 loss" in mse["aliases"]


def test_the_command_uses_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main(["losses"]) == 0
    printed = capsys.readouterr().out
    assert "huber_loss" in printed
    shown = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in printed.splitlines()]
    assert max(len(line) for line in shown) <= 100 < max(len(line) for line in str(find()).splitlines())
    assert cli.main(["losses", "--plain"]) == 0
    assert capsys.readouterr().out == f"{find()}\n"


def test_the_command_tells_what_is_not_known(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["losses", "hubber"]) == 3
    assert "near are" in capsys.readouterr().err
