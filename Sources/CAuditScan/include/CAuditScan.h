#ifndef CAUDITSCAN_H
#define CAUDITSCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Finds the selected audit events in logs and EventLists. A scanner is used by one thread at a time. The events that it
 * returns point into its memory, and are valid until the next call. Nothing here throws or aborts on any input; when
 * memory runs out the event is reported as malformed. */
typedef struct audit_scanner audit_scanner;

/* UTF-8, not terminated; bytes is NULL where the field is absent, null or of another type. */
typedef struct {
    const char *bytes;
    size_t length;
} audit_string;

typedef struct {
    audit_string audit_id, stage, request_uri, verb, username, user_agent;
    audit_string response_status, response_reason, response_message;
    audit_string resource, api_group, subresource; /* of objectRef, which requests for no resource do not have */
    audit_string request_received_timestamp, stage_timestamp;
    const audit_string *groups;
    size_t group_count;
    const audit_string *source_ips; /* an entry that is no string has NULL bytes */
    size_t source_ip_count;
    int64_t response_code;
    bool has_response_code;
    bool has_unique_id; /* audit_id is unique by itself, whatever the times are */
    size_t selector; /* the first one that matches the event, by the order in which they were added */
    /* If an earlier event was the same except for its ID, addresses and times: what the two share is the template, with
     * a number that no other one in the process has, and a slot below AUDIT_TEMPLATE_SLOTS. Otherwise the number is 0. */
    uint64_t template_id;
    size_t template_slot;
    audit_string source_ip_list; /* with a template: the JSON strings of source_ips, with commas between them */
} audit_event;

#define AUDIT_TEMPLATE_SLOTS 512

/* The events of one analytic: those whose responseStatus.code is in the range and whose user.groups contains `group`.
 * If `group` has NULL bytes, those without a user: user.username is empty or absent.
 *
 * A group has at least three characters, printable ASCII without quote, backslash and slash. The codes without a user are
 * few, since each is searched for, and have at least three digits. */
typedef struct {
    audit_string group;
    int64_t lowest_code, highest_code;
} audit_selector;

/* The form of the records in a log. AUTO is bare events, EventLists, and the envelopes that name the API server's audit
 * by constants; each other one is also that of one program or platform. */
typedef enum {
    AUDIT_FORMAT_AUTO,
    AUDIT_FORMAT_EKS,
    AUDIT_FORMAT_AKS,
    AUDIT_FORMAT_GKE,
    AUDIT_FORMAT_CRI,
    AUDIT_FORMAT_DOCKER,
    AUDIT_FORMAT_FLUENT_BIT,
    AUDIT_FORMAT_FLUENTD,
    AUDIT_FORMAT_VECTOR,
    AUDIT_FORMAT_FILEBEAT,
    AUDIT_FORMAT_ELASTICSEARCH,
    AUDIT_FORMAT_OTLP,
    AUDIT_FORMAT_LOKI,
    AUDIT_FORMAT_SYSLOG,
    AUDIT_FORMAT_JOURNALD,
    AUDIT_FORMAT_SPLUNK_HEC,
    AUDIT_FORMAT_GELF,
    AUDIT_FORMAT_OVH,
    AUDIT_FORMAT_OC_NODE_LOGS,
} audit_format;

typedef enum {
    AUDIT_END,       /* there are no more */
    AUDIT_EVENT,     /* event and offset are set */
    AUDIT_MALFORMED, /* reason and offset are set; go on calling */
} audit_result;

/* NULL when out of memory. */
audit_scanner *audit_scanner_create(void);
/* Adds a copy of a selector. An event is returned if a selector matches it. False when out of memory. */
bool audit_scanner_select(audit_scanner *scanner, audit_selector selector);
void audit_scanner_destroy(audit_scanner *scanner);
/* For tests: compares blocks of `width` bytes, 0 (byte by byte), 16 or 32, instead of the widest that the processor has. */
void audit_scanner_set_block_width(audit_scanner *scanner, size_t width);
/* For tests: the length of the object or array at the beginning of some bytes, found with blocks of such a width; 0 if it
 * has no end. */
size_t audit_container_length(const uint8_t *bytes, size_t length, size_t width);

