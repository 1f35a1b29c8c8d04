#include <limits>

#include "kernels/records.hpp"
#include "kernels/records/array_reader.hpp"
#include "kernels/records/fields.hpp"

namespace metrix::records {
namespace {

// 0, 1, true, false; anything else that Python would take for a number is a mistake in the file.
const char* read_flag(const char* text, bool& flag, const char* what) {
    if (std::strncmp(text, "true", 4) == 0 || std::strncmp(text, "false", 5) == 0) {
        flag = *text == 't';
        return text + (flag ? 4 : 5);
    }
    Number number;
    text = read_number(text, number, what);
    std::int64_t value;
    if (!whole_number(number, value)) fail(text, what, "expected 0 or 1");
    flag = value != 0;
    return text;
}

const char* read_integer(const char* text, std::int64_t& value, const char* what) {
    Number number;
    text = read_number(text, number, what);
    if (!whole_number(number, value)) fail(text, what, "expected an integer");
    return text;
}

class ImageBuilder {
  public:
    enum Field { id, height, width, negative, not_exhaustive };

    explicit ImageBuilder(const ReadOptions& options) : is_federated_(options.federated) {}

    [[nodiscard]] std::size_t size() const { return heights.size(); }

    const char* read_record(const char* text, const char* end) {
        Id image;
        bool has_image_id = false;
        std::int64_t image_height = -1;
        std::int64_t image_width = -1;
        negative_categories.begin();
        not_exhaustive_categories.begin();
        text = read_object(text, end, keys_, [&](int field, const char* value) {
            switch (field) {
                case id:
                    has_image_id = true;
                    return read_id(value, end, "id", storage_, image);
                case height:
                    return read_side(value, end, image_height, "height");
                case width:
                    return read_side(value, end, image_width, "width");
                case negative:
                    if (!is_federated_) return skip_value(value, end);
                    return negative_categories.read(value, end, "neg_category_ids");
                case not_exhaustive:
                    if (!is_federated_) return skip_value(value, end);
                    return not_exhaustive_categories.read(value, end, "not_exhaustive_category_ids");
                default:
                    return skip_value(value, end);
            }
        });
        if (!has_image_id) fail(text, "id", "missing");
        ids.check(image, text, "id");
        ids.add(image);
        heights.push_back(image_height);
        widths.push_back(image_width);
        if (is_federated_) {
            negative_categories.add();
            not_exhaustive_categories.add();
        }
        return text;
    }

    void join(const ImageBuilder& part) {
        ids.join(part.ids);
        append(heights, part.heights);
        append(widths, part.widths);
        negative_categories.join(part.negative_categories);
        not_exhaustive_categories.join(part.not_exhaustive_categories);
    }

    void clear() {
        ids.clear();
        heights.clear();
        widths.clear();
        negative_categories.clear();
        not_exhaustive_categories.clear();
    }

    void reserve(double) {}  // the file may be mostly annotations: no estimate is better than a wrong one

    IdColumn ids;
    std::vector<std::int64_t> heights;
    std::vector<std::int64_t> widths;
    IdLists negative_categories;
    IdLists not_exhaustive_categories;

  private:
    // null counts as absent: only masks need the size, and then its absence is reported.
    static const char* read_side(const char* text, const char* end, std::int64_t& side, const char* what) {
        side = -1;
        if (*text == 'n') return skip_value(text, end);
        const char* const after = read_integer(text, side, what);
        if (side < 0) fail(after, what, "expected an integer >= 0");
        return after;
    }

    static constexpr std::array<KeyTable::Name, 5> names{{{"id", id},
                                                          {"height", height},
                                                          {"width", width},
                                                          {"neg_category_ids", negative},
                                                          {"not_exhaustive_category_ids", not_exhaustive}}};
    bool is_federated_;
    KeyTable keys_{names};
    std::string storage_;
};

class CategoryBuilder {
  public:
    enum Field { id, name, frequency };

    explicit CategoryBuilder(const ReadOptions& options) : is_federated_(options.federated) {}

    [[nodiscard]] std::size_t size() const { return texts.size(); }

