#include "Prefix.hpp"

#include <algorithm>
#include <cstring>

namespace audit_scan {

namespace {

bool isDigit(char letter) { return letter >= '0' && letter <= '9'; }

bool isLetter(char letter) { return (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z'); }

bool isVisible(char letter) { return letter > ' ' && letter < '\x7F'; }

bool isOneOf(char letter, std::string_view set) { return set.find(letter) != std::string_view::npos; }

/// A place in a line. Each method moves behind what it finds, or does not move and returns false.
class Cursor {
public:
    explicit Cursor(std::string_view line) : rest(line) {}

    std::string_view rest;

    bool skip(std::string_view text) {
        if (rest.substr(0, text.size()) != text) return false;
        rest.remove_prefix(text.size());
        return true;
    }

    /// 0 stands for a digit, A for a capital and a for a small letter.
    bool like(std::string_view pattern) {
        if (rest.size() < pattern.size()) return false;
        bool agrees = std::equal(pattern.begin(), pattern.end(), rest.begin(), [](char wanted, char letter) {
            switch (wanted) {
            case '0': return isDigit(letter);
            case 'A': return letter >= 'A' && letter <= 'Z';
            case 'a': return letter >= 'a' && letter <= 'z';
            default: return wanted == letter;
            }
        });
        if (agrees) rest.remove_prefix(pattern.size());
        return agrees;
    }

    /// All characters that a set has: at least `least` of them, at most `most`.
    template <class Set>
    bool run(size_t least, size_t most, Set isInSet) {
        size_t count = 0;
        while (count < rest.size() && isInSet(rest[count])) count++;
        if (count < least || count > most) return false;
        rest.remove_prefix(count);
        return true;
    }

    bool digits(size_t least, size_t most) { return run(least, most, isDigit); }
    bool time() { return like("0000-00-00T00:00:00"); }
    bool fraction(size_t most) { return !skip(".") || digits(1, most); }
    bool zone() { return skip("Z") || like("+00:00") || like("-00:00"); }
    bool day() {
        if (!like("Aaa ") || rest.empty() || !isOneOf(rest[0], " 0123")) return false;
        rest.remove_prefix(1);
        return like("0 00:00:00");
    }
    bool word(size_t most) { return run(1, most, isVisible) && skip(" "); }
    bool priority() { return skip("<") && digits(1, 3) && skip(">"); }
    bool tag() {
        if (!run(1, 64, [](char letter) { return !isOneOf(letter, " :[]{}\"\\"); })) return false;
        if (skip("[") && !(digits(1, 10) && skip("]"))) return false;
        return skip(": ");
    }

    bool structuredData() {
        if (skip("-")) return true;
        if (rest.substr(0, 1) != "[") return false;
        while (skip("[")) {
            if (!name()) return false;
            while (skip(" ")) {
                if (!name() || !skip("=\"") || !value()) return false;
            }
            if (!skip("]")) return false;
        }
        return true;
    }

    PrefixMatch match(std::string_view stream = {}, bool isPiece = false) const { return {true, rest, stream, {}, isPiece}; }
    PrefixMatch matchTag(std::string_view tag) const { return {true, rest, {}, tag, false}; }

private:
    bool name() {
        return run(1, 32, [](char letter) { return !isOneOf(letter, " =]\""); });
    }

    bool value() {
        while (!rest.empty() && rest[0] != '"') {
            if (rest[0] == ']') return false;
            rest.remove_prefix(rest[0] == '\\' ? std::min<size_t>(2, rest.size()) : 1);
        }
        return skip("\"");
    }
};

constexpr size_t anyNumber = static_cast<size_t>(-1);

}  // namespace

PrefixMatch matchCRI(std::string_view line) {
    Cursor at(line);
    if (!at.time() || !at.fraction(9) || !at.zone() || !at.skip(" ")) return {};
    std::string_view stream = at.rest.substr(0, 6);
    if (!at.skip("stdout ") && !at.skip("stderr ")) return {};
    // Tags with colons between them; the first one is F or P.
    bool isPiece = at.rest.substr(0, 1) == "P";
    if (!isPiece && at.rest.substr(0, 1) != "F") return {};
    at.rest.remove_prefix(1);
    if (at.rest.substr(0, 1) == ":") at.run(1, 256, [](char letter) { return isVisible(letter) && letter != '{'; });
    return at.skip(" ") ? at.match(stream, isPiece) : PrefixMatch();
}

PrefixMatch matchTail(std::string_view line) {
    Cursor at(line);
    if (!at.time() || !at.like(".000000") || !(at.like("+00:00 ") || at.like("-00:00 "))) return {};
    std::string_view stream = at.rest;
    if (!at.run(1, anyNumber, [](char letter) { return letter != ' ' && letter != '{'; })) return {};
    stream = stream.substr(0, stream.size() - at.rest.size());
    return at.skip(" ") ? at.match(stream) : PrefixMatch();
}

PrefixMatch matchExport(std::string_view line) {
    Cursor at(line);
    return at.time() && at.like(".000Z ") ? at.match() : PrefixMatch();
}

PrefixMatch matchFluentd(std::string_view line) {
    Cursor at(line);
    if (!at.time() || !at.fraction(anyNumber) || !at.zone() || !at.skip("\t")) return {};
    std::string_view tag = at.rest;
    if (!at.run(0, 256, [](char letter) { return letter != '\t' && letter != '{'; })) return {};
    tag = tag.substr(0, tag.size() - at.rest.size());
    return at.skip("\t") ? at.matchTag(tag) : PrefixMatch();
}

PrefixMatch matchOutFile(std::string_view line) {
    Cursor at(line);
    std::string_view tag = at.rest;
    if (!at.run(1, 256, [](char letter) { return !isOneOf(letter, " \t:{}[]\"\\"); })) return {};
    tag = tag.substr(0, tag.size() - at.rest.size());
    return at.skip(": ") && at.rest.substr(0, 1) == "[" ? at.matchTag(tag) : PrefixMatch();
}

PrefixMatch matchSyslog5424(std::string_view line) {
    Cursor at(line);
    if (!at.priority() || !at.skip("1 ")) return {};
    if (!at.skip("- ") && !(at.time() && at.fraction(6) && at.zone() && at.skip(" "))) return {};
    if (!at.word(255) || !at.word(48) || !at.word(128) || !at.word(32)) return {};
    if (!at.structuredData() || !at.skip(" ")) return {};
    at.skip("\xEF\xBB\xBF");
    return at.match();
}

PrefixMatch matchSyslog3164(std::string_view line) {
    Cursor at(line);
    return at.priority() && at.day() && at.skip(" ") && at.word(255) && at.tag() ? at.match() : PrefixMatch();
}

PrefixMatch matchSyslogFile(std::string_view line) {
    Cursor at(line);
    if (!at.day() && !(at.time() && at.fraction(6) && at.zone())) return {};
    return at.skip(" ") && at.word(255) && at.tag() ? at.match() : PrefixMatch();
}

PrefixMatch matchNodeLogs(std::string_view line) {
    Cursor at(line);
    if (line.empty() || !(isLetter(line[0]) || isDigit(line[0]))) return {};
    bool hasName = at.run(1, 253, [](char letter) {
        return isLetter(letter) || isDigit(letter) || letter == '.' || letter == '-';
    });
    return hasName && at.skip(" ") && at.rest.substr(0, 1) == "{" ? at.match() : PrefixMatch();
}

}  // namespace audit_scan
