/* IMsgStore::Advise and IMSLogon::Advise (imsgstore-advise.md, imslogon-advise.md) over IMAPISupport's Subscribe, Unsubscribe and
 * Notify (declared in events.h).
 *
 * The key of a registration is the store's uid, the number of the logon among its listeners, and the object: each logon reads the
 * changes for itself, so that those registered through another one must not be reached as well.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/byte_buffer.h"
#include "base/failure.h"
#include "store/entryid.h"
#include "store/events.h"
#include "store/logon.h"

/* fnevTableModified brings TABLE_RELOAD, which everybody gets whatever his mask. */
static const ULONG events_known = fnevCriticalError | fnevNewMail | fnevObjectCreated | fnevObjectDeleted |
                                  fnevObjectModified | fnevObjectMoved | fnevObjectCopied | fnevSearchComplete |
                                  fnevTableModified | fnevExtended;

union source_key {
    NOTIFKEY key;
    struct {
        ULONG size;
        BYTE uid[sizeof(MAPIUID)];
        BYTE listener[8];
        BYTE kind[4];
        BYTE row[8];
    } parts;
};

_Static_assert(offsetof(union source_key, parts.uid) == offsetof(NOTIFKEY, ab), "a key begins where its size ends");

static void put_number(BYTE *out, size_t size, uint64_t number)
{
    size_t i;

    for (i = 0; i < size; i++)
        out[i] = (BYTE)(number >> (8 * i));
}

static LPNOTIFKEY make_key(const struct store *store, const struct event_source *source, union source_key *out)
{
    out->parts.size = (ULONG)(sizeof out->parts - offsetof(NOTIFKEY, ab));
    memcpy(out->parts.uid, store->uid.ab, sizeof out->parts.uid);
    put_number(out->parts.listener, sizeof out->parts.listener, (uint64_t)store->events->name);
    put_number(out->parts.kind, sizeof out->parts.kind, source->kind);
    put_number(out->parts.row, sizeof out->parts.row, (uint64_t)source->row);
    return &out->key;
}

static HRESULT check_exists(struct store *store, const struct event_source *source)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db,
                                  source->kind == MAPI_FOLDER ? "SELECT 1 FROM folder WHERE id = ?1"
                                                              : "SELECT 1 FROM message WHERE id = ?1",
                                  &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, source->row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The object could not be looked up");
    database_done(statement);
    return SUCCEEDED(hr) && rc != SQLITE_ROW ? fail(MAPI_E_NOT_FOUND, "The object does not exist any more.") : hr;
}

/* The whole store is meant by no entry identifier and by the store's own, wrapped or not. */
static HRESULT find_source(struct store *store, ULONG size, const ENTRYID *id, struct event_source *out)
{
    unsigned char own[STORE_ENTRYID_SIZE];
    HRESULT hr;

    out->kind = MAPI_STORE;
    out->row = 0;
    store_entryid_make(&store->uid, own);
    if (id == NULL)
        return size == 0 ? S_OK : MAPI_E_INVALID_PARAMETER;
    if ((size == store->entryid_size && memcmp(id, store->entryid, size) == 0) ||
        (size == sizeof own && memcmp(id, own, size) == 0))
        return S_OK;
    hr = object_entryid_parse(&store->uid, size, id, &out->kind, &out->row);
    return SUCCEEDED(hr) ? check_exists(store, out) : hr;
}

static HRESULT check_arguments(ULONG mask, const IMAPIAdviseSink *sink, const ULONG_PTR *connection)
{
    if (connection == NULL || sink == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "Advise needs an advise sink, and a place for the connection's number.");
    if ((mask & ~events_known) != 0)
        return fail(MAPI_E_INVALID_PARAMETER, "Advise does not know the events 0x%08x, or they are reserved.",
                    (unsigned)(mask & ~events_known));
    return S_OK;
}

HRESULT events_subscribe(struct store *store, const struct event_source *source, ULONG mask, LPMAPIADVISESINK sink,
                         ULONG_PTR *number)
{
    union source_key key;

    return store->support->lpVtbl->Subscribe(store->support, make_key(store, source, &key), mask, 0, sink, number);
}

/* In a child of a fork there is nothing to be undone: it is the parent's. */
void events_unsubscribe(struct store *store, ULONG_PTR number)
{
    if (store->support != NULL && !lifeline_inherited(store->life))
        (void)store->support->lpVtbl->Unsubscribe(store->support, number);
}

void events_notify(struct store *store, const struct event_source *source, NOTIFICATION *notification)
{
    union source_key key;
    ULONG flags = 0;

    (void)store->support->lpVtbl->Notify(store->support, make_key(store, source, &key), 1, notification, &flags);
}

static HRESULT add(struct store *store, struct registration *registration, LPMAPIADVISESINK sink)
{
    HRESULT hr = events_start(store);

    if (FAILED(hr))
        return hr;
    hr = events_subscribe(store, &registration->source, registration->mask | fnevTableModified, sink,
                          &registration->number);
    if (FAILED(hr)) {
        events_stop_idle(store);
        return hr;
    }
    registration->next = store->events->registrations;
    store->events->registrations = registration;
    if (registration->routed)
        store_attach(store);
    return S_OK;
}

HRESULT store_advise(struct store *store, bool routed, ULONG size, const ENTRYID *id, ULONG mask, LPMAPIADVISESINK sink,
                     ULONG_PTR *connection)
{
    struct registration *registration;
    struct event_source source;
    HRESULT hr = check_arguments(mask, sink, connection);

    if (SUCCEEDED(hr))
        hr = find_source(store, size, id, &source);
    if (FAILED(hr))
        return hr;
    registration = calloc(1, sizeof *registration);
    if (registration == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    registration->source = source;
    registration->mask = mask;
    registration->routed = routed;
    hr = add(store, registration, sink);
    if (SUCCEEDED(hr))
        *connection = registration->number;
    else
        free(registration);
    return hr;
}

HRESULT store_unadvise(struct store *store, bool routed, ULONG_PTR connection)
{
    struct registration **link = store->events != NULL ? &store->events->registrations : NULL;
    struct registration *found;

    while (link != NULL && *link != NULL && ((*link)->number != connection || (*link)->routed != routed))
        link = &(*link)->next;
    if (link == NULL || *link == NULL)
        return fail(MAPI_E_NOT_FOUND, "The store has no registration with this number.");
    found = *link;
    *link = found->next;
    events_unsubscribe(store, found->number);
    free(found);
    events_stop_idle(store);
    return S_OK;
}

void events_post(struct store *store, const struct event_source *source, NOTIFICATION *notification)
{
    const struct registration *each;

    for (each = store->events->registrations; each != NULL; each = each->next)
        if (each->source.kind == source->kind && each->source.row == source->row &&
            ((each->mask | fnevTableModified) & notification->ulEventType) != 0)
            break;
    if (each != NULL)
        events_notify(store, source, notification);
}
