#ifndef TORN_LINE_HPP
#define TORN_LINE_HPP

#include "JSONText.hpp"

namespace audit_scan {

/// The beginning of every event, as the API server writes it.
constexpr std::string_view eventHead = R"({"kind":"Event","apiVersion":"audit.k8s.io/)";

/// Splits a line in which one event begins before the previous one has ended, or behind it without a line feed.
///
/// A writer that is killed, or a full disk, leaves a part of an event without a line feed, and the next event follows
/// on the same line. The pieces are such parts, whole events, and other objects behind a whole event.
///
/// A client must not be able to place an event there: the API server copies `requestObject` and `responseObject`
/// unchanged, and a torn event may end behind an object that looks like an event. So a line is read from its beginning,
/// and an event begins only where the grammar breaks, or where an object is no part of what a client has sent. An event
/// that is torn where a client's value may begin is not told from such an object; it is not read.
class TornLine {
public:
    /// Begins with a line. False if it does not begin as an API server writes an event, or has one piece only.
    bool begin(Text line);
    /// Finds the next piece.
    bool next(Text &piece);

private:
    const uint8_t *pieceEnd(const uint8_t *from);
    const uint8_t *eventEnd(const uint8_t *from);
    const uint8_t *nextObject(const uint8_t *at) const;
    const uint8_t *tear(const uint8_t *from, const uint8_t *fault) const;
    size_t commonPrefix(const uint8_t *from) const;
    bool mayBegin(const uint8_t *from) const;
    const uint8_t *nextHead(const uint8_t *from);

    // The next piece and its end.
    const uint8_t *at_ = nullptr;
    const uint8_t *next_ = nullptr;
    const uint8_t *end_ = nullptr;
    // The first complete head of an event at or after the last place that was searched.
    const uint8_t *head_ = nullptr;
};

}  // namespace audit_scan

#endif
