#ifndef CANDIDATE_SEARCH_HPP
#define CANDIDATE_SEARCH_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace audit_scan {

/// Finds, without parsing, the places in JSON text where one of some literals may stand.
///
/// A JSON string that contains a literal spells it either with all its letters, or with at least one of them as a
/// \u00xx escape (these letters have no short escape). A line with neither the letters of a literal nor such an escape
/// of one of them therefore contains no literal, and need not be parsed.
class CandidateSearch {
public:
    /// Adds a literal: printable ASCII without quote, backslash and slash.
    void add(std::string_view literal);

    /// Begins with other bytes, which must stay until the next call.
    void begin(const uint8_t *bytes, size_t length);

    /// Whether a literal may stand in [from, to). Ranges must be asked for from left to right.
    bool mayContain(const uint8_t *from, const uint8_t *to);

private:
    struct Literal {
        std::string text;
        // The first place at or after the range asked for last; end_ where there is none.
        const uint8_t *next;
    };

    const uint8_t *nextPlace(const Literal &literal, const uint8_t *from) const;
    const uint8_t *nextEscape(const uint8_t *from) const;

    std::vector<Literal> literals_;
    bool escaped_[256] = {};  // the literals' bytes
    const uint8_t *end_ = nullptr;
    const uint8_t *escape_ = nullptr;  // as Literal::next
};

}  // namespace audit_scan

#endif
