#include "kernels/detection/merge.hpp"

#include "bindings/convert.hpp"

namespace metrix::bindings {
namespace {

// Every place in `values` must be below `count`.
void require_places(View1<const std::int32_t> values, Index count, bool may_be_absent, const char* name) {
    for (const std::int32_t value : values) {
        if (value >= count || value < (may_be_absent ? -1 : 0)) {
            throw_value_error(std::string("blocks: ") + name + ": expected a place below " + std::to_string(count) +
                              ", got " + std::to_string(value));
        }
    }
}

template <class T>
Array<T> column(const py::tuple& block, std::size_t place) {
    const py::object array = block[place];
    if (!py::isinstance<Array<T>>(array)) {
        throw_value_error("blocks: column " + std::to_string(place) + " has the wrong dtype or layout");
    }
    return py::reinterpret_borrow<Array<T>>(array);
}

// The fields of detection::Block in their order; the caller keeps the tuple alive.
detection::Block block_of(const py::tuple& given, Index category_count, Index image_count) {
    if (given.size() != 10) throw_value_error("blocks: expected ten columns");
    detection::Block block;
    block.category_offset = view1(column<std::int64_t>(given, 0), "category_offset");
    block.category = view1(column<std::int32_t>(given, 1), "category", ssize(block.category_offset) - 1);
    block.image_place = view1(column<std::int32_t>(given, 2), "image_place");
    block.score = view1(column<double>(given, 3), "score");
    const Index count = ssize(block.score);
    block.image = view1(column<std::int32_t>(given, 4), "image", count);
    block.row = view1(column<std::int32_t>(given, 5), "row", count);
    block.bits = view2(column<matching::Bits>(given, 6), "bits");
    block.ground_truth = view1(column<std::int32_t>(given, 7), "ground_truth");
    const bool has_diagnostics = !block.ground_truth.empty();
    if (has_diagnostics) block.ground_truth = view1(column<std::int32_t>(given, 7), "ground_truth", count);
    block.best_overlap = view1(column<float>(given, 8), "best_overlap", has_diagnostics ? count : 0);
    block.best_other_overlap = view1(column<float>(given, 9), "best_other_overlap", has_diagnostics ? count : 0);

    if (block.category_offset.empty() || block.category_offset.front() != 0 || block.category_offset.back() != count ||
        !std::is_sorted(block.category_offset.begin(), block.category_offset.end()) || block.bits.rows != count) {
        throw_value_error("blocks: expected as many rows in each column");
    }
    require_places(block.category, category_count, true, "category");
    require_places(block.image_place, image_count, true, "image_place");
    require_places(block.image, ssize(block.image_place), false, "image");
    return block;
}

py::dict merge(const py::list& given, Index category_count, Index image_count, Index width, int num_threads) {
    std::vector<detection::Block> blocks;
    for (const py::handle block : given) {
        blocks.push_back(block_of(py::cast<py::tuple>(block), category_count, image_count));
        if (blocks.back().bits.columns != width) throw_value_error("blocks: expected bits of the same width");
    }
    detection::Outcomes outcomes;
    {
        const py::gil_scoped_release release;
        outcomes = detection::merge(blocks, category_count, width, num_threads);
    }
    py::dict result;
    const auto count = static_cast<py::ssize_t>(outcomes.row.size());
    result["category_offset"] = to_numpy(std::move(outcomes.category_offset));
    result["score"] = to_numpy(std::move(outcomes.score));
    result["image"] = to_numpy(std::move(outcomes.image));
    result["rank"] = to_numpy(std::move(outcomes.rank));
    result["row"] = to_numpy(std::move(outcomes.row));
    result["bits"] = to_numpy(std::move(outcomes.bits)).reshape({count, static_cast<py::ssize_t>(width)});
    result["ground_truth"] = to_numpy(std::move(outcomes.ground_truth));
    result["best_overlap"] = to_numpy(std::move(outcomes.best_overlap));
    result["best_other_overlap"] = to_numpy(std::move(outcomes.best_other_overlap));
    return result;
}

}  // namespace

void bind_detection_merge(py::module_ module) {
    module.def("merge", &merge, py::arg("blocks"), py::kw_only(), py::arg("category_count"), py::arg("image_count"),
               py::arg("width"), py::arg("num_threads"));
}

}  // namespace metrix::bindings
