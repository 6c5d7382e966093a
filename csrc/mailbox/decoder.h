/* mailbox/decoder.h - a message as it was before it was put into a mailbox.
 *
 * Out of a range of a file it makes the bytes of the message: the fields of the mailbox are left out, and lines that were
 * quoted because they begin with "From " are what they were. It works on a stream, in constant memory; a copy of the
 * structure goes on from where it was copied.
 */
#ifndef MAILBOX_DECODER_H
#define MAILBOX_DECODER_H

#include <stdbool.h>
#include <stdint.h>

#include "mailbox/input.h"

enum quoting {
    QUOTING_NONE,
    QUOTING_ONCE,  /* mboxo: ">From " was "From "; nothing else is quoted */
    QUOTING_ALWAYS /* mboxrd: ">From " was "From ", ">>From " was ">From ", and so on */
};

struct decoder {
    uint64_t at, end; /* in the file: what comes next, and where the message ends */
    enum quoting quoting;
    bool leave_mailbox;  /* leaves the fields of the mailbox out, and envelopes among the fields */
    bool leave_changing; /* leaves FIELD_CHANGING out, too */
    bool in_header, line_start;
    bool leaving; /* the line at hand, and the folded ones after it */
    bool held;    /* a ">" at the beginning of the line, which may be a quote */
    bool run;     /* another ">" has followed it */
};

void decoder_begin(struct decoder *decoder, uint64_t start, uint64_t end, enum quoting quoting, bool leave_mailbox,
                   bool leave_changing);

/* Puts up to `room` bytes to `out`; *made is 0 only at the end. Fails as input_peek. */
HRESULT decoder_read(struct decoder *decoder, struct input *input, unsigned char *out, size_t room, size_t *made);

#endif