/* For tests: the memory that holds decoded texts, in bytes. */
size_t audit_scanner_memory(const audit_scanner *scanner);

/* Begins the lines of a log. The bytes must stay valid until audit_next returns AUDIT_END. `is_last` tells that no bytes
 * follow: a record that goes on in further lines is then cut off. Otherwise it is left over, see audit_rest.
 * `is_continued` tells that the bytes begin with a record of which a part was read, see audit_rest_head. */
void audit_lines_begin(
    audit_scanner *scanner, audit_format format, const uint8_t *bytes, size_t length, bool is_last, bool is_continued);
/* The number of bytes at the end that were left over, after AUDIT_END: they begin with a record that is not complete, and
 * must be given again together with what follows. The bytes may also end within a line, unless they are the last. */
size_t audit_rest(const audit_scanner *scanner);
/* If a part of this record was read, the number of bytes at its beginning that must be given again, directly before the
 * rest; the bytes between them were read. Zero if nothing of it was. */
size_t audit_rest_head(const audit_scanner *scanner, size_t *offset);
/* After AUDIT_END: whether a fault is in the last line, which has no end yet. What follows up to its end belongs to the
 * fault, and is not to be given. */
bool audit_skips_line(const audit_scanner *scanner);

/* The numbers of records of other programs, and of events that were cut off, since audit_lines_begin. */
size_t audit_foreign(const audit_scanner *scanner);
size_t audit_truncated(const audit_scanner *scanner);

/* Begins an EventList, the body of one request. Returns NULL, or the reason why it is not an EventList. */
const char *audit_list_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length);
/* Continues with the same list after its bytes were moved in memory. */
void audit_list_continue(audit_scanner *scanner, const uint8_t *bytes);

/* The next event that a selector matches, or that is malformed, with its offset in the bytes. */
audit_result audit_next(audit_scanner *scanner, audit_event *event, size_t *offset, const char **reason);

/* Whether bytes are whole JSON objects or arrays, one or several behind each other, and nothing else. */
bool audit_is_whole(const uint8_t *bytes, size_t length);

/* How many brackets are open at a place in a JSON text, outside of strings. Begins with zeros. */
typedef struct {
    size_t depth;
    size_t floor; /* see audit_nesting_follow */
    bool is_in_string, is_escaped;
} audit_nesting;

/* Follows the next bytes. True if a bracket is closed down to `floor`; then `nesting` is of no more use. */
bool audit_nesting_follow(audit_nesting *nesting, const uint8_t *bytes, size_t length);

/* What a record that is no audit event looks like. */
typedef enum {
    AUDIT_SHAPE_UNKNOWN,
    /* Texts. */
    AUDIT_SHAPE_CRI,
    AUDIT_SHAPE_SYSLOG,
    AUDIT_SHAPE_PREFIXED,
    AUDIT_SHAPE_FLUENTD,
    AUDIT_SHAPE_KLOG,
    AUDIT_SHAPE_ARRAY,
    AUDIT_SHAPE_PRETTY,
    /* Objects. */
    AUDIT_SHAPE_EVENT_LIST,
    AUDIT_SHAPE_DOCKER,
    AUDIT_SHAPE_JOURNALD,
    AUDIT_SHAPE_SHIPPER,
    AUDIT_SHAPE_EKS,
    AUDIT_SHAPE_AKS,
    AUDIT_SHAPE_GKE,
    AUDIT_SHAPE_STORE,
    AUDIT_SHAPE_OTHER_PROGRAM,
} audit_shape;

/* The shape of the last record. */
audit_shape audit_last_shape(const audit_scanner *scanner);
/* The format that the last malformed record looks like; AUTO if it looks like none. */
audit_format audit_last_format(const audit_scanner *scanner);
/* The number of lines or items so far, except empty lines. Each piece of a torn line counts, and so does each item of an
 * envelope. */
size_t audit_count(const audit_scanner *scanner);
/* The last line or item so far, whether a selector matches it or not; false if there is none, or it is malformed. */
bool audit_last(audit_scanner *scanner, audit_event *event);
/* Whether the last line or item is a valid audit event, whether a selector matches it or not. */
bool audit_last_is_event(audit_scanner *scanner);

#ifdef __cplusplus
}
#endif

#endif
