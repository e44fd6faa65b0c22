#include "EventList.hpp"

namespace audit_scan {

const char *EventList::begin(Text body) {
    static constexpr const char *noJSON = "not a JSON object, or cut off";
    body_ = body;
    items_.clear();
    index_ = count_ = at_ = 0;
    parser_.begin(0);
    bool hasItems = false, isArray = false;
    JSONReader reader(body);
    reader.skipSpace();
    if (!reader.skip('{')) return body.trimmed().isEmpty() ? "the body is empty" : "not a JSON object";
    reader.skipSpace();
    for (bool isFirst = true; !reader.skip('}'); isFirst = false) {
        Text key, value;
        if (!isFirst && !reader.skip(',')) return noJSON;
        reader.skipSpace();
        if (!reader.checkString(key)) return noJSON;
        reader.skipSpace();
        if (!reader.skip(':')) return noJSON;
        reader.skipSpace();
        if (spells(key, "items")) {
            // The last of duplicate keys is used, as in Go's decoder.
            hasItems = true;
            isArray = reader.at < reader.end && *reader.at == '[';
            items_.clear();
            count_ = 0;
            if (isArray ? !checkItems(reader) : !reader.skipValue(value)) return noJSON;
            if (!isArray && value.view() == "null") hasItems = false;
        } else if (spells(key, "kind") || spells(key, "apiVersion")) {
            if (!reader.checkValue(value)) return noJSON;
            if (value.size() <= 1024) parser_.add(key, value);
        } else if (!reader.skipValue(value)) {
            return noJSON;
        }
        reader.skipSpace();
    }
    reader.skipSpace();
    if (reader.at != reader.end) return noJSON;
    if (const char *reason = checkHeader()) return reason;
    // A list without items is empty, as in the API server.
    return hasItems && !isArray ? "items is not an array" : nullptr;
}

const char *EventList::checkHeader() {
    simdjson::dom::object fields;
    if (auto error = parser_.parse(fields)) return simdjson::error_message(error);
    std::string_view kind, version;
    for (auto field : fields) {
        std::string_view &into = field.key == "kind" ? kind : version;
        into = {};
        (void)field.value.get(into);
    }
    if (kind != "EventList") return "kind is not EventList";
    if (version != "audit.k8s.io/v1" && version != "audit.k8s.io/v1beta1") {
        return "apiVersion is neither audit.k8s.io/v1 nor audit.k8s.io/v1beta1";
    }
    return nullptr;
}

bool EventList::checkItems(JSONReader &reader) {
    reader.skip('[');
    reader.skipSpace();
    for (bool isFirst = true; !reader.skip(']'); isFirst = false) {
        Text item;
        if (!isFirst && !reader.skip(',')) return false;
        reader.skipSpace();
        if (!reader.skipValue(item)) return false;
        count_++;
        if (items_.size() < remembered) {
            items_.push_back({static_cast<size_t>(item.from - body_.from), static_cast<size_t>(item.to - body_.from)});
        }
        reader.skipSpace();
    }
    return true;
}

bool EventList::next(Text &item) {
    if (index_ == count_) return false;
    if (index_ < items_.size()) {
        item = {body_.from + items_[index_].from, body_.from + items_[index_].to};
    } else {
        JSONReader reader({body_.from + at_, body_.to});
        reader.skipSpace();
        reader.skip(',');
        reader.skipSpace();
        // The check of the list has found it.
        if (!reader.skipValue(item)) return false;
    }
    at_ = static_cast<size_t>(item.to - body_.from);
    index_++;
    return true;
}

void EventList::move(const uint8_t *body) {
    body_ = {body, body + body_.size()};
}

}  // namespace audit_scan
