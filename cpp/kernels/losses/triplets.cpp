#include "kernels/losses/triplets.hpp"

#include <algorithm>

#include "kernels/losses/pairwise_blocks.hpp"
#include "kernels/losses/similarities.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {
namespace {

constexpr Index none = -1;

// Who is compared with an anchor.
class Neighbours {
  public:
    Neighbours(const Batch& batch, Index anchor) : distances_(batch.distances.row(anchor)) {
        const std::int64_t label = batch.labels[static_cast<std::size_t>(anchor)];
        negatives_.reserve(batch.labels.size());
        for (Index j = 0; j < batch.distances.rows; ++j) {
            if (batch.labels[static_cast<std::size_t>(j)] != label) {
                negatives_.push_back(j);
            } else if (j != anchor) {
                positives_.push_back(j);
            }
        }
    }

    [[nodiscard]] const std::vector<Index>& positives() const { return positives_; }
    [[nodiscard]] const std::vector<Index>& negatives() const { return negatives_; }
    [[nodiscard]] double distance(Index j) const { return distances_[j]; }

    // Calls visit(positive, negative) for the triplets that a rule chooses.
    template <class Visit>
    void for_each(Mining mining, Visit&& visit) const {
        if (positives_.empty() || negatives_.empty()) return;
        if (mining == Mining::hard) {
            const auto is_nearer = [&](Index i, Index j) { return distances_[i] < distances_[j]; };
            visit(*std::max_element(positives_.begin(), positives_.end(), is_nearer), nearest_beyond(-1));
            return;
        }
        for (const Index positive : positives_) {
            if (mining == Mining::semihard) {
                const Index negative = nearest_beyond(distances_[positive]);
                if (negative != none) visit(positive, negative);
                continue;
            }
            for (const Index negative : negatives_) visit(positive, negative);
        }
    }

  private:
    // The first of the nearest negatives that are farther than this.
    [[nodiscard]] Index nearest_beyond(double distance) const {
        Index best = none;
        for (const Index j : negatives_) {
            if (distances_[j] > distance && (best == none || distances_[j] < distances_[best])) best = j;
        }
        return best;
    }

    const double* distances_;
    std::vector<Index> positives_;
    std::vector<Index> negatives_;
};

// All triplets of an anchor: their terms side by side.
TripletLoss loss_of_all(const Neighbours& neighbours, double margin, double* slopes) {
    const PairwiseBlocks& blocks = pairwise_blocks();
    std::vector<double> distances;
    distances.reserve(neighbours.negatives().size());
    for (const Index negative : neighbours.negatives()) distances.push_back(neighbours.distance(negative));
    std::vector<double> by_negatives(slopes == nullptr ? 0 : distances.size(), 0.0);
    TripletLoss loss;
    for (const Index positive : neighbours.positives()) {
        const Hinges hinges = blocks.hinges(neighbours.distance(positive) + margin, distances.data(), ssize(distances),
                                            slopes == nullptr ? nullptr : by_negatives.data());
        loss.sum += hinges.sum;
        loss.count += ssize(distances);
        loss.active += static_cast<std::int64_t>(hinges.active);
        if (slopes != nullptr) slopes[positive] = hinges.active;
    }
    for (std::size_t i = 0; i < by_negatives.size(); ++i) slopes[neighbours.negatives()[i]] = by_negatives[i];
    return loss;
}

TripletLoss loss_of_chosen(const Neighbours& neighbours, Mining mining, double margin, double* slopes) {
    TripletLoss loss;
    neighbours.for_each(mining, [&](Index positive, Index negative) {
        ++loss.count;
        const double term = (neighbours.distance(positive) + margin) - neighbours.distance(negative);
        if (!(term > 0)) return;
        ++loss.active;
        loss.sum += term;
        if (slopes == nullptr) return;
        slopes[positive] += 1;
        slopes[negative] -= 1;
    });
    return loss;
}

}  // namespace

Triplets mine_triplets(const Batch& batch, int num_threads) {
    const Index count = batch.distances.rows;
    std::vector<Triplets> parts(static_cast<std::size_t>(count));
    parallel_for(count, num_threads, [&](Index anchor, int) {
        Triplets& part = parts[static_cast<std::size_t>(anchor)];
        Neighbours(batch, anchor).for_each(batch.mining, [&](Index positive, Index negative) {
            part.positives.push_back(positive);
            part.negatives.push_back(negative);
        });
    });
    Triplets result;
    for (Index anchor = 0; anchor < count; ++anchor) {
        const Triplets& part = parts[static_cast<std::size_t>(anchor)];
        result.anchors.insert(result.anchors.end(), part.positives.size(), anchor);
        result.positives.insert(result.positives.end(), part.positives.begin(), part.positives.end());
        result.negatives.insert(result.negatives.end(), part.negatives.begin(), part.negatives.end());
    }
    return result;
}

TripletLoss batch_triplet_loss(const Batch& batch, int num_threads, View2<double> by_distances) {
    const Index count = batch.distances.rows;
    std::vector<TripletLoss> parts(static_cast<std::size_t>(count));
    parallel_for(count, num_threads, [&](Index anchor, int) {
        double* const slopes = by_distances.data == nullptr ? nullptr : by_distances.row(anchor);
        if (slopes != nullptr) std::fill_n(slopes, count, 0.0);
        const Neighbours neighbours(batch, anchor);
        parts[static_cast<std::size_t>(anchor)] = batch.mining == Mining::all
                                                      ? loss_of_all(neighbours, batch.margin, slopes)
                                                      : loss_of_chosen(neighbours, batch.mining, batch.margin, slopes);
    });
    TripletLoss result;
    for (const TripletLoss& part : parts) {
        result.sum += part.sum;
        result.count += part.count;
        result.active += part.active;
    }
    return result;
}

void through_distances(View2<const double> embeddings, View2<const double> distances, bool squared,
                       View2<double> by_distances, int num_threads, View2<double> gradient) {
    const PairwiseBlocks& blocks = pairwise_blocks();
    const Index count = embeddings.rows;
    const Index dimensions = embeddings.columns;
    add_transpose<double>(by_distances, by_distances, num_threads);
    parallel_for(count, num_threads, [&](Index i, int) {
        std::vector<double> factors;
        std::vector<Index> others;
        factors.reserve(static_cast<std::size_t>(count));
        others.reserve(static_cast<std::size_t>(count));
        for (Index j = 0; j < count; ++j) {
            const double slope = by_distances(i, j);
            const double distance = distances(i, j);
            if (slope == 0 || distance == 0) continue;
            factors.push_back(squared ? 2 * slope : slope / distance);
            others.push_back(j);
        }
        std::fill_n(gradient.row(i), dimensions, 0.0);
        blocks.add_differences(factors.data(), others.data(), ssize(others), embeddings.row(i), embeddings.data,
                               dimensions, gradient.row(i));
    });
}

}  // namespace metrix::losses
