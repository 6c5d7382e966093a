/* store/spool.h - bytes of any number, not in the store yet: in memory while they are few, then in a file without a
 * name.
 *
 * What a client writes into a property's stream goes here and moves into the store when the object is saved. A spool
 * is counted; once a stream has been committed its spool is shared and no longer written.
 */
#ifndef STORE_SPOOL_H
#define STORE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <mapidefs.h>

struct spool;

/* A new empty spool with one reference; NULL when there is no memory. */
struct spool *spool_create(void);
struct spool *spool_ref(struct spool *spool);
void spool_unref(struct spool *spool); /* NULL is allowed */

/* Whether somebody else holds the spool too. */
bool spool_is_shared(const struct spool *spool);

uint64_t spool_size(const struct spool *spool);

/* Reads up to size bytes at offset; *read is less only at the end. MAPI_E_DISK_ERROR. */
HRESULT spool_read(struct spool *spool, uint64_t offset, void *bytes, size_t size, size_t *read);

/* Writes, growing the spool (a gap is filled with zeros). MAPI_E_NOT_ENOUGH_MEMORY, MAPI_E_NOT_ENOUGH_DISK,
 * MAPI_E_DISK_ERROR; on failure the size is what it was. */
HRESULT spool_write(struct spool *spool, uint64_t offset, const void *bytes, size_t size);

/* Cuts or extends with zeros. */
HRESULT spool_resize(struct spool *spool, uint64_t size);

/* A new spool with the same content. */
HRESULT spool_copy(struct spool *spool, struct spool **out);

/* The bytes where they are all in memory (valid until the next change), else NULL; an empty spool gives NULL. */
const unsigned char *spool_bytes(const struct spool *spool);

#endif
