#ifndef LOG_RECORDS_HPP
#define LOG_RECORDS_HPP

#include "LogLines.hpp"

namespace audit_scan {

/// Iterates over the records of a log.
///
/// - A line that begins with `{` holds one object, or objects behind each other.
/// - A line that is nothing but `{` begins an object that is printed over many lines.
/// - A line that begins with `[` begins an array, which ends at its bracket, on whatever line. Its items are records.
/// - Any other line is a text.
///
/// So a line that was cut off never takes its neighbours with it.
class LogRecords {
public:
    struct Record {
        enum class Kind : uint8_t { line, object, malformed };

        Kind kind = Kind::line;
        Text text;
        /// Of a line: its end before white space was removed.
        const uint8_t *end = nullptr;
        const char *reason = nullptr;
    };

    /// - Parameter isLast: Whether nothing follows the bytes.
    void begin(Text bytes, bool isLast);
    bool next(Record &record);
    /// The lines behind the last record.
    LogLines lines() const { return lines_; }
    /// Leaves a record over that is not complete: it is the last one.
    void leave(const uint8_t *from);
    /// The bytes from the first record that was left over.
    const uint8_t *rest() const { return rest_; }
    bool isLast() const { return isLast_; }

private:
    enum class State : uint8_t { lines, objects, array };

    bool beginArray(Text line, Record &record);
    bool nextItem(Record &record);
    bool nextObject(Record &record);
    bool readPrinted(Text line, Record &record);
    bool goesOn(const uint8_t *from);
    bool failAtLineEnd(Record &record, const char *reason);
    bool fail(Record &record, const uint8_t *from, const uint8_t *to, const char *reason);

    LogLines lines_;
    State state_ = State::lines;
    bool isLast_ = true, isFirst_ = true;
    // Of an array, or of the objects of a line.
    JSONReader reader_ = JSONReader({});
    Text line_;
    const uint8_t *rest_ = nullptr;
    const uint8_t *end_ = nullptr;
};

}  // namespace audit_scan

#endif
