#include "CandidateSearch.hpp"

#include <algorithm>
#include <cstring>

#include "EventEnd.hpp"
#include "TornLine.hpp"

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
constexpr size_t probes = PatternFilter::probes;
/// The largest number of patterns that blocks are compared with: their bytes fit into the 16 registers that a processor
/// has at least.
constexpr size_t mostPatterns = 4;
/// The bytes that are compared before their hits are looked at: the bits of a word.
constexpr size_t stride = PatternFilter::stride;
/// \u00xx
constexpr size_t longestEscape = 6;

/// Compares words, because a call of memcmp for each line is a measurable part of the search.
inline bool beginsAsWritten(const uint8_t *line, const uint8_t *end) {
    constexpr size_t last = eventHead.size() - sizeof(uint64_t);
    if (static_cast<size_t>(end - line) < eventHead.size()) return false;
    uint64_t difference = 0, found, wanted;
    for (size_t at = 0; at < eventHead.size(); at += sizeof found) {
        memcpy(&found, line + std::min(at, last), sizeof found);
        memcpy(&wanted, eventHead.data() + std::min(at, last), sizeof wanted);
        difference |= found ^ wanted;
    }
    return difference == 0;
}

}  // namespace

void CandidateSearch::addText(std::string_view text) {
    for (char letter : text) escaped_[static_cast<uint8_t>(letter)] = true;
    escaped_[static_cast<uint8_t>('\\')] = true;
    addLiteral(text);
}

void CandidateSearch::addLiteral(std::string_view text) {
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
    if (!isKnown && patterns_.size() <= mostPatterns) {
        const Pattern &added = patterns_.back();
        filter_.add(added.bytes.data() + added.anchor);
    }
    for (char mark : std::string_view("<>&")) skipsMarkup_ &= !escaped_[static_cast<uint8_t>(mark)];
}

void CandidateSearch::begin(const uint8_t *bytes, size_t length) {
    begin_ = searched_ = bytes;
    end_ = bytes + length;
    isAtPlace_ = false;
}

bool CandidateSearch::mayContain(const uint8_t *from, const uint8_t *to) {
    if (searched_ < from) goBack(from);
    if (!isAtPlace_ && searched_ < to) search(to);
    return isAtPlace_ && searched_ < to;
}

void CandidateSearch::goBack(const uint8_t *from) {
    searched_ = from;
    isAtPlace_ = false;
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
    if (static_cast<size_t>(end_ - place) < longestEscape) return false;
    if (place[1] != 'u' || place[2] != '0' || place[3] != '0') return false;
    int high = hexDigit(place[4]), low = hexDigit(place[5]);
    return high >= 0 && low >= 0 && escaped_[high * 16 + low];
}

