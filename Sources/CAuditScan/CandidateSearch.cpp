#include "CandidateSearch.hpp"

#include <algorithm>
#include <cstring>

namespace audit_scan {

namespace {

bool isDigit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

bool isLetterOrDigit(uint8_t byte) { return isDigit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z'); }

bool isSpace(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

int hexDigit(uint8_t byte) {
    if (isDigit(byte)) return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/// The number of neighbouring bytes of a pattern that are compared in blocks.
constexpr size_t probes = 3;
/// The largest number of patterns that blocks are compared with: with the backslash, their bytes fit into the 16
/// registers that a processor has at least.
constexpr size_t mostPatterns = 4;

}  // namespace

void CandidateSearch::addText(std::string_view text) {
    for (char letter : text) escaped_[static_cast<uint8_t>(letter)] = true;
    escaped_[static_cast<uint8_t>('\\')] = true;
    // JSON has many letters and digits; a mark between letters is rare in strings.
    size_t anchor = 0, last = text.size() - probes;
    while (anchor < last && isLetterOrDigit(static_cast<uint8_t>(text[anchor]))) anchor++;
    add({std::string(text), false, anchor});
}

void CandidateSearch::addNumber(std::string_view digits) {
    for (char letter : std::string_view("\\:0123456789 \t\r\n")) escaped_[static_cast<uint8_t>(letter)] = true;
    add({std::string(digits), true, 0});
}

void CandidateSearch::add(Pattern pattern) {
    bool isKnown = std::any_of(patterns_.begin(), patterns_.end(), [&](const Pattern &known) {
        return known.bytes == pattern.bytes && known.isNumber == pattern.isNumber;
    });
    if (!isKnown) patterns_.push_back(std::move(pattern));
}

void CandidateSearch::begin(const uint8_t *bytes, size_t length) {
    begin_ = bytes;
    end_ = bytes + length;
    next_ = nextPlace(bytes);
}

bool CandidateSearch::mayContain(const uint8_t *from, const uint8_t *to) {
    if (next_ < from) next_ = nextPlace(from);
    return next_ < to;
}

// MARK: One place

/// Whether an escape, or the anchor of a pattern, is at a place.
bool CandidateSearch::isPlace(const uint8_t *place) const {
    if (*place == '\\') return isEscape(place);
    for (const Pattern &pattern : patterns_) {
        if (*place != static_cast<uint8_t>(pattern.bytes[pattern.anchor])) continue;
        if (static_cast<size_t>(place - begin_) < pattern.anchor) continue;
        const uint8_t *from = place - pattern.anchor;
        size_t size = pattern.bytes.size();
        if (static_cast<size_t>(end_ - from) < size || memcmp(from, pattern.bytes.data(), size) != 0) continue;
        if (!pattern.isNumber || isNumber(from, from + size)) return true;
    }
    return false;
}

bool CandidateSearch::isEscape(const uint8_t *place) const {
    if (end_ - place < 6 || place[1] != 'u' || place[2] != '0' || place[3] != '0') return false;
    int high = hexDigit(place[4]), low = hexDigit(place[5]);
    return high >= 0 && low >= 0 && escaped_[high * 16 + low];
}

/// Whether digits are a whole number, without fraction and exponent, and the value of a member.
bool CandidateSearch::isNumber(const uint8_t *from, const uint8_t *to) const {
    if (to < end_ && (isDigit(*to) || *to == '.' || (*to | 0x20) == 'e')) return false;
    if (findsQuotedNumbers_ && from > begin_ && from[-1] == '"') from--;
    if (findsQuotedNumbers_ && from > begin_ && from[-1] == '\\') from--;
    // White space, which may be escaped in the text of an envelope.
    while (from > begin_) {
        if (isSpace(from[-1])) from--;
        else if (from - begin_ >= 2 && from[-2] == '\\' && strchr("nrt", from[-1])) from -= 2;
        else break;
    }
    return from > begin_ && from[-1] == ':';
}

// MARK: Blocks

size_t CandidateSearch::bestBlockWidth() {
#if defined(__x86_64__)
    static const bool hasAVX2 = __builtin_cpu_supports("avx2");
    return hasAVX2 ? 32 : 16;
#else
    return 16;
#endif
}

void CandidateSearch::setBlockWidth(size_t width) { blockWidth_ = std::min(width, bestBlockWidth()); }

/// Searches whole blocks. Returns NULL if there is no place in them; `from` is then behind the last one.
///
/// The vectors are those of the compiler, so that the same lines make code for SSE2, AVX2 and NEON. The loads of a block
/// reach two bytes beyond it, never beyond the end.
template <size_t width, size_t count>
__attribute__((always_inline)) inline const uint8_t *CandidateSearch::searchBlocks(const uint8_t *&from) const {
    typedef uint8_t Bytes __attribute__((vector_size(width)));
    typedef bool Bits __attribute__((ext_vector_type(width)));
    const Bytes zeros = {};
    const Bytes backslash = zeros + static_cast<uint8_t>('\\');
    Bytes wanted[count][probes];
    for (size_t index = 0; index < count; index++) {
        const Pattern &pattern = patterns_[index];
        for (size_t probe = 0; probe < probes; probe++) {
            wanted[index][probe] = zeros + static_cast<uint8_t>(pattern.bytes[pattern.anchor + probe]);
        }
    }
    const uint8_t *at = from;
    for (; static_cast<size_t>(end_ - at) >= width + probes - 1; at += width) {
        Bytes bytes[probes];
        for (size_t probe = 0; probe < probes; probe++) memcpy(&bytes[probe], at + probe, width);
        auto hits = bytes[0] == backslash;
        for (size_t index = 0; index < count; index++) {
            auto agrees = bytes[0] == wanted[index][0];
            for (size_t probe = 1; probe < probes; probe++) agrees &= bytes[probe] == wanted[index][probe];
            hits |= agrees;
        }
        Bits bits = __builtin_convertvector(hits, Bits);
        uint32_t mask = 0;
        memcpy(&mask, &bits, width / 8);
        for (; mask != 0; mask &= mask - 1) {
            const uint8_t *place = at + __builtin_ctz(mask);
            if (isPlace(place)) return place;
        }
    }
    from = at;
    return nullptr;
}

template <size_t width>
__attribute__((always_inline)) inline const uint8_t *CandidateSearch::searchBlocks(const uint8_t *&from) const {
    switch (patterns_.size()) {
    case 0: return searchBlocks<width, 0>(from);
    case 1: return searchBlocks<width, 1>(from);
    case 2: return searchBlocks<width, 2>(from);
    case 3: return searchBlocks<width, 3>(from);
    default: return searchBlocks<width, mostPatterns>(from);
    }
}

AUDIT_SCAN_AVX2 const uint8_t *CandidateSearch::searchBlocksOf32(const uint8_t *&from) const {
    return searchBlocks<32>(from);
}

const uint8_t *CandidateSearch::nextPlace(const uint8_t *from) const {
    if (blockWidth_ > 0 && patterns_.size() <= mostPatterns) {
        if (const uint8_t *found = blockWidth_ == 32 ? searchBlocksOf32(from) : searchBlocks<16>(from)) return found;
    }
    // The end, which is shorter than a block.
    while (from < end_ && !isPlace(from)) from++;
    return from;
}

}  // namespace audit_scan
