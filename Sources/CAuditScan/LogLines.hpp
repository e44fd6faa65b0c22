#ifndef LOG_LINES_HPP
#define LOG_LINES_HPP

#include "JSONText.hpp"

namespace audit_scan {

/// Iterates over the lines of a log, without white space behind them; empty ones are skipped.
///
/// A line ends at a line feed, and one that begins as JSON at a NUL byte too. No JSON text contains a NUL byte, and files
/// get runs of them: where a log was truncated in place under a writer without O_APPEND, and at the end after a power
/// failure. So half an event, a run of NUL bytes and a whole event are two lines. A line that begins otherwise may have
/// any bytes in it that another program has written: what is behind a NUL byte there is a part of it. So is white space
/// before JSON, which other programs print before the lines of a text. A byte order mark at the beginning of a line is
/// skipped.
class LogLines {
public:
    void begin(Text bytes);
    bool next(Text &line);
    /// Continues at the beginning of a line.
    void seek(const uint8_t *at) { at_ = at; }
    /// Continues behind a text that was read beyond the end of a line, and behind white space.
    void seekBehind(const uint8_t *text);
    /// The end of the line that has a place in it.
    const uint8_t *endOfLine(const uint8_t *place) const;
    /// Where the next line begins.
    const uint8_t *at() const { return at_; }
    /// The end of the last line, before white space was removed.
    const uint8_t *lastEnd() const { return lastEnd_; }

private:
    const uint8_t *lineEnd(const uint8_t *line) const;

    const uint8_t *begin_ = nullptr;
    const uint8_t *at_ = nullptr;
    const uint8_t *lastEnd_ = nullptr;
    // Behind the last line feed: up to here a search without a limit finds one.
    const uint8_t *fed_ = nullptr;
    const uint8_t *end_ = nullptr;
};

}  // namespace audit_scan

#endif
