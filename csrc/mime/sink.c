#include "mime/sink.h"

#include <errno.h>

typedef struct {
    GMimeStream parent_object;
    struct mime_sink *sink;
} MimeSinkStream;

typedef GMimeStreamClass MimeSinkStreamClass;

static ssize_t sink_write(GMimeStream *stream, const char *bytes, size_t size)
{
    struct mime_sink *sink = ((MimeSinkStream *)(void *)stream)->sink;

    if (SUCCEEDED(sink->failure) && size != 0)
        sink->failure = sink->write(sink->context, bytes, size);
    if (FAILED(sink->failure)) {
        errno = EIO;
        return -1;
    }
    stream->position += (gint64)size;
    return (ssize_t)size;
}

static ssize_t sink_read(GMimeStream *stream, char *bytes, size_t size)
{
    (void)stream;
    (void)bytes;
    (void)size;
    errno = EBADF;
    return -1;
}

static int sink_nothing(GMimeStream *stream)
{
    (void)stream;
    return 0;
}

static gboolean sink_eos(GMimeStream *stream)
{
    (void)stream;
    return TRUE;
}

static gint64 sink_seek(GMimeStream *stream, gint64 offset, GMimeSeekWhence whence)
{
    (void)stream;
    (void)offset;
    (void)whence;
    errno = ESPIPE;
    return -1;
}

static gint64 sink_tell(GMimeStream *stream)
{
    return stream->position;
}

static gint64 sink_length(GMimeStream *stream)
{
    return stream->position;
}

static GMimeStream *sink_substream(GMimeStream *stream, gint64 start, gint64 end)
{
    (void)stream;
    (void)start;
    (void)end;
    return NULL;
}

static void sink_class_init(gpointer class, gpointer data)
{
    GMimeStreamClass *stream = class;

    (void)data;
    stream->read = sink_read;
    stream->write = sink_write;
    stream->flush = sink_nothing;
    stream->close = sink_nothing;
    stream->eos = sink_eos;
    stream->reset = sink_nothing;
    stream->seek = sink_seek;
    stream->tell = sink_tell;
    stream->length = sink_length;
    stream->substream = sink_substream;
}

static GType sink_type(void)
{
    static gsize type = 0;

    if (g_once_init_enter(&type)) {
        GType made = g_type_register_static_simple(GMIME_TYPE_STREAM, "LuaMapiSinkStream", sizeof(MimeSinkStreamClass),
                                                   sink_class_init, sizeof(MimeSinkStream), NULL, (GTypeFlags)0);
        g_once_init_leave(&type, made);
    }
    return type;
}

GMimeStream *mime_sink_stream(struct mime_sink *sink)
{
    MimeSinkStream *made = g_object_new(sink_type(), NULL);

    g_mime_stream_construct(&made->parent_object, 0, -1);
    made->sink = sink;
    return &made->parent_object;
}
