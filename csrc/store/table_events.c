#include "store/table_events.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/contents.h"
#include "store/entryid.h"
#include "store/events.h"
#include "store/tree.h"

struct table_listening {
    struct table_listening *next; /* of the logon's */
    struct contents *table;
    struct event_source source;
    ULONG_PTR *numbers;
    size_t count;
    struct row_list members; /* by id, where has_members */
    bool members_lost;       /* there was no memory for them: then the table has changed, whatever happens */
};

/* ---- the rows, of a table where a changed message does not say by itself whether it was one ---- */

static bool has_members(const struct contents *table)
{
    return table->restriction != NULL || table->source == OF_SEARCH;
}

static HRESULT add_member(struct contents *table, sqlite3_stmt *statement, const struct cursor *row, void *context,
                          bool *stop)
{
    int64_t id = table->order == ORDER_BY_LIST ? table->list[row->id] : row->id;

    (void)statement, (void)stop;
    return id > 0 ? row_list_add(context, id) : S_OK; /* headings are no messages */
}

static int by_id(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

static void collect_members(struct table_listening *listening)
{
    static const struct cursor start = {PLACE_START, 0, 0};
    static const struct cursor list_start = {PLACE_AT, 0, 0};
    struct contents *table = listening->table;
    struct selection selection;
    HRESULT hr = S_OK;

    row_list_free(&listening->members);
    memset(&listening->members, 0, sizeof listening->members);
    if (has_members(table)) {
        memset(&selection, 0, sizeof selection);
        selection_add_own(&selection, table);
        hr = contents_walk(table, table->order == ORDER_BY_LIST ? &list_start : &start, false, &selection, NULL, 0,
                           add_member, &listening->members);
    }
    if (SUCCEEDED(hr) && listening->members.count > 0)
        qsort(listening->members.rows, listening->members.count, sizeof *listening->members.rows, by_id);
    listening->members_lost = FAILED(hr);
}

/* Where the row is, or belongs. */
static size_t member_place(const struct table_listening *listening, int64_t row)
{
    size_t low = 0;
    size_t high = listening->members.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (listening->members.rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_member(const struct table_listening *listening, int64_t row)
{
    size_t at = member_place(listening, row);

    return at < listening->members.count && listening->members.rows[at] == row;
}

static void put_member(struct table_listening *listening, int64_t row, bool in)
{
    struct row_list *members = &listening->members;
    size_t at = member_place(listening, row);
    bool was = is_member(listening, row);

    if (in && !was) {
        if (FAILED(row_list_add(members, row))) {
            listening->members_lost = true;
            return;
        }
        memmove(members->rows + at + 1, members->rows + at, (members->count - 1 - at) * sizeof *members->rows);
        members->rows[at] = row;
    } else if (!in && was) {
        memmove(members->rows + at, members->rows + at + 1, (members->count - 1 - at) * sizeof *members->rows);
        members->count--;
    }
}

/* ---- one row as it is now ---- */

struct present {
    bool there;
    int64_t key; /* delivery time */
    LPSPropValue values;
};

static HRESULT read_present(struct contents *table, int64_t row, struct present *out)
{
    sqlite3_stmt *statement = NULL;
    struct row_view view;
    HRESULT hr;
    int rc;

    memset(out, 0, sizeof *out);
    if (row > table->newest)
        return S_OK;
    hr = contents_prepare_one(table, &table->selection, &table->filter, &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 3, row);
    rc = sqlite3_step(statement);
    hr = database_error(table->store->db, rc, "The changed message could not be read");
    if (rc == SQLITE_ROW) {
        row_view_begin(&view, table, &table->selection);
        hr = row_view_matches(&view, statement, table->filter.exact ? NULL : table->restriction, &out->there);
        row_view_end(&view);
        out->key = sqlite3_column_int64(statement, 1);
        if (SUCCEEDED(hr) && out->there)
            hr = contents_read_row(table, statement, row, &out->values);
    }
    sqlite3_finalize(statement);
    return hr;
}

static HRESULT take_id(struct contents *table, sqlite3_stmt *statement, const struct cursor *row, void *context,
                       bool *stop)
{
    (void)table, (void)statement;
    *(int64_t *)context = row->id;
    *stop = true;
    return S_OK;
}

/* The row before it; 0: none. */
static HRESULT find_prior(struct contents *table, int64_t row, int64_t key, int64_t *prior)
{
    const struct cursor place = {PLACE_AT, key, row};
    struct selection selection;

    *prior = 0;
    memset(&selection, 0, sizeof selection);
    selection_add_own(&selection, table);
    return contents_walk(table, &place, true, &selection, NULL, 1, take_id, prior);
}

/* ---- telling ---- */

static void set_key(SPropValue *value, int64_t row, unsigned char *place)
{
    instance_key_make(row, place);
    value->ulPropTag = PR_INSTANCE_KEY;
    value->Value.bin.cb = INSTANCE_KEY_SIZE;
    value->Value.bin.lpb = place;
}

static void post(struct table_listening *listening, ULONG what, int64_t row, int64_t prior, LPSPropValue values)
{
    unsigned char keys[2][INSTANCE_KEY_SIZE];
    NOTIFICATION notification;
    TABLE_NOTIFICATION *info = &notification.info.tab;

    memset(&notification, 0, sizeof notification);
    notification.ulEventType = fnevTableModified;
    info->ulTableEvent = what;
    info->propIndex.ulPropTag = PR_NULL;
    info->propPrior.ulPropTag = PR_NULL;
    if (row != 0)
        set_key(&info->propIndex, row, keys[0]);
    if (prior != 0)
        set_key(&info->propPrior, prior, keys[1]);
    if (values != NULL) {
        info->row.cValues = listening->table->columns->cValues;
        info->row.lpProps = values;
    }
    events_notify(listening->table->store, &listening->source, &notification);
}

/* A row that may be there now. `was`: it was a row of the table before. `stays`: what has changed is only whether it is
 * one. */
static HRESULT tell_present(struct table_listening *listening, int64_t row, bool was, bool stays)
{
    struct contents *table = listening->table;
    struct present present;
    int64_t prior = 0;
    HRESULT hr = read_present(table, row, &present);
    bool tells = SUCCEEDED(hr) && (!stays || present.there != was);

    if (SUCCEEDED(hr) && has_members(table))
        put_member(listening, row, present.there);
    if (tells && present.there && table->order != ORDER_BY_LIST)
        hr = find_prior(table, row, present.key, &prior);
    tells = tells && SUCCEEDED(hr);
    if (tells && !present.there && was)
        post(listening, TABLE_ROW_DELETED, row, 0, NULL);
    else if (tells && present.there && table->order == ORDER_BY_LIST)
        post(listening, TABLE_CHANGED, 0, 0, NULL); /* its place is only known when it is sorted again */
    else if (tells && present.there)
        post(listening, was ? TABLE_ROW_MODIFIED : TABLE_ROW_ADDED, row, prior, present.values);
    MAPIFreeBuffer(present.values);
    return hr;
}

/* Of a search folder: any message may be one of its rows, whatever folder it is in. */
static HRESULT tell_search(struct table_listening *listening, const struct table_change *change)
{
    const struct contents *table = listening->table;
    bool of_search = change->event == EVENT_FOUND || change->event == EVENT_SEARCHED;

    if (change->associated || (of_search && change->folder != table->folder))
        return S_OK;
    if (change->event == EVENT_SEARCHED)
        collect_members(listening);
    if (change->event == EVENT_SEARCHED || listening->members_lost) {
        post(listening, TABLE_CHANGED, 0, 0, NULL);
        return S_OK;
    }
    return tell_present(listening, change->row, is_member(listening, change->row), of_search);
}

static HRESULT tell_folder(struct table_listening *listening, const struct table_change *change)
{
    const struct contents *table = listening->table;
    bool moved = change->event == fnevObjectMoved;
    bool gone = change->event == fnevObjectDeleted ? change->folder == table->folder
                                                   : moved && change->old_folder == table->folder;
    bool here = change->event != fnevObjectDeleted && change->folder == table->folder;
    bool was = gone || change->event == fnevObjectModified;

    if (change->associated != table->associated || (!gone && !here))
        return S_OK;
    if (listening->members_lost) {
        post(listening, TABLE_CHANGED, 0, 0, NULL);
        return S_OK;
    }
    if (table->restriction != NULL)
        was = is_member(listening, change->row);
    if (here)
        return tell_present(listening, change->row, was, false);
    put_member(listening, change->row, false);
    if (was && change->row <= table->newest)
        post(listening, TABLE_ROW_DELETED, change->row, 0, NULL);
    return S_OK;
}

static HRESULT tell(struct table_listening *listening, const struct table_change *change)
{
    if (listening->table->source == OF_SEARCH)
        return tell_search(listening, change);
    return change->event == EVENT_FOUND || change->event == EVENT_SEARCHED ? S_OK : tell_folder(listening, change);
}

/* What cannot be read well enough to be told is told as a change that says "look". */
void table_events_tell(struct store *store, const struct table_change *change)
{
    struct table_listening *each;

    for (each = store->events->tables; each != NULL; each = each->next)
        if (FAILED(tell(each, change)))
            post(each, TABLE_CHANGED, 0, 0, NULL);
}

void table_events_reload(struct store *store)
{
    struct table_listening *each;

    for (each = store->events->tables; each != NULL; each = each->next) {
        collect_members(each);
        post(each, TABLE_RELOAD, 0, 0, NULL);
    }
}

/* ---- registering ---- */

static void unlink_listening(struct table_listening *listening)
{
    struct table_listening **link = &listening->table->store->events->tables;

    while (*link != listening)
        link = &(*link)->next;
    *link = listening->next;
}

/* Takes a table without registrations out. */
static void drop(struct table_listening *listening)
{
    unlink_listening(listening);
    listening->table->listening = NULL;
    row_list_free(&listening->members);
    free(listening->numbers);
    free(listening);
}

static HRESULT make_listening(struct contents *table)
{
    struct events *events = table->store->events;
    struct table_listening *listening = calloc(1, sizeof *listening);

    if (listening == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    listening->table = table;
    listening->source.kind = EVENT_SOURCE_TABLE;
    listening->source.row = ++events->last_table;
    listening->next = events->tables;
    events->tables = listening;
    table->listening = listening;
    collect_members(listening);
    return S_OK;
}

static HRESULT add(struct contents *table, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    struct table_listening *listening = table->listening;
    ULONG_PTR *numbers = realloc(listening->numbers, (listening->count + 1) * sizeof *numbers);
    HRESULT hr;

    if (numbers == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    listening->numbers = numbers;
    hr = events_subscribe(table->store, &listening->source, fnevTableModified, sink, connection);
    if (SUCCEEDED(hr))
        numbers[listening->count++] = *connection;
    return hr;
}

HRESULT table_advise(struct contents *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    HRESULT hr;

    if (sink == NULL || connection == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "Advise needs an advise sink, and a place for the connection's number.");
    if (mask != fnevTableModified)
        return fail(MAPI_E_INVALID_PARAMETER, "Of a table, fnevTableModified is all that can be registered for.");
    hr = events_start(table->store);
    if (SUCCEEDED(hr) && table->listening == NULL)
        hr = make_listening(table);
    if (SUCCEEDED(hr))
        hr = add(table, sink, connection);
    if (FAILED(hr) && table->listening != NULL && table->listening->count == 0)
        drop(table->listening);
    if (FAILED(hr))
        events_stop_idle(table->store);
    return hr;
}

HRESULT table_unadvise(struct contents *table, ULONG_PTR connection)
{
    struct table_listening *listening = table->listening;
    size_t at = 0;

    while (listening != NULL && at < listening->count && listening->numbers[at] != connection)
        at++;
    if (listening == NULL || at == listening->count)
        return fail(MAPI_E_NOT_FOUND, "The table has no registration with this number.");
    listening->numbers[at] = listening->numbers[--listening->count];
    if (listening->count == 0) {
        drop(listening);
        events_stop_idle(table->store);
    }
    events_unsubscribe(table->store, connection); /* at last: the sink's last Release may unadvise others */
    return S_OK;
}

void table_events_restricted(struct contents *table)
{
    if (table->listening != NULL)
        collect_members(table->listening);
}

static void unsubscribe_all(struct table_listening *listening)
{
    size_t i;

    for (i = 0; i < listening->count; i++)
        events_unsubscribe(listening->table->store, listening->numbers[i]);
}

void table_events_forget(struct contents *table)
{
    struct store *store = table->store;
    bool inherited = lifeline_inherited(store->life);

    /* Where the lifeline has ended, nothing is left of this; after a fork, nobody else is there. */
    if (table->listening == NULL || (!inherited && FAILED(lifeline_enter(store->life))))
        return;
    if (table->listening != NULL) {
        unsubscribe_all(table->listening);
        drop(table->listening);
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
