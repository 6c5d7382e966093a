/* store/holder.h - the properties of one object of the store, in memory: small values at hand, large ones where they
 * are.
 *
 * A value of more than INLINE_LIMIT bytes is in one of three places: in memory because SetProps brought it, in a
 * spool because a stream did, or in the chunk table under the object's row because it was saved. Which one, the bag's
 * entry and the staged list say: an external entry that is not staged is in the table.
 */
#ifndef STORE_HOLDER_H
#define STORE_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/propbag.h"
#include "store/logon.h"
#include "store/spool.h"

struct staged {
    ULONG id; /* property id */
    struct spool *spool;
};

/* All zero is a valid empty holder. */
struct holder {
    struct prop_bag bag;
    struct staged *staged;
    size_t staged_count;
    ULONG *stale; /* ids whose rows in the chunk table no longer hold */
    size_t stale_count;
    size_t stale_capacity;
};

/* Where an object's chunks are. */
struct place {
    enum chunk_owner kind;
    int64_t row; /* 0: never saved */
};

void holder_clear(struct holder *holder);

/* Replaces the content of `to`; unchanged on failure. Spools are shared. */
HRESULT holder_copy(struct holder *to, const struct holder *from);

/* Sets a value; on failure nothing has changed. holder_set_spool shares the spool, whose bytes are the payload. */
HRESULT holder_set(struct holder *holder, const SPropValue *value);
HRESULT holder_set_payload(struct holder *holder, ULONG tag, const void *bytes, size_t size);
HRESULT holder_set_long(struct holder *holder, ULONG tag, ULONG value);
HRESULT holder_set_time(struct holder *holder, ULONG tag, int64_t ticks);
HRESULT holder_set_spool(struct holder *holder, ULONG tag, struct spool *spool);

/* Overwrites a number or time that is there already; cannot fail. */
void holder_poke_long(struct holder *holder, ULONG tag, ULONG value);
void holder_poke_time(struct holder *holder, ULONG tag, int64_t ticks);

/* MAPI_E_NOT_FOUND, MAPI_E_NOT_ENOUGH_MEMORY. */
HRESULT holder_remove(struct holder *holder, ULONG tag);

/* Small values at hand: the payload's number, or the default where there is none. */
ULONG holder_long(const struct holder *holder, ULONG tag, ULONG otherwise);
int64_t holder_time(const struct holder *holder, ULONG tag, int64_t otherwise);
bool holder_has(const struct holder *holder, ULONG tag);

/* As prop_bag_get; values that need no stream are fetched from wherever they are. */
HRESULT holder_get(const struct holder *holder, struct store *store, struct place place, ULONG tag, ULONG flags,
                   void *head, SPropValue *out);

/* The spool of a staged value, or NULL. */
struct spool *holder_staged(const struct holder *holder, ULONG tag);

/* Bytes of all payloads. */
uint64_t holder_size(const struct holder *holder);

/* Appends the bag as a blob (base/propbag.h), leaving out what skip (may be NULL) answers true for; large values become
 * external. */
HRESULT holder_encode(const struct holder *holder, bool (*skip)(const struct prop_entry *entry),
                      struct byte_buffer *out);

/* Whether a value goes to the chunk table instead of the blob. */
bool entry_is_large(const struct prop_entry *entry);

/* Appends a value's payload, wherever it is. MAPI_E_NOT_FOUND; MAPI_E_NOT_ENOUGH_MEMORY where only a
 * stream reads it. */
HRESULT holder_payload(const struct holder *holder, struct store *store, struct place place, ULONG tag,
                       struct byte_buffer *out);

/* Inside a transaction: brings the chunk table in line with the holder. `place.row` is the row just written; fresh
 * says that it had no chunks before. holder_settle is called once the transaction has been committed, and cannot
 * fail. */
HRESULT holder_write_chunks(const struct holder *holder, struct store *store, struct place place, bool fresh);
void holder_settle(struct holder *holder);

/* For an object that somebody else has saved meanwhile, as `theirs`: large values that are in the chunk table and not in
 * memory become what they are there now. */
HRESULT holder_take_over(struct holder *ours, const struct holder *theirs);

/* Deletes all chunks of an object. */
HRESULT chunks_delete(struct store *store, struct place place);

/* Copies all chunks of an object to another. */
HRESULT chunks_copy(struct store *store, struct place from, int64_t to_row);

/* One piece, as far as it exists, appended to out. */
HRESULT chunk_read(struct store *store, struct place place, ULONG tag, int64_t seq, struct byte_buffer *out);

/* All pieces of a value of that size. MAPI_E_OBJECT_CHANGED: it was replaced meanwhile. */
HRESULT chunks_read(struct store *store, struct place place, ULONG tag, uint64_t size, struct byte_buffer *out);

/* What tells one value of several pieces from the one that replaces it; whoever reads pieces one at a time asks for it
 * first and has it checked after each piece: MAPI_E_OBJECT_CHANGED. 0: the value has none. */
HRESULT chunk_mark(struct store *store, struct place place, ULONG tag, uint64_t *mark);
HRESULT chunk_check(struct store *store, struct place place, ULONG tag, uint64_t mark);

/* That failure, for who finds a piece of another size than it must be. */
HRESULT chunk_changed(void);

#endif
