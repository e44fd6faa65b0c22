#ifndef EVENT_LIST_HPP
#define EVENT_LIST_HPP

#include <cstddef>
#include <vector>

#include "JSONText.hpp"
#include "MemberParser.hpp"

namespace audit_scan {

/// The items of an EventList, one after the other.
///
/// The list itself must be valid JSON. An item is found by its brackets and quotes alone, so that one that cannot be
/// read costs itself and no other, and a list of any length takes little memory.
class EventList {
public:
    /// Checks the list and finds its first items. Returns NULL, or the reason why the body is no EventList.
    const char *begin(Text body);
    /// Finds the next item.
    bool next(Text &item);
    /// Tells where the bytes of the body are now.
    void move(const uint8_t *body);

private:
    struct Item {
        size_t from, to;
    };

    // So many items are remembered from the check; those after them are looked for again.
    static constexpr size_t remembered = 1 << 14;

    bool checkItems(JSONReader &reader);
    const char *checkHeader();

    Text body_;
    MemberParser parser_;
    std::vector<Item> items_;
    // The next item: its index, and where it is looked for past the remembered ones.
    size_t index_ = 0, count_ = 0, at_ = 0;
};

}  // namespace audit_scan

#endif
