#include "kernels/records/json.hpp"

#include <bit>
#include <limits>
#include <utility>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace metrix::records {
namespace {

// First byte at or after text that opens or closes anything: one of []{}" . Skipping polygons is most of the reading of
// a ground truth file, so sixteen bytes are looked at together. '[' | 0x20 is '{', ']' | 0x20 is '}'.
const char* find_structure(const char* text, const char* end) {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i open = _mm_set1_epi8('{');
    const __m128i close = _mm_set1_epi8('}');
    const __m128i bit = _mm_set1_epi8(0x20);
    for (; text < end; text += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
        const __m128i folded = _mm_or_si128(bytes, bit);
        const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
                                           _mm_or_si128(_mm_cmpeq_epi8(folded, open), _mm_cmpeq_epi8(folded, close)));
        const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(found));
        if (mask != 0) return text + std::countr_zero(mask);
    }
#else
    for (; text < end; ++text) {
        if (*text == '"' || (*text | 0x20) == '{' || (*text | 0x20) == '}') return text;
    }
#endif
    return end;
}

// First quote, backslash or end at or after text.
const char* find_quote(const char* text, const char* end) {
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; text < end; text += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
        const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(found));
        if (mask != 0) return text + std::countr_zero(mask);
    }
#else
    for (; text < end; ++text) {
        if (*text == '"' || *text == '\\') return text;
    }
#endif
    return end;
}

void append_utf8(std::string& text, std::uint32_t code) {
    const auto add = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (code < 0x80) {
        add(code);
    } else if (code < 0x800) {
        add(0xC0 | code >> 6);
        add(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        add(0xE0 | code >> 12);
        add(0x80 | (code >> 6 & 0x3F));
        add(0x80 | (code & 0x3F));
    } else {
        add(0xF0 | code >> 18);
        add(0x80 | (code >> 12 & 0x3F));
        add(0x80 | (code >> 6 & 0x3F));
        add(0x80 | (code & 0x3F));
    }
}

// Four hexadecimal digits behind \u.
const char* read_hex4(const char* text, std::uint32_t& code) {
    code = 0;
    for (int i = 0; i < 4; ++i, ++text) {
        const char c = *text;
        const char lower = static_cast<char>(c | 0x20);
        if (c >= '0' && c <= '9') {
            code = code * 16 + static_cast<std::uint32_t>(c - '0');
        } else if (lower >= 'a' && lower <= 'f') {
            code = code * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
        } else {
            fail(text, "expected four hexadecimal digits after \\u");
        }
    }
    return text;
}

// The escape behind a backslash at text - 1.
const char* read_escape(const char* text, std::string& storage) {
    switch (*text) {
        case '"':
        case '\\':
        case '/':
            storage += *text;
            return text + 1;
        case 'b':
            storage += '\b';
            return text + 1;
        case 'f':
            storage += '\f';
            return text + 1;
        case 'n':
            storage += '\n';
            return text + 1;
        case 'r':
            storage += '\r';
            return text + 1;
        case 't':
            storage += '\t';
            return text + 1;
        case 'u':
            break;
        default:
            fail(text, "unknown escape in a string");
    }
    std::uint32_t code;
    text = read_hex4(text + 1, code);
    if (code >= 0xD800 && code < 0xDC00 && text[0] == '\\' && text[1] == 'u') {
        std::uint32_t low;
        const char* const after = read_hex4(text + 2, low);
        if (low >= 0xDC00 && low < 0xE000) {
            append_utf8(storage, 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00));
            return after;
        }
    }
    append_utf8(storage, code);
    return text;
}

const char* read_literal(const char* text, std::string_view literal, const char* what) {
    if (std::strncmp(text, literal.data(), literal.size()) != 0) fail(text, what, "expected a number");
    return text + literal.size();
}

bool ends_token(char c) {
    return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\0';
}

}  // namespace

void fail(const char* at, std::string field, std::string message) {
    throw TextError{at, std::move(field), std::move(message)};
}

const char* skip_string(const char* text, const char* end) {
    for (;;) {
        text = find_quote(text, end);
        if (text >= end) fail(end, "a string has no end");
        if (*text == '"') return text + 1;
        text += 2;  // whatever is escaped
    }
}

const char* skip_value(const char* text, const char* end) {
    if (*text == '"') return skip_string(text + 1, end);
    if (*text != '[' && *text != '{') {
        const char* const begin = text;
        while (!ends_token(*text)) ++text;
        if (text == begin) fail(text, "expected a value");
        return text;
    }
    // Depth is a number, not a recursion: nesting costs no stack.
    std::int64_t depth = 0;
    for (;;) {
        text = find_structure(text, end);
        if (text >= end) fail(end, "an array or object has no end");
        const char c = *text++;
        if (c == '"') {
            text = skip_string(text, end);
        } else if ((c | 0x20) == '{') {
            ++depth;
        } else if (--depth == 0) {
            return text;
        }
    }
}

const char* read_string(const char* text, const char* end, std::string& storage, std::string_view& value) {
    const char* stop = find_quote(text, end);
    if (stop >= end) fail(end, "a string has no end");
    if (*stop == '"') {
        value = {text, static_cast<std::size_t>(stop - text)};
        return stop + 1;
    }
    storage.clear();
    for (;;) {
        storage.append(text, stop);
        if (*stop == '"') {
            value = storage;
            return stop + 1;
        }
        text = read_escape(stop + 1, storage);
        stop = find_quote(text, end);
        if (stop >= end) fail(end, "a string has no end");
    }
}

const char* read_number(const char* text, Number& number, const char* what) {
    const char first = *text;
    if (first == '-' ? text[1] == 'I' : (first == 'N' || first == 'I')) {
        number = Number{};
        if (first == 'N') {
            text = read_literal(text, "NaN", what);
            number.value = std::numeric_limits<double>::quiet_NaN();
        } else {
            text = read_literal(text + (first == '-'), "Infinity", what);
            number.value = std::numeric_limits<double>::infinity();
            if (first == '-') number.value = -number.value;
        }
        return text;
    }
    const char* const after = parse_number(text, number);
    if (after == nullptr) {
        // A number that a block ends in is no number yet: the error must stand at the end of the token.
        while (!ends_token(*text)) ++text;
        fail(text, what, "expected a number");
    }
    if (number.overflow) fail(after, what, "the integer is too large for a double");
    return after;
}

void KeyTable::predict(int position, const char* key, Index length, int field) {
    static_assert(std::endian::native == std::endian::little, "key masks assume that the first byte is the lowest");
    if (position >= max_predictions || position > predicted_count_) return;
    const auto mask = [](Index bytes) {
        return bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * bytes)) - 1;
    };
    // A key too long to compare is predicted as the empty key, which is true of the empty key and of no other.
    Prediction prediction{'"', 0, mask(1), 0, 1, unknown};
    if (length <= 16) {
        prediction = {load8(key), load8(key + 8), mask(length), length > 8 ? mask(length - 8) : 0, length, field};
    }
    predictions_[static_cast<std::size_t>(position)] = prediction;
    if (position == predicted_count_) ++predicted_count_;
}

const char* KeyTable::search(int position, const char* text, const char* end, int& field) {
    std::string_view key;
    const char* const after = read_string(text, end, unescaped_, key);
    field = unknown;
    for (const Name& name : names_) {
        if (name.text == key) field = name.field;
    }
    predict(position, text, after - text, field);
    return after;
}

}  // namespace metrix::records
