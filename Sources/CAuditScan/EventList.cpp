#include "EventList.hpp"

namespace audit_scan {

const char *EventList::begin(Text body) {
    static constexpr const char *noJSON = "not a JSON object, or cut off";
    body_ = body;
    items_.clear();
    index_ = count_ = at_ = 0;
    Text kind, version;
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
            bool isString = reader.at < reader.end && *reader.at == '"';
            if (!reader.checkValue(value)) return noJSON;
            (spells(key, "kind") ? kind : version) = isString ? value : Text{};
        } else if (!reader.skipValue(value)) {
            return noJSON;
        }
        reader.skipSpace();
    }
    reader.skipSpace();
    if (reader.at != reader.end) return noJSON;
    if (const char *reason = checkHeader(kind, version)) return reason;
    // A list without items is empty, as in the API server.
    return hasItems && !isArray ? "items is not an array" : nullptr;
}

const char *EventList::checkHeader(Text kind, Text version) {
    // The quotes are part of the texts.
    if (kind.isEmpty() || !spells(kind, "EventList")) return "kind is not EventList";
    if (version.isEmpty() || (!spells(version, "audit.k8s.io/v1") && !spells(version, "audit.k8s.io/v1beta1"))) {
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
