#include "kernels/losses/triplets.hpp"

#include <algorithm>

#include "kernels/losses/pairwise.hpp"
#include "support/buffer.hpp"
#include "support/parallel.hpp"

namespace metrix::losses {
namespace {

constexpr Index none = -1;

class Distances {
  public:
    Distances(const Batch& batch, int num_threads)
        : batch_(batch), count_(batch.embeddings.rows), values_(static_cast<std::size_t>(count_ * count_)) {
        pairwise_distances(batch.embeddings, batch.embeddings, batch.squared, num_threads,
                           {values_.data(), count_, count_});
    }

    [[nodiscard]] const double* of(Index anchor) const { return values_.data() + anchor * count_; }

    // Calls visit(positive, negative) for the triplets of an anchor.
    template <class Visit>
    void for_each(Index anchor, Visit&& visit) const {
        if (batch_.mining == Mining::hard) {
            const Index positive = hardest(anchor);
            const Index negative = nearest_beyond(anchor, -1);
            if (positive != none && negative != none) visit(positive, negative);
            return;
        }
        for (Index positive = 0; positive < count_; ++positive) {
            if (positive == anchor || !is_same(anchor, positive)) continue;
            if (batch_.mining == Mining::semihard) {
                const Index negative = nearest_beyond(anchor, of(anchor)[positive]);
                if (negative != none) visit(positive, negative);
                continue;
            }
            for (Index negative = 0; negative < count_; ++negative) {
                if (!is_same(anchor, negative)) visit(positive, negative);
            }
        }
    }

  private:
    [[nodiscard]] bool is_same(Index i, Index j) const {
        return batch_.labels[static_cast<std::size_t>(i)] == batch_.labels[static_cast<std::size_t>(j)];
    }

    [[nodiscard]] Index hardest(Index anchor) const {
        Index best = none;
        for (Index j = 0; j < count_; ++j) {
            if (j == anchor || !is_same(anchor, j)) continue;
            if (best == none || of(anchor)[j] > of(anchor)[best]) best = j;
        }
        return best;
    }

    [[nodiscard]] Index nearest_beyond(Index anchor, double distance) const {
        Index best = none;
        for (Index j = 0; j < count_; ++j) {
            if (is_same(anchor, j) || !(of(anchor)[j] > distance)) continue;
            if (best == none || of(anchor)[j] < of(anchor)[best]) best = j;
        }
        return best;
    }

    const Batch& batch_;
    Index count_;
    Buffer<double> values_;
};

}  // namespace

Triplets mine_triplets(const Batch& batch, int num_threads) {
    const Distances distances(batch, num_threads);
    const Index count = batch.embeddings.rows;
    std::vector<Triplets> parts(static_cast<std::size_t>(count));
    parallel_for(count, num_threads, [&](Index anchor, int) {
        Triplets& part = parts[static_cast<std::size_t>(anchor)];
        distances.for_each(anchor, [&](Index positive, Index negative) {
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

TripletLoss batch_triplet_loss(const Batch& batch, int num_threads, View2<double> gradient) {
    const Distances distances(batch, num_threads);
    const Index count = batch.embeddings.rows;
    const bool wants_gradient = gradient.data != nullptr;
    // Derivatives by the distances of an anchor: whole numbers, as each triplet adds 1 and -1.
    Buffer<double> slopes(wants_gradient ? static_cast<std::size_t>(count * count) : 0);
    std::vector<TripletLoss> parts(static_cast<std::size_t>(count));
    parallel_for(count, num_threads, [&](Index anchor, int) {
        const double* const own = distances.of(anchor);
        double* const slope = wants_gradient ? slopes.data() + anchor * count : nullptr;
        if (wants_gradient) std::fill_n(slope, count, 0.0);
        TripletLoss part;
        distances.for_each(anchor, [&](Index positive, Index negative) {
            ++part.count;
            const double term = own[positive] - own[negative] + batch.margin;
            if (!(term > 0)) return;
            ++part.active;
            part.sum += term;
            if (!wants_gradient) return;
            slope[positive] += 1;
            slope[negative] -= 1;
        });
        parts[static_cast<std::size_t>(anchor)] = part;
    });
    TripletLoss result;
    for (const TripletLoss& part : parts) {
        result.sum += part.sum;
        result.count += part.count;
        result.active += part.active;
    }
    if (!wants_gradient) return result;

    const PairwiseBlocks& blocks = pairwise_blocks();
    const Index dimensions = batch.embeddings.columns;
    parallel_for(count, num_threads, [&](Index i, int) {
        const double* const own = distances.of(i);
        std::fill_n(gradient.row(i), dimensions, 0.0);
        for (Index j = 0; j < count; ++j) {
            const double slope =
                slopes[static_cast<std::size_t>(i * count + j)] + slopes[static_cast<std::size_t>(j * count + i)];
            if (slope == 0 || own[j] == 0) continue;
            const double factor = batch.squared ? 2 * slope : slope / own[j];
            blocks.add_difference(factor, batch.embeddings.row(i), batch.embeddings.row(j), dimensions,
                                  gradient.row(i));
        }
    });
    return result;
}

}  // namespace metrix::losses
