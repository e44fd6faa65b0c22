#ifndef SCANNER_HPP
#define SCANNER_HPP

#include "CAuditScan.h"
#include "CandidateSearch.hpp"
#include "EventFields.hpp"
#include "EventList.hpp"
#include "LogRecords.hpp"
#include "PieceJoiner.hpp"
#include "RecordShape.hpp"
#include "TornLine.hpp"
#include "Unwrapping.hpp"

/// Steps: find the next record (of a log, or an item of an EventList), search its bytes for the selectors' groups and
/// codes, unwrap the events in it, and read the fields of those that may match.
///
/// A line as an API server writes it leaves this way at the first comparison: it is an event, or is taken apart into the
/// events that it was torn into.
struct audit_scanner {
    using Text = audit_scan::Text;

    static constexpr const char *noMemory = "not enough memory to read it";

    /// Of the bytes, and of a part of a record.
    audit_scan::CandidateSearch candidates, partCandidates;
    /// Of the beginnings of other events in a line.
    audit_scan::CandidateSearch heads;
    audit_scan::EventList list;
    audit_scan::EventFields fields;
    audit_scan::LogRecords records;
    audit_scan::TornLine torn;
    audit_scan::PieceJoiner joiner;
    audit_scan::Unwrapping unwrapping;
    audit_scan::ObjectIndex index;

    audit_format format = AUDIT_FORMAT_AUTO;
    bool isList = false;
    Text bytes;
    /// The last record, and the last event.
    Text lastRecord, last;
    size_t count = 0, foreign = 0, truncated = 0;
    audit_format looksLike = AUDIT_FORMAT_AUTO;
    /// Whether the last record is one of the format, whatever fault is in it.
    bool isOfFormatItself = false;

    audit_scanner() { heads.addLiteral(audit_scan::eventHead); }
    void begin(const uint8_t *from, size_t length, bool hasList);
    audit_result next(audit_event &event, const char *&reason);

private:
    enum class Step { next, event, malformed, end };
    using Row = audit_scan::Row;
    using Record = audit_scan::LogRecords::Record;

    Step nextRecord(audit_event &event, const char *&reason);
    void release();
    void passPlainLines();
    bool mayMatch(Text event);
    Step nextUnwrapped(audit_event &event, const char *&reason);
    Step readBare(Text text, bool isCandidate, bool mayBeTorn, audit_event &event, const char *&reason);
    Step select(Text text, audit_event &event, const char *&reason);
    Step readObject(const Record &record, audit_event &event, const char *&reason);
    Step readLine(const Record &record, const char *&reason);
    Step unwrap(const Row &row, const Record &record, const audit_scan::Piece *piece, std::string_view text);
    Step note(audit_scan::Origin origin, const char *&reason);
    bool isOfFormat(const Row &row) const;
    bool canOpen(const audit_scan::OpenRecord &open);
    bool nextPart(Record &record);
    bool nextItemsBeforeFault(Record &record);
    void beginPart(const Record &record);
    audit_scan::CandidateSearch *search(const Record &record);
};

#endif
