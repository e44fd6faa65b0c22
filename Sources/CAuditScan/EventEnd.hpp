#ifndef EVENT_END_HPP
#define EVENT_END_HPP

#include <cstring>
#include <string_view>

#include "JSONText.hpp"

namespace audit_scan {

/// Whether the last bytes of a text that an API server began to write are the last ones of its event.
///
/// Until the user and the outcome of a request are written, all that a client chooses is in strings. There a quote has a
/// backslash before it, and no object but the event itself ends in `"}}`, or in the time of the stage. So an event that
/// was cut off before its user and its outcome, in a path of `}}}}` for example, does not end in these bytes. What was
/// cut off behind them has the texts that are searched for, and is parsed.
///
/// Inline, because each line of a log is checked in this way.
inline bool endsAsWritten(const uint8_t *from, const uint8_t *to) {
    constexpr std::string_view key = "\"stageTimestamp\":\"", time = "2006-01-02T15:04:05.000000Z", end = "\"}";
    size_t size = static_cast<size_t>(to - from);
    if (size < 4 || to[-1] != '}') return false;
    // Annotations.
    if (to[-2] == '}') return to[-3] == '"' && to[-4] != '\\';
    return size >= key.size() + time.size() + end.size() && memcmp(to - end.size(), end.data(), end.size()) == 0
        && memcmp(to - end.size() - time.size() - key.size(), key.data(), key.size()) == 0;
}

/// Whether a text is one object from its first to its last byte, by its brackets and quotes.
bool isWhole(Text text);

/// The same of a JSON string, given with its quotes, that holds an event as an API server writes it; false if that cannot
/// be told without resolving the escapes.
bool holdsWhole(Text string);

}  // namespace audit_scan

#endif
