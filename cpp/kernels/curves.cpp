#include "kernels/curves.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "support/parallel.hpp"

namespace metrix::curves {
namespace {

using matching::thresholds_per_word;

// Calls body with the number of breakdowns, as a constant where it is a usual one: the passes over detections spend
// their time in the loop over breakdowns.
template <class Body>
void with_breakdown_count(Index count, Body&& body) {
    switch (count) {
        case 1:
            return body(std::integral_constant<Index, 1>());
        case 3:
            return body(std::integral_constant<Index, 3>());
        case 4:
            return body(std::integral_constant<Index, 4>());
        default:
            return body(count);
    }
}

struct TruePositive {
    std::int64_t place;    // of the detection
    std::int64_t counted;  // detections up to here that are not ignored
};

// The true positives of one category at up to sixteen thresholds, for every breakdown.
class Walk {
  public:
    void run(const Outcomes& outcomes, Index category, Index word, std::int64_t max_detections) {
        breakdowns_.resize(static_cast<std::size_t>(outcomes.breakdown_count()));
        for (Breakdown& breakdown : breakdowns_) breakdown.clear();
        seen_.assign(breakdowns_.size(), 0);
        first_place = -1;
        with_breakdown_count(outcomes.breakdown_count(), [&](auto breakdown_count) {
            const Bits all = matching::bits_of_word(outcomes.threshold_count, word);
            for (Index i = outcomes.begin(category); i < outcomes.end(category); ++i) {
                if (outcomes.rank[static_cast<std::size_t>(i)] >= max_detections) continue;
                if (first_place < 0) first_place = i;
                const Outcomes::Word bits = outcomes.at(i, word);
                // Nearly every detection is a false positive at every threshold or ignored at every one, and this is
                // all there is to do for it.
                unsigned any = 0;
                for (Index a = 0; a < breakdown_count; ++a) {
                    const Bits skip = bits.ignored(a);
                    seen_[static_cast<std::size_t>(a)] += skip != all;
                    any |= bits.matched(a) | (static_cast<unsigned>(skip != 0) & static_cast<unsigned>(skip != all));
                }
                if (any == 0) continue;
                for (Index a = 0; a < breakdown_count; ++a) {
                    if (bits.ignored(a) == all) continue;
                    breakdowns_[static_cast<std::size_t>(a)].add(i, seen_[static_cast<std::size_t>(a)], bits.matched(a),
                                                                 bits.ignored(a));
                }
            }
        });
    }

    [[nodiscard]] View1<const TruePositive> true_positives(std::size_t breakdown, Index threshold) const {
        return breakdowns_[breakdown].true_positives[static_cast<std::size_t>(threshold)];
    }

    std::int64_t first_place = -1;  // of the detections within max_detections; -1: there is none

  private:
    struct Breakdown {
        std::array<std::vector<TruePositive>, thresholds_per_word> true_positives;
        std::array<std::int64_t, thresholds_per_word> ignored_before{};  // of those seen, ignored at each threshold

        void clear() {
            for (auto& list : true_positives) list.clear();
            ignored_before.fill(0);
        }

        void add(Index place, std::int64_t seen, Bits matched, Bits skip) {
            for (unsigned bits = skip; bits != 0; bits &= bits - 1) {
                ++ignored_before[static_cast<std::size_t>(std::countr_zero(bits))];
            }
            for (unsigned bits = matched & static_cast<unsigned>(~skip); bits != 0; bits &= bits - 1) {
                const auto t = static_cast<std::size_t>(std::countr_zero(bits));
                true_positives[t].push_back({place, seen - ignored_before[t]});
            }
        }
    };

    std::vector<Breakdown> breakdowns_;
    std::vector<std::int64_t> seen_;  // of each breakdown, detections that count at some threshold
};

// How many true positives reach each recall threshold: the least n with n / positives >= threshold in floating point.
// More than there are positives where nothing does (a threshold above 1, or NaN).
void needed_true_positives(std::int64_t positives, View1<const double> recall_thresholds, View1<std::int64_t> needed) {
    const auto count = static_cast<double>(positives);
    const auto recall = [&](std::int64_t n) { return static_cast<double>(n) / count; };
    for (std::size_t r = 0; r < needed.size(); ++r) {
        const double threshold = recall_thresholds[r];
        if (!(threshold <= 1)) {
            needed[r] = positives + 1;
            continue;
        }
        auto n = static_cast<std::int64_t>(std::max(0.0, std::ceil(threshold * count)));
        while (n > 0 && recall(n - 1) >= threshold) --n;
        while (n <= positives && recall(n) < threshold) ++n;
        needed[r] = n;
    }
}

// The values of one category after the other, [T][R][A][M] each.
class CategoryCurves {
  public:
    CategoryCurves(const Outcomes& outcomes, View1<const std::int64_t> max_detections,
                   View1<const double> recall_thresholds, double epsilon, bool wants_scores)
        : outcomes_(&outcomes),
          max_detections_(max_detections),
          recall_thresholds_(recall_thresholds),
          epsilon_(epsilon),
          wants_scores_(wants_scores),
          values_per_recall_(outcomes.breakdown_count() * ssize(max_detections)),
          needed_(static_cast<std::size_t>(outcomes.breakdown_count()),
                  std::vector<std::int64_t>(recall_thresholds.size())),
          precision_(static_cast<std::size_t>(outcomes.threshold_count * recalls() * values_per_recall_)),
          score_at_(wants_scores ? precision_.size() : 0) {}

