/* base/mapiutil.c - the helpers of <mapiutil.h> over rows and properties. Each is documented on a page of its own
 * name. */
#include <mapiutil.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/failure.h"

/* How many rows one QueryRows call is asked for. */
enum { ROWS_AT_ONCE = 1024 };

static HRESULT missing(const char *function)
{
    return fail(MAPI_E_INVALID_PARAMETER, "%s was given no object, or no place for its result.", function);
}

void STDAPICALLTYPE FreeProws(LPSRowSet prows)
{
    if (prows == NULL)
        return;
    for (ULONG i = 0; i < prows->cRows; i++)
        MAPIFreeBuffer(prows->aRow[i].lpProps);
    MAPIFreeBuffer(prows);
}

void STDAPICALLTYPE FreePadrlist(LPADRLIST padrlist)
{
    if (padrlist == NULL)
        return;
    for (ULONG i = 0; i < padrlist->cEntries; i++)
        MAPIFreeBuffer(padrlist->aEntries[i].rgPropVals);
    MAPIFreeBuffer(padrlist);
}

/* ---- HrQueryAllRows ---- */

/* Moves the rows of *more to the end of *all; the set of *more is gone afterwards, also on failure. */
static HRESULT join(SRowSet **all, SRowSet *more)
{
    if (*all == NULL) {
        *all = more;
        return S_OK;
    }
    uint64_t count = (uint64_t)(*all)->cRows + more->cRows;
    void *memory = NULL;
    HRESULT hr = MAPI_E_NOT_ENOUGH_MEMORY;
    if (CbNewSRowSet(count) <= 0xFFFFFFFFu)
        hr = MAPIAllocateBuffer((ULONG)CbNewSRowSet(count), &memory);
    if (hr != S_OK) {
        FreeProws(more);
        return hr;
    }
    SRowSet *joined = memory;
    memcpy(joined, *all, CbSRowSet(*all));
    memcpy(&joined->aRow[joined->cRows], more->aRow, more->cRows * sizeof more->aRow[0]);
    joined->cRows = (ULONG)count;
    MAPIFreeBuffer(*all);
    MAPIFreeBuffer(more);
    *all = joined;
    return S_OK;
}

/* Rows to the end of the table, but never more than one beyond `most` (0: no limit). */
static HRESULT read_all(LPMAPITABLE table, ULONG most, SRowSet **all)
{
    LONG wanted = ROWS_AT_ONCE;
    for (;;) {
        SRowSet *more = NULL;
        HRESULT hr = table->lpVtbl->QueryRows(table, wanted, 0, &more);
        if (hr < 0)
            return hr;
        bool end = more->cRows == 0;
        if (end && *all != NULL)
            FreeProws(more);
        else
            hr = join(all, more);
        if (hr != S_OK || end)
            return hr;
        if (most > 0 && (*all)->cRows > most)
            return fail(MAPI_E_TABLE_TOO_BIG, "The table has more than the %lu rows that were allowed for.",
                        (unsigned long)most);
        if (wanted < INT32_MAX / 2) /* joining stays cheap when pieces grow */
            wanted *= 2;
    }
}

/* What a row does not have becomes PR_NULL in it (hrqueryallrows.md). */
static void mark_undefined(SRowSet *rows)
{
    for (ULONG i = 0; i < rows->cRows; i++)
        for (ULONG n = 0; n < rows->aRow[i].cValues; n++) {
            SPropValue *value = &rows->aRow[i].lpProps[n];
            if (PROP_TYPE(value->ulPropTag) == PT_ERROR && value->Value.err == MAPI_E_NOT_FOUND) {
                value->ulPropTag = PR_NULL;
                value->Value.x = 0;
            }
        }
}

static HRESULT prepare_table(LPMAPITABLE table, LPSPropTagArray columns, LPSRestriction restriction,
                             LPSSortOrderSet order)
{
    HRESULT hr = S_OK;
    if (columns != NULL)
        hr = table->lpVtbl->SetColumns(table, columns, TBL_BATCH);
    if (hr >= 0 && restriction != NULL)
        hr = table->lpVtbl->Restrict(table, restriction, TBL_BATCH);
    if (hr >= 0 && order != NULL)
        hr = table->lpVtbl->SortTable(table, order, TBL_BATCH);
    if (hr >= 0)
        hr = table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL);
    return hr;
}

HRESULT STDAPICALLTYPE HrQueryAllRows(LPMAPITABLE ptable, LPSPropTagArray ptaga, LPSRestriction pres,
                                      LPSSortOrderSet psos, LONG crowsMax, LPSRowSet *pprows)
{
    if (pprows != NULL)
        *pprows = NULL;
    if (ptable == NULL || pprows == NULL || crowsMax < 0)
        return missing("HrQueryAllRows");
    SRowSet *all = NULL;
    HRESULT hr = prepare_table(ptable, ptaga, pres, psos);
    if (hr >= 0)
        hr = read_all(ptable, (ULONG)crowsMax, &all);
    if (hr < 0) {
        FreeProws(all);
        return hr;
    }
    mark_undefined(all);
    *pprows = all;
    return S_OK;
}

/* ---- single properties ---- */

HRESULT STDAPICALLTYPE HrGetOneProp(LPMAPIPROP pmp, ULONG ulPropTag, LPSPropValue *ppprop)
{
    if (ppprop != NULL)
        *ppprop = NULL;
    if (pmp == NULL || ppprop == NULL)
        return missing("HrGetOneProp");
    SPropTagArray tags = {1, {ulPropTag}};
    ULONG count = 0;
    SPropValue *value = NULL;
    HRESULT hr = pmp->lpVtbl->GetProps(pmp, &tags, 0, &count, &value);
    if (hr < 0)
        return hr;
    if (PROP_TYPE(value->ulPropTag) == PT_ERROR) {
        hr = value->Value.err;
        MAPIFreeBuffer(value);
        return hr;
    }
    *ppprop = value;
    return S_OK;
}

HRESULT STDAPICALLTYPE HrSetOneProp(LPMAPIPROP pmp, LPSPropValue pprop)
{
    if (pmp == NULL || pprop == NULL)
        return missing("HrSetOneProp");
    SPropProblemArray *problems = NULL;
    HRESULT hr = pmp->lpVtbl->SetProps(pmp, 1, pprop, &problems);
    if (hr >= 0)
        hr = problems != NULL && problems->cProblem > 0 ? problems->aProblem[0].scode : S_OK;
    MAPIFreeBuffer(problems);
    return hr;
}

LPSPropValue STDAPICALLTYPE PpropFindProp(LPSPropValue rgprop, ULONG cprop, ULONG ulPropTag)
{
    for (ULONG i = 0; rgprop != NULL && i < cprop; i++)
        if (rgprop[i].ulPropTag == ulPropTag ||
            (PROP_TYPE(ulPropTag) == PT_UNSPECIFIED && PROP_ID(rgprop[i].ulPropTag) == PROP_ID(ulPropTag)))
            return &rgprop[i];
    return NULL;
}
