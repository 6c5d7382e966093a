#include "store/value_stream.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "base/utf.h"

/* Converts pieces whose ends may fall into a character: what is left over is put before the next piece. */
struct converter {
    struct spool *to;
    unsigned char carry[4];
    size_t carried;
    WCHAR *wide; /* room for one piece */
    char *narrow;
};

static HRESULT converter_begin(struct converter *converter)
{
    memset(converter, 0, sizeof *converter);
    converter->to = spool_create();
    converter->wide = malloc((CHUNK_SIZE + 8) * sizeof *converter->wide);
    converter->narrow = malloc(UTF8_MAX(CHUNK_SIZE / 2 + 8));
    return converter->to == NULL || converter->wide == NULL || converter->narrow == NULL ? MAPI_E_NOT_ENOUGH_MEMORY
                                                                                         : S_OK;
}

/* Hands over the spool, or drops it when hr is a failure. */
static HRESULT converter_end(struct converter *converter, HRESULT hr, struct spool **out)
{
    free(converter->wide);
    free(converter->narrow);
    if (FAILED(hr))
        spool_unref(converter->to);
    else
        *out = converter->to;
    return hr;
}

static HRESULT append(struct spool *spool, const void *bytes, size_t size)
{
    return spool_write(spool, spool_size(spool), bytes, size);
}

/* How many of the bytes are whole characters, the last of which may have been cut. */
static size_t whole_utf8(const unsigned char *bytes, size_t size)
{
    size_t back;

    for (back = 1; back <= 3 && back <= size; back++) {
        unsigned char lead = bytes[size - back];
        size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;

        if ((lead & 0xC0) != 0x80)
            return length > back ? size - back : size;
    }
    return size;
}

