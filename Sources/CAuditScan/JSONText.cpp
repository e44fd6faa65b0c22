#include "JSONText.hpp"

#include <algorithm>
#include <cstring>

#include "ContainerEnd.hpp"
#include "JSONCharacters.hpp"

namespace audit_scan {

namespace {

bool isSpace(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

/// Whether one of eight bytes may end a run of plain characters in a string: a quote, a backslash or a control
/// character. Computed for all eight at once; bytes above 0x7F are plain.
bool endsRun(const uint8_t *bytes) {
    constexpr uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t quotes = word ^ ones * '"', backslashes = word ^ ones * '\\';
    return (((word - ones * 0x20) | (quotes - ones) | (backslashes - ones)) & ~word & highs) != 0;
}

}  // namespace

Text Text::trimmed() const {
    Text text = *this;
    while (text.from < text.to && isSpace(*text.from)) text.from++;
    while (text.from < text.to && isSpace(text.to[-1])) text.to--;
    return text;
}

namespace {

/// The end of a word at the beginning of a JSON string's content; NULL if it begins otherwise.
const uint8_t *behindWord(const uint8_t *at, const uint8_t *end, std::string_view word) {
    for (char letter : word) {
        if (at == end) return nullptr;
        int found = *at;
        size_t length = 1;
        if (*at == '\\' && end - at >= 6 && at[1] == 'u') {
            found = hexNumber(at + 2, end);
            length = 6;
        } else if (*at == '\\' && end - at >= 2 && at[1] == '/') {
            found = '/';
            length = 2;
        }
        if (found != static_cast<uint8_t>(letter)) return nullptr;
        at += length;
    }
    return at;
}

bool isString(Text value) { return value.size() >= 2 && *value.from == '"'; }

}  // namespace

bool spells(Text string, std::string_view word) {
    if (string.size() == word.size() + 2) return string.view().substr(1, word.size()) == word;
    const uint8_t *end = string.to - 1;
    return behindWord(string.from + 1, end, word) == end;
}

bool beginsWith(Text string, std::string_view word) {
    return isString(string) && behindWord(string.from + 1, string.to - 1, word) != nullptr;
}

bool contains(Text string, std::string_view word) {
    if (!isString(string)) return false;
    const uint8_t *end = string.to - 1;
    for (const uint8_t *at = string.from + 1; at < end; at++) {
        if (behindWord(at, end, word) != nullptr) return true;
        // Behind the escape, up to its last byte.
        if (*at == '\\') at += std::min<ptrdiff_t>(end - at - 1, at[1] == 'u' ? 5 : 1);
    }
    return false;
}

bool isCutOff(Text text) {
    JSONReader reader(text);
    Text value;
    reader.skipSpace();
    if (reader.at == reader.end || reader.checkValue(value)) return false;
    reader.skipSpace();
    std::string_view rest = Text{reader.at, reader.end}.view();
    if (rest.empty() || rest == "\\") return true;
    for (std::string_view word : {std::string_view("true"), std::string_view("false"), std::string_view("null")}) {
        if (word.substr(0, rest.size()) == rest) return true;
    }
    bool isEscape = rest.size() < 6 && rest.substr(0, 2) == "\\u";
    return isEscape && std::all_of(rest.begin() + 2, rest.end(), [](char digit) {
        return hexDigit(static_cast<uint8_t>(digit)) >= 0;
    });
}

// MARK: JSONReader

void JSONReader::skipSpace() {
    while (at < end && isSpace(*at)) at++;
}

bool JSONReader::skip(uint8_t byte) {
    if (at == end || *at != byte) return false;
    at++;
    return true;
}

bool JSONReader::checkString(Text &string) {
    string.from = at;
    if (!skip('"')) return false;
    while (true) {
        while (end - at >= 8 && !endsRun(at)) at += 8;
        while (at < end && *at >= 0x20 && *at != '"' && *at != '\\') at++;
        if (at == end || *at < 0x20) return false;
        if (*at == '"') {
            string.to = ++at;
            return true;
        }
        if (end - at < 2) return false;
        switch (at[1]) {
        case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't': at += 2; break;
        case 'u':
            if (hexNumber(at + 2, end) < 0) return false;
            at += 6;
            break;
        default: return false;
        }
    }
}

bool JSONReader::checkNumber() {
    skip('-');
    if (skip('0')) {
        // Only a fraction or an exponent may follow a leading zero.
    } else {
        if (at == end || !isDigit(*at)) return false;
        while (at < end && isDigit(*at)) at++;
    }
    if (skip('.')) {
        if (at == end || !isDigit(*at)) return false;
        while (at < end && isDigit(*at)) at++;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-')) at++;
        if (at == end || !isDigit(*at)) return false;
        while (at < end && isDigit(*at)) at++;
    }
    return true;
}

bool JSONReader::checkScalar() {
    if (at == end) return false;
    Text string;
    if (*at == '"') return checkString(string);
    if (*at == '-' || isDigit(*at)) return checkNumber();
    for (std::string_view word : {std::string_view("true"), std::string_view("false"), std::string_view("null")}) {
        if (Text{at, end}.view().substr(0, word.size()) == word) {
            at += word.size();
            return true;
        }
    }
    return false;
}

// A loop instead of recursion: a level of nesting costs one byte of a fixed array.
bool JSONReader::checkValue(Text &value) {
    // Not initialised, because only written elements are read.
    bool isObject[maximumDepth];
    size_t depth = 0;
    Text key;
    value.from = at;
    while (true) {
        // A value begins here.
        values++;
        if (at < end && (*at == '{' || *at == '[')) {
            // The object that contains the value is a level too.
            if (depth + 1 >= maximumDepth) return false;
            bool opensObject = *at++ == '{';
            isObject[depth++] = opensObject;
            skipSpace();
            if (!skip(opensObject ? '}' : ']')) {
                if (!opensObject) continue;
                if (!checkString(key)) return false;
                skipSpace();
                if (!skip(':')) return false;
                skipSpace();
                continue;
            }
            depth--;
        } else if (!checkScalar()) {
            return false;
        }
        // A value has ended; the values that contain it may end too.
        while (depth > 0) {
            const uint8_t *valueEnd = at;
            skipSpace();
            if (skip(',')) {
                skipSpace();
                if (isObject[depth - 1]) {
                    if (!checkString(key)) return false;
                    skipSpace();
                    if (!skip(':')) return false;
                    skipSpace();
                }
                break;
            }
            if (!skip(isObject[depth - 1] ? '}' : ']')) {
                at = valueEnd;
                return false;
            }
            depth--;
        }
        if (depth == 0) {
            value.to = at;
            return true;
        }
    }
}

bool JSONReader::skipQuoted() {
    at++;
    while (true) {
        while (end - at >= 8 && !endsRun(at)) at += 8;
        while (at < end && *at != '"' && *at != '\\') at++;
        if (at == end) return false;
        if (*at++ == '"') return true;
        // An escaped quote does not end the string.
        if (at < end) at++;
    }
}

bool JSONReader::skipValue(Text &value) {
    value.from = at;
    if (at == end) return false;
    if (*at == '{' || *at == '[') {
        const uint8_t *behind = endOfContainer({at, end});
        at = behind == nullptr ? end : behind;
        if (behind == nullptr) return false;
    } else if (*at == '"') {
        if (!skipQuoted()) return false;
    } else {
        // A number, true, false or null. If a closing bracket is here, the value is missing.
        while (at < end && !isSpace(*at) && memchr(",\"{}[]", *at, 6) == nullptr) at++;
    }
    value.to = at;
    return value.from < value.to;
}

// MARK: Members

bool Members::fail() {
    state_ = State::failed;
    return false;
}

bool Members::next() {
    if (state_ == State::ended || state_ == State::failed) return false;
    reader.skipSpace();
    if (state_ == State::begin && !reader.skip('{')) return fail();
    bool isFirst = state_ == State::begin;
    state_ = State::inside;
    reader.skipSpace();
    if (reader.skip('}')) {
        reader.skipSpace();
        if (reader.at != reader.end) return fail();
        state_ = State::ended;
        return false;
    }
    if (!isFirst) {
        if (!reader.skip(',')) return fail();
        reader.skipSpace();
    }
    if (!(isValid_ ? reader.skipValue(key) : reader.checkString(key))) return fail();
    reader.skipSpace();
    if (!reader.skip(':')) return fail();
    reader.skipSpace();
    return (isValid_ ? reader.skipValue(value) : reader.checkValue(value)) || fail();
}

}  // namespace audit_scan
