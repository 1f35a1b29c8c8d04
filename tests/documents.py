"""Random COCO documents as JSON text: any order of keys, any spelling of numbers and strings, unknown keys between."""

from __future__ import annotations

import json
import struct
from random import Random

#: Spellings that go for the corners of number parsing.
NUMBERS = (  # noqa: SIM905  (a list of this length would hide what is in it)
    "0 -0 0.0 -0.0 0e5 -0E-5 1e400 -1e400 1e-400 -1E-400 NaN Infinity -Infinity 5e-324 2.5e-324 2.4703282292062327e-324 "
    "2.2250738585072014e-308 2.2250738585072011e-308 1.7976931348623157e308 1.7976931348623159e308 9007199254740993 "
    "9007199254740993.0 9223372036854775807 9223372036854775808 -9223372036854775809 18446744073709551615 "
    "123456789012345678901234567890 0.1 1E+5 1e05 1E-05 0.000000000000000000000000000001 7205759403792793.5 "
    "100000000000000016777215 1.0 12345678 1234567 0.30000000000000004 1.00000000000000011102230246251565404"
).split()

UNKNOWN = [
    "null", "true", "[]", "{}", '""', '"},{"', '"\\"},{\\""', '[{"a":1},{"b":[2,{"c":"]"}]}]', '{"bbox":[1,2],"score":"x"}',
    "[" * 300 + "]" * 300, '"\\\\"', "-1.5e3", '"r\u00e9 \\ud83d\\ude00"', '{"x" : {"y" : [ ] } }',
]  # fmt: skip

LISTS = ["neg_category_ids", "not_exhaustive_category_ids"]
FREQUENCIES = ['"r"', '"c"', '"\\u0066"', "null", "3", '""']

UNKNOWN_KEYS = [
    "a",
    "",
    "scores",
    "bbox_",
    "bbo",
    "image",
    "image_id2",
    "\u00e9",
    "info",
    "a" * 40,
    "segmentation\\u0000",
]


