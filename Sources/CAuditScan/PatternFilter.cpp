#include "PatternFilter.hpp"

#include "Blocks.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace audit_scan {

void PatternFilter::add(const char *bytes) {
    for (size_t probe = 0; probe < probes; probe++) tables_[probe][bytes[probe] & 0xF] |= uint8_t(1 << count_);
    count_++;
}

#if defined(__x86_64__)

namespace {

AUDIT_SCAN_AVX2 inline __m256i load(const uint8_t *bytes) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(bytes));
}

/// The same table for both halves of a block.
AUDIT_SCAN_AVX2 inline __m256i loadTwice(const uint8_t *table) {
    return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i *>(table)));
}

}  // namespace

template <bool findsLineEnds>
AUDIT_SCAN_AVX2 const uint8_t *PatternFilter::pass(const uint8_t *from, const uint8_t *last) const {
    static_assert(probes == 3 && stride == 64, "the loop is written for these");
    const __m256i first = loadTwice(tables_[0]), second = loadTwice(tables_[1]), third = loadTwice(tables_[2]);
    const __m256i lineFeed = _mm256_set1_epi8('\n');
    const uint8_t *at = from;
    for (; at <= last; at += stride) {
        __m256i hits = _mm256_setzero_si256();
        for (const uint8_t *block = at; block < at + stride; block += 32) {
            __m256i bytes = load(block);
            hits |= _mm256_shuffle_epi8(first, bytes) & _mm256_shuffle_epi8(second, load(block + 1))
                & _mm256_shuffle_epi8(third, load(block + 2));
            if (findsLineEnds) hits |= _mm256_cmpeq_epi8(_mm256_min_epu8(bytes, lineFeed), bytes);
        }
        if (!_mm256_testz_si256(hits, hits)) break;
    }
    return at;
}

#else

template <bool findsLineEnds>
const uint8_t *PatternFilter::pass(const uint8_t *from, const uint8_t *) const { return from; }

#endif

template const uint8_t *PatternFilter::pass<true>(const uint8_t *from, const uint8_t *last) const;
template const uint8_t *PatternFilter::pass<false>(const uint8_t *from, const uint8_t *last) const;

}  // namespace audit_scan
