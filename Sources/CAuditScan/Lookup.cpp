#include "Lookup.hpp"

#include <algorithm>
#include <utility>

namespace audit_scan {

namespace {

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
        Members members(object, true);
        while (members.next()) take(members.key, members.value);
    });
}

// MARK: ObjectIndex

bool ObjectIndex::read(Text object) {
    members_.clear();
    firsts_.clear();
    Members members(object);
    while (members.next()) {
        // What comes behind may name the writer.
        if (members_.size() == most) return false;
        members_.push_back({members.key, members.value});
    }
    if (members_.size() > fewest) addHashes();
    return members.isComplete();
}

/// Keys with one hash are compared one by one, so such keys cost time, and no more.
static size_t hashOf(std::string_view key, size_t hashes) {
    uint32_t hash = 2166136261;
    for (char letter : key) hash = (hash ^ static_cast<uint8_t>(letter)) * 16777619;
    return (hash ^ hash >> 16) % hashes;
}

void ObjectIndex::addHashes() {
    firsts_.assign(hashes, 0);
    for (size_t index = members_.size(); index > 0; index--) {
        Member &member = members_[index - 1];
        // A character of a key may be spelled with six.
        if (member.key.size() > 6 * longestKey) continue;
        std::string_view key = Text{member.key.from + 1, member.key.to - 1}.view();
        if (key.find('\\') != std::string_view::npos) {
            resolveEscapes(member.key, key_);
            key = key_;
        }
        uint16_t &first = firsts_[hashOf(key, hashes)];
        member.next = std::exchange(first, static_cast<uint16_t>(index));
    }
}

/// Passes on the members that a path may name, those with one key in their order.
template <class Take>
void ObjectIndex::passOn(std::string_view path, Take take) const {
    if (firsts_.empty()) {
        for (const Member &member : members_) take(member.key, member.value);
        return;
    }
    size_t whole = hashOf(path, hashes), first = hashOf(path.substr(0, path.find('.')), hashes);
    auto takeAll = [&](size_t hash) {
        for (size_t at = firsts_[hash]; at > 0; at = members_[at - 1].next) {
            take(members_[at - 1].key, members_[at - 1].value);
        }
    };
    takeAll(whole);
    if (first != whole) takeAll(first);
}

Found ObjectIndex::look(std::string_view path) const {
    return lookAmong(path, [&](auto take) { passOn(path, take); });
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
