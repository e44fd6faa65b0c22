#include "TornLine.hpp"

#include <algorithm>
#include <cstring>

namespace audit_scan {

namespace {

constexpr std::string_view head = eventHead;

}  // namespace

bool TornLine::begin(Text line) {
    at_ = line.from;
    end_ = line.to;
    head_ = line.from;
    next_ = pieceEnd(at_);
    if (next_ < end_) return true;
    at_ = end_;
    return false;
}

bool TornLine::next(Text &piece) {
    if (at_ == end_) return false;
    piece = Text{at_, next_}.trimmed();
    at_ = next_;
    if (at_ < end_) next_ = pieceEnd(at_);
    return true;
}

const uint8_t *TornLine::pieceEnd(const uint8_t *from) {
    size_t common = commonPrefix(from);
    if (common == head.size()) return eventEnd(from);
    JSONReader reader({from, end_});
    Text object;
    if (*from == '{' && reader.checkValue(object)) return nextObject(reader.at);
    // Events that were torn within their heads are one piece.
    while (common > 0 && common < head.size()) {
        from += common;
        common = commonPrefix(from);
    }
    return common > 0 ? from : end_;
}

/// Reads the members of an event. Each byte is read once, because the next piece begins where reading has failed.
const uint8_t *TornLine::eventEnd(const uint8_t *from) {
    JSONReader reader({from + 1, end_});
    while (true) {
        // Outside the client's objects a head is the beginning of the next event.
        reader.end = nextHead(reader.at);
        Text key, value;
        if (!reader.checkString(key)) return tear(from, reader.at);
        if (!reader.skip(':')) return tear(from, reader.at);
        if (spells(key, "requestObject") || spells(key, "responseObject")) reader.end = end_;
        if (!reader.checkValue(value)) return tear(from, reader.at);
        if (reader.skip('}')) return nextObject(reader.at);
        if (!reader.skip(',')) return tear(from, reader.at);
    }
}

/// The object behind one that is complete. With other text behind it, it is not known what the object is: the end.
const uint8_t *TornLine::nextObject(const uint8_t *at) const {
    JSONReader reader({at, end_});
    reader.skipSpace();
    return reader.at < end_ && *reader.at == '{' ? reader.at : end_;
}

/// The place near a fault where an event begins; the end of the line if there is none.
///
/// If the previous event is torn in a string, the quote of {"kind" ends that string, and the fault is behind it.
/// An incomplete escape or word is the fault itself, and the next event begins up to six bytes after its beginning.
const uint8_t *TornLine::tear(const uint8_t *from, const uint8_t *fault) const {
    if (fault == end_) return end_;
    const uint8_t *first = std::max(fault - 2, from + 1), *last = std::min(fault + 6, end_ - 1);
    for (const uint8_t *place = first; place <= last; place++) {
        if (commonPrefix(place) == head.size()) return place;
    }
    for (const uint8_t *place = first; place <= last; place++) {
        if (mayBegin(place)) return place;
    }
    return end_;
}

size_t TornLine::commonPrefix(const uint8_t *from) const {
    size_t longest = std::min(head.size(), static_cast<size_t>(end_ - from)), common = 0;
    while (common < longest && from[common] == static_cast<uint8_t>(head[common])) common++;
    return common;
}

/// Whether an event begins, which may be torn within its head and followed by another one.
bool TornLine::mayBegin(const uint8_t *from) const {
    while (from < end_) {
        size_t common = commonPrefix(from);
        if (common == head.size() || (common > 0 && from + common == end_)) return true;
        if (common == 0) return false;
        from += common;
    }
    return false;
}

const uint8_t *TornLine::nextHead(const uint8_t *from) {
    if (head_ >= from) return head_;
    const void *found = memmem(from, static_cast<size_t>(end_ - from), head.data(), head.size());
    return head_ = found ? static_cast<const uint8_t *>(found) : end_;
}

}  // namespace audit_scan
