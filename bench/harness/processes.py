"""Starting a worker, watching its time and memory, and reading what it measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from harness import memory

BENCH_FOLDER = Path(__file__).resolve().parent.parent
_LOOK_EVERY_SECONDS = 0.1
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Job:
    """What one worker measures."""

    package: str
    workload: str
    iou_type: str
    route: str
    threads: int
    cpus: list[int]
    arrays: str = ""  # where to save the arrays; empty: nowhere


@dataclass(frozen=True)
class Limits:
    """When a worker is stopped."""

    seconds: float
    bytes: int


@dataclass(frozen=True)
class Measurement:
    """Seconds by phase, shares, and bytes."""

    load: float
    match: float
    accumulate: float
    total: float
    cpu: float
    foreign: float  # the share of the pinned CPUs' time that other processes took
    peak: int
    after_imports: int
    before_clock: int

    @property
    def added(self) -> int:
        """Peak memory less what was resident when the clock started."""
        return max(self.peak - self.before_clock, 0)


class Stopped(Exception):
    """The worker did not finish; the text says why. An outcome to be shown in the table rather than an error."""


def run_job(job: Job, limits: Limits) -> Measurement:
    """Run one worker to its end; raises :class:`Stopped` when it fails or exceeds a limit."""
    environment = {
        **os.environ,
        **dict.fromkeys(_THREAD_VARIABLES, str(job.threads)),
        "PYTHONHASHSEED": "0",
    }
    with tempfile.TemporaryDirectory(prefix="metrix-bench-") as scratch:
        job_path, result_path = Path(scratch, "job.json"), Path(scratch, "result.json")
        job_path.write_text(json.dumps(asdict(job)))
        with Path(scratch, "errors").open("w+", encoding="utf-8", errors="replace") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "harness.worker", str(job_path), str(result_path)],
                cwd=BENCH_FOLDER,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
            try:
                _watch(process, limits)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            errors.seek(0)
            text = errors.read().strip()
        if process.returncode != 0 or not result_path.exists():
            last_line = text.splitlines()[-1] if text else f"exit status {process.returncode}"
            raise Stopped(f"failed: {last_line[:160]}")
        return Measurement(**json.loads(result_path.read_text()))


def _watch(process: subprocess.Popen[bytes], limits: Limits) -> None:
    """Wait for the worker; kill it at the limit rather than let it push the machine into swapping."""
    deadline = time.monotonic() + limits.seconds
    while True:
        try:
            process.wait(_LOOK_EVERY_SECONDS)
            return
        except subprocess.TimeoutExpired:
            pass
        if time.monotonic() > deadline:
            raise Stopped(f"stopped after {limits.seconds:.0f} s")
        if memory.resident_of(process.pid) > limits.bytes:
            raise Stopped(f"stopped at {limits.bytes / 2**30:.1f} GiB")
