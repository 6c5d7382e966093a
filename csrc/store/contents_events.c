/* What a contents table tells of changes (declared in contents.h).
 *
 * A table that somebody is registered with is told of each change of a message in its folder, as the table is when the
 * change is read: TABLE_ROW_ADDED, _MODIFIED and _DELETED, with the columns, the restriction and the order it has then.
 * Rows outside the restriction produce nothing; for that the rows inside it are remembered, as those of a search folder
 * are. A table sorted by anything but the date, whose order is made once, gets TABLE_CHANGED where rows come or change;
 * one with categories, whose headings change with the rows, where they go as well.
 */
#include "store/contents.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapitags.h>
#include <mapix.h>

#include "base/failure.h"
#include "store/entryid.h"

/* ---- the rows, of a table where a changed message does not say by itself whether it was one ---- */

static bool has_categories(const struct contents *table)
{
    return table->sort != NULL && table->sort->cCategories > 0;
}

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

static void collect_members(struct contents *table)
{
    static const struct cursor start = {PLACE_START, 0, 0};
    static const struct cursor list_start = {PLACE_AT, 0, 0};
    struct selection selection;
    HRESULT hr = S_OK;

    row_list_free(&table->members);
    row_list_free(&table->missed);
    if (has_members(table)) {
        memset(&selection, 0, sizeof selection);
        selection_add_own(&selection, table);
        hr = contents_walk(table, table->order == ORDER_BY_LIST ? &list_start : &start, false, &selection, NULL, 0,
                           add_member, &table->members);
    }
    if (SUCCEEDED(hr) && table->members.count > 0)
        qsort(table->members.rows, table->members.count, sizeof *table->members.rows, by_id);
    table->members_lost = FAILED(hr);
}

/* Where the row is, or belongs. */
static size_t member_place(const struct contents *table, int64_t row)
{
    size_t low = 0;
    size_t high = table->members.count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->members.rows[middle] < row)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_member(const struct contents *table, int64_t row)
{
    size_t at = member_place(table, row);

    return at < table->members.count && table->members.rows[at] == row;
}

static void put_member(struct contents *table, int64_t row, bool in)
{
    struct row_list *members = &table->members;
    size_t at = member_place(table, row);
    bool was = is_member(table, row);

    if (in && !was) {
        if (FAILED(row_list_add(members, row))) {
            table->members_lost = true;
            return;
        }
        memmove(members->rows + at + 1, members->rows + at, (members->count - 1 - at) * sizeof *members->rows);
        members->rows[at] = row;
    } else if (!in && was) {
        memmove(members->rows + at, members->rows + at + 1, (members->count - 1 - at) * sizeof *members->rows);
        members->count--;
    }
}

/* A row that has come, but was gone again when that was read: nobody has been told of it. Without memory for it somebody is told
 * that a row has gone which he does not know. */
static void note_missed(struct contents *table, int64_t row)
{
    (void)row_list_add(&table->missed, row);
}