/* One piece of at most CHUNK_SIZE bytes; `last` says that nothing may be left over. */
static HRESULT widen(struct converter *converter, const unsigned char *bytes, size_t size, bool last)
{
    size_t joined = converter->carried + size;
    unsigned char *text = malloc(joined + 1);
    size_t whole;
    size_t units;
    HRESULT hr;

    if (text == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    memcpy(text, converter->carry, converter->carried);
    if (size > 0)
        memcpy(text + converter->carried, bytes, size);
    whole = last ? joined : whole_utf8(text, joined);
    units = utf8_to_utf16((const char *)text, whole, converter->wide, UTF_WTF8);
    if (units == UTF_INVALID) {
        free(text);
        return fail(MAPI_E_CORRUPT_DATA, "A text property in the store is damaged.");
    }
    converter->carried = joined - whole;
    memcpy(converter->carry, text + whole, converter->carried);
    free(text);
    hr = append(converter->to, converter->wide, units * sizeof(WCHAR));
    return hr;
}

/* A property's payload, piece by piece, from wherever it is. */
struct payload {
    const unsigned char *bytes; /* in memory, or */
    struct spool *spool;        /* staged, or else in the chunk table */
    uint64_t size;
    uint64_t mark; /* of the value in the chunk table */
};

static HRESULT next_piece(struct host *host, ULONG tag, const struct payload *from, uint64_t offset,
                          struct byte_buffer *piece)
{
    size_t size = from->size - offset > CHUNK_SIZE ? CHUNK_SIZE : (size_t)(from->size - offset);
    unsigned char *room;
    size_t got;

    byte_buffer_clear(piece);
    if (from->bytes != NULL)
        return byte_buffer_append(piece, from->bytes + offset, size);
    if (from->spool == NULL) {
        HRESULT hr = chunk_read(host->store, host->place, tag, (int64_t)(offset / CHUNK_SIZE), piece);

        if (SUCCEEDED(hr) && piece->size != size)
            hr = chunk_changed();
        return SUCCEEDED(hr) ? chunk_check(host->store, host->place, tag, from->mark) : hr;
    }
    room = byte_buffer_extend(piece, size);
    return room == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : spool_read(from->spool, offset, room, size, &got);
}

static HRESULT fill(struct host *host, ULONG tag, const struct payload *from, bool wide, struct spool **out)
{
    struct converter converter;
    struct byte_buffer piece;
    uint64_t offset = 0;
    HRESULT hr = converter_begin(&converter);

    byte_buffer_init(&piece);
    while (SUCCEEDED(hr) && offset < from->size) {
        hr = next_piece(host, tag, from, offset, &piece);
        if (FAILED(hr))
            break;
        offset += piece.size;
        hr = wide ? widen(&converter, piece.bytes, piece.size, offset == from->size)
                  : append(converter.to, piece.bytes, piece.size);
    }
    byte_buffer_free(&piece);
    return converter_end(&converter, hr, out);
}

/* A property the object works out itself. */
static HRESULT fill_computed(struct host *host, ULONG tag, bool wide, struct spool **out)
{
    struct byte_buffer bytes;
    struct payload from = {NULL, NULL, 0, 0};
    void *head = NULL;
    SPropValue value;
    HRESULT hr = MAPIAllocateBuffer(8, &head);

    if (FAILED(hr))
        return hr;
    byte_buffer_init(&bytes);
    hr = host->class->source.get(host, tag, MAPI_UNICODE, head, &value);
    if (SUCCEEDED(hr))
        hr = prop_payload_from_value(&value, &bytes);
    if (SUCCEEDED(hr)) {
        from.bytes = bytes.bytes;
        from.size = bytes.size;
        hr = fill(host, tag, &from, wide, out);
    }
    byte_buffer_free(&bytes);
    MAPIFreeBuffer(head);
    return hr;
}

HRESULT value_to_spool(struct host *host, ULONG tag, bool wide, struct spool **out)
{
    const struct prop_entry *entry = prop_bag_find(&host->props.bag, tag);
    struct payload from = {NULL, NULL, 0, 0};

    *out = NULL;
    if (entry == NULL)
        return fill_computed(host, tag, wide, out);
    if (PROP_TYPE(entry->tag) != PROP_TYPE(prop_stored_tag(tag)))
        return MAPI_E_NOT_FOUND;
    if (entry->size != PROP_EXTERNAL) {
        from.bytes = entry->bytes;
        from.size = entry->size;
    } else {
        from.spool = holder_staged(&host->props, tag);
        from.size = entry->external_size;
        if (from.spool != NULL && !wide) {
            *out = spool_ref(from.spool);
            return S_OK;
        }
        if (from.spool == NULL) {
            HRESULT hr = chunk_mark(host->store, host->place, tag, &from.mark);

            if (FAILED(hr))
                return hr;
        }
    }
    return fill(host, tag, &from, wide, out);
}

/* UTF-16 of a stream to UTF-8. A surrogate pair cut by a piece's end goes to the next one. */
static HRESULT narrow(struct converter *converter, struct spool *content, uint64_t size)
{
    unsigned char *piece = malloc(CHUNK_SIZE);
    uint64_t offset = 0;
    HRESULT hr = piece == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;

    while (SUCCEEDED(hr) && offset < size) {
        size_t want = size - offset > CHUNK_SIZE ? CHUNK_SIZE : (size_t)(size - offset);
        size_t got;
        size_t units;
        size_t bytes;

        hr = spool_read(content, offset, piece, want, &got);
        if (FAILED(hr))
            break;
        units = got / sizeof(WCHAR);
        memcpy(converter->wide, piece, units * sizeof(WCHAR));
        if (offset + got < size && units > 1 && (converter->wide[units - 1] & 0xFC00) == 0xD800)
            units--;
        bytes = utf16_to_utf8(converter->wide, units, converter->narrow, UTF_WTF8);
        hr = append(converter->to, converter->narrow, bytes);
        offset += units * sizeof(WCHAR);
    }
    free(piece);
    return hr;
}

/* Whether 8-bit text is UTF-8: widen refuses what is not. */
static HRESULT check_utf8(struct spool *content, uint64_t size)
{
    struct converter converter;
    unsigned char *piece = malloc(CHUNK_SIZE);
    struct spool *ignored = NULL;
    uint64_t offset = 0;
    HRESULT hr = converter_begin(&converter);

    if (piece == NULL)
        hr = MAPI_E_NOT_ENOUGH_MEMORY;
    while (SUCCEEDED(hr) && offset < size) {
        size_t want = size - offset > CHUNK_SIZE ? CHUNK_SIZE : (size_t)(size - offset);
        size_t got;

        hr = spool_read(content, offset, piece, want, &got);
        offset += got;
        if (SUCCEEDED(hr))
            hr = widen(&converter, piece, got, offset == size);
        if (SUCCEEDED(hr))
            hr = spool_resize(converter.to, 0);
    }
    free(piece);
    hr = converter_end(&converter, hr, &ignored);
    if (SUCCEEDED(hr))
        spool_unref(ignored);
    return hr == MAPI_E_CORRUPT_DATA ? fail(MAPI_E_INVALID_PARAMETER, "8-bit text must be UTF-8.") : hr;
}

/* The content's size without the NULs that some clients write at the end of text. */
static HRESULT text_size(struct spool *content, size_t unit, uint64_t *size)
{
    HRESULT hr = S_OK;

    *size = spool_size(content) - spool_size(content) % unit;
    while (*size > 0) {
        unsigned char last[2] = {0, 0};
        size_t got;

        hr = spool_read(content, *size - unit, last, unit, &got);
        if (FAILED(hr) || last[0] != 0 || last[1] != 0)
            break;
        *size -= unit;
    }
    return hr;
}

HRESULT spool_to_payload(struct spool *content, ULONG tag, struct spool **out)
{
    struct converter converter;
    uint64_t size;
    HRESULT hr;

    *out = NULL;
    if (PROP_TYPE(tag) == PT_BINARY) {
        *out = spool_ref(content);
        return S_OK;
    }
    hr = text_size(content, PROP_TYPE(tag) == PT_UNICODE ? sizeof(WCHAR) : 1, &size);
    if (FAILED(hr))
        return hr;
    if (PROP_TYPE(tag) == PT_UNICODE) {
        hr = converter_begin(&converter);
        if (SUCCEEDED(hr))
            hr = narrow(&converter, content, size);
        return converter_end(&converter, hr, out);
    }
    hr = check_utf8(content, size);
    if (FAILED(hr))
        return hr;
    if (size == spool_size(content)) {
        *out = spool_ref(content);
        return S_OK;
    }
    hr = spool_copy(content, out);
    return SUCCEEDED(hr) ? spool_resize(*out, size) : hr;
}
