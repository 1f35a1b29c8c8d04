"""Threads: how many by default, the same bits for any number, forks, many callers at once, and Ctrl-C."""

from __future__ import annotations

import concurrent.futures
import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metrix
from effort import thorough
from metrix import _threads
from metrix._threads import _container_quota, resolve_num_threads

#: The longest a child may take before it counts as hanging.
PATIENCE = 60.0


@pytest.fixture
def found() -> tuple[metrix.GroundTruth, metrix.Detections]:
    """Enough for several cells on each thread."""
    rng = np.random.default_rng(3)

    def columns(count: int) -> dict[str, Any]:
        corners = rng.uniform(0, 80, (count, 2))
        return {
            "image_id": rng.integers(0, 12, count),
            "category_id": rng.integers(0, 3, count),
            "bbox": np.concatenate([corners, rng.uniform(5, 40, (count, 2))], axis=1),
        }

    truth = metrix.GroundTruth.from_arrays(**columns(200), image_ids=range(12), category_ids=range(3))
    return truth, metrix.Detections.from_arrays(**columns(600), score=rng.random(600).round(1))


def outcome(found: tuple[metrix.GroundTruth, metrix.Detections], num_threads: int | None) -> tuple[bytes, ...]:
    report = metrix.evaluate_detections(*found, num_threads=num_threads)
    return report.precision.tobytes(), report.recall.tobytes(), report.scores.tobytes()


def test_the_result_has_the_same_bits_for_any_number_of_threads(found: Any) -> None:
    expected = outcome(found, 1)
    for num_threads in (2, 7, None, 10**12):
        assert outcome(found, num_threads) == expected


def test_many_callers_at_once(found: Any) -> None:
    expected = outcome(found, 1)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda i: outcome(found, 1 + i % 3), range(24))) == [expected] * 24


# ---- how many threads ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [0, -1, -(10**30)])
def test_counts_below_one_are_refused(wrong: int) -> None:
    with pytest.raises(ValueError, match=r"^num_threads: expected an int >= 1 or None, got -?\d+"):
        resolve_num_threads(wrong)


@pytest.mark.parametrize("wrong", [True, 1.0, "2", [1]])
def test_what_is_no_count_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^num_threads: expected an int >= 1 or None, got "):
        resolve_num_threads(wrong)


def test_more_threads_than_any_machine_has_are_cut() -> None:
    assert resolve_num_threads(7) == 7
    assert resolve_num_threads(np.int64(7)) == 7
    assert resolve_num_threads(10**30) == max(64, os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", 3),
        (" 5 ", 5),
        ("4,2", 4),
        ("0", None),
        ("-2", None),
        ("", None),
        ("many", None),
        ("\u00b2", None),
        ("9" * 30, 64),
    ],
)
def test_the_environment_decides_first(text: str, expected: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "_usable_cpus", lambda: 6)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", text)
    assert resolve_num_threads(None) == (expected or 6)
    assert resolve_num_threads(2) == 2


def test_a_quota_is_read_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    quotas = iter([1.0, 2.0])
    now = [100.0]
    monkeypatch.setattr(_threads, "_container_quota", lambda: next(quotas))
    monkeypatch.setattr(_threads, "_last_reading", (-math.inf, None))
    monkeypatch.setattr(_threads.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert [resolve_num_threads(None) for _ in range(3)] == [1, 1, 1]
    now[0] += 11
    assert resolve_num_threads(None) == 2


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system tells no affinity")
@pytest.mark.parametrize(
    ("affinity", "quota", "expected"), [(8, None, 8), (8, 2.5, 3), (2, 6.0, 2), (8, 0.1, 1), (1, None, 1)]
)
def test_affinity_and_quota_decide_then(
    affinity: int, quota: float | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(affinity)))
    monkeypatch.setattr(_threads, "_container_quota", lambda: quota)
    monkeypatch.setattr(_threads, "_last_reading", (-math.inf, None))
    assert resolve_num_threads(None) == expected


def group(tmp_path: Path, lines: str, files: dict[str, str]) -> float | None:
    """The quota that these files tell, in the layout of /proc/self/cgroup and /sys/fs/cgroup."""
    (tmp_path / "cgroup").write_text(lines)
    for name, content in files.items():
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return _container_quota(tmp_path / "cgroup", tmp_path / "root")


@pytest.mark.parametrize(
    ("lines", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "150000 100000\n"}, 1.5),
        ("0::/\n", {"cpu.max": "max 100000\n"}, None),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "300000 100000", "cpu.max": "max 1"}, 3.0),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000", "a/cpu.max": "200000 100000"}, 2.0),
        ("0::/of/the/host\n", {"cpu.max": "50000 100000"}, 0.5),
        ("0::/\n", {"cpu.max": "nonsense"}, None),
        ("0::/\n", {"cpu.max": "100 0"}, None),
        ("0::/\n", {}, None),
        ("4:cpu,x:/c\n", {"cpu,x/c/cpu.cfs_quota_us": "250000", "cpu,x/c/cpu.cfs_period_us": "100000"}, 2.5),
        ("4:cpu:/c\n", {"cpu/c/cpu.cfs_quota_us": "-1", "cpu/c/cpu.cfs_period_us": "100000"}, None),
        ("4:cpu:/gone\n", {"cpu/cpu.cfs_quota_us": "100000", "cpu/cpu.cfs_period_us": "100000"}, 1.0),
        ("5:memory:/c\n", {"memory/c/cpu.cfs_quota_us": "100", "memory/c/cpu.cfs_period_us": "100"}, None),
        ("2:cpu:/a\n0::/b\n", {"b/cpu.max": "7 1", "cpu/a/cpu.cfs_quota_us": "3", "cpu/a/cpu.cfs_period_us": "1"}, 3),
        ("", {}, None),
        ("rubbish\n", {}, None),
    ],
)  # fmt: skip
def test_quotas_of_control_groups(tmp_path: Path, lines: str, files: dict[str, str], expected: float | None) -> None:
    assert group(tmp_path, lines, files) == expected


