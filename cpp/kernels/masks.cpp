// Columns of masks: from records to run lengths, numbers per mask, overlaps of all pairs.
#include "kernels/masks.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/masks/column_bits.hpp"
#include "kernels/masks/column_spans.hpp"
#include "kernels/masks/polygons.hpp"
#include "kernels/masks/run_lengths.hpp"
#include "kernels/masks/string_form.hpp"
#include "support/error.hpp"
#include "support/parallel.hpp"

namespace metrix::masks {
namespace {

[[noreturn]] void refuse(const char* name, Index i, const std::string& problem) {
    throw_value_error(std::string(name) + "[" + std::to_string(i) + "]: " + problem);
}

View1<const std::byte> record(const MaskColumn& masks, Index i) {
    return masks.payload.subspan(masks.offset[i], masks.offset[i + 1] - masks.offset[i]);
}

// The run lengths that a record holds as such or as a string.
View1<const std::uint32_t> read_counts(const MaskColumn& masks, Index i, Arena& arena, const char* name) {
    const View1<const std::byte> bytes = record(masks, i);
    if (static_cast<MaskKind>(masks.kind[i]) == MaskKind::string) {
        const auto room = arena.take<std::uint32_t>(bytes.size());
        const StringRead read = read_string({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, room.data());
        if (read.problem != nullptr) refuse(name, i, read.problem);
        return arena.keep(room, read.count);
    }
    if (bytes.size() % sizeof(std::uint32_t) != 0) refuse(name, i, "its run lengths end within a number");
    const auto counts = arena.take<std::uint32_t>(bytes.size() / sizeof(std::uint32_t));
    if (!counts.empty()) std::memcpy(counts.data(), bytes.data(), bytes.size());
    if constexpr (std::endian::native == std::endian::big) {
        for (std::uint32_t& count : counts) {
            count = count << 24 | (count & 0xFF00U) << 8 | (count >> 8 & 0xFF00U) | count >> 24;
        }
    }
    return counts;
}

View1<const Outline> read_outlines(const MaskColumn& masks, Index i, Arena& arena, const char* name) {
    View1<const std::byte> bytes = record(masks, i);
    const auto outlines = arena.take<Outline>(bytes.size() / sizeof(std::uint64_t));
    std::size_t count = 0;
    bool boxes = false;
    while (!bytes.empty()) {
        std::uint64_t size = 0;
        if (bytes.size() < sizeof size) refuse(name, i, "its polygons are cut off");
        std::memcpy(&size, bytes.data(), sizeof size);
        bytes = bytes.subspan(sizeof size);
        if (size > bytes.size() / sizeof(double)) refuse(name, i, "its polygons are cut off");
        if (count == 0) boxes = size == 4;
        if (boxes && size != 4) {
            refuse(name, i,
                   "its first polygon has 4 numbers and is a box; polygon " + std::to_string(count) + " has " +
                       std::to_string(size));
        }
        outlines[count++] = {bytes.data(), size, boxes};
        bytes = bytes.subspan(size * sizeof(double));
    }
    return arena.keep(outlines, count);
}

RunLengths expand_outlines(const MaskColumn& masks, Index i, Scratch& scratch, const char* name) {
    const Arena::Frame frame(scratch.work);
    const View1<const Outline> outlines = read_outlines(masks, i, scratch.work, name);
    if (outlines.empty()) return {masks.height[i], masks.width[i], {}};
    const auto parts = scratch.work.take<RunLengths>(outlines.size());
    for (std::size_t k = 0; k < outlines.size(); ++k) {
        const Problem problem = rasterise(outlines[k], masks.height[i], masks.width[i], scratch, parts[k]);
        if (problem != nullptr) refuse(name, i, problem);
    }
    RunLengths united;
    Index at_fault = 0;
    if (const Problem problem = merge(parts, false, scratch, united, at_fault)) refuse(name, i, problem);
    return united;
}

}  // namespace

RunLengths expand(const MaskColumn& masks, Index i, Scratch& scratch, const char* name) {
    switch (static_cast<MaskKind>(masks.kind[i])) {
        case MaskKind::none:
            break;
        case MaskKind::string:
        case MaskKind::counts:
            return {masks.height[i], masks.width[i], read_counts(masks, i, scratch.results, name)};
        case MaskKind::polygons:
            return expand_outlines(masks, i, scratch, name);
        default:
            refuse(name, i, "is of no known kind: " + std::to_string(masks.kind[i]));
    }
    return {masks.height[i], masks.width[i], {}};
}

ReadyMask make_ready(const MaskColumn& masks, Index i, Scratch& scratch, const char* name) {
    const Arena::Frame frame(scratch.work);
    ReadyMask ready;
    ready.height = masks.height[i];
    ready.width = masks.width[i];
    ready.column = &masks;
    ready.index = i;
    const auto kind = static_cast<MaskKind>(masks.kind[i]);
    if (kind == MaskKind::polygons) {
        const View1<const Outline> outlines = read_outlines(masks, i, scratch.work, name);
        if (outlines.empty()) return ready;
        const Problem problem =
            rasterise_spans(outlines, ready.height, ready.width, scratch, ready.spans, ready.area, ready.box);
        if (problem != nullptr) refuse(name, i, problem);
        if (ready.spans != nullptr) {
            ready.regular = true;
            return ready;
        }
    }
    RunLengths mask{ready.height, ready.width, {}};
    if (kind == MaskKind::string || kind == MaskKind::counts) {
        mask.counts = read_counts(masks, i, scratch.work, name);
    } else {
        mask = expand(masks, i, scratch, name);
    }
    ready.regular = is_regular(mask);
    if (ready.regular) ready.spans = make_spans(mask, scratch.results, ready.area, ready.box);
    if (ready.spans != nullptr && !is_dense(*ready.spans)) return ready;
    if (ready.spans == nullptr) {
        ready.area = area(mask.counts);
        if (const Problem problem = to_box(mask, ready.box)) refuse(name, i, problem);
    }
    if (ready.regular && ready.area > 0) ready.bits = make_bits(mask, ready.box, scratch.results);
    if (ready.spans != nullptr && ready.bits == nullptr) return ready;
    ready.spans = nullptr;
    const auto counts = scratch.results.take<std::uint32_t>(mask.counts.size());
    std::copy(mask.counts.begin(), mask.counts.end(), counts.begin());
    ready.counts = counts;
    return ready;
}

namespace {

// Masks per item: enough work to be worth handing out, few enough to share evenly.
constexpr Index masks_per_item = 64;

// Calls body(i, scratch) for every mask; the scratch is cleared in between.
template <class Body>
void for_each_mask(Index count, int num_threads, Body body) {
    std::vector<Scratch> scratches(static_cast<std::size_t>(std::max(num_threads, 1)));
    parallel_for((count + masks_per_item - 1) / masks_per_item, num_threads, [&](Index item, int thread) {
        Scratch& scratch = scratches[static_cast<std::size_t>(thread)];
        const Index end = std::min(count, (item + 1) * masks_per_item);
        for (Index i = item * masks_per_item; i < end; ++i) {
            scratch.clear();
            body(i, scratch);
        }
    });
}

}  // namespace

void area(const MaskColumn& masks, int num_threads, View1<std::uint32_t> areas, const char* name) {
    for_each_mask(masks.size(), num_threads,
                  [&](Index i, Scratch& scratch) { areas[i] = area(expand(masks, i, scratch, name).counts); });
}

void to_boxes(const MaskColumn& masks, int num_threads, View2<double> boxes, const char* name) {
    for_each_mask(masks.size(), num_threads, [&](Index i, Scratch& scratch) {
        Box box;
        if (const Problem problem = to_box(expand(masks, i, scratch, name), box)) refuse(name, i, problem);
        std::copy(box.begin(), box.end(), boxes.row(i));
    });
}

void iou(const MaskColumn& detections, const MaskColumn& ground_truth, View1<const std::uint8_t> crowd, int num_threads,
         View2<double> iou) {
    // Tiles bound the memory: at any time one tile of ground truths and, per thread, one of detections is ready.
    constexpr Index ground_truths_per_tile = 256;
    constexpr Index detections_per_item = 16;
    const auto threads = static_cast<std::size_t>(std::max(num_threads, 1));
    std::vector<Scratch> of_ground_truth(threads);
    std::vector<Scratch> of_detections(threads);
    std::vector<ReadyMask> tile;
    for (Index first = 0; first < ground_truth.size(); first += ground_truths_per_tile) {
        const Index count = std::min(ground_truths_per_tile, ground_truth.size() - first);
        for (Scratch& scratch : of_ground_truth) scratch.clear();
        tile.resize(static_cast<std::size_t>(count));
        parallel_for((count + 15) / 16, num_threads, [&](Index item, int thread) {
            for (Index g = 16 * item; g < std::min(count, 16 * item + 16); ++g) {
                tile[g] = make_ready(ground_truth, first + g, of_ground_truth[static_cast<std::size_t>(thread)],
                                     "ground_truth");
            }
        });
        const auto tile_crowd = crowd.empty() ? crowd : crowd.subspan(first, tile.size());
        const Index items = (detections.size() + detections_per_item - 1) / detections_per_item;
        parallel_for(items, num_threads, [&](Index item, int thread) {
            Scratch& scratch = of_detections[static_cast<std::size_t>(thread)];
            const Index end = std::min(detections.size(), (item + 1) * detections_per_item);
            for (Index d = item * detections_per_item; d < end; ++d) {
                scratch.clear();
                const ReadyMask detection = make_ready(detections, d, scratch, "detections");
                View2<double> row{iou.row(d) + first, 1, count};
                overlap({&detection, 1}, tile, tile_crowd, 0, row, scratch);
            }
        });
    }
}

}  // namespace metrix::masks
