/* IStream over a property (declared in store/host.h).
 *
 * A stream that reads a large saved value fetches it piece by piece; every other one is over a spool, and a stream
 * that writes hands its spool to the object on Commit and on the last Release (direct mode, as base/memstream.h).
 * Clones share the content and have a position of their own. A stream keeps its object alive.
 */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/value_stream.h"

struct content {
    atomic_uint refs;
    struct host *owner; /* counted */
    ULONG tag;
    bool writable;
    bool changed;
    struct spool *spool;      /* NULL: the value is in the chunk table, */
    uint64_t size;            /* this long, */
    uint64_t mark;            /* the one with this mark, */
    struct byte_buffer piece; /* and this is its piece number `seq` */
    int64_t seq;
};

struct stream {
    struct object object;
    struct content *content;
    uint64_t position;
};

static const struct object_type stream_type;
static const IStreamVtbl stream_vtbl;

static struct stream *of(IStream *This)
{
    return (struct stream *)(void *)This;
}

static uint64_t content_size(const struct content *content)
{
    return content->spool != NULL ? spool_size(content->spool) : content->size;
}

static HRESULT set_value(struct host *host, void *context)
{
    struct content *content = context;
    struct spool *payload;
    struct byte_buffer bytes;
    unsigned char *room;
    size_t size;
    SPropValue value;
    void *head = NULL;
    HRESULT hr = spool_to_payload(content->spool, content->tag, &payload);

    if (FAILED(hr))
        return hr;
    if (spool_size(payload) > PROP_INLINE_LIMIT) {
        hr = holder_set_spool(&host->props, prop_stored_tag(content->tag), payload);
        spool_unref(payload);
        return hr;
    }
    /* Small values go the way of SetProps, which knows that some properties hang together. One that was large once
     * may still be in a file. */
    byte_buffer_init(&bytes);
    room = byte_buffer_extend(&bytes, (size_t)spool_size(payload));
    hr = room == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : spool_read(payload, 0, room, (size_t)spool_size(payload), &size);
    if (SUCCEEDED(hr))
        hr = MAPIAllocateBuffer(8, &head);
    if (SUCCEEDED(hr)) {
        hr = prop_value_from_payload(prop_stored_tag(content->tag), 0, bytes.bytes, bytes.size, head, &value);
        if (SUCCEEDED(hr))
            hr = host->class->source.set(host, &value);
        MAPIFreeBuffer(head);
    }
    byte_buffer_free(&bytes);
    spool_unref(payload);
    return hr;
}

static HRESULT commit(struct content *content)
{
    HRESULT hr;

    if (!content->changed)
        return S_OK;
    hr = host_change(content->owner, set_value, content);
    if (SUCCEEDED(hr))
        content->changed = false;
    return hr;
}

static void content_unref(struct content *content)
{
    struct host *owner = content->owner;

    if (atomic_fetch_sub(&content->refs, 1) != 1)
        return;
    /* Not host_enter: a release leaves what was said about an earlier failure alone. */
    if (content->changed && SUCCEEDED(store_enter(owner->store))) {
        if (owner->class->check == NULL || SUCCEEDED(owner->class->check(owner)))
            (void)commit(content);
        store_leave(owner->store);
    }
    spool_unref(content->spool);
    byte_buffer_free(&content->piece);
    free(content);
    object_release(&owner->object);
}

/* Before every change: a spool that was handed to the object, or came from it, is no longer ours alone. */
static HRESULT make_private(struct content *content)
{
    struct spool *copy;
    HRESULT hr;

    if (!content->writable)
        return STG_E_ACCESSDENIED;
    if (!spool_is_shared(content->spool))
        return S_OK;
    hr = spool_copy(content->spool, &copy);
    if (FAILED(hr))
        return hr;
    spool_unref(content->spool);
    content->spool = copy;
    return S_OK;
}

