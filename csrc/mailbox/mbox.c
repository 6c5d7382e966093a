#include "mailbox/mbox.h"

#include <string.h>

#include <mapicode.h>
#include <mapimailbox.h>

#include "base/failure.h"
#include "mailbox/from_line.h"
#include "mailbox/header.h"

/* Separators ---------------------------------------------------------------------------------------------------- */

/* A From_ line at `at`: how long it is with its line end, and what it says. */
struct separator {
    bool is_from;
    bool dated;
    int64_t date;
    uint64_t next;
};

static HRESULT look_at_separator(struct mbox *mbox, uint64_t at, struct separator *separator)
{
    const unsigned char *line, *lf;
    size_t available, size;
    HRESULT hr = input_peek(mbox->input, at, FROM_LINE_LENGTH + 2, mbox->input->size, &line, &available);

    memset(separator, 0, sizeof *separator);
    if (FAILED(hr) || available < 5 || memcmp(line, "From ", 5) != 0)
        return hr;
    size = available < FROM_LINE_LENGTH + 2 ? available : FROM_LINE_LENGTH + 2;
    lf = memchr(line, '\n', size);
    if (lf == NULL && size == FROM_LINE_LENGTH + 2)
        return hr;
    separator->next = at + (lf != NULL ? (size_t)(lf - line) + 1 : size);
    size = lf != NULL ? (size_t)(lf - line) : size;
    if (size > 0 && line[size - 1] == '\r')
        size--;
    separator->is_from = true;
    separator->dated = from_line_dated(line, size, &separator->date);
    return hr;
}

/* Whether a header, or another envelope line, begins at `at`. */
static HRESULT look_for_header(struct mbox *mbox, uint64_t at, bool *found)
{
    const unsigned char *line;
    size_t available, name = 0;
    HRESULT hr = input_peek(mbox->input, at, 128, mbox->input->size, &line, &available);

    *found = false;
    if (FAILED(hr) || available == 0)
        return hr;
    while (name < available && name < 128 && line[name] > ' ' && line[name] < 0x7F && line[name] != ':')
        name++;
    *found = (name > 0 && name < available && line[name] == ':') || is_envelope_line(line, available);
    return hr;
}

/* Whether messages are separated at `at`, the beginning of a line behind an empty one. */
static HRESULT separates(struct mbox *mbox, uint64_t at, bool *result)
{
    struct separator separator;
    HRESULT hr = look_at_separator(mbox, at, &separator);

    *result = SUCCEEDED(hr) && separator.dated;
    if (SUCCEEDED(hr) && separator.is_from && !separator.dated && mbox->undated)
        hr = look_for_header(mbox, separator.next, result);
    return hr;
}

/* Content-Length ------------------------------------------------------------------------------------------------ */

/* Whether a message can end at `end`: a From_ line or the end of the file follows, perhaps behind an empty line. *next is
 * where. */
static HRESULT ends_at(struct mbox *mbox, uint64_t end, bool *result, uint64_t *next)
{
    uint64_t size = mbox->input->size;
    const unsigned char *bytes;
    size_t available;
    HRESULT hr;

    *result = false;
    *next = end;
    if (end > size)
        return S_OK;
    hr = input_peek(mbox->input, end, 2, size, &bytes, &available);
    if (FAILED(hr))
        return hr;
    if (available >= 1 && *bytes == '\n')
        *next = end + 1;
    else if (available >= 2 && *bytes == '\r' && bytes[1] == '\n')
        *next = end + 2;
    if (*next == size) {
        *result = true;
        return hr;
    }
    hr = separates(mbox, *next, result);
    if (SUCCEEDED(hr) && !*result && *next != end) {
        *next = end;
        hr = separates(mbox, end, result);
    }
    return hr;
}

static HRESULT ends_by_length(struct mbox *mbox, const struct header *header, bool *result, uint64_t *end,
                              uint64_t *next)
{
    *result = false;
    if (!header->has_length || header->content_length > mbox->input->size - header->end)
        return S_OK;
    *end = header->end + header->content_length;
    return ends_at(mbox, *end, result, next);
}

/* Whether Content-Length leads from each message to the next one, through all of the file. */
static HRESULT has_lengths(struct mbox *mbox, bool *result)
{
    uint64_t at = 0, size = mbox->input->size, end;
    HRESULT hr = S_OK;

    *result = size > 0;
    while (SUCCEEDED(hr) && *result && at < size) {
        struct separator separator;
        struct header header;

        hr = look_at_separator(mbox, at, &separator);
        if (SUCCEEDED(hr))
            hr = header_read(mbox->input, separator.next, size, &header);
        if (SUCCEEDED(hr))
            hr = ends_by_length(mbox, &header, result, &end, &at);
    }
    return hr;
}

