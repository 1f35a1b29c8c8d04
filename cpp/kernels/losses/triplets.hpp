// Triplets of a batch: an anchor, a positive of its label, and a negative of another one.
#pragma once

#include <cstdint>
#include <vector>

#include "support/view.hpp"

namespace metrix::losses {

enum class Mining {
    all,       // every triplet
    hard,      // for each anchor its farthest positive and its nearest negative
    semihard,  // for each anchor and positive the nearest of the negatives that are farther than the positive
};

struct Batch {
    View2<const double> distances;  // of all pairs, finite
    View1<const std::int64_t> labels;
    Mining mining = Mining::all;
    double margin = 0;
};

struct Triplets {
    std::vector<std::int64_t> anchors;
    std::vector<std::int64_t> positives;
    std::vector<std::int64_t> negatives;
};

// In ascending order of anchors, then positives, then negatives; of equal distances the first counts.
Triplets mine_triplets(const Batch& batch, int num_threads);

struct TripletLoss {
    double sum = 0;           // of max(0, d(anchor, positive) - d(anchor, negative) + margin)
    std::int64_t count = 0;   // of triplets
    std::int64_t active = 0;  // of those with a term above 0
};

// Over all triplets. The gradient of the sum by distances, of an anchor in its row, if it has room: whole numbers.
TripletLoss batch_triplet_loss(const Batch& batch, int num_threads, View2<double> by_distances);

// From a gradient by distances (squared or not), which is made symmetric, to that by embeddings. A distance of 0 has
// the gradient 0.
void through_distances(View2<const double> embeddings, View2<const double> distances, bool squared,
                       View2<double> by_distances, int num_threads, View2<double> gradient);

}  // namespace metrix::losses
