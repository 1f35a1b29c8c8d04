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

struct TruePositive {
    std::int64_t place;    // of the detection
    std::int64_t counted;  // detections up to here that are not ignored
};

// The true positives of one category at up to sixteen thresholds.
struct Walk {
    std::array<std::vector<TruePositive>, thresholds_per_word> true_positives;
    std::int64_t first_place = -1;  // of the detections within max_detections; -1: there is none

    void run(const Outcomes& outcomes, Index category, Index breakdown, Index word, std::int64_t max_detections) {
        for (auto& list : true_positives) list.clear();
        first_place = -1;
        const Outcomes::Words words(outcomes, breakdown, word);
        const Bits all = matching::bits_of_word(outcomes.threshold_count, word);
        std::int64_t seen = 0;                                           // detections that count at most thresholds
        std::array<std::int64_t, thresholds_per_word> ignored_before{};  // of these, ignored at each threshold
        for (Index i = outcomes.begin(category); i < outcomes.end(category); ++i) {
            if (outcomes.rank[static_cast<std::size_t>(i)] >= max_detections) continue;
            if (first_place < 0) first_place = i;
            const Bits skip = words.ignored(i);
            if (skip == all) continue;
            ++seen;
            const Bits matched = words.matched(i);
            // Nearly every detection is a false positive at every threshold, and this is all there is to do for it.
            if ((matched | skip) == 0) continue;
            for (unsigned bits = skip; bits != 0; bits &= bits - 1) {
                ++ignored_before[static_cast<std::size_t>(std::countr_zero(bits))];
            }
            for (unsigned bits = matched & static_cast<unsigned>(~skip); bits != 0; bits &= bits - 1) {
                const auto t = static_cast<std::size_t>(std::countr_zero(bits));
                true_positives[t].push_back({i, seen - ignored_before[t]});
            }
        }
    }
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

}  // namespace

void precision_at_recalls(const Outcomes& outcomes, Index breakdown, std::int64_t max_detections,
                          View1<const double> recall_thresholds, double epsilon, int num_threads,
                          View1<double> precision, View1<double> score_at) {
    const Index categories = outcomes.category_count();
    const Index recalls = ssize(recall_thresholds);
    const bool wants_scores = !score_at.empty();
    std::vector<Walk> walks(static_cast<std::size_t>(std::max(1, num_threads)));

    parallel_for(categories, num_threads, [&](Index category, int thread) {
        const auto place = [&](Index t, Index r) {
            return static_cast<std::size_t>((t * recalls + r) * categories + category);
        };
        const std::int64_t positives = outcomes.positives(category, breakdown);
        const double absent = positives == 0 ? -1 : 0;
        for (Index t = 0; t < outcomes.threshold_count; ++t) {
            for (Index r = 0; r < recalls; ++r) {
                precision[place(t, r)] = absent;
                if (wants_scores) score_at[place(t, r)] = absent;
            }
        }
        if (positives == 0) return;

        std::vector<std::int64_t> needed(static_cast<std::size_t>(recalls));
        needed_true_positives(positives, recall_thresholds, needed);
        std::vector<double> envelope;
        Walk& walk = walks[static_cast<std::size_t>(thread)];
        for (Index word = 0; word < matching::word_count(outcomes.threshold_count); ++word) {
            walk.run(outcomes, category, breakdown, word, max_detections);
            if (walk.first_place < 0) return;
            const Index first = word * thresholds_per_word;
            const Index last = std::min(first + thresholds_per_word, outcomes.threshold_count);
            for (Index t = first; t < last; ++t) {
                const auto& found = walk.true_positives[static_cast<std::size_t>(t - first)];
                envelope.resize(found.size());
                double highest = 0;
                for (std::size_t i = found.size(); i-- > 0;) {
                    const auto true_positives = static_cast<double>(i + 1);
                    const auto false_positives =
                        static_cast<double>(found[i].counted - static_cast<std::int64_t>(i + 1));
                    highest = std::max(highest, true_positives / (false_positives + true_positives + epsilon));
                    envelope[i] = highest;
                }
                for (Index r = 0; r < recalls; ++r) {
                    const std::int64_t n = needed[static_cast<std::size_t>(r)];
                    if (n > ssize(found)) break;  // what follows stays 0 as well, whatever its threshold
                    // Recall 0 is reached by the first detection, right or wrong.
                    const std::int64_t at = n == 0 ? walk.first_place : found[static_cast<std::size_t>(n - 1)].place;
                    precision[place(t, r)] = n == 0 ? highest : envelope[static_cast<std::size_t>(n - 1)];
                    if (wants_scores) score_at[place(t, r)] = outcomes.score[static_cast<std::size_t>(at)];
                }
            }
        }
    });
}

