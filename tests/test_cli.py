"""metrix on the command line: what it prints, where, and its exit codes."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import metrix
from effort import thorough
from metrix import cli

SAMPLE = Path(__file__).parent / "data" / "sample"
TRUTH, BOXES = str(SAMPLE / "instances.json"), str(SAMPLE / "boxes.json")
PATIENCE = 60.0


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "metrix", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, **options)


@pytest.mark.parametrize(
    ("truth", "found", "iou_type"),
    [("instances", "boxes", "bbox"), ("instances", "masks", "segm"), ("persons", "keypoints", "keypoints")],
)
def test_the_table(truth: str, found: str, iou_type: Any, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(SAMPLE / f"{name}.json") for name in (truth, found)]
    assert cli.main(["eval", *paths]) == 0
    printed = capsys.readouterr()
    report = metrix.evaluate_detections(*paths, iou_type=iou_type)
    first, *lines = printed.out.splitlines()
    assert first.startswith(f"{iou_type}: ")
    assert "\n".join(lines).startswith(str(report))
    assert "nan" not in printed.out
    assert printed.err == ""
    assert cli.main(["eval", *paths, "--iou-type", iou_type, "--per-category"]) == 0
    assert str(report.per_category) in capsys.readouterr().out


def test_json_is_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    report = metrix.evaluate_detections(TRUTH, BOXES)
    assert cli.main(["eval", TRUTH, BOXES, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["stats"] == report.stats
    assert cli.main(["eval", TRUTH, BOXES, "--json", "--per-category"]) == 0
    detailed = json.loads(capsys.readouterr().out)
    assert set(detailed) > set(whole)
    assert detailed["stats"] == report.stats


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        (["--semantics", "corrected"], {"semantics": "corrected"}),
        (["--iou-thresholds", "0.3,0.75"], {"iou_thresholds": [0.3, 0.75]}),
        (["--max-detections", "1,5"], {"max_detections": [1, 5]}),
        (["--categories", "5,1"], {"categories": [5, 1]}),
        (["--images", "3,4,8"], {"images": [3, 4, 8]}),
        (["--class-agnostic"], {"use_categories": False}),
        (["--iou-type", "boundary"], {"iou_type": "boundary"}),
        (["--iou-type", "boundary", "--dilation-ratio", "0.1"], {"iou_type": "boundary", "dilation_ratio": 0.1}),
        (["--threads", "2"], {"num_threads": 2}),
        (["--quiet"], {}),
    ],
)
def test_every_option_is_that_of_the_function(
    arguments: list[str], options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["eval", TRUTH, BOXES, "--json", *arguments]) == 0
    expected = metrix.evaluate_detections(TRUTH, BOXES, **options)
    assert json.loads(capsys.readouterr().out)["stats"] == expected.stats


def test_sigmas(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [str(SAMPLE / "persons.json"), str(SAMPLE / "keypoints.json")]
    assert cli.main(["eval", *paths, "--json", "--sigmas", ",".join(["0.1"] * 17)]) == 0
    expected = metrix.evaluate_detections(*paths, iou_type="keypoints", sigmas=[0.1] * 17)
    assert json.loads(capsys.readouterr().out)["stats"] == expected.stats


def test_notes_tell_of_quirks_unless_quiet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = json.loads(Path(TRUTH).read_text())
    truth["annotations"][0]["id"] = 0
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    arguments = ["eval", str(tmp_path / "truth.json"), BOXES]
    assert cli.main(arguments) == 0
    assert "annotation_id_zero (1)" in capsys.readouterr().out
    assert cli.main([*arguments, "--quiet"]) == 0
    assert "annotation_id_zero" not in capsys.readouterr().out


@thorough
def test_compressed_files_and_pipes(tmp_path: Path) -> None:
    (tmp_path / "boxes").write_bytes(gzip.compress(Path(BOXES).read_bytes()))
    expected = run("eval", TRUTH, BOXES)
    assert expected.returncode == 0
    assert run("eval", TRUTH, str(tmp_path / "boxes")).stdout == expected.stdout
    if Path("/dev/stdin").exists():
        assert run("eval", TRUTH, "/dev/stdin", input=Path(BOXES).read_text()).stdout == expected.stdout


def test_info_tells_the_build(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info"]) == 0
    told = dict(
        line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if not line.startswith("usable")
    )
    assert told["metrix"] == metrix.__version__
    assert {"python", "numpy", "compiler", "flags"} <= set(told)


# ---- exit codes ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["evaluate"], "invalid choice: 'evaluate'"),
        (["eval", TRUTH], "the following arguments are required: DETECTIONS"),
        (["eval", TRUTH, BOXES, "--iou-type", "boxes"], "argument --iou-type: invalid choice: 'boxes'"),
        (["eval", TRUTH, BOXES, "--dilation-ratio", "wide"], "argument --dilation-ratio: invalid float value: 'wide'"),
        (
            ["eval", TRUTH, BOXES, "--iou-thresholds", "0.5,x"],
            "argument --iou-thresholds: expected numbers separated by",
        ),
        (
            ["eval", TRUTH, BOXES, "--max-detections", "1.5"],
            "argument --max-detections: expected whole numbers separated",
        ),
        (["eval", TRUTH, BOXES, "--sigmas", ""], "argument --sigmas: expected numbers separated by commas, got ''"),
        (["eval", TRUTH, BOXES, "--threads", "0"], "argument --threads: expected a whole number >= 1, got '0'"),
        (["eval", TRUTH, BOXES, "--threads", "two"], "argument --threads: expected a whole number >= 1, got 'two'"),
        (["eval", TRUTH, BOXES, "--nonsense"], "unrecognized arguments: --nonsense"),
    ],
)
def test_wrong_arguments(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    printed = capsys.readouterr()
    assert stop.value.code == 2
    assert message in printed.err
    assert printed.out == ""


def test_wrong_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.json"
    for content, message in [
        (b'[{"image_id":1,"category_id":1}]', "metrix: detections[0].score: missing (at byte 31)\n"),
        (b"[", "metrix: detections"),
        (b"\x1f\x8b broken", "metrix: detections: the gzip data is damaged"),
        (
            b'[{"image_id":12345,"category_id":1,"score":1,"bbox":[1,2,3,4]}]',
            "metrix: detections[0].image_id: 12345 is not",
        ),
    ]:
        bad.write_bytes(content)
        assert cli.main(["eval", TRUTH, str(bad)]) == 3
        printed = capsys.readouterr()
        assert printed.err.startswith(message)
        assert printed.err.count("\n") == 1
        assert printed.out == ""


def test_files_that_cannot_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for path, message in [(tmp_path / "none.json", "No such file or directory"), (tmp_path, "Is a directory")]:
        assert cli.main(["eval", TRUTH, str(path)]) == 4
        printed = capsys.readouterr()
        assert printed.err == f"metrix: {path}: {message}\n"
        assert printed.out == ""


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(metrix, "evaluate_detections", interrupt)
    assert cli.main(["eval", TRUTH, BOXES]) == 130
    assert capsys.readouterr().err == "metrix: interrupted\n"


def test_too_little_memory(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def exhaust(*arguments: Any, **options: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(metrix, "evaluate_detections", exhaust)
    assert cli.main(["eval", TRUTH, BOXES]) == 4
    assert capsys.readouterr().err == "metrix: not enough memory\n"


@thorough
@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_that_goes_away_is_no_error() -> None:
    command = [sys.executable, "-m", "metrix", "eval", TRUTH, BOXES, "--per-category"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "w") as closed:
        done = subprocess.run(command, stdout=closed, stderr=subprocess.PIPE, text=True, timeout=PATIENCE)
    assert done.stderr == ""
    assert done.returncode == 128 + signal.SIGPIPE


# ---- what people see ----------------------------------------------------------------------------------------------


def test_help_tells_options_exit_codes_and_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(["eval", "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in (
        "GROUND_TRUTH",
        "--iou-type",
        "--per-category",
        "--json",
        "--threads",
        "examples:",
        "exit codes:",
        " 3 ",
    ):
        assert word in text
    with pytest.raises(SystemExit) as stop:
        cli.main(["--version"])
    assert stop.value.code == 0
    assert capsys.readouterr().out == f"metrix {metrix.__version__}\n"


class Terminal:
    """Standard error, as if a person looked at it."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)

    def flush(self) -> None:
        pass


@pytest.mark.parametrize("with_rich", [True, False])
def test_progress_is_for_people_alone(
    with_rich: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if with_rich:
        pytest.importorskip("rich")
    else:
        monkeypatch.setitem(sys.modules, "rich", None)
        monkeypatch.setitem(sys.modules, "rich.console", None)
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for arguments, shown in [([], True), (["--quiet"], False), (["--json"], False)]:
        terminal.written.clear()
        assert cli.main(["eval", TRUTH, BOXES, *arguments]) == 0
        assert ("reading detections" in "".join(terminal.written)) == shown
        capsys.readouterr()
    if not with_rich:
        assert cli.main(["eval", TRUTH, BOXES]) == 0
        assert terminal.written[0] == "reading detections ..."


@thorough
def test_names_that_the_terminal_cannot_show(tmp_path: Path) -> None:
    truth = json.loads(Path(TRUTH).read_text())
    truth["categories"][0]["name"] = "\u732b\ud800"
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run("eval", str(tmp_path / "truth.json"), BOXES, "--per-category", env=environment)
    assert done.returncode == 0, done.stderr
    assert "\\u732b\\ud800" in done.stdout
