"""metrix.records: the reader of JSON, the reader of lists and the columns of arrays against json.loads and plain Python."""

from __future__ import annotations

import doctest
import gzip
import io
import itertools
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from documents import Writer
from effort import THOROUGH, cases
from metrix import records
from metrix.records import FIELDS, Detections, GroundTruth, IdColumn, read_detections, read_ground_truth
from oracles import records as oracle
from oracles.records import bits

DOCUMENTS = cases(800)
READERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "detections": (read_detections, oracle.read_detections),
    "ground_truth": (read_ground_truth, oracle.read_ground_truth),
}
KINDS = list(READERS)
RECORD = b'{"image_id":1,"category_id":1,"score":0.5,"bbox":[1,2,3,4]}'
NEEDED = {"image_id": 1, "category_id": 1, "score": 0.5}


def document(kind: str, seed: int, **options: Any) -> bytes:
    text: str = getattr(Writer(seed, **options), kind)(seed % 7)
    return text.encode("utf-8", "surrogatepass")


def test_examples_in_docstrings() -> None:
    assert doctest.testmod(records).failed == 0


# ---- the same columns as by definition ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_text_and_lists_equal_the_definition(kind: str) -> None:
    read, define = READERS[kind]
    for seed in range(DOCUMENTS):
        text = document(kind, seed, text_ids=seed % 4 == 0)
        fields = [field for i, field in enumerate(FIELDS) if seed % 3 == 0 or (seed >> i) & 2]
        expected = bits(define(text, fields))
        threads = 2 if seed % 8 == 0 else 1
        assert bits(read(text, fields=fields, num_threads=threads)) == expected, f"text, seed {seed}"
        assert bits(read(oracle.loads(text), fields=fields)) == expected, f"lists, seed {seed}"


