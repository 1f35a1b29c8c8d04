#include "kernels/detection.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/detection/diagnostics.hpp"
#include "kernels/matching/highest.hpp"
#include "support/ordering.hpp"
#include "support/parallel.hpp"
#include "support/prefetch.hpp"

namespace metrix::detection {
namespace {

template <class T>
T at(View1<const T> column, std::int32_t row) {
    return column[static_cast<std::size_t>(row)];
}

// What the work below needs of a row, side by side: columns are read once, in the order of the input, and from then on
// everything is a walk along memory.
struct Detection {
    std::uint64_t key;  // of the score, see descending_key
    double area;
    std::int32_t image;
    std::int32_t row;
    std::int32_t rank;   // in its cell
    std::int32_t place;  // in the outcomes
};

struct GroundTruth {
    double area;
    std::int32_t image;
    std::int32_t row;
    bool is_crowd;
    bool is_ignored;  // at every breakdown
    bool is_without_match;
};

// Entries by category, within one by image, within one of these in the order of their rows.
template <class Entry>
struct Partition {
    Buffer<Entry> entries;
    std::vector<std::int64_t> offset;  // K + 1

    [[nodiscard]] View1<Entry> of(std::size_t category) {
        return View1<Entry>(entries).subspan(static_cast<std::size_t>(offset[category]),
                                             static_cast<std::size_t>(offset[category + 1] - offset[category]));
    }
};

template <class Entry, class MakeEntry>
Partition<Entry> partition(View1<const std::int32_t> category, Index category_count, View1<const std::int32_t> image,
                           Index image_count, View1<const std::int32_t> order, MakeEntry&& make_entry) {
    Partition<Entry> result;
    result.offset.assign(static_cast<std::size_t>(category_count) + 1, 0);
    std::vector<std::int64_t> next;
    const auto place = [&](auto&& for_each_row) {
        for_each_row([&](std::int32_t row) {
            if (at(category, row) >= 0) ++result.offset[static_cast<std::size_t>(at(category, row)) + 1];
        });
        std::partial_sum(result.offset.begin(), result.offset.end(), result.offset.begin());
        next.assign(result.offset.begin(), result.offset.end() - 1);
        result.entries.resize(static_cast<std::size_t>(result.offset.back()));
        for_each_row([&](std::int32_t row) {
            if (at(category, row) < 0) return;
            const auto to = next[static_cast<std::size_t>(at(category, row))]++;
            result.entries[static_cast<std::size_t>(to)] = make_entry(row);
        });
    };
    const bool is_by_image =
        order.empty() && std::is_sorted(image.begin(), image.end()) && (image.empty() || image.front() >= 0);
    if (is_by_image) {
        place([&](auto&& visit) {
            for (std::int32_t row = 0; row < static_cast<std::int32_t>(image.size()); ++row) visit(row);
        });
    } else {
        const Grouping by_image =
            order.empty() ? group_rows(image, image_count) : regroup_rows(order, image, image_count);
        place([&](auto&& visit) { std::for_each(by_image.rows.begin(), by_image.rows.end(), visit); });
    }
    return result;
}

// One image and category with ground truths and detections; places count in the partitions.
struct Cell {
    std::int64_t ground_truths_begin;
    std::int64_t detections_begin;
    std::int32_t ground_truth_count;
    std::int32_t detection_count;
};

class Evaluation {
  public:
    Evaluation(const Problem& problem, Similarity& similarity, int num_threads)
        : problem_(problem),
          similarity_(similarity),
          num_threads_(ssize(problem.detection_image) < worth_a_team ? 1 : num_threads) {}

    Outcomes run() {
        with_team(num_threads_, [&] {
            partition_both_sides();
            count_positives();
            rank_detections();
            order_detections();
            match_cells();
        });
        return std::move(out_);
    }

  private:
    // Starting threads takes longer than so few detections.
    static constexpr Index worth_a_team = 256;

    [[nodiscard]] Index breakdown_count() const { return problem_.area_ranges.rows; }
    [[nodiscard]] Index word_count() const { return matching::word_count(ssize(problem_.thresholds)); }
    [[nodiscard]] std::size_t category_count() const { return static_cast<std::size_t>(problem_.category_count); }

    // Bits of one detection: [A][words][matched, ignored].
    [[nodiscard]] std::size_t bits_per_detection() const {
        return static_cast<std::size_t>(2 * breakdown_count() * word_count());
    }

