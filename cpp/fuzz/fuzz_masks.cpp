// Masks: strings, run lengths, pixels and outlines. Whatever is accepted must come back the same by any way.
//
// The first byte of the input chooses what the rest is, the next two are height and width.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/check.hpp"
#include "kernels/masks.hpp"
#include "kernels/masks/boundary.hpp"
#include "kernels/masks/polygons.hpp"
#include "support/error.hpp"

namespace metrix::fuzz {
namespace {

using Counts = std::vector<std::uint32_t>;
using masks::MaskKind;

template <class T>
std::vector<T> values_of(View1<const std::uint8_t> bytes) {
    std::vector<T> values(bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
    return values;
}

void check_runs(const masks::RunLengths& mask);

// The boundary against the number of foreground pixels in each square.
void check_boundary(const masks::RunLengths& mask, const std::vector<std::uint8_t>& pixels, std::uint32_t distance) {
    masks::Scratch scratch;
    masks::RunLengths boundary;
    check(masks::boundary(mask, distance, scratch, boundary) == nullptr, "what has pixels has a boundary");
    std::vector<std::uint8_t> found(pixels.size());
    found.reserve(1);
    check(masks::decode(boundary, found) == nullptr, "a boundary has pixels");
    const std::int64_t height = mask.height;
    const std::int64_t width = mask.width;
    const std::int64_t reach = distance;
    std::vector<std::uint32_t> sums(static_cast<std::size_t>((height + 1) * (width + 1)));  // of all above and left
    const auto sum = [&](std::int64_t x, std::int64_t y) -> std::uint32_t& {
        return sums[static_cast<std::size_t>(x * (height + 1) + y)];
    };
    for (std::int64_t x = 0; x < width; ++x) {
        for (std::int64_t y = 0; y < height; ++y) {
            const std::uint32_t pixel = pixels[static_cast<std::size_t>(x * height + y)];
            sum(x + 1, y + 1) = pixel + sum(x, y + 1) + sum(x + 1, y) - sum(x, y);
        }
    }
    for (std::int64_t x = 0; x < width; ++x) {
        for (std::int64_t y = 0; y < height; ++y) {
            const auto at = static_cast<std::size_t>(x * height + y);
            const bool is_inside = x >= reach && y >= reach && x + reach < width && y + reach < height &&
                                   sum(x + reach + 1, y + reach + 1) - sum(x - reach, y + reach + 1) -
                                           sum(x + reach + 1, y - reach) + sum(x - reach, y - reach) ==
                                       (2 * distance + 1) * (2 * distance + 1);
            check(found[at] == (pixels[at] != 0 && !is_inside), "a boundary is what no square of foreground surrounds");
        }
    }
}

// The IoU of boundaries that are never made, against that of those that are.
void check_boundary_iou(const masks::ReadyMask& a, const masks::ReadyMask& b, std::uint32_t distance) {
    masks::Scratch scratch;
    std::array<masks::RunLengths, 2> boundaries;
    std::array<std::vector<std::uint8_t>, 2> pixels;
    std::array<masks::ReadyBoundary, 2> ready;
    for (std::size_t i = 0; i < 2; ++i) {
        const masks::ReadyMask& mask = i == 0 ? a : b;
        const masks::RunLengths runs = masks::expand(*mask.column, mask.index, scratch);
        if (masks::boundary(runs, distance, scratch, boundaries[i]) != nullptr) return;
        ready[i] = masks::make_boundary(mask, distance, scratch, "masks");
        check(ready[i].area == masks::area(boundaries[i].counts), "both ways give the boundary the same area");
        pixels[i].resize(std::size_t{mask.height} * mask.width + 1);
        pixels[i].pop_back();
        check(masks::decode(boundaries[i], pixels[i]) == nullptr, "a boundary has pixels");
    }
    if (a.height != b.height || a.width != b.width) return;
    std::uint64_t shared = 0;
    for (std::size_t i = 0; i < pixels[0].size(); ++i) shared += pixels[0][i] & pixels[1][i];
    const double whole = static_cast<double>(ready[0].area + std::uint64_t{ready[1].area} - shared);
    const double expected = shared == 0 ? 0 : static_cast<double>(shared) / whole;
    check(masks::boundary_iou(a, ready[0], b, ready[1], distance, scratch) == expected,
          "both ways give the same boundary IoU");
}

void try_string(View1<const std::uint8_t> bytes, std::uint32_t height, std::uint32_t width) {
    masks::Scratch scratch;
    View1<const std::uint32_t> counts;
    const View1<const char> text{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    if (masks::from_string(text, scratch, counts) != nullptr) return;
    check(counts.size() <= text.size(), "a number has a character");
    std::string written;
    masks::to_string(counts, written);
    View1<const std::uint32_t> again;
    check(masks::from_string({written.data(), written.size()}, scratch, again) == nullptr, "what was written is read");
    check(std::equal(counts.begin(), counts.end(), again.begin(), again.end()), "a string keeps its run lengths");
    check_runs({height, width, counts});
}

// Pixels and back; area and box against a count of pixels.
void check_runs(const masks::RunLengths& mask) {
    std::vector<std::uint8_t> pixels(std::size_t{mask.height} * mask.width);
    pixels.reserve(1);  // arrays of NumPy have an address even if they are empty
    std::string text;
    masks::to_string(mask.counts, text);
    masks::Box box{};
    const bool has_box = masks::to_box(mask, box) == nullptr;
    const std::uint32_t area = masks::area(mask.counts);
    if (masks::decode(mask, pixels) != nullptr) return;
    const std::uint64_t total = std::accumulate(mask.counts.begin(), mask.counts.end(), std::uint64_t{0});
    if (total != pixels.size()) return;
    check(area == std::accumulate(pixels.begin(), pixels.end(), 0U), "the area is the number of pixels");
    check(has_box || mask.height == 0, "a mask has a box");

    masks::Scratch scratch;
    const auto height = static_cast<Index>(mask.height);
    const masks::Pixels columns{pixels.data(), height, static_cast<Index>(mask.width), 1, 1, height, 0};
    const masks::RunLengths encoded = masks::encode(columns, 0, scratch);
    std::vector<std::uint8_t> again(pixels.size());
    again.reserve(1);
    check(masks::decode(encoded, again) == nullptr && again == pixels, "encoding keeps the pixels");
    check(masks::area(encoded.counts) == area, "encoding keeps the area");

    // The same pixels row by row are other memory but the same mask.
    std::vector<std::uint8_t> by_row(pixels.size());
    for (std::size_t i = 0; i < pixels.size(); ++i) {
        by_row[i % mask.height * mask.width + i / mask.height] = pixels[i];
    }
    const auto width = static_cast<Index>(mask.width);
    const masks::RunLengths of_rows = masks::encode({by_row.data(), height, width, 1, width, 1, 0}, 0, scratch);
    check(std::equal(encoded.counts.begin(), encoded.counts.end(), of_rows.counts.begin(), of_rows.counts.end()),
          "encoding does not depend on the memory order");
    for (const std::uint32_t distance : {1U, 2U, 9U}) check_boundary(mask, pixels, distance);
}

void try_polygon(View1<const std::uint8_t> bytes, std::uint32_t height, std::uint32_t width) {
    const auto coordinates = values_of<double>(bytes);
    masks::Scratch scratch;
    masks::RunLengths mask;
    const masks::Problem problem = masks::from_polygon(coordinates, height, width, scratch, mask);
    const masks::Outline outline{reinterpret_cast<const std::byte*>(coordinates.data()), coordinates.size(), false};
    const masks::ColumnSpans* spans = nullptr;
    std::uint32_t area = 0;
    masks::Box box{};
    const masks::Problem span_problem = masks::rasterise_spans({&outline, 1}, height, width, scratch, spans, area, box);
    if (problem != nullptr) return;
    check(span_problem == nullptr, "an outline that has run lengths has spans");
    if (width > 0 && !mask.counts.empty()) {
        const std::uint64_t total = std::accumulate(mask.counts.begin(), mask.counts.end(), std::uint64_t{0});
        check(total == std::uint64_t{height} * width, "the runs of an outline fill the canvas");
        check_runs(mask);
    }
    if (spans == nullptr) return;
    check(area == masks::area(mask.counts), "spans and runs have the same area");
    masks::Box box_of_runs{};
    if (area != 0 && masks::to_box(mask, box_of_runs) == nullptr) {
        check(box == box_of_runs, "spans and runs have the same box");
    }
}

// A column of masks whose kinds, sizes and contents the input chooses: a length, a kind, and that many bytes, again and
// again. Polygons get their lengths from here, so that they are not refused at once.
struct Column {
    std::vector<std::uint8_t> kind;
    std::vector<std::uint64_t> offset{0};
    std::vector<std::byte> payload;
    std::vector<std::uint32_t> height, width;

    void append(const void* data, std::size_t size) {
        const auto* const begin = static_cast<const std::byte*>(data);
        payload.insert(payload.end(), begin, begin + size);
    }
    [[nodiscard]] masks::MaskColumn view() const { return {kind, offset, payload, height, width}; }
};

Column column_of(View1<const std::uint8_t> bytes, std::uint32_t height, std::uint32_t width) {
    Column column;
    while (bytes.size() >= 2 && column.kind.size() < 6) {
        const std::size_t size = std::min<std::size_t>(bytes[0] % 128, bytes.size() - 2);
        const unsigned kind = bytes[1] % 5;
        const auto content = bytes.subspan(2, size);
        if (kind == static_cast<unsigned>(MaskKind::polygons) && (bytes[1] & 64) == 0) {
            // Coordinates as bytes are on the canvas, mostly; halves meet the rounding.
            std::vector<double> coordinates;
            for (const std::uint8_t byte : content) coordinates.push_back(byte * 0.5 - 20);
            const std::uint64_t length = coordinates.size();
            column.append(&length, sizeof length);
            column.append(coordinates.data(), coordinates.size() * sizeof(double));
        } else if (kind == static_cast<unsigned>(MaskKind::counts) && (bytes[1] & 64) == 0) {
            Counts counts(content.begin(), content.end());
            std::uint64_t total = std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
            while (total > std::uint64_t{height} * width && !counts.empty()) {
                total -= counts.back();
                counts.pop_back();
            }
            counts.push_back(static_cast<std::uint32_t>(std::uint64_t{height} * width - total));
            column.append(counts.data(), counts.size() * sizeof(std::uint32_t));
        } else {
            column.append(content.data(), content.size());
        }
        column.kind.push_back(static_cast<std::uint8_t>(kind));
        column.offset.push_back(column.payload.size());
        column.height.push_back(height);
        column.width.push_back((bytes[1] & 32) == 0 ? width : width + 1);
        bytes = bytes.subspan(2 + size);
    }
    return column;
}

// Runs work() and tells whether it went through without an Error.
template <class Work>
bool succeeds(Work&& work) {
    try {
        work();
        return true;
    } catch (const Error&) {
        return false;
    }
}

void try_column(View1<const std::uint8_t> bytes, std::uint32_t height, std::uint32_t width) {
    const Column column = column_of(bytes, height, width);
    const masks::MaskColumn view = column.view();
    const std::size_t count = column.kind.size();
    if (count == 0) return;
    const auto rows = static_cast<Index>(count);
    std::vector<std::uint8_t> crowd(count);
    for (std::size_t i = 0; i < count; ++i) crowd[i] = i % 2;

    std::vector<std::uint32_t> areas(count);
    std::vector<double> boxes(4 * count);
    const bool has_areas = succeeds([&] { masks::area(view, 1, areas); });
    const bool has_boxes = succeeds([&] { masks::to_boxes(view, 1, {boxes.data(), rows, 4}); });
    std::vector<double> all_pairs(count * count);
    const bool has_pairs = succeeds([&] { masks::iou(view, view, crowd, 1, {all_pairs.data(), rows, rows}); });

    masks::Scratch scratch;
    std::vector<masks::ReadyMask> ready(count);
    const bool is_ready = succeeds([&] {
        for (std::size_t i = 0; i < count; ++i) ready[i] = masks::make_ready(view, static_cast<Index>(i), scratch);
    });
    if (!is_ready) {
        check(!has_pairs || !has_areas || !has_boxes, "what cannot be made ready is refused elsewhere");
        return;
    }
    check(has_areas, "what is made ready has an area");
    for (const std::uint32_t distance : {1U, 5U}) {
        for (std::size_t i = 0; i < count; ++i) check_boundary_iou(ready[i], ready[count - 1 - i], distance);
    }
    for (std::size_t i = 0; i < count; ++i) check(ready[i].area == areas[i], "both ways give the same area");
    masks::Scratch work;
    for (const double floor : {0.0, 0.5}) {
        std::vector<double> overlaps(count * count);
        const bool has_overlaps =
            succeeds([&] { masks::overlap(ready, ready, crowd, floor, {overlaps.data(), rows, rows}, work); });
        if (floor > 0) {
            for (std::size_t i = 0; has_pairs && has_overlaps && i < overlaps.size(); ++i) {
                const bool below = all_pairs[i] < floor && overlaps[i] < floor;
                check(below || std::bit_cast<std::uint64_t>(overlaps[i]) == std::bit_cast<std::uint64_t>(all_pairs[i]),
                      "an overlap is exact from the floor on");
            }
            continue;
        }
        check(has_overlaps == has_pairs, "both ways refuse the same pairs");
        if (has_pairs) {
            check(std::memcmp(overlaps.data(), all_pairs.data(), overlaps.size() * sizeof(double)) == 0,
                  "both ways give the same overlaps");
        }
    }
}

}  // namespace
}  // namespace metrix::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metrix;
    if (size < 3) return 0;
    const View1<const std::uint8_t> rest{data + 3, size - 3};
    const std::uint32_t height = data[1];
    const std::uint32_t width = data[2];
    switch (data[0] % 4) {
        case 0:
            fuzz::try_string(rest, height, width);
            break;
        case 1:
            fuzz::check_runs({height, width, fuzz::values_of<std::uint32_t>(rest)});
            break;
        case 2:
            fuzz::try_polygon(rest, height, width);
            break;
        default:
            fuzz::try_column(rest, height, width);
    }
    return 0;
}
