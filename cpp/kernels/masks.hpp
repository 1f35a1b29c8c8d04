// Masks: run-length encoded binary images, bit for bit as pycocotools.mask 2.0.11 computes with them.
//
// A mask of h rows and w columns is read column by column (pixel (y, x) stands at x * h + y) and written as the lengths
// of its runs of equal pixels, background first: a mask that starts with foreground starts with a run of length 0.
//
//   area          sum of the foreground runs                            (of odd index; 32 bits, wraps)
//   to_boxes      x, y, width, height of the foreground                 (zeros if there is none)
//   iou           |A n B| / |A u B|, or |A n B| / |A| if B is a crowd   (64-bit quotient of 32-bit counts)
//   merge         runs of the union or the intersection
//   boundary      runs of the pixels near the outside, see masks/boundary.hpp
//   from_polygons runs of the pixels inside an outline, see masks/polygons.hpp
//   to_string, from_string   the compressed counts of COCO files, see masks/string_form.hpp
//
// Two masks are compared by walking their runs side by side in the reference; masks/overlap.hpp does less for masks
// that are *regular* (run lengths that sum to h * w < 2^31, none of them 0 but the first), and the reference's walk for
// others.
//
// What odd input gives. "As the reference" means the same bits, tested; an error is a ValueError that names the mask.
//
//   input                                           answer                                      reference
//   ----------------------------------------------  ------------------------------------------  ----------------------
//   encode: bytes other than 0 and 1                as the reference: a run starts wherever     same
//                                                   the byte changes, 1 -> 2 is a border
//   encode: no pixels (h = 0 or w = 0)              as the reference: one run of length 0       same
//   encode, decode: h * w >= 2^32                   error                                       run lengths wrap
//   decode: runs that sum to more than h * w        error                                       error
//   decode: runs that sum to less                   error                                       uninitialised pixels
//   decode: several masks of different sizes        error                                       the shape of the first
//   area: any run lengths                           as the reference, modulo 2^32               same
//   to_boxes: no foreground run at all              as the reference: zeros                     same
//   to_boxes: foreground runs, all of length 0      as the reference: x = w, y = h, sides       same
//                                                   1 - w and 1 - h modulo 2^32
//   to_boxes: runs beyond the canvas, wrapping      as the reference, modulo 2^32               same
//   to_boxes, iou: h = 0 and a foreground pixel     error                                       division by zero
//   iou: boxes (as to_boxes gives) do not overlap   as the reference: 0, whatever the rest      same
//   iou: sizes differ, boxes overlap                as the reference: -1                        same
//   iou: sizes agree, runs sum to different totals  error                                       endless loop, see below
//   iou, merge: runs of length 0 at the same place  as the reference: the walk ends there       same
//   iou, merge: sums of 2^32, wrapping              as the reference                            same
//   merge: no masks, or of different sizes          as the reference: size 0 x 0, no runs       same
//   merge: one mask                                 as the reference: that mask                 same
//   merge: a mask without runs among several        error                                       reads through null
//   merge: more than h * w + 1 runs                 error                                       writes out of bounds
//   merge: runs that sum to different totals        error                                       endless loop
//   boundary: runs that do not sum to h * w         error                                       uninitialised pixels
//   boundary: runs of length 0 anywhere             as the reference: decoded and encoded       same
//   boundary: no pixels (h = 0 or w = 0)            one run of length 0                         error
//   string: characters outside of 48 .. 111         as the reference: the six low bits of       same
//                                                   the character less 48
//   string: a character 0                           as the reference: the string ends there     same
//   string: ends within a number                    error                                       reads out of bounds
//   string: a number of 8 characters or more        error                                       shifts beyond the width
//   string: a number of 7 characters                its value modulo 2^32, so that every run    same if the number is
//                                                   length survives the way there and back      not negative
//   polygon: fewer than 3 points, an odd number     as the reference: a last lone coordinate    same
//   of coordinates                                  does not count; 0 points give no pixels
//   polygon: NaN, infinity, beyond 2e8 pixels       error                                       integer overflow, or
//                                                                                               gigabytes of memory
//   polygon: h * w >= 2^32                          error                                       the size wraps
//   polygon: a border at or beyond 2^31             error                                       integer overflow
//   polygon: w = 0                                  as the reference: runs beyond the canvas;   same
//                                                   an error beyond 2^24 borders
//   size: negative, not an integer, >= 2^32         error                                       error, or truncated
//
// "Endless loop": if the shorter mask is used up, the reference's walk makes no more progress; where it ends
// nevertheless (both masks used up, or standing on runs of length 0), so does ours, with the same answer.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "kernels/masks/scratch.hpp"
#include "support/view.hpp"

