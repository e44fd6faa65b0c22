#include "PieceJoiner.hpp"

#include "TornLine.hpp"

namespace audit_scan {

bool PieceJoiner::piece(const ObjectIndex &record, Piece &piece) {
    Found log = record.look("log");
    if (!log.isText()) return false;
    std::string_view text = log.value.view();
    // An escaped line feed: with an even number of backslashes before it, it is not escaped.
    size_t slashes = 0;
    bool hasFeed = text.size() >= 4 && text.substr(text.size() - 3, 2) == "\\n";
    while (hasFeed && slashes + 4 <= text.size() && text[text.size() - 4 - slashes] == '\\') slashes++;
    piece = {log.value, true, hasFeed && slashes % 2 == 0, record.look("stream").spells("stdout")};
    return true;
}

bool PieceJoiner::piece(const Row &row, Text line, const uint8_t *end, Piece &piece) {
    if (row.prefix == nullptr) {
        ObjectIndex record;
        bool isTwice = false;
        return *line.from == '{' && record.read(line) && record.matches(row, isTwice) && !isTwice
            && PieceJoiner::piece(record, piece);
    }
    // White space at the end of a piece is part of the text, and a piece may be empty.
    PrefixMatch match = row.prefix(Text{line.from, end}.view());
    if (!match.isFound) return false;
    piece = {textOf(match.text), false, !match.isPiece, match.stream.substr(0, row.stream.size()) == row.stream};
    return true;
}

void PieceJoiner::add(const Piece &piece) {
    std::string_view text = piece.text.view();
    if (piece.isString) {
        resolveEscapes(piece.text, resolved_);
        text = resolved_;
    }
    bool isHead = text.substr(0, eventHead.size()) == eventHead;
    if (isHead && !joined_.empty() && headCount_ < mostHeads) heads_[headCount_++] = joined_.size();
    joined_.append(text);
}

/// The event of the last pieces, if the container ended before it had written the one before. A client can place a head
/// within its objects, but only pieces that are no event together are taken apart.
std::string_view PieceJoiner::lastEvent() const {
    auto isEvent = [](std::string_view text) {
        JSONReader reader(textOf(text).trimmed());
        Text value;
        return reader.checkValue(value) && reader.at == reader.end;
    };
    std::string_view all = joined_;
    if (headCount_ == 0 || isEvent(all)) return all;
    for (size_t index = 0; index < headCount_; index++) {
        if (isEvent(all.substr(heads_[index]))) return all.substr(heads_[index]);
    }
    return all;
}

PieceJoiner::Result PieceJoiner::join(
    const Row &row, const Piece &first, const uint8_t *at, LogLines behind, std::string_view &text
) {
    if (at < joinedTo_) return Result::passed;
    if (first.isLast) return Result::whole;
    joined_.clear();
    headCount_ = 0;
    add(first);
    for (Text line; behind.next(line);) {
        Piece next;
        if (!piece(row, line, behind.lastEnd(), next) || !next.isAudit) continue;
        add(next);
        joinedTo_ = line.to;
        if (!next.isLast) continue;
        text = lastEvent();
        return text.size() == joined_.size() ? Result::joined : Result::torn;
    }
    joinedTo_ = reinterpret_cast<const uint8_t *>(UINTPTR_MAX);
    return Result::incomplete;
}

}  // namespace audit_scan
