"""Decimal text to doubles, through the reader of scores: the very double that float() gives."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from decimal import Context, Decimal
from random import Random

import numpy as np
import pytest

from effort import cases
from metrix.records import read_detections

CASES = cases(80_000)
EXACT = Context(prec=800, Emin=-5000, Emax=5000)


def read(texts: list[str]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The texts as scores, each with another character behind it in turn."""
    behind = ("}", " }", ',"a":0}', "\n}")
    rows = (f'{{"image_id":1,"category_id":1,"score":{text}{behind[i % 4]}' for i, text in enumerate(texts))
    return read_detections(f"[{','.join(rows)}]".encode(), fields=[]).score


def check(texts: list[str]) -> None:
    found = read(texts)
    # An integer literal is an int first, so that -0 has no sign.
    expected = np.array([float(int(text)) if text.lstrip("-").isdigit() else float(text) for text in texts])
    wrong = np.flatnonzero(found.view(np.int64) != expected.view(np.int64))
    assert not len(wrong), [(texts[i], float(found[i]), float(expected[i])) for i in wrong[:5]]


def spellings(number: Decimal) -> Iterator[str]:
    """One number with and without an exponent."""
    if not number:
        return
    yield format(number, "f") if abs(number.adjusted()) < 400 else format(number, "e")
    yield format(number, "e")


def doubles(random: Random, count: int) -> Iterator[float]:
    """Any bits, with the subnormal, the small and the round ones among them."""
    for i in range(count):
        bits = random.getrandbits(64)
        if i % 4 == 1:
            bits &= ~(0x7FF << 52)  # subnormal
        elif i % 4 == 2:
            bits = bits & ~(0x7FF << 52) | random.randint(1000, 1070) << 52  # about 1e-7 to 1e14
        elif i % 4 == 3:
            bits &= ~((1 << random.randint(1, 52)) - 1)  # few bits
        value = struct.unpack("<d", struct.pack("<Q", bits))[0]
        if math.isfinite(value):
            yield value


def test_shortest_and_longer_spellings_of_doubles() -> None:
    random = Random(1)
    texts = []
    for value in doubles(random, CASES):
        texts += [repr(value), f"{value:.16e}", f"{value:.{random.randint(17, 25)}e}"]
    check([text for text in texts if text[-1] != "."])


def test_halfway_between_doubles() -> None:
    """The exact middle, which goes to the even neighbour, and what lies just beside it."""
    texts = []
    for value in doubles(Random(2), CASES // 20):
        above = math.nextafter(value, math.inf)
        if not math.isfinite(above):
            continue
        middle = EXACT.divide(EXACT.add(Decimal(value), Decimal(above)), Decimal(2))
        step = EXACT.scaleb(Decimal(1), middle.adjusted() - 780)
        for number in (middle, EXACT.add(middle, step), EXACT.subtract(middle, step)):
            texts += spellings(number)
        for digits in (17, 18, 19, 20, 21):
            texts += spellings(Context(prec=digits).plus(middle))
    check(texts)


def test_any_number_of_digits_on_both_sides_of_the_point() -> None:
    random = Random(3)
    texts = []
    for whole in range(1, 24):
        for fraction in range(27):
            for first in ("0", "1", "9"):
                if first == "0" and whole > 1:
                    continue
                text = first + "".join(random.choices("0123456789", k=whole - 1))
                if fraction:
                    zeros = random.randint(0, fraction) if random.random() < 0.3 else 0
                    text += "." + "0" * zeros + "".join(random.choices("0123456789", k=fraction - zeros))
                texts += [
                    text,
                    "-" + text,
                    f"{text}{random.choice('eE')}{random.choice(['', '+', '-'])}{random.randint(0, 40)}",
                ]
    check(texts)


def test_every_power_of_ten() -> None:
    texts = []
    for exponent in range(-350, 330):
        for mantissa in (
            "1",
            "9007199254740993",
            "1.7976931348623157",
            "4.9406564584124654",
            "0.000123",
            "18446744073709551615",
        ):
            texts.append(f"{mantissa}e{exponent}")
    check(texts)


@pytest.mark.parametrize(
    "text",
    [
        "0", "-0", "0.0", "-0.0", "0e0", "-0e-0", "0." + "0" * 400, "0e99999999999999999999", "1e-99999999999999999999",
        "1e99999999999999999999", "-1e99999", "0." + "0" * 400 + "1e401", "1" + "0" * 300 + "e-300",
        "1" + "0" * 300 + ".0e-300",
        "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551616", "1" + "0" * 308,
        ("179769313486231570814527423731704356798070567525844996598917476803157260780028538760589558632766878"
        "17154045895351438246423432132688946418276846754670353751698604991057655128207624549009038932894407"
        "58685084551339423045832369032229481658085593321233477977979"),
        "2.4703282292062327e-324", "2.4703282292062328e-324", "2.2250738585072011e-308", "2.2250738585072012e-308",
        "1.7976931348623158e308", "1.7976931348623159e308", "8.5", "0.1", "12345678.9", "1234567.8901234567890",
    ],
)  # fmt: skip
def test_named_numbers(text: str) -> None:
    check([text])


def test_integers_beyond_the_largest_double_are_refused() -> None:
    for text in ("1" + "0" * 309, "-2" + "0" * 308, "9" * 5000):
        with pytest.raises(ValueError, match=r"^detections\[0\]\.score: the integer is too large for a double"):
            read([text])
