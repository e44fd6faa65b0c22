#include "Lookup.hpp"

#include <algorithm>

namespace audit_scan {

namespace {

void note(Found &found, Text value) {
    found.isTwice |= found.isThere;
    found.isThere = true;
    // The last of duplicate keys is used, as in Go's decoder.
    found.value = value;
}

bool accepts(const Is &condition, const Found &found) {
    switch (condition.type) {
    case Type::any: return found.isThere;
    case Type::object: return found.isObject();
    case Type::array: return found.isArray();
    case Type::never: return false;
    case Type::text: break;
    }
    if (!found.isText()) return false;
    if (!condition.begins.empty() && !beginsWith(found.value, condition.begins)) return false;
    if (!condition.contains.empty() && !contains(found.value, condition.contains)) return false;
    if (condition.values[0].empty()) return true;
    return std::any_of(std::begin(condition.values), std::end(condition.values), [&](std::string_view value) {
        return !value.empty() && spells(found.value, value);
    });
}

/// Finds a path among members that a function passes on one by one.
template <class Each>
Found lookAmong(std::string_view path, Each each) {
    Found found, holder;
    size_t dot = path.find('.');
    each([&](Text key, Text value) {
        if (spells(key, path)) note(found, value);
        else if (dot != std::string_view::npos && spells(key, path.substr(0, dot))) note(holder, value);
    });
    found.isTwice |= holder.isTwice;
    if (!holder.isObject()) return found;
    Found inner = look(holder.value, path.substr(dot + 1));
    // One key with dots, and keys in each other, spell the same path: one of them may be a client's.
    if (found.isThere) found.isTwice |= inner.isThere;
    else inner.isTwice |= found.isTwice;
    return found.isThere ? found : inner;
}

}  // namespace

Found look(Text object, std::string_view path) {
    return lookAmong(path, [object](auto take) {
        Members members(object);
        while (members.next()) take(members.key, members.value);
    });
}

// MARK: ObjectIndex

bool ObjectIndex::read(Text object) {
    members_.clear();
    Members members(object);
    while (members.next()) {
        // What comes behind may name the writer.
        if (members_.size() == most) return false;
        members_.push_back({members.key, members.value});
    }
    return members.isComplete();
}

Found ObjectIndex::look(std::string_view path) const {
    return lookAmong(path, [this](auto take) {
        for (const Member &member : members_) take(member.key, member.value);
    });
}

bool ObjectIndex::holds(const List<Is> &conditions, bool &isTwice) const {
    bool holdsAll = true;
    for (const Is &condition : conditions) {
        Found found = look(condition.path);
        isTwice |= found.isTwice;
        holdsAll &= accepts(condition, found);
    }
    return holdsAll;
}

bool ObjectIndex::hasOnly(const List<std::string_view> &keys) const {
    return std::all_of(members_.begin(), members_.end(), [&](const Member &member) {
        return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) { return spells(member.key, key); });
    });
}

bool ObjectIndex::hasKey(std::string_view beginning) const {
    return std::any_of(members_.begin(), members_.end(), [&](const Member &member) {
        return beginsWith(member.key, beginning);
    });
}

bool ObjectIndex::isEvent() const {
    Found version = look("apiVersion");
    return look("kind").spells("Event") && version.isText() && beginsWith(version.value, "audit.k8s.io/");
}

bool ObjectIndex::isEventList() const {
    Found version = look("apiVersion");
    return look("kind").spells("EventList")
        && (version.spells("audit.k8s.io/v1") || version.spells("audit.k8s.io/v1beta1"));
}

bool ObjectIndex::mayBeEvent() const {
    return (look("user").isThere || look("auditID").isThere) && (look("responseStatus").isThere || look("stage").isThere);
}

bool ObjectIndex::matches(const Row &row, bool &isTwice) const {
    return !row.keys.isEmpty() && holds(row.keys, isTwice) && (row.only.isEmpty() || hasOnly(row.only));
}

// MARK: Entries

void Entries::begin(Text array) {
    reader_ = JSONReader(array);
    isFirst_ = true;
    hasFailed_ = false;
    hasEnded_ = !reader_.skip('[');
}

bool Entries::next(Text &entry) {
    if (hasEnded_ || hasFailed_) return false;
    reader_.skipSpace();
    if (reader_.skip(']')) {
        hasEnded_ = true;
        return false;
    }
    if (!isFirst_) {
        hasFailed_ = !reader_.skip(',');
        if (hasFailed_) return false;
        reader_.skipSpace();
    }
    isFirst_ = false;
    hasFailed_ = !reader_.skipValue(entry);
    return !hasFailed_;
}

}  // namespace audit_scan