class Writer:
    """Writes documents as one random generator wants them."""

    def __init__(self, seed: int, *, text_ids: bool = False, plain: bool = False) -> None:
        self.random = Random(seed)
        self.plain = plain  # no unknown keys, nothing twice
        self.image_ids = self.ids(text_ids)
        self.category_ids = self.ids(text_ids and self.random.random() < 0.5)
        self.points = self.random.choice([0, 1, 17])

    def ids(self, text: bool) -> list[str]:
        if not text:
            return [
                str(i) for i in self.random.sample([0, 1, 2, 7, -1, 139, 581781, 2**53 + 1, 2**63 - 1, -(2**62)], 4)
            ]
        names = ["a", "b.jpg", "", "r\u00e9", "\U0001f600", 'q"uote', "tab\t", "1", "a" * 70, "\ud800"]
        return [self.string(name) for name in self.random.sample(names, 4)]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def space(self) -> str:
        return "" if self.chance(0.8) else "".join(self.random.choices(" \n\t\r", k=self.random.randint(1, 3)))

    def string(self, text: str) -> str:
        """In one of its spellings."""
        written = []
        for character in text:
            if ord(character) < 0x10000 and self.chance(0.05):
                written.append(f"\\u{ord(character):04{self.random.choice('xX')}}")
            else:
                written.append(json.dumps(character, ensure_ascii=character == "\ud800" or self.chance(0.5))[1:-1])
        return '"' + "".join(written) + '"'

    def number(self) -> str:
        random = self.random
        kind = random.randrange(8)
        if kind == 0:
            return random.choice(NUMBERS)
        if kind == 1:  # any bits
            return json.dumps(struct.unpack("<d", random.randbytes(8))[0])
        if kind == 2:
            return f"{random.uniform(-1000, 1000):.{random.randint(0, 30)}f}"
        if kind == 3:
            return f"{random.uniform(0, 1):.{random.randint(0, 25)}{random.choice('eE')}}"
        if kind == 4:
            return str(random.randint(-(10 ** random.randint(1, 30)), 10 ** random.randint(1, 30)))
        return json.dumps(random.uniform(0, 640) if kind < 7 else round(random.uniform(0, 640), 2))

    def array(self, items: list[str]) -> str:
        return (
            "["
            + ",".join(self.space() + item + self.space() for item in items)
            + ("]" if items else self.space() + "]")
        )

    def object(self, items: list[tuple[str, str]]) -> str:
        items = list(items)
        if not self.plain:
            for _ in range(self.random.choice([0, 0, 0, 1, 2])):
                items.append((self.random.choice(UNKNOWN_KEYS), self.random.choice(UNKNOWN)))
            self.random.shuffle(items)
            if items and self.chance(0.1):  # the last of two equal keys wins
                items.append(self.random.choice(items))
        written = [
            self.space() + (f'"{key}"' if "\\" in key else self.string(key)) + self.space() + ":" + self.space() + value
            for key, value in items
        ]
        return "{" + self.space() + ",".join(value + self.space() for value in written) + "}"

    def segmentation(self) -> str:
        kind = self.random.randrange(4)
        if kind == 0:
            polygons = [self.array([self.number() for _ in range(self.random.choice([0, 4, 6, 9]))]) for _ in range(2)]
            return self.array(polygons[: self.random.randint(0, 2)])
        runs = [self.random.choice([0, 3, 17, 2**32 - 1]) for _ in range(self.random.randint(0, 5))]
        counts = self.array([str(run) for run in runs])
        if kind > 1:
            counts = self.string("".join(self.random.choices("0123456789:;<=>?@ABCDEFGHIJKLMNO\\^_`abcno", k=12)))
        size = self.array([self.random.choice(["0", "10", "10.0", "4294967295"]), "20"])
        return self.object([("size", size), ("counts", counts)])

    def record(self, *, truth: bool) -> str:
        random = self.random
        items = [("image_id", random.choice(self.image_ids)), ("category_id", random.choice(self.category_ids))]
        optional = {
            "bbox": self.array([self.number() for _ in range(4)]) if self.chance(0.9) else self.array([]),
            "segmentation": self.segmentation(),
            "keypoints": self.array([self.number() for _ in range(3 * self.points)]),
        }
        if truth:
            optional |= {
                "id": random.choice(
                    ["0", "1", str(random.randint(1, 99)), "1.0", "2.5", "true", "false", '"x"', "1e300"]
                ),
                "area": self.number(),
                "iscrowd": random.choice(["0", "1", "true", "false", "-3", "1.0"]),
                "ignore": random.choice(["0", "1"]),
                "num_keypoints": str(random.randint(0, 17)),
            }
        else:
            items.append(("score", self.number()))
        items += [item for item in optional.items() if self.chance(0.8)]
        return self.object(items)

    def categories(self) -> str:
        return self.array(self.random.choices(self.category_ids, k=self.random.randint(0, 3)))

    def detections(self, count: int) -> str:
        return self.space() + self.array([self.record(truth=False) for _ in range(count)]) + self.space()

    def ground_truth(self, count: int) -> str:
        sides = ["480", "0", "1.0", "null"]
        images = [
            self.object(
                [
                    ("id", i),
                    ("height", self.random.choice(sides)),
                    ("width", self.random.choice(sides)),
                    *((name, self.categories()) for name in LISTS if self.chance(0.6)),
                ]
            )
            for i in [*self.image_ids, self.image_ids[0]]
        ]
        names = ['"cat"', '"\u00e9"', "null", '"d\\u006fg"', '"\\ud83d\\ude00"']
        categories = [
            self.object(
                [("id", i), ("name", self.random.choice(names)), ("frequency", self.random.choice(FREQUENCIES))]
            )
            for i in self.category_ids
        ]
        parts = [
            ("images", self.array(images)),
            ("annotations", self.array([self.record(truth=True) for _ in range(count)])),
            ("categories", self.array(categories)),
        ]
        return self.space() + self.object(parts) + self.space()
