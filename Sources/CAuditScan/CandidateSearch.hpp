#ifndef CANDIDATE_SEARCH_HPP
#define CANDIDATE_SEARCH_HPP

#include <cstdint>
#include <cstddef>
#include <string>
#include <string_view>

namespace audit_scan {

/// Finds, without parsing, the places in JSON text where a given string may stand.
///
/// A JSON string that equals the group is spelled either with all its letters, or with at least one of them as a
/// \u00xx escape (the letters have no short escape). So a line that holds neither the group's letters nor such an
/// escape of one of them cannot hold the group, and need not be parsed.
class CandidateSearch {
public:
    explicit CandidateSearch(std::string_view group);

    /// Begins anew.
    void begin(const uint8_t *bytes, size_t length);

    /// Whether the group may stand somewhere in [from, to). Ranges are asked for from left to right.
    bool mayContain(const uint8_t *from, const uint8_t *to);

private:
    const uint8_t *nextLiteral(const uint8_t *from) const;
    const uint8_t *nextEscape(const uint8_t *from) const;

    std::string group_;
    bool escaped_[256] = {};  // the group's bytes
    const uint8_t *end_ = nullptr;
    // The first hit at or after the range last asked for; end_ where there is none.
    const uint8_t *literal_ = nullptr;
    const uint8_t *escape_ = nullptr;
};

}  // namespace audit_scan

#endif
