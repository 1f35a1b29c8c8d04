#include "kernels/detection/admission.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

#include "support/ordering.hpp"
#include "support/parallel.hpp"

namespace metrix::detection {
namespace {

// Rows by group. Files list the detections of an image one after the other as a rule: then no list of rows is made.
class Groups {
  public:
    Groups(View1<const std::int32_t> group_of, Index count) {
        is_sorted_ = std::is_sorted(group_of.begin(), group_of.end()) && (group_of.empty() || group_of.front() >= 0);
        if (!is_sorted_) {
            grouping_ = group_rows(group_of, count);
            return;
        }
        grouping_.offset.assign(static_cast<std::size_t>(count) + 1, 0);
        for (const std::int32_t group : group_of) ++grouping_.offset[static_cast<std::size_t>(group) + 1];
        std::partial_sum(grouping_.offset.begin(), grouping_.offset.end(), grouping_.offset.begin());
    }

    [[nodiscard]] Index size(Index group) const { return end(group) - begin(group); }

    template <class Visit>
    void for_each_row(Index group, Visit&& visit) const {
        for (Index place = begin(group); place < end(group); ++place) {
            visit(is_sorted_ ? static_cast<std::size_t>(place)
                             : static_cast<std::size_t>(grouping_.rows[static_cast<std::size_t>(place)]));
        }
    }

  private:
    [[nodiscard]] Index begin(Index group) const { return grouping_.offset[static_cast<std::size_t>(group)]; }
    [[nodiscard]] Index end(Index group) const { return grouping_.offset[static_cast<std::size_t>(group) + 1]; }

    Grouping grouping_;
    bool is_sorted_;
};

}  // namespace

void keep_best(View1<const std::int32_t> group, Index group_count, View1<const double> score, std::int64_t limit,
               int num_threads, View1<std::uint8_t> kept) {
    const Groups groups(group, group_count);
    std::fill(kept.begin(), kept.end(), std::uint8_t{0});
    std::vector<std::vector<KeyedRow>> space(static_cast<std::size_t>(std::max(1, num_threads)));
    parallel_for(group_count, num_threads, [&](Index item, int thread) {
        if (groups.size(item) <= limit) {
            groups.for_each_row(item, [&](std::size_t row) { kept[row] = 1; });
            return;
        }
        auto& rows = space[static_cast<std::size_t>(thread)];
        rows.clear();
        groups.for_each_row(item, [&](std::size_t row) {
            rows.push_back({descending_key(score[row]), static_cast<std::int32_t>(row)});
        });
        const auto comes_first = [](const KeyedRow& a, const KeyedRow& b) {
            return a.key < b.key || (a.key == b.key && a.row < b.row);
        };
        std::nth_element(rows.begin(), rows.begin() + limit, rows.end(), comes_first);
        for (std::int64_t i = 0; i < limit; ++i) {
            kept[static_cast<std::size_t>(rows[static_cast<std::size_t>(i)].row)] = 1;
        }
    });
}

void judge_federated(const Federation& federation, View1<const std::int32_t> image, View1<const std::int32_t> category,
                     int num_threads, View1<std::uint8_t> judged, View1<std::uint8_t> excused) {
    enum : std::uint8_t { is_judged = 1, is_excused = 2 };
    std::fill(judged.begin(), judged.end(), std::uint8_t{0});
    std::fill(excused.begin(), excused.end(), std::uint8_t{0});
    const Groups detections(image, federation.image_count);
    const Groups ground_truths(federation.ground_truth_image, federation.image_count);
    // What is known of each category in the image at hand; all zero between two images.
    const std::vector<std::uint8_t> nothing(static_cast<std::size_t>(federation.category_count), 0);
    std::vector<std::vector<std::uint8_t>> known(static_cast<std::size_t>(std::max(1, num_threads)), nothing);
    parallel_for(federation.image_count, num_threads, [&](Index item, int thread) {
        if (detections.size(item) == 0) return;
        auto& facts = known[static_cast<std::size_t>(thread)];
        const auto each_fact = [&](auto&& visit) {
            const auto say = [&](std::int32_t of_category, std::uint8_t fact) {
                if (of_category >= 0) visit(facts[static_cast<std::size_t>(of_category)], fact);
            };
            ground_truths.for_each_row(item,
                                       [&](std::size_t row) { say(federation.ground_truth_category[row], is_judged); });
            for (const auto& [lists, fact] : {std::pair{&federation.absent, std::uint8_t{is_judged}},
                                              std::pair{&federation.not_exhaustive, std::uint8_t{is_excused}}}) {
                for (auto i = lists->offset[static_cast<std::size_t>(item)];
                     i < lists->offset[static_cast<std::size_t>(item) + 1]; ++i) {
                    say(lists->category[static_cast<std::size_t>(i)], fact);
                }
            }
        };
        each_fact([](std::uint8_t& facts_of, std::uint8_t fact) { facts_of |= fact; });
        detections.for_each_row(item, [&](std::size_t row) {
            if (category[row] < 0) return;
            const std::uint8_t facts_of = facts[static_cast<std::size_t>(category[row])];
            judged[row] = (facts_of & is_judged) != 0;
            excused[row] = (facts_of & is_excused) != 0;
        });
        each_fact([](std::uint8_t& facts_of, std::uint8_t) { facts_of = 0; });
    });
}

}  // namespace metrix::detection
