#include "mailbox/decoder.h"

#include <string.h>

#include "mailbox/header.h"

enum { LOOK = 64 };

void decoder_begin(struct decoder *decoder, uint64_t start, uint64_t end, enum quoting quoting, bool leave_mailbox,
                   bool leave_changing)
{
    memset(decoder, 0, sizeof *decoder);
    decoder->at = start;
    decoder->end = end;
    decoder->quoting = quoting;
    decoder->leave_mailbox = leave_mailbox;
    decoder->leave_changing = leave_changing;
    decoder->in_header = true;
    decoder->line_start = true;
}

/* Decides about the line of the header that begins here. */
static void begin_field(struct decoder *decoder, const unsigned char *line, size_t size)
{
    enum field_kind kind;

    if (*line == '\n' || (size >= 2 && *line == '\r' && line[1] == '\n')) {
        decoder->in_header = false;
        decoder->leaving = false;
        return;
    }
    if (*line == ' ' || *line == '\t')
        return;
    kind = field_kind(line, size);
    decoder->leaving = (kind == FIELD_OF_MAILBOX && decoder->leave_mailbox) ||
                       (kind == FIELD_CHANGING && decoder->leave_changing) ||
                       (decoder->leave_mailbox && is_envelope_line(line, size));
}

/* Behind a ">" at the beginning of a line: further ones go out; what follows them decides about the first. Whether it
 * goes out before or after them is the same. */
static size_t pass_quotes(struct decoder *decoder, const unsigned char *bytes, size_t size, unsigned char *out,
                          size_t room)
{
    size_t count = 0;

    while (count < size && count < room && bytes[count] == '>')
        out[count++] = '>';
    if (count > 0) {
        decoder->run = true;
        decoder->at += count;
        return count;
    }
    decoder->held = false;
    if (size >= 5 && memcmp(bytes, "From ", 5) == 0 && (decoder->quoting == QUOTING_ALWAYS || !decoder->run))
        return 0;
    *out = '>';
    return 1;
}

static size_t pass_line(struct decoder *decoder, const unsigned char *bytes, size_t size, unsigned char *out,
                        size_t room)
{
    const unsigned char *lf;

    if (!decoder->leaving && size > room)
        size = room;
    lf = memchr(bytes, '\n', size);
    if (lf != NULL)
        size = (size_t)(lf - bytes) + 1;
    decoder->line_start = lf != NULL;
    decoder->at += size;
    if (decoder->leaving)
        return 0;
    memcpy(out, bytes, size);
    return size;
}

HRESULT decoder_read(struct decoder *decoder, struct input *input, unsigned char *out, size_t room, size_t *made)
{
    *made = 0;
    while (*made < room && (decoder->at < decoder->end || decoder->held)) {
        const unsigned char *bytes;
        size_t available;
        HRESULT hr = input_peek(input, decoder->at, LOOK, decoder->end, &bytes, &available);

        if (FAILED(hr))
            return hr;
        if (decoder->line_start) {
            decoder->line_start = false;
            if (decoder->in_header) {
                begin_field(decoder, bytes, available < LOOK ? available : LOOK);
            } else if (*bytes == '>' && decoder->quoting != QUOTING_NONE) {
                decoder->held = true;
                decoder->run = false;
                decoder->at++;
                continue;
            }
        }
        if (decoder->held)
            *made += pass_quotes(decoder, bytes, available, out + *made, room - *made);
        else
            *made += pass_line(decoder, bytes, available, out + *made, room - *made);
    }
    return S_OK;
}
