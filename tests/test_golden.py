"""The corner cases of ``tests/parity/QUIRKS.md``, bit for bit, against answers that the reference gave once."""

from __future__ import annotations

import copy
import importlib.util
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import metrix
from golden.answers import call_answer, evaluation_answer, is_lvis, reference_answer
from golden.capture import TABLE, TOPICS, all_fixtures, captured_answers, table
from golden.fixture import Call, Evaluation

FIXTURES = all_fixtures()
CAPTURED = {f"{topic}-{name}": answer for topic in TOPICS for name, answer in captured_answers(topic).items()}
EVALUATIONS = {name: fixture for name, fixture in FIXTURES.items() if isinstance(fixture, Evaluation)}
CALLS = {name: fixture for name, fixture in FIXTURES.items() if isinstance(fixture, Call)}
CORRECTED = {name: fixture for name, fixture in EVALUATIONS.items() if fixture.corrected_stats is not None}


def evaluated(fixture: Evaluation, **more: Any) -> metrix.DetectionReport:
    before = copy.deepcopy((fixture.ground_truth, fixture.detections))
    report = metrix.evaluate_detections(
        fixture.ground_truth,
        fixture.detections,
        iou_type=fixture.iou_type,  # type: ignore[arg-type]
        **fixture.options,
        **more,
    )
    assert repr(before) == repr((fixture.ground_truth, fixture.detections)), "the input was changed"
    return report


def bits_of(report: metrix.DetectionReport) -> list[bytes]:
    stats = np.array(list(report.stats.values()))
    return [array.tobytes() for array in (report.precision, report.recall, report.scores, stats)]


def assert_stats(report: metrix.DetectionReport, expected: Mapping[str, float]) -> None:
    found = {name: report.stats[name] for name in expected}
    assert found == pytest.approx(dict(expected), rel=0, abs=1.2e-16)


@pytest.mark.parametrize("name", EVALUATIONS)
def test_evaluation(name: str) -> None:
    fixture, answer = EVALUATIONS[name], CAPTURED[name]
    if isinstance(fixture.instead, str):
        assert "raises" in answer
        with pytest.raises(ValueError, match=re.escape(fixture.instead)):
            evaluated(fixture)
        return
    report = evaluated(fixture, num_threads=1)
    if fixture.instead is not None:
        assert "raises" in answer
        assert_stats(report, fixture.instead)
    else:
        scores = None if is_lvis(fixture) else report.scores
        found = evaluation_answer(report.precision, report.recall, scores, list(report.stats.values()), str(report))
        assert found == answer
    counts = {quirk.name: quirk.count for quirk in report.quirks}
    assert {quirk: counts.get(quirk, 0) for quirk in fixture.quirks} == fixture.quirks
    for num_threads in (2, 7):
        assert bits_of(evaluated(fixture, num_threads=num_threads)) == bits_of(report)


@pytest.mark.parametrize("name", CALLS)
def test_call(name: str) -> None:
    fixture, answer = CALLS[name], CAPTURED[name]
    if isinstance(fixture.instead, str):
        with pytest.raises(ValueError, match=re.escape(fixture.instead)):
            fixture.run()
        return
    expected = answer["answer"] if fixture.instead is None else call_answer(fixture.instead)
    assert call_answer(fixture.run()) == expected


@pytest.mark.parametrize("name", CORRECTED)
def test_corrected(name: str) -> None:
    fixture = CORRECTED[name]
    assert fixture.corrected_stats is not None
    report = evaluated(fixture, semantics="corrected")
    assert_stats(report, fixture.corrected_stats)
    # What is mended is not reported any more.
    assert not [quirk for quirk in report.quirks if quirk.is_corrected]
    # And it is the semantics that make the difference.
    plain = evaluated(fixture).stats
    assert any(abs(plain[stat] - value) > 1e-16 for stat, value in fixture.corrected_stats.items())


@pytest.mark.parametrize("name", [name for name in EVALUATIONS if name not in CORRECTED])
def test_corrected_is_the_same_elsewhere(name: str) -> None:
    fixture = EVALUATIONS[name]
    if isinstance(fixture.instead, str):
        with pytest.raises(ValueError, match=re.escape(fixture.instead)):
            evaluated(fixture, semantics="corrected")
        return
    plain, corrected = evaluated(fixture), evaluated(fixture, semantics="corrected")
    # A lone true positive has precision 1 - 2.2e-16, or 1.
    assert np.abs(plain.precision - corrected.precision).max(initial=0) <= 2.3e-16
    assert plain.recall.tobytes() == corrected.recall.tobytes()
    assert plain.scores.tobytes() == corrected.scores.tobytes()


@pytest.mark.parity
@pytest.mark.skipif(importlib.util.find_spec("pycocotools") is None, reason="needs pycocotools")
@pytest.mark.parametrize("topic", TOPICS)
def test_captured_answers_are_those_of_the_reference(topic: str) -> None:
    if topic == "lvis":
        pytest.importorskip("lvis")
    answers = {name: reference_answer(fixture) for name, fixture in TOPICS[topic][1].items()}
    assert answers == captured_answers(topic)


def test_every_fixture_is_captured_and_in_the_table() -> None:
    assert set(CAPTURED) == set(FIXTURES), "run PYTHONPATH=tests python -m golden.capture"
    assert TABLE.read_text() == table(), "run PYTHONPATH=tests python -m golden.capture"
    named = re.findall(r"\| `([a-z]+-[a-z_]+)` \|$", TABLE.read_text(), flags=re.MULTILINE)
    assert sorted(named) == sorted(FIXTURES)


def test_packed_answers_tell_bits_apart() -> None:
    """The packing must see the least difference, or the fixtures prove nothing."""
    array = np.zeros((1, 3, 1, 1, 1))
    other = array.copy()
    for value in (-0.0, 5e-324, np.nan):
        other[0, 1, 0, 0, 0] = value
        packs = [evaluation_answer(a, a[:, 0], a, [0.0], "") for a in (array, other)]
        assert packs[0] != packs[1]
