#include <limits>

#include "kernels/records.hpp"
#include "kernels/records/array_reader.hpp"
#include "kernels/records/fields.hpp"

namespace metrix::records {
namespace {

class DetectionBuilder {
  public:
    enum Field { image_id, category_id, score, bbox, segmentation, keypoints };

    explicit DetectionBuilder(const ReadOptions& options) : options_(&options) {}

    [[nodiscard]] std::size_t size() const { return score_.size(); }

    const char* read_record(const char* text, const char* end);

    void join(const DetectionBuilder& part) {
        image_id_.join(part.image_id_);
        category_id_.join(part.category_id_);
        keypoints_.join(part.keypoints_, size());
        append(score_, part.score_);
        append(bbox_, part.bbox_);
        append(presence_, part.presence_);
        if (options_->segmentation) masks_.join(part.masks_);
    }

    void clear() {
        image_id_.clear();
        category_id_.clear();
        score_.clear();
        bbox_.clear();
        masks_.clear();
        keypoints_.clear();
        presence_.clear();
    }

    // The whole will be `factor` times what is here now.
    void reserve(double factor) {
        const auto rows = static_cast<std::size_t>(factor * static_cast<double>(size()));
        image_id_.reserve(rows);
        category_id_.reserve(rows);
        score_.reserve(rows);
        if (options_->bbox) bbox_.reserve(4 * rows);
        if (options_->segmentation) {
            masks_.reserve(rows, static_cast<std::size_t>(factor * static_cast<double>(masks_.payload.size())));
        }
        keypoints_.reserve(rows);
        presence_.reserve(rows);
    }

    DetectionColumns take() {
        DetectionColumns columns;
        columns.keypoints = keypoints_.take(size());
        columns.keypoint_count = keypoints_.count();
        columns.image_id = std::move(image_id_);
        columns.category_id = std::move(category_id_);
        columns.score = std::move(score_);
        columns.bbox = std::move(bbox_);
        columns.masks = std::move(masks_);
        columns.presence = std::move(presence_);
        return columns;
    }

  private:
    static constexpr std::array<KeyTable::Name, 6> names{{{"image_id", image_id},
                                                          {"category_id", category_id},
                                                          {"score", score},
                                                          {"bbox", bbox},
                                                          {"segmentation", segmentation},
                                                          {"keypoints", keypoints}}};

    const ReadOptions* options_;
    KeyTable keys_{names};
    std::string image_storage_;
    std::string category_storage_;

    IdColumn image_id_;
    IdColumn category_id_;
    std::vector<double> score_;
    std::vector<double> bbox_;
    MaskBuilder masks_;
    KeypointColumn keypoints_{2};
    std::vector<std::uint16_t> presence_;
};

const char* DetectionBuilder::read_record(const char* text, const char* end) {
    unsigned found = 0;
    Id image;
    Id category;
    double confidence = 0;
    std::array<double, 4> box;
    box.fill(std::numeric_limits<double>::quiet_NaN());
    text = read_object(text, end, keys_, [&](int field, const char* value) {
        switch (field) {
            case image_id:
                found |= has_image_id;
                return read_id(value, end, "image_id", image_storage_, image);
            case category_id:
                found |= has_category_id;
                return read_id(value, end, "category_id", category_storage_, category);
            case score:
                found |= has_score;
                return read_double(value, confidence, "score");
            case bbox: {
                bool is_box = true;
                const char* const after = options_->bbox ? read_bbox(value, box, is_box) : skip_value(value, end);
                if (!options_->bbox) is_box = !is_empty_array(value);
                found = is_box ? found | has_bbox : found & ~unsigned{has_bbox};
                return after;
            }
            case segmentation:
                found |= has_segmentation;
                return options_->segmentation ? masks_.read(value, end) : skip_value(value, end);
            case keypoints:
                found |= has_keypoints;
                return options_->keypoints ? keypoints_.read(value) : skip_value(value, end);
            default:
                return skip_value(value, end);
        }
    });
    if (!(found & has_image_id)) fail(text, "image_id", "missing");
    if (!(found & has_category_id)) fail(text, "category_id", "missing");
    if (!(found & has_score)) fail(text, "score", "missing");
    image_id_.check(image, text, "image_id");
    category_id_.check(category, text, "category_id");

    if (options_->keypoints && (found & has_keypoints)) keypoints_.add(size());
    image_id_.add(image);
    category_id_.add(category);
    score_.push_back(confidence);
    presence_.push_back(static_cast<std::uint16_t>(found));
    if (options_->bbox) bbox_.insert(bbox_.end(), box.begin(), box.end());
    if (options_->segmentation) {
        if (found & has_segmentation) {
            masks_.add();
        } else {
            masks_.add_missing();
        }
    }
    return text;
}

}  // namespace

DetectionColumns read_detections(ReadFunction read, const ReadOptions& options) {
    Input input(read, block_size(options.num_threads));
    skip_byte_order_mark(input);
    read_step(input, [](const char* text, const char*) {
        skip_space(text);
        if (*text != '[') fail(text, "detections", "expected a list of records that starts with '['");
        return text + 1;
    });
    DetectionBuilder builder(options);
    ArrayReader<DetectionBuilder> reader(input, "detections", options, builder);
    reader.read();
    expect_end(input);
    return builder.take();
}

}  // namespace metrix::records
