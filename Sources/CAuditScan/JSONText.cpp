#include "JSONText.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <system_error>

namespace audit_scan {

namespace {

bool isSpace(uint8_t byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

bool isDigit(uint8_t byte) { return byte >= '0' && byte <= '9'; }

int hexDigit(uint8_t byte) {
    if (isDigit(byte)) return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/// The value of four hexadecimal digits; -1 if there are fewer.
int hexNumber(const uint8_t *from, const uint8_t *to) {
    if (to - from < 4) return -1;
    int number = 0;
    for (int index = 0; index < 4; index++) {
        int digit = hexDigit(from[index]);
        if (digit < 0) return -1;
        number = number * 16 + digit;
    }
    return number;
}

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

/// Whether one of eight bytes may end a run of plain characters in a string: a quote, a backslash or a control
/// character. Computed for all eight at once; bytes above 0x7F are plain.
bool endsRun(const uint8_t *bytes) {
    constexpr uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    uint64_t quotes = word ^ ones * '"', backslashes = word ^ ones * '\\';
    return (((word - ones * 0x20) | (quotes - ones) | (backslashes - ones)) & ~word & highs) != 0;
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
    enum Mark : uint8_t { none, quote, open, close };
    static const std::array<Mark, 256> marks = [] {
        std::array<Mark, 256> marks{};
        marks['"'] = quote;
        marks['{'] = marks['['] = open;
        marks['}'] = marks[']'] = close;
        return marks;
    }();
    value.from = at;
    size_t depth = 0;
    while (at < end) {
        switch (marks[*at]) {
        case quote:
            if (!skipQuoted()) return false;
            break;
        case open:
            depth++;
            at++;
            continue;
        case close:
            // The value is missing; this is the end of the container.
            if (depth == 0) return false;
            depth--;
            at++;
            break;
        case none:
            if (depth > 0) {
                do at++;
                while (at < end && marks[*at] == none);
                continue;
            }
            // A number, true, false or null.
            while (at < end && !isSpace(*at) && *at != ',' && marks[*at] == none) at++;
            break;
        }
        if (depth == 0) {
            value.to = at;
            return value.from < value.to;
        }
    }
    return false;
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
    if (!reader.checkString(key)) return fail();
    reader.skipSpace();
    if (!reader.skip(':')) return fail();
    reader.skipSpace();
    return reader.checkValue(value) || fail();
}

// MARK: Rewriting

namespace {

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
