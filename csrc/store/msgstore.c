/* IMsgStore: the store object (declared in objects.h). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/batch.h"
#include "store/entryid.h"
#include "store/objects.h"
#include "store/outgoing.h"
#include "store/receive_folder.h"
#include "store/search.h"
#include "store/store.h"

struct msgstore {
    struct host host;
    struct store_batch batch;
};

const GUID *const msgstore_iids[] = {&IID_IMsgStore, &IID_IMAPIProp, NULL};

static struct host *of(IMsgStore *This)
{
    return (struct host *)(void *)This;
}

/* The store's own properties are the rows "name" and "props" of the meta table. */
static HRESULT load(struct host *host)
{
    static const char sql[] = "SELECT name, value FROM meta WHERE name IN ('name', 'props') ORDER BY name DESC";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(host->store->db, sql, &statement);
    struct byte_buffer name;
    int rc = SQLITE_OK;

    if (FAILED(hr))
        return hr;
    byte_buffer_init(&name);
    holder_clear(&host->props);
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        const void *value = sqlite3_column_blob(statement, 1);
        size_t size = (size_t)sqlite3_column_bytes(statement, 1);
        const char *key = (const char *)sqlite3_column_text(statement, 0);

        if (key == NULL)
            hr = MAPI_E_NOT_ENOUGH_MEMORY;
        else if (strcmp(key, "name") == 0)
            hr = byte_buffer_append(&name, value, size);
        else
            hr = prop_bag_decode(&host->props.bag, value, size);
    }
    if (SUCCEEDED(hr))
        hr = database_error(host->store->db, rc, "The store's properties could not be read");
    database_done(statement);
    if (SUCCEEDED(hr))
        hr = holder_set_payload(&host->props, PR_DISPLAY_NAME_W, name.size == 0 ? (const void *)"" : name.bytes,
                                name.size);
    byte_buffer_free(&name);
    return hr;
}

static HRESULT put(struct host *host, const char *name, const void *bytes, size_t size)
{
    sqlite3_stmt *statement;
    HRESULT hr =
        database_prepare(host->store->db, "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)", &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 2, size == 0 ? "" : bytes, (int)size, SQLITE_STATIC);
    return database_run(host->store->db, statement, "The store's properties could not be changed");
}

static bool is_name(const struct prop_entry *entry)
{
    return entry->tag == PR_DISPLAY_NAME_W;
}

static HRESULT write(struct host *host)
{
    const struct prop_entry *name = prop_bag_find(&host->props.bag, PR_DISPLAY_NAME_W);
    struct byte_buffer blob;
    HRESULT hr = name == NULL ? S_OK : put(host, "name", name->bytes, name->size);

    byte_buffer_init(&blob);
    if (SUCCEEDED(hr))
        hr = holder_encode(&host->props, is_name, &blob);
    if (SUCCEEDED(hr))
        hr = put(host, "props", blob.bytes, blob.size);
    if (SUCCEEDED(hr))
        hr = holder_write_chunks(&host->props, host->store, host->place, false);
    if (SUCCEEDED(hr))
        hr = event_store(host->store);
    byte_buffer_free(&blob);
    return hr;
}

/* A store that cannot be written to has its search folders, and no new ones. */
static ULONG support_mask(const struct store *store)
{
    ULONG mask = STORE_ENTRYID_UNIQUE | STORE_ATTACH_OK | STORE_MV_PROPS_OK | STORE_RESTRICTION_OK | STORE_SORT_OK |
                 STORE_HTML_OK | STORE_ANSI_OK | STORE_UNICODE_OK | STORE_LOCALSTORE | STORE_NOTIFY_OK |
                 STORE_CATEGORIZE_OK;

    return mask |
           (store->writable ? STORE_MODIFY_OK | STORE_CREATE_OK | STORE_SUBMIT_OK | STORE_SEARCH_OK : STORE_READONLY);
}

/* Messages that have not left: whatever is in the Outbox. */
static HRESULT count_unsent(struct store *store, ULONG *count)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT content_count FROM folder WHERE id = ?1", &statement);
    int rc;

    *count = 0;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, store->folders[FOLDER_OF_OUTBOX]);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *count = (ULONG)sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, "The Outbox could not be read");
    database_done(statement);
    return hr;
}

