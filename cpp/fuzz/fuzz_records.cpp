// The readers of JSON: any bytes give columns that fit together or an Error, the same for any number of threads and
// however little of the text comes at a time; and the masks among them are evaluated or refused.
//
// The first byte of the input chooses the file's kind and the fields to read, the second how much is read at a time.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/check.hpp"
#include "kernels/masks.hpp"
#include "kernels/records.hpp"
#include "support/error.hpp"

namespace metrix::fuzz {
namespace {

using records::DetectionColumns;
using records::GroundTruthColumns;

struct Request {
    std::string_view text;
    bool bbox, segmentation, keypoints;
    Index at_a_time;
};

template <class Columns>
struct Outcome {
    std::optional<Columns> columns;
    std::string error;
};

template <class Columns, class Read>
Outcome<Columns> run(Read* read, const Request& request, int num_threads, std::uint64_t size_hint) {
    Index position = 0;
    const auto next = [&](char* destination, Index capacity) {
        const Index size = std::min({capacity, request.at_a_time, ssize(request.text) - position});
        std::memcpy(destination, request.text.data() + position, static_cast<std::size_t>(size));
        position += size;
        return size;
    };
    try {
        return {read(next, {request.bbox, request.segmentation, request.keypoints, true, num_threads, size_hint}), {}};
    } catch (const Error& error) {
        return {std::nullopt, error.what()};
    }
}

bool same(const std::vector<double>& a, const std::vector<double>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
        return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
    });
}
bool same(records::IdColumn& a, records::IdColumn& b) {
    return a.values() == b.values() && a.texts() == b.texts();
}
bool same(records::IdLists& a, records::IdLists& b) {
    return same(a.ids(), b.ids()) && a.offset() == b.offset() && a.listed() == b.listed();
}
bool same(const records::MaskBuilder& a, const records::MaskBuilder& b) {
    const auto payload = [](const records::MaskBuilder& masks) {
        return std::vector<std::byte>(masks.payload.begin(),
                                      masks.payload.begin() + static_cast<std::ptrdiff_t>(masks.offset.back()));
    };
    return a.kind == b.kind && a.offset == b.offset && a.height == b.height && a.width == b.width &&
           payload(a) == payload(b);
}

// What both kinds of file have.
template <class Columns>
bool same_common(Columns& a, Columns& b) {
    return same(a.image_id, b.image_id) && same(a.category_id, b.category_id) && same(a.bbox, b.bbox) &&
           same(a.masks, b.masks) && same(a.keypoints, b.keypoints) && a.keypoint_count == b.keypoint_count &&
           a.presence == b.presence;
}
bool same(DetectionColumns& a, DetectionColumns& b) {
    return same_common(a, b) && same(a.score, b.score);
}
bool same(GroundTruthColumns& a, GroundTruthColumns& b) {
    return same_common(a, b) && same(a.image_ids, b.image_ids) && a.image_heights == b.image_heights &&
           a.image_widths == b.image_widths && same(a.category_ids, b.category_ids) &&
           a.category_names == b.category_names && a.id == b.id && same(a.area, b.area) && a.iscrowd == b.iscrowd &&
           a.ignore == b.ignore && a.num_keypoints == b.num_keypoints &&
           same(a.negative_categories, b.negative_categories) &&
           same(a.not_exhaustive_categories, b.not_exhaustive_categories) &&
           a.category_frequencies == b.category_frequencies;
}

template <class Columns>
void check_lengths(Columns& columns, const Request& request, std::size_t kept_of_each_point) {
    const std::size_t rows = columns.presence.size();
    check(columns.image_id.size() == rows && columns.category_id.size() == rows, "a row has its ids");
    check(columns.bbox.size() == (request.bbox ? 4 * rows : 0), "a row has its box");
    const auto points = static_cast<std::size_t>(std::max<Index>(columns.keypoint_count, 0));
    check(columns.keypoints.size() == rows * points * kept_of_each_point, "a row has its keypoints");
    const records::MaskBuilder& masks = columns.masks;
    check(masks.kind.size() == (request.segmentation ? rows : 0), "a row has its mask");
    check(masks.offset.size() == masks.kind.size() + 1 && masks.height.size() == masks.kind.size() &&
              masks.width.size() == masks.kind.size(),
          "a mask has its size");
    check(std::is_sorted(masks.offset.begin(), masks.offset.end()) && masks.offset.back() <= masks.payload.size(),
          "a mask lies within the payload");
    for (records::IdColumn* ids : {&columns.image_id, &columns.category_id}) {
        if (!ids->is_text()) continue;
        for (const std::int64_t code : ids->values()) {
            check(code >= 0 && code < ssize(ids->texts()), "a code names a text");
        }
    }
}

// Whatever was read is something the kernels answer or refuse.
void use_masks(const records::MaskBuilder& masks) {
    std::vector<std::uint32_t> height(masks.height);
    std::vector<std::uint32_t> width(masks.width);
    for (std::size_t i = 0; i < masks.kind.size(); ++i) {
        height[i] %= 100;  // the readers leave the canvas of polygons open; small ones keep this fast
        width[i] %= 100;
    }
    const masks::MaskColumn column{masks.kind, masks.offset, masks.payload, height, width};
    std::vector<std::uint32_t> areas(masks.kind.size());
    std::vector<double> overlaps(areas.size() * areas.size());
    const auto count = ssize(areas);
    try {
        masks::area(column, 1, areas);
        masks::iou(column, column, {}, 1, {overlaps.data(), count, count});
    } catch (const Error&) {
        return;
    }
}

template <class Columns, class Read>
void try_reader(Read* read, const Request& request, std::size_t kept_of_each_point) {
    Outcome<Columns> one = run<Columns>(read, request, 1, 0);
    Outcome<Columns> parts = run<Columns>(read, request, 3, request.text.size());
    if (one.error != parts.error) std::fprintf(stderr, "%s\n%s\n", one.error.c_str(), parts.error.c_str());
    check(one.error == parts.error, "the error does not depend on the number of threads");
    check(one.columns.has_value() == parts.columns.has_value(), "nor does whether there is one");
    if (!one.columns) {
        check(!one.error.empty(), "an error says something");
        return;
    }
    check_lengths(*one.columns, request, kept_of_each_point);
    check(same(*one.columns, *parts.columns), "the columns do not depend on the number of threads");
    use_masks(one.columns->masks);
}

}  // namespace
}  // namespace metrix::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace metrix;
    if (size < 2) return 0;
    const unsigned choice = data[0];
    const fuzz::Request request{{reinterpret_cast<const char*>(data) + 2, size - 2},
                                (choice & 2) == 0,
                                (choice & 4) == 0,
                                (choice & 8) == 0,
                                1 + data[1] % 64};
    if ((choice & 1) != 0) {
        fuzz::try_reader<records::GroundTruthColumns>(&records::read_ground_truth, request, 3);
    } else {
        fuzz::try_reader<records::DetectionColumns>(&records::read_detections, request, 2);
    }
    return 0;
}
