// A list of ids in each record, such as the categories that an image is known not to show.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/records/columns.hpp"

namespace metrix::records {

class IdLists {
  public:
    // A record begins: its list is empty until one is read.
    void begin() {
        row_.clear();
        is_listed_ = false;
    }

    // A JSON array of ids; of two in one record the last one counts.
    const char* read(const char* text, const char* end, const char* what) {
        begin();
        is_listed_ = true;
        return read_array(text, what, [&](const char* element) {
            Id id;
            element = read_id(element, end, what, storage_, id);
            row_.check(id, element, what);
            ids_.check(id, element, what);
            row_.add(id);
            return element;
        });
    }

    void add() {
        ids_.join(row_);
        offset_.push_back(static_cast<std::int64_t>(ids_.size()));
        listed_.push_back(is_listed_);
    }

    void join(const IdLists& part) {
        const std::int64_t base = offset_.back();
        ids_.join(part.ids_);
        for (std::size_t i = 1; i < part.offset_.size(); ++i) offset_.push_back(base + part.offset_[i]);
        append(listed_, part.listed_);
    }

    void clear() {
        ids_.clear();
        offset_.assign(1, 0);
        listed_.clear();
    }

    [[nodiscard]] IdColumn& ids() { return ids_; }
    [[nodiscard]] std::vector<std::int64_t>& offset() { return offset_; }  // of the ids: one more than records
    [[nodiscard]] std::vector<std::uint8_t>& listed() { return listed_; }  // which records had the list

  private:
    IdColumn ids_;
    std::vector<std::int64_t> offset_{0};
    std::vector<std::uint8_t> listed_;
    IdColumn row_;
    bool is_listed_ = false;
    std::string storage_;
};

}  // namespace metrix::records
