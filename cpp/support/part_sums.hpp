// Sums over the elements of items (images, say) that threads work on in parts of fixed size: the same bits for any
// number of threads, and as exact as rounded once.
#pragma once

#include "support/exact_sum.hpp"
#include "support/parallel.hpp"
#include "support/view.hpp"

namespace metrix {

// Adds to sums what elements first .. last - 1 of an item contribute.
using AddPart = FunctionRef<void(Index item, Index first, Index last, Exact* sums)>;

// sums: a row for each item, of pairs (high, low).
void sum_parts(Index size_of_item, Index size_of_part, int num_threads, AddPart add_part, View2<double> sums);

}  // namespace metrix
