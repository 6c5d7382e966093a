/* base/memstream.c - see base/memstream.h. */
#include "base/memstream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>

#include "base/failure.h"
#include "base/object.h"

/* A property's size is a signed number in places, so no stream grows beyond that. */
#define MOST_BYTES 0x7FFFFFFFu

/* The bytes, shared by a stream and its clones, and the lifeline whose lock protects them. */
struct content {
    atomic_uint streams;
    struct lifeline *life;
    unsigned char *bytes; /* malloc'd */
    size_t size;
    size_t capacity;
    bool writable;
    bool changed; /* since the last successful commit */
    memstream_commit commit;
    void (*dispose)(void *context);
    void *context;
};

struct memstream {
    struct object object;
    struct content *content;
    uint64_t position; /* may be behind the end */
};

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory for the stream.");
}

static HRESULT missing(void)
{
    return fail(STG_E_INVALIDPOINTER, "A stream method was given no place for its result, or no bytes.");
}

static struct memstream *enter(IStream *This)
{
    struct memstream *stream = (struct memstream *)(void *)This;
    return lifeline_enter(stream->content->life) == S_OK ? stream : NULL;
}

static HRESULT refusal(IStream *This)
{
    return lifeline_refusal(((struct memstream *)(void *)This)->content->life);
}

static HRESULT leave(struct memstream *stream, HRESULT hr)
{
    lifeline_leave(stream->content->life);
    return hr;
}

/* ---- reading and writing ---- */

/* Copies what there is at the position, at most `wanted` bytes, and moves the position; returns how many. */
static ULONG take(struct memstream *stream, void *to, ULONG wanted)
{
    const struct content *content = stream->content;
    if (stream->position >= content->size)
        return 0;
    size_t left = content->size - (size_t)stream->position;
    ULONG count = left < wanted ? (ULONG)left : wanted;
    if (count > 0)
        memcpy(to, content->bytes + stream->position, count);
    stream->position += count;
    return count;
}

static HRESULT STDMETHODCALLTYPE stream_read(IStream *This, void *to, ULONG wanted, ULONG *got)
{
    if (got != NULL)
        *got = 0;
    struct memstream *stream = enter(This);
    if (stream == NULL)
        return refusal(This);
    if (to == NULL && wanted > 0)
        return leave(stream, missing());
    ULONG count = take(stream, to, wanted);
    if (got != NULL)
        *got = count;
    return leave(stream, S_OK);
}

static HRESULT check_writable(const struct content *content)
{
    return content->writable ? S_OK : fail(STG_E_ACCESSDENIED, "The stream was opened for reading only.");
}

/* Sets the size; new bytes are 0. */
static HRESULT resize(struct content *content, uint64_t size)
{
    if (size > MOST_BYTES)
        return fail(STG_E_MEDIUMFULL, "A stream cannot be larger than %u bytes.", MOST_BYTES);
    if (size > content->capacity) {
        size_t capacity = content->capacity < 256 ? 256 : content->capacity;
        while (capacity < size)
            capacity *= 2;
        unsigned char *bytes = realloc(content->bytes, capacity);
        if (bytes == NULL)
            return no_memory();
        content->bytes = bytes;
        content->capacity = capacity;
    }
    if (size > content->size)
        memset(content->bytes + content->size, 0, (size_t)size - content->size);
    content->size = (size_t)size;
    return S_OK;
}

