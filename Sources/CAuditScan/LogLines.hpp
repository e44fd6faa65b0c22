#ifndef LOG_LINES_HPP
#define LOG_LINES_HPP

#include "JSONText.hpp"

namespace audit_scan {

/// Iterates over the lines of a log, without white space at their ends; empty ones are skipped.
///
/// A line ends at a line feed or at a NUL byte. No JSON text contains a NUL byte, and files get runs of them: where a
/// log was truncated in place under a writer without O_APPEND, and at the end after a power failure. So half a line, a
/// run of NUL bytes and a whole event are two lines. A byte order mark at the beginning of a line is skipped.
class LogLines {
public:
    void begin(Text bytes);
    bool next(Text &line);
    /// Continues behind a text that was read beyond the end of a line.
    void seek(const uint8_t *at) { at_ = at; }
    /// Where the next line begins.
    const uint8_t *at() const { return at_; }
    /// The end of the last line, before white space was removed.
    const uint8_t *lastEnd() const { return lastEnd_; }

private:
    const uint8_t *lineEnd() const;

    const uint8_t *at_ = nullptr;
    const uint8_t *lastEnd_ = nullptr;
    // Behind the last line feed: up to here a search without a limit finds one.
    const uint8_t *fed_ = nullptr;
    const uint8_t *end_ = nullptr;
};

}  // namespace audit_scan

#endif
