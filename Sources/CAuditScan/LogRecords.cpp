#include "LogRecords.hpp"

#include <algorithm>
#include <cstring>

#include "TornLine.hpp"

namespace audit_scan {

namespace {

bool isLineEnd(uint8_t byte) { return byte == '\n' || byte == 0; }

}  // namespace

void LogRecords::begin(Text bytes, bool isLast, bool isContinued) {
    lines_.begin(bytes);
    state_ = State::lines;
    isLast_ = isLast;
    isContinued_ = isContinued;
    hasFault_ = skipsLine_ = false;
    begin_ = partBegin_ = bytes.from;
    rest_ = end_ = bytes.to;
    head_ = {};
}

void LogRecords::leave(const uint8_t *from) {
    rest_ = from;
    lines_.seek(end_);
    state_ = State::lines;
}

bool LogRecords::next(Record &record) {
    record.isPart = record.isAsWritten = record.isBehindItems = false;
    record.faulty = {};
    if (hasFault_) {
        record = fault_;
        hasFault_ = false;
        return true;
    }
    if (state_ == State::array && nextItem(record)) return true;
    if (state_ == State::objects && nextObject(record)) return true;
    Text line;
    if (!lines_.next(line)) return false;
    record.kind = Record::Kind::line;
    record.text = line;
    record.end = lines_.lastEnd();
    record.isAsWritten = line.view().substr(0, eventHead.size()) == eventHead;
    bool isOpen = !isLast_ && record.end == end_;
    if (record.isAsWritten && !isOpen) return true;
    if (*line.from == '[') return beginArray(line, record);
    if (isOpen) return nextOpenLine(line, record);
    if (*line.from == '{' && line.size() == 1) return readPrinted(line, record);
    return true;
}

bool LogRecords::split(const Record &record) {
    JSONReader reader(record.text);
    Text value;
    if (record.kind != Record::Kind::line || !reader.checkValue(value) || reader.at == record.text.to) return false;
    line_ = record.text;
    isOpen_ = false;
    reader_ = JSONReader(line_);
    state_ = State::objects;
    return true;
}

/// A line that goes on in bytes that are not there yet. It may hold whole objects.
bool LogRecords::nextOpenLine(Text line, Record &record) {
    if (*line.from != '{' || record.isAsWritten) {
        leave(line.from);
        return false;
    }
    line_ = line;
    isOpen_ = true;
    reader_ = JSONReader(line);
    state_ = State::objects;
    return nextObject(record);
}

bool LogRecords::open(OpenRecord &open) const {
    if (!head_.isEmpty() || static_cast<size_t>(end_ - rest_) < shortest + longestWord) return false;
    return open.begin({rest_, end_}) && open.hasItems();
}

void LogRecords::take(const OpenRecord &open, Record &record) {
    open.write(part_);
    partBegin_ = rest_;
    head_ = {rest_, rest_ + open.headLength()};
    rest_ = open.rest();
    record = {Record::Kind::object, textOf(part_), true};
}

/// Keys behind the items may name another writer, so the items of a short record are not read without its end.
bool LogRecords::openFaulty(Text object, size_t number, OpenRecord &open) const {
    if (object.isEmpty() || number == OpenRecord::mostArrays) return false;
    if (number == 0) {
        JSONReader reader(object);
        Text value;
        // Whole, but with too many keys.
        if (reader.checkValue(value) && reader.at == object.to) return false;
        bool isContinued = isContinued_ && object.from == begin_;
        if (!isContinued && static_cast<size_t>(reader.at - object.from) < shortest) return false;
    }
    return open.beginFaulty(object, number);
}

void LogRecords::takeFaulty(const OpenRecord &open, Record &record) {
    open.write(part_);
    fault_ = record;
    if (record.kind != Record::Kind::malformed) {
        fault_.kind = Record::Kind::malformed;
        fault_.reason = "a record that is not valid, or cut off";
    }
    if (open.rest() > fault_.text.from && open.rest() < fault_.text.to) fault_.text.from = open.rest();
    fault_.faulty = {};
    fault_.isBehindItems = true;
    hasFault_ = true;
    partBegin_ = record.faulty.from;
    record = {Record::Kind::object, textOf(part_), true};
}

void LogRecords::readArray(Text part) {
    reader_ = JSONReader(part);
    reader_.skip('[');
    state_ = State::array;
    isFirst_ = isInPart_ = true;
}

bool LogRecords::fail(Record &record, const uint8_t *from, const uint8_t *to, const char *reason) {
    record.kind = Record::Kind::malformed;
    record.text = Text{from, to}.trimmed();
    if (record.text.isEmpty()) record.text = {from, from + 1};
    record.reason = reason;
    state_ = State::lines;
    return true;
}

/// False at the end of the line.
bool LogRecords::nextObject(Record &record) {
    Text object;
    const uint8_t *from = reader_.at;
    if (from == line_.to) {
        state_ = State::lines;
        return false;
    }
    bool isValid = *from == '{' && reader_.checkValue(object);
    if (!isValid && isOpen_ && goesOn(from)) return false;
    if (!isValid && Text{from, line_.to}.view().substr(0, eventHead.size()) == eventHead) {
        // It may have been torn, and the next event may follow in bytes that are not there yet.
        state_ = State::lines;
        if (isOpen_) {
            leave(from);
            return false;
        }
        record = {Record::Kind::line, {from, line_.to}, false, true, line_.to};
        return true;
    }
    reader_.skipSpace();
    if (isValid && isOpen_ && reader_.at == line_.to) {
        leave(from);
        return false;
    }
    // With other text behind an object it is not known what the object is.
    if (!isValid || (reader_.at < line_.to && *reader_.at != '{')) {
        record.faulty = {from, line_.to};
        skipsLine_ = isOpen_;
        return fail(record, from, line_.to, "text behind a JSON object, or an object that is not valid");
    }
    record.kind = Record::Kind::object;
    record.text = object;
    return true;
}

bool LogRecords::readPrinted(Text line, Record &record) {
    reader_ = JSONReader({line.from, end_});
    Text object;
    if (!reader_.checkValue(object)) {
        if (goesOn(line.from)) return false;
        record.faulty = {line.from, end_};
        return failAtLineEnd(record, reader_.at, "a JSON object that is not valid");
    }
    lines_.seekBehind(reader_.at);
    record.kind = Record::Kind::object;
    record.text = object;
    return true;
}

/// Whether a value has no fault, but no end either, because it goes on in bytes that are not there yet: it is left over.
bool LogRecords::goesOn(const uint8_t *from) {
    bool isLeft = !isLast_ && isCutOff({from, end_});
    if (isLeft) leave(from);
    return isLeft;
}

/// Reading goes on in the line behind the fault, or in the line at whose beginning the faulty value or the fault is, if
/// that is a record: one that was cut off does not take the next line with it.
///
/// - Parameter value: The beginning of the value that is faulty, or that a comma should be in front of.
bool LogRecords::failAtLineEnd(Record &record, const uint8_t *value, const char *reason) {
    for (const uint8_t *line : {value, reader_.at}) {
        if (line == begin_ || !isLineEnd(line[-1]) || !beginsRecord(line)) continue;
        lines_.seek(line);
        return fail(record, line - 1, line, reason);
    }
    const uint8_t *at = reader_.at, *to = isInPart_ ? end_ : lines_.endOfLine(at);
    lines_.seek(to);
    skipsLine_ = to == end_ && !isLast_;
    return fail(record, at < to ? at : at - 1, to, reason);
}

/// Whether a line begins as an event, or is a whole object.
bool LogRecords::beginsRecord(const uint8_t *line) const {
    if (Text{line, end_}.view().substr(0, eventHead.size()) == eventHead) return true;
    JSONReader reader({line, std::find_if(line, end_, isLineEnd)});
    Text object;
    if (line == end_ || *line != '{' || !reader.checkValue(object)) return false;
    reader.skipSpace();
    return reader.at == reader.end;
}

bool LogRecords::beginArray(Text line, Record &record) {
    JSONReader reader({line.from, end_});
    Text array;
    if (!isLast_ && !reader.checkValue(array) && goesOn(line.from)) return false;
    reader_ = JSONReader({line.from, end_});
    reader_.skip('[');
    state_ = State::array;
    isFirst_ = true;
    isInPart_ = false;
    return nextItem(record) || next(record);
}

/// False behind the array.
bool LogRecords::nextItem(Record &record) {
    reader_.skipSpace();
    if (reader_.skip(']')) {
        if (isInPart_) lines_.seek(end_);
        else lines_.seekBehind(reader_.at);
        state_ = State::lines;
        return false;
    }
    if (!isFirst_ && !reader_.skip(',')) return failAtLineEnd(record, reader_.at, "an array that has no end");
    if (!isFirst_) reader_.skipSpace();
    isFirst_ = false;
    Text item;
    const uint8_t *from = reader_.at;
    if (!reader_.checkValue(item)) return failAtLineEnd(record, from, "an array that is not valid");
    record.kind = Record::Kind::object;
    record.text = item;
    record.isPart = isInPart_;
    if (*item.from == '{') return true;
    record.kind = Record::Kind::malformed;
    record.reason = "an item that is not an object";
    return true;
}

}  // namespace audit_scan
