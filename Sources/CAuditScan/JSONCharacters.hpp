#ifndef JSON_CHARACTERS_HPP
#define JSON_CHARACTERS_HPP

#include <cstdint>

namespace audit_scan {

inline bool isDigit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

inline int hexDigit(uint8_t byte) {
    if (isDigit(byte)) return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/// The value of four hexadecimal digits; -1 if there are fewer.
inline int hexNumber(const uint8_t *from, const uint8_t *to) {
    if (to - from < 4) return -1;
    int number = 0;
    for (int index = 0; index < 4; index++) {
        int digit = hexDigit(from[index]);
        if (digit < 0) return -1;
        number = number * 16 + digit;
    }
    return number;
}

}  // namespace audit_scan

#endif
