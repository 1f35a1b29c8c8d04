// Distances of all pairs of points.
//
// Differences are squared as they are, not as |x|^2 + |y|^2 - 2 x y, which is faster and loses what near points differ
// in.
#pragma once

#include "kernels/losses/pairwise_blocks.hpp"
#include "support/view.hpp"

namespace metrix::losses {

// result(i, j): the Euclidean distance of x's row i and y's row j, or its square.
void pairwise_distances(View2<const double> x, View2<const double> y, bool squared, int num_threads,
                        View2<double> result);

}  // namespace metrix::losses
