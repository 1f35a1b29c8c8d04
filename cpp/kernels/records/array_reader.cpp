#include "kernels/records/array_reader.hpp"

namespace metrix::records {

void skip_byte_order_mark(Input& input) {
    read_step(input, [](const char* text, const char* end) {
        const auto first = static_cast<unsigned char>(*text);
        if (end - text >= 2 && (first == 0xFE || first == 0xFF)) fail(text, "expected UTF-8, got UTF-16 or UTF-32");
        return std::strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
    });
}

void expect_end(Input& input) {
    for (;;) {
        read_step(input, [](const char* text, const char*) {
            skip_space(text);
            return text;
        });
        if (input.begin() < input.end()) {
            throw_text_error(input, {input.begin(), {}, "expected the end of the text"}, "");
        }
        if (input.exhausted()) return;
        input.extend();
    }
}

}  // namespace metrix::records