    const char* read_record(const char* text, const char* end) {
        Id category;
        bool has_category_id = false;
        std::string_view category_name;
        std::string_view category_frequency;
        text = read_object(text, end, keys_, [&](int field, const char* value) {
            switch (field) {
                case id:
                    has_category_id = true;
                    return read_id(value, end, "id", id_storage_, category);
                case name:
                    if (*value == '"') return read_string(value + 1, end, name_storage_, category_name);
                    category_name = {};
                    return skip_value(value, end);
                case frequency:
                    category_frequency = {};
                    if (!is_federated_ || *value != '"') return skip_value(value, end);
                    return read_string(value + 1, end, frequency_storage_, category_frequency);
                default:
                    return skip_value(value, end);
            }
        });
        if (!has_category_id) fail(text, "id", "missing");
        ids.check(category, text, "id");
        ids.add(category);
        texts.emplace_back(category_name);
        if (is_federated_) frequencies.emplace_back(category_frequency);
        return text;
    }

    void join(const CategoryBuilder& part) {
        ids.join(part.ids);
        append(texts, part.texts);
        append(frequencies, part.frequencies);
    }

    void clear() {
        ids.clear();
        texts.clear();
        frequencies.clear();
    }

    void reserve(double) {}

    IdColumn ids;
    std::vector<std::string> texts;
    std::vector<std::string> frequencies;

  private:
    static constexpr std::array<KeyTable::Name, 3> names{{{"id", id}, {"name", name}, {"frequency", frequency}}};
    bool is_federated_;
    KeyTable keys_{names};
    std::string id_storage_;
    std::string name_storage_;
    std::string frequency_storage_;
};

class AnnotationBuilder {
  public:
    enum Field {
        id,
        image_id,
        category_id,
        bbox,
        area,
        iscrowd,
        ignore,
        segmentation,
        keypoints,
        num_keypoints,
    };

    explicit AnnotationBuilder(const ReadOptions& options) : options_(&options) {}

    [[nodiscard]] std::size_t size() const { return area_.size(); }

    const char* read_record(const char* text, const char* end);

    void join(const AnnotationBuilder& part) {
        image_id_.join(part.image_id_);
        category_id_.join(part.category_id_);
        keypoints_.join(part.keypoints_, size());
        id_.join(part.id_);
        append(area_, part.area_);
        append(iscrowd_, part.iscrowd_);
        append(ignore_, part.ignore_);
        append(bbox_, part.bbox_);
        append(num_keypoints_, part.num_keypoints_);
        append(presence_, part.presence_);
        if (options_->segmentation) masks_.join(part.masks_);
    }

    void clear() {
        id_.clear();
        image_id_.clear();
        category_id_.clear();
        bbox_.clear();
        area_.clear();
        iscrowd_.clear();
        ignore_.clear();
        masks_.clear();
        keypoints_.clear();
        num_keypoints_.clear();
        presence_.clear();
    }

    void reserve(double factor) {
        const auto rows = static_cast<std::size_t>(factor * static_cast<double>(size()));
        id_.reserve(rows);
        image_id_.reserve(rows);
        category_id_.reserve(rows);
        if (options_->bbox) bbox_.reserve(4 * rows);
        area_.reserve(rows);
        iscrowd_.reserve(rows);
        ignore_.reserve(rows);
        if (options_->segmentation) {
            masks_.reserve(rows, static_cast<std::size_t>(factor * static_cast<double>(masks_.payload.size())));
        }
        keypoints_.reserve(rows);
        if (options_->keypoints) num_keypoints_.reserve(rows);
        presence_.reserve(rows);
    }

    void take(GroundTruthColumns& columns) {
        columns.keypoints = keypoints_.take(size());
        columns.keypoint_count = keypoints_.count();
        columns.id = id_.take();
        columns.image_id = std::move(image_id_);
        columns.category_id = std::move(category_id_);
        columns.bbox = std::move(bbox_);
        columns.area = std::move(area_);
        columns.iscrowd = std::move(iscrowd_);
        columns.ignore = std::move(ignore_);
        columns.masks = std::move(masks_);
        columns.num_keypoints = std::move(num_keypoints_);
        columns.presence = std::move(presence_);
    }

  private:
    static constexpr std::array<KeyTable::Name, 10> names{{{"id", id},
                                                           {"image_id", image_id},
                                                           {"category_id", category_id},
                                                           {"bbox", bbox},
                                                           {"area", area},
                                                           {"iscrowd", iscrowd},
                                                           {"ignore", ignore},
                                                           {"segmentation", segmentation},
                                                           {"keypoints", keypoints},
                                                           {"num_keypoints", num_keypoints}}};

