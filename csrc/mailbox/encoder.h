/* mailbox/encoder.h - a message as it is put into a mailbox: the way back of decoder.h.
 *
 * CRLF becomes LF, as files of mail have it on POSIX systems. For an mbox file, lines that would be taken for the beginning of
 * the next message get a ">" in front (mboxrd), and fields of the header that would be taken for the mailbox's own are left
 * out. It works on a stream, in constant memory.
 */
#ifndef MAILBOX_ENCODER_H
#define MAILBOX_ENCODER_H

#include <stdbool.h>

#include "mailbox/header.h"
#include "mailbox/output.h"

enum encoder_state {
    ENCODER_FIELD,  /* at the beginning of a line of the header: its name is held until it is known */
    ENCODER_QUOTES, /* at the beginning of a line, or behind ">"s there, or within "From " behind that */
    ENCODER_LINE    /* in a line whose kind is known */
};

struct encoder {
    struct output *output;
    bool mbox;
    enum encoder_state state;
    bool in_header, leaving;
    bool cr;                      /* a CR that may belong to a line end */
    bool line_start;              /* nothing of the line has been written */
    char held[FIELD_NAME_LENGTH]; /* in ENCODER_FIELD; in ENCODER_QUOTES the beginning of "From " */
    size_t held_size;
};

void encoder_begin(struct encoder *encoder, struct output *output, bool mbox);
void encoder_write(struct encoder *encoder, const void *bytes, size_t size);
/* In an mbox file, the last line gets its line end, and an empty one follows. */
void encoder_end(struct encoder *encoder);

#endif