/// Whether digits are the value of a member, or the beginning of one with a fraction or an exponent: 401.0.
bool CandidateSearch::isNumber(const uint8_t *from, const uint8_t *to) const {
    if (to < end_ && isDigit(*to)) return false;
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

void CandidateSearch::setBlockWidth(size_t width) { blockWidth_ = std::min(width, bestBlockWidth()); }

/// Finds the first place before `to`, or one in the same block.
struct CandidateSearch::FirstPlace {
    static constexpr bool findsLineEnds = false;
    const CandidateSearch &search;

    bool stopsAt(const uint8_t *at) { return search.isPlace(at); }
};

/// Counts plain lines, and stops at what is not in any.
struct CandidateSearch::LineEnds {
    static constexpr bool findsLineEnds = true;
    const CandidateSearch &search;
    PlainLines &passed;
    /// The beginning of the line.
    const uint8_t *line;
    bool isAtPlace = false;

    __attribute__((always_inline)) bool stopsAt(const uint8_t *at) {
        if (*at > '\n') return isAtPlace = search.isPlace(at);
        // A NUL byte ends a line too, but is not written by an API server.
        if (*at != '\n') return *at == 0;
        if (!endsAsWritten(line, at)) return true;
        passed.count++;
        passed.last = {line, at};
        line = at + 1;
        return !beginsAsWritten(line, search.end_);
    }
};

/// Visits the bytes in whole blocks at which something may be, from left to right. True if the visitor stops; `at` is then
/// there, otherwise behind the last block.
///
/// The loads of a block reach a few bytes beyond it, never beyond the end.
template <size_t width, size_t count, class Visitor>
__attribute__((always_inline)) inline bool CandidateSearch::visitBlocks(
    const uint8_t *&at, const uint8_t *to, Visitor &visitor
) const {
    typedef uint8_t Bytes __attribute__((vector_size(width)));
    const Bytes zeros = {};
    const Bytes backslash = zeros + static_cast<uint8_t>('\\'), letter = zeros + static_cast<uint8_t>('u');
    const Bytes behindLineFeed = zeros + static_cast<uint8_t>('\n' + 1);
    Bytes wanted[count == 0 ? 1 : count][probes];
    for (size_t index = 0; index < count; index++) {
        const Pattern &pattern = patterns_[index];
        for (size_t probe = 0; probe < probes; probe++) {
            wanted[index][probe] = zeros + static_cast<uint8_t>(pattern.bytes[pattern.anchor + probe]);
        }
    }
    auto mask = [&](const uint8_t *block) __attribute__((always_inline)) {
        Bytes bytes[probes];
        for (size_t probe = 0; probe < probes; probe++) memcpy(&bytes[probe], block + probe, width);
        // Most backslashes are before a quote.
        auto hits = (bytes[0] == backslash) & (bytes[1] == letter);
        // Bytes before a line feed are rare in JSON.
        if (Visitor::findsLineEnds) hits |= bytes[0] < behindLineFeed;
        for (size_t index = 0; index < count; index++) {
            auto agrees = bytes[0] == wanted[index][0];
            for (size_t probe = 1; probe < probes; probe++) agrees &= bytes[probe] == wanted[index][probe];
            hits |= agrees;
        }
        return bitsOf<width>(hits);
    };
    // Escapes that Go's encoder writes for `<`, `>` and `&`.
    auto markup = [&](const uint8_t *block) __attribute__((always_inline)) {
        Bytes bytes, first, second;
        memcpy(&bytes, block, width);
        memcpy(&first, block + 4, width);
        memcpy(&second, block + 5, width);
        auto isMark = (first == uint8_t('3')) & ((second == uint8_t('c')) | (second == uint8_t('e')));
        isMark |= (first == uint8_t('2')) & (second == uint8_t('6'));
        return bitsOf<width>((bytes == backslash) & isMark);
    };
    auto stops = [&](uint64_t mask) __attribute__((always_inline)) {
        for (; mask != 0; mask &= mask - 1) {
            const uint8_t *place = at + __builtin_ctzll(mask);
            if (!visitor.stopsAt(place)) continue;
            at = place;
            return true;
        }
        return false;
    };
    for (; at < to && static_cast<size_t>(end_ - at) >= stride + longestEscape; at += stride) {
        uint64_t all = 0;
        for (size_t block = 0; block < stride; block += width) all |= mask(at + block) << block;
        if (__builtin_expect(all == 0, true)) {
            // Where nothing is, nothing follows in most cases.
            const uint8_t *last = std::min(to - 1, end_ - stride - longestEscape);
            if (width == 32) at = filter_.pass<Visitor::findsLineEnds>(at + stride, last) - stride;
            continue;
        }
        if (skipsMarkup_ && at[__builtin_ctzll(all)] == '\\') {
            for (size_t block = 0; block < stride; block += width) all &= ~(markup(at + block) << block);
        }
        if (stops(all)) return true;
    }
    for (; at < to && static_cast<size_t>(end_ - at) >= width + probes - 1; at += width) {
        if (stops(mask(at))) return true;
    }
    return false;
}

template <size_t width, class Visitor>
__attribute__((always_inline)) inline bool CandidateSearch::visitBlocks(
    const uint8_t *&at, const uint8_t *to, Visitor &visitor
) const {
    switch (patterns_.size()) {
    case 0: return visitBlocks<width, 0>(at, to, visitor);
    case 1: return visitBlocks<width, 1>(at, to, visitor);
    case 2: return visitBlocks<width, 2>(at, to, visitor);
    case 3: return visitBlocks<width, 3>(at, to, visitor);
    default: return visitBlocks<width, mostPatterns>(at, to, visitor);
    }
}

template <class Visitor>
AUDIT_SCAN_AVX2 bool CandidateSearch::visitBlocksOf32(const uint8_t *&at, const uint8_t *to, Visitor &visitor) const {
    return visitBlocks<32>(at, to, visitor);
}

template <class Visitor>
bool CandidateSearch::visitBlocks(const uint8_t *&at, const uint8_t *to, Visitor &visitor) const {
    return blockWidth_ == 32 ? visitBlocksOf32(at, to, visitor) : visitBlocks<16>(at, to, visitor);
}

bool CandidateSearch::usesBlocks() const { return blockWidth_ > 0 && patterns_.size() <= mostPatterns; }

void CandidateSearch::search(const uint8_t *to) {
    FirstPlace first{*this};
    isAtPlace_ = usesBlocks() && visitBlocks(searched_, to, first);
    // The end, which is shorter than a block.
    for (; !isAtPlace_ && searched_ < to; searched_ += isAtPlace_ ? 0 : 1) isAtPlace_ = isPlace(searched_);
}

const uint8_t *CandidateSearch::passPlainLines(const uint8_t *from, PlainLines &passed) {
    if (!usesBlocks() || !beginsAsWritten(from, end_)) return from;
    LineEnds ends{*this, passed, from};
    const uint8_t *at = from;
    visitBlocks(at, end_, ends);
    searched_ = at;
    isAtPlace_ = ends.isAtPlace;
    return ends.line;
}

}  // namespace audit_scan