    void run(Index category) {
        start_absent(category);
        for (Index cap = 0; cap < ssize(max_detections_); ++cap) {
            for (Index word = 0; word < matching::word_count(outcomes_->threshold_count); ++word) {
                walk_.run(*outcomes_, category, word, max_detections_[static_cast<std::size_t>(cap)]);
                if (walk_.first_place < 0) break;
                const Index first = word * thresholds_per_word;
                const Index last = std::min(first + thresholds_per_word, outcomes_->threshold_count);
                for (Index a = 0; a < outcomes_->breakdown_count(); ++a) {
                    if (outcomes_->positives(category, a) == 0) continue;
                    for (Index t = first; t < last; ++t) {
                        interpolate(walk_.true_positives(static_cast<std::size_t>(a), t - first),
                                    needed_[static_cast<std::size_t>(a)],
                                    t * recalls() * values_per_recall_ + a * ssize(max_detections_) + cap);
                    }
                }
            }
        }
    }

    // Into (T, R, K, A, M).
    void copy_to(Index category, View1<double> precision, View1<double> score_at) const {
        copy(category, precision_.data(), precision.data());
        if (wants_scores_) copy(category, score_at_.data(), score_at.data());
    }

  private:
    [[nodiscard]] Index recalls() const { return ssize(recall_thresholds_); }

    void copy(Index category, const double* from, double* all) const {
        for (Index i = 0; i < outcomes_->threshold_count * recalls(); ++i) {
            double* const to = all + (i * outcomes_->category_count() + category) * values_per_recall_;
            // Too few at a time for a call of memcpy.
            for (Index value = 0; value < values_per_recall_; ++value) to[value] = *from++;
        }
    }

    // -1 without positives, and 0 for recalls that are not reached.
    void start_absent(Index category) {
        auto value = precision_.begin();
        for (Index a = 0; a < outcomes_->breakdown_count(); ++a) {
            const std::int64_t positives = outcomes_->positives(category, a);
            value = std::fill_n(value, max_detections_.size(), positives == 0 ? -1.0 : 0.0);
            if (positives > 0)
                needed_true_positives(positives, recall_thresholds_, needed_[static_cast<std::size_t>(a)]);
        }
        for (; value != precision_.end(); value = std::copy_n(precision_.begin(), values_per_recall_, value)) {
        }
        if (wants_scores_) score_at_ = precision_;
    }

    // The values of one curve: at `place` the one of the first recall threshold.
    void interpolate(View1<const TruePositive> found, View1<const std::int64_t> needed, Index place) {
        envelope_.resize(found.size());
        double highest = 0;
        for (std::size_t i = found.size(); i-- > 0;) {
            const auto true_positives = static_cast<double>(i + 1);
            const auto false_positives = static_cast<double>(found[i].counted - static_cast<std::int64_t>(i + 1));
            highest = std::max(highest, true_positives / (false_positives + true_positives + epsilon_));
            envelope_[i] = highest;
        }
        for (const std::int64_t n : needed) {
            if (n > ssize(found)) break;  // what follows stays 0 as well, whatever its threshold
            // Recall 0 is reached by the first detection, right or wrong.
            const std::int64_t at = n == 0 ? walk_.first_place : found[static_cast<std::size_t>(n - 1)].place;
            precision_[static_cast<std::size_t>(place)] = n == 0 ? highest : envelope_[static_cast<std::size_t>(n - 1)];
            if (wants_scores_) {
                score_at_[static_cast<std::size_t>(place)] = outcomes_->score[static_cast<std::size_t>(at)];
            }
            place += values_per_recall_;
        }
    }

