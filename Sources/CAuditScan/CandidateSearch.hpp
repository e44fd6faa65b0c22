#ifndef CANDIDATE_SEARCH_HPP
#define CANDIDATE_SEARCH_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "Blocks.hpp"
#include "JSONText.hpp"
#include "PatternFilter.hpp"

namespace audit_scan {

/// Finds the places in JSON text that may contain one of several texts or numbers, without parsing.
///
/// A JSON string that contains a text spells it either with all its characters, or with at least one of them as a \u00xx
/// escape (these characters have no short escape). A number has no escapes, and is the value of a member: a colon is
/// before it, with white space between them. In the text of an event that is a string of an envelope, both may be escaped
/// a second time: there a backslash, and what is around a number, can be \u00xx escapes too. So a line that contains neither
/// the text itself nor such an escape of one of its characters, and no such number, cannot match, and is not parsed.
///
/// One pass over the bytes searches for everything, the ends of lines included. It compares blocks of 16 or 32 bytes with
/// line feeds, with the first two bytes of an escape and with three neighbouring bytes of each pattern, and examines the
/// places where these agree. With AVX2 most blocks need only a look of `PatternFilter`.
class CandidateSearch {
public:
    CandidateSearch() { filter_.add("\\u0"); }

    /// Adds a text of at least three bytes: printable ASCII without quote, backslash and slash.
    void addText(std::string_view text);
    /// Adds a natural number of at least three digits. A spelling that begins otherwise is not
    /// found, such as 4.01e2: no program is known to write it.
    void addNumber(std::string_view digits);

    /// Adds at least three characters of ASCII, which are found only as they are.
    void addLiteral(std::string_view bytes);

    /// Whether a number may also be the value of a string, as in OTLP's `{"intValue":"401"}`.
    void setQuotedNumbers(bool areFound) { findsQuotedNumbers_ = areFound; }

    /// Sets the bytes to search. They must stay valid until the next call.
    void begin(const uint8_t *bytes, size_t length);

    /// Whether [from, to) may contain a pattern. Ranges must be passed from left to right.
    bool mayContain(const uint8_t *from, const uint8_t *to);

    /// Forgets what was found, so that ranges from `from` on can be passed again.
    void goBack(const uint8_t *from);

    /// Lines that need no other look: each begins and ends as API servers write events, and cannot contain a pattern.
    struct PlainLines {
        size_t count = 0;
        /// The last one.
        Text last;
    };

    /// Passes over plain lines. Returns the beginning of the first line that is another one, or may be.
    const uint8_t *passPlainLines(const uint8_t *from, PlainLines &passed);

    /// For tests: compares blocks of 16 or 32 bytes, or single bytes if `width` is 0. A width that the processor does not
    /// have is replaced by 16.
    void setBlockWidth(size_t width);

private:
    struct FirstPlace;
    struct LineEnds;
    struct Pattern {
        std::string bytes;
        bool isNumber;
        /// The index of the first of the three bytes that are compared in blocks.
        size_t anchor;
    };

    void add(Pattern pattern);
    bool isPlace(const uint8_t *place) const;
    bool isEscape(const uint8_t *place) const;
    bool isNumber(const uint8_t *from, const uint8_t *to) const;
    bool usesBlocks() const;
    void search(const uint8_t *to);

    template <size_t width, size_t count, class Visitor>
    bool visitBlocks(const uint8_t *&at, const uint8_t *to, Visitor &visitor) const;
    template <size_t width, class Visitor>
    bool visitBlocks(const uint8_t *&at, const uint8_t *to, Visitor &visitor) const;
    template <class Visitor>
    AUDIT_SCAN_AVX2 bool visitBlocksOf32(const uint8_t *&at, const uint8_t *to, Visitor &visitor) const;
    template <class Visitor>
    bool visitBlocks(const uint8_t *&at, const uint8_t *to, Visitor &visitor) const;

    std::vector<Pattern> patterns_;
    // The escapes and the patterns, if they are searched in blocks.
    PatternFilter filter_;
    size_t blockWidth_ = bestBlockWidth();
    bool escaped_[256] = {};  // the bytes of texts, and those around a number
    // Whether `<`, `>` and `&` are not among them, which Go's encoder escapes in each text.
    bool skipsMarkup_ = true;
    bool findsQuotedNumbers_ = false;
    const uint8_t *begin_ = nullptr;
    const uint8_t *end_ = nullptr;
    // Up to here, from the beginning of the last range, there is no place.
    const uint8_t *searched_ = nullptr;
    // Whether a place is there.
    bool isAtPlace_ = false;
};

}  // namespace audit_scan

#endif
