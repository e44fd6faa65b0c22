// The parts of a scanner that read the items of a record before its end is known, or before its fault.

#include "Scanner.hpp"

using audit_scan::Origin;
using audit_scan::textOf;

/// Whether the items of a record can be read before its end is known.
bool audit_scanner::canOpen(const audit_scan::OpenRecord &open) {
    if (open.path().empty()) return true;
    std::string shell = open.withoutItems();
    if (!index.read(textOf(shell)) || index.isEvent()) return false;
    if (index.isEventList()) {
        return open.path() == "items" && originOfEvent(index, SIZE_MAX) == Origin::audit
            && index.hasOnly(audit_scan::eventListRow.first);
    }
    for (const Row &row : audit_scan::objectRows) {
        bool isTwice = false;
        if (!isOfFormat(row) || !index.matches(row, isTwice) || isTwice) continue;
        // Otherwise it is read once its end is known: a key behind the items may name another writer.
        if (!row.first.isEmpty() && !index.hasOnly(row.first)) continue;
        std::string path;
        for (std::string_view step : row.items) path.append(path.empty() ? "" : ".").append(step);
        if (path.compare(0, open.path().size() + 2, open.path() + "[]") == 0) return true;
    }
    return false;
}

bool audit_scanner::nextPart(Record &record) {
    audit_scan::OpenRecord open;
    if (!records.open(open) || !canOpen(open)) return false;
    records.take(open, record);
    beginPart(record);
    return true;
}

bool audit_scanner::nextItemsBeforeFault(Record &record) {
    audit_scan::OpenRecord open;
    for (size_t number = 0; records.openFaulty(record.faulty, number, open); number++) {
        if (!open.hasItems() || !canOpen(open)) continue;
        records.takeFaulty(open, record);
        beginPart(record);
        lastRecord = record.text;
        return true;
    }
    return false;
}

void audit_scanner::beginPart(const Record &record) {
    partCandidates = candidates;
    partCandidates.begin(record.text.from, record.text.size());
}
