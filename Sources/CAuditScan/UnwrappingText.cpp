#include <cstring>

#include "Decoding.hpp"
#include "EventEnd.hpp"
#include "Unwrapping.hpp"

namespace audit_scan {

namespace {

constexpr std::string_view truncationMark = "[Truncated...]";
/// Whether OTLP's AnyValue was not cut off: a list, or a text that is a whole event.
bool isWholeValue(Text value) {
    JSONReader reader(value);
    Text key;
    reader.skip('{');
    reader.skipSpace();
    if (!reader.checkString(key) || !spells(key, "stringValue")) return true;
    Found string = look(value, "stringValue");
    return !string.isText() || holdsWhole(string.value);
}

bool endsWith(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

/// Whether a text holds what API servers write into each event, and not in a text of its own.
///
/// A client whose words are in the header of a line can shift the header, and with it the beginning of the text. Its
/// event is not read then, but is not passed over as another program's text either.
bool holdsEvent(Text text) {
    constexpr std::string_view version = "\"audit.k8s.io/";
    for (const uint8_t *at = text.from;; at += version.size()) {
        const void *found = memmem(at, static_cast<size_t>(text.to - at), version.data(), version.size());
        if (found == nullptr) return false;
        at = static_cast<const uint8_t *>(found);
        if (at == text.from || at[-1] != '\\') return true;
    }
}

bool isTruncated(Text text) {
    if (isCutOff(text)) return true;
    return endsWith(text.view(), truncationMark) && isCutOff({text.from, text.to - truncationMark.size()});
}

}  // namespace

bool Unwrapping::mayBeSelected(Text value) {
    // What is decoded from other bytes was not searched.
    return depth_ > 1 || search_ == nullptr || search_->mayContain(value.from, value.to);
}

Unwrapping::Result Unwrapping::decode(Frame &frame, Found found, Text &event, const char *&reason) {
    const Row &row = *frame.row;
    std::string &into = frame.decoded;
    Text value = found.value;
    bool isString = found.isText(), isSelected = false;
    reason = nullptr;
    switch (row.step) {
    case Step::textOrObject:
        if (found.isObject()) return inside(row, value, event, reason);
        [[fallthrough]];
    case Step::text:
        break;
    case Step::bytes:
        if (value.view() == "null") return Result::foreign;
        if (!isString && !found.isArray()) break;
        if (!isString) reason = decodeBytes(value, into);
        if (reason) return Result::malformed;
        if (!isString) return embedded(row, textOf(into), event, reason);
        break;
    case Step::base64:
    case Step::base64Gzip:
        reason = isString ? decodeBase64(value, row.step == Step::base64 ? into : inflated_) : "not base64";
        if (!reason && row.step == Step::base64Gzip) reason = inflate(inflated_, into, budget_);
        if (inflated_.capacity() > (1 << 20)) std::string().swap(inflated_);
        return reason ? Result::malformed : embedded(row, textOf(into), event, reason);
    case Step::keyValues:
        isSelected = mayBeSelected(value) || isPiece_ || isTagged_;
        if (!isSelected && isWholeValue(value)) return Result::unread;
        reason = decodeAnyValue(value, into);
        if (reason) return Result::malformed;
        if (into.empty() || into[0] != '"') return embedded(row, textOf(into), event, reason);
        // A text: its escapes are resolved below.
        inflated_.swap(into);
        value = textOf(inflated_);
        isString = true;
        break;
    }
    if (!isString) {
        reason = "not a text";
        return Result::malformed;
    }
    // The text of an attribute was decoded already.
    if (row.step != Step::keyValues) isSelected = isPiece_ || isTagged_ || mayBeSelected(value);
    bool isUnread = !isSelected && row.inner == nullptr && value.size() < shorterThanLimits;
    if (isUnread && holdsWhole(value)) return leaveUnread(value, event);
    resolveEscapes(value, into);
    if (isUnread && isWhole(textOf(into).trimmed())) return leaveUnread(value, event);
    return embedded(row, textOf(into), event, reason);
}

/// Passes over a text that no selector can match.
Unwrapping::Result Unwrapping::leaveUnread(Text string, Text &event) {
    unread_ = string;
    event = {};
    return Result::unread;
}

bool Unwrapping::readLast(Text &event) {
    if (unread_.isEmpty()) return false;
    resolveEscapes(unread_, last_);
    event = textOf(last_).trimmed();
    return true;
}

/// A text that must be exactly one object.
Unwrapping::Result Unwrapping::embedded(const Row &row, Text text, Text &event, const char *&reason) {
    text = text.trimmed();
    char first = row.holdsArray ? '[' : '{';
    if (text.isEmpty() || *text.from != static_cast<uint8_t>(first)) {
        reason = row.joins ? "the text in the envelope is not a JSON object; pieces before it may be missing"
            : "the text in the envelope is not a JSON object";
        return row.othersAreForeign && !holdsEvent(text) ? Result::foreign : Result::malformed;
    }
    // Pieces are cut at a fixed length, so a client can make one that looks whole.
    if (isPiece_ || (isTagged_ && text.size() <= longestPiece)) return Result::truncated;
    Text value;
    JSONReader reader(text);
    bool isWhole = reader.checkValue(value) && reader.at == reader.end;
    if (!isWhole) {
        reason = "the text in the envelope is not exactly one JSON object";
        return isTruncated(text) ? Result::truncated : Result::malformed;
    }
    if (!row.holdsArray) return inside(row, text, event, reason);
    // A time and a record.
    Entries entries;
    entries.begin(text);
    Text time, record, other;
    bool isPair = entries.next(time) && entries.next(record) && !entries.next(other) && *record.from == '{'
        && (*time.from == '-' || (*time.from >= '0' && *time.from <= '9'));
    reason = "not a time and a record";
    return isPair ? inside(row, record, event, reason) : Result::malformed;
}

/// An object where the event is expected. `end` if it is another envelope, which was begun.
Unwrapping::Result Unwrapping::inside(const Row &row, Text object, Text &event, const char *&reason) {
    ObjectIndex index;
    reason = tooManyKeys;
    if (!index.read(object)) return Result::malformed;
    event = object;
    if (index.isEvent()) {
        Origin origin = originOfEvent(index, object.size());
        if (origin == Origin::audit) return Result::event;
        if (origin == Origin::foreign) return Result::foreign;
        if (origin != Origin::twice) return Result::truncated;
        reason = "a key of the envelope is there twice";
        return Result::malformed;
    }
    const Row *inner = index.isEventList() ? &eventListRow : row.inner;
    bool isTwice = false;
    if (inner != nullptr && (inner == &eventListRow || index.matches(*inner, isTwice))) {
        reason = isTwice ? "a key of the envelope is there twice" : push(*inner, object);
        if (reason == nullptr) return Result::end;
        return Result::malformed;
    }
    reason = "the text in the envelope is not an audit event";
    return row.othersAreForeign && !holdsEvent(object) ? Result::foreign : Result::malformed;
}

}  // namespace audit_scan
