#include "kernels/keypoints.hpp"

#include <algorithm>
#include <limits>

#include "support/sums.hpp"

namespace metrix::keypoints {
namespace {

// Exponents gathered before the exponential is called: they stay in the first cache.
constexpr Index batch = 2048;
// Pairs that one item of the parallel loop covers.
constexpr Index pairs_per_item = 4096;

// exp(-e) <= upper_bound(e) for e >= 0: chords of a convex function lie above it. They meet it at 0, 0.75, 1.75
// and 3.5; the constants are rounded up by far more than the errors of e and of any exponential.
inline double upper_bound(double exponent) {
    const double steep = 1.00001 - 0.7035 * exponent;
    const double middle = 0.6964 - 0.2986 * exponent;
    const double flat = 0.3174 - 0.08204 * exponent;
    const double upper = steep > middle ? steep : middle;
    const double lower = flat > 0.0303 ? flat : 0.0303;
    return lower > upper ? lower : upper;  // upper, if it is NaN
}

// numpy.maximum(0, value): a NaN stays.
inline double excess(double value) {
    return value <= 0 ? 0.0 : value;
}

// What all pairs of a ground truth share. Its keypoints that count lie packed in the scratch.
struct Target {
    Index count = 0;      // keypoints that the mean is over
    bool by_box = false;  // none is visible
    double left = 0, top = 0, right = 0, bottom = 0;
    double scale = 0;  // area + eps
    bool can_bound = false;
};

// The bound holds for exponents >= 0 whose rate has the full precision of a double.
bool set_rates(const double* variances, Index count, double scale, double* __restrict rates) {
    for (Index i = 0; i < count; ++i) rates[i] = 1 / (variances[i] * scale * 2);
    bool can_bound = count > 0;
    for (Index i = 0; i < count; ++i) can_bound &= variances[i] > 0 && rates[i] > 1e-280 && rates[i] < 1e280;
    return can_bound;
}

Target prepare(const double* points, double area, const double* box, View1<const double> variances, Index stride,
               bool bounded, Scratch& scratch) {
    const Index keypoints = ssize(variances);
    std::int64_t* offsets = scratch.offsets.data();
    double* coordinates = scratch.coordinates.data();
    double* packed = scratch.variances.data();
    Target target;
    Index count = 0;
    // Written whether visible or not, and kept if visible: whether a keypoint is visible cannot be predicted.
    for (Index k = 0; k < keypoints; ++k) {
        offsets[count] = k * stride;
        coordinates[2 * count] = points[3 * k];
        coordinates[2 * count + 1] = points[3 * k + 1];
        packed[count] = variances[k];
        count += points[3 * k + 2] > 0 ? 1 : 0;
    }
    if (count == 0) {
        target.by_box = true;
        count = keypoints;
        target.left = box[0] - box[2];
        target.right = box[0] + box[2] * 2;
        target.top = box[1] - box[3];
        target.bottom = box[1] + box[3] * 2;
        std::copy(variances.begin(), variances.end(), packed);
    }
    target.count = count;
    target.scale = area + std::numeric_limits<double>::epsilon();
    if (bounded) target.can_bound = set_rates(packed, count, target.scale, scratch.rates.data());
    return target;
}

void squared_distances(const Target& target, const double* detection, Index stride, Scratch& scratch) {
    double* __restrict squares = scratch.squares.data();
    if (target.by_box) {
        for (Index k = 0; k < target.count; ++k) {
            const double x = detection[k * stride], y = detection[k * stride + 1];
            const double dx = excess(target.left - x) + excess(x - target.right);
            const double dy = excess(target.top - y) + excess(y - target.bottom);
            squares[k] = dx * dx + dy * dy;
        }
        return;
    }
    const double* coordinates = scratch.coordinates.data();
    const std::int64_t* offsets = scratch.offsets.data();
    for (Index i = 0; i < target.count; ++i) {
        const double* point = detection + offsets[i];
        const double dx = point[0] - coordinates[2 * i], dy = point[1] - coordinates[2 * i + 1];
        squares[i] = dx * dx + dy * dy;
    }
}

bool stays_below(double floor, const Target& target, Scratch& scratch) {
    const double* squares = scratch.squares.data();
    const double* rates = scratch.rates.data();
    double* __restrict bounds = scratch.bounds.data();
    for (Index i = 0; i < target.count; ++i) bounds[i] = upper_bound(squares[i] * rates[i]);
    return numpy_sum(bounds, target.count) < floor * static_cast<double>(target.count);
}

void append_exponents(const Target& target, Scratch& scratch, double* similarity) {
    const auto first = ssize(scratch.exponents);
    scratch.exponents.resize(static_cast<std::size_t>(first + target.count));
    const double* squares = scratch.squares.data();
    const double* variances = scratch.variances.data();
    const double scale = target.scale;
    double* __restrict exponents = scratch.exponents.data() + first;
    // Halving by a multiplication is exact, as halving by a division is.
    for (Index i = 0; i < target.count; ++i) exponents[i] = -(squares[i] / variances[i] / scale * 0.5);
    scratch.pending.push_back({similarity, first, target.count});
}

void flush(Exponential exponential, Scratch& scratch) {
    if (!scratch.exponents.empty()) exponential(scratch.exponents.data(), ssize(scratch.exponents));
    for (const auto& pair : scratch.pending) {
        *pair.similarity =
            numpy_sum(scratch.exponents.data() + pair.first, pair.count) / static_cast<double>(pair.count);
    }
    scratch.exponents.clear();
    scratch.pending.clear();
}

}  // namespace

void object_keypoint_similarity_block(const Detections& detections, const GroundTruths& ground_truths,
                                      View1<const double> variances, double floor, Exponential exponential,
                                      Scratch& scratch, double* similarity) {
    const std::size_t keypoints = variances.size();
    if (scratch.squares.size() < keypoints) {
        scratch.offsets.resize(keypoints);
        scratch.coordinates.resize(2 * keypoints);
        for (auto* values : {&scratch.variances, &scratch.rates, &scratch.squares, &scratch.bounds}) {
            values->resize(keypoints);
        }
    }
    scratch.exponents.clear();
    scratch.pending.clear();
    for (Index g = 0; g < ground_truths.count; ++g) {
        const double* box = ground_truths.boxes == nullptr ? nullptr : ground_truths.boxes + 4 * g;
        const Target target = prepare(ground_truths.points[g], ground_truths.areas[g], box, variances,
                                      detections.stride, floor > 0, scratch);
        for (Index d = 0; d < detections.count; ++d) {
            double* const slot = similarity + d * ground_truths.count + g;
            squared_distances(target, detections.points[d], detections.stride, scratch);
            if (target.can_bound && stays_below(floor, target, scratch)) {
                *slot = 0;
                continue;
            }
            append_exponents(target, scratch, slot);
            if (ssize(scratch.exponents) >= batch) flush(exponential, scratch);
        }
    }
    flush(exponential, scratch);
}

void object_keypoint_similarity(const Detections& detections, const GroundTruths& ground_truths,
                                View1<const double> variances, double floor, Exponential exponential, int num_threads,
                                View2<double> similarity) {
    if (similarity.size() == 0) return;
    const Index rows = std::max<Index>(1, pairs_per_item / ground_truths.count);
    const Index items = (detections.count + rows - 1) / rows;
    std::vector<Scratch> scratch(static_cast<std::size_t>(std::min<Index>(num_threads, items)));
    parallel_for(items, num_threads, [&](Index item, int thread) {
        const Index first = item * rows;
        const Detections part{detections.points + first, std::min(rows, detections.count - first), detections.stride};
        object_keypoint_similarity_block(part, ground_truths, variances, floor, exponential, scratch[thread],
                                         similarity.row(first));
    });
}

void paired_object_keypoint_similarity(const Detections& detections, const GroundTruths& ground_truths,
                                       View1<const double> variances, Exponential exponential, int num_threads,
                                       View1<double> similarity) {
    const Index items = (detections.count + pairs_per_item - 1) / pairs_per_item;
    std::vector<Scratch> scratch(static_cast<std::size_t>(std::min<Index>(num_threads, items)));
    parallel_for(items, num_threads, [&](Index item, int thread) {
        const Index last = std::min(detections.count, (item + 1) * pairs_per_item);
        for (Index i = item * pairs_per_item; i < last; ++i) {
            const Detections one{detections.points + i, 1, detections.stride};
            const double* const box = ground_truths.boxes == nullptr ? nullptr : ground_truths.boxes + 4 * i;
            object_keypoint_similarity_block(one, {ground_truths.points + i, ground_truths.areas + i, box, 1},
                                             variances, 0, exponential, scratch[thread], similarity.data() + i);
        }
    });
}

}  // namespace metrix::keypoints
