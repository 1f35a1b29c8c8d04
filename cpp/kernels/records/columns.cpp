#include "kernels/records/columns.hpp"

#include <bit>
#include <limits>

#include "kernels/masks.hpp"
#include "support/error.hpp"

namespace metrix::records {
namespace {

std::uint32_t to_uint32(const Number& number, const char* at, const char* what) {
    if (!(number.value >= 0 && number.value <= std::numeric_limits<std::uint32_t>::max() &&
          number.value == static_cast<double>(static_cast<std::uint32_t>(number.value)))) {
        fail(at, what, "expected an integer from 0 to 4294967295");
    }
    return static_cast<std::uint32_t>(number.value);
}

std::string mixed_kinds(bool text_before) {
    return text_before ? "expected text like the ids before it, got an integer"
                       : "expected an integer like the ids before it, got text";
}

}  // namespace

bool whole_number(const Number& number, std::int64_t& value) {
    if (number.is_integer) {
        value = number.integer;
        return true;
    }
    // The double of an integer below int64 may be -2^63, so that this value is out of bounds as well.
    if (!(number.value > -0x1p63 && number.value < 0x1p63)) return false;
    value = static_cast<std::int64_t>(number.value);
    return number.value == static_cast<double>(value);
}

const char* read_id(const char* text, const char* end, const char* what, std::string& storage, Id& id) {
    id = Id{};
    if (const char* const after_digits = parse_short_integer(text, id.number)) return after_digits;
    if (*text == '"') {
        id.is_text = true;
        return read_string(text + 1, end, storage, id.text);
    }
    Number number;
    const char* const after = read_number(text, number, what);
    if (whole_number(number, id.number)) return after;
    fail(after, what, "expected text or an integer of at most 64 bits");
}

std::int64_t IdColumn::intern(std::string_view text) {
    const auto [position, is_new] =
        index_of_text_.try_emplace(std::string(text), static_cast<std::int64_t>(texts_.size()));
    if (is_new) texts_.emplace_back(text);
    return position->second;
}

void IdColumn::check(const Id& id, const char* at, const char* what) const {
    if (kind_ != Kind::unknown && id.is_text != is_text()) fail(at, what, mixed_kinds(is_text()));
}

void IdColumn::add(const Id& id) {
    kind_ = id.is_text ? Kind::text : Kind::integer;
    values_.push_back(id.is_text ? intern(id.text) : id.number);
}

void IdColumn::join(const IdColumn& part) {
    if (part.kind_ == Kind::unknown) return;
    if (kind_ == Kind::unknown) kind_ = part.kind_;
    if (kind_ != part.kind_) throw JoinError{};
    if (!part.is_text()) {
        append(values_, part.values_);
        return;
    }
    std::vector<std::int64_t> code(part.texts_.size());
    for (std::size_t i = 0; i < code.size(); ++i) code[i] = intern(part.texts_[i]);
    for (const std::int64_t value : part.values_) values_.push_back(code[static_cast<std::size_t>(value)]);
}

void IdColumn::clear() {
    kind_ = Kind::unknown;
    values_.clear();
    texts_.clear();
    index_of_text_.clear();
}

void AnnotationIdColumn::add_other(std::string_view written) {
    others_.push_back({values_.size(), std::string(written)});
    values_.push_back(0);
}

void AnnotationIdColumn::add_missing() {
    add_other({});
}

void AnnotationIdColumn::join(const AnnotationIdColumn& part) {
    for (const Other& other : part.others_) others_.push_back({values_.size() + other.row, other.written});
    append(values_, part.values_);
}

void AnnotationIdColumn::clear() {
    values_.clear();
    others_.clear();
}

std::vector<std::int64_t> AnnotationIdColumn::take() {
    std::unordered_map<std::string, std::int64_t> codes;
    std::int64_t next = std::numeric_limits<std::int64_t>::min();
    const std::int64_t first_free = next + static_cast<std::int64_t>(others_.size());
    if (!others_.empty()) {
        for (const std::int64_t value : values_) {
            if (value < first_free) throw_value_error("annotations: an id lies too close to -2**63");
        }
    }
    for (const Other& other : others_) {
        if (other.written.empty()) {
            values_[other.row] = next++;
            continue;
        }
        const auto [position, is_new] = codes.try_emplace(other.written, next);
        if (is_new) ++next;
        values_[other.row] = position->second;
    }
    return std::move(values_);
}

const char* MaskBuilder::read(const char* text, const char* end) {
    drop_unfinished();
    read_height_ = 0;
    read_width_ = 0;
    if (*text == '{') return read_run_lengths(text, end);
    if (*text == '[') return read_polygons(text);
    fail(text, "segmentation", "expected a list of polygons or an object with size and counts");
}

const char* MaskBuilder::read_run_lengths(const char* text, const char* end) {
    bool has_size = false;
    bool has_counts = false;
    text = read_object(text, end, keys_, [&](int field, const char* value) {
        if (field == field_size) {
            std::array<std::uint32_t, 2> sides{};
            std::size_t count = 0;
            const char* const after = read_array(value, "segmentation.size", [&](const char* element) {
                Number number;
                element = read_number(element, number, "segmentation.size");
                if (count < 2) sides[count] = to_uint32(number, element, "segmentation.size");
                ++count;
                return element;
            });
            if (count != 2) fail(after, "segmentation.size", "expected [height, width]");
            read_height_ = sides[0];
            read_width_ = sides[1];
            has_size = true;
            return after;
        }
        if (field == field_counts) {
            has_counts = true;
            drop_unfinished();
            return read_counts(value, end);
        }
        return skip_value(value, end);
    });
    if (!has_size || !has_counts) fail(text, "segmentation", "expected an object with size and counts");
    return text;
}

const char* MaskBuilder::read_counts(const char* text, const char* end) {
    if (*text == '"') {
        std::string_view characters;
        text = read_string(text + 1, end, unescaped_, characters);
        append_payload(characters.data(), characters.size());
        read_kind_ = static_cast<std::uint8_t>(masks::MaskKind::string);
        return text;
    }
    runs_.clear();
    text = read_array(text, "segmentation.counts", [&](const char* element) {
        Number number;
        element = read_number(element, number, "segmentation.counts");
        runs_.push_back(to_uint32(number, element, "segmentation.counts"));
        return element;
    });
    append_payload(runs_.data(), runs_.size() * sizeof(std::uint32_t));
    read_kind_ = static_cast<std::uint8_t>(masks::MaskKind::counts);
    return text;
}

const char* MaskBuilder::read_polygons(const char* text) {
    words_.clear();
    text = read_array(text, "segmentation", [&](const char* polygon) {
        const std::size_t length_at = words_.size();
        words_.push_back(0);
        polygon = read_array(polygon, "segmentation: each polygon", [&](const char* element) {
            double coordinate;
            element = read_double(element, coordinate, "segmentation");
            words_.push_back(std::bit_cast<std::uint64_t>(coordinate));
            return element;
        });
        words_[length_at] = words_.size() - length_at - 1;
        return polygon;
    });
    append_payload(words_.data(), words_.size() * sizeof(std::uint64_t));
    read_kind_ = static_cast<std::uint8_t>(masks::MaskKind::polygons);
    return text;
}

void MaskBuilder::append_payload(const void* data, std::size_t bytes) {
    const auto* const begin = static_cast<const std::byte*>(data);
    payload.insert(payload.end(), begin, begin + bytes);
}

void MaskBuilder::add() {
    kind.push_back(read_kind_);
    offset.push_back(payload.size());
    height.push_back(read_height_);
    width.push_back(read_width_);
}

void MaskBuilder::add_missing() {
    drop_unfinished();
    read_kind_ = 0;
    read_height_ = 0;
    read_width_ = 0;
    add();
}

void MaskBuilder::add_string(std::string_view counts, std::uint32_t height_of_mask, std::uint32_t width_of_mask) {
    drop_unfinished();
    append_payload(counts.data(), counts.size());
    read_kind_ = static_cast<std::uint8_t>(masks::MaskKind::string);
    read_height_ = height_of_mask;
    read_width_ = width_of_mask;
    add();
}

void MaskBuilder::add_counts(View1<const std::uint32_t> counts, std::uint32_t height_of_mask,
                             std::uint32_t width_of_mask) {
    drop_unfinished();
    append_payload(counts.data(), counts.size_bytes());
    read_kind_ = static_cast<std::uint8_t>(masks::MaskKind::counts);
    read_height_ = height_of_mask;
    read_width_ = width_of_mask;
    add();
}

void MaskBuilder::begin_polygons() {
    drop_unfinished();
}

void MaskBuilder::add_polygon(View1<const double> coordinates) {
    const std::uint64_t length = coordinates.size();
    append_payload(&length, sizeof length);
    append_payload(coordinates.data(), coordinates.size_bytes());
}

void MaskBuilder::end_polygons() {
    read_kind_ = static_cast<std::uint8_t>(masks::MaskKind::polygons);
    read_height_ = 0;
    read_width_ = 0;
    add();
}

void MaskBuilder::join(const MaskBuilder& part) {
    drop_unfinished();
    const std::uint64_t base = offset.back();
    append(kind, part.kind);
    append(height, part.height);
    append(width, part.width);
    for (std::size_t i = 1; i < part.offset.size(); ++i) offset.push_back(base + part.offset[i]);
    payload.insert(payload.end(), part.payload.begin(),
                   part.payload.begin() + static_cast<std::ptrdiff_t>(part.offset.back()));
}

void MaskBuilder::clear() {
    kind.clear();
    offset.assign(1, 0);
    payload.clear();
    height.clear();
    width.clear();
}

void MaskBuilder::reserve(std::size_t count, std::size_t bytes) {
    kind.reserve(count);
    offset.reserve(count + 1);
    height.reserve(count);
    width.reserve(count);
    payload.reserve(bytes);
}

}  // namespace metrix::records
