#include "mailbox/encoder.h"

#include <string.h>

static const char from[] = "From ";

void encoder_begin(struct encoder *encoder, struct output *output, bool mbox)
{
    memset(encoder, 0, sizeof *encoder);
    encoder->output = output;
    encoder->mbox = mbox;
    encoder->in_header = mbox;
    encoder->line_start = true;
    encoder->state = mbox ? ENCODER_FIELD : ENCODER_LINE;
}

static void put(struct encoder *encoder, const char *bytes, size_t size)
{
    if (size == 0 || encoder->leaving)
        return;
    output_put(encoder->output, bytes, size);
    encoder->line_start = bytes[size - 1] == '\n';
}

/* What was held is not what it was held for, or it is known by now: it goes out. */
static void let_go(struct encoder *encoder)
{
    put(encoder, encoder->held, encoder->held_size);
    encoder->held_size = 0;
    encoder->state = ENCODER_LINE;
}

static void end_line(struct encoder *encoder)
{
    bool empty = encoder->state == ENCODER_FIELD && encoder->held_size == 0;

    if (encoder->state == ENCODER_FIELD)
        encoder->leaving = false; /* a line without a colon, or none at all */
    let_go(encoder);
    put(encoder, "\n", 1);
    encoder->in_header = encoder->in_header && !empty;
    if (!encoder->in_header)
        encoder->leaving = false;
    if (encoder->mbox)
        encoder->state = encoder->in_header ? ENCODER_FIELD : ENCODER_QUOTES;
}

/* One byte at the beginning of a line of the header. */
static void hold_field(struct encoder *encoder, char byte)
{
    bool folded = encoder->held_size == 0 && (byte == ' ' || byte == '\t'); /* belongs to the line before */

    encoder->held[encoder->held_size++] = byte;
    if (!folded && byte > ' ' && byte != ':' && encoder->held_size < sizeof encoder->held)
        return;
    if (!folded)
        encoder->leaving = field_kind((const unsigned char *)encoder->held, encoder->held_size) == FIELD_OF_MAILBOX;
    let_go(encoder);
}

/* One byte at the beginning of a line of the body. Which of several ">" is the one put in front is the same. */
static void pass_quote(struct encoder *encoder, char byte)
{
    if (encoder->held_size == 0 && byte == '>') {
        put(encoder, ">", 1);
        return;
    }
    encoder->held[encoder->held_size++] = byte;
    if (byte != from[encoder->held_size - 1]) {
        let_go(encoder);
    } else if (encoder->held_size == sizeof from - 1) {
        put(encoder, ">", 1);
        let_go(encoder);
    }
}

/* A CR is held until it is known whether an LF follows. */
static void pass_cr(struct encoder *encoder)
{
    encoder->cr = false;
    if (encoder->state == ENCODER_FIELD)
        encoder->leaving = false;
    let_go(encoder);
    put(encoder, "\r", 1);
}

/* Bytes of a line whose kind is known, up to its end; returns how many. */
static size_t pass_line(struct encoder *encoder, const char *bytes, size_t size)
{
    const char *lf = memchr(bytes, '\n', size);
    size_t length = lf != NULL ? (size_t)(lf - bytes) : size;
    bool cr = length > 0 && bytes[length - 1] == '\r';

    put(encoder, bytes, cr ? length - 1 : length);
    if (lf == NULL) {
        encoder->cr = cr;
        return length;
    }
    end_line(encoder);
    return length + 1;
}

void encoder_write(struct encoder *encoder, const void *bytes, size_t size)
{
    const char *at = bytes, *end = at + size;

    while (at < end) {
        if (encoder->cr && *at != '\n')
            pass_cr(encoder);
        encoder->cr = false;
        if (encoder->state == ENCODER_LINE) {
            at += pass_line(encoder, at, (size_t)(end - at));
            continue;
        }
        if (*at == '\r')
            encoder->cr = true;
        else if (*at == '\n')
            end_line(encoder);
        else if (encoder->state == ENCODER_FIELD)
            hold_field(encoder, *at);
        else
            pass_quote(encoder, *at);
        at++;
    }
}

void encoder_end(struct encoder *encoder)
{
    if (encoder->cr)
        pass_cr(encoder);
    if (encoder->state == ENCODER_FIELD)
        encoder->leaving = false;
    let_go(encoder);
    encoder->leaving = false;
    if (encoder->mbox) {
        if (!encoder->line_start)
            put(encoder, "\n", 1);
        put(encoder, "\n", 1);
    }
}
