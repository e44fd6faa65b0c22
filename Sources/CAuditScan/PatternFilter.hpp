#ifndef PATTERN_FILTER_HPP
#define PATTERN_FILTER_HPP

#include <cstddef>
#include <cstdint>

namespace audit_scan {

/// Passes over bytes in which no pattern can be, with fewer instructions than a comparison with each pattern takes.
///
/// One instruction looks up 32 bytes in a table of 16 entries, by the lower half of each byte. An entry has a bit for each
/// pattern that has such a byte at this place. The bits that the tables of three neighbouring bytes have in common are
/// those of the patterns that may be there. In logs that is hardly ever another text.
class PatternFilter {
public:
    /// The number of neighbouring bytes of a pattern that are looked up.
    static constexpr size_t probes = 3;
    /// The number of bytes that are looked at together.
    static constexpr size_t stride = 64;

    /// Adds the bytes of a pattern, which are ASCII. There are at most eight patterns.
    void add(const char *bytes);

    /// Passes over strides from `from` up to `last` in which no pattern is. Returns the first stride that may have one, or
    /// the one behind `last`. Needs AVX2. Bytes up to `probes` - 1 behind a stride are read too.
    ///
    /// If `findsLineEnds`, it also stops at line feeds and the bytes before them.
    template <bool findsLineEnds>
    const uint8_t *pass(const uint8_t *from, const uint8_t *last) const;

private:
    alignas(16) uint8_t tables_[probes][16] = {};
    unsigned count_ = 0;
};

}  // namespace audit_scan

#endif
