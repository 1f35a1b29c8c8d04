// Sixteen doubles side by side: arithmetic of each with its counterpart. For loops that sum up, which compilers are not
// allowed to vectorise by themselves, as it changes the order; with fixed lanes every machine has the same one.
//
// For files that are compiled once for each instruction set, with METRIX_LEVEL its name: registers are as wide as they
// are there, and everything is inlined.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include "support/vector_math.hpp"
#include "support/view.hpp"

namespace metrix {
inline namespace METRIX_LEVEL {

inline constexpr int lane_count = 16;

#if defined(__GNUC__)
#if defined(__AVX512F__)
#define METRIX_REGISTER_BYTES 64
#elif defined(__AVX__)
#define METRIX_REGISTER_BYTES 32
#else
#define METRIX_REGISTER_BYTES 16
#endif
using Register = double __attribute__((vector_size(METRIX_REGISTER_BYTES)));
using RegisterMask = std::int64_t __attribute__((vector_size(METRIX_REGISTER_BYTES)));
#undef METRIX_REGISTER_BYTES
#else
using Register = double;
using RegisterMask = bool;
#endif

inline constexpr int register_count =
    lane_count * static_cast<int>(sizeof(double)) / static_cast<int>(sizeof(Register));
inline constexpr int register_lanes = lane_count / register_count;

struct Lanes {
    Register part[register_count];
};

struct LaneMask {
    RegisterMask part[register_count];
};

#define METRIX_LANES(Result, operation)                                                     \
    METRIX_INLINE Result operator operation(const Lanes& a, const Lanes& b) {               \
        Result c;                                                                           \
        for (int i = 0; i < register_count; ++i) c.part[i] = a.part[i] operation b.part[i]; \
        return c;                                                                           \
    }
METRIX_LANES(Lanes, +)
METRIX_LANES(Lanes, -)
METRIX_LANES(Lanes, *)
METRIX_LANES(Lanes, /)
METRIX_LANES(LaneMask, <)
METRIX_LANES(LaneMask, >)
METRIX_LANES(LaneMask, ==)
#undef METRIX_LANES

METRIX_INLINE Lanes where(const LaneMask& mask, const Lanes& yes, const Lanes& no) {
    Lanes c;
    for (int i = 0; i < register_count; ++i) c.part[i] = mask.part[i] ? yes.part[i] : no.part[i];
    return c;
}

METRIX_INLINE Lanes each_lane(double value) {
    Lanes c;
    for (int i = 0; i < register_count; ++i) c.part[i] = Register{} + value;
    return c;
}

METRIX_INLINE Lanes load(const double* from) {
    Lanes c;
    for (int i = 0; i < register_count; ++i) std::memcpy(&c.part[i], from + i * register_lanes, sizeof(Register));
    return c;
}

METRIX_INLINE Lanes load(const float* from) {
    Lanes c;
#if defined(__GNUC__)
    using Narrow = float __attribute__((vector_size(sizeof(Register) / 2)));
    for (int i = 0; i < register_count; ++i) {
        Narrow narrow;
        std::memcpy(&narrow, from + i * register_lanes, sizeof narrow);
        c.part[i] = __builtin_convertvector(narrow, Register);
    }
#else
    for (int i = 0; i < lane_count; ++i) c.part[i] = static_cast<double>(from[i]);
#endif
    return c;
}

METRIX_INLINE void store(const Lanes& from, double* to) {
    for (int i = 0; i < register_count; ++i) std::memcpy(to + i * register_lanes, &from.part[i], sizeof(Register));
}

METRIX_INLINE Lanes magnitude(const Lanes& x) {
    Lanes c;
    for (int i = 0; i < register_count; ++i) {
#if defined(__GNUC__)
        using Bits = RegisterMask;
        c.part[i] = reinterpret_cast<Register>(reinterpret_cast<Bits>(x.part[i]) & 0x7fffffffffffffff);
#else
        c.part[i] = std::fabs(x.part[i]);
#endif
    }
    return c;
}

METRIX_INLINE Lanes lesser(const Lanes& a, const Lanes& b) {
    return where(b < a, b, a);  // NaN in a stays
}

METRIX_INLINE Lanes greater(const Lanes& a, const Lanes& b) {
    return where(b > a, b, a);
}

}  // namespace METRIX_LEVEL
}  // namespace metrix
