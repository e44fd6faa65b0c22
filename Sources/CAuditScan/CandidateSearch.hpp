#ifndef CANDIDATE_SEARCH_HPP
#define CANDIDATE_SEARCH_HPP

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace audit_scan {

/// Finds the places in JSON text that may contain one of several literals, without parsing.
///
/// A JSON string that contains a literal spells it either with all its characters, or with at least one of them as a
/// \u00xx escape (these characters have no short escape). So a line that contains neither the literal itself nor such an
/// escape of one of its characters cannot match, and is not parsed.
class CandidateSearch {
public:
    /// Adds a literal: printable ASCII without quote, backslash and slash.
    void add(std::string_view literal);

    /// Sets the bytes to search. They must stay valid until the next call.
    void begin(const uint8_t *bytes, size_t length);

    /// Whether [from, to) may contain a literal. Ranges must be passed from left to right.
    bool mayContain(const uint8_t *from, const uint8_t *to);

private:
    struct Literal {
        std::string text;
        // The first place at or after the last range; end_ if there is none.
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