class Dribble(io.RawIOBase):
    """A stream that gives a few bytes at a time and cannot seek."""

    def __init__(self, text: bytes) -> None:
        self.stream = io.BytesIO(text)
        self.sizes = itertools.cycle([1, 2, 3, 17, 100])

    def readinto(self, buffer: Any) -> int:
        part = self.stream.read(min(next(self.sizes), len(buffer)))
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_threads", [1, 2])
def test_all_sources_agree(kind: str, num_threads: int, tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    read = READERS[kind][0]
    text = document(kind, 6, text_ids=True)
    packed = {"json": text, "json.gz": gzip.compress(text), "json.zst": zstandard.ZstdCompressor().compress(text)}
    sources: list[Any] = [bytearray(text), memoryview(text), memoryview(text[::-1])[::-1], io.BytesIO(b"skip" + text)]
    sources[-1].seek(4)
    sources += [Dribble(text), b"\xef\xbb\xbf" + text, gzip.compress(text[:40]) + gzip.compress(text[40:])]
    for suffix, content in packed.items():
        path = tmp_path / f"{kind}.{suffix}"
        path.write_bytes(content)
        misnamed = tmp_path / f"{kind}.{suffix}.txt"
        misnamed.write_bytes(content)
        sources += [path, str(path), misnamed, content, path.open("rb"), path.open("rb", buffering=0)]
    expected = bits(read(oracle.loads(text)))
    for source in sources:
        assert bits(read(source, num_threads=num_threads)) == expected, source
        if isinstance(source, io.IOBase):
            source.close()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_a_path_may_be_a_pipe(compress: Callable[[bytes], bytes], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=(compress(b"[" + RECORD + b"]"),))
    writer.start()
    assert read_detections(tmp_path / "pipe").score.tolist() == [0.5]
    writer.join()


# ---- windows and parts --------------------------------------------------------------------------------------------

#: A multiple of the blocks that one thread reads; half of it is a multiple of the parts that several threads read, and
#: four times of their blocks (kernels/records/array_reader.hpp).
BLOCK = 1 << 19

# What a cut may tear: escapes, numbers, literals, strings and nested values that look like borders between records.
TORN = (
    rb'{"image_id" : "\ud83d\ude00\\\"},{\"" , "category_id": 1234567 ,"x":"},{", "y":[{"a":1},{"b":[]}],"score":-1.25e-3,'
    rb'"bbox":[ -Infinity,NaN,1.7976931348623157e308,0.30000000000000004 ],"keypoints":[1.5,2,0],'
    rb'"segmentation":{"size":[10 ,20],"counts":"abc\u0030\\n"}}'
)


@pytest.mark.parametrize("num_threads", [1, 2])
@pytest.mark.parametrize("where", ["block", "part"])
def test_a_record_may_lie_anywhere_on_a_border(num_threads: int, where: str) -> None:
    records = [TORN.replace(b"1234567", str(i).encode()) for i in range(3)]
    body = b"[" + b" , ".join(records) + b"]"
    expected = bits(oracle.read_detections(body, FIELDS))
    border = BLOCK * (4 if num_threads > 1 else 1) if where == "block" else BLOCK // 2
    shifts = range(0, len(body) + 5, 1 if THOROUGH else 29)
    tail = b" " * (2 * BLOCK)  # so that there are parts at all
    for shift in shifts:
        text = b" " * (border - shift) + body + tail
        assert bits(read_detections(text, num_threads=num_threads)) == expected, f"{shift} bytes before the border"


@pytest.mark.parametrize("kind", KINDS)
def test_threads_and_blocks_change_nothing(kind: str) -> None:
    # Some megabytes of records that look like borders inside, with a long value among them.
    writer = Writer(5)
    rows = [writer.record(truth=kind == "ground_truth") for _ in range(200)] + [TORN.decode().replace('"\\ud', '"\\ud')]
    rows = [row for row in rows if kind == "ground_truth" or "image_id" in row]
    if kind == "detections":
        rows.pop()  # its ids are text
    long = '{"long":"' + "},{" * 300_000 + '",' + rows[0].lstrip()[1:]
    array = "[" + ",\n".join([*rows * 12, long, *rows]) + "]"
    text = array if kind == "detections" else f'{{"images":[],"categories":[],"annotations":{array}}}'
    if kind == "ground_truth":
        text = text.replace(TORN.decode(), rows[0])
    read = READERS[kind][0]
    encoded = text.encode()
    assert len(encoded) > 2 * BLOCK
    expected = bits(read(oracle.loads(encoded)))
    for num_threads in (1, 2, 7):
        assert bits(read(encoded, num_threads=num_threads)) == expected


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ('"image_id":1', '"image_id":"a"', "image_id: expected an integer like the ids before it, got text"),
        ('"image_id":"a"', '"image_id":1', "image_id: expected text like the ids before it, got an integer"),
        (
            '"image_id":1,"keypoints":[1,2,0]',
            '"image_id":1,"keypoints":[1,2,0,3,4,0]',
            "keypoints: expected 1 points like",
        ),
        ('"image_id":1,"keypoints":[1,2,0]', '"image_id":1,"keypoints":[],"x" 5', "keypoints: expected 1 points like"),
        ('"image_id":1', '"category_id":1', "image_id: missing"),
    ],
)
def test_an_error_does_not_depend_on_the_division(first: str, then: str, message: str) -> None:
    """A part that knows nothing of the records before it must complain as one thread does."""
    count = 2 * BLOCK // 64
    record = '{"category_id":1,"score":1,%s}'
    text = "[" + ",".join([record % first] * count + [record % then] * count) + "]"
    errors = set()
    for num_threads in (1, 2, 7):
        with pytest.raises(ValueError, match=rf"^detections\[{count}\]\.{message}.* \(at byte \d+\)$") as caught:
            read_detections(text.encode(), num_threads=num_threads)
        errors.add(str(caught.value))
    assert len(errors) == 1