static HRESULT write_bytes(struct memstream *stream, const void *bytes, ULONG count)
{
    struct content *content = stream->content;
    HRESULT hr = check_writable(content);
    if (hr != S_OK || count == 0)
        return hr;
    if (bytes == NULL)
        return missing();
    if (stream->position > MOST_BYTES)
        return resize(content, stream->position + count);
    uint64_t end = stream->position + count;
    if (end > content->size)
        hr = resize(content, end);
    if (hr != S_OK)
        return hr;
    memcpy(content->bytes + stream->position, bytes, count);
    stream->position = end;
    content->changed = true;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE stream_write(IStream *This, const void *bytes, ULONG count, ULONG *written)
{
    if (written != NULL)
        *written = 0;
    struct memstream *stream = enter(This);
    if (stream == NULL)
        return refusal(This);
    HRESULT hr = write_bytes(stream, bytes, count);
    if (hr == S_OK && written != NULL)
        *written = count;
    return leave(stream, hr);
}

static HRESULT seek(struct memstream *stream, int64_t by, DWORD origin)
{
    uint64_t from;
    switch (origin) {
    case STREAM_SEEK_SET:
        from = 0;
        break;
    case STREAM_SEEK_CUR:
        from = stream->position;
        break;
    case STREAM_SEEK_END:
        from = stream->content->size;
        break;
    default:
        return fail(STG_E_INVALIDFUNCTION, "A stream was asked to seek from an unknown origin.");
    }
    if (by < 0 && (uint64_t) - (by + 1) >= from)
        return fail(STG_E_INVALIDFUNCTION, "A stream cannot seek to a place before its beginning.");
    if (by > 0 && (uint64_t)by > (uint64_t)INT64_MAX - from)
        return fail(STG_E_INVALIDFUNCTION, "A stream cannot seek that far.");
    stream->position = from + (uint64_t)by;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE stream_seek(IStream *This, LARGE_INTEGER by, DWORD origin, ULARGE_INTEGER *position)
{
    struct memstream *stream = enter(This);
    if (stream == NULL)
        return refusal(This);
    HRESULT hr = seek(stream, by.QuadPart, origin);
    if (position != NULL)
        position->QuadPart = stream->position;
    return leave(stream, hr);
}

static HRESULT STDMETHODCALLTYPE stream_set_size(IStream *This, ULARGE_INTEGER size)
{
    struct memstream *stream = enter(This);
    if (stream == NULL)
        return refusal(This);
    HRESULT hr = check_writable(stream->content);
    if (hr == S_OK && size.QuadPart != stream->content->size) {
        hr = resize(stream->content, size.QuadPart);
        stream->content->changed |= hr == S_OK;
    }
    return leave(stream, hr);
}

/* The other stream is called without our lock: it may belong to another session, whose thread may be copying to us. */
static HRESULT STDMETHODCALLTYPE stream_copy_to(IStream *This, IStream *to, ULARGE_INTEGER count, ULARGE_INTEGER *read,
                                                ULARGE_INTEGER *written)
{
    unsigned char chunk[8192];
    ULARGE_INTEGER taken = {.QuadPart = 0};
    ULARGE_INTEGER given = {.QuadPart = 0};
    HRESULT hr = S_OK;
    while (hr == S_OK) {
        struct memstream *stream = enter(This);
        if (stream == NULL)
            hr = refusal(This);
        else if (to == NULL)
            hr = leave(stream, missing());
        if (hr != S_OK)
            break;
        uint64_t left = count.QuadPart - taken.QuadPart;
        ULONG size = take(stream, chunk, left < sizeof chunk ? (ULONG)left : (ULONG)sizeof chunk);
        leave(stream, S_OK);
        if (size == 0)
            break;
        taken.QuadPart += size;
        ULONG put = 0;
        hr = to->lpVtbl->Write(to, chunk, size, &put);
        given.QuadPart += put;
        if (hr == S_OK && put < size)
            hr = fail(STG_E_MEDIUMFULL, "The stream copied to took only a part of the bytes.");
    }
    if (read != NULL)
        *read = taken;
    if (written != NULL)
        *written = given;
    return hr;
}

/* ---- the rest of the interface ---- */

static HRESULT commit_content(struct content *content)
{
    if (!content->changed || content->commit == NULL)
        return S_OK;
    HRESULT hr = content->commit(content->context, content->bytes, content->size);
    if (hr >= 0)
        content->changed = false;
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_commit(IStream *This, DWORD flags)
{
    struct memstream *stream = enter(This);
    if (stream == NULL)
        return refusal(This);
    const DWORD known = STGC_OVERWRITE | STGC_ONLYIFCURRENT | STGC_DANGEROUSLYCOMMITMERELYTODISKCACHE;
    if ((flags & ~known) != 0)
        return leave(stream, fail(STG_E_INVALIDFLAG, "A stream's Commit was given a flag that it does not know."));
    return leave(stream, commit_content(stream->content));
}

static HRESULT STDMETHODCALLTYPE stream_revert(IStream *This)
{
    struct memstream *stream = enter(This); /* direct mode: there is nothing to go back to */
    return stream == NULL ? refusal(This) : leave(stream, S_OK);
}

static HRESULT no_regions(IStream *This)
{
    struct memstream *stream = enter(This);
    return stream == NULL ? refusal(This)
                          : leave(stream, fail(STG_E_INVALIDFUNCTION, "Regions of a stream cannot be locked."));
}

static HRESULT STDMETHODCALLTYPE stream_lock_region(IStream *This, ULARGE_INTEGER offset, ULARGE_INTEGER count,
                                                    DWORD type)
{
    (void)offset;
    (void)count;
    (void)type;
    return no_regions(This);
}

static HRESULT STDMETHODCALLTYPE stream_unlock_region(IStream *This, ULARGE_INTEGER offset, ULARGE_INTEGER count,
                                                      DWORD type)
{
    (void)offset;
    (void)count;
    (void)type;
    return no_regions(This);
}

static HRESULT STDMETHODCALLTYPE stream_stat(IStream *This, STATSTG *out, DWORD flags)
{
    struct memstream *stream = enter(This);
    if (stream == NULL)
        return refusal(This);
    if (out == NULL)
        return leave(stream, missing());
    if (flags > STATFLAG_NONAME)
        return leave(stream, fail(STG_E_INVALIDFLAG, "A stream's Stat was given a flag that it does not know."));
    memset(out, 0, sizeof *out);
    out->type = STGTY_STREAM;
    out->cbSize.QuadPart = stream->content->size;
    out->grfMode = stream->content->writable ? STGM_READWRITE : STGM_READ;
    return leave(stream, S_OK);
}

static struct memstream *new_stream(struct content *content, uint64_t position);

static HRESULT STDMETHODCALLTYPE stream_clone(IStream *This, IStream **out)
{
    if (out != NULL)
        *out = NULL;
    struct memstream *stream = enter(This);
    if (stream == NULL)
        return refusal(This);
    if (out == NULL)
        return leave(stream, missing());
    struct memstream *clone = new_stream(stream->content, stream->position);
    *out = (IStream *)(void *)clone;
    return leave(stream, clone != NULL ? S_OK : no_memory());
}

OBJECT_IUNKNOWN(stream, IStream)

static const IStreamVtbl stream_vtbl = {
    .QueryInterface = stream_query_interface,
    .AddRef = stream_addref,
    .Release = stream_release,
    .Read = stream_read,
    .Write = stream_write,
    .Seek = stream_seek,
    .SetSize = stream_set_size,
    .CopyTo = stream_copy_to,
    .Commit = stream_commit,
    .Revert = stream_revert,
    .LockRegion = stream_lock_region,
    .UnlockRegion = stream_unlock_region,
    .Stat = stream_stat,
    .Clone = stream_clone,
};

/* ---- beginning and end ---- */

static void free_content(struct content *content)
{
    lifeline_unref(content->life);
    free(content->bytes);
    free(content);
}

static void drop_content(struct content *content)
{
    if (atomic_fetch_sub_explicit(&content->streams, 1, memory_order_acq_rel) != 1)
        return;
    if (content->changed && lifeline_enter(content->life) == S_OK) {
        commit_content(content);
        lifeline_leave(content->life);
    }
    if (content->dispose != NULL)
        content->dispose(content->context);
    free_content(content);
}

static void destroy(struct object *self)
{
    struct memstream *stream = (struct memstream *)(void *)self;
    drop_content(stream->content);
    object_retire(self);
    free(stream);
}

static struct lifeline *life_of(struct object *self)
{
    return ((struct memstream *)(void *)self)->content->life;
}

static const GUID *const stream_iids[] = {&IID_IStream, &IID_ISequentialStream, NULL};
static const struct object_type stream_type = {
    .kind = OBJECT_STREAM, .iids = stream_iids, .destroy = destroy, .lifeline = life_of};

static struct memstream *new_stream(struct content *content, uint64_t position)
{
    struct memstream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return NULL;
    atomic_fetch_add_explicit(&content->streams, 1, memory_order_relaxed);
    stream->content = content;
    stream->position = position;
    object_init(&stream->object, &stream_type, &stream_vtbl);
    return stream;
}

/* Makes content without bytes and its first stream. */
static HRESULT create(struct lifeline *life, struct memstream **out)
{
    struct content *content = calloc(1, sizeof *content);
    if (content == NULL)
        return no_memory();
    atomic_init(&content->streams, 0);
    content->life = life != NULL ? lifeline_ref(life) : lifeline_create();
    *out = content->life != NULL ? new_stream(content, 0) : NULL;
    if (*out == NULL) {
        free_content(content);
        return no_memory();
    }
    return S_OK;
}

HRESULT memstream_adopt_reader(struct lifeline *life, unsigned char *bytes, size_t size, IStream **out)
{
    if (out == NULL)
        return missing();
    *out = NULL;
    struct memstream *stream;
    HRESULT hr = create(life, &stream);
    if (hr != S_OK)
        return hr;
    stream->content->bytes = bytes;
    stream->content->size = size;
    stream->content->capacity = size;
    *out = (IStream *)(void *)stream;
    return S_OK;
}

HRESULT memstream_create_reader(struct lifeline *life, const void *bytes, size_t size, IStream **out)
{
    if (out == NULL || (bytes == NULL && size > 0))
        return missing();
    *out = NULL;
    unsigned char *copy = NULL;
    if (size > 0) {
        copy = malloc(size);
        if (copy == NULL)
            return no_memory();
        memcpy(copy, bytes, size);
    }
    HRESULT hr = memstream_adopt_reader(life, copy, size, out);
    if (hr != S_OK)
        free(copy);
    return hr;
}

HRESULT memstream_create_writer(struct lifeline *life, memstream_commit commit, void (*dispose)(void *context),
                                void *context, const void *initial, size_t size, IStream **out)
{
    HRESULT hr = memstream_create_reader(life, initial, size, out);
    if (hr != S_OK)
        return hr;
    struct content *content = ((struct memstream *)(void *)*out)->content;
    content->writable = true;
    content->commit = commit;
    content->dispose = dispose;
    content->context = context;
    return S_OK;
}

void memstream_touch(IStream *stream)
{
    struct memstream *self = enter(stream);
    if (self == NULL)
        return;
    self->content->changed = true;
    leave(self, S_OK);
}
