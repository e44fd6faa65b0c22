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

}  // namespace

void LogLines::begin(Text bytes) {
    at_ = bytes.from;
    end_ = bytes.to;
    const void *feed = memrchr(bytes.from, '\n', bytes.size());
    fed_ = feed ? static_cast<const uint8_t *>(feed) + 1 : bytes.from;
}

bool LogLines::next(Text &line) {
    while (at_ < end_) {
        if (*at_ == 0) at_ = skipNULs(at_, end_);
        const uint8_t *to = lineEnd();
        line = Text{at_, to}.trimmed();
        lastEnd_ = to;
        at_ = to < end_ ? to + 1 : end_;
        if (line.view().substr(0, byteOrderMark.size()) == byteOrderMark) {
            line = Text{line.from + byteOrderMark.size(), line.to}.trimmed();
        }
        if (!line.isEmpty()) return true;
    }
    return false;
}

// strchrnul searches for both bytes at the price of one.
const uint8_t *LogLines::lineEnd() const {
    if (at_ < fed_) {
        return reinterpret_cast<const uint8_t *>(strchrnul(reinterpret_cast<const char *>(at_), '\n'));
    }
    const void *nul = memchr(at_, 0, static_cast<size_t>(end_ - at_));
    return nul ? static_cast<const uint8_t *>(nul) : end_;
}

}  // namespace audit_scan
