// Outlines to masks, with the borders that the reference finds, each by direct computation.
//
// The reference multiplies coordinates by 5, adds 0.5 and cuts to integers: a grid of fifths of pixels. It walks each
// edge point by point along its longer axis, from the smaller coordinate up; the other coordinate is cut(start + slope
// * step
// + 0.5) in doubles. Wherever two neighbouring points step over the middle of pixel column n, from grid column 5n + 2
// to 5n + 3 or back, that column gets a border at row ceil((v - 2) / 5), v being the smaller grid row of the two, kept
// within 0 .. h. A border flips all pixels that follow it, column by column; two borders at one place cancel.
//
// What is done here instead. Edges contribute independently of each other (the grid points of two edges at their common
// vertex can differ only left of the canvas), and an edge steps over each middle once. So for each edge and each pixel
// column between its ends:
//   - an edge that is longer in x visits grid columns 5n + 2 and 5n + 3 at known steps: v takes one evaluation, at the
//     lower of the two ends;
//   - an edge that is longer in y steps over the middle at the first step where the expression above reaches 5n + 3 (or
//     falls below it): that step is estimated by a division and then settled with the very expression, which is
//     monotone, so rounding is the reference's in every case.
// Nothing is done for columns outside of the canvas or for vertical edges, however long. Borders go to buckets, one per
// column, with room for 16 each; only an outline that has more in one column has its borders sorted all together.
//
// An edge that is longer in y can step over two grid columns at once only by rounding, which takes coordinates beyond
// 2^25 fifths; there the reference looks at which of the two points is on its grid column, and so do we.
#pragma once

#include "kernels/masks.hpp"

namespace metrix::masks {

// An outline as it stands in a payload: doubles at any address. A box is x, y, width, height.
struct Outline {
    const std::byte* coordinates = nullptr;
    std::size_t count = 0;  // of coordinates; an odd last one does not count
    bool is_box = false;
};

// The runs of one outline, in scratch.results.
[[nodiscard]] Problem rasterise(const Outline& outline, std::uint32_t height, std::uint32_t width, Scratch& scratch,
                                RunLengths& mask);

// The union of outlines as spans, with its area and box, without run lengths on the way. `spans` stays nullptr, without
// a problem, if some outline does not fit the buckets: then rasterise() is the way.
[[nodiscard]] Problem rasterise_spans(View1<const Outline> outlines, std::uint32_t height, std::uint32_t width,
                                      Scratch& scratch, const ColumnSpans*& spans, std::uint32_t& area, Box& box);

}  // namespace metrix::masks
