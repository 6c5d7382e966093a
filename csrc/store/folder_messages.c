/* What a folder does with lists of its messages (declared in folder.h).
 *
 * A list is one transaction. Entries that do not name a message of the folder, or that cannot be treated now, are
 * left out and make the answer MAPI_W_PARTIAL_COMPLETION; only failures of the store itself fail the call and undo
 * it. The messages of a search folder are those it has found; what is done to them is done where they are
 * (mapi-search-folders.md). */
#include "store/folder.h"

#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/read_flags.h"
#include "store/search.h"
#include "store/tree.h"

/* What is known about one entry of a list. */
struct entry {
    int64_t row;
    ULONG flags;  /* PR_MESSAGE_FLAGS */
    ULONG status; /* PR_MSG_STATUS */
    int64_t from; /* the folder it is in: of a search folder's entry, another one */
    bool found;   /* it is a message of the folder */
};

static HRESULT look_up(struct folder *folder, ULONG size, const ENTRYID *id, struct entry *entry)
{
    static const char of_folder[] = "SELECT flags, status, folder FROM message WHERE id = ?1 AND folder = ?2";
    static const char of_search[] = "SELECT flags, status, folder FROM message WHERE id = ?1"
                                    " AND EXISTS (SELECT 1 FROM found WHERE search = ?2 AND found.message = ?1)";
    struct store *store = folder->host.store;
    sqlite3_stmt *statement;
    ULONG kind;
    HRESULT hr;
    int rc;

    memset(entry, 0, sizeof *entry);
    hr = object_entryid_parse(&store->uid, size, id, &kind, &entry->row);
    if (FAILED(hr) || kind != MAPI_MESSAGE)
        return S_OK;
    hr = database_prepare(store->db, folder->kind == FOLDER_SEARCH ? of_search : of_folder, &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, entry->row);
    sqlite3_bind_int64(statement, 2, folder->host.place.row);
    rc = sqlite3_step(statement);
    entry->found = rc == SQLITE_ROW;
    if (entry->found) {
        entry->flags = (ULONG)sqlite3_column_int64(statement, 0);
        entry->status = (ULONG)sqlite3_column_int64(statement, 1);
        entry->from = sqlite3_column_int64(statement, 2);
    }
    hr = database_error(store->db, rc, "The messages could not be read");
    database_done(statement);
    return hr;
}

static HRESULT check_list(const ENTRYLIST *list)
{
    return list == NULL || (list->cValues > 0 && list->lpbin == NULL) ? MAPI_E_INVALID_PARAMETER : S_OK;
}

/* Treats each message of the list; what answers false in *done makes the completion partial. */
typedef HRESULT (*treat)(struct folder *folder, const struct entry *entry, void *context, bool *done);

static HRESULT treat_all(struct folder *folder, const ENTRYLIST *list, treat function, void *context, bool *complete)
{
    HRESULT hr = S_OK;
    ULONG i;

    for (i = 0; i < list->cValues && SUCCEEDED(hr); i++) {
        struct entry entry;
        bool done = false;

        hr = look_up(folder, list->lpbin[i].cb, (const ENTRYID *)(const void *)list->lpbin[i].lpb, &entry);
        if (SUCCEEDED(hr) && entry.found)
            hr = function(folder, &entry, context, &done);
        if (!done)
            *complete = false;
    }
    return hr;
}

static HRESULT treat_list(struct folder *folder, const ENTRYLIST *list, treat function, void *context)
{
    bool complete = true;
    HRESULT hr = store_begin(folder->host.store);

    if (FAILED(hr))
        return hr;
    hr = store_end_transaction(folder->host.store, treat_all(folder, list, function, context, &complete));
    return hr == S_OK && !complete ? MAPI_W_PARTIAL_COMPLETION : hr;
}

/* imapifolder-deletemessages.md: not while it is open for writing or submitted. Open for writing is what was opened
 * with MAPI_MODIFY; a message that merely got the best access there was does not stand in the way of its own
 * deletion. */
HRESULT folder_delete_message(struct store *store, int64_t row, bool *done)
{
    ULONG flags = 0;
    HRESULT hr = tree_message_flags(store, row, &flags);

    *done = SUCCEEDED(hr) && (flags & MSGFLAG_SUBMIT) == 0 && !message_is_held(store, row);
    if (*done)
        hr = event_message(store, fnevObjectDeleted, row);
    return *done && SUCCEEDED(hr) ? tree_delete_message(store, row) : hr;
}

static HRESULT delete_entry(struct folder *folder, const struct entry *entry, void *context, bool *done)
{
    (void)context;
    return folder_delete_message(folder->host.store, entry->row, done);
}