namespace metrix::masks {

// A mask as its run lengths; `counts` belongs to whoever made it, a Scratch as a rule.
struct RunLengths {
    std::uint32_t height = 0;
    std::uint32_t width = 0;
    View1<const std::uint32_t> counts;
};

// x, y, width, height as the reference has them: 32-bit numbers that wrap.
using Box = std::array<std::uint32_t, 4>;

// ---- one mask -------------------------------------------------------------------------------------------------------
// Functions that can refuse their input return what is wrong with it, or nullptr; the caller knows the mask's name.
using Problem = const char*;

// Pixels of several masks of one size, in any layout.
struct Pixels {
    const std::uint8_t* data = nullptr;
    Index height = 0, width = 0, count = 0;
    Index row_stride = 0, column_stride = 0, mask_stride = 0;  // in bytes
};

// The runs of one of the masks. Any memory order is read in its own order; h * w must be below 2^32.
RunLengths encode(const Pixels& pixels, Index mask, Scratch& scratch);

// h * w pixels (0 or 1), column by column.
[[nodiscard]] Problem decode(const RunLengths& mask, View1<std::uint8_t> pixels);

std::uint32_t area(View1<const std::uint32_t> counts);
[[nodiscard]] Problem to_box(const RunLengths& mask, Box& box);

// Union or intersection; the result's counts live in scratch.results. `at_fault` tells which mask a problem is about.
[[nodiscard]] Problem merge(View1<const RunLengths> masks, bool intersect, Scratch& scratch, RunLengths& merged,
                            Index& at_fault);

// One outline x0, y0, x1, y1, ..., or one box x, y, width, height, which is the outline of its corners. The result's
// counts live in scratch.results.
[[nodiscard]] Problem from_polygon(View1<const double> coordinates, std::uint32_t height, std::uint32_t width,
                                   Scratch& scratch, RunLengths& mask);
[[nodiscard]] Problem from_box(View1<const double> box, std::uint32_t height, std::uint32_t width, Scratch& scratch,
                               RunLengths& mask);

// Pixels that the boundary of a mask on such a canvas is wide: dilation_ratio times its diagonal, rounded as Python
// rounds, at least 1. Source: boundary-iou-api 37d2558, mask_to_boundary.
std::uint32_t boundary_distance(std::uint32_t height, std::uint32_t width, double dilation_ratio);

// The foreground that `distance` (at least 1) steps to any of the eight neighbours can lead out of: see
// masks/boundary.hpp. Its counts live in scratch.results.
[[nodiscard]] Problem boundary(const RunLengths& mask, std::uint32_t distance, Scratch& scratch, RunLengths& result);

// The compressed form of COCO files, appended to `text`; and back, into scratch.results.
void to_string(View1<const std::uint32_t> counts, std::string& text);
[[nodiscard]] Problem from_string(View1<const char> text, Scratch& scratch, View1<const std::uint32_t>& counts);

// ---- columns of masks -----------------------------------------------------------------------------------------------
enum class MaskKind : std::uint8_t { none = 0, string = 1, counts = 2, polygons = 3 };

// Masks as record readers keep them. Record i is the bytes [offset[i], offset[i + 1]) of the payload:
//   string    the characters of the compressed counts
//   counts    32-bit run lengths, little-endian
//   polygons  for each outline a 64-bit number of coordinates and that many doubles, all unaligned. If the first
//             outline has 4 numbers, all must have 4 and are boxes x, y, width, height; else each is an outline, of
//             any length.
//   none      nothing: a mask without runs, of area 0
struct MaskColumn {
    View1<const std::uint8_t> kind;
    View1<const std::uint64_t> offset;  // N + 1, into payload
    View1<const std::byte> payload;
    View1<const std::uint32_t> height, width;  // canvas of each mask

    [[nodiscard]] Index size() const { return metrix::ssize(kind); }
};

// Any kind as run lengths, in scratch.results: strings are read, outlines rasterised and united.
// Throws Error "<name>[i]: ..." for what the table above refuses.
RunLengths expand(const MaskColumn& masks, Index i, Scratch& scratch, const char* name = "masks");

// One number or box per mask; the same bits for any number of threads.
void area(const MaskColumn& masks, int num_threads, View1<std::uint32_t> areas, const char* name = "masks");
void to_boxes(const MaskColumn& masks, int num_threads, View2<double> boxes, const char* name = "masks");

// iou(d, g) of every pair; crowd is empty (none is) or says of each ground truth whether it is one.
void iou(const MaskColumn& detections, const MaskColumn& ground_truth, View1<const std::uint8_t> crowd, int num_threads,
         View2<double> iou);

// ---- the cells of an evaluation -------------------------------------------------------------------------------------
struct ColumnSpans;  // masks/column_spans.hpp
struct ColumnBits;   // masks/column_bits.hpp

// A mask made ready for overlaps. It refers to the scratch it was made with, and to its column.
struct ReadyMask {
    std::uint32_t height = 0;
    std::uint32_t width = 0;
    std::uint32_t area = 0;
    Box box{};
    bool regular = false;                 // see the head of this file
    const ColumnSpans* spans = nullptr;   // of a regular mask that is not too tall or too ragged,
    const ColumnBits* bits = nullptr;     // or else the bits, if they are no waste of memory,
    View1<const std::uint32_t> counts{};  // and of a mask without spans the run lengths as well
    const MaskColumn* column = nullptr;   // for the pairs that need the run lengths of others
    Index index = 0;
};

// Cheaper than expand() for what overlap() needs; area and box come with it. Throws like expand().
ReadyMask make_ready(const MaskColumn& masks, Index i, Scratch& scratch, const char* name = "masks");

// iou(d, g) of every pair of one small cell: exact where it is at least `floor`, and any number below `floor`
// elsewhere, so that pairs whose areas and boxes rule out more are not looked at. floor <= 0: always exact. Throws
// Error for the pairs that the table above refuses.
void overlap(View1<const ReadyMask> detections, View1<const ReadyMask> ground_truth, View1<const std::uint8_t> crowd,
             double floor, View2<double> iou, Scratch& scratch);

}  // namespace metrix::masks
