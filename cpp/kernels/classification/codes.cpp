// Compiled once for each instruction set, with METRIX_LEVEL its name. Nothing here may have external linkage but the
// table: the linker keeps one copy of an inline function, and it might be one that this machine cannot run.
#include "kernels/classification/codes.hpp"

namespace metrix::classification {
namespace {

template <class Label, class Code>
void encode(const void* labels, Index first, Index count, const Coding& coding, bool ignores, Code* codes) {
    const Label* const values = static_cast<const Label*>(labels) + first;
    const auto low = static_cast<std::uint64_t>(coding.low);
    const auto span = static_cast<std::uint64_t>(coding.span);
    for (Index i = 0; i < count; ++i) {
        const auto value = static_cast<std::int64_t>(values[i]);
        const std::uint64_t distance = static_cast<std::uint64_t>(value) - low;
        std::uint64_t code = distance < span ? distance : span;
        if constexpr (sizeof(Label) == 8 && static_cast<Label>(-1) > Label(0)) code = value < 0 ? span : code;
        codes[i] = static_cast<Code>(code);
    }
    if (!ignores) return;
    const bool fits = static_cast<std::int64_t>(static_cast<Label>(coding.ignored)) == coding.ignored &&
                      (static_cast<Label>(-1) < Label(0) || coding.ignored >= 0);
    if (!fits) return;
    const auto ignored = static_cast<Label>(coding.ignored);
    for (Index i = 0; i < count; ++i) codes[i] = values[i] == ignored ? static_cast<Code>(span + 1) : codes[i];
}

#define METRIX_ENCODERS(Code)                                                                                          \
    {encode<std::uint8_t, Code>,  encode<std::int8_t, Code>,  encode<std::uint16_t, Code>, encode<std::int16_t, Code>, \
     encode<std::uint32_t, Code>, encode<std::int32_t, Code>, encode<std::uint64_t, Code>, encode<std::int64_t, Code>}

}  // namespace

namespace METRIX_LEVEL {
extern const Encoders encoders_of_level;
constinit const Encoders encoders_of_level = {METRIX_ENCODERS(std::uint8_t), METRIX_ENCODERS(std::int32_t)};
}  // namespace METRIX_LEVEL

}  // namespace metrix::classification