HRESULT folder_delete_messages(struct folder *folder, const ENTRYLIST *list, ULONG flags)
{
    HRESULT hr = check_list(list);

    if (FAILED(hr))
        return hr;
    if ((flags & ~(MESSAGE_DIALOG | DELETE_HARD_DELETE)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (!folder->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
    return treat_list(folder, list, delete_entry, NULL);
}

/* Moving keeps the row, and with it the entry identifier, also while the message is open. The status stays behind
 * (imapifolder-copymessages.md). */
static HRESULT move_entry(struct folder *folder, const struct entry *entry, void *context, bool *done)
{
    struct store *store = folder->host.store;
    const struct folder *destination = context;
    sqlite3_stmt *statement;
    HRESULT hr;

    *done = false;
    if ((entry->flags & MSGFLAG_SUBMIT) != 0)
        return S_OK;
    hr = database_prepare(store->db, "UPDATE message SET folder = ?2, status = 0 WHERE id = ?1", &statement);
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, entry->row);
    sqlite3_bind_int64(statement, 2, destination->host.place.row);
    *done = true;
    hr = database_run(store->db, statement, "The message could not be moved");
    if (SUCCEEDED(hr) && destination->host.place.row != entry->from)
        hr = event_message_moved(store, entry->row, entry->from);
    return hr;
}

static HRESULT copy_entry(struct folder *folder, const struct entry *entry, void *context, bool *done)
{
    const struct folder *destination = context;
    int64_t copy;
    HRESULT hr = tree_copy_message(folder->host.store, entry->row, destination->host.place.row, &copy);

    *done = true;
    return SUCCEEDED(hr) ? event_message_copied(folder->host.store, copy, entry->row) : hr;
}

/* To somebody else's folder: through the interfaces. */
static HRESULT export_entry(struct folder *folder, const struct entry *entry, LPMAPIFOLDER destination)
{
    struct access access = {false, false};
    struct message *source;
    LPMESSAGE from;
    LPMESSAGE to = NULL;
    HRESULT hr = message_open(folder->host.store, entry->row, NULL, access, &source);

    if (FAILED(hr))
        return hr;
    from = (LPMESSAGE)(void *)source;
    hr = destination->lpVtbl->CreateMessage(destination, NULL, entry->flags & MSGFLAG_ASSOCIATED, &to);
    if (SUCCEEDED(hr))
        hr = from->lpVtbl->CopyTo(from, 0, NULL, NULL, 0, NULL, &IID_IMessage, to, 0, NULL);
    if (SUCCEEDED(hr))
        hr = to->lpVtbl->SaveChanges(to, 0);
    if (to != NULL)
        to->lpVtbl->Release(to);
    from->lpVtbl->Release(from);
    return hr;
}

/* What could not be deleted afterwards is not moved: it would be there twice. */
static bool can_leave(const struct folder *folder, const struct entry *entry, bool move)
{
    if (!entry->found || !move)
        return entry->found;
    return (entry->flags & MSGFLAG_SUBMIT) == 0 && !message_is_held(folder->host.store, entry->row);
}

HRESULT folder_export_messages(struct folder *folder, const ENTRYLIST *list, LPMAPIFOLDER destination, bool move)
{
    HRESULT result = S_OK;
    ULONG i;

    for (i = 0; i < list->cValues; i++) {
        SBinary *id = &list->lpbin[i];
        ENTRYLIST one = {1, id};
        struct entry entry;
        HRESULT hr = look_up(folder, id->cb, (const ENTRYID *)(const void *)id->lpb, &entry);

        if (SUCCEEDED(hr))
            hr =
                can_leave(folder, &entry, move) ? export_entry(folder, &entry, destination) : MAPI_W_PARTIAL_COMPLETION;
        if (hr == S_OK && move)
            hr = folder_delete_messages(folder, &one, 0);
        if (FAILED(hr))
            return hr;
        if (hr != S_OK)
            result = MAPI_W_PARTIAL_COMPLETION;
    }
    return result;
}

/* The destination is looked for in the transaction that fills it, and through the source's logon: its own may be at
 * work on another thread. */
static HRESULT treat_list_into(struct folder *folder, const ENTRYLIST *list, treat function, struct folder *destination)
{
    struct store *store = folder->host.store;
    HRESULT hr = store_begin(store);

    if (FAILED(hr))
        return hr;
    hr = folder_check_exists(store, destination->host.place.row);
    if (SUCCEEDED(hr))
        hr = treat_list(folder, list, function, destination);
    return store_end_transaction(store, hr);
}

HRESULT folder_copy_messages(struct folder *folder, const ENTRYLIST *list, LPCIID iid, void *destination, ULONG flags)
{
    bool move = (flags & MESSAGE_MOVE) != 0;
    struct folder *target;
    HRESULT hr = check_list(list);

    if (FAILED(hr) || destination == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MESSAGE_MOVE | MESSAGE_DIALOG | MAPI_DECLINE_OK)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = check_interface(iid, folder_iids);
    if (FAILED(hr))
        return hr;
    if (move && !folder->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
    target = folder_of_same_store(folder, destination);
    if (target == NULL)
        return (flags & MAPI_DECLINE_OK) != 0 ? MAPI_E_DECLINE_COPY
                                              : folder_export_messages(folder, list, destination, move);
    if (!target->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The destination folder was opened for reading.");
    hr = search_refuse(target, "The messages could not be copied or moved there");
    if (FAILED(hr))
        return hr;
    return treat_list_into(folder, list, move ? move_entry : copy_entry, target);
}

/* imapifolder-setreadflags.md: not while it is open for writing or submitted. */
static HRESULT mark_entry(struct folder *folder, const struct entry *entry, void *context, bool *done)
{
    const struct read_flag_change *change = context;

    *done = (entry->flags & MSGFLAG_SUBMIT) == 0 && !message_is_held(folder->host.store, entry->row);
    return *done ? read_flag_apply(folder->host.store, entry->row, change) : S_OK;
}

/* Without a list: all messages of the folder. */
static HRESULT mark_all(struct folder *folder, struct read_flag_change *change)
{
    static const char of_folder[] = "SELECT id FROM message WHERE folder = ?1 AND associated = 0";
    static const char of_search[] = "SELECT message FROM found WHERE search = ?1";
    struct store *store = folder->host.store;
    struct row_list rows = {NULL, 0, 0};
    bool complete = true;
    HRESULT hr = store_begin(store);
    size_t i;

    if (FAILED(hr))
        return hr;
    hr = row_list_query(&rows, store, folder->kind == FOLDER_SEARCH ? of_search : of_folder, folder->host.place.row);
    for (i = 0; i < rows.count && SUCCEEDED(hr); i++) {
        unsigned char id[OBJECT_ENTRYID_SIZE];
        SBinary binary = {sizeof id, id};
        ENTRYLIST one = {1, &binary};

        object_entryid_make(&store->uid, MAPI_MESSAGE, rows.rows[i], id);
        hr = treat_all(folder, &one, mark_entry, change, &complete);
    }
    row_list_free(&rows);
    hr = store_end_transaction(store, hr);
    return hr == S_OK && !complete ? MAPI_W_PARTIAL_COMPLETION : hr;
}

HRESULT folder_set_read_flags(struct folder *folder, const ENTRYLIST *list, ULONG flags)
{
    struct read_flag_change change;
    HRESULT hr = read_flag_parse(flags, &change);

    if (FAILED(hr))
        return hr;
    if (list != NULL && FAILED(check_list(list)))
        return MAPI_E_INVALID_PARAMETER;
    if (!folder->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
    return list == NULL ? mark_all(folder, &change) : treat_list(folder, list, mark_entry, &change);
}

/* One message by its entry identifier, with errors told apart. */
static HRESULT find_message(struct folder *folder, ULONG size, const ENTRYID *id, struct entry *entry)
{
    int64_t row;
    ULONG kind;
    HRESULT hr = object_entryid_parse(&folder->host.store->uid, size, id, &kind, &row);

    if (SUCCEEDED(hr))
        hr = look_up(folder, size, id, entry);
    if (SUCCEEDED(hr) && !entry->found)
        hr = fail(MAPI_E_NOT_FOUND, "The folder has no such message.");
    return hr;
}

HRESULT folder_get_status(struct folder *folder, ULONG size, const ENTRYID *id, ULONG flags, ULONG *status)
{
    struct entry entry;
    HRESULT hr;

    if (status == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if (flags != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = find_message(folder, size, id, &entry);
    if (SUCCEEDED(hr))
        *status = entry.status;
    return hr;
}

static HRESULT write_status(struct store *store, int64_t row, ULONG status)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "UPDATE message SET status = ?2 WHERE id = ?1", &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    sqlite3_bind_int64(statement, 2, (int64_t)status);
    hr = database_run(store->db, statement, "The message's status could not be set");
    return SUCCEEDED(hr) ? event_message(store, fnevObjectModified, row) : hr;
}

HRESULT folder_set_status(struct folder *folder, ULONG size, const ENTRYID *id, ULONG status, ULONG mask, ULONG *old)
{
    struct store *store = folder->host.store;
    struct entry entry;
    HRESULT hr;

    if (!folder->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
    hr = store_begin(store);
    if (FAILED(hr))
        return hr;
    hr = find_message(folder, size, id, &entry);
    if (SUCCEEDED(hr))
        hr = write_status(store, entry.row, (entry.status & ~mask) | (status & mask));
    hr = store_end_transaction(store, hr);
    if (SUCCEEDED(hr) && old != NULL)
        *old = entry.status;
    return hr;
}
