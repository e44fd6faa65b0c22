#include "OpenRecord.hpp"

namespace audit_scan {

bool OpenRecord::begin(Text text) {
    text_ = text;
    items_ = {};
    path_.clear();
    end_.clear();
    JSONReader reader(text);
    if (!findArray(reader) || static_cast<size_t>(reader.at - text.from) > longestHead) return false;
    findItems(reader);
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

void OpenRecord::findItems(JSONReader &reader) {
    items_ = {reader.at, reader.at};
    lastItemEnd_ = reader.at;
    while (true) {
        Text item;
        reader.skipSpace();
        if (!reader.checkValue(item)) return;
        const uint8_t *end = reader.at;
        reader.skipSpace();
        if (!reader.skip(',') || static_cast<size_t>(text_.to - reader.at) < shortestRest) return;
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
