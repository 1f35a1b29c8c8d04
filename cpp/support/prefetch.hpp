#pragma once

namespace metrix {

// Asks for memory that will be needed soon, where it lies in no order that the processor would guess.
inline void prefetch(const void* address) {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#else
    static_cast<void>(address);
#endif
}

}  // namespace metrix