/* The piece must be one of the value that was opened, whatever has been saved since. */
static HRESULT fetch_piece(struct content *content, int64_t seq)
{
    struct host *owner = content->owner;
    uint64_t left = content->size - (uint64_t)seq * CHUNK_SIZE;
    HRESULT hr;

    byte_buffer_clear(&content->piece);
    content->seq = -1;
    hr = chunk_read(owner->store, owner->place, content->tag, seq, &content->piece);
    if (SUCCEEDED(hr) && content->piece.size != (left > CHUNK_SIZE ? CHUNK_SIZE : left))
        hr = chunk_changed();
    if (SUCCEEDED(hr))
        hr = chunk_check(owner->store, owner->place, content->tag, content->mark);
    if (SUCCEEDED(hr))
        content->seq = seq;
    return hr;
}

/* Reads from the chunk table, keeping the last piece, since clients read a few kilobytes at a time. */
static HRESULT read_chunks(struct content *content, uint64_t offset, unsigned char *bytes, size_t size, size_t *read)
{
    *read = 0;
    while (*read < size && offset < content->size) {
        int64_t seq = (int64_t)(offset / CHUNK_SIZE);
        size_t start = (size_t)(offset % CHUNK_SIZE);
        size_t part;

        if (content->seq != seq) {
            HRESULT hr = fetch_piece(content, seq);

            if (FAILED(hr))
                return hr;
        }
        part = content->piece.size - start;
        if (part > size - *read)
            part = size - *read;
        memcpy(bytes + *read, content->piece.bytes + start, part);
        *read += part;
        offset += part;
    }
    return S_OK;
}

static HRESULT content_read(struct content *content, uint64_t offset, void *bytes, size_t size, size_t *read)
{
    if (content->spool != NULL)
        return spool_read(content->spool, offset, bytes, size, read);
    return read_chunks(content, offset, bytes, size, read);
}

OBJECT_IUNKNOWN(stream, IStream)

