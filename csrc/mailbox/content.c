#include "mailbox/content.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"

enum { MOST_MARKS = 4096, FIRST_STRIDE = 1 << 20, PIECE = 1 << 16 };

struct content_mark {
    struct decoder decoder;
    uint64_t decoded;
};

bool content_is_large(const struct mail_item *item)
{
    return item->end - item->start > CONTENT_IN_MEMORY;
}

static HRESULT out_of_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to read a message.");
}

static void begin(const struct mail_item *item, struct decoder *decoder)
{
    decoder_begin(decoder, item->start, item->end, item->quoting, item->leave_mailbox, false);
}

/* Marks where the decoder is; half of the marks go when there are too many. */
static void mark(struct content *content)
{
    struct content_mark *marks = content->marks;

    if (content->mark_count == MOST_MARKS) {
        for (size_t i = 0; i < MOST_MARKS / 2; i++)
            marks[i] = marks[2 * i]; /* the first one stays */
        content->mark_count = MOST_MARKS / 2;
        content->stride *= 2;
    }
    marks[content->mark_count].decoder = content->decoder;
    marks[content->mark_count++].decoded = content->decoded;
}

static HRESULT tick(struct content *content, uint64_t done, uint64_t total)
{
    return content->tick == NULL ? S_OK : content->tick(content->context, done, total);
}

/* The digest does not depend on fields that programs change in the mailbox; so it may want a pass of its own. */
static HRESULT digest_apart(struct content *content)
{
    const struct mail_item *item = &content->item;
    unsigned char *piece = content->memory + (content->in_memory ? CONTENT_IN_MEMORY : 0);
    struct message_digest digest;
    struct decoder decoder;
    size_t made;
    HRESULT hr;

    message_digest_begin(&digest);
    decoder_begin(&decoder, item->start, item->end, item->quoting, true, true);
    do {
        hr = decoder_read(&decoder, content->input, piece, PIECE, &made);
        if (SUCCEEDED(hr))
            message_digest_add(&digest, piece, made);
        if (SUCCEEDED(hr) && content_is_large(item))
            hr = tick(content, (decoder.at - item->start) / 2, item->end - item->start);
    } while (SUCCEEDED(hr) && made > 0);
    message_digest_end(&digest, content->digest);
    return hr;
}

static HRESULT load_small(struct content *content, bool apart)
{
    struct message_digest digest;
    size_t made = 0;
    HRESULT hr;

    content->in_memory = true;
    hr = decoder_read(&content->decoder, content->input, content->memory, CONTENT_IN_MEMORY, &made);
    content->size = made;
    if (FAILED(hr) || apart)
        return hr;
    message_digest_begin(&digest);
    message_digest_add(&digest, content->memory, made);
    message_digest_end(&digest, content->digest);
    return hr;
}

static HRESULT load_large(struct content *content, bool apart)
{
    const struct mail_item *item = &content->item;
    struct message_digest digest;
    size_t made;
    HRESULT hr;

    content->stride = FIRST_STRIDE;
    if (content->marks == NULL && (content->marks = malloc(MOST_MARKS * sizeof *content->marks)) == NULL)
        return out_of_memory();
    message_digest_begin(&digest);
    do {
        if (content->decoded >= content->mark_count * content->stride)
            mark(content);
        hr = decoder_read(&content->decoder, content->input, content->memory, PIECE, &made);
        if (SUCCEEDED(hr) && !apart)
            message_digest_add(&digest, content->memory, made);
        content->decoded += made;
        if (SUCCEEDED(hr))
            hr = tick(content, (content->decoder.at - item->start) / 2, item->end - item->start);
    } while (SUCCEEDED(hr) && made > 0);
    content->size = content->decoded;
    content->verbatim = content->size == item->end - item->start;
    if (!apart)
        message_digest_end(&digest, content->digest);
    return hr;
}

HRESULT content_load(struct content *content, struct input *input, const struct mail_item *item, content_tick ticker,
                     void *context)
{
    bool apart = item->apart;
    HRESULT hr;

    content->input = input;
    content->item = *item;
    content->tick = ticker;
    content->context = context;
    content->failure = S_OK;
    content->in_memory = false;
    content->verbatim = false;
    content->mark_count = 0;
    content->decoded = 0;
    /* Room for a piece behind the message. */
    if (content->memory == NULL && (content->memory = malloc(CONTENT_IN_MEMORY + PIECE)) == NULL)
        return out_of_memory();
    begin(item, &content->decoder);
    hr = content_is_large(item) ? load_large(content, apart) : load_small(content, apart);
    return SUCCEEDED(hr) && apart ? digest_apart(content) : hr;
}

void content_clear(struct content *content)
{
    free(content->memory);
    free(content->marks);
    memset(content, 0, sizeof *content);
}

/* Has the decoder put out as much as `position`: from where it is, or from the last mark before. */
static HRESULT go_to(struct content *content, uint64_t position)
{
    size_t low = 0, high = content->mark_count;
    HRESULT hr = S_OK;

    while (high - low > 1) {
        size_t middle = (low + high) / 2;

        if (content->marks[middle].decoded <= position)
            low = middle;
        else
            high = middle;
    }
    if (content->decoded > position || content->marks[low].decoded > content->decoded) {
        content->decoder = content->marks[low].decoder;
        content->decoded = content->marks[low].decoded;
    }
    while (SUCCEEDED(hr) && content->decoded < position) {
        uint64_t left = position - content->decoded;
        size_t made;

        hr = decoder_read(&content->decoder, content->input, content->memory, left < PIECE ? (size_t)left : PIECE,
                          &made);
        content->decoded += made;
        if (SUCCEEDED(hr) && made == 0)
            hr = MAPI_E_CALL_FAILED; /* position is not behind the end */
    }
    return hr;
}

static HRESULT read_verbatim(struct content *content, uint64_t position, unsigned char *out, size_t room, size_t *got)
{
    const unsigned char *bytes;
    HRESULT hr = input_peek(content->input, content->item.start + position, 1, content->item.end, &bytes, got);

    if (*got > room)
        *got = room;
    if (SUCCEEDED(hr) && *got > 0)
        memcpy(out, bytes, *got);
    return hr;
}

static HRESULT read_large(struct content *content, uint64_t position, unsigned char *out, size_t room, size_t *got)
{
    uint64_t total = content->item.end - content->item.start;
    HRESULT hr;

    if (content->verbatim) {
        hr = read_verbatim(content, position, out, room, got);
    } else {
        hr = go_to(content, position);
        if (SUCCEEDED(hr))
            hr = decoder_read(&content->decoder, content->input, out, room, got);
        content->decoded += *got;
    }
    return SUCCEEDED(hr) ? tick(content, total / 2 + (position + *got) / 2, total) : hr;
}

HRESULT content_read(struct content *content, uint64_t position, unsigned char *out, size_t room, size_t *got)
{
    *got = 0;
    if (FAILED(content->failure) || position >= content->size || room == 0)
        return content->failure;
    if (content->in_memory) {
        *got = room < content->size - position ? room : (size_t)(content->size - position);
        memcpy(out, content->memory + position, *got);
    } else {
        content->failure = read_large(content, position, out, room, got);
    }
    return content->failure;
}