def test_one_long_value_is_read_in_linear_time() -> None:
    """Counted, not timed: how much is asked of the stream at once must grow with what the window holds."""
    asked = []

    class Counting(io.BytesIO):
        def readinto(self, buffer: Any) -> int:
            asked.append(len(buffer))
            return super().readinto(buffer)

        def seekable(self) -> bool:
            return False

    text = b'[{"x":"' + b"a" * (40 * BLOCK) + b'",' + RECORD[1:] + b"]"
    assert len(read_detections(Counting(text), num_threads=1)) == 1
    assert len(asked) < 20  # more than 40 blocks of the usual size


# ---- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"^detections: expected a list of records that starts with '\[' \(the text ends at byte 0\)"),
        ("{}", r"^detections: expected a list .* \(at byte 0\)"),
        ("[", r"^detections.*\(the text ends at byte 1\)"),
        ("[1]", r"^detections\[0\]: expected an object \(at byte 1\)"),
        ("[[]]", r"^detections\[0\]: expected an object"),
        ("[null]", r"^detections\[0\]: expected an object"),
        ("[R,]", r"^detections\[1\]: expected an object \(at byte 61\)"),
        ("[,R]", r"^detections\[0\]: expected an object \(at byte 1\)"),
        ("[R R]", r"^detections\[1\]: expected ',' or '\]' after a record \(at byte 61\)"),
        ("[R]]", r"^expected the end of the text \(at byte 61\)"),
        ("[R] x", r"^expected the end of the text \(at byte 62\)"),
        ("[R", r"^detections.*\(the text ends at byte 60\)"),
        ("[R,{]", r"^detections\[1\]: expected a key in double quotes"),
        ("[R,{'a':1}]", r"^detections\[1\]: expected a key in double quotes"),
        ('[R,{"a" 1}]', r"^detections\[1\]: expected ':' after a key"),
        ('[R,{"a":}]', r"^detections\[1\]: expected a value"),
        ('[R,{"a":1 "b":2}]', r"^detections\[1\]: expected ',' or '}' in an object"),
        ('[R,{"a":"\\', r"^detections\[1\]: a string has no end"),
        ('[R,{"a":[1', r"^detections\[1\]: an array or object has no end"),
        ("[R,{}]", r"^detections\[1\].image_id: missing \(at byte 63\)"),
        ('[R,{"image_id":1,"score":1}]', r"^detections\[1\].category_id: missing"),
        ('[R,{"image_id":1,"category_id":1}]', r"^detections\[1\].score: missing"),
        ('[R,{"image_id":"x"}]', r"^detections\[1\]"),
        (
            '[R,{"image_id":"x","category_id":1,"score":1}]',
            r"^detections\[1\].image_id: expected an integer like the ids",
        ),
        ('[R,{"image_id":1.5}]', r"^detections\[1\].image_id: expected text or an integer of at most 64 bits"),
        ('[R,{"image_id":9223372036854775808}]', r"^detections\[1\].image_id: expected text or an integer"),
        ('[R,{"image_id":-9223372036854775809}]', r"^detections\[1\].image_id: expected text or an integer"),
        ('[R,{"image_id":true}]', r"^detections\[1\].image_id: expected a number"),
        ('[R,{"image_id":null}]', r"^detections\[1\].image_id: expected a number"),
        ('[R,{"image_id":"\\x"}]', r"^detections\[1\]: unknown escape in a string \(at byte 75\)"),
        ('[R,{"image_id":"\\u12g4"}]', r"^detections\[1\]: expected four hexadecimal digits after \\u"),
        ('[R,{"score":"1"}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":01}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":1.}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":.5}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":+1}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":-}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":1e}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":nan}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":Inf}]', r"^detections\[1\].score: expected a number"),
        ('[R,{"score":0x10}]', r"^detections\[1\]: expected ',' or '}' in an object"),
        ('[R,{"score":1' + "0" * 400 + "}]", r"^detections\[1\].score: the integer is too large for a double"),
        ('[R,{"bbox":[1,2,3]}]', r"^detections\[1\].bbox: expected 4 numbers \[x, y, width, height\], got 3"),
        ('[R,{"bbox":[1,2,3,4,5]}]', r"^detections\[1\].bbox: expected 4 numbers \[x, y, width, height\], got 5"),
        ('[R,{"bbox":[1,2,3,]}]', r"^detections\[1\].bbox: expected a number"),
        ('[R,{"bbox":null}]', r"^detections\[1\].bbox: expected an array"),
        ('[R,{"bbox":[1,2,3,"4"]}]', r"^detections\[1\].bbox: expected a number"),
        ('[R,{"keypoints":[1,2]}]', r"^detections\[1\].keypoints: expected three numbers for each point"),
        ('[R,{"segmentation":1}]', r"^detections\[1\].segmentation: expected a list of polygons or an object"),
        ('[R,{"segmentation":{}}]', r"^detections\[1\].segmentation: expected an object with size and counts"),
        ('[R,{"segmentation":[1]}]', r"^detections\[1\].segmentation: each polygon: expected an array"),
        ('[R,{"segmentation":{"size":[1]}}]', r"^detections\[1\].segmentation.size: expected \[height, width\]"),
        ('[R,{"segmentation":{"size":[-1,2]}}]', r"^detections\[1\].segmentation.size: expected an integer from 0"),
        ('[R,{"segmentation":{"counts":[0.5]}}]', r"^detections\[1\].segmentation.counts: expected an integer from 0"),
        ('[R,{"segmentation":{"counts":[4294967296]}}]', r"^detections\[1\].segmentation.counts: expected an integer"),
    ],
)
def test_malformed_detections(text: str, message: str) -> None:
    text = text.replace("R", RECORD.decode())
    for num_threads in (1, 2):
        with pytest.raises(ValueError, match=message):
            read_detections(text.encode(), num_threads=num_threads)


