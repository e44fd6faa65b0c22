#include "CAuditScan.h"

#include <cstring>
#include <new>
#include <string>

#include "CandidateSearch.hpp"
#include "EventFields.hpp"
#include "EventList.hpp"
#include "JSONText.hpp"
#include "LogLines.hpp"
#include "RecordShape.hpp"
#include "TornLine.hpp"

using audit_scan::Text;

// Steps: find the next record (a line of a log, an item of an EventList), search its bytes for the selectors' groups and codes,
// and read the fields of those that may match. A line that is no event is taken apart into the events that it was torn
// into; events in other envelopes would be found at the same place.
struct audit_scanner {
    audit_scan::CandidateSearch candidates;
    audit_scan::EventList list;
    audit_scan::EventFields fields;

    bool isList = false;
    Text bytes;
    audit_scan::LogLines lines;
    audit_scan::TornLine torn;
    bool isTornPiece = false;
    Text last;
    size_t count = 0;

    void begin(const uint8_t *from, size_t length, bool hasList) {
        isList = hasList;
        bytes = {from, from + length};
        last = {};
        count = 0;
        torn = {};
    }

    bool nextRecord(Text &record) {
        if (isList) return list.next(record);
        isTornPiece = torn.next(record);
        return isTornPiece || lines.next(record);
    }

    /// NULL if the record is an event, or cannot be a selected one.
    const char *read(Text record, bool isCandidate, audit_event &event) {
        // The only check of an event that cannot match; it detects lines that are not JSON or were cut off.
        if (*record.from != '{') return "not a JSON object";
        if (record.to[-1] != '}') return "audit event is cut off";
        if (!isCandidate) return audit_scan::isOtherRecord(record) ? notAnEvent : nullptr;
        try {
            return fields.read(record, event);
        } catch (const std::bad_alloc &) {
            return "not enough memory to read it";
        }
    }

    static constexpr const char *notAnEvent = "not an audit event";
};

audit_scanner *audit_scanner_create(void) {
    try {
        return new audit_scanner();
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

bool audit_scanner_select(audit_scanner *scanner, audit_selector selector) {
    try {
        // A line of an event without a user holds no text that tells it from others, only the code.
        if (selector.group.bytes != nullptr) {
            scanner->candidates.addText(std::string_view(selector.group.bytes, selector.group.length));
        } else {
            for (int64_t code = selector.lowest_code; code <= selector.highest_code; code++) {
                scanner->candidates.addNumber(std::to_string(code));
            }
        }
        scanner->fields.select(selector);
        return true;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

void audit_scanner_destroy(audit_scanner *scanner) { delete scanner; }

void audit_scanner_set_block_width(audit_scanner *scanner, size_t width) { scanner->candidates.setBlockWidth(width); }

void audit_lines_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length) {
    scanner->begin(bytes, length, false);
    scanner->lines.begin(scanner->bytes);
    scanner->candidates.begin(bytes, length);
}

const char *audit_list_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length) {
    scanner->begin(bytes, length, true);
    try {
        if (const char *reason = scanner->list.begin(scanner->bytes)) return reason;
    } catch (const std::bad_alloc &) {
        return "not enough memory to read it";
    }
    scanner->candidates.begin(bytes, length);
    return nullptr;
}

void audit_list_continue(audit_scanner *scanner, const uint8_t *bytes) {
    Text old = scanner->bytes;
    scanner->bytes = {bytes, bytes + old.size()};
    scanner->list.move(bytes);
    if (!scanner->last.isEmpty()) {
        scanner->last = {bytes + (scanner->last.from - old.from), bytes + (scanner->last.to - old.from)};
    }
    const uint8_t *from = scanner->last.isEmpty() ? bytes : scanner->last.to;
    scanner->candidates.begin(from, static_cast<size_t>(scanner->bytes.to - from));
}

audit_result audit_next(audit_scanner *scanner, audit_event *event, size_t *offset, const char **reason) {
    Text text;
    while (scanner->nextRecord(text)) {
        scanner->last = text;
        *offset = static_cast<size_t>(text.from - scanner->bytes.from);
        bool isCandidate = scanner->candidates.mayContain(text.from, text.to);
        *reason = scanner->read(text, isCandidate, *event);
        bool mayBeTorn = isCandidate && !scanner->isList && !scanner->isTornPiece;
        // Its pieces come next.
        if (*reason != nullptr && mayBeTorn && scanner->torn.begin(text)) continue;
        scanner->count++;
        if (*reason != nullptr) return AUDIT_MALFORMED;
        if (!isCandidate) continue;
        if (scanner->fields.match(*event)) return AUDIT_EVENT;
        if (scanner->fields.isEvent()) continue;
        *reason = audit_scanner::notAnEvent;
        return AUDIT_MALFORMED;
    }
    return AUDIT_END;
}

audit_shape audit_last_shape(const audit_scanner *scanner) {
    return scanner->last.isEmpty() ? AUDIT_SHAPE_UNKNOWN : audit_scan::shape(scanner->last);
}

size_t audit_count(const audit_scanner *scanner) { return scanner->count; }

bool audit_last(audit_scanner *scanner, audit_event *event) {
    if (scanner->last.isEmpty()) return false;
    try {
        return scanner->fields.read(scanner->last, *event) == nullptr;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

bool audit_last_is_event(audit_scanner *scanner) {
    audit_event event;
    return audit_last(scanner, &event) && scanner->fields.isEvent();
}
