/* base/memstream.h - IStream over bytes in memory: what OpenProperty(IID_IStream) hands out.
 *
 * Streams are in direct mode: what one writes can be read back at once, Revert does nothing. Commit hands the whole
 * content to the owner. Clones share the content and have a position of their own. Locking regions is not supported
 * (STG_E_INVALIDFUNCTION).
 */
#ifndef BASE_MEMSTREAM_H
#define BASE_MEMSTREAM_H

#include <stddef.h>

#include <mapidefs.h>

#include "base/lifeline.h"

/* Where a writer's bytes go. Called with the lifeline entered, from Commit and from the last Release if something
 * was written since; never after the lifeline has ended (L15: what was not saved is discarded). Its failure is
 * Commit's answer. */
typedef HRESULT (*memstream_commit)(void *context, const void *bytes, size_t size);

/* A stream that can only be read (writing: STG_E_ACCESSDENIED), over a copy of the bytes. life as for
 * memtable_create. */
HRESULT memstream_create_reader(struct lifeline *life, const void *bytes, size_t size, IStream **out);

/* The same over malloc'd bytes that become the stream's on success and stay the caller's on failure. */
HRESULT memstream_adopt_reader(struct lifeline *life, unsigned char *bytes, size_t size, IStream **out);

/* A stream that can be read and written, with a copy of `initial` as its first content and its position at 0.
 * `dispose` (may be NULL) is called once with the context when the last stream over the content is gone, after the
 * last commit, and not when this function fails. */
HRESULT memstream_create_writer(struct lifeline *life, memstream_commit commit, void (*dispose)(void *context),
                                void *context, const void *initial, size_t size, IStream **out);

/* Makes an open stream count as changed, so that its first Commit or its last Release calls commit even if nothing is
 * written: OpenProperty with MAPI_CREATE creates an empty property. For streams of memstream_create_writer only. */
void memstream_touch(IStream *stream);

#endif
