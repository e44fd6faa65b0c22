#include "CAuditScan.h"

#include <cstring>
#include <new>

#include "CandidateSearch.hpp"
#include "EventFields.hpp"
#include "EventList.hpp"
#include "JSONText.hpp"

using audit_scan::Text;

// Steps: find a record (a line, a body), search its bytes for the selectors' literals, iterate over its events, and read
// the fields of those that may match.
struct audit_scanner {
    audit_scan::CandidateSearch candidates;
    audit_scan::EventList list;
    audit_scan::EventFields fields;

    bool isList = false;
    Text bytes;
    // Lines: where the next one begins.
    const uint8_t *at = nullptr;
    Text last;
    size_t count = 0;

    void begin(const uint8_t *from, size_t length, bool hasList) {
        isList = hasList;
        bytes = {from, from + length};
        at = from;
        last = {};
        count = 0;
    }

    bool nextEvent(Text &event) { return isList ? list.next(event) : nextLine(event); }

    bool nextLine(Text &line) {
        while (at < bytes.to) {
            const void *feed = memchr(at, '\n', static_cast<size_t>(bytes.to - at));
            const uint8_t *end = feed ? static_cast<const uint8_t *>(feed) : bytes.to;
            line = Text{at, end}.trimmed();
            at = feed ? end + 1 : end;
            if (!line.isEmpty()) return true;
        }
        return false;
    }
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
        scanner->candidates.add(std::string_view(selector.literal.bytes, selector.literal.length));
        scanner->fields.select(selector);
        return true;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

void audit_scanner_destroy(audit_scanner *scanner) { delete scanner; }

void audit_lines_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length) {
    scanner->begin(bytes, length, false);
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
    while (scanner->nextEvent(text)) {
        scanner->count++;
        scanner->last = text;
        *offset = static_cast<size_t>(text.from - scanner->bytes.from);
        // The only check of an event that cannot match; it detects lines that are not JSON or were cut off.
        if (*text.from != '{' || text.to[-1] != '}') {
            *reason = *text.from == '{' ? "audit event is cut off" : "not a JSON object";
            return AUDIT_MALFORMED;
        }
        if (!scanner->candidates.mayContain(text.from, text.to)) continue;
        try {
            *reason = scanner->fields.read(text, *event);
        } catch (const std::bad_alloc &) {
            *reason = "not enough memory to read it";
        }
        if (*reason != nullptr) return AUDIT_MALFORMED;
        if (scanner->fields.match(*event)) return AUDIT_EVENT;
    }
    return AUDIT_END;
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
