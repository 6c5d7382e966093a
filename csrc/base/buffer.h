/* base/buffer.h - MAPIAllocateBuffer, MAPIAllocateMore, MAPIFreeBuffer (mapiallocatebuffer.md and its two siblings).
 *
 * The three functions themselves are declared in <mapix.h>. A head owns a chain of children; freeing the head frees
 * them all. All are safe on any thread, including MAPIAllocateMore on one head from several threads at once;
 * freeing a head while another thread still adds to it is the caller's mistake.
 *
 * What is detected: a NULL result pointer, an impossible size, a child where a head belongs
 * (MAPI_E_INVALID_PARAMETER). MAPIFreeBuffer(NULL) is S_OK. Built with MAPI_DEBUG_BUFFERS defined, every head is
 * registered, so that a block freed twice or one that did not come from here answers MAPI_E_INVALID_PARAMETER too
 * instead of being undefined.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <mapix.h>

/* As MAPIAllocateBuffer, and keeps `room` more bytes in the same block from which later MAPIAllocateMore calls are
 * served, for those who know that they will ask for a few small children (table rows, GetProps). A child costs 8
 * bytes of room more than its size rounded up to 8. */
SCODE buffer_allocate_with_room(ULONG size, ULONG room, void **out);

/* Heads alive in this process: the "buffer" line of mapi.stats(). */
ULONG buffer_live(void);

#endif
