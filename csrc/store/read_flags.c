#include "store/read_flags.h"

#include <string.h>

#include <mapicode.h>
#include <mapitags.h>

#include "base/failure.h"
#include "store/message.h"
#include "store/tree.h"

HRESULT read_flag_parse(ULONG flags, struct read_flag_change *out)
{
    static const ULONG known = SUPPRESS_RECEIPT | CLEAR_READ_FLAG | MAPI_DEFERRED_ERRORS | GENERATE_RECEIPT_ONLY |
                               CLEAR_RN_PENDING | CLEAR_NRN_PENDING | MESSAGE_DIALOG;
    static const ULONG silent = SUPPRESS_RECEIPT | CLEAR_READ_FLAG | CLEAR_RN_PENDING | CLEAR_NRN_PENDING;

    memset(out, 0, sizeof *out);
    if ((flags & ~known) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if ((flags & CLEAR_READ_FLAG) != 0 && (flags & (SUPPRESS_RECEIPT | GENERATE_RECEIPT_ONLY)) != 0)
        return fail(MAPI_E_INVALID_PARAMETER,
                    "A message cannot be marked unread and have its receipt sent or suppressed at once.");
    if ((flags & CLEAR_RN_PENDING) != 0)
        out->clear |= MSGFLAG_RN_PENDING;
    if ((flags & CLEAR_NRN_PENDING) != 0)
        out->clear |= MSGFLAG_NRN_PENDING;
    if ((flags & SUPPRESS_RECEIPT) != 0)
        out->clear |= MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING;
    if ((flags & CLEAR_READ_FLAG) != 0)
        out->clear |= MSGFLAG_READ;
    else if ((flags & (GENERATE_RECEIPT_ONLY | CLEAR_RN_PENDING | CLEAR_NRN_PENDING)) == 0)
        out->set = MSGFLAG_READ;
    out->report = (flags & silent) == 0;
    out->always = (flags & GENERATE_RECEIPT_ONLY) != 0;
    out->refused = (flags & SUPPRESS_RECEIPT) != 0 && (flags & GENERATE_RECEIPT_ONLY) != 0;
    return S_OK;
}

/* ---- reports ---- */

static bool is_requested(const struct message *message)
{
    const struct prop_entry *entry = prop_bag_find(&message->host.props.bag, PR_READ_RECEIPT_REQUESTED);

    return entry != NULL && entry->tag == PR_READ_RECEIPT_REQUESTED && entry->bytes[0] != 0;
}

/* MAPI fills an empty message of the Outbox, which is submitted then. What it will not do leaves the report pending: it can be
 * tried again (imapisupport-readreceipt.md). */
static HRESULT submit_report(struct store *store, struct message *read, bool *sent)
{
    LPMAPISUP support = store->support;
    struct message *report;
    LPMESSAGE filled;
    HRESULT hr = message_create(store, store->folders[FOLDER_OF_OUTBOX], false, NULL, &report);

    if (FAILED(hr))
        return hr;
    filled = (LPMESSAGE)(void *)report;
    hr = support->lpVtbl->ReadReceipt(support, 0, (LPMESSAGE)(void *)read, &filled);
    if (FAILED(hr) || filled == NULL) {
        object_release(&report->host.object);
        return hr == MAPI_E_NOT_ENOUGH_MEMORY ? hr : S_OK;
    }
    hr = filled->lpVtbl->SubmitMessage(filled, 0);
    *sent = SUCCEEDED(hr);
    filled->lpVtbl->Release(filled);
    return hr == MAPI_E_NO_RECIPIENTS ? S_OK : hr; /* nobody to tell */
}

static HRESULT send_report(struct store *store, int64_t row, bool *sent)
{
    struct access access = {false, false};
    struct message *message;
    HRESULT hr = message_open(store, row, NULL, access, &message);

    *sent = false;
    if (FAILED(hr))
        return hr;
    if (is_requested(message))
        hr = submit_report(store, message, sent);
    object_release(&message->host.object);
    return hr;
}

/* Like the flags, this is no change that the save of an open message would collide with. */
static HRESULT refuse(struct store *store, int64_t row, struct prop_bag *bag, struct byte_buffer *blob)
{
    static const unsigned char no = 0;
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT props FROM message WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The message could not be marked");
    if (rc == SQLITE_ROW)
        hr = prop_bag_decode(bag, sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
    database_done(statement);
    if (FAILED(hr) || prop_bag_find(bag, PR_READ_RECEIPT_REQUESTED) == NULL)
        return hr;
    hr = prop_bag_set_payload(bag, PR_READ_RECEIPT_REQUESTED, &no, sizeof no);
    if (SUCCEEDED(hr))
        hr = prop_bag_encode(bag, blob);
    if (SUCCEEDED(hr))
        hr = database_prepare(store->db, "UPDATE message SET props = ?2 WHERE id = ?1", &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_blob(statement, 2, blob->bytes, (int)blob->size, SQLITE_STATIC);
    return database_run(store->db, statement, "The message could not be marked");
}

static HRESULT refuse_report(struct store *store, int64_t row)
{
    struct prop_bag bag;
    struct byte_buffer blob;
    HRESULT hr;

    prop_bag_init(&bag);
    byte_buffer_init(&blob);
    hr = refuse(store, row, &bag, &blob);
    byte_buffer_free(&blob);
    prop_bag_clear(&bag);
    return hr;
}

/* ---- flags ---- */

static HRESULT write_flags(struct store *store, int64_t row, ULONG flags)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "UPDATE message SET flags = ?2 WHERE id = ?1", &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, (int64_t)flags);
    return database_run(store->db, statement, "The message could not be marked");
}

static HRESULT mark(struct store *store, int64_t row, const struct read_flag_change *change)
{
    ULONG before = 0;
    ULONG after;
    bool sent = false;
    HRESULT hr = tree_message_flags(store, row, &before);

    if (SUCCEEDED(hr) && change->report && (before & MSGFLAG_RN_PENDING) != 0 &&
        (change->always || (before & MSGFLAG_READ) == 0))
        hr = send_report(store, row, &sent);
    if (SUCCEEDED(hr) && change->refused)
        hr = refuse_report(store, row);
    after = (before & ~change->clear) | change->set;
    if (sent)
        after &= ~(ULONG)(MSGFLAG_RN_PENDING | MSGFLAG_NRN_PENDING);
    if (FAILED(hr) || (after == before && !change->refused))
        return hr;
    hr = write_flags(store, row, after);
    return SUCCEEDED(hr) ? event_message_marked(store, row, ((before ^ after) & MSGFLAG_READ) != 0) : hr;
}

HRESULT read_flag_apply(struct store *store, int64_t row, const struct read_flag_change *change)
{
    HRESULT hr = store_begin(store);

    return FAILED(hr) ? hr : store_end_transaction(store, mark(store, row, change));
}
