// Growing columns that records are read into, and joined from the parts that threads read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernels/records/json.hpp"

namespace metrix::records {

// What a record had; a column holds a neutral value (NaN, 0) where it had not.
enum Presence : std::uint16_t {
    has_bbox = 1,
    has_segmentation = 2,
    has_keypoints = 4,
    has_area = 8,
    has_iscrowd = 16,
    has_num_keypoints = 32,
    has_id = 64,
    has_score = 128,
    has_image_id = 256,
    has_category_id = 512,
};

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
    to.insert(to.end(), from.begin(), from.end());
}

// An id as it is written: an integer (42, 42.0) or text.
struct Id {
    std::int64_t number = 0;
    bool is_text = false;
    std::string_view text;
};

// A part does not fit what was read before it, found when the two are joined.
struct JoinError {};

// An integer, or a float without fraction, that int64 holds: 42.0 equals 42 in Python.
bool whole_number(const Number& number, std::int64_t& value);

// Reads an id; `storage` keeps an unescaped text alive until the next call.
const char* read_id(const char* text, const char* end, const char* what, std::string& storage, Id& id);

// Ids of images or categories: all integers, or all text (then values index texts, in order of first appearance).
class IdColumn {
  public:
    void check(const Id& id, const char* at, const char* what) const;  // fails where text and integers mix
    void add(const Id& id);
    void join(const IdColumn& part);
    void clear();
    void reserve(std::size_t count) { values_.reserve(count); }

    [[nodiscard]] std::size_t size() const { return values_.size(); }
    [[nodiscard]] bool is_text() const { return kind_ == Kind::text; }
    std::vector<std::int64_t>& values() { return values_; }
    std::vector<std::string>& texts() { return texts_; }

  private:
    enum class Kind { unknown, integer, text };

    std::int64_t intern(std::string_view text);

    Kind kind_ = Kind::unknown;
    std::vector<std::int64_t> values_;
    std::vector<std::string> texts_;
    std::unordered_map<std::string, std::int64_t> index_of_text_;
};

// Ids of annotations: only whether two are equal and whether one is 0 matters, so that any JSON value will do. What is
// no int64 gets a code of its own from the far negative end.
class AnnotationIdColumn {
  public:
    void add(std::int64_t number) { values_.push_back(number); }
    void add_other(std::string_view written);  // text, fraction, huge integer: equal when written alike
    void add_missing();                        // equal to no other
    void join(const AnnotationIdColumn& part);
    void clear();
    void reserve(std::size_t count) { values_.reserve(count); }
    // The finished column.
    std::vector<std::int64_t> take();

  private:
    struct Other {
        std::size_t row;
        std::string written;  // empty: missing
    };
    std::vector<std::int64_t> values_;
    std::vector<Other> others_;
};

// Segmentations in the form of kernels/masks.hpp: MaskColumn. What `read` writes belongs to the column once `add` has
// been called; a record that fails halfway leaves nothing behind.
class MaskBuilder {
  public:
    // A segmentation value: {"size": [h, w], "counts": text or list}, or a list of polygons.
    const char* read(const char* text, const char* end);
    void add();          // the segmentation that was read last
    void add_missing();  // a record without one

    // The same from values that are no text.
    void add_string(std::string_view counts, std::uint32_t height_of_mask, std::uint32_t width_of_mask);
    void add_counts(View1<const std::uint32_t> counts, std::uint32_t height_of_mask, std::uint32_t width_of_mask);
    void begin_polygons();
    void add_polygon(View1<const double> coordinates);
    void end_polygons();

    void join(const MaskBuilder& part);
    void clear();
    void reserve(std::size_t count, std::size_t bytes);

    std::vector<std::uint8_t> kind;
    std::vector<std::uint64_t> offset{0};
    std::vector<std::byte> payload;
    std::vector<std::uint32_t> height;
    std::vector<std::uint32_t> width;

  private:
    enum Field { field_size, field_counts };

    const char* read_run_lengths(const char* text, const char* end);
    const char* read_counts(const char* text, const char* end);
    const char* read_polygons(const char* text);
    void drop_unfinished() { payload.resize(static_cast<std::size_t>(offset.back())); }
    void append_payload(const void* data, std::size_t bytes);

    std::uint8_t read_kind_ = 0;
    std::uint32_t read_height_ = 0;
    std::uint32_t read_width_ = 0;
    std::vector<std::uint64_t> words_;  // polygons: lengths and the bits of doubles
    std::vector<std::uint32_t> runs_;
    std::string unescaped_;
    static constexpr std::array<KeyTable::Name, 2> names{{{"size", field_size}, {"counts", field_counts}}};
    KeyTable keys_{names};
};

}  // namespace metrix::records
