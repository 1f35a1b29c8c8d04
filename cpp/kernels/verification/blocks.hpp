// The inner loops of kernels/verification.cpp, over one pair. They exist once for each instruction set (blocks.cpp is
// compiled for each); all give the same bits.
#pragma once

#include "kernels/verification.hpp"

namespace metrix::verification {

struct Products {
    double first;   // a.a
    double second;  // b.b
    double both;    // a.b
};

template <class T>
struct Work {
    Products (*products)(const T* a, const T* b, Index count);
    double (*dot)(const T* a, const T* b, Index count);
    double (*squared_distance)(const T* a, const T* b, Index count);
};

// That of this machine.
template <class T>
const Work<T>& work();

}  // namespace metrix::verification
