/* base/list_table_tell.c - telling of changes (declared in list_table.h): how the rows that are to be seen now differ from those
 * that were told last. Whoever takes the events in turn, each row behind its propPrior, ends with the table as it is. */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapix.h>

#include "base/failure.h"
#include "base/list_table_private.h"

/* ---- which rows keep their places ---- */

/* What is in `fresh` and what was in `told`: for each row of the first its place in the second, or NOWHERE. */
#define NOWHERE SIZE_MAX

struct difference {
    const struct list_items *told;
    const struct list_items *fresh;
    size_t *was;  /* by place in fresh */
    bool *stays;  /* the same: it does not have to be moved */
    bool *is_now; /* by place in told: it is in fresh */
};

static void difference_free(struct difference *difference)
{
    free(difference->was);
    free(difference->stays);
    free(difference->is_now);
}

static HRESULT difference_make(const struct list_items *told, const struct list_items *fresh, struct difference *out)
{
    struct list_place *places = list_places(told);
    out->told = told;
    out->fresh = fresh;
    out->was = malloc((fresh->count + 1) * sizeof *out->was);
    out->stays = calloc(fresh->count + 1, sizeof *out->stays);
    out->is_now = calloc(told->count + 1, sizeof *out->is_now);
    if (places == NULL || out->was == NULL || out->stays == NULL || out->is_now == NULL) {
        free(places);
        difference_free(out);
        return list_table_no_memory();
    }
    for (size_t i = 0; i < fresh->count; i++) {
        const struct list_place *place = list_place_find(places, told->count, fresh->items[i].id);
        out->was[i] = place != NULL ? place->at : NOWHERE;
        if (place != NULL)
            out->is_now[place->at] = true;
    }
    free(places);
    return S_OK;
}

/* The most rows that can stay where they are: the longest part of `was` that ascends. ends[k] is the row with which one of
 * length k + 1 ends that ends lowest, before[i] the row in front of i in its own. */
static HRESULT find_staying(struct difference *difference)
{
    size_t count = difference->fresh->count;
    size_t *ends = malloc((count + 1) * sizeof *ends);
    size_t *before = malloc((count + 1) * sizeof *before);
    size_t length = 0;
    if (ends == NULL || before == NULL) {
        free(ends);
        free(before);
        return list_table_no_memory();
    }
    for (size_t i = 0; i < count; i++) {
        size_t low = 0;
        size_t high = length;
        if (difference->was[i] == NOWHERE)
            continue;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (difference->was[ends[middle]] < difference->was[i])
                low = middle + 1;
            else
                high = middle;
        }
        before[i] = low > 0 ? ends[low - 1] : NOWHERE;
        ends[low] = i;
        if (low == length)
            length++;
    }
    for (size_t i = length > 0 ? ends[length - 1] : NOWHERE; i != NOWHERE; i = before[i])
        difference->stays[i] = true;
    free(ends);
    free(before);
    return S_OK;
}

/* ---- telling ---- */

static HRESULT post_row(struct list_table *table, const struct difference *difference, size_t at,
                        const struct list_teller *teller)
{
    const struct list_item *item = &difference->fresh->items[at];
    ULONG what = difference->was[at] == NOWHERE ? TABLE_ROW_ADDED : TABLE_ROW_MODIFIED;
    LPSPropValue values;
    HRESULT hr = list_table_read(table, item, &values);
    if (hr == MAPI_E_NOT_FOUND) /* gone by now, which comes next */
        return S_OK;
    if (hr == S_OK)
        teller->post(teller->context, what, item, at > 0 ? item - 1 : NULL, list_table_width(table), values);
    MAPIFreeBuffer(values);
    return hr;
}

static bool has_changed(const struct difference *difference, size_t at, const struct list_teller *teller)
{
    const struct list_item *item = &difference->fresh->items[at];
    size_t was = difference->was[at];
    return was == NOWHERE || !difference->stays[at] || difference->told->items[was].note != item->note ||
           (teller->touched != NULL && teller->touched(teller->context, item->id));
}

static HRESULT post_difference(struct list_table *table, const struct difference *difference,
                               const struct list_teller *teller)
{
    HRESULT hr = S_OK;
    for (size_t i = 0; i < difference->told->count; i++)
        if (!difference->is_now[i])
            teller->post(teller->context, TABLE_ROW_DELETED, &difference->told->items[i], NULL, 0, NULL);
    for (size_t i = 0; i < difference->fresh->count && hr == S_OK; i++)
        if (has_changed(difference, i, teller))
            hr = post_row(table, difference, i, teller);
    return hr;
}

static HRESULT tell_difference(struct list_table *table, const struct list_items *told, const struct list_items *fresh,
                               const struct list_teller *teller)
{
    struct difference difference;
    HRESULT hr = difference_make(told, fresh, &difference);
    if (hr != S_OK)
        return hr;
    hr = find_staying(&difference);
    if (hr == S_OK)
        hr = post_difference(table, &difference, teller);
    difference_free(&difference);
    return hr;
}

HRESULT list_table_tell(struct list_table *table, struct list_told *told, const struct list_teller *teller)
{
    struct list_items fresh;
    HRESULT hr = list_table_list(table, &fresh);
    if (hr != S_OK) {
        told->lost = true;
        return hr;
    }
    hr = told->lost ? list_table_no_memory() : tell_difference(table, &told->rows, &fresh, teller);
    list_items_free(&told->rows);
    told->rows = fresh;
    told->lost = false;
    return hr;
}

void list_table_begin_telling(struct list_table *table, struct list_told *told)
{
    list_items_free(&told->rows);
    told->lost = list_table_list(table, &told->rows) != S_OK;
}

HRESULT list_table_check_advise(ULONG mask, const IMAPIAdviseSink *sink, const ULONG_PTR *connection)
{
    if (sink == NULL || connection == NULL)
        return fail(MAPI_E_INVALID_PARAMETER, "Advise needs an advise sink, and a place for the connection's number.");
    if (mask != fnevTableModified)
        return fail(MAPI_E_INVALID_PARAMETER, "Of a table, fnevTableModified is all that can be registered for.");
    return S_OK;
}
