#include "kernels/detection/diagnostics.hpp"

#include <algorithm>

#include "support/ordering.hpp"
#include "support/parallel.hpp"

namespace metrix::detection {
namespace {

// The ground truths that can be lain on, by image.
Grouping group_ground_truths(const Problem& problem) {
    std::vector<std::int32_t> rows;
    const auto add = [&](std::int32_t row) {
        const auto place = static_cast<std::size_t>(row);
        if (problem.ground_truth_category[place] >= 0 && problem.ground_truth_ignored[place] == 0) rows.push_back(row);
    };
    if (problem.ground_truth_order.empty()) {
        for (std::int32_t row = 0; row < static_cast<std::int32_t>(problem.ground_truth_image.size()); ++row) add(row);
    } else {
        std::for_each(problem.ground_truth_order.begin(), problem.ground_truth_order.end(), add);
    }
    return regroup_rows(rows, problem.ground_truth_image, problem.image_count);
}

std::vector<std::int32_t> categories_of(const Outcomes& outcomes) {
    std::vector<std::int32_t> category(outcomes.row.size());
    for (std::size_t k = 0; k + 1 < outcomes.category_offset.size(); ++k) {
        std::fill(category.begin() + outcomes.category_offset[k], category.begin() + outcomes.category_offset[k + 1],
                  static_cast<std::int32_t>(k));
    }
    return category;
}

View1<const std::int32_t> of_group(const Grouping& grouping, Index group) {
    const auto begin = static_cast<std::size_t>(grouping.offset[static_cast<std::size_t>(group)]);
    const auto end = static_cast<std::size_t>(grouping.offset[static_cast<std::size_t>(group) + 1]);
    return View1<const std::int32_t>(grouping.rows).subspan(begin, end - begin);
}

}  // namespace

void find_best_overlaps(const Problem& problem, Similarity& similarity, int num_threads, Outcomes& outcomes) {
    outcomes.best_overlap.assign(outcomes.row.size(), 0.0F);
    outcomes.best_other_overlap.assign(outcomes.row.size(), 0.0F);
    const Grouping ground_truths = group_ground_truths(problem);
    const Grouping detections = group_rows(outcomes.image, problem.image_count);  // places in the outcomes
    const std::vector<std::int32_t> category = categories_of(outcomes);

    struct Workspace {
        std::vector<std::int32_t> rows;
        std::vector<double> block;
    };
    std::vector<Workspace> workspaces(static_cast<std::size_t>(std::max(1, num_threads)));
    similarity.prepare(num_threads, 0);
    parallel_for(problem.image_count, num_threads, [&](Index image, int thread) {
        const auto places = of_group(detections, image);
        const auto truths = of_group(ground_truths, image);
        if (places.empty() || truths.empty()) return;
        Workspace& work = workspaces[static_cast<std::size_t>(thread)];
        work.rows.clear();
        for (const std::int32_t place : places) work.rows.push_back(outcomes.row[static_cast<std::size_t>(place)]);
        work.block.resize(std::max(work.block.size(), places.size() * truths.size()));
        const View2<double> block{work.block.data(), ssize(places), ssize(truths)};
        similarity.fill(work.rows, truths, block, thread);
        for (Index d = 0; d < block.rows; ++d) {
            const auto place = static_cast<std::size_t>(places[static_cast<std::size_t>(d)]);
            double best[2] = {0, 0};  // of its own category, of another
            for (Index g = 0; g < block.columns; ++g) {
                const auto truth = static_cast<std::size_t>(truths[static_cast<std::size_t>(g)]);
                double& so_far = best[problem.ground_truth_category[truth] != category[place]];
                if (block(d, g) > so_far) so_far = block(d, g);
            }
            outcomes.best_overlap[place] = static_cast<float>(best[0]);
            outcomes.best_other_overlap[place] = static_cast<float>(best[1]);
        }
    });
}

}  // namespace metrix::detection
