#include <algorithm>
#include <charconv>
#include <cstring>
#include <system_error>

#include "JSONCharacters.hpp"
#include "JSONText.hpp"

namespace audit_scan {

namespace {

/// The length of the UTF-8 sequence at `from`; 0 if it is not valid (Unicode 15, table 3-7).
size_t sequenceLength(const uint8_t *from, const uint8_t *to) {
    uint8_t lead = *from;
    size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
    if (length == 0 || static_cast<size_t>(to - from) < length) return 0;
    uint8_t lowest = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    uint8_t highest = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (from[1] < lowest || from[1] > highest) return 0;
    for (size_t index = 2; index < length; index++) {
        if (from[index] < 0x80 || from[index] > 0xBF) return 0;
    }
    return length;
}

size_t numberLength(const uint8_t *from, const uint8_t *to) {
    const uint8_t *at = from;
    while (at < to && (isDigit(*at) || *at == '-' || *at == '+' || *at == '.' || (*at | 0x20) == 'e')) at++;
    return static_cast<size_t>(at - from);
}

/// Whether a valid number fits into 64 bits, or into a double where it has a fraction or an exponent.
bool isHeldByParsers(std::string_view number) {
    if (number.find_first_of(".eE") == std::string_view::npos) return number.size() <= 18;
    double value;
    return std::from_chars(number.data(), number.data() + number.size(), value).ec == std::errc();
}

void appendCharacter(uint32_t code, std::string &into) {
    auto add = [&](uint32_t byte) { into.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return add(code);
    if (code < 0x800) {
        add(0xC0 | code >> 6);
    } else {
        if (code < 0x10000) {
            add(0xE0 | code >> 12);
        } else {
            add(0xF0 | code >> 18);
            add(0x80 | (code >> 12 & 0x3F));
        }
        add(0x80 | (code >> 6 & 0x3F));
    }
    add(0x80 | (code & 0x3F));
}

}  // namespace

void resolveEscapes(Text string, std::string &into) {
    into.clear();
    into.reserve(string.size());
    const uint8_t *at = string.from + 1, *end = string.to - 1;
    while (at < end) {
        const void *found = memchr(at, '\\', static_cast<size_t>(end - at));
        const uint8_t *escape = found ? static_cast<const uint8_t *>(found) : end;
        into.append(reinterpret_cast<const char *>(at), static_cast<size_t>(escape - at));
        if (end - escape < 2) return;
        at = escape + 2;
        switch (escape[1]) {
        case 'b': into.push_back('\b'); break;
        case 'f': into.push_back('\f'); break;
        case 'n': into.push_back('\n'); break;
        case 'r': into.push_back('\r'); break;
        case 't': into.push_back('\t'); break;
        case 'u': {
            uint32_t unit = static_cast<uint32_t>(std::max(0, hexNumber(at, end)));
            at += std::min<ptrdiff_t>(4, end - at);
            bool isFirst = unit >= 0xD800 && unit < 0xDC00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u';
            int second = isFirst ? hexNumber(at + 2, end) : -1;
            if (second >= 0xDC00 && second <= 0xDFFF) {
                unit = 0x10000 + ((unit - 0xD800) << 10) + (static_cast<uint32_t>(second) - 0xDC00);
                at += 6;
            }
            appendCharacter(unit, into);
            break;
        }
        default: into.push_back(static_cast<char>(escape[1])); break;
        }
    }
}

void rewriteAsUnderstoodByGo(std::string_view text, std::string &into) {
    static constexpr std::string_view replacement = "\xEF\xBF\xBD";
    into.clear();
    const uint8_t *at = reinterpret_cast<const uint8_t *>(text.data()), *end = at + text.size();
    bool isInString = false;
    auto copy = [&](size_t count) {
        into.append(reinterpret_cast<const char *>(at), count);
        at += count;
    };
    while (at < end) {
        if (!isInString) {
            if (*at == '-' || isDigit(*at)) {
                size_t length = numberLength(at, end);
                if (isHeldByParsers({reinterpret_cast<const char *>(at), length})) {
                    copy(length);
                } else {
                    into.push_back('0');
                    at += length;
                }
                continue;
            }
            isInString = *at == '"';
            copy(1);
        } else if (*at == '\\') {
            int unit = end - at > 1 && at[1] == 'u' ? hexNumber(at + 2, end) : -1;
            if (unit < 0xD800 || unit > 0xDFFF) {
                copy(end - at > 1 ? 2 : 1);
                continue;
            }
            bool hasPair = unit < 0xDC00 && end - at >= 12 && at[6] == '\\' && at[7] == 'u';
            int second = hasPair ? hexNumber(at + 8, end) : -1;
            if (second >= 0xDC00 && second <= 0xDFFF) {
                copy(12);
            } else {
                into += replacement;
                at += 6;
            }
        } else if (*at >= 0x80) {
            if (size_t length = sequenceLength(at, end)) {
                copy(length);
            } else {
                into += replacement;
                at++;
            }
        } else {
            isInString = *at != '"';
            copy(1);
        }
    }
}

}  // namespace audit_scan