    const Outcomes* outcomes_;
    View1<const std::int64_t> max_detections_;
    View1<const double> recall_thresholds_;
    double epsilon_;
    bool wants_scores_;
    Index values_per_recall_;
    std::vector<std::vector<std::int64_t>> needed_;  // of each breakdown, for each recall threshold
    Walk walk_;
    std::vector<double> envelope_;
    std::vector<double> precision_;
    std::vector<double> score_at_;
};

}  // namespace

void precision_at_recalls(const Outcomes& outcomes, View1<const std::int64_t> max_detections,
                          View1<const double> recall_thresholds, double epsilon, int num_threads,
                          View1<double> precision, View1<double> score_at) {
    std::vector<CategoryCurves> of_thread(
        static_cast<std::size_t>(std::max(1, num_threads)),
        CategoryCurves(outcomes, max_detections, recall_thresholds, epsilon, !score_at.empty()));
    parallel_for(outcomes.category_count(), num_threads, [&](Index category, int thread) {
        CategoryCurves& curves = of_thread[static_cast<std::size_t>(thread)];
        curves.run(category);
        curves.copy_to(category, precision, score_at);
    });
}

void final_recall(const Outcomes& outcomes, View1<const std::int64_t> max_detections, int num_threads,
                  View1<double> recall) {
    const Index categories = outcomes.category_count();
    const Index breakdowns = outcomes.positives.columns;
    const Index caps = ssize(max_detections);
    const Index words = matching::word_count(outcomes.threshold_count);
    parallel_for(categories, num_threads, [&](Index category, int) {
        // found[a][m][t]: true positives that the m-th cap admits and the one before it does not.
        std::vector<std::array<std::int64_t, thresholds_per_word>> found(static_cast<std::size_t>(breakdowns * caps));
        for (Index word = 0; word < words; ++word) {
            for (auto& counts : found) counts.fill(0);
            with_breakdown_count(breakdowns, [&](auto breakdown_count) {
                for (Index i = outcomes.begin(category); i < outcomes.end(category); ++i) {
                    const Outcomes::Word bits = outcomes.at(i, word);
                    unsigned any = 0;
                    for (Index a = 0; a < breakdown_count; ++a) any |= bits.matched(a);
                    if (any == 0) continue;
                    const std::int32_t rank = outcomes.rank[static_cast<std::size_t>(i)];
                    const Index cap =
                        std::upper_bound(max_detections.begin(), max_detections.end(), rank) - max_detections.begin();
                    if (cap == caps) continue;
                    for (Index a = 0; a < breakdown_count; ++a) {
                        auto& counts = found[static_cast<std::size_t>(a * caps + cap)];
                        unsigned right = bits.matched(a) & static_cast<unsigned>(~bits.ignored(a));
                        for (; right != 0; right &= right - 1) {
                            ++counts[static_cast<std::size_t>(std::countr_zero(right))];
                        }
                    }
                }
            });
            const Index first = word * thresholds_per_word;
            const Index last = std::min(first + thresholds_per_word, outcomes.threshold_count);
            for (Index t = first; t < last; ++t) {
                for (Index a = 0; a < breakdowns; ++a) {
                    const std::int64_t positives = outcomes.positives(category, a);
                    std::int64_t total = 0;
                    for (Index m = 0; m < caps; ++m) {
                        total += found[static_cast<std::size_t>(a * caps + m)][static_cast<std::size_t>(t - first)];
                        const Index place = ((t * categories + category) * breakdowns + a) * caps + m;
                        recall[static_cast<std::size_t>(place)] =
                            positives == 0 ? -1 : static_cast<double>(total) / static_cast<double>(positives);
                    }
                }
            }
        }
    });
}

Curve precision_recall_curve(const Outcomes& outcomes, Index category, Index threshold, Index breakdown,
                             std::int64_t max_detections) {
    const Index word = threshold / thresholds_per_word;
    const auto bit = static_cast<unsigned>(threshold % thresholds_per_word);
    Curve curve;
    std::int64_t true_positives = 0;
    std::int64_t counted = 0;
    for (Index i = outcomes.begin(category); i < outcomes.end(category); ++i) {
        const auto place = static_cast<std::size_t>(i);
        const Outcomes::Word bits = outcomes.at(i, word);
        if (outcomes.rank[place] >= max_detections || (bits.ignored(breakdown) >> bit & 1) != 0) continue;
        ++counted;
        true_positives += bits.matched(breakdown) >> bit & 1;
        curve.true_positives.push_back(true_positives);
        curve.counted.push_back(counted);
        curve.score.push_back(outcomes.score[place]);
    }
    return curve;
}

}  // namespace metrix::curves
