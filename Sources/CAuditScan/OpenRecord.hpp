#ifndef OPEN_RECORD_HPP
#define OPEN_RECORD_HPP

#include <string>

#include "JSONText.hpp"

namespace audit_scan {

/// The beginning of a record that holds an array of many items, and goes on in bytes that are not there yet.
///
/// Its complete items are taken out as a record of their own, `{"records":[ITEM,ITEM]}`, so that a record of any size is
/// read in bounded memory. What is left, `{"records":[` and the bytes behind these items, is again such a beginning.
class OpenRecord {
public:
    /// The most bytes before the items.
    static constexpr size_t longestHead = 64 << 10;
    /// The fewest bytes that are left: a fingerprint of what was read needs its last ones.
    static constexpr size_t shortestRest = 1 << 10;
    /// The most keys on the way to the items, as in `{"hits":{"hits":[`.
    static constexpr size_t deepest = 2;
    /// The most arrays of a faulty record that are looked at.
    static constexpr size_t mostArrays = 16;

    /// Finds the first array of objects that is not complete: the record itself, or a member of it or of its members.
    bool begin(Text text);
    /// Finds an array of an object that has a fault in it or behind it. All of its items before the fault are complete.
    ///
    /// - Parameter number: The number of arrays before it, at any level.
    bool beginFaulty(Text text, size_t number);

    /// The keys on the way to the array, with dots between them; empty for an array.
    const std::string &path() const { return path_; }
    /// The bytes before the first item.
    size_t headLength() const { return static_cast<size_t>(items_.from - text_.from); }
    /// The bytes behind the items that are complete and, except before a fault, followed by another one.
    const uint8_t *rest() const { return items_.to; }
    bool hasItems() const { return items_.from < items_.to; }
    /// The record without items, to find out what it is.
    std::string withoutItems() const;
    /// The record with the items.
    void write(std::string &into) const;

private:
    bool findArray(JSONReader &reader);
    bool findArray(JSONReader &reader, size_t &number, size_t level);
    void findItems(JSONReader &reader, bool areFollowed);

    Text text_, items_;
    // The items without the comma behind them.
    const uint8_t *lastItemEnd_ = nullptr;
    std::string path_, end_;
};

}  // namespace audit_scan

#endif