/* The end of a message by its neighbour ------------------------------------------------------------------------- */

/* Where the empty line before `line`, the beginning of a line, begins; `line` itself where there is none. `start` is the
 * beginning of a line, too, and there is nothing before it. */
static HRESULT before_empty_line(struct mbox *mbox, uint64_t start, uint64_t line, uint64_t *empty)
{
    uint64_t from = line - start < 3 ? start : line - 3;
    size_t available, count = (size_t)(line - from);
    const unsigned char *bytes;
    HRESULT hr;

    *empty = line;
    if (count == 0)
        return S_OK;
    hr = input_peek(mbox->input, from, count, line, &bytes, &available);
    if (FAILED(hr) || bytes[count - 1] != '\n')
        return hr;
    if (count >= 2 && bytes[count - 2] == '\r') {
        if (count == 2 || bytes[count - 3] == '\n')
            *empty = line - 2;
    } else if (count == 1 || bytes[count - 2] == '\n') {
        *empty = line - 1;
    }
    return hr;
}

/* Finds the end of the message that begins at `start`, and the From_ line, or end of the file, behind it. */
static HRESULT find_end(struct mbox *mbox, uint64_t start, uint64_t *end, uint64_t *next, content_tick tick,
                        void *context)
{
    uint64_t at = start, size = mbox->input->size;
    HRESULT hr = S_OK;

    while (SUCCEEDED(hr) && at < size) {
        const unsigned char *bytes, *hit;
        size_t available;
        bool found = false;

        hr = input_peek(mbox->input, at, 6, size, &bytes, &available);
        if (FAILED(hr))
            return hr;
        hit = memmem(bytes, available, "\nFrom ", 6);
        if (hit == NULL) {
            if (at + available >= size)
                break;
            at += available - 5;
            if (tick != NULL && at - start > CONTENT_IN_MEMORY)
                hr = tick(context, 0, at - start);
            continue;
        }
        at += (uint64_t)(hit - bytes) + 1;
        hr = before_empty_line(mbox, start, at, end);
        if (SUCCEEDED(hr) && *end != at)
            hr = separates(mbox, at, &found);
        if (SUCCEEDED(hr) && found) {
            *next = at;
            return hr;
        }
    }
    *next = size;
    return SUCCEEDED(hr) ? before_empty_line(mbox, start, size, end) : hr;
}

/* ---------------------------------------------------------------------------------------------------------------- */

HRESULT mbox_begin(struct mbox *mbox, struct input *input, ULONG format)
{
    struct separator separator;
    HRESULT hr;

    memset(mbox, 0, sizeof *mbox);
    mbox->input = input;
    if (input->size == 0)
        return S_OK;
    hr = look_at_separator(mbox, 0, &separator);
    if (FAILED(hr))
        return hr;
    if (!separator.is_from)
        return fail(MAPI_E_CORRUPT_DATA, "%s is not an mbox file: it does not begin with a line \"From ...\".",
                    input->path);
    mbox->undated = !separator.dated;
    mbox->lengths = format == MAPI_MBOX_CL || format == MAPI_MBOX_CL2;
    mbox->quoting = format == MAPI_MBOX_CL2                           ? QUOTING_NONE
                    : format == MAPI_MBOX_O || format == MAPI_MBOX_CL ? QUOTING_ONCE
                                                                      : QUOTING_ALWAYS;
    if (format == MAPI_MBOX_AUTO)
        hr = has_lengths(mbox, &mbox->lengths);
    if (SUCCEEDED(hr) && format == MAPI_MBOX_AUTO && mbox->lengths)
        mbox->quoting = QUOTING_NONE;
    return hr;
}

HRESULT mbox_next(struct mbox *mbox, struct mail_item *item, content_tick tick, void *context)
{
    struct separator separator;
    struct header header;
    bool found = false;
    uint64_t next;
    HRESULT hr;

    memset(item, 0, sizeof *item);
    if (mbox->at >= mbox->input->size)
        return S_FALSE;
    hr = look_at_separator(mbox, mbox->at, &separator);
    if (SUCCEEDED(hr))
        hr = header_read(mbox->input, separator.next, mbox->input->size, &header);
    if (SUCCEEDED(hr) && mbox->lengths)
        hr = ends_by_length(mbox, &header, &found, &item->end, &next);
    if (SUCCEEDED(hr) && !found)
        hr = find_end(mbox, separator.next, &item->end, &next, tick, context);
    if (FAILED(hr))
        return hr;
    item->offset = item->place = item->before = mbox->at;
    item->start = separator.next;
    item->quoting = mbox->quoting;
    item->leave_mailbox = true;
    item->apart = header.changing;
    item->flags = header.flags;
    item->received = header.received;
    item->dated = separator.dated;
    item->date = separator.date;
    mbox->at = next;
    return S_OK;
}
