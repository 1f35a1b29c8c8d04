#include "kernels/masks/boundary.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/masks/column_spans.hpp"
#include "kernels/masks/column_words.hpp"
#include "kernels/masks/erosion.hpp"
#include "kernels/masks/run_lengths.hpp"
#include "kernels/masks/sliding.hpp"
#include "support/error.hpp"

namespace metrix::masks {
namespace {

struct Span {
    std::uint32_t column, start, end;  // rows start .. end - 1
};

// The same pixels without runs of length 0, but perhaps the first.
RunLengths without_empty_runs(const RunLengths& mask, Arena& arena) {
    const auto counts = arena.take<std::uint32_t>(mask.counts.size() + 1);
    std::size_t count = 0;  // the index of a run tells its colour
    counts[0] = 0;
    for (std::size_t i = 0; i < mask.counts.size(); ++i) {
        if (mask.counts[i] == 0) continue;
        if (i % 2 != count % 2) counts[++count] = 0;
        counts[count] += mask.counts[i];
    }
    return {mask.height, mask.width, arena.keep(counts, count + 1)};
}

// The spans of run lengths that fill their canvas and are not empty: ascending, none touching another of its column.
class SpanReader {
  public:
    explicit SpanReader(const RunLengths& mask) : mask_(mask) {}

    bool next(Span& span) {
        if (at_ == end_) {
            if (next_ + 1 >= mask_.counts.size()) return false;
            at_ = end_ + mask_.counts[next_];
            end_ = at_ + mask_.counts[next_ + 1];
            next_ += 2;
        }
        const std::uint32_t column = at_ / mask_.height;
        const std::uint32_t top = column * mask_.height;
        const std::uint32_t stop = std::min(end_, top + mask_.height);
        span = {column, at_ - top, stop - top};
        at_ = stop;
        return true;
    }

  private:
    const RunLengths& mask_;
    std::size_t next_ = 0;
    std::uint32_t at_ = 0;
    std::uint32_t end_ = 0;
};

// Run lengths of spans that come in ascending order.
class RunBuilder {
  public:
    explicit RunBuilder(std::uint32_t height) : height_(height) {}

    void add(std::uint32_t column, std::uint32_t start, std::uint32_t end) {
        const std::uint32_t from = column * height_ + start;
        if (from != end_ || counts_.empty()) {
            counts_.push_back(from - end_);
            counts_.push_back(0);
        }
        counts_.back() += end - start;
        end_ = column * height_ + end;
    }

    RunLengths finish(std::uint32_t width, Arena& arena) {
        const std::uint32_t rest = height_ * width - end_;
        if (rest > 0 || counts_.empty()) counts_.push_back(rest);
        const auto counts = arena.take<std::uint32_t>(counts_.size());
        std::copy(counts_.begin(), counts_.end(), counts.begin());
        return {height_, width, counts};
    }

  private:
    std::uint32_t height_;
    std::uint32_t end_ = 0;  // of the last run
    std::vector<std::uint32_t> counts_;
};

void set_rows(std::uint64_t* column, std::uint32_t start, std::uint32_t end) {
    for_each_word(start, end, [&](std::size_t word, std::uint64_t bits) { column[word] |= bits; });
}

// Strips of some columns as bits, one after the other, so that a mask of any size takes little memory. A strip is
// followed by as many columns as the window needs; they are the first ones of the next strip.
class BoundaryStrips {
  public:
    BoundaryStrips(const RunLengths& mask, const Box& box, std::uint32_t distance)
        : reader_(mask),
          has_span_(reader_.next(span_)),
          box_(box),
          distance_(distance),
          stride_(words_for(box[3])),
          strip_(std::max(std::min(box[2], std::uint32_t{256}), 2 * distance)),
          pixels_((strip_ + 2 * std::size_t{distance}) * stride_),
          shrunk_(pixels_.size()),
          values_(pixels_.size()),
          scratch_(pixels_.size()) {}

    void write(RunBuilder& runs) {
        // Column i of the bits is column first + i of the box.
        for (std::int64_t first = -std::int64_t{distance_}; first + distance_ < box_[2]; first += strip_) {
            if (first >= 0) move_on();
            fill(first + strip_ + 2 * std::int64_t{distance_});
            write_strip(first + distance_, runs);
        }
    }

  private:
    void move_on() {
        for (auto* words : {&pixels_, &shrunk_}) {
            std::copy(words->begin() + static_cast<std::ptrdiff_t>(strip_ * stride_), words->end(), words->begin());
            std::fill(words->end() - static_cast<std::ptrdiff_t>(strip_ * stride_), words->end(), 0);
        }
        filled_from_ += strip_;
    }

    void fill(std::int64_t end) {
        for (; has_span_ && span_.column - box_[0] < end; has_span_ = reader_.next(span_)) {
            const std::size_t at = (span_.column - box_[0] + distance_ - filled_from_) * stride_;
            const std::uint32_t start = span_.start - box_[1];
            const std::uint32_t stop = span_.end - box_[1];
            set_rows(pixels_.data() + at, start, stop);
            if (stop - start > 2 * distance_) set_rows(shrunk_.data() + at, start + distance_, stop - distance_);
        }
    }