    // Reads any JSON value as an id; `other` is what was written if it is no int64.
    static const char* read_annotation_id(const char* text, const char* end, std::int64_t& number,
                                          std::string_view& other);

    const ReadOptions* options_;
    KeyTable keys_{names};
    std::string image_storage_;
    std::string category_storage_;

    AnnotationIdColumn id_;
    IdColumn image_id_;
    IdColumn category_id_;
    std::vector<double> bbox_;
    std::vector<double> area_;
    std::vector<std::uint8_t> iscrowd_;
    std::vector<std::uint8_t> ignore_;
    MaskBuilder masks_;
    KeypointColumn keypoints_{3};
    std::vector<std::int64_t> num_keypoints_;
    std::vector<std::uint16_t> presence_;
};

const char* AnnotationBuilder::read_annotation_id(const char* text, const char* end, std::int64_t& number,
                                                  std::string_view& other) {
    other = {};
    if (*text == '-' || (*text >= '0' && *text <= '9')) {
        Number parsed;
        const char* const after = parse_number(text, parsed);
        if (after == nullptr) return read_number(text, parsed, "id");  // fails, at the end of the token
        if (!whole_number(parsed, number)) other = {text, static_cast<std::size_t>(after - text)};
        return after;
    }
    if (*text == 't' || *text == 'f') {  // equal 1 and 0 in Python; 0 is no match
        bool flag;
        const char* const after = read_flag(text, flag, "id");
        number = flag;
        return after;
    }
    const char* const after = skip_value(text, end);
    other = {text, static_cast<std::size_t>(after - text)};
    return after;
}

const char* AnnotationBuilder::read_record(const char* text, const char* end) {
    unsigned found = 0;
    std::int64_t annotation = 0;
    std::string_view other_id;
    Id image;
    Id category;
    std::array<double, 4> box;
    box.fill(std::numeric_limits<double>::quiet_NaN());
    double object_area = std::numeric_limits<double>::quiet_NaN();
    bool is_crowd = false;
    bool is_ignored = false;
    std::int64_t visible_count = 0;
    text = read_object(text, end, keys_, [&](int field, const char* value) {
        switch (field) {
            case id:
                found |= has_id;
                return read_annotation_id(value, end, annotation, other_id);
            case image_id:
                found |= has_image_id;
                return read_id(value, end, "image_id", image_storage_, image);
            case category_id:
                found |= has_category_id;
                return read_id(value, end, "category_id", category_storage_, category);
            case bbox: {
                if (!options_->bbox) return skip_value(value, end);
                bool is_box;
                const char* const after = read_bbox(value, box, is_box);
                found = is_box ? found | has_bbox : found & ~unsigned{has_bbox};
                return after;
            }
            case area:
                found |= has_area;
                return read_double(value, object_area, "area");
            case iscrowd:
                found |= has_iscrowd;
                return read_flag(value, is_crowd, "iscrowd");
            case ignore:
                return read_flag(value, is_ignored, "ignore");
            case segmentation:
                if (!options_->segmentation) return skip_value(value, end);
                found |= has_segmentation;
                return masks_.read(value, end);
            case keypoints:
                if (!options_->keypoints) return skip_value(value, end);
                found |= has_keypoints;
                return keypoints_.read(value);
            case num_keypoints:
                if (!options_->keypoints) return skip_value(value, end);
                found |= has_num_keypoints;
                return read_integer(value, visible_count, "num_keypoints");
            default:
                return skip_value(value, end);
        }
    });
    if (!(found & has_image_id)) fail(text, "image_id", "missing");
    if (!(found & has_category_id)) fail(text, "category_id", "missing");
    image_id_.check(image, text, "image_id");
    category_id_.check(category, text, "category_id");

    if (found & has_keypoints) keypoints_.add(size());
    if (!(found & has_id)) {
        id_.add_missing();
    } else if (!other_id.empty()) {
        id_.add_other(other_id);
    } else {
        id_.add(annotation);
    }
    image_id_.add(image);
    category_id_.add(category);
    if (options_->bbox) bbox_.insert(bbox_.end(), box.begin(), box.end());
    area_.push_back(object_area);
    iscrowd_.push_back(is_crowd);
    ignore_.push_back(is_ignored);
    if (options_->segmentation) {
        if (found & has_segmentation) {
            masks_.add();
        } else {
            masks_.add_missing();
        }
    }
    if (options_->keypoints) num_keypoints_.push_back(visible_count);
    presence_.push_back(static_cast<std::uint16_t>(found));
    return text;
}

// Elements of a top-level array that nobody needs.
class SkippedElements {
  public:
    explicit SkippedElements(const ReadOptions&) {}
    [[nodiscard]] std::size_t size() const { return count_; }
    const char* read_record(const char* text, const char* end) {
        const char* const after = skip_value(text, end);
        if (after >= end)
            fail(after, "expected ',' or ']'");  // a number that the window cuts would pass as a shorter one
        ++count_;
        return after;
    }
    void join(const SkippedElements& part) { count_ += part.count_; }
    void clear() { count_ = 0; }
    void reserve(double) {}

