#include "CAuditScan.h"

#include <cstring>
#include <new>
#include <string>

#include "ContainerEnd.hpp"
#include "Scanner.hpp"

using audit_scan::Text;

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

size_t audit_scanner_memory(const audit_scanner *scanner) {
    return scanner->unwrapping.memory() + scanner->joiner.buffer().capacity() + scanner->records.buffer().capacity();
}

size_t audit_container_length(const uint8_t *bytes, size_t length, size_t width) {
    const uint8_t *end = audit_scan::endOfContainer({bytes, bytes + length}, width);
    return end == nullptr ? 0 : static_cast<size_t>(end - bytes);
}

void audit_lines_begin(
    audit_scanner *scanner, audit_format format, const uint8_t *bytes, size_t length, bool is_last, bool is_continued
) {
    scanner->begin(bytes, length, false);
    scanner->format = format;
    scanner->records.begin(scanner->bytes, is_last, is_continued);
    scanner->joiner.begin();
    scanner->candidates.setQuotedNumbers(format == AUDIT_FORMAT_OTLP);
    scanner->candidates.begin(bytes, length);
}

size_t audit_rest(const audit_scanner *scanner) {
    return static_cast<size_t>(scanner->bytes.to - scanner->records.rest());
}

size_t audit_rest_head(const audit_scanner *scanner, size_t *offset) {
    const Text &head = scanner->records.head();
    if (head.isEmpty()) return 0;
    *offset = static_cast<size_t>(head.from - scanner->bytes.from);
    return head.size();
}

bool audit_skips_line(const audit_scanner *scanner) { return scanner->records.skipsLine(); }

size_t audit_foreign(const audit_scanner *scanner) { return scanner->foreign; }

size_t audit_truncated(const audit_scanner *scanner) { return scanner->truncated; }

const char *audit_list_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length) {
    scanner->begin(bytes, length, true);
    try {
        if (const char *reason = scanner->list.begin(scanner->bytes)) return reason;
    } catch (const std::bad_alloc &) {
        return audit_scanner::noMemory;
    }
    scanner->candidates.setQuotedNumbers(false);
    scanner->candidates.begin(bytes, length);
    return nullptr;
}

void audit_list_continue(audit_scanner *scanner, const uint8_t *bytes) {
    Text old = scanner->bytes;
    scanner->bytes = {bytes, bytes + old.size()};
    scanner->list.move(bytes);
    for (Text *text : {&scanner->last, &scanner->lastRecord}) {
        if (!text->isEmpty()) *text = {bytes + (text->from - old.from), bytes + (text->to - old.from)};
    }
    const uint8_t *from = scanner->lastRecord.isEmpty() ? bytes : scanner->lastRecord.to;
    scanner->candidates.begin(from, static_cast<size_t>(scanner->bytes.to - from));
}

audit_result audit_next(audit_scanner *scanner, audit_event *event, size_t *offset, const char **reason) {
    audit_result result;
    try {
        result = scanner->next(*event, *reason);
    } catch (const std::bad_alloc &) {
        scanner->last = {};
        *reason = audit_scanner::noMemory;
        result = AUDIT_MALFORMED;
    }
    // Items of a part are not where they were.
    const uint8_t *from = scanner->lastRecord.from;
    const Text &bytes = scanner->bytes;
    if (!scanner->isList && (from < bytes.from || from >= bytes.to)) from = scanner->records.partBegin();
    *offset = from == nullptr ? 0 : static_cast<size_t>(from - bytes.from);
    return result;
}

audit_shape audit_last_shape(const audit_scanner *scanner) {
    bool isUnknown = scanner->lastRecord.isEmpty() || scanner->isOfFormatItself;
    return isUnknown ? AUDIT_SHAPE_UNKNOWN : audit_scan::shape(scanner->lastRecord);
}

audit_format audit_last_format(const audit_scanner *scanner) { return scanner->looksLike; }

size_t audit_count(const audit_scanner *scanner) { return scanner->count; }

bool audit_last(audit_scanner *scanner, audit_event *event) {
    try {
        if (scanner->last.isEmpty() && !scanner->unwrapping.readLast(scanner->last)) return false;
        return scanner->fields.read(scanner->last, *event) == nullptr;
    } catch (const std::bad_alloc &) {
        return false;
    }
}

bool audit_last_is_event(audit_scanner *scanner) {
    audit_event event;
    return audit_last(scanner, &event) && scanner->fields.isEvent();
}

bool audit_nesting_follow(audit_nesting *nesting, const uint8_t *bytes, size_t length) {
    audit_scan::Place place{nesting->depth, nesting->floor, nesting->is_in_string, nesting->is_escaped};
    bool isClosed = audit_scan::endOfContainer({bytes, bytes + length}, place) != nullptr;
    *nesting = {place.depth, place.floor, place.isInString, place.isEscaped};
    return isClosed;
}

bool audit_is_whole(const uint8_t *bytes, size_t length) {
    audit_scan::JSONReader reader({bytes, bytes + length});
    reader.skipSpace();
    if (reader.at == reader.end) return false;
    while (reader.at < reader.end) {
        Text value;
        if ((*reader.at != '{' && *reader.at != '[') || !reader.checkValue(value)) return false;
        reader.skipSpace();
    }
    return true;
}
