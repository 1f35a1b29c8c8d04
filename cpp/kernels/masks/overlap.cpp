// Overlaps of ready masks: what is certain from areas and boxes first, spans or bits next, run lengths only where
// nothing else tells what the reference gives.
#include <algorithm>
#include <string>

#include "kernels/masks.hpp"
#include "kernels/masks/column_bits.hpp"
#include "kernels/masks/column_spans.hpp"
#include "kernels/masks/run_lengths.hpp"
#include "support/error.hpp"

namespace metrix::masks {
namespace {

// The reference looks at a pair only if its boxes share an area, in doubles.
bool boxes_overlap(const Box& detection, const Box& ground_truth) {
    const double dx = detection[0], dy = detection[1], dw = detection[2], dh = detection[3];
    const double gx = ground_truth[0], gy = ground_truth[1], gw = ground_truth[2], gh = ground_truth[3];
    const double width = std::min(dw + dx, gw + gx) - std::max(dx, gx);
    const double height = std::min(dh + dy, gh + gy) - std::max(dy, gy);
    return width > 0 && height > 0;
}

// Pixels that the boxes of two regular masks share.
std::uint64_t shared_box(const Box& a, const Box& b) {
    const std::uint32_t left = std::max(a[0], b[0]);
    const std::uint32_t right = std::min(a[0] + a[2], b[0] + b[2]);
    const std::uint32_t top = std::max(a[1], b[1]);
    const std::uint32_t bottom = std::min(a[1] + a[3], b[1] + b[3]);
    if (left >= right || top >= bottom) return 0;
    return static_cast<std::uint64_t>(right - left) * (bottom - top);
}

Problem walked_iou(View1<const std::uint32_t> detection, View1<const std::uint32_t> ground_truth, bool crowd,
                   double& iou) {
    std::uint32_t both = 0;
    std::uint32_t either = 0;
    const Problem problem = walk(detection, ground_truth,
                                 [&](std::uint32_t length, bool in_detection, bool in_ground_truth, bool, bool, bool) {
                                     if (in_detection || in_ground_truth) either += length;
                                     if (in_detection && in_ground_truth) both += length;
                                 });
    if (both == 0) {
        either = 1;
    } else if (crowd) {
        either = area(detection);
    }
    iou = static_cast<double>(both) / static_cast<double>(either);
    return problem;
}

double quotient(std::uint64_t shared, const ReadyMask& detection, const ReadyMask& ground_truth, bool crowd) {
    const std::uint64_t whole = crowd ? detection.area : std::uint64_t{detection.area} + ground_truth.area - shared;
    return static_cast<double>(shared) / static_cast<double>(whole);
}

// From spans and bits, if both masks have one of them.
bool shared_pixels(const ReadyMask& a, const ReadyMask& b, std::uint32_t& shared) {
    if (a.spans != nullptr && b.spans != nullptr) {
        shared = intersection(*a.spans, *b.spans);
    } else if (a.bits != nullptr && b.bits != nullptr) {
        shared = intersection(*a.bits, *b.bits);
    } else if (a.spans != nullptr && b.bits != nullptr) {
        shared = intersection(*a.spans, *b.bits);
    } else if (a.bits != nullptr && b.spans != nullptr) {
        shared = intersection(*b.spans, *a.bits);
    } else {
        return false;
    }
    return true;
}

View1<const std::uint32_t> run_lengths(const ReadyMask& mask, Scratch& scratch, const char* name) {
    return mask.spans == nullptr ? mask.counts : expand(*mask.column, mask.index, scratch, name).counts;
}

double pair_iou(const ReadyMask& detection, const ReadyMask& ground_truth, bool crowd, double floor, Scratch& scratch) {
    const bool regular = detection.regular && ground_truth.regular;
    std::uint64_t most_shared = 0;
    if (regular) {
        most_shared = shared_box(detection.box, ground_truth.box);
        if (most_shared == 0) return 0;
    } else if (!boxes_overlap(detection.box, ground_truth.box)) {
        return 0;
    }
    if (detection.height != ground_truth.height || detection.width != ground_truth.width) return -1;
    if (regular) {
        // The quotient grows with what is shared, also once rounded: a bound below the floor settles the pair.
        most_shared = std::min<std::uint64_t>({most_shared, detection.area, ground_truth.area});
        const double bound = quotient(most_shared, detection, ground_truth, crowd);
        if (bound < floor) return bound;
        std::uint32_t shared = 0;
        if (shared_pixels(detection, ground_truth, shared)) {
            return shared == 0 ? 0 : quotient(shared, detection, ground_truth, crowd);
        }
    }
    const Arena::Frame frame(scratch.results);
    double iou = 0;
    const View1<const std::uint32_t> detection_runs = run_lengths(detection, scratch, "detections");
    const View1<const std::uint32_t> ground_truth_runs = run_lengths(ground_truth, scratch, "ground_truth");
    if (const Problem problem = walked_iou(detection_runs, ground_truth_runs, crowd, iou)) {
        throw_value_error("detections[" + std::to_string(detection.index) + "]: " + problem + ", ground_truth[" +
                          std::to_string(ground_truth.index) + "]");
    }
    return iou;
}

}  // namespace

void overlap(View1<const ReadyMask> detections, View1<const ReadyMask> ground_truth, View1<const std::uint8_t> crowd,
             double floor, View2<double> iou, Scratch& scratch) {
    for (std::size_t d = 0; d < detections.size(); ++d) {
        double* row = iou.row(static_cast<Index>(d));
        for (std::size_t g = 0; g < ground_truth.size(); ++g) {
            row[g] = pair_iou(detections[d], ground_truth[g], !crowd.empty() && crowd[g] != 0, floor, scratch);
        }
    }
}

}  // namespace metrix::masks
