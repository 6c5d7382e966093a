#include "mailbox/keys.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "base/failure.h"

enum { FIRST_CAPACITY = 1024, ROWS = 1000 };

/* Where the digest is, or would be. Digests are as good as random numbers. */
static struct key *find(const struct keys *keys, const unsigned char *digest)
{
    size_t at;

    memcpy(&at, digest, sizeof at);
    for (;; at++) {
        struct key *key = &keys->slots[at & (keys->capacity - 1)];

        if (key->present == 0 || memcmp(key->bytes, digest, DIGEST_SIZE) == 0)
            return key;
    }
}

static HRESULT grow(struct keys *keys)
{
    struct keys grown = {NULL, keys->capacity == 0 ? FIRST_CAPACITY : keys->capacity * 2, keys->count};

    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "There is not enough memory to remember which messages the folder has.");
    for (size_t i = 0; i < keys->capacity; i++)
        if (keys->slots[i].present != 0)
            *find(&grown, keys->slots[i].bytes) = keys->slots[i];
    free(keys->slots);
    *keys = grown;
    return S_OK;
}

HRESULT keys_add(struct keys *keys, const unsigned char digest[DIGEST_SIZE])
{
    HRESULT hr = keys->count * 2 < keys->capacity ? S_OK : grow(keys);
    struct key *key;

    if (FAILED(hr))
        return hr;
    key = find(keys, digest);
    if (key->present == 0) {
        memcpy(key->bytes, digest, DIGEST_SIZE);
        keys->count++;
    }
    key->present++;
    return hr;
}

bool keys_meet(struct keys *keys, const unsigned char digest[DIGEST_SIZE])
{
    struct key *key = keys->capacity == 0 ? NULL : find(keys, digest);

    return key != NULL && key->present != 0 && ++key->met <= key->present;
}

void keys_unmeet(struct keys *keys, const unsigned char digest[DIGEST_SIZE])
{
    struct key *key = keys->capacity == 0 ? NULL : find(keys, digest);

    if (key != NULL && key->present != 0)
        key->met--;
}

void keys_clear(struct keys *keys)
{
    free(keys->slots);
    memset(keys, 0, sizeof *keys);
}

static HRESULT read_rows(struct keys *keys, IMAPITable *table, bool *finished)
{
    SRowSet *rows = NULL;
    HRESULT hr = table->lpVtbl->QueryRows(table, ROWS, 0, &rows);

    *finished = SUCCEEDED(hr) && rows->cRows == 0;
    for (ULONG i = 0; SUCCEEDED(hr) && i < rows->cRows; i++) {
        const SPropValue *value = rows->aRow[i].cValues == 0 ? NULL : rows->aRow[i].lpProps;

        if (value != NULL && value->ulPropTag == PR_SEARCH_KEY && value->Value.bin.cb == DIGEST_SIZE)
            hr = keys_add(keys, value->Value.bin.lpb);
    }
    FreeProws(rows);
    return hr;
}

HRESULT keys_read(struct keys *keys, IMAPIFolder *folder)
{
    static const SizedSPropTagArray(1, columns) = {1, {PR_SEARCH_KEY}};
    IMAPITable *table = NULL;
    bool finished = false;
    HRESULT hr = folder->lpVtbl->GetContentsTable(folder, 0, &table);

    if (SUCCEEDED(hr))
        hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)(uintptr_t)&columns, 0);
    while (SUCCEEDED(hr) && !finished)
        hr = read_rows(keys, table, &finished);
    if (table != NULL)
        table->lpVtbl->Release(table);
    return hr;
}