  private:
    std::size_t count_ = 0;
};

template <class Builder>
void read_array_of(Input& input, const char* name, const ReadOptions& options, Builder& builder) {
    read_step(input, [&](const char* text, const char*) {
        skip_space(text);
        if (*text != '[') fail(text, name, "expected a list");
        return text + 1;
    });
    builder = Builder(options);  // the last of two equal keys wins
    ArrayReader<Builder> reader(input, name, options, builder);
    reader.read();
}

}  // namespace

GroundTruthColumns read_ground_truth(ReadFunction read, const ReadOptions& options) {
    enum Field { images, annotations, categories };
    static constexpr std::array<KeyTable::Name, 3> names{
        {{"images", images}, {"annotations", annotations}, {"categories", categories}}};
    KeyTable keys(names);
    Input input(read, block_size(options.num_threads));
    ImageBuilder image_builder(options);
    AnnotationBuilder annotation_builder(options);
    CategoryBuilder category_builder(options);
    bool has_images = false;
    bool has_categories = false;

    skip_byte_order_mark(input);
    read_step(input, [](const char* text, const char*) {
        skip_space(text);
        if (*text != '{') fail(text, "ground truth", "expected an object with images, annotations and categories");
        return text + 1;
    });
    for (bool first = true;; first = false) {
        bool finished = false;
        int field = KeyTable::unknown;
        bool is_array = false;
        read_step(input, [&](const char* text, const char* end) {
            skip_space(text);
            if (*text == '}') {
                finished = true;
                return text + 1;
            }
            if (!first) {
                if (*text != ',') fail(text, "expected ',' or '}'");
                ++text;
                skip_space(text);
            }
            if (*text != '"') fail(text, "expected a key in double quotes");
            text = keys.find(KeyTable::no_position, text + 1, end, field);
            skip_space(text);
            if (*text != ':') fail(text, "expected ':' after a key");
            ++text;
            skip_space(text);
            if (*text == '\0') fail(text, "expected a value");
            is_array = *text == '[';
            return text;
        });
        if (finished) break;
        if (field == images) {
            read_array_of(input, "images", options, image_builder);
            has_images = true;
        } else if (field == annotations) {
            read_array_of(input, "annotations", options, annotation_builder);
        } else if (field == categories) {
            read_array_of(input, "categories", options, category_builder);
            has_categories = true;
        } else if (is_array) {
            SkippedElements skipped(options);
            read_array_of(input, "", options, skipped);
        } else {
            read_step(input, [](const char* text, const char* end) {
                const char* const after = skip_value(text, end);
                if (after >= end) fail(after, "expected ',' or '}'");  // see SkippedElements
                return after;
            });
        }
    }
    expect_end(input);
    if (!has_images) throw_value_error("ground truth: has no 'images'");
    if (!has_categories) throw_value_error("ground truth: has no 'categories'");

    GroundTruthColumns columns;
    columns.image_ids = std::move(image_builder.ids);
    columns.image_heights = std::move(image_builder.heights);
    columns.image_widths = std::move(image_builder.widths);
    columns.category_ids = std::move(category_builder.ids);
    columns.category_names = std::move(category_builder.texts);
    columns.negative_categories = std::move(image_builder.negative_categories);
    columns.not_exhaustive_categories = std::move(image_builder.not_exhaustive_categories);
    columns.category_frequencies = std::move(category_builder.frequencies);
    annotation_builder.take(columns);
    return columns;
}

}  // namespace metrix::records
