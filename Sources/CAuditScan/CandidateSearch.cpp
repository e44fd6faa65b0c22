#include "CandidateSearch.hpp"

#include <cstring>

namespace audit_scan {

namespace {

constexpr std::string_view escapePrefix = "\\u00";

int hexDigit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    return -1;
}

}  // namespace

CandidateSearch::CandidateSearch(std::string_view group) : group_(group) {
    for (char letter : group) escaped_[static_cast<uint8_t>(letter)] = true;
}

void CandidateSearch::begin(const uint8_t *bytes, size_t length) {
    end_ = bytes + length;
    literal_ = nextLiteral(bytes);
    escape_ = nextEscape(bytes);
}

bool CandidateSearch::mayContain(const uint8_t *from, const uint8_t *to) {
    if (literal_ < from) literal_ = nextLiteral(from);
    if (escape_ < from) escape_ = nextEscape(from);
    return literal_ < to || escape_ < to;
}

const uint8_t *CandidateSearch::nextLiteral(const uint8_t *from) const {
    void *hit = memmem(from, static_cast<size_t>(end_ - from), group_.data(), group_.size());
    return hit ? static_cast<const uint8_t *>(hit) : end_;
}

const uint8_t *CandidateSearch::nextEscape(const uint8_t *from) const {
    while (true) {
        void *found = memmem(from, static_cast<size_t>(end_ - from), escapePrefix.data(), escapePrefix.size());
        if (!found) return end_;
        const uint8_t *hit = static_cast<const uint8_t *>(found);
        const uint8_t *digits = hit + escapePrefix.size();
        if (end_ - digits < 2) return end_;
        int high = hexDigit(digits[0]), low = hexDigit(digits[1]);
        if (high >= 0 && low >= 0 && escaped_[high * 16 + low]) return hit;
        from = digits;
    }
}

}  // namespace audit_scan
