#include "CAuditScan.h"

#include <cstring>
#include <new>

#include "CandidateSearch.hpp"
#include "EventFields.hpp"

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

struct audit_scanner {
    audit_scan::CandidateSearch candidates;
    audit_scan::EventFields fields;
    simdjson::dom::parser parser;

    // Lines.
    const uint8_t *bytes = nullptr, *at = nullptr, *end = nullptr;
    const uint8_t *lastLine = nullptr, *lastLineEnd = nullptr;

    // A list.
    array items;
    array::iterator item, itemsEnd;
    element lastItem;

    size_t count = 0;

    /// Parses one line (or body) of JSON. Copies it first, since simdjson reads a little beyond the end.
    simdjson::error_code parse(const uint8_t *from, const uint8_t *to, element &into) {
        // What one huge line made the parser hold is given back with the next ordinary one.
        constexpr size_t ordinary = 1 << 20;
        // As deep as Go's decoder goes, which the API server uses.
        constexpr size_t maxDepth = 10000;
        bool isOversized = parser.capacity() > 4 * ordinary && static_cast<size_t>(to - from) <= ordinary;
        if (parser.capacity() == 0 || isOversized) {
            parser = simdjson::dom::parser();
            if (auto error = parser.allocate(ordinary, maxDepth)) return error;
        }
        return parser.parse(from, static_cast<size_t>(to - from), true).get(into);
    }
};

namespace {

bool isSpace(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r'; }

}  // namespace

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
    scanner->bytes = scanner->at = bytes;
    scanner->end = bytes + length;
    scanner->lastLine = scanner->lastLineEnd = nullptr;
    scanner->count = 0;
    scanner->candidates.begin(bytes, length);
}

audit_result audit_lines_next(audit_scanner *scanner, audit_event *event, size_t *offset, const char **reason) {
    while (scanner->at < scanner->end) {
        const uint8_t *from = scanner->at;
        const void *feed = memchr(from, '\n', static_cast<size_t>(scanner->end - from));
        const uint8_t *to = feed ? static_cast<const uint8_t *>(feed) : scanner->end;
        scanner->at = feed ? to + 1 : to;

        while (from < to && isSpace(*from)) from++;
        while (from < to && isSpace(to[-1])) to--;
        if (from == to) continue;
        scanner->count++;
        scanner->lastLine = from;
        scanner->lastLineEnd = to;
        *offset = static_cast<size_t>(from - scanner->bytes);

        // All that is asked of a line that cannot be wanted; it catches what is no JSON and what was cut off.
        if (*from != '{' || to[-1] != '}') {
            *reason = *from == '{' ? "an audit event that does not end" : "not a JSON object";
            return AUDIT_MALFORMED;
        }
        if (!scanner->candidates.mayContain(from, to)) continue;
        try {
            element parsed;
            simdjson::error_code error = scanner->parse(from, to, parsed);
            if (error != simdjson::SUCCESS) {
                *reason = simdjson::error_message(error);
                return AUDIT_MALFORMED;
            }
            object fields;
            if (parsed.get(fields) != simdjson::SUCCESS) {
                *reason = "not a JSON object";
                return AUDIT_MALFORMED;
            }
            scanner->fields.read(fields, *event);
        } catch (const std::bad_alloc &) {
            *reason = "no memory to parse it";
            return AUDIT_MALFORMED;
        }
        if (scanner->fields.match(*event)) return AUDIT_EVENT;
    }
    return AUDIT_END;
}

size_t audit_lines_count(const audit_scanner *scanner) { return scanner->count; }

bool audit_lines_last(audit_scanner *scanner, audit_event *event) {
    if (scanner->lastLine == nullptr) return false;
    try {
        element parsed;
        object fields;
        if (scanner->parse(scanner->lastLine, scanner->lastLineEnd, parsed) != simdjson::SUCCESS) return false;
        if (parsed.get(fields) != simdjson::SUCCESS) return false;
        scanner->fields.read(fields, *event);
        return true;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

audit_result audit_list_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length, const char **reason) {
    scanner->count = 0;
    scanner->items = array();
    try {
        element parsed;
        simdjson::error_code error = scanner->parse(bytes, bytes + length, parsed);
        if (error != simdjson::SUCCESS) {
            *reason = simdjson::error_message(error);
            return AUDIT_MALFORMED;
        }
        object fields;
        if (parsed.get(fields) != simdjson::SUCCESS) {
            *reason = "not a JSON object";
            return AUDIT_MALFORMED;
        }
        std::string_view kind, version;
        element items;
        bool hasItems = false;
        for (auto field : fields) {
            if (field.key == "kind") (void)field.value.get(kind);
            else if (field.key == "apiVersion") (void)field.value.get(version);
            else if (field.key == "items") hasItems = true, items = field.value;
        }
        if (kind != "EventList") {
            *reason = "kind is not EventList";
            return AUDIT_MALFORMED;
        }
        if (version != "audit.k8s.io/v1" && version != "audit.k8s.io/v1beta1") {
            *reason = "apiVersion is neither audit.k8s.io/v1 nor audit.k8s.io/v1beta1";
            return AUDIT_MALFORMED;
        }
        // A list without items is an empty one, as for the API server.
        if (!hasItems || items.is_null()) return AUDIT_END;
        if (items.get(scanner->items) != simdjson::SUCCESS) {
            *reason = "items is not an array";
            return AUDIT_MALFORMED;
        }
    } catch (const std::bad_alloc &) {
        *reason = "no memory to parse it";
        return AUDIT_MALFORMED;
    }
    scanner->item = scanner->items.begin();
    scanner->itemsEnd = scanner->items.end();
    return AUDIT_EVENT;
}

audit_result audit_list_next(audit_scanner *scanner, audit_event *event, size_t *index, const char **reason) {
    while (scanner->item != scanner->itemsEnd) {
        element item = *scanner->item;
        ++scanner->item;
        *index = scanner->count++;
        scanner->lastItem = item;
        object fields;
        if (item.get(fields) != simdjson::SUCCESS) {
            *reason = "an item is not a JSON object";
            return AUDIT_MALFORMED;
        }
        try {
            scanner->fields.read(fields, *event);
        } catch (const std::bad_alloc &) {
            *reason = "no memory to read it";
            return AUDIT_MALFORMED;
        }
        if (scanner->fields.match(*event)) return AUDIT_EVENT;
    }
    return AUDIT_END;
}

size_t audit_list_count(const audit_scanner *scanner) { return scanner->count; }

bool audit_list_last(audit_scanner *scanner, audit_event *event) {
    object fields;
    if (scanner->count == 0 || scanner->lastItem.get(fields) != simdjson::SUCCESS) return false;
    try {
        scanner->fields.read(fields, *event);
        return true;
    } catch (const std::bad_alloc &) {
        return false;
    }
}
