#include "OpenRecord.hpp"

namespace audit_scan {

bool OpenRecord::begin(Text text) {
    text_ = text;
    items_ = {};
    path_.clear();
    end_.clear();
    JSONReader reader(text);
    if (!findArray(reader) || static_cast<size_t>(reader.at - text.from) > longestHead) return false;
    findItems(reader, true);
    return true;
}

bool OpenRecord::beginFaulty(Text text, size_t number) {
    text_ = text;
    items_ = {};
    path_.clear();
    end_.clear();
    JSONReader reader(text);
    if (!findArray(reader, number, 0)) return false;
    findItems(reader, false);
    return true;
}

/// Moves behind the bracket of the array.
bool OpenRecord::findArray(JSONReader &reader) {
    if (reader.skip('[')) {
        end_ = "]";
        return true;
    }
    // The members before the array are complete; the object with it is not. Each level is checked to the end of the bytes.
    for (size_t level = 0; level < deepest && reader.skip('{'); level++) {
        end_.insert(0, "}");
        reader.skipSpace();
        while (true) {
            Text key, value;
            if (!reader.checkString(key)) return false;
            reader.skipSpace();
            if (!reader.skip(':')) return false;
            reader.skipSpace();
            const uint8_t *from = reader.at;
            if (reader.checkValue(value)) {
                reader.skipSpace();
                if (!reader.skip(',')) return false;
                reader.skipSpace();
                continue;
            }
            if (!path_.empty()) path_ += '.';
            path_.append(Text{key.from + 1, key.to - 1}.view());
            reader.at = from;
            break;
        }
        if (reader.skip('[')) {
            end_.insert(0, "]");
            return true;
        }
    }
    return false;
}

/// Moves behind the bracket of one of the arrays. If there is none, the path and the end stay as they are.
bool OpenRecord::findArray(JSONReader &reader, size_t &number, size_t level) {
    size_t pathLength = path_.size();
    if (!reader.skip('{')) return false;
    end_.insert(0, "}");
    while (true) {
        Text key, value;
        reader.skipSpace();
        if (!reader.checkString(key)) break;
        reader.skipSpace();
        if (!reader.skip(':')) break;
        reader.skipSpace();
        if (reader.at == reader.end || static_cast<size_t>(reader.at - text_.from) > longestHead) break;
        if (!path_.empty()) path_ += '.';
        path_.append(Text{key.from + 1, key.to - 1}.view());
        if (*reader.at == '[' && number-- == 0) {
            reader.at++;
            end_.insert(0, "]");
            return true;
        }
        JSONReader inner = reader;
        if (level + 1 < deepest && findArray(inner, number, level + 1)) {
            reader.at = inner.at;
            return true;
        }
        path_.resize(pathLength);
        if (!reader.checkValue(value)) break;
        reader.skipSpace();
        if (!reader.skip(',')) break;
    }
    end_.erase(0, 1);
    return false;
}

void OpenRecord::findItems(JSONReader &reader, bool areFollowed) {
    items_ = {reader.at, reader.at};
    lastItemEnd_ = reader.at;
    while (true) {
        Text item;
        reader.skipSpace();
        if (!reader.checkValue(item)) return;
        const uint8_t *end = reader.at;
        if (!areFollowed) lastItemEnd_ = items_.to = end;
        reader.skipSpace();
        if (!reader.skip(',')) return;
        if (!areFollowed) continue;
        if (static_cast<size_t>(text_.to - reader.at) < shortestRest) return;
        lastItemEnd_ = end;
        items_.to = reader.at;
    }
}

std::string OpenRecord::withoutItems() const {
    return std::string(Text{text_.from, items_.from}.view()) + end_;
}

void OpenRecord::write(std::string &into) const {
    into.assign(Text{text_.from, lastItemEnd_}.view());
    into += end_;
}

}  // namespace audit_scan
