#ifndef CANDIDATE_SEARCH_HPP
#define CANDIDATE_SEARCH_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#if defined(__x86_64__)
/// A function for processors with AVX2; others must not call it.
#define AUDIT_SCAN_AVX2 __attribute__((target("avx2")))
#else
#define AUDIT_SCAN_AVX2
#endif

namespace audit_scan {

/// Finds the places in JSON text that may contain one of several texts or numbers, without parsing.
///
/// A JSON string that contains a text spells it either with all its characters, or with at least one of them as a \u00xx
/// escape (these characters have no short escape). A number has no escapes, and is the value of a member: a colon is
/// before it, with white space between them. In the text of an event that is a string of an envelope, both may be escaped
/// once more: there a backslash, and what is around a number, can be \u00xx escapes too. So a line that contains neither the text itself nor such an escape of one
/// of its characters, and no such number, cannot match, and is not parsed.
///
/// One pass over the bytes searches for everything. It compares blocks of 16 or 32 bytes with the backslash and with
/// three neighbouring bytes of each pattern, and examines the places where these agree.
class CandidateSearch {
public:
    /// Adds a text of at least three bytes: printable ASCII without quote, backslash and slash.
    void addText(std::string_view text);
    /// Adds a natural number of at least three digits. Only its plain spelling is found: not 401.0, 4.01e2 or 40100e-2.
    void addNumber(std::string_view digits);

    /// Whether a number may also be the value of a string, as in OTLP's `{"intValue":"401"}`.
    void setQuotedNumbers(bool areFound) { findsQuotedNumbers_ = areFound; }

    /// Sets the bytes to search. They must stay valid until the next call.
    void begin(const uint8_t *bytes, size_t length);

    /// Whether [from, to) may contain a pattern. Ranges must be passed from left to right.
    bool mayContain(const uint8_t *from, const uint8_t *to);

    /// For tests: compares blocks of 16 or 32 bytes, or single bytes if `width` is 0. A width that the processor does not
    /// have is replaced by 16.
    void setBlockWidth(size_t width);

private:
    struct Pattern {
        std::string bytes;
        bool isNumber;
        /// The index of the first of the three bytes that are compared in blocks.
        size_t anchor;
    };

    static size_t bestBlockWidth();
    void add(Pattern pattern);
    const uint8_t *nextPlace(const uint8_t *from) const;
    bool isPlace(const uint8_t *place) const;
    bool isEscape(const uint8_t *place) const;
    bool isNumber(const uint8_t *from, const uint8_t *to) const;

    template <size_t width, size_t count>
    const uint8_t *searchBlocks(const uint8_t *&from) const;
    template <size_t width>
    const uint8_t *searchBlocks(const uint8_t *&from) const;
    AUDIT_SCAN_AVX2 const uint8_t *searchBlocksOf32(const uint8_t *&from) const;

    std::vector<Pattern> patterns_;
    size_t blockWidth_ = bestBlockWidth();
    bool escaped_[256] = {};  // the bytes of texts, and those around a number
    bool findsQuotedNumbers_ = false;
    const uint8_t *begin_ = nullptr;
    const uint8_t *end_ = nullptr;
    // The first place at or after the last range; end_ if there is none.
    const uint8_t *next_ = nullptr;
};

}  // namespace audit_scan

#endif