    // A NaN area lies outside of nothing. Areas come in any order, so this must not branch.
    [[nodiscard]] bool is_outside(double area, Index breakdown) const {
        return static_cast<bool>(static_cast<int>(area < problem_.area_ranges(breakdown, 0)) |
                                 static_cast<int>(area > problem_.area_ranges(breakdown, 1)));
    }

    [[nodiscard]] bool is_ignored(const GroundTruth& object, Index breakdown) const {
        return object.is_ignored || is_outside(object.area, breakdown);
    }

    void partition_both_sides() {
        ground_truths_ =
            partition<GroundTruth>(problem_.ground_truth_category, problem_.category_count, problem_.ground_truth_image,
                                   problem_.image_count, problem_.ground_truth_order, [&](std::int32_t row) {
                                       return GroundTruth{at(problem_.ground_truth_area, row),
                                                          at(problem_.ground_truth_image, row),
                                                          row,
                                                          at(problem_.ground_truth_crowd, row) != 0,
                                                          at(problem_.ground_truth_ignored, row) != 0,
                                                          at(problem_.ground_truth_without_match, row) != 0};
                                   });
        const auto image_of = [&](std::int32_t row) {
            return static_cast<std::size_t>(at(problem_.detection_image, row));
        };
        out_.nan_scores.assign(static_cast<std::size_t>(problem_.image_count), 0);
        detections_ =
            partition<Detection>(problem_.detection_category, problem_.category_count, problem_.detection_image,
                                 problem_.image_count, problem_.detection_order, [&](std::int32_t row) {
                                     const double score = at(problem_.detection_score, row);
                                     if (std::isnan(score)) ++out_.nan_scores[image_of(row)];
                                     return Detection{descending_key(score),
                                                      at(problem_.detection_area, row),
                                                      at(problem_.detection_image, row),
                                                      row,
                                                      0,
                                                      0};
                                 });
    }

    void count_positives() {
        const auto breakdowns = static_cast<std::size_t>(breakdown_count());
        out_.positives.assign(category_count() * breakdowns, 0);
        out_.image_positives.assign(static_cast<std::size_t>(problem_.image_count) * breakdowns, 0);
        for (std::size_t category = 0; category < category_count(); ++category) {
            for (const GroundTruth& object : ground_truths_.of(category)) {
                for (std::size_t a = 0; a < breakdowns; ++a) {
                    const bool counts = !is_ignored(object, static_cast<Index>(a));
                    out_.positives[category * breakdowns + a] += counts;
                    out_.image_positives[static_cast<std::size_t>(object.image) * breakdowns + a] += counts;
                }
            }
        }
    }

    // Ranks and cuts the detections of each cell; those that are kept move to the front of their category. Cells with
    // both sides are noted for matching.
    void rank_detections() {
        kept_.assign(category_count(), 0);
        std::vector<std::vector<Cell>> cells(category_count());
        parallel_for(problem_.category_count, num_threads_, [&](Index category, int) {
            rank_category(static_cast<std::size_t>(category), cells[static_cast<std::size_t>(category)]);
        });
        for (const auto& some : cells) cells_.insert(cells_.end(), some.begin(), some.end());
    }

    void rank_category(std::size_t category, std::vector<Cell>& cells) {
        const auto detections = detections_.of(category);
        const auto ground_truths = ground_truths_.of(category);
        const auto by_key = [](const Detection& a, const Detection& b) { return a.key < b.key; };
        std::size_t truth = 0;
        std::size_t out = 0;
        for (std::size_t begin = 0; begin < detections.size();) {
            const std::int32_t image = detections[begin].image;
            std::size_t end = begin + 1;
            while (end < detections.size() && detections[end].image == image) ++end;
            const auto cell = detections.subspan(begin, end - begin);
            // Most files list the detections of an image by score.
            if (!std::is_sorted(cell.begin(), cell.end(), by_key)) {
                std::stable_sort(cell.begin(), cell.end(), by_key);
            }
            const auto count = static_cast<std::size_t>(std::min<std::int64_t>(ssize(cell), problem_.max_detections));

            while (truth < ground_truths.size() && ground_truths[truth].image < image) ++truth;
            const std::size_t first_truth = truth;
            while (truth < ground_truths.size() && ground_truths[truth].image == image) ++truth;
            if (truth > first_truth) {
                cells.push_back({ground_truths_.offset[category] + static_cast<std::int64_t>(first_truth),
                                 detections_.offset[category] + static_cast<std::int64_t>(out),
                                 static_cast<std::int32_t>(truth - first_truth), static_cast<std::int32_t>(count)});
            }
            for (std::size_t rank = 0; rank < count; ++rank, ++out) {
                detections[out] = cell[rank];
                detections[out].rank = static_cast<std::int32_t>(rank);
            }
            begin = end;
        }
        kept_[category] = static_cast<std::int64_t>(out);
    }

