// The compressed counts of COCO files.
//
// A run length is written as a signed number, least significant bits first, 5 bits per character: character = 48 +
// bits, plus 32 if more characters follow. The highest bit of the last character is the sign. From the fourth run on
// (index 3), the number is the difference to the run two before, that is to the last run of the same colour.
//
// Reading finds the last characters of 64 at once, so that it depends on where a number ends only through the bits of
// one word: numbers of one and of two characters, which are nearly all, take the same instructions.
#pragma once

#include <cstdint>
#include <string>

#include "kernels/masks.hpp"

namespace metrix::masks {

struct StringRead {
    Problem problem = nullptr;
    std::size_t count = 0;  // numbers written
};

// `counts` has room for one number per character.
[[nodiscard]] StringRead read_string(View1<const char> text, std::uint32_t* counts);

}  // namespace metrix::masks
