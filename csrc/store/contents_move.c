/* Moving about in a contents table: bookmarks, SeekRow, FindRow (declared in contents.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/contents.h"

/* BOOKMARK_BEGINNING, _CURRENT and _END come before. */
enum { FIRST_BOOKMARK = 3 };

ULONG contents_clamp(int64_t number)
{
    return number > INT32_MAX ? INT32_MAX : (ULONG)number;
}

/* The place a bookmark means; MAPI_W_POSITION_CHANGED when the row it was set before is no longer there. */
static HRESULT bookmark_cursor(struct contents *table, BOOKMARK origin, struct cursor *cursor)
{
    const struct bookmark *bookmark;
    bool has = true;
    HRESULT hr = S_OK;

    memset(cursor, 0, sizeof *cursor);
    cursor->kind = PLACE_START;
    if (origin == BOOKMARK_CURRENT) {
        *cursor = table->cursor;
        return S_OK;
    }
    if (origin == BOOKMARK_BEGINNING || origin == BOOKMARK_END) {
        cursor->kind = origin == BOOKMARK_END ? PLACE_END : PLACE_START;
        if (table->order == ORDER_BY_LIST) {
            hr = contents_build_list(table);
            cursor->kind = PLACE_AT;
            cursor->id = origin == BOOKMARK_END ? (int64_t)table->list_count : 0;
        }
        return hr;
    }
    if (origin < FIRST_BOOKMARK || origin - FIRST_BOOKMARK >= table->bookmark_count ||
        !table->bookmarks[origin - FIRST_BOOKMARK].used)
        return fail(MAPI_E_INVALID_BOOKMARK, "The table has no such bookmark.");
    bookmark = &table->bookmarks[origin - FIRST_BOOKMARK];
    *cursor = bookmark->cursor;
    if (bookmark->row > 0) /* headings do not go */
        hr = contents_has_row(table, bookmark->row, &has);
    return SUCCEEDED(hr) && !has ? MAPI_W_POSITION_CHANGED : hr;
}

void contents_go_to(struct contents *table, const struct cursor *cursor)
{
    contents_drop_ahead(table);
    table->cursor = *cursor;
    table->position = -1;
}

HRESULT contents_move_row(struct contents *table, BOOKMARK origin, LONG rows, LONG *sought)
{
    struct cursor cursor;
    int64_t from = 0;
    int64_t to;
    HRESULT warning = bookmark_cursor(table, origin, &cursor);
    HRESULT hr = warning;

    if (FAILED(hr))
        return hr;
    if (rows == 0 && origin == BOOKMARK_CURRENT) {
        if (sought != NULL)
            *sought = 0;
        return S_OK;
    }
    if (origin == BOOKMARK_CURRENT)
        hr = contents_position(table, &from);
    else if (origin != BOOKMARK_BEGINNING)
        hr = contents_rank(table, &cursor, &from);
    if (FAILED(hr))
        return hr;
    if (rows == 0 && origin != BOOKMARK_BEGINNING) {
        contents_go_to(table, &cursor);
        table->position = from;
    } else {
        hr = contents_seek(table, from + rows);
    }
    if (SUCCEEDED(hr))
        hr = contents_position(table, &to);
    if (FAILED(hr))
        return hr;
    if (sought != NULL)
        *sought = (LONG)(to - from);
    return warning;
}

HRESULT contents_move_approx(struct contents *table, ULONG numerator, ULONG denominator)
{
    int64_t count;
    HRESULT hr;

    if (denominator == 0)
        return MAPI_E_INVALID_PARAMETER;
    if (numerator > denominator)
        numerator = denominator;
    hr = contents_count(table, &count);
    if (FAILED(hr))
        return hr;
    return contents_seek(table, (int64_t)((double)count * numerator / denominator));
}

HRESULT contents_query_place(struct contents *table, ULONG *row, ULONG *numerator, ULONG *denominator)
{
    int64_t position;
    int64_t count;
    HRESULT hr;

    if (row == NULL || numerator == NULL || denominator == NULL)
        return MAPI_E_INVALID_PARAMETER;
    hr = contents_position(table, &position);
    if (SUCCEEDED(hr))
        hr = contents_count(table, &count);
    if (FAILED(hr))
        return hr;
    *row = contents_clamp(position);
    *numerator = contents_clamp(position);
    *denominator = count == 0 ? 1 : contents_clamp(count < position ? position : count);
    return S_OK;
}

static HRESULT stop_at(struct contents *table, sqlite3_stmt *statement, const struct cursor *row, void *context,
                       bool *stop)
{
    struct cursor *found = context;

    (void)table, (void)statement;
    *found = *row;
    *stop = true;
    return S_OK;
}

/* imapitable-findrow.md: forward from the bookmark's row on, backward from the one before it. The cursor stays where
 * nothing is found. */
HRESULT contents_find(struct contents *table, const SRestriction *restriction, BOOKMARK origin, ULONG flags)
{
    static const struct cursor nowhere = {PLACE_END, 0, -1};
    struct selection selection;
    struct cursor found = nowhere;
    struct cursor cursor;
    HRESULT warning;
    HRESULT hr;

    if (restriction == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~DIR_BACKWARD) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = restriction_check(restriction);
    if (FAILED(hr))
        return hr;
    warning = bookmark_cursor(table, origin, &cursor);
    if (FAILED(warning))
        return warning;
    memset(&selection, 0, sizeof selection);
    selection_add_own(&selection, table);
    selection_add_restriction(&selection, table, restriction);
    hr = contents_walk(table, &cursor, (flags & DIR_BACKWARD) != 0, &selection, restriction, 1, stop_at, &found);
    if (FAILED(hr))
        return hr;
    if (found.id == nowhere.id)
        return MAPI_E_NOT_FOUND;
    contents_go_to(table, &found);
    return warning;
}

/* The row in front of the cursor, or 0. */
static HRESULT next_row(struct contents *table, int64_t *row)
{
    HRESULT hr = contents_fill(table, 1);

    *row = 0;
    if (SUCCEEDED(hr) && table->ahead_count > 0) {
        const struct ahead *ahead = &table->ahead[table->ahead_first];

        *row = table->order == ORDER_BY_LIST ? table->list[ahead->id] : ahead->id;
    }
    return hr;
}

HRESULT contents_mark(struct contents *table, BOOKMARK *out)
{
    struct bookmark *bookmarks;
    int64_t row;
    size_t i;
    HRESULT hr;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *out = 0;
    hr = next_row(table, &row);
    if (FAILED(hr))
        return hr;
    for (i = 0; i < table->bookmark_count && table->bookmarks[i].used; i++)
        continue;
    if (i == table->bookmark_count) {
        bookmarks = realloc(table->bookmarks, (i + 1) * sizeof *bookmarks);
        if (bookmarks == NULL)
            return MAPI_E_NOT_ENOUGH_MEMORY;
        table->bookmarks = bookmarks;
        table->bookmark_count++;
    }
    table->bookmarks[i].used = true;
    table->bookmarks[i].cursor = table->cursor;
    table->bookmarks[i].row = row;
    *out = FIRST_BOOKMARK + i;
    return S_OK;
}

HRESULT contents_unmark(struct contents *table, BOOKMARK bookmark)
{
    if (bookmark < FIRST_BOOKMARK)
        return S_OK;
    if (bookmark - FIRST_BOOKMARK >= table->bookmark_count || !table->bookmarks[bookmark - FIRST_BOOKMARK].used)
        return fail(MAPI_E_INVALID_BOOKMARK, "The table has no such bookmark.");
    table->bookmarks[bookmark - FIRST_BOOKMARK].used = false;
    return S_OK;
}
