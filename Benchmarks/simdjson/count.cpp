// count forbidden|unauthorized FILE: counts audit events of one outcome by source, with simdjson's On-Demand parser.
//
// The plain program of somebody who knows simdjson: the file is mapped, iterate_many reads all lines with one parser on
// one core, and only the fields that decide are read of an event, which is left as soon as it cannot count. Keys may
// come in any order. A request that is logged in two stages counts twice.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <simdjson.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

using namespace simdjson;

// Larger than any event, and small enough for the caches.
static constexpr size_t batch_size = 1 << 20;

struct Mapped {
    const uint8_t *bytes;
    size_t length;
};

// Maps a file with the padding that simdjson reads behind the end.
static Mapped mapped(const char *path) {
    int file = open(path, O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) {
        perror(path);
        exit(1);
    }
    size_t length = static_cast<size_t>(status.st_size);
    void *room = mmap(nullptr, length + SIMDJSON_PADDING, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mmap(room, length, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0) == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    madvise(room, length, MADV_SEQUENTIAL);
    close(file);
    return {static_cast<const uint8_t *>(room), length};
}

static bool is_in_group(ondemand::object user, std::string_view group) {
    ondemand::array groups;
    if (user.find_field_unordered("groups").get(groups) != SUCCESS) {
        return false;
    }
    for (auto item : groups) {
        std::string_view name;
        if (item.get_string().get(name) == SUCCESS && name == group) {
            return true;
        }
    }
    return false;
}

static bool has_name(ondemand::object user) {
    std::string_view name;
    return user.find_field_unordered("username").get(name) == SUCCESS && !name.empty();
}

// The address of the connection is the last one.
static std::string_view last_address(ondemand::array addresses) {
    std::string_view last;
    for (auto item : addresses) {
        std::string_view address;
        if (item.get_string().get(address) == SUCCESS) {
            last = address;
        }
    }
    return last;
}

// Whether the event counts, and then its source.
static bool counts(ondemand::object event, bool forbidden, std::string_view &source) {
    bool is_user = false, is_code = false, has_source = false;
    for (auto field : event) {
        ondemand::raw_json_string key;
        if (field.key().get(key) != SUCCESS) {
            return false;
        }
        if (key == "user") {
            ondemand::object user;
            if (field.value().get(user) != SUCCESS) {
                return false;
            }
            is_user = forbidden ? is_in_group(user, "system:unauthenticated") : !has_name(user);
            if (!is_user) {
                return false;
            }
        } else if (key == "sourceIPs") {
            ondemand::array addresses;
            has_source = field.value().get(addresses) == SUCCESS;
            source = has_source ? last_address(addresses) : "";
        } else if (key == "responseStatus") {
            ondemand::object status;
            int64_t code;
            is_code = field.value().get(status) == SUCCESS &&
                status.find_field_unordered("code").get(code) == SUCCESS && code == (forbidden ? 403 : 401);
            if (!is_code) {
                return false;
            }
        }
        if (is_user && is_code && has_source) {
            return true;
        }
    }
    return false;
}

struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

int main(int argument_count, char **arguments) {
    if (argument_count != 3) {
        fputs("usage: count forbidden|unauthorized FILE\n", stderr);
        return 64;
    }
    bool forbidden = strcmp(arguments[1], "forbidden") == 0;
    Mapped file = mapped(arguments[2]);
    ondemand::parser parser;
    ondemand::document_stream events;
    if (auto error = parser.iterate_many(file.bytes, file.length, batch_size).get(events)) {
        fprintf(stderr, "%s\n", error_message(error));
        return 1;
    }
    std::unordered_map<std::string, uint64_t, Hash, std::equal_to<>> sources;
    for (auto document : events) {
        ondemand::object event;
        if (auto error = document.get_object().get(event)) {
            fprintf(stderr, "not an event: %s\n", error_message(error));
            return 1;
        }
        std::string_view source;
        if (counts(event, forbidden, source)) {
            auto known = sources.find(source);
            if (known == sources.end()) {
                known = sources.emplace(source, 0).first;
            }
            known->second += 1;
        }
    }
    if (events.truncated_bytes() > 0) {
        fprintf(stderr, "%zu bytes were not read\n", static_cast<size_t>(events.truncated_bytes()));
        return 1;
    }
    for (const auto &[source, count] : sources) {
        printf("%s %llu\n", source.c_str(), static_cast<unsigned long long>(count));
    }
}
