#ifndef PIECE_JOINER_HPP
#define PIECE_JOINER_HPP

#include <string>

#include "EnvelopeTable.hpp"
#include "LogRecords.hpp"
#include "Lookup.hpp"

namespace audit_scan {

/// A part of a text that a container runtime has cut.
struct Piece {
    /// As it is in the log; for Docker a JSON string.
    Text text;
    bool isString = false;
    bool isLast = true;
    /// Whether it is of the stream that holds audit events.
    bool isAudit = true;
};

/// Joins the pieces of texts that a container runtime has cut.
///
/// It looks ahead for the pieces behind the first one, and passes them over when their lines come. So it keeps nothing
/// from one read to the next: without the last piece, reading stops at the first one.
class PieceJoiner {
public:
    enum class Result {
        whole,       // the text has one piece
        joined,      // `text` is set, until the next call
        torn,        // the same; an event before it has no end
        passed,      // a part of a text that was joined before
        incomplete,  // the last piece is not there
    };

    void begin() { joinedTo_ = nullptr; }
    /// - Parameters:
    ///   - at: The beginning of the piece's line.
    ///   - behind: The lines behind it.
    Result join(const Row &row, const Piece &piece, const uint8_t *at, LogLines behind, std::string_view &text);

    /// Holds the joined text.
    std::string &buffer() { return joined_; }
    const std::string &buffer() const { return joined_; }

    /// The piece of a line; false if it is none of this form.
    static bool piece(const Row &row, Text line, const uint8_t *end, Piece &piece);
    /// The piece of Docker's record.
    static bool piece(const ObjectIndex &record, Piece &piece);

private:
    static constexpr size_t mostHeads = 4;

    void add(const Piece &piece);
    std::string_view lastEvent() const;

    // Up to here, pieces were joined.
    const uint8_t *joinedTo_ = nullptr;
    std::string joined_, resolved_;
    // Where pieces begin as events do, without the first one.
    size_t heads_[mostHeads] = {}, headCount_ = 0;
};

}  // namespace audit_scan

#endif
