// Values that several kinds of record share.
#pragma once

#include <array>
#include <limits>
#include <vector>

#include "kernels/records/columns.hpp"
#include "kernels/records/json.hpp"

namespace metrix::records {

inline bool is_empty_array(const char* text) {
    if (*text != '[') return false;
    ++text;
    skip_space(text);
    return *text == ']';
}

// [x, y, width, height], or [] which counts as no box. Returns what follows; `found` says which it was.
inline const char* read_bbox(const char* text, std::array<double, 4>& box, bool& found) {
    std::size_t count = 0;
    text = read_array(text, "bbox", [&](const char* element) {
        double value;
        element = read_double(element, value, "bbox");
        if (count < 4) box[count] = value;
        ++count;
        return element;
    });
    if (count != 4 && count != 0) {
        fail(text, "bbox", "expected 4 numbers [x, y, width, height], got " + std::to_string(count));
    }
    found = count == 4;
    if (!found) box.fill(std::numeric_limits<double>::quiet_NaN());  // of two equal keys the last one wins
    return text;
}

// Keypoints of one record behind those of all records before it; `values_per_point` of each x, y, v are kept.
class KeypointColumn {
  public:
    explicit KeypointColumn(int values_per_point) : values_per_point_(values_per_point) {}

    const char* read(const char* text) {
        row_.clear();
        int place = 0;
        text = read_array(text, "keypoints", [&](const char* element) {
            double value;
            element = read_double(element, value, "keypoints");
            if (place < values_per_point_) row_.push_back(value);
            place = place == 2 ? 0 : place + 1;
            return element;
        });
        if (place != 0) fail(text, "keypoints", "expected three numbers for each point");
        const Index found = ssize(row_) / values_per_point_;
        if (count_ >= 0 && found != count_) {
            fail(text, "keypoints",
                 "expected " + std::to_string(count_) + " points like the records before it, got " +
                     std::to_string(found));
        }
        return text;
    }

    void add(std::size_t rows_before) {
        count_ = ssize(row_) / values_per_point_;
        values_.resize(rows_before * stride());
        values_.insert(values_.end(), row_.begin(), row_.end());
    }

    void join(const KeypointColumn& part, std::size_t rows_before) {
        if (part.count_ < 0) return;
        if (count_ >= 0 && part.count_ != count_) throw JoinError{};
        count_ = part.count_;
        values_.resize(rows_before * stride());
        append(values_, part.values_);
    }

    void clear() {
        count_ = -1;
        values_.clear();
    }
    void reserve(std::size_t rows) { values_.reserve(rows * stride()); }

    // Records without keypoints, the last ones included, hold zeros.
    std::vector<double> take(std::size_t rows) {
        values_.resize(rows * stride());
        return std::move(values_);
    }
    [[nodiscard]] Index count() const { return count_; }

  private:
    [[nodiscard]] std::size_t stride() const {
        return count_ < 0 ? 0 : static_cast<std::size_t>(count_) * static_cast<std::size_t>(values_per_point_);
    }

    int values_per_point_;
    Index count_ = -1;
    std::vector<double> row_;
    std::vector<double> values_;
};

}  // namespace metrix::records
