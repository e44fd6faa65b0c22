#ifndef LOG_RECORDS_HPP
#define LOG_RECORDS_HPP

#include "LogLines.hpp"
#include "OpenRecord.hpp"

namespace audit_scan {

/// Iterates over the records of a log.
///
/// - A line that begins with `{` holds one object, or objects behind each other.
/// - A line that is nothing but `{` begins an object that is printed over many lines.
/// - A line that begins with `[` begins an array, which ends at its bracket, on whatever line. Its items are records.
/// - Any other line is a text.
///
/// A record that goes on in bytes that are not there yet is left over. If it is long, and holds items that can be read
/// one by one, those that are complete are passed on, see `OpenRecord`. If a long record has a fault, its items before the
/// fault are passed on, so that the result does not depend on where the bytes of a log are divided.
///
/// So a line that was cut off never takes its neighbours with it.
class LogRecords {
public:
    struct Record {
        enum class Kind : uint8_t { line, object, malformed };

        Kind kind = Kind::line;
        Text text;
        /// Whether it has a part of a record's items, and is not part of the bytes.
        bool isPart = false;
        /// Whether it is a line that begins as API servers write events.
        bool isAsWritten = false;
        /// Of a line: its end before white space was removed.
        const uint8_t *end = nullptr;
        const char *reason = nullptr;
        /// Of a malformed one: the object that has the fault, and what is behind it.
        Text faulty = {};
        /// Whether its items before the fault were read.
        bool isBehindItems = false;
    };

    /// - Parameters:
    ///   - isLast: Whether nothing follows the bytes.
    ///   - isContinued: Whether they begin with a record of which a part was read.
    void begin(Text bytes, bool isLast, bool isContinued);
    bool next(Record &record);
    /// Takes a line that is not one object apart: its objects are the next records. False if it does not begin with one.
    bool split(const Record &record);
    /// The lines behind the last record.
    LogLines lines() const { return lines_; }
    /// The beginning of the next line; NULL within a record of several lines.
    const uint8_t *nextLine() const { return state_ == State::lines ? lines_.at() : nullptr; }
    /// Continues at the beginning of a line.
    void seek(const uint8_t *line) { lines_.seek(line); }
    /// Leaves a record over that is not complete: it is the last one.
    void leave(const uint8_t *from);
    /// The bytes from the first record that was left over.
    const uint8_t *rest() const { return rest_; }
    /// Passes on the items of a part that is an array.
    void readArray(Text part);
    /// Holds the part of an open record.
    std::string &buffer() { return part_; }
    const std::string &buffer() const { return part_; }
    bool isLast() const { return isLast_; }
    /// The beginning of the record that was left over, if a part of it was read.
    const Text &head() const { return head_; }
    /// Finds complete items in a long record that was left over. False if there are none.
    bool open(OpenRecord &open) const;
    /// Passes on the complete items of an open record: next as the items of an array, or at once as a record.
    void take(const OpenRecord &open, Record &record);
    /// Finds an array of a faulty object, if its fault is not near its beginning. False if there is no such array.
    bool openFaulty(Text object, size_t number, OpenRecord &open) const;
    /// Passes on the items before the fault of a record. Next is the fault, a malformed record.
    void takeFaulty(const OpenRecord &open, Record &record);
    /// Where the record begins of which a part was passed on.
    const uint8_t *partBegin() const { return partBegin_; }
    /// Whether a fault is in a line that goes on in bytes that are not there yet: they belong to the fault, up to the end
    /// of the line.
    bool skipsLine() const { return skipsLine_; }

private:
    // Shorter records are not read in parts: keys behind their items may name another writer. No shipper passes on a line
    // of a pod that is as long.
    static constexpr size_t shortest = 2 << 20;
    // A value that is found to be faulty later begins so many bytes earlier at most.
    static constexpr size_t longestWord = 16;

    enum class State : uint8_t { lines, objects, array };

    bool beginArray(Text line, Record &record);
    bool nextItem(Record &record);
    bool nextOpenLine(Text line, Record &record);
    bool nextObject(Record &record);
    bool readPrinted(Text line, Record &record);
    bool goesOn(const uint8_t *from);
    bool beginsRecord(const uint8_t *line) const;
    bool failAtLineEnd(Record &record, const uint8_t *value, const char *reason);
    bool fail(Record &record, const uint8_t *from, const uint8_t *to, const char *reason);

    LogLines lines_;
    State state_ = State::lines;
    bool isLast_ = true, isFirst_ = true, isInPart_ = false, isOpen_ = false, isContinued_ = false;
    bool hasFault_ = false, skipsLine_ = false;
    Record fault_;
    // Of an array, or of the objects of a line.
    JSONReader reader_ = JSONReader({});
    Text line_;
    const uint8_t *rest_ = nullptr;
    Text head_;
    std::string part_;
    const uint8_t *begin_ = nullptr, *end_ = nullptr, *partBegin_ = nullptr;
};

}  // namespace audit_scan

#endif