static HRESULT STDMETHODCALLTYPE stream_read(IStream *This, void *bytes, ULONG size, ULONG *read)
{
    struct stream *stream = of(This);
    struct host *owner = stream->content->owner;
    HRESULT hr = host_enter(owner);
    size_t got = 0;

    if (read != NULL)
        *read = 0;
    if (FAILED(hr))
        return hr;
    hr = bytes == NULL && size > 0 ? STG_E_INVALIDPOINTER
                                   : content_read(stream->content, stream->position, bytes, size, &got);
    stream->position += got;
    if (read != NULL)
        *read = (ULONG)got;
    host_leave(owner);
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_write(IStream *This, const void *bytes, ULONG size, ULONG *written)
{
    struct stream *stream = of(This);
    struct content *content = stream->content;
    struct host *owner = content->owner;
    HRESULT hr = host_enter(owner);

    if (written != NULL)
        *written = 0;
    if (FAILED(hr))
        return hr;
    hr = bytes == NULL && size > 0 ? STG_E_INVALIDPOINTER : make_private(content);
    if (SUCCEEDED(hr))
        hr = spool_write(content->spool, stream->position, bytes, size);
    if (SUCCEEDED(hr)) {
        stream->position += size;
        content->changed = true;
        if (written != NULL)
            *written = size;
    }
    host_leave(owner);
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_seek(IStream *This, LARGE_INTEGER move, DWORD origin, ULARGE_INTEGER *position)
{
    struct stream *stream = of(This);
    struct host *owner = stream->content->owner;
    HRESULT hr = host_enter(owner);
    uint64_t base = 0;

    if (FAILED(hr))
        return hr;
    if (origin == STREAM_SEEK_CUR)
        base = stream->position;
    else if (origin == STREAM_SEEK_END)
        base = content_size(stream->content);
    else if (origin != STREAM_SEEK_SET)
        hr = STG_E_INVALIDFUNCTION;
    if (SUCCEEDED(hr) &&
        (move.QuadPart < 0 ? base < (uint64_t)0 - (uint64_t)move.QuadPart : base + (uint64_t)move.QuadPart > INT64_MAX))
        hr = fail(STG_E_INVALIDFUNCTION,
                  "The place to go to is before the beginning, or beyond what a stream can hold.");
    if (SUCCEEDED(hr)) {
        stream->position = base + (uint64_t)move.QuadPart;
        if (position != NULL)
            position->QuadPart = stream->position;
    }
    host_leave(owner);
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_set_size(IStream *This, ULARGE_INTEGER size)
{
    struct content *content = of(This)->content;
    struct host *owner = content->owner;
    HRESULT hr = host_enter(owner);

    if (FAILED(hr))
        return hr;
    hr = size.QuadPart > INT64_MAX ? STG_E_INVALIDFUNCTION : make_private(content);
    if (SUCCEEDED(hr))
        hr = spool_resize(content->spool, size.QuadPart);
    if (SUCCEEDED(hr))
        content->changed = true;
    host_leave(owner);
    return hr;
}

/* Whether the object is still there; what a method asks that does not stay in it. */
static HRESULT stream_check(IStream *This)
{
    struct host *owner = of(This)->content->owner;
    HRESULT hr = host_enter(owner);

    if (SUCCEEDED(hr))
        host_leave(owner);
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_copy_to(IStream *This, IStream *to, ULARGE_INTEGER size, ULARGE_INTEGER *read,
                                                ULARGE_INTEGER *written)
{
    uint64_t in = 0;
    uint64_t out = 0;
    HRESULT hr = stream_check(This);
    unsigned char *piece = NULL;

    if (SUCCEEDED(hr) && to == NULL)
        hr = STG_E_INVALIDPOINTER;

    if (SUCCEEDED(hr)) {
        piece = malloc(CHUNK_SIZE);
        if (piece == NULL)
            hr = MAPI_E_NOT_ENOUGH_MEMORY;
    }
    while (SUCCEEDED(hr) && in < size.QuadPart) {
        ULONG want = size.QuadPart - in > CHUNK_SIZE ? CHUNK_SIZE : (ULONG)(size.QuadPart - in);
        ULONG got = 0;
        ULONG put = 0;

        hr = stream_read(This, piece, want, &got);
        if (FAILED(hr) || got == 0)
            break;
        in += got;
        hr = to->lpVtbl->Write(to, piece, got, &put);
        out += put;
    }
    free(piece);
    if (read != NULL)
        read->QuadPart = in;
    if (written != NULL)
        written->QuadPart = out;
    return hr;
}

static HRESULT STDMETHODCALLTYPE stream_commit(IStream *This, DWORD flags)
{
    struct content *content = of(This)->content;
    struct host *owner = content->owner;
    HRESULT hr = host_enter(owner);

    (void)flags;
    if (FAILED(hr))
        return hr;
    hr = commit(content);
    host_leave(owner);
    return hr;
}

/* In direct mode there is nothing to revert to. */
static HRESULT STDMETHODCALLTYPE stream_revert(IStream *This)
{
    return stream_check(This);
}

static HRESULT STDMETHODCALLTYPE stream_lock(IStream *This, ULARGE_INTEGER offset, ULARGE_INTEGER size, DWORD type)
{
    HRESULT hr = stream_check(This);

    (void)offset, (void)size, (void)type;
    return FAILED(hr) ? hr : STG_E_INVALIDFUNCTION;
}

static HRESULT STDMETHODCALLTYPE stream_stat(IStream *This, STATSTG *stat, DWORD flags)
{
    struct content *content = of(This)->content;
    struct host *owner = content->owner;
    HRESULT hr = host_enter(owner);

    (void)flags; /* a property's stream has no name either way */
    if (FAILED(hr))
        return hr;
    if (stat == NULL) {
        hr = STG_E_INVALIDPOINTER;
    } else {
        memset(stat, 0, sizeof *stat);
        stat->type = STGTY_STREAM;
        stat->cbSize.QuadPart = content_size(content);
        stat->grfMode = content->writable ? STGM_READWRITE : STGM_READ;
    }
    host_leave(owner);
    return hr;
}

/* A stream over content, whose reference it takes over. */
static HRESULT make_stream(struct content *content, uint64_t position, IStream **out)
{
    struct stream *stream = calloc(1, sizeof *stream);

    if (stream == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    object_init(&stream->object, &stream_type, &stream_vtbl);
    stream->content = content;
    stream->position = position;
    *out = (IStream *)(void *)stream;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE stream_clone(IStream *This, IStream **out)
{
    struct stream *stream = of(This);
    struct host *owner = stream->content->owner;
    HRESULT hr = host_enter(owner);

    if (out != NULL)
        *out = NULL;
    if (FAILED(hr))
        return hr;
    hr = out == NULL ? STG_E_INVALIDPOINTER : make_stream(stream->content, stream->position, out);
    if (SUCCEEDED(hr))
        atomic_fetch_add(&stream->content->refs, 1);
    host_leave(owner);
    return hr;
}

static const IStreamVtbl stream_vtbl = {
    stream_query_interface, stream_addref, stream_release, stream_read, stream_write, stream_seek, stream_set_size,
    stream_copy_to,         stream_commit, stream_revert,  stream_lock, stream_lock,  stream_stat, stream_clone,
};

static void stream_destroy(struct object *object)
{
    struct stream *stream = (struct stream *)(void *)object;
    struct content *content = stream->content;

    object_retire(object);
    free(stream);
    content_unref(content);
}

static struct lifeline *stream_lifeline(struct object *object)
{
    return ((struct stream *)(void *)object)->content->owner->store->life;
}

static const GUID *const stream_iids[] = {&IID_IStream, &IID_ISequentialStream, NULL};
static const struct object_type stream_type = {OBJECT_STREAM, stream_iids, stream_destroy, stream_lifeline, NULL};

/* Whether the value can be read where it is: saved, large, and shown as it is stored. */
static bool can_read_chunks(const struct host *host, ULONG tag, uint64_t *size)
{
    const struct prop_entry *entry = prop_bag_find(&host->props.bag, tag);

    if (entry == NULL || entry->size != PROP_EXTERNAL || PROP_TYPE(tag) == PT_UNICODE ||
        PROP_TYPE(entry->tag) != PROP_TYPE(prop_stored_tag(tag)) || holder_staged(&host->props, tag) != NULL)
        return false;
    *size = entry->external_size;
    return true;
}

static HRESULT fill_content(struct host *host, ULONG flags, struct content *content)
{
    if ((flags & MAPI_CREATE) != 0) {
        content->changed = true; /* an empty property is one, too */
        content->spool = spool_create();
        return content->spool == NULL ? MAPI_E_NOT_ENOUGH_MEMORY : S_OK;
    }
    if ((flags & MAPI_MODIFY) == 0 && can_read_chunks(host, content->tag, &content->size))
        return chunk_mark(host->store, host->place, content->tag, &content->mark);
    return value_to_spool(host, content->tag, PROP_TYPE(content->tag) == PT_UNICODE, &content->spool);
}

HRESULT stream_open(struct host *host, ULONG tag, ULONG flags, LPUNKNOWN *out)
{
    struct content *content;
    IStream *stream = NULL;
    HRESULT hr;

    if (PROP_TYPE(tag) != PT_BINARY && PROP_TYPE(tag) != PT_UNICODE && PROP_TYPE(tag) != PT_STRING8)
        return fail(MAPI_E_INTERFACE_NOT_SUPPORTED, "Only text and binary properties can be opened as a stream.");
    if ((flags & (MAPI_MODIFY | MAPI_CREATE)) != 0 && host->class->computed(tag))
        return fail(MAPI_E_NO_ACCESS, "The property is computed by the store and cannot be written.");
    content = calloc(1, sizeof *content);
    if (content == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    atomic_init(&content->refs, 1);
    content->tag = tag;
    content->seq = -1;
    content->writable = (flags & (MAPI_MODIFY | MAPI_CREATE)) != 0;
    hr = fill_content(host, flags, content);
    if (SUCCEEDED(hr))
        hr = make_stream(content, 0, &stream);
    if (FAILED(hr)) {
        spool_unref(content->spool);
        free(content);
        return hr;
    }
    object_addref(&host->object);
    content->owner = host;
    *out = (LPUNKNOWN)(void *)stream;
    return S_OK;
}
