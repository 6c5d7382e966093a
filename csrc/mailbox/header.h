/* mailbox/header.h - what mailboxes write into the headers of messages: their state, and what describes the file. */
#ifndef MAILBOX_HEADER_H
#define MAILBOX_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "mailbox/input.h"

/* The state of a message in a mailbox. */
enum mail_flag {
    MAIL_READ = 0x01,
    MAIL_REPLIED = 0x02,
    MAIL_FORWARDED = 0x04,
    MAIL_FLAGGED = 0x08,
    MAIL_DRAFT = 0x10,
    MAIL_DELETED = 0x20 /* marked for deletion */
};

enum field_kind {
    FIELD_ORDINARY,
    /* Belongs to the mailbox and not to the message: Status, X-Status, X-Mozilla-Status, X-Mozilla-Status2, Content-Length. */
    FIELD_OF_MAILBOX,
    /* Stays with the message, but programs change it where it lies: Lines, X-Keywords, X-Mozilla-Keys. */
    FIELD_CHANGING
};

enum { FIELD_NAME_LENGTH = 24 }; /* as much of a line as decides */

/* The kind of the field that begins with these bytes of its line; FIELD_NAME_LENGTH of them, or all there are. */
enum field_kind field_kind(const unsigned char *line, size_t size);

/* "From ", perhaps quoted by ">": the envelope, which has no place among the fields. */
bool is_envelope_line(const unsigned char *line, size_t size);

struct header {
    uint64_t end;            /* where the body begins, behind the empty line */
    unsigned flags;          /* as its fields of the mailbox say */
    bool has_length;         /* Content-Length: */
    uint64_t content_length; /* its value */
    bool received;           /* there is a Received field */
    bool of_mailbox;         /* there is a field of the kind FIELD_OF_MAILBOX, or an envelope */
    bool changing;           /* there is one of the kind FIELD_CHANGING */
};

/* Reads the header that begins at `start`, within a file up to `end`. Fails as input_peek. */
HRESULT header_read(struct input *input, uint64_t start, uint64_t end, struct header *header);

#endif