/* The folders whose entry identifiers are properties of the store. */
static const struct {
    ULONG tag;
    enum standard_folder folder;
} folder_tags[] = {
    {PR_IPM_SUBTREE_ENTRYID, FOLDER_OF_USER},
    {PR_IPM_OUTBOX_ENTRYID, FOLDER_OF_OUTBOX},
    {PR_IPM_WASTEBASKET_ENTRYID, FOLDER_OF_DELETED},
    {PR_IPM_SENTMAIL_ENTRYID, FOLDER_OF_SENT},
    {PR_VIEWS_ENTRYID, FOLDER_OF_VIEWS},
    {PR_COMMON_VIEWS_ENTRYID, FOLDER_OF_COMMON_VIEWS},
    {PR_FINDER_ENTRYID, FOLDER_OF_SEARCHES},
};

enum { FOLDER_TAG_COUNT = sizeof folder_tags / sizeof folder_tags[0] };

static const ULONG computed_tags[] = {
    PR_ENTRYID,
    PR_RECORD_KEY,
    PR_STORE_ENTRYID,
    PR_STORE_RECORD_KEY,
    PR_MAPPING_SIGNATURE,
    PR_OBJECT_TYPE,
    PR_ACCESS,
    PR_ACCESS_LEVEL,
    PR_MDB_PROVIDER,
    PR_STORE_STATE,
    PR_STORE_SUPPORT_MASK,
    PR_VALID_FOLDER_MASK,
    PR_PROVIDER_DISPLAY_W,
};

enum { COMPUTED_COUNT = sizeof computed_tags / sizeof computed_tags[0] };

static int folder_index(ULONG tag)
{
    int i;

    for (i = 0; i < FOLDER_TAG_COUNT; i++)
        if (PROP_ID(folder_tags[i].tag) == PROP_ID(tag))
            return i;
    return -1;
}

static bool is_computed(ULONG tag)
{
    size_t i;

    for (i = 0; i < COMPUTED_COUNT; i++)
        if (PROP_ID(computed_tags[i]) == PROP_ID(tag))
            return true;
    return folder_index(tag) >= 0 || PROP_ID(tag) == PROP_ID(PR_STORE_UNSAVED_COUNT) ||
           PROP_ID(tag) == PROP_ID(PR_STORE_UNSENT_COUNT);
}

static HRESULT provider_name(ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    static const char name[] = "Message Store";
    ULONG wanted;
    HRESULT hr = prop_wanted_tag(PR_PROVIDER_DISPLAY_W, tag, flags, &wanted);

    return FAILED(hr) ? hr : prop_value_from_payload(wanted, flags, name, sizeof name - 1, head, out);
}

static HRESULT get_computed(struct host *host, ULONG tag, void *head, SPropValue *out)
{
    struct store *store = host->store;
    int folder = folder_index(tag);
    bool running;
    ULONG count;
    HRESULT hr;

    if (folder >= 0)
        return value_entryid(store, tag, MAPI_FOLDER, store->folders[folder_tags[folder].folder], head, out);
    switch (PROP_ID(tag)) {
    case PROP_ID(PR_ENTRYID):
        return value_binary(tag, store->entryid, store->entryid_size, head, out);
    case PROP_ID(PR_RECORD_KEY):
        return value_binary(tag, store->uid.ab, sizeof store->uid.ab, head, out);
    case PROP_ID(PR_MDB_PROVIDER):
        return value_binary(tag, store_provider_uid.ab, sizeof store_provider_uid.ab, head, out);
    case PROP_ID(PR_ACCESS):
        return value_long(tag, store->writable ? MAPI_ACCESS_MODIFY | MAPI_ACCESS_READ : MAPI_ACCESS_READ, out);
    case PROP_ID(PR_STORE_STATE):
        hr = search_any_running(store, &running);
        return FAILED(hr) ? hr : value_long(tag, running ? STORE_HAS_SEARCHES : 0, out);
    case PROP_ID(PR_STORE_SUPPORT_MASK):
        return value_long(tag, support_mask(store), out);
    case PROP_ID(PR_VALID_FOLDER_MASK):
        return value_long(tag, 0xFF, out);
    case PROP_ID(PR_STORE_UNSAVED_COUNT):
        return value_long(tag, (ULONG)atomic_load(&store->unsaved), out);
    case PROP_ID(PR_STORE_UNSENT_COUNT):
        hr = count_unsent(store, &count);
        return FAILED(hr) ? hr : value_long(tag, count, out);
    default:
        return value_common(host, tag, MAPI_STORE, head, out);
    }
}

static HRESULT msgstore_get(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    struct host *host = self;

    if (PROP_ID(tag) == PROP_ID(PR_PROVIDER_DISPLAY_W))
        return provider_name(tag, flags, head, out);
    if (is_computed(tag))
        return value_checked(get_computed(host, tag, head, out), tag, out);
    return holder_get(&host->props, host->store, host->place, tag, flags, head, out);
}

