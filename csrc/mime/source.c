#include "mime/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

static HRESULT seek(IStream *stream, int64_t offset, DWORD origin, uint64_t *position)
{
    LARGE_INTEGER move;
    ULARGE_INTEGER now;
    HRESULT hr;

    move.QuadPart = offset;
    now.QuadPart = 0;
    hr = stream->lpVtbl->Seek(stream, move, origin, &now);
    *position = now.QuadPart;
    return hr;
}

/* Streams that cannot seek are read into memory; the copy grows by half, so it moves seldom. */
static HRESULT read_all(struct mime_source *source, IStream *stream, uint64_t most)
{
    size_t capacity = 0;

    for (;;) {
        ULONG got = 0;
        HRESULT hr;

        if (source->size == capacity) {
            size_t grown = capacity == 0 ? MIME_SOURCE_WINDOW : capacity + capacity / 2;
            unsigned char *bytes = realloc(source->bytes, grown);

            if (bytes == NULL)
                return MAPI_E_NOT_ENOUGH_MEMORY;
            source->bytes = bytes;
            capacity = grown;
        }
        hr = stream->lpVtbl->Read(stream, source->bytes + source->size,
                                  (ULONG)(capacity - source->size < 1u << 20 ? capacity - source->size : 1u << 20),
                                  &got);
        if (FAILED(hr))
            return hr;
        if (got == 0)
            return S_OK;
        source->size += got;
        if (source->size > most)
            return MAPI_E_TOO_BIG;
    }
}

HRESULT
mime_source_open(struct mime_source *source, IStream *stream, uint64_t most)
{
    uint64_t end = 0, back;
    HRESULT hr;

    memset(source, 0, sizeof *source);
    if (FAILED(seek(stream, 0, STREAM_SEEK_CUR, &source->base)) || FAILED(seek(stream, 0, STREAM_SEEK_END, &end)) ||
        FAILED(seek(stream, (int64_t)source->base, STREAM_SEEK_SET, &back))) {
        source->base = 0;
        hr = read_all(source, stream, most);
        source->window_size = (size_t)source->size;
    } else {
        source->size = end > source->base ? end - source->base : 0;
        source->room = source->size < MIME_SOURCE_WINDOW ? (size_t)source->size : MIME_SOURCE_WINDOW;
        hr = (source->bytes = malloc(source->room + 1)) == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
        if (SUCCEEDED(hr)) {
            source->stream = stream;
            stream->lpVtbl->AddRef(stream);
        }
    }
    if (FAILED(hr))
        mime_source_close(source);
    return hr;
}

void mime_source_close(struct mime_source *source)
{
    free(source->bytes);
    source->bytes = NULL;
    if (source->stream != NULL)
        source->stream->lpVtbl->Release(source->stream);
    source->stream = NULL;
    source->size = 0;
}

static void hide_nuls(struct mime_source *source)
{
    uint64_t end = source->header_end > source->window_at ? source->header_end - source->window_at : 0;
    size_t size = end < source->window_size ? (size_t)end : source->window_size;
    unsigned char *at = source->bytes, *stop = source->bytes + size;

    while (at < stop && (at = memchr(at, 0, (size_t)(stop - at))) != NULL)
        *at++ = MIME_SUBSTITUTE;
}

/* Puts another first letter where a field is to be hidden from the parser. */
static void rename_fields(struct mime_source *source)
{
    for (size_t i = 0; i < source->renamed_count; i++) {
        uint64_t at = source->renamed[i].offset;

        if (at >= source->window_at && at - source->window_at < source->window_size)
            source->bytes[at - source->window_at] = 'X';
    }
}

void mime_source_rename(struct mime_source *source, uint64_t offset)
{
    size_t available;
    const unsigned char *byte = mime_source_peek(source, offset, &available);

    if (byte == NULL || source->renamed_count == MIME_SOURCE_RENAMED)
        return;
    source->renamed[source->renamed_count].offset = offset;
    source->renamed[source->renamed_count++].byte = *byte;
    rename_fields(source);
}

void mime_source_hide_nuls(struct mime_source *source, uint64_t header_end)
{
    source->header_end = header_end;
    hide_nuls(source);
}

static bool fill(struct mime_source *source, uint64_t offset)
{
    uint64_t position;
    HRESULT hr = source->failure;

    source->window_size = 0;
    source->window_at = offset;
    if (SUCCEEDED(hr))
        hr = seek(source->stream, (int64_t)(source->base + offset), STREAM_SEEK_SET, &position);
    while (SUCCEEDED(hr) && source->window_size < source->room) {
        ULONG got = 0;

        hr = source->stream->lpVtbl->Read(source->stream, source->bytes + source->window_size,
                                          (ULONG)(source->room - source->window_size), &got);
        if (FAILED(hr) || got == 0)
            break;
        source->window_size += got;
    }
    if (FAILED(hr)) {
        source->failure = hr;
        source->window_size = 0;
    }
    hide_nuls(source);
    rename_fields(source);
    return source->window_size != 0;
}

