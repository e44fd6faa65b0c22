#include "Scanner.hpp"

#include <cstring>
#include <utility>

#include "EventEnd.hpp"

using audit_scan::JSONReader;
using audit_scan::Origin;
using audit_scan::Piece;
using audit_scan::PieceJoiner;
using audit_scan::Text;
using audit_scan::textOf;
using audit_scan::Unwrapping;

namespace {

constexpr const char *notAnEvent = "not an audit event";
constexpr const char *cutOff = "audit event is cut off";
constexpr const char *needsFormat = "an envelope that is read only with --audit.format";
/// Shorter lines are parsed as fast as they are searched.
constexpr size_t longLine = 4 << 10;
constexpr const char *twice = "a key of the envelope is there twice";
constexpr const char *tooManyKeys = "more keys than an envelope has";

/// Whether an object names itself an audit event, not in a text that it holds. A search, since all lines of some logs
/// are such objects; of blocks, since these lines are long and memmem is slow for a text of this length.
bool namesItselfEvent(Text object) {
    static constexpr std::string_view group = "\"audit.k8s.io/";
    // Three bytes of it that are rare in JSON in these places.
    static constexpr size_t width = 16, probes[] = {0, 1, 6};
    typedef uint8_t Bytes __attribute__((vector_size(width)));
    typedef bool Bits __attribute__((ext_vector_type(width)));
    const uint8_t *at = object.from;
    for (; static_cast<size_t>(object.to - at) >= width + group.size(); at += width) {
        Bytes hits = ~Bytes{};
        for (size_t probe : probes) {
            Bytes bytes;
            memcpy(&bytes, at + probe, width);
            hits &= bytes == static_cast<uint8_t>(group[probe]);
        }
        Bits bits = __builtin_convertvector(hits, Bits);
        uint16_t mask = 0;
        memcpy(&mask, &bits, sizeof mask);
        for (; mask != 0; mask &= static_cast<uint16_t>(mask - 1)) {
            const uint8_t *place = at + __builtin_ctz(mask);
            if (memcmp(place, group.data(), group.size()) == 0) return place > object.from && place[-1] != '\\';
        }
    }
    size_t place = Text{at, object.to}.view().find(group);
    return place != std::string_view::npos && at + place > object.from && at[static_cast<ptrdiff_t>(place) - 1] != '\\';
}

}  // namespace

void audit_scanner::begin(const uint8_t *from, size_t length, bool hasList) {
    isList = hasList;
    bytes = {from, from + length};
    lastRecord = last = {};
    count = foreign = truncated = 0;
    looksLike = AUDIT_FORMAT_AUTO;
    torn = {};
    unwrapping.end();
}

audit_result audit_scanner::next(audit_event &event, const char *&reason) {
    while (true) {
        Step step = unwrapping.isActive() ? nextUnwrapped(event, reason) : nextRecord(event, reason);
        if (step == Step::event) return AUDIT_EVENT;
        if (step == Step::malformed) return AUDIT_MALFORMED;
        if (step != Step::end) continue;
        release();
        return AUDIT_END;
    }
}

/// Frees the memory of huge records. The last event stays valid.
void audit_scanner::release() {
    unwrapping.release(last, {&joiner.buffer(), &records.buffer()});
    bool isInBytes = lastRecord.from >= bytes.from && lastRecord.from < bytes.to;
    if (!isList && !isInBytes) lastRecord = {};
}

audit_scanner::Step audit_scanner::nextRecord(audit_event &event, const char *&reason) {
    Text text;
    bool isPiece = torn.next(text);
    looksLike = AUDIT_FORMAT_AUTO;
    isOfFormatItself = false;
    if (isList || isPiece) {
        if (!isPiece && !list.next(text)) return Step::end;
        lastRecord = text;
        if (isPiece && text.view().substr(0, audit_scan::eventHead.size()) != audit_scan::eventHead) {
            return readObject({Record::Kind::object, text, false, false, nullptr, nullptr}, event, reason);
        }
        bool isCandidate = candidates.mayContain(text.from, text.to);
        if (isList && !isCandidate && *text.from == '{' && audit_scan::isOtherRecord(text)) {
            count++;
            last = {};
            reason = notAnEvent;
            return Step::malformed;
        }
        return readBare(text, isCandidate, false, event, reason);
    }
    passPlainLines();
    Record record;
    if (!records.next(record)) {
        if (!nextPart(record)) return Step::end;
        // The items of an array are records.
        if (*record.text.from == '[') {
            records.readArray(record.text);
            return Step::next;
        }
    }
    text = lastRecord = record.text;
    if (record.kind == Record::Kind::malformed) {
        if (nextItemsBeforeFault(record)) return readObject(record, event, reason);
        count++;
        last = {};
        // What is behind the items is no form of its own.
        isOfFormatItself = record.isBehindItems;
        reason = record.reason;
        return Step::malformed;
    }
    if (record.isAsWritten) {
        bool isCandidate = candidates.mayContain(text.from, text.to) && mayMatch(text);
        return readBare(text, isCandidate, true, event, reason);
    }
    return *text.from == '{' ? readObject(record, event, reason) : readLine(record, reason);
}

