// Scanning of JSON text that ends in zero bytes: the cursor never needs to be compared with an end.
//
// Values that nobody asked for are skipped with a check of brackets and strings alone; what is read is checked fully.
// As Python's json: NaN, Infinity and -Infinity are numbers, the last of two equal keys wins.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "support/decimal.hpp"
#include "support/view.hpp"

namespace metrix::records {

// Readable zero bytes behind every text, so that scanning may look ahead.
constexpr Index text_padding = 64;

// Text that is no JSON or breaks the record's contract. `at` is where reading stopped: an error close to the end of a
// block may only mean that the rest of the text has not been read yet.
struct TextError {
    const char* at;
    std::string field;  // "bbox", or empty; the reader adds the record and the byte
    std::string message;
};

[[noreturn]] void fail(const char* at, std::string field, std::string message);
[[noreturn]] inline void fail(const char* at, std::string message) {
    fail(at, {}, std::move(message));
}

inline void skip_space(const char*& text) {
    while (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t') ++text;
}

// Each of these takes the start of a value and returns what follows it.
const char* skip_value(const char* text, const char* end);
const char* skip_string(const char* text, const char* end);  // text stands behind the opening quote

// The string behind the opening quote at text - 1, unescaped into `storage` only if it has escapes.
const char* read_string(const char* text, const char* end, std::string& storage, std::string_view& value);

// A number with Python's extra literals; `what` names the field in the error.
const char* read_number(const char* text, Number& number, const char* what);

inline const char* read_double(const char* text, double& value, const char* what) {
    const char* const after = parse_double(text, value);
    if (after != nullptr) [[likely]]
        return after;
    Number number;  // NaN and its like, or an error
    text = read_number(text, number, what);
    value = number.value;
    return text;
}

// Calls on_element(text) for each element of the array that starts at text; it returns what follows the element.
template <class OnElement>
const char* read_array(const char* text, const char* what, OnElement&& on_element) {
    if (*text != '[') fail(text, what, "expected an array");
    ++text;
    skip_space(text);
    if (*text == ']') return text + 1;
    for (;;) {
        text = on_element(text);
        skip_space(text);
        if (*text == ',') {
            ++text;
            skip_space(text);
        } else if (*text == ']') {
            return text + 1;
        } else {
            fail(text, what, "expected ',' or ']'");
        }
    }
}

// Which field a key names. Records of a file have their keys in the same order as a rule, so that one comparison with
// the key that stood here in the record before replaces the search.
class KeyTable {
  public:
    struct Name {
        std::string_view text;
        int field;
    };
    static constexpr int unknown = -1;        // a field that no name stands for
    static constexpr int no_position = 1000;  // a key that no record before it predicts

    explicit KeyTable(View1<const Name> names) : names_(names) {}

    // text stands behind the opening quote of the key at this position of the record; returns what follows the key.
    const char* find(int position, const char* text, const char* end, int& field) {
        if (position < predicted_count_ && position < max_predictions) {
            const Prediction& prediction = predictions_[static_cast<std::size_t>(position)];
            if ((((load8(text) ^ prediction.low) & prediction.low_mask) |
                 ((load8(text + 8) ^ prediction.high) & prediction.high_mask)) == 0) {
                field = prediction.field;
                return text + prediction.length;
            }
        }
        return search(position, text, end, field);
    }

  private:
    struct Prediction {  // the first sixteen bytes of the key and its closing quote
        std::uint64_t low, high, low_mask, high_mask;
        Index length;
        int field;
    };
    static constexpr int max_predictions = 24;

    static std::uint64_t load8(const char* text) {
        std::uint64_t bytes;
        std::memcpy(&bytes, text, sizeof bytes);
        return bytes;
    }

    const char* search(int position, const char* text, const char* end, int& field);
    void predict(int position, const char* key, Index length_with_quote, int field);

    View1<const Name> names_;
    std::array<Prediction, max_predictions> predictions_{};
    int predicted_count_ = 0;
    std::string unescaped_;
};

// Calls on_field(field, value) for each key of the object that starts at text; it returns what follows the value.
template <class OnField>
const char* read_object(const char* text, const char* end, KeyTable& keys, OnField&& on_field) {
    if (*text != '{') fail(text, "expected an object");
    ++text;
    skip_space(text);
    if (*text == '}') return text + 1;
    for (int position = 0;; ++position) {
        if (*text != '"') fail(text, "expected a key in double quotes");
        int field;
        text = keys.find(position, text + 1, end, field);
        skip_space(text);
        if (*text != ':') fail(text, "expected ':' after a key");
        ++text;
        skip_space(text);
        text = on_field(field, text);
        skip_space(text);
        if (*text == ',') {
            ++text;
            skip_space(text);
        } else if (*text == '}') {
            return text + 1;
        } else {
            fail(text, "expected ',' or '}' in an object");
        }
    }
}

}  // namespace metrix::records