const unsigned char *mime_source_peek(struct mime_source *source, uint64_t offset, size_t *available)
{
    *available = 0;
    if (offset >= source->size || FAILED(source->failure))
        return NULL;
    if (offset < source->window_at || offset - source->window_at >= source->window_size) {
        if (source->stream == NULL || !fill(source, offset))
            return NULL;
    }
    *available = source->window_size - (size_t)(offset - source->window_at);
    return source->bytes + (offset - source->window_at);
}

size_t mime_source_read(struct mime_source *source, uint64_t offset, void *buffer, size_t size)
{
    size_t done = 0;

    while (done < size) {
        size_t available;
        const unsigned char *bytes = mime_source_peek(source, offset + done, &available);

        if (bytes == NULL)
            break;
        if (available > size - done)
            available = size - done;
        memcpy((unsigned char *)buffer + done, bytes, available);
        done += available;
    }
    return done;
}

/* The GMimeStream ---------------------------------------------------------------------------------------------- */

typedef struct {
    GMimeStream parent_object;
    struct mime_source *source;
} MimeSourceStream;

typedef GMimeStreamClass MimeSourceStreamClass;

static GType stream_type(void);

/* GMime constructs the stream before it is given its source; such a one is empty. */
static struct mime_source *source_of(GMimeStream *stream)
{
    return ((MimeSourceStream *)(void *)stream)->source;
}

static gint64 end_of(GMimeStream *stream)
{
    struct mime_source *source = source_of(stream);

    if (stream->bound_end != -1)
        return stream->bound_end;
    return source == NULL ? 0 : (gint64)source->size;
}

static ssize_t stream_read(GMimeStream *stream, char *buffer, size_t size)
{
    struct mime_source *source = source_of(stream);
    gint64 end = end_of(stream);
    size_t got;

    if (source == NULL || stream->position >= end)
        return 0;
    if ((guint64)(end - stream->position) < size)
        size = (size_t)(end - stream->position);
    got = mime_source_read(source, (uint64_t)stream->position, buffer, size);
    if (got == 0 && FAILED(source->failure)) {
        errno = EIO;
        return -1;
    }
    stream->position += (gint64)got;
    return (ssize_t)got;
}

static ssize_t stream_write(GMimeStream *stream, const char *buffer, size_t size)
{
    (void)stream;
    (void)buffer;
    (void)size;
    errno = EBADF;
    return -1;
}

static int stream_flush(GMimeStream *stream)
{
    (void)stream;
    return 0;
}

static gboolean stream_eos(GMimeStream *stream)
{
    return stream->position >= end_of(stream) || FAILED(source_of(stream)->failure);
}

static int stream_reset(GMimeStream *stream)
{
    stream->position = stream->bound_start;
    return 0;
}

static gint64 stream_seek(GMimeStream *stream, gint64 offset, GMimeSeekWhence whence)
{
    gint64 from = whence == GMIME_STREAM_SEEK_SET ? 0 : stream->position;

    if (whence == GMIME_STREAM_SEEK_END)
        from = end_of(stream);
    if (from + offset < stream->bound_start || from + offset > end_of(stream)) {
        errno = EINVAL;
        return -1;
    }
    return stream->position = from + offset;
}

static gint64 stream_tell(GMimeStream *stream)
{
    return stream->position;
}

static gint64 stream_length(GMimeStream *stream)
{
    return end_of(stream) - stream->bound_start;
}

static GMimeStream *make_stream(struct mime_source *source, gint64 start, gint64 end)
{
    MimeSourceStream *made = g_object_new(stream_type(), NULL);

    g_mime_stream_construct(&made->parent_object, start, end);
    made->source = source;
    return &made->parent_object;
}

static GMimeStream *stream_substream(GMimeStream *stream, gint64 start, gint64 end)
{
    return make_stream(source_of(stream), start, end);
}

static void stream_class_init(gpointer class, gpointer data)
{
    GMimeStreamClass *stream = class;

    (void)data;
    stream->read = stream_read;
    stream->write = stream_write;
    stream->flush = stream_flush;
    stream->close = stream_flush;
    stream->eos = stream_eos;
    stream->reset = stream_reset;
    stream->seek = stream_seek;
    stream->tell = stream_tell;
    stream->length = stream_length;
    stream->substream = stream_substream;
}

static GType stream_type(void)
{
    static gsize type = 0;

    if (g_once_init_enter(&type)) {
        GType made =
            g_type_register_static_simple(GMIME_TYPE_STREAM, "LuaMapiSourceStream", sizeof(MimeSourceStreamClass),
                                          stream_class_init, sizeof(MimeSourceStream), NULL, (GTypeFlags)0);
        g_once_init_leave(&type, made);
    }
    return type;
}

GMimeStream *mime_source_stream(struct mime_source *source, uint64_t start, uint64_t end)
{
    return make_stream(source, (gint64)start, (gint64)end);
}

void mime_source_trim(GMimeStream *stream)
{
    struct mime_source *source;
    size_t available;
    const unsigned char *at;

    if (G_OBJECT_TYPE(stream) != stream_type() || stream->bound_end <= stream->bound_start)
        return;
    source = source_of(stream);
    at = mime_source_peek(source, (uint64_t)stream->bound_end, &available);
    if (at == NULL || *at != '\n')
        return;
    at = mime_source_peek(source, (uint64_t)stream->bound_end - 1, &available);
    if (at != NULL && *at == '\r')
        stream->bound_end--;
}
