#include "mime/import.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>

#include "mime/base64.h"

static HRESULT write_all(IStream *stream, const unsigned char *bytes, size_t size)
{
    while (size != 0) {
        ULONG written = 0, piece = size > 1u << 20 ? 1u << 20 : (ULONG)size;
        HRESULT hr = stream->lpVtbl->Write(stream, bytes, piece, &written);

        if (FAILED(hr))
            return hr;
        if (written == 0)
            return MAPI_E_DISK_ERROR;
        bytes += written;
        size -= written;
    }
    return S_OK;
}

static HRESULT open_stream(struct mime_writer *writer)
{
    IUnknown *unknown = NULL;
    HRESULT hr = writer->object->lpVtbl->OpenProperty(writer->object, writer->tag, &IID_IStream, STGM_READWRITE,
                                                      MAPI_CREATE | MAPI_MODIFY, &unknown);

    if (FAILED(hr))
        return hr;
    writer->stream = (IStream *)(void *)unknown;
    return write_all(writer->stream, writer->buffer, writer->used);
}

/* Room for that many bytes, which are not too many for a small value; it at least doubles, so it moves seldom. */
static bool reserve(struct mime_writer *writer, size_t size)
{
    size_t room = 2 * writer->room > size ? 2 * writer->room : size;
    unsigned char *buffer;

    if (size <= writer->room && writer->buffer != NULL)
        return true;
    room = room < MIME_SMALL_VALUE ? room : MIME_SMALL_VALUE;
    buffer = realloc(writer->buffer, room + 1);
    if (buffer == NULL)
        return false;
    writer->buffer = buffer;
    writer->room = room;
    return true;
}

HRESULT
mime_writer_put(struct mime_writer *writer, const void *bytes, size_t size)
{
    HRESULT hr;

    if (writer->stream == NULL && size <= MIME_SMALL_VALUE - writer->used) {
        if (!reserve(writer, writer->used + size))
            return MAPI_E_NOT_ENOUGH_MEMORY;
        if (size != 0)
            memcpy(writer->buffer + writer->used, bytes, size);
        writer->used += size;
        return S_OK;
    }
    if (writer->stream == NULL && FAILED(hr = open_stream(writer)))
        return hr;
    return write_all(writer->stream, bytes, size);
}

static void add_small(struct mime_writer *writer)
{
    SPropValue *item = mime_draft_add(writer->draft, writer->tag);
    BYTE *copy = mime_arena_alloc(&writer->draft->arena, writer->used + sizeof(WCHAR));

    if (item == NULL || copy == NULL)
        return;
    if (writer->used != 0)
        memcpy(copy, writer->buffer, writer->used);
    if (PROP_TYPE(writer->tag) == PT_UNICODE)
        item->Value.lpszW = (LPWSTR)(void *)copy;
    else
        item->Value.bin = (SBinary){(ULONG)writer->used, copy};
}

HRESULT
mime_writer_finish(struct mime_writer *writer, HRESULT so_far)
{
    HRESULT hr = so_far;

    if (writer->stream != NULL) {
        if (SUCCEEDED(hr))
            hr = writer->stream->lpVtbl->Commit(writer->stream, STGC_DEFAULT);
        writer->stream->lpVtbl->Release(writer->stream);
    } else if (SUCCEEDED(hr)) {
        add_small(writer);
        hr = writer->draft->arena.failed ? MAPI_E_NOT_ENOUGH_MEMORY : hr;
    }
    free(writer->buffer);
    writer->buffer = NULL;
    writer->stream = NULL;
    return hr;
}

HRESULT
mime_writer_copy(struct mime_writer *writer, struct mime_source *source, GMimeStream *stream)
{
    unsigned char piece[4096];
    ssize_t got;
    HRESULT hr = S_OK;

    while (SUCCEEDED(hr) && (got = g_mime_stream_read(stream, (char *)piece, sizeof piece)) > 0)
        hr = mime_writer_put(writer, piece, (size_t)got);
    return FAILED(hr) ? hr : source->failure;
}

GMimeStream *mime_import_content(GMimeObject *part)
{
    GMimeDataWrapper *content = GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
    GMimeStream *stream = content == NULL ? NULL : g_mime_data_wrapper_get_stream(content);
    GMimeStream *filtered;
    GMimeFilter *decoder;

    if (stream == NULL)
        return NULL;
    mime_source_trim(stream);
    g_mime_stream_reset(stream);
    filtered = g_mime_stream_filter_new(stream);
    switch (g_mime_data_wrapper_get_encoding(content)) {
    case GMIME_CONTENT_ENCODING_BASE64:
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE:
    case GMIME_CONTENT_ENCODING_UUENCODE:
        decoder = g_mime_data_wrapper_get_encoding(content) == GMIME_CONTENT_ENCODING_BASE64
                      ? mime_base64_decoder()
                      : g_mime_filter_basic_new(g_mime_data_wrapper_get_encoding(content), FALSE);
        g_mime_stream_filter_add(GMIME_STREAM_FILTER(filtered), decoder);
        g_object_unref(decoder);
        break;
    default:
        break;
    }
    return filtered;
}