    // Brings the detections of each category into descending order of score. Each starts as matched to nothing.
    void order_detections() {
        out_.category_offset.assign(category_count() + 1, 0);
        std::partial_sum(kept_.begin(), kept_.end(), out_.category_offset.begin() + 1);
        const auto count = static_cast<std::size_t>(out_.category_offset.back());
        out_.score.resize(count);
        out_.image.resize(count);
        out_.rank.resize(count);
        out_.row.resize(count);
        out_.bits.resize(count * bits_per_detection());
        if (problem_.diagnostics) {
            out_.ground_truth.resize(count);
            std::fill(out_.ground_truth.begin(), out_.ground_truth.end(), -1);
        }
        // The largest first, so that no thread is left alone with it at the end.
        std::vector<std::size_t> largest_first(category_count());
        std::iota(largest_first.begin(), largest_first.end(), std::size_t{0});
        std::stable_sort(largest_first.begin(), largest_first.end(),
                         [&](std::size_t a, std::size_t b) { return kept_[a] > kept_[b]; });
        std::vector<SortSpace> spaces(static_cast<std::size_t>(std::max(1, num_threads_)));
        parallel_for(problem_.category_count, num_threads_, [&](Index item, int thread) {
            order_category(largest_first[static_cast<std::size_t>(item)], spaces[static_cast<std::size_t>(thread)]);
        });
    }

    struct SortSpace {
        Buffer<KeyedRow> order;
        Buffer<KeyedRow> scratch;
    };

    void order_category(std::size_t category, SortSpace& space) {
        const auto detections = detections_.of(category).first(static_cast<std::size_t>(kept_[category]));
        if (!problem_.by_score) {
            for (std::size_t i = 0; i < detections.size(); ++i) write_outcome(category, i, detections[i]);
            return;
        }
        space.order.resize(detections.size());
        space.scratch.resize(detections.size());
        for (std::size_t i = 0; i < detections.size(); ++i) {
            space.order[i] = {detections[i].key, static_cast<std::int32_t>(i)};
        }
        stable_sort_by_key(space.order, space.scratch);

        for (std::size_t i = 0; i < detections.size(); ++i) {
            // By score is any order in memory: ask for it early.
            constexpr std::size_t ahead = 12;
            const std::size_t later = std::min(i + ahead, detections.size() - 1);
            prefetch(&detections[static_cast<std::size_t>(space.order[later].row)]);
            write_outcome(category, i, detections[static_cast<std::size_t>(space.order[i].row)]);
        }
    }

    void write_outcome(std::size_t category, std::size_t i, Detection& detection) {
        const std::size_t place = static_cast<std::size_t>(out_.category_offset[category]) + i;
        detection.place = static_cast<std::int32_t>(place);
        out_.score[place] = score_of(detection);
        out_.image[place] = detection.image;
        out_.rank[place] = detection.rank;
        out_.row[place] = detection.row;
        start_unmatched(detection, outcome(place));
    }

    [[nodiscard]] double score_of(const Detection& detection) const {
        const double score = score_of_key(detection.key);
        return score == 0 || std::isnan(score) ? at(problem_.detection_score, detection.row) : score;
    }

    [[nodiscard]] Bits* outcome(std::size_t place) { return out_.bits.data() + place * bits_per_detection(); }

    // Ignored where it lies outside of the breakdown itself, or is excused everywhere.
    void start_unmatched(const Detection& detection, Bits* bits) const {
        const Index words = word_count();
        const int is_excused =
            static_cast<int>(!problem_.detection_excused.empty() && at(problem_.detection_excused, detection.row) != 0);
        for (Index a = 0; a < breakdown_count(); ++a) {
            const auto if_outside = static_cast<Bits>(-(static_cast<int>(is_outside(detection.area, a)) | is_excused));
            for (Index w = 0; w < words; ++w) {
                *bits++ = 0;
                *bits++ = if_outside & matching::bits_of_word(ssize(problem_.thresholds), w);
            }
        }
    }

    struct Match {
        std::int32_t detection;
        std::int32_t ground_truth;
        Bits bits;
    };

    // What was met in an image and stays rare.
    struct Oddity {
        std::int32_t image;
        std::int64_t nan_pairs;
        std::int64_t mismatches;
    };

