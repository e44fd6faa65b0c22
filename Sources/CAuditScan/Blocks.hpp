#ifndef BLOCKS_HPP
#define BLOCKS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__x86_64__)
/// A function for processors with AVX2; others must not call it.
#define AUDIT_SCAN_AVX2 __attribute__((target("avx2")))
#else
#define AUDIT_SCAN_AVX2
#endif

namespace audit_scan {

/// The number of bytes that the processor compares at once: 32 with AVX2, 16 with SSE2 and NEON.
///
/// The vectors are those of the compiler, so that the same lines make code for all of them. Blocks of 64 bytes, with
/// AVX-512, were not faster.
inline size_t bestBlockWidth() {
#if defined(__x86_64__)
    static const bool hasAVX2 = __builtin_cpu_supports("avx2");
    return hasAVX2 ? 32 : 16;
#else
    return 16;
#endif
}

/// A bit for each element of a comparison's result.
template <size_t width, class Comparison>
__attribute__((always_inline)) inline uint64_t bitsOf(const Comparison &comparison) {
    typedef bool Bits __attribute__((ext_vector_type(width)));
    Bits bits = __builtin_convertvector(comparison, Bits);
    uint64_t word = 0;
    memcpy(&word, &bits, width / 8);
    return word;
}

}  // namespace audit_scan

#endif
