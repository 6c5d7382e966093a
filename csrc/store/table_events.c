#include "store/table_events.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "base/list_table.h"
#include "store/logon.h"

/* ---- telling ---- */

static void set_key(SPropValue *value, const struct table_key *key, unsigned char *place)
{
    value->ulPropTag = PR_NULL;
    if (key == NULL || key->size == 0)
        return;
    memcpy(place, key->bytes, key->size);
    value->ulPropTag = PR_INSTANCE_KEY;
    value->Value.bin.cb = key->size;
    value->Value.bin.lpb = place;
}

void table_post(const struct table_listening *listening, ULONG what, const struct table_key *row,
                const struct table_key *prior, ULONG count, LPSPropValue values)
{
    unsigned char keys[2][sizeof row->bytes];
    NOTIFICATION notification;
    TABLE_NOTIFICATION *info = &notification.info.tab;

    memset(&notification, 0, sizeof notification);
    notification.ulEventType = fnevTableModified;
    info->ulTableEvent = what;
    set_key(&info->propIndex, row, keys[0]);
    set_key(&info->propPrior, prior, keys[1]);
    if (values != NULL) {
        info->row.cValues = count;
        info->row.lpProps = values;
    }
    events_notify(listening->store, &listening->source, &notification);
}

void table_post_changed(const struct table_listening *listening)
{
    table_post(listening, TABLE_CHANGED, NULL, NULL, 0, NULL);
}

void table_events_tell(struct store *store, const struct table_change *change)
{
    const struct table_listening *each;

    for (each = store->events->tables; each != NULL; each = each->next)
        if (FAILED(each->class->tell(each->table, change)))
            table_post_changed(each);
}

void table_events_settle(struct store *store)
{
    const struct table_listening *each;

    for (each = store->events->tables; each != NULL; each = each->next)
        if (each->class->settle != NULL && FAILED(each->class->settle(each->table)))
            table_post_changed(each);
}

void table_events_reload(struct store *store)
{
    const struct table_listening *each;

    for (each = store->events->tables; each != NULL; each = each->next) {
        each->class->begin(each->table);
        table_post(each, TABLE_RELOAD, NULL, NULL, 0, NULL);
    }
}

/* ---- registering ---- */

static void unlink_listening(struct table_listening *listening)
{
    struct table_listening **link = &listening->store->events->tables;

    while (*link != listening)
        link = &(*link)->next;
    *link = listening->next;
}

/* Takes a table without registrations out. */
static void drop(struct table_listening *listening)
{
    unlink_listening(listening);
    *listening->slot = NULL;
    listening->class->end(listening->table);
    free(listening->numbers);
    free(listening);
}

static HRESULT make_listening(struct store *store, struct table_listening *_Atomic *slot,
                              const struct table_listener *class, void *table)
{
    struct events *events = store->events;
    struct table_listening *listening = calloc(1, sizeof *listening);

    if (listening == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    listening->slot = slot;
    listening->store = store;
    listening->class = class;
    listening->table = table;
    listening->source.kind = EVENT_SOURCE_TABLE;
    listening->source.row = ++events->last_table;
    listening->next = events->tables;
    events->tables = listening;
    *slot = listening;
    class->begin(table);
    return S_OK;
}

static HRESULT add(struct table_listening *listening, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    ULONG_PTR *numbers = realloc(listening->numbers, (listening->count + 1) * sizeof *numbers);
    HRESULT hr;

    if (numbers == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    listening->numbers = numbers;
    hr = events_subscribe(listening->store, &listening->source, fnevTableModified, sink, connection);
    if (SUCCEEDED(hr))
        numbers[listening->count++] = *connection;
    return hr;
}

HRESULT table_advise(struct store *store, struct table_listening *_Atomic *slot, const struct table_listener *class,
                     void *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    struct table_listening *listening;
    HRESULT hr;

    hr = list_table_check_advise(mask, sink, connection);
    if (FAILED(hr))
        return hr;
    hr = events_start(store);
    if (SUCCEEDED(hr) && *slot == NULL)
        hr = make_listening(store, slot, class, table);
    if (SUCCEEDED(hr))
        hr = add(*slot, sink, connection);
    listening = *slot;
    if (FAILED(hr) && listening != NULL && listening->count == 0)
        drop(listening);
    if (FAILED(hr))
        events_stop_idle(store);
    return hr;
}

HRESULT table_unadvise(struct store *store, struct table_listening *_Atomic *slot, ULONG_PTR connection)
{
    struct table_listening *listening = *slot;
    size_t at = 0;

    while (listening != NULL && at < listening->count && listening->numbers[at] != connection)
        at++;
    if (listening == NULL || at == listening->count)
        return fail(MAPI_E_NOT_FOUND, "The table has no registration with this number.");
    listening->numbers[at] = listening->numbers[--listening->count];
    if (listening->count == 0) {
        drop(listening);
        events_stop_idle(store);
    }
    events_unsubscribe(store, connection); /* at last: the sink's last Release may unadvise others */
    return S_OK;
}

static void unsubscribe_all(const struct table_listening *listening)
{
    size_t i;

    for (i = 0; i < listening->count; i++)
        events_unsubscribe(listening->store, listening->numbers[i]);
}

void table_events_forget(struct store *store, struct table_listening *_Atomic *slot)
{
    bool inherited = lifeline_inherited(store->life);

    /* Where the lifeline has ended, nothing is left of this; after a fork, nobody else is there. */
    if (*slot == NULL || (!inherited && FAILED(lifeline_enter(store->life))))
        return;
    if (*slot != NULL) {
        unsubscribe_all(*slot);
        drop(*slot);
    }
    if (inherited)
        return;
    lifeline_leave(store->life);
    if (SUCCEEDED(store_enter(store))) {
        events_stop_idle(store);
        store_leave(store);
    }
}

void table_events_end(struct store *store)
{
    while (store->events->tables != NULL) {
        unsubscribe_all(store->events->tables);
        drop(store->events->tables);
    }
}
