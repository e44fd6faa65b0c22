#ifndef EVENT_LIST_HPP
#define EVENT_LIST_HPP

#include <cstddef>
#include <vector>

#include "JSONText.hpp"

namespace audit_scan {

/// Iterates over the items of an EventList.
///
/// The list itself must be valid JSON. Items are found by brackets and quotes only, so an invalid item does not affect
/// others, and a list of any length takes little memory.
class EventList {
public:
    /// Checks the list and finds its first items. Returns NULL, or the reason why the body is not an EventList.
    const char *begin(Text body);
    /// Finds the next item.
    bool next(Text &item);
    /// Sets the current address of the body's bytes.
    void move(const uint8_t *body);

private:
    struct Item {
        size_t from, to;
    };

    // The number of items that are remembered from the check; later ones are searched again.
    static constexpr size_t remembered = 1 << 14;

    bool checkItems(JSONReader &reader);
    static const char *checkHeader(Text kind, Text version);

    Text body_;
    std::vector<Item> items_;
    // The next item: its index, and where the search for it begins after the remembered ones.
    size_t index_ = 0, count_ = 0, at_ = 0;
};

}  // namespace audit_scan

#endif
