#include "mailbox/listing.h"

#include <string.h>

#include <mapicode.h>
#include <mapisub.h>
#include <mapitags.h>
#include <mapiutil.h>

#include "mailbox/header.h"
#include "mailbox/properties.h"

enum { ROWS = 100, MEASURED_ROWS = 1000 };

enum column { OF_ENTRYID, OF_SIZE, OF_FLAGS, OF_STATUS, OF_DELIVERY, OF_SUBMISSION, OF_VERB, OF_FLAG, COLUMNS };

static const SizedSPropTagArray(COLUMNS, columns) = {COLUMNS,
                                                     {PR_ENTRYID, PR_MESSAGE_SIZE, PR_MESSAGE_FLAGS, PR_MSG_STATUS,
                                                      PR_MESSAGE_DELIVERY_TIME, PR_CLIENT_SUBMIT_TIME,
                                                      PR_LAST_VERB_EXECUTED, PR_FLAG_STATUS}};

/* Messages that are made meanwhile, by a progress callback for one, must not keep an export going for ever. */
static void keep_to_present(IMAPITable *table)
{
    IMapiTableSpan *span;

    if (FAILED(table->lpVtbl->QueryInterface(table, &IID_IMapiTableSpan, (void **)&span)))
        return;
    span->lpVtbl->KeepToPresentRows(span);
    span->lpVtbl->Release(span);
}

HRESULT listing_open(struct listing *listing, IMAPIFolder *folder)
{
    static const SizedSSortOrderSet(1, order) = {1, 0, 0, {{PR_MESSAGE_DELIVERY_TIME, TABLE_SORT_ASCEND}}};
    IMAPITable *table;
    HRESULT hr;

    memset(listing, 0, sizeof *listing);
    hr = folder->lpVtbl->GetContentsTable(folder, MAPI_UNICODE, &listing->table);
    if (FAILED(hr))
        return hr;
    table = listing->table;
    hr = table->lpVtbl->SetColumns(table, (LPSPropTagArray)(uintptr_t)&columns, 0);
    if (SUCCEEDED(hr))
        hr = table->lpVtbl->SortTable(table, (LPSSortOrderSet)(uintptr_t)&order, 0);
    if (SUCCEEDED(hr))
        keep_to_present(table);
    return hr;
}

void listing_close(struct listing *listing)
{
    FreeProws(listing->rows);
    if (listing->table != NULL)
        listing->table->lpVtbl->Release(listing->table);
    memset(listing, 0, sizeof *listing);
}

static const SPropValue *value_at(const SRow *row, enum column column)
{
    const SPropValue *value = (ULONG)column < row->cValues ? &row->lpProps[column] : NULL;

    return value != NULL && value->ulPropTag == columns.aulPropTag[column] ? value : NULL;
}

static ULONG long_at(const SRow *row, enum column column)
{
    const SPropValue *value = value_at(row, column);

    return value != NULL ? value->Value.ul : 0;
}

HRESULT listing_measure(struct listing *listing, uint64_t *total)
{
    IMAPITable *table = listing->table;
    HRESULT hr = S_OK;
    bool finished = false;

    *total = 0;
    while (SUCCEEDED(hr) && !finished) {
        SRowSet *rows = NULL;

        hr = table->lpVtbl->QueryRows(table, MEASURED_ROWS, 0, &rows);
        finished = SUCCEEDED(hr) && rows->cRows == 0;
        for (ULONG i = 0; SUCCEEDED(hr) && i < rows->cRows; i++)
            *total += long_at(&rows->aRow[i], OF_SIZE);
        FreeProws(rows);
    }
    return SUCCEEDED(hr) ? table->lpVtbl->SeekRow(table, BOOKMARK_BEGINNING, 0, NULL) : hr;
}

/* The other way round than convert.c. */
static unsigned flags_of(const SRow *row)
{
    ULONG flags = long_at(row, OF_FLAGS), verb = long_at(row, OF_VERB);

    return ((flags & MSGFLAG_READ) != 0 ? (unsigned)MAIL_READ : 0) |
           ((flags & MSGFLAG_UNSENT) != 0 ? (unsigned)MAIL_DRAFT : 0) |
           ((long_at(row, OF_STATUS) & MSGSTATUS_DELMARKED) != 0 ? (unsigned)MAIL_DELETED : 0) |
           (long_at(row, OF_FLAG) == FLAG_STATUS_FLAGGED ? (unsigned)MAIL_FLAGGED : 0) |
           (verb == VERB_REPLY || verb == VERB_REPLY_ALL ? (unsigned)MAIL_REPLIED : 0) |
           (verb == VERB_FORWARD ? (unsigned)MAIL_FORWARDED : 0);
}

static int64_t date_of(const SRow *row)
{
    const SPropValue *value = value_at(row, OF_DELIVERY);

    if (value == NULL)
        value = value_at(row, OF_SUBMISSION);
    return value == NULL ? 0 : seconds_of(&value->Value.ft);
}

HRESULT listing_next(struct listing *listing, struct listed *listed)
{
    IMAPITable *table = listing->table;
    const SRow *row;
    HRESULT hr = S_OK;

    if (listing->rows == NULL || listing->at >= listing->rows->cRows) {
        FreeProws(listing->rows);
        listing->rows = NULL;
        listing->at = 0;
        hr = table->lpVtbl->QueryRows(table, ROWS, 0, &listing->rows);
    }
    if (FAILED(hr) || listing->rows->cRows == 0)
        return FAILED(hr) ? hr : S_FALSE;
    row = &listing->rows->aRow[listing->at++];
    memset(listed, 0, sizeof *listed);
    if (value_at(row, OF_ENTRYID) != NULL)
        listed->entryid = value_at(row, OF_ENTRYID)->Value.bin;
    listed->size = long_at(row, OF_SIZE);
    listed->flags = flags_of(row);
    listed->date = date_of(row);
    return S_OK;
}