void final_recall(const Outcomes& outcomes, View1<const std::int64_t> max_detections, int num_threads,
                  View1<double> recall) {
    const Index categories = outcomes.category_count();
    const Index breakdowns = outcomes.positives.columns;
    const Index caps = ssize(max_detections);
    const Index words = matching::word_count(outcomes.threshold_count);
    parallel_for(categories, num_threads, [&](Index category, int) {
        // found[m][t]: true positives that the m-th cap admits and the one before it does not.
        std::vector<std::array<std::int64_t, thresholds_per_word>> found(static_cast<std::size_t>(caps));
        for (Index breakdown = 0; breakdown < breakdowns; ++breakdown) {
            for (Index word = 0; word < words; ++word) {
                const Outcomes::Words at(outcomes, breakdown, word);
                for (auto& counts : found) counts.fill(0);
                for (Index i = outcomes.begin(category); i < outcomes.end(category); ++i) {
                    unsigned bits = at.matched(i) & static_cast<unsigned>(~at.ignored(i));
                    if (bits == 0) continue;
                    const std::int32_t rank = outcomes.rank[static_cast<std::size_t>(i)];
                    const auto cap = static_cast<std::size_t>(
                        std::upper_bound(max_detections.begin(), max_detections.end(), rank) - max_detections.begin());
                    if (cap == found.size()) continue;
                    for (; bits != 0; bits &= bits - 1) ++found[cap][static_cast<std::size_t>(std::countr_zero(bits))];
                }
                const Index first = word * thresholds_per_word;
                const Index last = std::min(first + thresholds_per_word, outcomes.threshold_count);
                const std::int64_t positives = outcomes.positives(category, breakdown);
                for (Index t = first; t < last; ++t) {
                    std::int64_t total = 0;
                    for (Index m = 0; m < caps; ++m) {
                        total += found[static_cast<std::size_t>(m)][static_cast<std::size_t>(t - first)];
                        const Index place = ((t * categories + category) * breakdowns + breakdown) * caps + m;
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
    const Outcomes::Words words(outcomes, breakdown, word);
    Curve curve;
    std::int64_t true_positives = 0;
    std::int64_t counted = 0;
    for (Index i = outcomes.begin(category); i < outcomes.end(category); ++i) {
        const auto place = static_cast<std::size_t>(i);
        if (outcomes.rank[place] >= max_detections || (words.ignored(i) >> bit & 1) != 0) continue;
        ++counted;
        true_positives += words.matched(i) >> bit & 1;
        curve.true_positives.push_back(true_positives);
        curve.counted.push_back(counted);
        curve.score.push_back(outcomes.score[place]);
    }
    return curve;
}

double interpolated_average_precision(View1<const double> recall, View1<const double> precision,
                                      View1<const double> recall_thresholds) {
    std::vector<double> envelope(precision.begin(), precision.end());
    for (std::size_t i = envelope.size(); i-- > 1;) envelope[i - 1] = std::max(envelope[i - 1], envelope[i]);
    double sum = 0;
    for (const double threshold : recall_thresholds) {
        const auto at = std::lower_bound(recall.begin(), recall.end(), threshold) - recall.begin();
        if (at < ssize(envelope)) sum += envelope[static_cast<std::size_t>(at)];
    }
    return sum / static_cast<double>(recall_thresholds.size());
}

double area_under_envelope(View1<const double> recall, View1<const double> precision) {
    double area = 0;
    double highest = 0;
    for (std::size_t i = recall.size(); i-- > 0;) {
        highest = std::max(highest, precision[i]);
        area += (recall[i] - (i == 0 ? 0 : recall[i - 1])) * highest;
    }
    return area;
}

}  // namespace metrix::curves
