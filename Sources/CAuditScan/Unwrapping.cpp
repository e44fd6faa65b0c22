#include "Unwrapping.hpp"

#include <utility>

#include "Decoding.hpp"
#include "Schemas.hpp"

namespace audit_scan {

namespace {

constexpr std::string_view truncationMark = "[Truncated...]";
/// Texts up to this size are not cut off: the smallest limit of a platform is 16 KiB.
constexpr size_t shorterThanLimits = 8 << 10;

Text textOf(const std::string &bytes) {
    const uint8_t *from = reinterpret_cast<const uint8_t *>(bytes.data());
    return {from, from + bytes.size()};
}

Text textOf(std::string_view bytes) {
    const uint8_t *from = reinterpret_cast<const uint8_t *>(bytes.data());
    return {from, from + bytes.size()};
}

/// Whether a short JSON string is an object to its end, by its first and last character.
bool looksWhole(Text string) {
    std::string_view text = Text{string.from + 1, string.to - 1}.trimmed().view();
    while (text.size() > 1 && text[text.size() - 2] == '\\' && std::string_view("nrt").find(text.back()) != text.npos) {
        text.remove_suffix(2);
    }
    return !text.empty() && text.size() < shorterThanLimits && text.front() == '{' && text.back() == '}';
}

bool endsWith(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

bool isTruncated(Text text) {
    if (isCutOff(text)) return true;
    return endsWith(text.view(), truncationMark) && isCutOff({text.from, text.to - truncationMark.size()});
}

}  // namespace

void Unwrapping::begin(const Row &row, Text record, CandidateSearch *search) {
    depth_ = 0;
    isTextPending_ = false;
    unread_ = {};
    search_ = search;
    push(row, record);
}

void Unwrapping::begin(const Row &row, std::string_view text, CandidateSearch *search) {
    depth_ = 0;
    isTextPending_ = true;
    unread_ = {};
    search_ = search;
    text_ = textOf(text);
    textRow_ = &row;
}

Unwrapping::Result Unwrapping::next(Text &event, const char *&reason) {
    if (isTextPending_) {
        isTextPending_ = false;
        bool isUnread = !mayBeSelected(text_) && !text_.isEmpty() && *text_.from == '{' && text_.to[-1] == '}';
        event = text_;
        if (isUnread && text_.size() < shorterThanLimits) return Result::unread;
        Result result = embedded(*textRow_, text_, event, reason);
        if (result != Result::end) return result;
    }
    while (depth_ > 0) {
        Frame &frame = frames_[depth_ - 1];
        Text item;
        switch (nextItem(frame, item)) {
        case Item::end:
            depth_--;
            continue;
        case Item::malformed:
            reason = "its items are not an array";
            return Result::malformed;
        case Item::found: break;
        }
        Result result = take(frame, item, event, reason);
        // An envelope inside was begun.
        if (result != Result::end) return result;
    }
    return Result::end;
}

// MARK: Items

const char *Unwrapping::push(const Row &row, Text record) {
    if (depth_ == deepest) return "more than three layers";
    Frame &frame = frames_[depth_++];
    frame.row = &row;
    frame.record = record;
    frame.isOneItem = row.items.isEmpty();
    frame.level = 0;
    frame.isForeign = frame.isTwice = false;
    if (frame.isOneItem) return nullptr;
    if (const char *reason = open(frame, record)) return reason;
    frame.isForeign = !frame.levels[0].holder.holds(row.recordAudit, frame.isTwice);
    return nullptr;
}

/// Opens the next level of items, in an object.
const char *Unwrapping::open(Frame &frame, Text holder) {
    std::string_view step = frame.row->items.begin()[frame.level];
    Level &level = frame.levels[frame.level];
    level.isSingle = step.back() != ']';
    level.single = {};
    level.entries = Entries();
    level.holder.read(holder);
    frame.level++;
    Found found = level.holder.look(level.isSingle ? step : step.substr(0, step.size() - 2));
    level.origin = found.isTwice ? Origin::twice : Origin::audit;
    if (frame.row != &eventListRow) {
        level.origin = worse(level.origin, namedOrigin(level.holder, frame.row->naming, attributes_));
    }
    if (level.isSingle) {
        level.single = found.value;
    } else if (found.isArray()) {
        level.entries.begin(found.value);
    } else if (frame.row != &eventListRow || (found.isThere && found.value.view() != "null")) {
        return "its items are not an array";
    }
    return nullptr;
}

Unwrapping::Item Unwrapping::nextItem(Frame &frame, Text &item) {
    if (frame.row->items.isEmpty()) {
        item = frame.record;
        return std::exchange(frame.isOneItem, false) ? Item::found : Item::end;
    }
    while (frame.level > 0) {
        Level &level = frame.levels[frame.level - 1];
        bool isThere = level.isSingle ? !level.single.isEmpty() : level.entries.next(item);
        if (level.isSingle) item = std::exchange(level.single, Text());
        if (!isThere) {
            frame.level--;
            continue;
        }
        if (frame.level == frame.row->items.count) return Item::found;
        if (*item.from != '{' || open(frame, item)) return Item::malformed;
    }
    return Item::end;
}

Unwrapping::Result Unwrapping::take(Frame &frame, Text item, Text &event, const char *&reason) {
    const Row &row = *frame.row;
    event = item;
    if (&row == &eventListRow) return takeListItem(item, reason);
    bool isObject = *item.from == '{';
    if (!isObject && *item.from != '[') {
        reason = "an item that is not an object";
        return Result::malformed;
    }
    bool isTwice = frame.isTwice, isForeign = frame.isForeign, isWhole = true;
    Origin origin = Origin::audit;
    for (size_t index = 0; index < frame.level; index++) origin = worse(origin, frame.levels[index].origin);
    Found found;
    if (isObject) {
        item_.read(item);
        isForeign |= !item_.holds(row.audit, isTwice);
        isWhole = item_.holds(row.itemKeys, isTwice);
        origin = worse(origin, namedOrigin(item_, row.naming, attributes_));
        for (std::string_view path : row.event) {
            if (!found.isThere) found = item_.look(path);
        }
        isTwice |= found.isTwice;
    } else if (!row.event.isEmpty()) {
        Entries entries;
        entries.begin(item);
        size_t wanted = static_cast<size_t>(row.event.begin()[0][0] - '0');
        Text entry;
        for (size_t index = 0; !found.isThere && entries.next(entry); index++) {
            if (index == wanted) found = {entry, true, false};
        }
    }
    if (isTwice || origin == Origin::twice) {
        reason = "a key of the envelope is there twice";
        return Result::malformed;
    }
    if (isForeign || origin == Origin::foreign) return Result::foreign;
    if (row.schema != Schema::none) {
        writeEvent(row.schema, item_, frame.decoded);
        event = textOf(frame.decoded);
        return Result::event;
    }
    if (!isWhole || !found.isThere) {
        reason = "an envelope without its event";
        return Result::malformed;
    }
    return decode(frame, found, event, reason);
}

/// Items of old API servers have no kind and no apiVersion; those that have some must have the right ones.
Unwrapping::Result Unwrapping::takeListItem(Text item, const char *&reason) {
    if (!mayBeSelected(item)) return Result::unread;
    reason = "not an audit event";
    if (*item.from != '{' || !item_.read(item)) return Result::malformed;
    bool isNamed = item_.look("kind").isThere || item_.look("apiVersion").isThere;
    return isNamed && !item_.isEvent() ? Result::malformed : Result::event;
}

// MARK: Decoding

bool Unwrapping::mayBeSelected(Text value) {
    // What is decoded from other bytes was not searched.
    return depth_ > 1 || search_ == nullptr || search_->mayContain(value.from, value.to);
}

Unwrapping::Result Unwrapping::decode(Frame &frame, Found found, Text &event, const char *&reason) {
    const Row &row = *frame.row;
    std::string &into = frame.decoded;
    Text value = found.value;
    bool isString = found.isText();
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
        if (!reason && row.step == Step::base64Gzip) reason = inflate(inflated_, into);
        if (inflated_.capacity() > (1 << 20)) std::string().swap(inflated_);
        return reason ? Result::malformed : embedded(row, textOf(into), event, reason);
    case Step::keyValues:
        if (!mayBeSelected(value)) return Result::unread;
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
    if (row.step != Step::keyValues && looksWhole(value) && row.inner == nullptr && !mayBeSelected(value)) {
        unread_ = value;
        event = {};
        return Result::unread;
    }
    resolveEscapes(value, into);
    return embedded(row, textOf(into), event, reason);
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
        reason = "the text in the envelope is not a JSON object";
        return row.othersAreForeign ? Result::foreign : Result::malformed;
    }
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
    index.read(object);
    event = object;
    if (index.isEvent()) {
        switch (originOfEvent(index)) {
        case Origin::audit: return Result::event;
        case Origin::foreign: return Result::foreign;
        case Origin::twice: break;
        }
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
    return row.othersAreForeign ? Result::foreign : Result::malformed;
}

}  // namespace audit_scan
