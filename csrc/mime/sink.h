/*
 * mime/sink.h - a GMimeStream that hands what is written to a function.
 */
#ifndef MIME_SINK_H
#define MIME_SINK_H

#include <gmime/gmime.h>
#include <mapidefs.h>

/* Takes bytes; after its first failure it is not called again. */
typedef HRESULT mime_sink_write(void *context, const void *bytes, size_t size);

struct mime_sink {
    mime_sink_write *write;
    void *context;
    HRESULT failure;
};

/* The sink must outlive the stream. */
GMimeStream *mime_sink_stream(struct mime_sink *sink);

#endif
