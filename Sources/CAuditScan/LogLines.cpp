#include "LogLines.hpp"

#include <cstring>
#include <string_view>

namespace audit_scan {

namespace {

constexpr std::string_view byteOrderMark = "\xEF\xBB\xBF";

/// The first byte that is not NUL. A run can have gigabytes, so it is skipped by words.
const uint8_t *skipNULs(const uint8_t *at, const uint8_t *end) {
    uint64_t word;
    while (end - at >= 8 && (memcpy(&word, at, sizeof word), word == 0)) at += 8;
    while (at < end && *at == 0) at++;
    return at;
}

/// Whether a NUL byte ends a line that has these bytes before it.
bool endsAtNUL(Text line) {
    std::string_view text = line.view();
    if (text.substr(0, byteOrderMark.size()) == byteOrderMark) text.remove_prefix(byteOrderMark.size());
    return text.empty() || text[0] == '{' || text[0] == '[';
}

Text withoutSpaceBehind(Text line) { return {line.from, line.trimmed().to}; }

}  // namespace

void LogLines::begin(Text bytes) {
    begin_ = at_ = bytes.from;
    end_ = bytes.to;
    const void *feed = memrchr(bytes.from, '\n', bytes.size());
    fed_ = feed ? static_cast<const uint8_t *>(feed) + 1 : bytes.from;
}

bool LogLines::next(Text &line) {
    while (at_ < end_) {
        if (*at_ == 0) at_ = skipNULs(at_, end_);
        if (at_ == end_) return false;
        const uint8_t *to = lineEnd(at_);
        line = withoutSpaceBehind({at_, to});
        lastEnd_ = to;
        at_ = to < end_ ? to + 1 : end_;
        if (line.view().substr(0, byteOrderMark.size()) == byteOrderMark) {
            line = withoutSpaceBehind({line.from + byteOrderMark.size(), line.to});
        }
        if (!line.trimmed().isEmpty()) return true;
    }
    return false;
}

void LogLines::seekBehind(const uint8_t *text) {
    at_ = text;
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\r')) at_++;
}

const uint8_t *LogLines::endOfLine(const uint8_t *place) const {
    const void *feed = memrchr(begin_, '\n', static_cast<size_t>(place - begin_));
    const uint8_t *at = feed ? static_cast<const uint8_t *>(feed) + 1 : begin_;
    while (at < place) {
        at = skipNULs(at, end_);
        if (at >= place) return place;
        at = lineEnd(at);
    }
    return at < end_ && at == place ? lineEnd(at) : at;
}

// strchrnul searches for both bytes at the price of one.
const uint8_t *LogLines::lineEnd(const uint8_t *line) const {
    const uint8_t *to = end_;
    if (line < fed_) {
        to = reinterpret_cast<const uint8_t *>(strchrnul(reinterpret_cast<const char *>(line), '\n'));
    } else if (const void *nul = memchr(line, 0, static_cast<size_t>(end_ - line))) {
        to = static_cast<const uint8_t *>(nul);
    }
    if (to == end_ || *to != 0 || endsAtNUL({line, to})) return to;
    const void *feed = memchr(to, '\n', static_cast<size_t>(end_ - to));
    return feed ? static_cast<const uint8_t *>(feed) : end_;
}

}  // namespace audit_scan
