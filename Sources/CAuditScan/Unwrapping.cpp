#include "Unwrapping.hpp"

#include <algorithm>
#include <utility>

#include "Decoding.hpp"
#include "EventEnd.hpp"
#include "Schemas.hpp"

namespace audit_scan {

namespace {

/// Larger buffers are freed when they are not in use.
constexpr size_t ordinary = 4 << 20;

bool holds(const std::string &buffer, Text text) {
    const uint8_t *from = textOf(buffer).from;
    return text.from >= from && text.from < from + buffer.capacity();
}

}  // namespace

void Unwrapping::begin(CandidateSearch *search) {
    end();
    isPiece_ = isTagged_ = false;
    search_ = search;
    budget_ = mostInflated;
}

void Unwrapping::begin(const Row &row, Text record, CandidateSearch *search) {
    begin(search);
    push(row, record);
}

void Unwrapping::begin(const Row &row, std::string_view text, CandidateSearch *search) {
    text_ = textOf(text);
    begin(search);
    isTextPending_ = true;
    textRow_ = &row;
}

Unwrapping::Result Unwrapping::next(Text &event, const char *&reason) {
    if (isTextPending_) {
        isTextPending_ = false;
        event = text_;
        bool isShort = text_.size() < shorterThanLimits && textRow_->inner == nullptr && !textRow_->holdsArray;
        if (isShort && !mayBeSelected(text_) && isWhole(text_)) return Result::unread;
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

size_t Unwrapping::memory() const {
    size_t size = attributes_.capacity() + inflated_.capacity() + last_.capacity();
    for (const Frame &frame : frames_) size += frame.decoded.capacity();
    return size;
}

void Unwrapping::release(Text &kept, std::initializer_list<std::string *> others) {
    bool isLost = false, isUnreadLost = false;
    std::string freed[8];
    size_t count = 0;
    auto free = [&](std::string &buffer) {
        if (buffer.capacity() <= ordinary) return;
        isLost |= holds(buffer, kept);
        isUnreadLost |= holds(buffer, unread_);
        freed[count++].swap(buffer);
    };
    free(attributes_);
    free(inflated_);
    for (Frame &frame : frames_) free(frame.decoded);
    for (std::string *buffer : others) free(*buffer);
    if (isUnreadLost) unread_ = {};
    if (!isLost) return;
    last_.assign(kept.size() <= ordinary ? kept.view() : std::string_view());
    kept = textOf(last_);
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
    if (!level.holder.read(holder)) return tooManyKeys;
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
        if (!item_.read(item)) {
            reason = tooManyKeys;
            return Result::malformed;
        }
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
        for (size_t index = 0; entries.next(entry); index++) {
            if (index == wanted) found = {entry, true, false};
            if (index > wanted && *entry.from == '{') origin = worse(origin, originOfMetadata(entry));
        }
    }
    if (isTwice || origin == Origin::twice) {
        reason = "a key of the envelope is there twice";
        return Result::malformed;
    }
    if (isForeign || origin == Origin::foreign) return Result::foreign;
    isPiece_ = origin == Origin::piece;
    isTagged_ = origin == Origin::tagged;
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

}  // namespace audit_scan