    struct Workspace {
        std::vector<std::int32_t> detection_rows;     // of several cells, one after the other
        std::vector<std::int32_t> ground_truth_rows;  // the same
        std::vector<double> block;
        std::vector<std::uint8_t> ignored;
        std::vector<std::uint8_t> crowd;
        std::vector<Bits> taken;
        matching::Candidates candidates;
        std::vector<Match> uniform_matches;  // of the cell and word at hand, where no ground truth comes before another
        bool has_uniform_matches = false;
        std::vector<Oddity> oddities;
        std::int64_t mismatches = 0;  // met so far
    };

    void match_cells() {
        const double floor = *std::min_element(problem_.thresholds.begin(), problem_.thresholds.end());
        similarity_.prepare(num_threads_, floor);
        std::vector<Workspace> workspaces(static_cast<std::size_t>(std::max(1, num_threads_)));
        constexpr Index cells_at_once = 32;
        parallel_for((ssize(cells_) + cells_at_once - 1) / cells_at_once, num_threads_, [&](Index item, int thread) {
            const auto begin = static_cast<std::size_t>(item * cells_at_once);
            const auto count = static_cast<std::size_t>(std::min(cells_at_once, ssize(cells_) - item * cells_at_once));
            match_some(View1<const Cell>(cells_).subspan(begin, count), workspaces[static_cast<std::size_t>(thread)],
                       thread);
        });
        out_.nan_pairs.assign(static_cast<std::size_t>(problem_.image_count), 0);
        out_.mismatches.assign(static_cast<std::size_t>(problem_.image_count), 0);
        for (const Workspace& workspace : workspaces) {
            for (const Oddity& oddity : workspace.oddities) {
                out_.nan_pairs[static_cast<std::size_t>(oddity.image)] += oddity.nan_pairs;
                out_.mismatches[static_cast<std::size_t>(oddity.image)] += oddity.mismatches;
            }
        }
    }

    [[nodiscard]] View1<const Detection> detections_of(const Cell& cell) const {
        return View1<const Detection>(detections_.entries)
            .subspan(static_cast<std::size_t>(cell.detections_begin), static_cast<std::size_t>(cell.detection_count));
    }

    [[nodiscard]] View1<const GroundTruth> ground_truths_of(const Cell& cell) const {
        return View1<const GroundTruth>(ground_truths_.entries)
            .subspan(static_cast<std::size_t>(cell.ground_truths_begin),
                     static_cast<std::size_t>(cell.ground_truth_count));
    }

    void match_some(View1<const Cell> cells, Workspace& work, int thread) {
        work.detection_rows.clear();
        work.ground_truth_rows.clear();
        for (const Cell& cell : cells) {
            for (const Detection& detection : detections_of(cell)) work.detection_rows.push_back(detection.row);
            for (const GroundTruth& object : ground_truths_of(cell)) work.ground_truth_rows.push_back(object.row);
        }
        similarity_.expect(work.detection_rows, work.ground_truth_rows);
        View1<const std::int32_t> detection_rows = work.detection_rows;
        View1<const std::int32_t> ground_truth_rows = work.ground_truth_rows;
        for (const Cell& cell : cells) {
            const auto detection_count = static_cast<std::size_t>(cell.detection_count);
            const auto ground_truth_count = static_cast<std::size_t>(cell.ground_truth_count);
            match_cell(cell, detection_rows.first(detection_count), ground_truth_rows.first(ground_truth_count), work,
                       thread);
            detection_rows = detection_rows.subspan(detection_count);
            ground_truth_rows = ground_truth_rows.subspan(ground_truth_count);
        }
    }

    void match_cell(const Cell& cell, View1<const std::int32_t> detection_rows,
                    View1<const std::int32_t> ground_truth_rows, Workspace& work, int thread) {
        const auto detections = detections_of(cell);
        const auto ground_truths = ground_truths_of(cell);
        work.crowd.clear();
        for (const GroundTruth& object : ground_truths) work.crowd.push_back(object.is_crowd);
        work.taken.resize(ground_truths.size());
        work.block.resize(std::max(work.block.size(), detections.size() * ground_truths.size()));
        const View2<double> block{work.block.data(), ssize(detections), ssize(ground_truths)};
        similarity_.fill(detection_rows, ground_truth_rows, block, thread);
        if (const std::int64_t mismatches = similarity_.mismatches(thread); mismatches != work.mismatches) {
            work.oddities.push_back({detections.front().image, 0, mismatches - work.mismatches});
            work.mismatches = mismatches;
        }

        const Index threshold_count = ssize(problem_.thresholds);
        for (Index word = 0; word < word_count(); ++word) {
            const Index first = word * matching::thresholds_per_word;
            const auto thresholds = problem_.thresholds.subspan(
                static_cast<std::size_t>(first),
                static_cast<std::size_t>(std::min(matching::thresholds_per_word, threshold_count - first)));
            work.candidates.collect(block, thresholds, problem_.nan_matches);
            if (word == 0 && work.candidates.has_nan()) {
                work.oddities.push_back({detections.front().image, work.candidates.nan_count(), 0});
            }
            if (work.candidates.empty()) continue;
            for (const auto& [d, begin, end] : work.candidates.detections()) {
                prefetch(outcome(static_cast<std::size_t>(detections[static_cast<std::size_t>(d)].place)));
            }
            work.has_uniform_matches = false;
            for (Index a = 0; a < breakdown_count(); ++a) {
                match_breakdown(detections, ground_truths, block, thresholds, word, a, work);
            }
        }
    }