/// Passes over the lines that are not read further. Almost all lines of almost all logs are.
void audit_scanner::passPlainLines() {
    const uint8_t *from = records.nextLine();
    if (from == nullptr) return;
    audit_scan::CandidateSearch::PlainLines passed;
    records.seek(candidates.passPlainLines(from, passed));
    if (passed.count == 0) return;
    count += passed.count;
    last = lastRecord = passed.last;
}

/// Whether the value of a member decides whether a selector matches. A key may be spelled with escapes.
static bool isSelectedBy(Text key) {
    return key.view() == "\"user\"" || key.view() == "\"responseStatus\""
        || memchr(key.from, '\\', key.size()) != nullptr;
}

/// Whether a line that contains a pattern may hold an event that matches.
///
/// A long line is almost all objects that a client sent or got, which hold any text. If neither the user nor the status
/// of the response contains a pattern, the event cannot match, and is not parsed. Values are skipped by their brackets and
/// quotes. In a torn line these may be misleading, so that a line with the beginning of another event is read in full.
bool audit_scanner::mayMatch(Text line) {
    if (line.size() < longLine) return true;
    JSONReader reader({line.from + 1, line.to});
    bool mayMatch = true;
    while (true) {
        Text key, value;
        if (!reader.checkString(key) || !reader.skip(':') || !reader.skipValue(value)) break;
        if (isSelectedBy(key) && candidates.mayContain(value.from, value.to)) break;
        if (reader.skip(',')) continue;
        if (!reader.skip('}') || reader.at != line.to) break;
        const uint8_t *behindHead = line.from + audit_scan::eventHead.size();
        heads.begin(behindHead, static_cast<size_t>(line.to - behindHead));
        mayMatch = heads.mayContain(behindHead, line.to);
        break;
    }
    // The line, or its pieces, are searched again.
    if (mayMatch) candidates.goBack(line.from);
    return mayMatch;
}

/// Reads an event without an envelope.
audit_scanner::Step audit_scanner::readBare(
    Text text, bool isCandidate, bool mayBeTorn, audit_event &event, const char *&reason
) {
    last = text;
    // The only check of an event that cannot match; it detects lines that are not JSON or were cut off.
    reason = *text.from != '{' ? "not a JSON object" : text.to[-1] != '}' ? cutOff : nullptr;
    if (!reason && isCandidate) reason = fields.read(text, event);
    else if (!reason && !audit_scan::isWhole(text)) reason = cutOff;
    // Its pieces come next.
    if (reason && isCandidate && mayBeTorn && torn.begin(text)) return Step::next;
    count++;
    if (reason) return Step::malformed;
    return isCandidate ? select(text, event, reason) : Step::next;
}

/// Whether a selector matches an event that was read and counted.
audit_scanner::Step audit_scanner::select(Text text, audit_event &event, const char *&reason) {
    if (fields.namesOrigin() && !isList) {
        reason = tooManyKeys;
        last = {};
        if (!index.read(text)) return Step::malformed;
        last = text;
        Origin origin = originOfEvent(index, text.size());
        if (origin != Origin::audit) {
            count--;
            return note(origin, reason);
        }
    }
    if (fields.match(event)) return Step::event;
    if (fields.isEvent()) return Step::next;
    reason = notAnEvent;
    return Step::malformed;
}

audit_scanner::Step audit_scanner::note(Origin origin, const char *&reason) {
    count++;
    last = {};
    reason = twice;
    if (origin == Origin::twice) return Step::malformed;
    (origin == Origin::foreign ? foreign : truncated)++;
    return Step::next;
}

// MARK: Envelopes

bool audit_scanner::isOfFormat(const Row &row) const {
    return format == AUDIT_FORMAT_AUTO ? row.isAuto : row.format == format;
}

/// GKE's records hold no literal that others do not.
audit_scan::CandidateSearch *audit_scanner::search(const Record &record) {
    if (format == AUDIT_FORMAT_GKE) return nullptr;
    return record.isPart ? &partCandidates : &candidates;
}

