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
    size_t selector; /* the first one that matches the event, by the order in which they were added */
} audit_event;

/* The events of one analytic: those whose responseStatus.code is in the range and whose user.groups contains `group`.
 * If `group` has NULL bytes, those without a user: user.username is empty or absent.
 *
 * A group has at least three characters, printable ASCII without quote, backslash and slash. The codes without a user are
 * few, since each is searched for, and have at least three digits. */
typedef struct {
    audit_string group;
    int64_t lowest_code, highest_code;
} audit_selector;

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

/* Begins the lines of a log. The bytes must stay valid until audit_next returns AUDIT_END. */
void audit_lines_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length);

/* Begins an EventList, the body of one request. Returns NULL, or the reason why it is not an EventList. */
const char *audit_list_begin(audit_scanner *scanner, const uint8_t *bytes, size_t length);
/* Continues with the same list after its bytes were moved in memory. */
void audit_list_continue(audit_scanner *scanner, const uint8_t *bytes);

/* The next event that a selector matches, or that is malformed, with its offset in the bytes. */
audit_result audit_next(audit_scanner *scanner, audit_event *event, size_t *offset, const char **reason);

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
/* The number of lines or items so far, except empty lines. Each piece of a torn line counts. */
size_t audit_count(const audit_scanner *scanner);
/* The last line or item so far, whether a selector matches it or not; false if there is none, or it is malformed. */
bool audit_last(audit_scanner *scanner, audit_event *event);
/* Whether the last line or item is a valid audit event, whether a selector matches it or not. */
bool audit_last_is_event(audit_scanner *scanner);

#ifdef __cplusplus
}
#endif

#endif