    // The bit of the lowest threshold, if it stands in this word.
    [[nodiscard]] Bits lowest_threshold_of(Index word) const {
        const auto lowest = std::min_element(problem_.thresholds.begin(), problem_.thresholds.end());
        const Index place = lowest - problem_.thresholds.begin() - word * matching::thresholds_per_word;
        return place >= 0 && place < matching::thresholds_per_word ? static_cast<Bits>(1U << place) : Bits{0};
    }

    void match_breakdown(View1<const Detection> detections, View1<const GroundTruth> ground_truths,
                         View2<const double> block, View1<const double> thresholds, Index word, Index breakdown,
                         Workspace& work) {
        work.ignored.clear();
        std::size_t ignored_count = 0;
        for (const GroundTruth& object : ground_truths) {
            work.ignored.push_back(is_ignored(object, breakdown));
            ignored_count += work.ignored.back();
        }

        const Index pair = 2 * (breakdown * word_count() + word);
        const Bits noted = problem_.diagnostics && breakdown == 0 ? lowest_threshold_of(word) : Bits{0};
        const auto apply = [&](std::int32_t d, std::int32_t g, Bits bits) {
            Bits* const of_detection =
                outcome(static_cast<std::size_t>(detections[static_cast<std::size_t>(d)].place)) + pair;
            Bits& matched = of_detection[0];
            Bits& ignored = of_detection[1];
            const bool counts_as_match = !ground_truths[static_cast<std::size_t>(g)].is_without_match;
            if (work.ignored[static_cast<std::size_t>(g)] != 0) {
                ignored = static_cast<Bits>(ignored | bits);
            } else if (counts_as_match) {
                ignored = static_cast<Bits>(ignored & ~bits);
            }
            if (counts_as_match) matched = static_cast<Bits>(matched | bits);
            if (counts_as_match && (bits & noted) != 0) {
                out_.ground_truth[static_cast<std::size_t>(detections[static_cast<std::size_t>(d)].place)] =
                    ground_truths[static_cast<std::size_t>(g)].row;
            }
        };
        const Bits all = matching::bits_of_word(ssize(problem_.thresholds), word);
        if (problem_.only_highest) {
            matching::match_highest(block, thresholds, work.ignored, work.taken, apply);
        } else if (work.candidates.has_nan() && problem_.nan_matches) {
            matching::match_literally(block, thresholds, work.ignored, work.crowd, work.taken, apply);
        } else if (ignored_count != 0 && ignored_count != ground_truths.size()) {
            matching::match_candidates(work.candidates, work.ignored, work.crowd, all, work.taken, apply);
        } else {
            // Where all ground truths are ignored or none is, none comes before another: the same matches again.
            if (!work.has_uniform_matches) {
                work.uniform_matches.clear();
                matching::match_candidates(
                    work.candidates, work.ignored, work.crowd, all, work.taken,
                    [&](std::int32_t d, std::int32_t g, Bits bits) { work.uniform_matches.push_back({d, g, bits}); });
                work.has_uniform_matches = true;
            }
            for (const auto& [d, g, bits] : work.uniform_matches) apply(d, g, bits);
        }
    }

    const Problem& problem_;
    Similarity& similarity_;
    int num_threads_;
    Partition<GroundTruth> ground_truths_;
    Partition<Detection> detections_;  // once ranked: the kept ones of each category at its front, by image and rank
    std::vector<std::int64_t> kept_;
    std::vector<Cell> cells_;
    Outcomes out_;
};

}  // namespace

Outcomes evaluate(const Problem& problem, Similarity& similarity, int num_threads) {
    Outcomes outcomes = Evaluation(problem, similarity, num_threads).run();
    if (problem.diagnostics) find_best_overlaps(problem, similarity, num_threads, outcomes);
    return outcomes;
}

}  // namespace metrix::detection
