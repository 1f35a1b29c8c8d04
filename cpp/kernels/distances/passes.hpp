// The inner loops of the distance transform, once for each instruction set (passes.cpp is compiled for each).
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::distances {

// Places that are worked on side by side.
constexpr Index lanes = 16;

// Numbers of places, as squares: Square is std::int32_t or double.
template <class Square>
struct Passes {
    // One row of a sweep down: how many steps to the last background, at most `most`, from those of the row before.
    void (*down)(const std::uint8_t* mask, std::int32_t* steps, std::int32_t* above, std::int32_t most, Index count);
    // One row of a sweep up: steps to the background below, and squares of the lesser of both. The squares may stand
    // where the steps above did, if they are integers.
    void (*up)(const std::int32_t* above, std::int32_t* steps, std::int32_t most, double spacing, Square* squares,
               Index count);

    // result[p] = min over q of squares[q] + table[p - q], for p and q from 0 to count - 1. The table is symmetric and
    // reaches `lanes` further than the places on either side; squares and result hold a multiple of `lanes`, the former
    // padded with `infinite`, and `lanes` more. `nearest` holds a number for each `lanes` places and one more.
    void (*envelope)(const Square* squares, const Square* table, Index count, double inverse_spacing,
                     std::int32_t* nearest, Square* result);

    // The least of the squares of the distances from a point to others: `count` is a multiple of `lanes`.
    Square (*nearest)(const Square* z, const Square* y, const Square* x, Index count, const Square* point,
                      const double* spacing);

    // Square roots; infinite from `infinite` on.
    void (*roots)(const Square* squares, Square infinite, double* result, Index count);
};

// Those of this machine.
template <class Square>
const Passes<Square>& passes();

}  // namespace metrix::distances