def test_no_control_group_no_quota(tmp_path: Path) -> None:
    assert _container_quota(tmp_path / "nothing", tmp_path) is None


# ---- forks --------------------------------------------------------------------------------------------------------


def forked(work: Any) -> str:
    """What work() returns in a forked child, which must end by itself."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write_end, str(work()).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    deadline = time.monotonic() + PATIENCE
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            pytest.fail("the forked child hangs")
        time.sleep(0.005)
    with os.fdopen(read_end) as pipe:
        return pipe.read()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_forked_children_and_their_children_work(found: Any) -> None:
    expected = outcome(found, 2)  # the parent has a pool of threads now
    assert forked(lambda: outcome(found, 2) == expected) == "True"
    assert forked(lambda: forked(lambda: outcome(found, 2) == expected)) == "True"
    assert forked(lambda: outcome(found, None) == expected) == "True"
    assert outcome(found, 2) == expected  # and the parent still works


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_takes_one_thread_by_default() -> None:
    assert forked(lambda: resolve_num_threads(None)) == "1"
    assert forked(lambda: resolve_num_threads(3)) == "3"


# ---- errors and interrupts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("num_threads", [1, 2])
def test_errors_of_a_stream_come_out_as_they_are(num_threads: int) -> None:
    class Broken:
        def readinto(self, buffer: memoryview) -> int:
            raise KeyError("its own")

    for _ in range(3):
        with pytest.raises(KeyError, match="its own"):
            metrix.records.read_detections(Broken(), num_threads=num_threads)


@pytest.mark.parametrize("wrong", [None, -1, "x", 1 << 40])
def test_streams_that_count_wrongly(wrong: Any) -> None:
    class Wrong:
        def readinto(self, buffer: memoryview) -> Any:
            return wrong

    with pytest.raises(ValueError, match=r"^readinto: expected 0 to \d+ bytes, got "):
        metrix.records.read_detections(Wrong(), num_threads=1)


def test_a_stream_cannot_keep_the_buffer() -> None:
    kept: list[memoryview] = []

    class Keeper:
        def readinto(self, buffer: memoryview) -> int:
            kept.append(buffer)
            return 0

    with pytest.raises(ValueError, match=r"^detections"):
        metrix.records.read_detections(Keeper(), num_threads=1)
    with pytest.raises(ValueError, match="released"):
        kept[0][0]


# An evaluation in a loop that only Ctrl-C ends, imported in the thread that the test asks for.
ENDLESS = """
import sys, threading
def load():
    import metrix
if {in_thread}:
    thread = threading.Thread(target=load); thread.start(); thread.join()
import numpy as np
import metrix
rng = np.random.default_rng(0)
columns = dict(image_id=np.arange(3000) % 9, category_id=np.ones(3000, int), bbox=rng.uniform(0, 100, (3000, 4)))
truth = metrix.GroundTruth.from_arrays(**columns)
found = metrix.Detections.from_arrays(**columns, score=rng.random(3000))
print("ready", flush=True)
try:
    while True:
        metrix.evaluate_detections(truth, found, num_threads={threads})
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise SystemExit(5)
"""


@thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send")
@pytest.mark.parametrize(("threads", "in_thread"), [(2, False), (1, True)])
def test_ctrl_c_ends_an_evaluation(threads: int, in_thread: bool) -> None:
    code = ENDLESS.format(threads=threads, in_thread=in_thread)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        printed, _ = child.communicate(timeout=PATIENCE)
    assert (printed, child.returncode) == ("interrupted\n", 5)


# A loop in which no line of Python runs, so that nothing but the kernel can notice the signal.
ONE_LONG_CALL = """
import collections, functools, itertools, signal, threading
thread = threading.Thread(target=__import__, args=("metrix",))
if {in_thread}:
    thread.start(); thread.join()
import numpy as np
from metrix import _core
boxes = np.zeros((64, 4))
call = functools.partial(_core.boxes.box_iou, boxes, boxes, _core.boxes.Format.xywh, None, {threads})
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.05)
try:
    collections.deque(map(call, itertools.repeat(None)), maxlen=0)
except KeyboardInterrupt:
    print("interrupted")
"""


@thorough
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer to send signals")
@pytest.mark.parametrize(("threads", "in_thread"), [(1, False), (2, True)])
def test_ctrl_c_is_noticed_inside_of_kernels(threads: int, in_thread: bool) -> None:
    code = ONE_LONG_CALL.format(threads=threads, in_thread=in_thread)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == "interrupted\n", done.stderr


def test_reports_tell_their_threads(found: Any) -> None:
    report = metrix.evaluate_detections(*found, num_threads=2)
    assert report.num_threads == 2
    assert json.loads(report.to_json())["stats"] == report.stats
