/* IStream over memory, for what the converter reads and writes.
 *
 * The binding's own, because it may not use the core's: the same binding drives foreign MAPI. Used by the calling
 * thread only, during one native call; nothing of Lua is called in any method. */
#ifndef LM_LUASTREAM_H
#define LM_LUASTREAM_H

#include <stddef.h>

#include <mapidefs.h>

/* A reader over bytes that the caller keeps until the stream is released. MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT lm_reader_create(const void *bytes, size_t length, IStream **out);

/* An empty stream that grows as it is written, and its content so far (valid until it is written again or released). */
HRESULT lm_writer_create(IStream **out);
const void *lm_writer_content(IStream *writer, size_t *length);

#endif
