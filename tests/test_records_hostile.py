"""metrix.records on damaged and hostile input: a ValueError or the right columns, always, within bounded memory."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

import metrix
from documents import Writer
from effort import cases, thorough
from metrix.records import FIELDS, read_detections, read_ground_truth
from oracles import records as oracle
from oracles.records import bits

CHANGES = cases(1200)
PATIENCE = 120.0
READERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "detections": (read_detections, oracle.read_detections),
    "ground_truth": (read_ground_truth, oracle.read_ground_truth),
}
KINDS = list(READERS)


def plain_document(kind: str, seed: int) -> bytes:
    """A document of which every byte is used: no unknown keys."""
    text: str = getattr(Writer(seed, plain=True), kind)(2)
    return text.encode("utf-8", "surrogatepass")


def accepted(read: Callable[[], Any]) -> Any:
    """The bits of what was read, or None if it was refused in the one way that is allowed."""
    try:
        return bits(read())
    except ValueError:
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_cut_off_anywhere_is_refused(kind: str) -> None:
    read = READERS[kind][0]
    text = plain_document(kind, 4).strip()
    for size in range(len(text)):
        with pytest.raises(ValueError, match="text ends at byte" if size else "."):
            read(text[:size], num_threads=1)


@pytest.mark.parametrize("compress", ["gzip", "zstandard"])
def test_a_compressed_file_cut_off_anywhere_is_refused(compress: str) -> None:
    packers = {"gzip": gzip.compress}
    if compress == "zstandard":
        packers[compress] = pytest.importorskip("zstandard").ZstdCompressor().compress
    packed = packers[compress](plain_document("detections", 4))
    for size in range(4, len(packed)):
        with pytest.raises(ValueError, match=r"^detections"):
            read_detections(packed[:size], num_threads=1)
    for position in range(4, len(packed), 3):
        damaged = bytearray(packed)
        damaged[position] ^= 1 << position % 8
        accepted(lambda: read_detections(damaged, num_threads=1))  # noqa: B023  (called at once)


def changed(random: Random, text: bytes) -> bytes:
    """One change in one place, of ASCII alone: what is no UTF-8 has a test of its own."""
    at = random.randrange(len(text))
    new = random.choice(b'{}[]",:\\ 0123456789.eE+-aINtfnu\n\x00\x1f')
    kind = random.randrange(4)
    if kind == 0:
        return text[:at] + bytes([new]) + text[at + 1 :]
    if kind == 1:
        return text[:at] + bytes([new]) + text[at:]
    if kind == 2:
        return text[:at] + text[at + random.randint(1, 3) :]
    return text[:at] + text[at : at + 5] + text[at:]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_used_is_accepted_exactly_where_json_accepts_it(kind: str) -> None:
    read, define = READERS[kind]
    random = Random(8)
    for seed in range(CHANGES):
        original = plain_document(kind, seed)
        for _ in range(cases(20)):
            text = changed(random, original)
            expected = accepted(lambda: define(text, FIELDS))  # noqa: B023  (called at once)
            found = accepted(lambda: read(text, num_threads=1))  # noqa: B023
            if found != expected:
                assert expected is None, text
                assert skips_a_value(text), text


USED = {
    *(
        "images",
        "annotations",
        "categories",
        "id",
        "height",
        "width",
        "name",
        "image_id",
        "category_id",
        "bbox",
        "area",
    ),
    *("neg_category_ids", "not_exhaustive_category_ids", "frequency"),
    *("iscrowd", "ignore", "segmentation", "keypoints", "num_keypoints", "score", "size", "counts"),
}


def skips_a_value(text: bytes) -> bool:
    """Whether a key is unknown, or a value is none of those that its field looks at: neither is looked into."""
    for key in re.findall(rb'("(?:[^"\\\\]|\\\\.)*")\s*:', text):
        try:
            if json.loads(key, strict=False) not in USED:
                return True
        except ValueError:
            return True
    return re.search(rb'"(id|name|height|width|frequency)"\s*:\s*[^\d"-]', text) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_random_bytes_do_no_harm(kind: str) -> None:
    read = READERS[kind][0]
    random = Random(9)
    for seed in range(CHANGES):
        text = bytearray(plain_document(kind, seed))
        for _ in range(cases(20)):
            damaged = bytearray(text)
            for _ in range(random.randint(1, 8)):
                damaged[random.randrange(len(damaged))] = random.randrange(256)
            one = accepted(lambda: read(damaged, num_threads=1))  # noqa: B023  (called at once)
            assert accepted(lambda: read(io.BytesIO(damaged), num_threads=1)) == one  # noqa: B023


def test_nesting_costs_no_stack() -> None:
    deep = b"[" * 10**6 + b"]" * 10**6
    record = b'[{"image_id":1,"category_id":1,"score":1,"x":' + deep + b"}]"
    assert len(read_detections(record)) == 1
    assert len(read_ground_truth(b'{"x":' + deep + b',"images":[],"categories":[]}')) == 0
    for field in (b"bbox", b"segmentation", b"keypoints", b"score", b"image_id"):
        with pytest.raises(ValueError, match=field.decode()):
            read_detections(record.replace(b'"x"', b'"' + field + b'"'))


# ---- what files claim ---------------------------------------------------------------------------------------------

TRUTH = {"images": [{"id": 1, "height": 10, "width": 10}], "categories": [{"id": 1}]}


def evaluated(size: list[int], counts: Any, image: dict[str, Any] | None = None) -> Any:
    mask = {"size": size, "counts": counts}
    record = {"image_id": 1, "category_id": 1, "segmentation": mask if counts is not None else [[0, 0, 9, 0, 9, 9]]}
    truth = {**TRUTH, "annotations": [{**record, "id": 1}]}
    if image:
        truth["images"] = [{"id": 1, **image}]
    found = [{**record, "score": 0.5}]
    return metrix.evaluate_detections(json.dumps(truth).encode(), json.dumps(found).encode(), iou_type="segm")


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        ([2**32 - 1, 2**32 - 1], [0, 5]),
        ([2**32 - 1, 2**32 - 1], "PPYo1"),
        ([100_000, 100_000], [10, 2**32 - 1, 2**32 - 1]),
        ([10, 10], [2**32 - 1] * 50),
        ([0, 0], [0, 2**32 - 1]),
        ([1, 2**32 - 1], [2**31, 2**31 - 1]),
        ([2**31, 2], [0, 2**32 - 1, 1]),
    ],
)
def test_masks_that_claim_much_take_little(size: list[int], counts: Any) -> None:
    """Numbers as the reference, or a refusal that names the mask; never the pixels themselves."""
    try:
        assert evaluated(size, counts).stats
    except ValueError as error:
        assert "detections[0]" in str(error) or "annotations[0]" in str(error)  # noqa: PT017


@pytest.mark.parametrize("side", [2**32, 10**12, 2**63 - 1])
def test_images_that_claim_much_are_refused_where_polygons_need_them(side: int) -> None:
    with pytest.raises(ValueError, match=r"\[0\]\.segmentation: polygons need the height and width of image 1"):
        evaluated([0, 0], None, {"height": side, "width": 10})
    with pytest.raises(ValueError, match=r"\[0\]"):
        evaluated([0, 0], None, {"height": 2**32 - 1, "width": 2**32 - 1})


#: Under the address sanitizer a process takes terabytes of addresses, and an allocation that fails ends it.
LIMITABLE = sys.platform == "linux" and "asan" not in os.environ.get("LD_PRELOAD", "")

BOUNDED = """
import gzip, io, resource, sys
import metrix
MEGABYTE = 1 << 20
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 100 * MEGABYTE,) * 2)
class Repeated(io.RawIOBase):
    def __init__(self, start, piece, megabytes):
        self.blocks = [start] + [piece * (MEGABYTE // len(piece))] * megabytes
    def readinto(self, buffer):
        if not self.blocks:
            return 0
        part, rest = self.blocks[0][: len(buffer)], self.blocks[0][len(buffer) :]
        self.blocks[:1] = [rest] if rest else []
        buffer[: len(part)] = part
        return len(part)
def attempt(name, read):
    try:
        read()
        print(name, "read")
    except (ValueError, MemoryError) as error:
        print(name, type(error).__name__)
detections, ground_truth = metrix.records.read_detections, metrix.records.read_ground_truth
one = {"num_threads": 1}
# Far more text than memory: skipped as it comes.
attempt("spaces", lambda: detections(Repeated(b"[", b" ", 128), **one))
attempt("skipped", lambda: ground_truth(Repeated(b'{"x":[1', b',{"a":[1,2,3],"b":1}' + b" " * 107, 128), **one))
# One value that has no end cannot be skipped before it is whole.
attempt("string", lambda: detections(Repeated(b'[{"x":"', b"a", 128), **one))
# Some kilobytes that unfold to far more than the limit, a window at a time.
bomb = gzip.compress(b"[") + gzip.compress(b" " * (16 * MEGABYTE)) * 8 + gzip.compress(b"]")
attempt("bomb", lambda: detections(bomb, **one))
attempt("alive", lambda: detections(b"[]"))
"""


@thorough
@pytest.mark.skipif(not LIMITABLE, reason="the memory of a process cannot be limited here")
def test_memory_stays_bounded() -> None:
    done = subprocess.run([sys.executable, "-c", BOUNDED], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    told = dict(line.split() for line in done.stdout.splitlines())
    assert told.pop("string") in ("ValueError", "MemoryError")
    assert told == {"spaces": "ValueError", "skipped": "ValueError", "bomb": "read", "alive": "read"}


@pytest.mark.skipif(not LIMITABLE, reason="an allocation must be allowed to fail")
def test_a_file_that_is_mostly_a_hole(tmp_path: Path) -> None:
    """The size of a file is a hint alone: nothing is reserved for what is not there."""
    record = b'{"image_id":1,"category_id":1,"score":1},'
    with (tmp_path / "sparse.json").open("wb") as file:
        file.write(b"[" + record * 20_000)
        file.truncate(1 << 40)
    for num_threads in (1, 2):
        with pytest.raises(ValueError, match=r"^detections\[20000\]: expected an object"):
            read_detections(tmp_path / "sparse.json", num_threads=num_threads)


@pytest.mark.parametrize("space", ["", "\n", " \n\t "])
@pytest.mark.parametrize("threads", [1, 2])
def test_space_behind_a_text_that_ends_too_soon_changes_no_message(space: str, threads: int) -> None:
    text = '[{"image_id":1,"category_id":1,"score":0.5}, {"image_id":1,"category_id":1,"score":0.5}' + space
    with pytest.raises(ValueError, match=rf"^detections: expected '\]' \(the text ends at byte {len(text)}\)$"):
        read_detections(text.encode(), num_threads=threads)
