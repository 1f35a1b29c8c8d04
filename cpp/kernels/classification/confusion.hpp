// How often each pair of a true and a predicted label occurs.
//
// Labels low .. low + span - 1 have the codes 0 .. span - 1; any other label has the code span, and a true label that
// is ignored has span + 1, whatever else it is. The table has a row for each code of a true label and a column for each
// code of a predicted one.
//
// Labels come in long runs in images, and at random elsewhere. Where they are bytes, 64 pairs are compared with those
// before them at a time: of few runs their lengths are added, of many each pair by itself. Wider labels are made bytes
// in blocks first.
#pragma once

#include <cstdint>

#include "support/view.hpp"

namespace metrix::classification {

enum class LabelType { uint8, int8, uint16, int16, uint32, int32, uint64, int64 };

struct Labels {
    const void* data = nullptr;
    LabelType type = LabelType::uint8;
    Index count = 0;
};

struct Coding {
    std::int64_t low = 0;
    std::int64_t span = 0;
    bool ignores = false;
    std::int64_t ignored = 0;

    [[nodiscard]] Index codes() const { return static_cast<Index>(span) + 2; }
};

// counts: codes x codes, row by row.
void confusion_matrix(const Labels& y_true, const Labels& y_pred, const Coding& coding, int num_threads,
                      View2<std::int64_t> counts);

// Sums of weights, exact until they are rounded at the end.
void weighted_confusion_matrix(const Labels& y_true, const Labels& y_pred, View1<const double> weight,
                               const Coding& coding, int num_threads, View2<double> sums);

}  // namespace metrix::classification