/* Whether it is one; forgotten with that, since it can only come again. */
static bool take_missed(struct contents *table, int64_t row)
{
    struct row_list *missed = &table->missed;
    size_t i;

    for (i = 0; i < missed->count; i++)
        if (missed->rows[i] == row) {
            missed->rows[i] = missed->rows[--missed->count];
            return true;
        }
    return false;
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

static struct table_key key_of(int64_t row)
{
    struct table_key key = {0, {0}};

    if (row != 0) {
        key.size = INSTANCE_KEY_SIZE;
        instance_key_make(row, key.bytes);
    }
    return key;
}

static void post(const struct contents *table, ULONG what, int64_t row, int64_t prior, LPSPropValue values)
{
    const struct table_key keys[2] = {key_of(row), key_of(prior)};

    table_post(table->listening, what, &keys[0], &keys[1], table->columns->cValues, values);
}

/* A row that may be there now. `was`: it was a row of the table before. `stays`: what has changed is only whether it is
 * one. Where nothing is remembered, that a row has gone is told by the event that says so, which is still to be read. */
static HRESULT tell_present(struct contents *table, int64_t row, bool was, bool stays)
{
    struct present present;
    int64_t prior = 0;
    HRESULT hr = read_present(table, row, &present);
    bool tells = SUCCEEDED(hr) && (!stays || present.there != was) && (present.there || has_members(table));

    if (SUCCEEDED(hr) && has_members(table))
        put_member(table, row, present.there);
    else if (SUCCEEDED(hr) && !present.there && !was)
        note_missed(table, row);
    if (tells && present.there && table->order != ORDER_BY_LIST)
        hr = find_prior(table, row, present.key, &prior);
    tells = tells && SUCCEEDED(hr);
    if (tells && !present.there && was)
        post(table, TABLE_ROW_DELETED, row, 0, NULL);
    else if (tells && present.there && table->order == ORDER_BY_LIST)
        table_post_changed(table->listening); /* its place is only known when it is sorted again */
    else if (tells && present.there)
        post(table, was ? TABLE_ROW_MODIFIED : TABLE_ROW_ADDED, row, prior, present.values);
    MAPIFreeBuffer(present.values);
    return hr;
}

/* Of a search folder: any message may be one of its rows, whatever folder it is in. */
static HRESULT tell_search(struct contents *table, const struct table_change *change)
{
    bool of_search = change->event == EVENT_FOUND || change->event == EVENT_SEARCHED;

    if (change->associated || (of_search && change->parent != table->folder))
        return S_OK;
    if (change->event == EVENT_SEARCHED)
        collect_members(table);
    if (change->event == EVENT_SEARCHED || table->members_lost ||
        (change->event == EVENT_FOUND && has_categories(table))) {
        table_post_changed(table->listening);
        return S_OK;
    }
    return tell_present(table, change->row, is_member(table, change->row), of_search);
}

static HRESULT tell_folder(struct contents *table, const struct table_change *change)
{
    bool moved = change->event == fnevObjectMoved;
    bool gone = change->event == fnevObjectDeleted ? change->parent == table->folder
                                                   : moved && change->old_parent == table->folder;
    bool here = change->event != fnevObjectDeleted && change->parent == table->folder;
    bool was = gone || change->event == fnevObjectModified;

    if (change->associated != table->associated || (!gone && !here))
        return S_OK;
    if (table->members_lost) {
        table_post_changed(table->listening);
        return S_OK;
    }
    if (table->restriction != NULL)
        was = is_member(table, change->row);
    if (here)
        return tell_present(table, change->row, was, false);
    put_member(table, change->row, false);
    if (take_missed(table, change->row) || change->row > table->newest)
        return S_OK;
    if (has_categories(table)) /* the row may be in one that is closed, and be no member */
        table_post_changed(table->listening);
    else if (was)
        post(table, TABLE_ROW_DELETED, change->row, 0, NULL);
    return S_OK;
}

static HRESULT tell(void *context, const struct table_change *change)
{
    struct contents *table = context;
    bool of_search = change->event == EVENT_FOUND || change->event == EVENT_SEARCHED;

    if (change->kind != MAPI_MESSAGE && !of_search)
        return S_OK;
    if (table->source == OF_SEARCH)
        return tell_search(table, change);
    return of_search ? S_OK : tell_folder(table, change);
}

/* ---- registering ---- */

static void begin(void *context)
{
    collect_members(context);
}

static void end(void *context)
{
    struct contents *table = context;

    row_list_free(&table->members);
    row_list_free(&table->missed);
}

static const struct table_listener contents_listener = {tell, NULL, begin, end};

HRESULT contents_advise(struct contents *table, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    return table_advise(table->store, &table->listening, &contents_listener, table, mask, sink, connection);
}

void contents_events_restricted(struct contents *table)
{
    if (table->listening != NULL)
        collect_members(table);
}