GROUND = '{"images":[{"id":1}],"categories":[{"id":1}],"annotations":['


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", r"^ground truth: expected an object with images, annotations and categories \(at byte 0\)"),
        ("{}", r"^ground truth: has no 'images'"),
        ('{"images":[]}', r"^ground truth: has no 'categories'"),
        ('{"images":[],}', r"^expected a key in double quotes \(at byte 13\)"),
        ('{"images":[] "a":1}', r"^expected ',' or '}' \(at byte 13\)"),
        ('{"images":{}}', r"^images: expected a list"),
        ('{"images":[{}]}', r"^images\[0\].id: missing"),
        ('{"images":[{"id":1},{"id":"a"}]}', r"^images\[1\].id: expected an integer like the ids before it"),
        ('{"images":[{"id":1,"height":-1}]}', r"^images\[0\].height: expected an integer >= 0"),
        ('{"images":[{"id":1,"width":0.5}]}', r"^images\[0\].width: expected an integer"),
        ('{"categories":[{"name":"a"}]}', r"^categories\[0\].id: missing"),
        ('{"a":[1,2', r"\(the text ends at byte 9\)"),
        ('{"a":"', r"^a string has no end \(the text ends at byte 6\)"),
        (GROUND + "{}]}", r"^annotations\[0\].image_id: missing"),
        (GROUND + '{"image_id":1}]}', r"^annotations\[0\].category_id: missing"),
        (GROUND + '{"image_id":1,"category_id":1},{"image_id":"1"}]}', r"^annotations\[1\]"),
        (GROUND + '{"area":null}]}', r"^annotations\[0\].area: expected a number"),
        (GROUND + '{"iscrowd":"0"}]}', r"^annotations\[0\].iscrowd: expected a number"),
        (GROUND + '{"iscrowd":0.5}]}', r"^annotations\[0\].iscrowd: expected 0 or 1"),
        (GROUND + '{"num_keypoints":1.5}]}', r"^annotations\[0\].num_keypoints: expected an integer"),
        (GROUND + '{"id":01}]}', r"^annotations\[0\]"),
        (GROUND + "]} x", r"^expected the end of the text"),
    ],
)
def test_malformed_ground_truth(text: str, message: str) -> None:
    for num_threads in (1, 2):
        with pytest.raises(ValueError, match=message):
            read_ground_truth(text.encode(), num_threads=num_threads)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_id": None}, "detections[1].image_id: expected text or an integer of at most 64 bits, got None"),
        ({"image_id": "a"}, "detections[1].image_id: expected an integer like the ids before it, got text"),
        ({"image_id": True}, "detections[1].image_id: expected text or an integer of at most 64 bits, got True"),
        ({"category_id": 2**63}, "detections[1].category_id: expected text or an integer of at most 64 bits"),
        ({"score": "1"}, "detections[1].score: expected a number, got '1'"),
        ({"score": 10**400}, "detections[1].score: the integer is too large for a double"),
        ({"score": False}, "detections[1].score: expected a number, got False"),
        ({"bbox": [1, 2, 3]}, "detections[1].bbox: expected 4 numbers [x, y, width, height], got 3"),
        ({"bbox": "1234"}, "detections[1].bbox: expected a list of numbers, got '1234'"),
        ({"bbox": None}, "detections[1].bbox: expected a list of numbers, got None"),
        ({"keypoints": [1, 2]}, "detections[1].keypoints: expected three numbers for each point"),
        ({"segmentation": 5}, "detections[1].segmentation: expected a list of polygons or a dict with size and counts"),
        ({"segmentation": {"size": [1, 2]}}, "detections[1].segmentation: expected a dict with size and counts"),
        ({"segmentation": {"size": [1], "counts": ""}}, "detections[1].segmentation.size: expected [height, width]"),
        (
            {"segmentation": {"size": [1, -2], "counts": ""}},
            "detections[1].segmentation.size: expected an integer from 0",
        ),
        ({"segmentation": {"size": [1, 2], "counts": [-1]}}, "detections[1].segmentation.counts: expected an integer"),
    ],
)
def test_malformed_lists(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_detections([NEEDED, {**NEEDED, **change}])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("field", ["image_id", "category_id", "score"])
def test_lists_without_a_needed_field(field: str) -> None:
    with pytest.raises(ValueError, match=rf"^detections\[1\].{field}: missing"):
        read_detections([NEEDED, {name: value for name, value in NEEDED.items() if name != field}])
    with pytest.raises(ValueError, match=r"^detections\[0\]: expected a dict, got int"):
        read_detections([5])  # type: ignore[list-item]


def test_lists_are_left_as_they_are() -> None:
    text = document("detections", 3)
    given = oracle.loads(text)
    read_detections(given)
    assert repr(given) == repr(oracle.loads(text))


@pytest.mark.parametrize("source", [5, None, {"a": 1}, object()])
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(TypeError, match=r"^detections: expected a path, bytes, a list of dicts"):
        read_detections(source)
    with pytest.raises(TypeError, match=r"^ground_truth: expected a path, bytes, a dict"):
        read_ground_truth([source])  # type: ignore[list-item]


def test_fields_are_checked() -> None:
    with pytest.raises(ValueError, match=r"^fields: expected some of .* got 'boxes'"):
        read_detections(b"[]", fields=["boxes"])


# ---- ids ----------------------------------------------------------------------------------------------------------


def test_text_ids() -> None:
    found = read_detections(
        b'[{"image_id":"b","category_id":"\\u00e9","score":1},{"image_id":"a","category_id":"","score":1}]'
    )
    assert [found.image_id[row] for row in range(2)] == ["b", "a"]
    assert found.image_id.distinct().tolist() == ["a", "b"]
    assert found.category_id.distinct().tolist() == ["", "\u00e9"]
    assert found.image_id.positions_in(np.array(["a", "c"])).tolist() == [-1, 0]
    assert found.image_id.positions_in(np.array([1, 2])).tolist() == [-1, -1]
    assert found.image_id.positions_in(np.array([], dtype=np.str_)).tolist() == [-1, -1]


def test_text_that_is_no_utf8_is_refused_where_it_is_used() -> None:
    with pytest.raises(ValueError, match=r"^detections\[1\].image_id: the text is not UTF-8"):
        read_detections(b'[{"image_id":"a","category_id":1,"score":1},{"image_id":"\xff","category_id":1,"score":1}]')
    with pytest.raises(ValueError, match=r"^categories\[0\].name: the text is not UTF-8"):
        read_ground_truth(b'{"images":[],"categories":[{"id":1,"name":"\xe9"}]}')
    with pytest.raises(ValueError, match=r"^ids: text that ends in a NUL"):
        read_detections(b'[{"image_id":"a\\u0000","category_id":1,"score":1}]')
    assert len(read_detections(b'[{"image_id":1,"category_id":1,"score":1,"note":"\xff"}]')) == 1


def test_annotation_ids_are_equal_as_in_python() -> None:
    written = ["1", "1.0", "true", "0", "false", "-0.0", "2.5", '"x"', "2.5", '"x"', "1e300", "9223372036854775808"]
    rows = ",".join(f'{{"id":{value},"image_id":1,"category_id":1}}' for value in written)
    truth = read_ground_truth((GROUND + rows + "]}").encode())
    values = [json.loads(value) for value in written]
    same = truth.id[:, None] == truth.id
    assert same.tolist() == [[a == b for b in values] for a in values]
    assert (truth.id == 0).tolist() == [value == 0 for value in values]


def test_ids_that_come_twice() -> None:
    truth = read_ground_truth(
        {
            "images": [{"id": 2, "height": 5, "width": 6}, {"id": 1}, {"id": 2, "height": 7, "width": 8}],
            "categories": [{"id": 3, "name": "a"}, {"id": 3, "name": "b"}],
        }
    )
    assert truth.image_ids.tolist() == [1, 2]
    assert truth.image_sizes.tolist() == [[-1, -1], [7, 8]]
    assert truth.category_names == ("b",)
    assert len(truth) == 0


def test_positions_of_scattered_ids(rng: np.random.Generator) -> None:
    for known in (
        np.array([-(2**63), -5, 0, 7, 2**63 - 1]),
        np.arange(-50, 50, 3),
        np.array([4]),
        np.zeros(0, dtype=np.int64),
    ):
        ids = np.concatenate([known, known + 1, rng.integers(-60, 60, 30), [2**63 - 1, -(2**63)]])
        expected = [known.tolist().index(value) if value in known.tolist() else -1 for value in ids.tolist()]
        assert IdColumn(ids).positions_in(known).tolist() == expected


def test_lists_of_many_images_are_joined_from_parts() -> None:
    """Long enough that several threads read parts of the images."""
    images = [
        {"id": i, "file_name": "x" * 100, "neg_category_ids": [i % 7] * (i % 4), "not_exhaustive_category_ids": [i % 5]}
        for i in range(6000)
    ]
    document = {"images": images, "categories": [{"id": 1, "frequency": "r"}], "annotations": []}
    expected = bits(read_ground_truth(document))
    for threads in (1, 2, 7):
        assert bits(read_ground_truth(json.dumps(document).encode(), num_threads=threads)) == expected


# ---- presence of fields -------------------------------------------------------------------------------------------


def test_presence_tells_what_records_had() -> None:
    text = b'[{"image_id":1,"category_id":1,"score":1,"bbox":[ ]},' + RECORD + b"]"
    for fields in ([], ["bbox"]):
        for found in (read_detections(text, fields=fields), read_detections(json.loads(text), fields=fields)):
            assert found.has("bbox").tolist() == [False, True]
            assert not found.has("segmentation").any()
    assert "bbox" in repr(read_detections(text, fields=["bbox"]))
    assert "no boxes" in repr(read_detections(text, fields=[]))


def test_the_last_of_two_equal_keys_wins() -> None:
    found = read_detections(b"[" + RECORD[:-1] + b',"score":0.75,"bbox":[]}]')
    assert found.score.tolist() == [0.75]
    assert np.isnan(found.bbox).all()  # type: ignore[call-overload]
    truth = read_ground_truth(
        b'{"images":[{"id":8}],"categories":[{"id":1,"name":"a","name":null}],'
        b'"images":[{"id":1,"height":5,"width":6,"height":null}],"annotations":[]}'
    )
    assert truth.image_ids.tolist() == [1]
    assert truth.image_sizes.tolist() == [[-1, 6]]
    assert truth.category_names == ("",)


def test_poses_of_no_points_keep_their_rows() -> None:
    found = read_detections(b"[" + RECORD[:-1] + b',"keypoints":[]}]')
    assert found.keypoints is not None
    assert found.keypoints.shape == (1, 0, 2)


# ---- arrays -------------------------------------------------------------------------------------------------------


class OnlyDlpack:
    """What a tensor of another library looks like."""

    def __init__(self, array: Any) -> None:
        self.array = np.ascontiguousarray(array)

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self.array.__dlpack_device__()


class OnDevice(OnlyDlpack):
    """Memory that is not the CPU's."""

    def __dlpack__(self, **options: Any) -> Any:
        raise BufferError("device memory")

    def __dlpack_device__(self) -> Any:
        return (2, 0)


BOXES = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [0.0, 0.0, 1.0, 1.0]]
FORMS: dict[str, Callable[[Any], Any]] = {
    "list": list,
    "array": np.asarray,
    "strided": lambda values: np.repeat(np.asarray(values), 2, axis=0)[::2],
    "reversed": lambda values: np.asarray(values)[::-1].copy()[::-1],
    "fortran": lambda values: np.asfortranarray(values),
    "dlpack": OnlyDlpack,
    "read-only": lambda values: np.frombuffer(np.ascontiguousarray(values).tobytes(), np.asarray(values).dtype).reshape(
        np.shape(values)
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "f2", "i1", "u1", "i4", "u4", "i8", "u8", ">f8", ">i4"])
def test_columns_of_every_type_and_layout(form: str, dtype: str) -> None:
    if form == "dlpack" and dtype.startswith(">"):
        pytest.skip("DLPack knows no byte order")
    make = FORMS[form]
    expected = Detections.from_arrays(image_id=[1, 2, 3], category_id=[0, 1, 0], score=[3, 2, 1], bbox=BOXES)
    given = {
        "image_id": np.array([1, 2, 3], dtype=dtype),
        "category_id": np.array([0, 1, 0], dtype=dtype),
        "score": np.array([3, 2, 1], dtype=dtype),
        "bbox": np.array(BOXES, dtype=dtype),
    }
    made = Detections.from_arrays(**{name: make(values) for name, values in given.items()})
    assert bits(made) == bits(expected)
    assert made.bbox is not None
    assert made.bbox.flags.c_contiguous
    table = np.column_stack([given["image_id"], given["bbox"], given["score"], given["category_id"]]).astype(dtype)
    if form != "list":
        assert bits(read_detections(make(table))) == bits(expected)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"bbox": [1, 2, 3]}, ValueError, r"^bbox: expected shape \(N, 4\), got \(3,\)"),
        ({"bbox": np.zeros((3, 5))}, ValueError, r"^bbox: expected shape \(N, 4\), got \(3, 5\)"),
        ({"bbox": np.zeros((2, 4))}, ValueError, r"^bbox: expected 3 rows like the other columns, got 2"),
        ({"bbox": [[1, 2], [3]]}, ValueError, r"^bbox: expected a rectangular array"),
        ({"bbox": np.zeros((3, 4), dtype=complex)}, TypeError, r"^bbox: expected real numbers, got dtype complex128"),
        ({"bbox": [["a"] * 4] * 3}, TypeError, r"^bbox: expected real numbers"),
        ({"score": [[1, 2, 3]]}, ValueError, r"^score: expected shape \(N,\), got \(1, 3\)"),
        ({"image_id": [1, 2]}, ValueError, r"^image_id: expected 3 rows like the other columns, got 2"),
        ({"image_id": [1, 2.5, 3]}, ValueError, r"^image_id\[1\]: expected a whole number of at most 64 bits"),
        ({"image_id": [1, float("nan"), 3]}, ValueError, r"^image_id\[1\]: expected a whole number"),
        ({"image_id": [1, 2, 1e19]}, ValueError, r"^image_id\[2\]: expected a whole number of at most 64 bits"),
        (
            {"image_id": np.array([1, 2**63, 3], dtype=np.uint64)},
            ValueError,
            r"^image_id\[1\]: expected a whole number",
        ),
        ({"image_id": [1, "a", None]}, (TypeError, ValueError), r"^image_id"),
        ({"category_id": [True, False, True]}, TypeError, r"^category_id: expected integers or text, got dtype bool"),
        ({"keypoints": np.zeros((3, 17))}, ValueError, r"^keypoints: expected shape \(N, M, K\), got \(3, 17\)"),
        ({"keypoints": np.zeros((3, 17, 4))}, ValueError, r"^keypoints: expected shape \(N, K, 2 or 3\), got"),
        ({"segmentation": [[[1, 2, 3, 4]]]}, ValueError, r"^segmentation: expected 3 rows"),
        ({"bbox": OnDevice(BOXES)}, TypeError, r"^bbox: expected an array in CPU memory, got OnDevice"),
    ],
)
def test_wrong_columns(change: dict[str, Any], error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        Detections.from_arrays(**{"image_id": [1, 2, 3], "category_id": [1, 1, 1], "score": [1, 2, 3], **change})


def test_tables_of_seven_columns() -> None:
    table = np.array([[7.9, 1, 2, 3, 4, 0.5, -2.9], [1, 5, 6, 7, 8, float("nan"), 3]])
    found = read_detections(table)
    assert found.image_id.values.tolist() == [7, 1]
    assert found.category_id.values.tolist() == [-2, 3]
    assert bits(found.bbox) == bits(table[:, 1:5].copy())
    assert bits(found.score) == bits(table[:, 5].copy())
    assert len(read_detections(np.zeros((0, 7)))) == 0
    for wrong in (np.zeros((2, 6)), np.zeros(7), np.zeros((1, 2, 7))):
        with pytest.raises(ValueError, match=r"^detections: expected shape \(N, 7\)"):
            read_detections(wrong)
    for bad in (np.nan, np.inf, 1e19):
        with pytest.raises(ValueError, match=r"^detections\[1\]: expected finite ids of at most 64 bits"):
            read_detections(np.where([[False] * 7, [False] * 6 + [True]], bad, table))


def test_ground_truth_of_columns() -> None:
    given: dict[str, Any] = {"image_id": ["b", "a"], "category_id": np.array([3, 3]), "bbox": BOXES[:2]}
    truth = GroundTruth.from_arrays(
        **given, image_ids=["c", "b", "a", "b"], image_sizes=[[1, 2], [3, 4], [5, 6], [7, 8]], iscrowd=[True, False]
    )
    assert truth.image_ids.tolist() == ["a", "b", "c"]
    assert truth.image_sizes.tolist() == [[5, 6], [7, 8], [1, 2]]
    assert truth.id.tolist() == [1, 2]
    assert truth.iscrowd.tolist() == [1, 0]
    assert np.isnan(truth.area).all()
    for change, message in [
        ({"image_sizes": [[1, 2]]}, "^image_sizes: expected image_ids with it"),
        ({"category_names": ["a"]}, "^category_names: expected category_ids with it"),
        ({"category_ids": [1, 2], "category_names": ["a"]}, "^category_names: expected 2 rows"),
        ({"image_ids": ["a"], "image_sizes": [[1, 2, 3]]}, "^image_sizes: expected shape"),
        ({"iscrowd": [0]}, "^iscrowd: expected shape"),
        ({"area": [1, 2, 3]}, "^area: expected 2 rows"),
        ({"id": [1]}, "^id: expected 2 rows"),
        ({"keypoints": np.zeros((2, 17, 2))}, r"^keypoints: expected shape \(N, K, 3\)"),
        ({"num_keypoints": [1, 0.5]}, r"^num_keypoints\[1\]: expected a whole number"),
    ]:
        with pytest.raises(ValueError, match=message):
            GroundTruth.from_arrays(**given, **change)