audit_scanner::Step audit_scanner::readObject(const Record &record, audit_event &event, const char *&reason) {
    Text text = record.text;
    bool isLine = record.kind == Record::Kind::line;
    audit_scan::CandidateSearch *search = this->search(record);
    bool isCandidate = search == nullptr || search->mayContain(text.from, text.to);
    bool isAuto = format == AUDIT_FORMAT_AUTO;
    if (!isCandidate && isAuto && namesItselfEvent(text)) return readBare(text, false, isLine, event, reason);
    if (isCandidate) {
        // Almost always an event with its keys in another order, or with others among them.
        if (fields.read(text, event) == nullptr && fields.isNamed()) {
            count++;
            last = text;
            return select(text, event, reason);
        }
    }
    if (!index.read(text)) {
        if (isLine && records.split(record)) return Step::next;
        Record part = record;
        if (isLine) part.faulty = text;
        if (nextItemsBeforeFault(part)) return readObject(part, event, reason);
        return readBare(text, isCandidate || !isAuto, isLine, event, reason);
    }
    if (index.isEvent()) {
        Origin origin = originOfEvent(index, text.size());
        return origin == Origin::audit ? readBare(text, isCandidate, isLine, event, reason) : note(origin, reason);
    }
    if (index.isEventList()) {
        Origin origin = originOfEvent(index, text.size());
        if (origin != Origin::audit) return note(origin, reason);
        unwrapping.begin(audit_scan::eventListRow, text, search);
        return Step::next;
    }
    for (const Row &row : audit_scan::objectRows) {
        bool isTwice = false;
        if (!isOfFormat(row) || !index.matches(row, isTwice)) continue;
        isOfFormatItself = true;
        if (isTwice) return note(Origin::twice, reason);
        Piece piece;
        bool isPiece = row.joins && PieceJoiner::piece(index, piece) && piece.isAudit;
        if (isPiece) return unwrap(row, record, &piece, {});
        unwrapping.begin(row, text, search);
        return Step::next;
    }
    for (const Row &row : audit_scan::objectRows) {
        bool isTwice = false;
        if (row.format == AUDIT_FORMAT_AUTO || row.isGeneral || !index.matches(row, isTwice)) continue;
        looksLike = row.format;
        count++;
        last = {};
        reason = needsFormat;
        return Step::malformed;
    }
    // Another program's record of a request.
    bool isOther = !index.mayBeEvent() && (index.look("auditID").isThere || index.look("requestURI").isThere);
    return readBare(text, isCandidate || !isAuto || isOther, isLine, event, reason);
}

/// A line that begins with something else: its event is behind a prefix.
audit_scanner::Step audit_scanner::readLine(const Record &record, const char *&reason) {
    Text text = record.text;
    last = {};
    reason = "not a JSON object";
    // The text behind the prefix may be empty.
    Text line = record.kind == Record::Kind::line ? Text{text.from, record.end} : text;
    for (const Row &row : audit_scan::prefixRows) {
        audit_scan::PrefixMatch match = row.prefix(line.view());
        if (!match.isFound) continue;
        bool isAudit = match.stream.substr(0, row.stream.size()) == row.stream;
        if (!isOfFormat(row)) {
            if (looksLike == AUDIT_FORMAT_AUTO && (isAudit || row.joins)) looksLike = row.format;
            continue;
        }
        looksLike = AUDIT_FORMAT_AUTO;
        isOfFormatItself = true;
        if (!isAudit || audit_scan::namesOtherLog(match.tag)) return note(Origin::foreign, reason);
        Piece piece;
        bool isPiece = row.joins && PieceJoiner::piece(row, text, record.end, piece);
        return unwrap(row, record, isPiece ? &piece : nullptr, textOf(match.text).trimmed().view());
    }
    count++;
    return Step::malformed;
}

/// Begins the text behind a prefix, or a text of which this record may have a piece.
audit_scanner::Step audit_scanner::unwrap(
    const Row &row, const Record &record, const Piece *piece, std::string_view text
) {
    if (piece) {
        bool isLine = record.kind == Record::Kind::line;
        switch (joiner.join(row, *piece, record.text.from, isLine ? records.lines() : audit_scan::LogLines(), text)) {
        case PieceJoiner::Result::passed: return Step::next;
        case PieceJoiner::Result::torn:
            count++;
            truncated++;
            [[fallthrough]];
        case PieceJoiner::Result::joined: unwrapping.begin(row, text, nullptr); return Step::next;
        case PieceJoiner::Result::incomplete:
            if (!records.isLast()) {
                records.leave(record.text.from);
                return Step::end;
            }
            count++;
            truncated++;
            return Step::next;
        case PieceJoiner::Result::whole: break;
        }
    }
    if (row.prefix) unwrapping.begin(row, text, search(record));
    else unwrapping.begin(row, record.text, search(record));
    return Step::next;
}

audit_scanner::Step audit_scanner::nextUnwrapped(audit_event &event, const char *&reason) {
    Text text;
    // What the last event was decoded to is written over.
    Text before = std::exchange(last, Text());
    Unwrapping::Result result = unwrapping.next(text, reason);
    if (result == Unwrapping::Result::end) {
        last = before;
        unwrapping.release(last);
        return Step::next;
    }
    count++;
    switch (result) {
    case Unwrapping::Result::foreign: foreign++; return Step::next;
    case Unwrapping::Result::truncated: truncated++; return Step::next;
    case Unwrapping::Result::malformed: return Step::malformed;
    case Unwrapping::Result::unread: last = text; return Step::next;
    default: break;
    }
    last = text;
    reason = *text.from == '{' ? fields.read(text, event) : "not a JSON object";
    if (reason) return Step::malformed;
    event.has_unique_id = unwrapping.hasUniqueID();
    if (fields.match(event)) return Step::event;
    if (fields.isEvent()) return Step::next;
    reason = notAnEvent;
    return Step::malformed;
}
