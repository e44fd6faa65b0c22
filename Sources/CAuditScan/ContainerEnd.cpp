#include "ContainerEnd.hpp"

#include <cstring>

namespace audit_scan {

namespace {

/// Searches byte by byte, from a place on.
const uint8_t *searchBytes(const uint8_t *at, const uint8_t *end, Place &place) {
    for (; at < end; at++) {
        if (place.isInString) {
            if (place.isEscaped) place.isEscaped = false;
            else if (*at == '\\') place.isEscaped = true;
            else if (*at == '"') place.isInString = false;
        } else if (*at == '"') {
            place.isInString = true;
        } else if (*at == '{' || *at == '[') {
            place.depth++;
        } else if (*at == '}' || *at == ']') {
            // In a text that is not valid there may be too many.
            if (place.depth > 0) place.depth--;
            if (place.depth <= place.floor) return at + 1;
        }
    }
    return nullptr;
}

/// The places of 64 bytes at which the marks are, a bit each, the first byte in the lowest.
struct Marks {
    uint64_t quotes = 0, backslashes = 0, opening = 0, closing = 0;
};

constexpr size_t blockSize = 64;

/// The vectors are those of the compiler, so that the same lines make code for SSE2, AVX2 and NEON.
template <size_t width>
__attribute__((always_inline)) inline Marks marks(const uint8_t *block) {
    typedef uint8_t Bytes __attribute__((vector_size(width)));
    typedef bool Bits __attribute__((ext_vector_type(width)));
    auto mask = [](auto hits, size_t from) __attribute__((always_inline)) {
        Bits bits = __builtin_convertvector(hits, Bits);
        uint64_t mask = 0;
        memcpy(&mask, &bits, width / 8);
        return mask << from;
    };
    Marks found;
    for (size_t from = 0; from < blockSize; from += width) {
        Bytes bytes;
        memcpy(&bytes, block + from, width);
        // A bit tells the kinds of brackets apart: [ and {, ] and }.
        Bytes folded = bytes | 0x20;
        found.quotes |= mask(bytes == '"', from);
        found.backslashes |= mask(bytes == '\\', from);
        found.opening |= mask(folded == '{', from);
        found.closing |= mask(folded == '}', from);
    }
    return found;
}

/// Of each pair of bits, all bits from the first to the one before the second.
uint64_t between(uint64_t bits) {
    for (int step = 1; step < 64; step *= 2) bits ^= bits << step;
    return bits;
}

/// The places behind runs of backslashes of odd length. `isEscaped` is whether the first place is escaped; then it is
/// whether the place behind the block is.
uint64_t behindOddRuns(uint64_t backslashes, bool &isEscaped) {
    constexpr uint64_t even = 0x5555555555555555;
    uint64_t first = isEscaped;
    // An escaped backslash escapes nothing.
    backslashes &= ~first;
    isEscaped = false;
    if (backslashes == 0) return first;
    uint64_t starts = backslashes & ~(backslashes << 1);
    // The addition moves a bit from the start of a run to the place behind it.
    uint64_t behindEven = 0, behindOdd = 0;
    (void) __builtin_add_overflow(backslashes, starts & even, &behindEven);
    isEscaped = __builtin_add_overflow(backslashes, starts & ~even, &behindOdd);
    return first | (((behindEven & ~even) | (behindOdd & even)) & ~backslashes);
}

/// Searches blocks, and the bytes behind them one by one.
template <size_t width>
__attribute__((always_inline)) inline const uint8_t *searchBlocks(const uint8_t *at, const uint8_t *end, Place &place) {
    for (; end - at >= static_cast<ptrdiff_t>(blockSize); at += blockSize) {
        Marks found = marks<width>(at);
        Place before = place;
        found.quotes &= ~behindOddRuns(found.backslashes, place.isEscaped);
        uint64_t inString = between(found.quotes) ^ (place.isInString ? ~uint64_t(0) : 0);
        // Between strings a backslash escapes nothing. Up to the first one there all is right.
        if (found.backslashes & ~inString) {
            place = before;
            return searchBytes(at, end, place);
        }
        place.isInString = inString >> 63;
        uint64_t opening = found.opening & ~inString, closing = found.closing & ~inString;
        size_t closed = static_cast<size_t>(__builtin_popcountll(closing));
        if (place.depth > closed + place.floor) {
            place.depth += static_cast<size_t>(__builtin_popcountll(opening)) - closed;
            continue;
        }
        for (uint64_t brackets = opening | closing; brackets != 0; brackets &= brackets - 1) {
            int index = __builtin_ctzll(brackets);
            if (opening >> index & 1) {
                place.depth++;
                continue;
            }
            if (place.depth > 0) place.depth--;
            if (place.depth <= place.floor) return at + index + 1;
        }
    }
    return searchBytes(at, end, place);
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi,popcnt"))) const uint8_t *searchBlocksOf32(
    const uint8_t *at, const uint8_t *end, Place &place
) {
    return searchBlocks<32>(at, end, place);
}

bool canSearchBlocksOf32() {
    static const bool canSearch =
        __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt");
    return canSearch;
}
#endif

}  // namespace

const uint8_t *endOfContainer(Text text, size_t width) {
    Place place;
    return endOfContainer(text, place, width);
}

const uint8_t *endOfContainer(Text text, Place &place, size_t width) {
    if (width == 0) return searchBytes(text.from, text.to, place);
#if defined(__x86_64__)
    if (width == 32 && canSearchBlocksOf32()) return searchBlocksOf32(text.from, text.to, place);
#endif
    return searchBlocks<16>(text.from, text.to, place);
}

}  // namespace audit_scan