    void write_strip(std::int64_t first, RunBuilder& runs) {
        std::copy(shrunk_.begin(), shrunk_.end(), values_.begin());
        const std::uint64_t* const eroded =
            slide(values_.data(), scratch_.data(), values_.size(), stride_, 2 * std::size_t{distance_} + 1,
                  [](std::uint64_t a, std::uint64_t b) { return a & b; });
        std::uint64_t* const boundary = pixels_.data() + distance_ * stride_;
        column_.resize(stride_);
        const auto columns = std::min<std::int64_t>(strip_, box_[2] - first);
        for (std::int64_t i = 0; i < columns; ++i) {
            const std::size_t at = static_cast<std::size_t>(i) * stride_;
            for (std::size_t word = 0; word < stride_; ++word) {
                column_[word] = boundary[at + word] & ~eroded[at + word];
            }
            const auto column = static_cast<std::uint32_t>(box_[0] + first + i);
            for_each_stretch(column_.data(), stride_, [&](std::uint32_t start, std::uint32_t end) {
                runs.add(column, box_[1] + start, box_[1] + end);
                return true;
            });
        }
    }

    SpanReader reader_;
    Span span_{};
    bool has_span_;
    Box box_;
    std::uint32_t distance_;
    std::size_t stride_;  // words of a column
    std::uint32_t strip_;
    std::uint64_t filled_from_ = 0;      // the column of the box, plus distance, that the bits begin with
    std::vector<std::uint64_t> pixels_;  // of the mask
    std::vector<std::uint64_t> shrunk_;  // the same with shorter columns
    std::vector<std::uint64_t> values_;
    std::vector<std::uint64_t> scratch_;
    std::vector<std::uint64_t> column_;
};

}  // namespace

std::uint32_t boundary_distance(std::uint32_t height, std::uint32_t width, double dilation_ratio) {
    const std::uint64_t squares = std::uint64_t{height} * height + std::uint64_t{width} * width;
    const double distance = std::nearbyint(dilation_ratio * std::sqrt(static_cast<double>(squares)));
    // More than the canvas is as good as the canvas.
    constexpr double most = std::numeric_limits<std::int32_t>::max();
    return static_cast<std::uint32_t>(std::clamp(distance, 1.0, most));
}

Problem boundary(const RunLengths& mask, std::uint32_t distance, Scratch& scratch, RunLengths& result) {
    const std::uint64_t size = pixel_count(mask.height, mask.width);
    if (size > std::numeric_limits<std::uint32_t>::max()) return "has 2^32 pixels or more";
    std::uint64_t total = 0;
    for (const std::uint32_t run : mask.counts) total += run;
    if (total != size) return "its runs do not sum to height * width, so that it has no boundary";

    const RunLengths runs = without_empty_runs(mask, scratch.results);
    Box box;
    if (const Problem problem = to_box(runs, box)) return problem;
    if (size == 0 || erodes_to_nothing(box, distance)) {
        result = runs;
        return nullptr;
    }
    RunBuilder boundary(mask.height);
    BoundaryStrips(runs, box, distance).write(boundary);
    result = boundary.finish(mask.width, scratch.results);
    return nullptr;
}

namespace {

View1<const std::uint32_t> boundary_counts(const ReadyMask& mask, std::uint32_t distance, Scratch& scratch,
                                           const char* name) {
    RunLengths result;
    const RunLengths runs = expand(*mask.column, mask.index, scratch, name);
    if (const Problem problem = boundary(runs, distance, scratch, result)) {
        throw_value_error(std::string(name) + "[" + std::to_string(mask.index) + "]: " + problem);
    }
    return result.counts;
}

double quotient(std::uint64_t shared, std::uint64_t area, std::uint64_t other_area) {
    return shared == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(area + other_area - shared);
}

}  // namespace

ReadyBoundary make_boundary(const ReadyMask& mask, std::uint32_t distance, Scratch& scratch, const char* name) {
    if (mask.spans != nullptr) {
        if (erodes_to_nothing(mask.box, distance)) return {mask.area, mask.spans, nullptr, {}};
        const Eroded eroded = erode(*mask.spans, mask.box, distance, scratch);
        if (eroded.spans != nullptr) {
            return {mask.area - eroded.area, mask.spans, eroded.area > 0 ? eroded.spans : nullptr, {}};
        }
    }
    const View1<const std::uint32_t> counts = boundary_counts(mask, distance, scratch, name);
    return {area(counts), nullptr, nullptr, counts};
}

double boundary_iou(const ReadyMask& detection, const ReadyBoundary& of_detection, const ReadyMask& ground_truth,
                    const ReadyBoundary& of_ground_truth, std::uint32_t distance, Scratch& scratch) {
    if (of_detection.mask != nullptr && of_ground_truth.mask != nullptr) {
        const auto shared = [](const ColumnSpans* a, const ColumnSpans* b) {
            return a == nullptr || b == nullptr ? 0 : std::uint64_t{intersection(*a, *b)};
        };
        const std::uint64_t with_detection =
            shared(of_detection.mask, of_ground_truth.mask) - shared(of_detection.mask, of_ground_truth.eroded);
        const std::uint64_t with_eroded =
            shared(of_detection.eroded, of_ground_truth.mask) - shared(of_detection.eroded, of_ground_truth.eroded);
        return quotient(with_detection - with_eroded, of_detection.area, of_ground_truth.area);
    }
    const Arena::Frame frame(scratch.results);
    const auto counts_of = [&](const ReadyMask& mask, const ReadyBoundary& boundary, const char* name) {
        return boundary.mask == nullptr ? boundary.counts : boundary_counts(mask, distance, scratch, name);
    };
    std::uint32_t shared = 0;
    // Neither can go wrong: both fill the canvas that they share.
    const Problem problem =
        walk(counts_of(detection, of_detection, "detections"), counts_of(ground_truth, of_ground_truth, "annotations"),
             [&](std::uint32_t length, bool in_detection, bool in_ground_truth, bool, bool, bool) {
                 if (in_detection && in_ground_truth) shared += length;
             });
    if (problem != nullptr) throw_value_error(std::string("annotations: ") + problem);
    return quotient(shared, of_detection.area, of_ground_truth.area);
}

}  // namespace metrix::masks