static HRESULT msgstore_list(void *self, struct prop_tag_list *out)
{
    struct host *host = self;
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < host->props.bag.count && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, host->props.bag.items[i].tag);
    for (i = 0; i < COMPUTED_COUNT && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, computed_tags[i]);
    for (i = 0; i < FOLDER_TAG_COUNT && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, folder_tags[i].tag);
    return hr;
}

static HRESULT msgstore_set(void *self, const SPropValue *value)
{
    struct host *host = self;

    if (is_computed(value->ulPropTag))
        return MAPI_E_COMPUTED;
    if (PROP_ID(value->ulPropTag) == PROP_ID(PR_DISPLAY_NAME_W) && PROP_TYPE(value->ulPropTag) != PT_UNICODE &&
        PROP_TYPE(value->ulPropTag) != PT_STRING8)
        return MAPI_E_INVALID_TYPE;
    return holder_set(&host->props, value);
}

static HRESULT msgstore_remove(void *self, ULONG tag)
{
    struct host *host = self;

    if (is_computed(tag))
        return MAPI_E_COMPUTED;
    if (PROP_ID(tag) == PROP_ID(PR_DISPLAY_NAME_W))
        return MAPI_E_NO_ACCESS;
    return holder_remove(&host->props, tag);
}

static HRESULT open_object(struct host *host, ULONG tag, REFIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    (void)host, (void)tag, (void)iid, (void)options, (void)flags, (void)out;
    return MAPI_E_NOT_FOUND;
}

static HRESULT copy_object(void *host, ULONG tag, IMAPIProp *destination, ULONG flags)
{
    (void)host, (void)tag, (void)destination, (void)flags;
    return MAPI_E_NO_SUPPORT;
}

static const struct host_class msgstore_class = {
    {msgstore_get, msgstore_list, msgstore_set, msgstore_remove},
    is_computed,
    load,
    write,
    NULL,
    NULL,
    open_object,
    msgstore_iids,
    copy_object,
    NULL,
};

HOST_METHODS(msgstore, IMsgStore)

#define STORE_CALL(expression)                                                                                         \
    struct host *host = of(This);                                                                                      \
    HRESULT hr = host_enter(host);                                                                                     \
                                                                                                                       \
    if (FAILED(hr))                                                                                                    \
        return hr;                                                                                                     \
    hr = (expression);                                                                                                 \
    host_leave(host);                                                                                                  \
    return hr

static HRESULT STDMETHODCALLTYPE msgstore_advise(IMsgStore *This, ULONG size, LPENTRYID id, ULONG mask,
                                                 LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    if (connection != NULL)
        *connection = 0;
    STORE_CALL(store_advise(host->store, false, size, id, mask, sink, connection));
}

static HRESULT STDMETHODCALLTYPE msgstore_unadvise(IMsgStore *This, ULONG_PTR connection)
{
    STORE_CALL(store_unadvise(host->store, false, connection));
}

static HRESULT STDMETHODCALLTYPE msgstore_compare_entry_ids(IMsgStore *This, ULONG size1, LPENTRYID id1, ULONG size2,
                                                            LPENTRYID id2, ULONG flags, ULONG *result)
{
    STORE_CALL(store_compare_entryids(host->store, size1, id1, size2, id2, flags, result));
}

static HRESULT STDMETHODCALLTYPE msgstore_open_entry(IMsgStore *This, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                                                     ULONG *type, LPUNKNOWN *out)
{
    if (out != NULL)
        *out = NULL;
    STORE_CALL(store_open_entry(host->store, size, id, iid, flags, type, out));
}

static HRESULT STDMETHODCALLTYPE msgstore_set_receive_folder(IMsgStore *This, LPTSTR class, ULONG flags, ULONG size,
                                                             LPENTRYID id)
{
    STORE_CALL(receive_folder_set(host, class, flags, size, id));
}

static HRESULT STDMETHODCALLTYPE msgstore_get_receive_folder(IMsgStore *This, LPTSTR class, ULONG flags, ULONG *size,
                                                             LPENTRYID *id, LPTSTR *explicit_class)
{
    if (id != NULL)
        *id = NULL;
    if (explicit_class != NULL)
        *explicit_class = NULL;
    STORE_CALL(receive_folder_get(host, class, flags, size, id, (void **)explicit_class));
}

static HRESULT STDMETHODCALLTYPE msgstore_get_receive_folder_table(IMsgStore *This, ULONG flags, LPMAPITABLE *out)
{
    if (out != NULL)
        *out = NULL;
    STORE_CALL(receive_folder_table(host, flags, out));
}

