#ifndef LOOKUP_HPP
#define LOOKUP_HPP

#include <vector>

#include "EnvelopeTable.hpp"
#include "JSONText.hpp"

namespace audit_scan {

/// A member, or an entry of an array, found at a path.
struct Found {
    Text value;
    bool isThere = false;
    /// Whether a key on the way is there twice, also if nothing is found: a client may have written one of them.
    bool isTwice = false;

    bool is(char first) const { return isThere && *value.from == static_cast<uint8_t>(first); }
    bool isText() const { return is('"'); }
    bool isObject() const { return is('{'); }
    bool isArray() const { return is('['); }
    bool spells(std::string_view word) const { return isText() && audit_scan::spells(value, word); }
};

/// Notes a value for a key. The last of duplicate keys is used, as in Go's decoder.
inline void note(Found &found, Text value) {
    found.isTwice |= found.isThere;
    found.isThere = true;
    found.value = value;
}

/// The members of one object, read once.
class ObjectIndex {
public:
    /// More members than any envelope has.
    static constexpr size_t most = 4096;

    /// False if the text is not exactly one object, or has too many members.
    bool read(Text object);
    /// The value at a path: keys with dots between them. A key that has dots itself is found first.
    Found look(std::string_view path) const;
    /// Whether an object meets conditions. `isTwice` is set if a key that they name is there twice.
    bool holds(const List<Is> &conditions, bool &isTwice) const;
    /// Whether a key begins with a word.
    bool hasKey(std::string_view beginning) const;
    /// Whether it has no keys besides these.
    bool hasOnly(const List<std::string_view> &keys) const;

    /// `{"kind":"Event","apiVersion":"audit.k8s.io/…"}`
    bool isEvent() const;
    bool isEventList() const;
    /// Whether a shipper may have dropped these: it has fields of a request and of its outcome.
    bool mayBeEvent() const;
    /// Whether all the keys that make a record this envelope are there.
    bool matches(const Row &row, bool &isTwice) const;

private:
    struct Member {
        Text key, value;
        /// The next one whose key has the same hash; 0 for none, otherwise its index and 1.
        uint16_t next = 0;
    };

    // Objects with fewer members are searched one by one.
    static constexpr size_t fewest = 64, hashes = 1024;
    // Longer keys are none that a path names.
    static constexpr size_t longestKey = 128;

    void addHashes();
    template <class Take>
    void passOn(std::string_view path, Take take) const;

    std::vector<Member> members_;
    // By the hash of the key, as in Member::next. Empty for few members.
    std::vector<uint16_t> firsts_;
    std::string key_;
};

/// The value at a path in an object of valid JSON, which is read for it.
Found look(Text object, std::string_view path);

/// Iterates over the entries of an array that is valid JSON; `hasFailed` tells whether it is not.
class Entries {
public:
    void begin(Text array);
    bool next(Text &entry);
    bool hasFailed() const { return hasFailed_; }

private:
    JSONReader reader_ = JSONReader({});
    bool isFirst_ = true, hasEnded_ = true, hasFailed_ = false;
};

}  // namespace audit_scan

#endif
