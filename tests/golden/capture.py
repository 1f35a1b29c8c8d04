"""Writes what the reference makes of every fixture, and the table of corner cases.

``PYTHONPATH=tests python -m golden.capture`` needs pycocotools 2.0.11 and lvis 0.5.3. The answers stand in
``tests/golden/captured``, the table in ``tests/parity/QUIRKS.md``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from golden import areas, boundary, boxes, curves, keypoints, loading, lvis, masks, matching, parameters, sorting
from golden.answers import reference_answer
from golden.fixture import AS_REFERENCE, Call, Evaluation, Fixture

TESTS = Path(__file__).parent.parent
CAPTURED = Path(__file__).parent / "captured"
TABLE = TESTS / "parity" / "QUIRKS.md"

TOPICS: dict[str, tuple[str, dict[str, Fixture]]] = {
    module.__name__.split(".")[-1]: (str(module.__doc__).split("\n")[0], module.FIXTURES)
    for module in (sorting, matching, curves, areas, keypoints, masks, boundary, boxes, loading, parameters, lvis)
}

#: Of topics about another reference than pycocotools.
REFERENCES = {"boundary": "boundary-iou-api 37d2558", "lvis": "lvis 0.5.3"}
TITLES = {"lvis": "LVIS"}

HEAD = """\
# Corner cases

What pycocotools 2.0.11 does (lvis 0.5.3 in the last part), what metrix does with the default semantics, and what it
does with `semantics="corrected"`. Each line is a fixture: `pytest tests/test_golden.py -k NAME` compares all arrays to
the last bit with those that the reference gave, with 1, 2 and 7 threads, without the reference installed. A dash: no
evaluation, so there are no semantics to choose.

`PYTHONPATH=tests python -m golden.capture` writes this page from the fixtures beside it; change them, not this.

"Corrected" also gives precision 1 to a lone true positive and never matches a NaN similarity; the lines say so only
where it is the point.
"""

ELSEWHERE = """
## No corner of an evaluation

What the reference also does, and metrix has no counterpart of:

- A second `accumulate` with other categories than were evaluated reads the wrong cells; `evaluate` after a
  class-agnostic `accumulate` breaks, as that overwrites the categories. Here an evaluation is one call and its
  arguments.
- `COCOeval` prints, and `summarize` returns nothing. Here `print(report)` gives the same lines to the character (each
  fixture compares them), `report.stats` the numbers, and the library never prints.
- `useSegm` overrides the IoU type, `useCats` is an integer, and sigmas stay from a former run when params are shared.
  Here `iou_type`, `use_categories` and `sigmas` are arguments.
- `COCO.getAnnIds(areaRng=...)` excludes both limits, unlike the evaluation. Here there is no such filter.
- `loadRes` writes into the dicts it is given. Here no input is changed (each fixture checks it).
- A result with `caption` in its first record takes a branch of its own, without boxes or areas. Here such fields are
  not read.
- `LVISResults` cuts an image of too many detections by Python's sort, which leaves open where a NaN score goes. Here it
  comes last, as everywhere.
- `rleToString` counts in C's `long`, of 32 bits on Windows; the C code has an NMS of masks that Python cannot reach.
- On arm64 the published wheel of the reference fuses multiplications into additions when it fills polygons, and a few
  border pixels differ from those of x86-64. The fixtures hold the answers of x86-64.
"""


def all_fixtures() -> dict[str, Fixture]:
    return {f"{topic}-{name}": fixture for topic, (_, group) in TOPICS.items() for name, fixture in group.items()}


def captured_answers(topic: str) -> dict[str, Any]:
    answers: dict[str, Any] = json.loads((CAPTURED / f"{topic}.json").read_text())
    return answers


def table() -> str:
    parts = [HEAD]
    for topic, (title, group) in TOPICS.items():
        parts.append(f"\n## {TITLES.get(topic, topic.capitalize())}\n\n{title}\n")
        reference = REFERENCES.get(topic, "pycocotools 2.0.11")
        parts.append(f"| case | {reference} | metrix | corrected | fixture |\n|---|---|---|---|---|")
        parts += [_row(topic, name, fixture) for name, fixture in group.items()]
    return "\n".join(parts) + "\n" + ELSEWHERE


def _row(topic: str, name: str, fixture: Fixture) -> str:
    corrected = "–" if isinstance(fixture, Call) else fixture.corrected
    if isinstance(fixture, Evaluation) and corrected == AS_REFERENCE and fixture.here != AS_REFERENCE:
        corrected = "as metrix"
    return f"| {fixture.case} | {fixture.reference} | {fixture.here} | {corrected} | `{topic}-{name}` |"


def main() -> None:
    CAPTURED.mkdir(exist_ok=True)
    for topic, (_, group) in TOPICS.items():
        answers = {name: reference_answer(fixture) for name, fixture in group.items()}
        lines = [f"{json.dumps(name)}: {json.dumps(answer)}" for name, answer in answers.items()]
        (CAPTURED / f"{topic}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    TABLE.write_text(table())


if __name__ == "__main__":
    main()
