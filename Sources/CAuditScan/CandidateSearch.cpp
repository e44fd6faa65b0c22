#include "CandidateSearch.hpp"

#include <cstring>

namespace audit_scan {

namespace {

int hexDigit(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
    return -1;
}

}  // namespace

void CandidateSearch::add(std::string_view literal) {
    literals_.push_back({std::string(literal), nullptr});
    for (char letter : literal) escaped_[static_cast<uint8_t>(letter)] = true;
}

void CandidateSearch::begin(const uint8_t *bytes, size_t length) {
    end_ = bytes + length;
    for (Literal &literal : literals_) literal.next = nextPlace(literal, bytes);
    escape_ = nextEscape(bytes);
}

bool CandidateSearch::mayContain(const uint8_t *from, const uint8_t *to) {
    if (escape_ < from) escape_ = nextEscape(from);
    bool found = escape_ < to;
    for (Literal &literal : literals_) {
        if (literal.next < from) literal.next = nextPlace(literal, from);
        found |= literal.next < to;
    }
    return found;
}

const uint8_t *CandidateSearch::nextPlace(const Literal &literal, const uint8_t *from) const {
    void *hit = memmem(from, static_cast<size_t>(end_ - from), literal.text.data(), literal.text.size());
    return hit ? static_cast<const uint8_t *>(hit) : end_;
}

// Searches for the backslash only: finding one byte is much faster than finding four, and most logs contain few.
const uint8_t *CandidateSearch::nextEscape(const uint8_t *from) const {
    while (const void *found = memchr(from, '\\', static_cast<size_t>(end_ - from))) {
        const uint8_t *hit = static_cast<const uint8_t *>(found);
        if (end_ - hit >= 6 && hit[1] == 'u' && hit[2] == '0' && hit[3] == '0') {
            int high = hexDigit(hit[4]), low = hexDigit(hit[5]);
            if (high >= 0 && low >= 0 && escaped_[high * 16 + low]) return hit;
        }
        from = hit + 1;
    }
    return end_;
}

}  // namespace audit_scan