/* imsgstore-storelogoff.md: the flags are kept for the moment when the last object of the store is released. There is
 * no transport of ours, so nothing is ever active. */
static HRESULT store_logoff(struct store *store, ULONG *flags)
{
    static const ULONG known = LOGOFF_NO_WAIT | LOGOFF_ORDERLY | LOGOFF_PURGE | LOGOFF_ABORT | LOGOFF_QUIET;

    if (flags == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((*flags & ~known) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    if (*flags == 0 || (*flags & (*flags - 1)) != 0)
        return fail(MAPI_E_INVALID_PARAMETER, "Exactly one of the LOGOFF_ flags must be set.");
    store->logoff_flags = *flags;
    *flags = 0;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE msgstore_store_logoff(IMsgStore *This, ULONG *flags)
{
    STORE_CALL(store_logoff(host->store, flags));
}

static HRESULT STDMETHODCALLTYPE msgstore_abort_submit(IMsgStore *This, ULONG size, LPENTRYID id, ULONG flags)
{
    STORE_CALL(outgoing_abort(host->store, size, id, flags));
}

static HRESULT STDMETHODCALLTYPE msgstore_get_outgoing_queue(IMsgStore *This, ULONG flags, LPMAPITABLE *out)
{
    if (out != NULL)
        *out = NULL;
    STORE_CALL(outgoing_table(host->store, flags, out));
}

static HRESULT STDMETHODCALLTYPE msgstore_set_lock_state(IMsgStore *This, LPMESSAGE message, ULONG state)
{
    STORE_CALL(outgoing_lock(host->store, message, state));
}

static HRESULT STDMETHODCALLTYPE msgstore_finished_msg(IMsgStore *This, ULONG flags, ULONG size, LPENTRYID id)
{
    STORE_CALL(outgoing_finish(host->store, flags, size, id));
}

/* imsgstore-notifynewmail.md: a message that was put into the store before has been delivered. */
static HRESULT announce(struct store *store, const NOTIFICATION *notification)
{
    const NEWMAIL_NOTIFICATION *mail;
    int64_t row;
    ULONG kind;
    HRESULT hr;

    if (notification == NULL || notification->ulEventType != fnevNewMail)
        return MAPI_E_INVALID_PARAMETER;
    mail = &notification->info.newmail;
    hr = object_entryid_parse(&store->uid, mail->cbEntryID, mail->lpEntryID, &kind, &row);
    if (SUCCEEDED(hr) && kind != MAPI_MESSAGE)
        hr = fail(MAPI_E_INVALID_ENTRYID, "Only a message can be new mail.");
    if (SUCCEEDED(hr))
        hr = store_begin(store);
    return SUCCEEDED(hr) ? store_end_transaction(store, event_new_mail(store, row)) : hr;
}

static HRESULT STDMETHODCALLTYPE msgstore_notify_new_mail(IMsgStore *This, LPNOTIFICATION notification)
{
    STORE_CALL(announce(host->store, notification));
}

const IMsgStoreVtbl msgstore_vtbl = {
    HOST_SLOTS(msgstore),        msgstore_advise,
    msgstore_unadvise,           msgstore_compare_entry_ids,
    msgstore_open_entry,         msgstore_set_receive_folder,
    msgstore_get_receive_folder, msgstore_get_receive_folder_table,
    msgstore_store_logoff,       msgstore_abort_submit,
    msgstore_get_outgoing_queue, msgstore_set_lock_state,
    msgstore_finished_msg,       msgstore_notify_new_mail,
};

static void msgstore_destroy(struct object *object)
{
    host_destroy((struct host *)(void *)object);
}

static HRESULT msgstore_query(struct object *object, REFIID iid, void **out)
{
    struct msgstore *msgstore = (struct msgstore *)(void *)object;

    if (!IsEqualGUID(iid, &IID_IMapiStoreBatch))
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    object_addref(object);
    *out = &msgstore->batch.face;
    return S_OK;
}

static const struct object_type msgstore_type = {OBJECT_STORE, msgstore_iids, msgstore_destroy, host_lifeline,
                                                 msgstore_query};

HRESULT msgstore_create(struct store *store, LPMDB *out)
{
    struct msgstore *msgstore = calloc(1, sizeof *msgstore);

    *out = NULL;
    if (msgstore == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    host_init(&msgstore->host, &msgstore_type, &msgstore_vtbl, &msgstore_class, store, CHUNKS_OF_STORE, 1,
              store->writable);
    store_batch_init(&msgstore->batch, &msgstore->host);
    *out = (LPMDB)(void *)msgstore;
    return S_OK;
}
