#include "store/folder.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>
#include <mapiguid.h>
#include <mapitags.h>

#include "base/failure.h"
#include "base/propcodec.h"
#include "store/entryid.h"
#include "store/objects.h"
#include "store/progress.h"
#include "store/search.h"
#include "store/store.h"

static const struct object_type folder_type;
static const struct host_class folder_class;

const GUID *const folder_iids[] = {&IID_IMAPIFolder, &IID_IMAPIContainer, &IID_IMAPIProp, NULL};

static struct folder *of(IMAPIFolder *This)
{
    return (struct folder *)(void *)This;
}

static struct folder *from_host(void *host)
{
    return host;
}

struct folder *folder_of_same_store(struct folder *folder, void *other)
{
    struct folder *found = other;

    if (other == NULL || ((struct object *)other)->vtbl != &folder_vtbl)
        return NULL;
    return found->host.store == folder->host.store || found->host.store->changes == folder->host.store->changes ? found
                                                                                                                : NULL;
}

static HRESULT read_row(sqlite3_stmt *statement, struct folder *folder)
{
    struct holder *props = &folder->host.props;
    const void *name = sqlite3_column_text(statement, 1);
    HRESULT hr;

    if (name == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    holder_clear(props);
    folder->parent = sqlite3_column_int64(statement, 0);
    folder->kind = (ULONG)sqlite3_column_int64(statement, 2);
    folder->created = sqlite3_column_int64(statement, 3);
    folder->modified = sqlite3_column_int64(statement, 4);
    folder->content_count = (ULONG)sqlite3_column_int64(statement, 5);
    folder->unread_count = (ULONG)sqlite3_column_int64(statement, 6);
    folder->associated_count = (ULONG)sqlite3_column_int64(statement, 7);
    folder->has_folders = sqlite3_column_int(statement, 8) != 0;
    hr = prop_bag_decode(&props->bag, sqlite3_column_blob(statement, 9), (size_t)sqlite3_column_bytes(statement, 9));
    if (SUCCEEDED(hr))
        hr = holder_set_payload(props, PR_DISPLAY_NAME_W, name, (size_t)sqlite3_column_bytes(statement, 1));
    return hr;
}

static HRESULT load_as(struct folder *folder, struct store *store, int64_t row, HRESULT missing)
{
    static const char sql[] =
        "SELECT parent, name, kind, created, modified, content_count, unread_count, associated_count,"
        " EXISTS (SELECT 1 FROM folder AS child WHERE child.parent = folder.id), props"
        " FROM folder WHERE id = ?1";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    hr = database_error(store->db, rc, "The folder could not be read");
    if (rc == SQLITE_ROW)
        hr = read_row(statement, folder);
    else if (rc == SQLITE_DONE)
        hr = fail(missing, "The folder does not exist any more.");
    database_done(statement);
    return hr;
}

static HRESULT load(struct host *host)
{
    return load_as(from_host(host), host->store, host->place.row, MAPI_E_OBJECT_DELETED);
}

static bool is_column(const struct prop_entry *entry)
{
    return entry->tag == PR_DISPLAY_NAME_W;
}

static HRESULT write(struct host *host)
{
    const struct prop_entry *name = prop_bag_find(&host->props.bag, PR_DISPLAY_NAME_W);
    struct byte_buffer blob;
    sqlite3_stmt *statement;
    int64_t parent;
    HRESULT hr;

    byte_buffer_init(&blob);
    hr = holder_encode(&host->props, is_column, &blob);
    if (SUCCEEDED(hr))
        hr = database_prepare(host->store->db, "UPDATE folder SET name = ?2, modified = ?3, props = ?4 WHERE id = ?1",
                              &statement);
    if (SUCCEEDED(hr)) {
        sqlite3_bind_int64(statement, 1, host->place.row);
        sqlite3_bind_text(statement, 2, (const char *)name->bytes, (int)name->size, SQLITE_STATIC);
        sqlite3_bind_int64(statement, 3, filetime_now());
        sqlite3_bind_blob(statement, 4, blob.bytes, (int)blob.size, SQLITE_STATIC);
        hr = database_run(host->store->db, statement, "The folder could not be changed");
    }
    if (SUCCEEDED(hr))
        hr = holder_write_chunks(&host->props, host->store, host->place, false);
    if (SUCCEEDED(hr))
        hr = folder_parent(host->store, host->place.row, &parent);
    if (SUCCEEDED(hr))
        hr = event_folder(host->store, fnevObjectModified, host->place.row, parent, 0, 0);
    byte_buffer_free(&blob);
    return hr;
}

HRESULT folder_open(struct store *store, int64_t row, bool writable, struct folder **out)
{
    struct folder *folder = calloc(1, sizeof *folder);
    HRESULT hr;

    *out = NULL;
    if (folder == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    hr = load_as(folder, store, row, MAPI_E_NOT_FOUND);
    if (FAILED(hr)) {
        holder_clear(&folder->host.props);
        free(folder);
        return hr;
    }
    host_init(&folder->host, &folder_type, &folder_vtbl, &folder_class, store, CHUNKS_OF_FOLDER, row, writable);
    store_batch_init(&folder->batch, &folder->host);
    *out = folder;
    return S_OK;
}

static void folder_destroy(struct object *object)
{
    host_destroy((struct host *)(void *)object);
}

static HRESULT folder_query(struct object *object, REFIID iid, void **out)
{
    struct folder *folder = (struct folder *)(void *)object;

    if (memcmp(iid, &IID_IMapiStoreBatch, sizeof *iid) != 0)
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    object_addref(object);
    *out = &folder->batch.face;
    return S_OK;
}

static const struct object_type folder_type = {OBJECT_FOLDER, folder_iids, folder_destroy, host_lifeline, folder_query};

/* The Drafts folder is found through the Inbox and, where that is missing, the root. */
static bool names_drafts(const struct host *host)
{
    return host->place.row == host->store->folders[FOLDER_OF_INBOX] ||
           host->place.row == host->store->folders[FOLDER_OF_ROOT];
}

static ULONG access_of(const struct folder *folder)
{
    const struct host *host = &folder->host;
    ULONG access = MAPI_ACCESS_READ;

    if (!host->store->writable)
        return access;
    access |= MAPI_ACCESS_MODIFY;
    if (folder->kind != FOLDER_SEARCH)
        access |= MAPI_ACCESS_CREATE_HIERARCHY | MAPI_ACCESS_CREATE_CONTENTS | MAPI_ACCESS_CREATE_ASSOCIATED;
    return access | (folder_is_standard(host->store, host->place.row) ? 0 : MAPI_ACCESS_DELETE);
}

/* What is worked out; MAPI_E_NOT_FOUND for everything else. */
static HRESULT get_computed(struct folder *folder, ULONG tag, void *head, SPropValue *out)
{
    struct host *host = &folder->host;
    unsigned char key[INSTANCE_KEY_SIZE];

    switch (PROP_ID(tag)) {
    case PROP_ID(PR_ENTRYID):
    case PROP_ID(PR_RECORD_KEY):
        return value_entryid(host->store, tag, MAPI_FOLDER, host->place.row, head, out);
    case PROP_ID(PR_PARENT_ENTRYID): /* the root is its own parent */
        return value_entryid(host->store, tag, MAPI_FOLDER, folder->parent == 0 ? host->place.row : folder->parent,
                             head, out);
    case PROP_ID(PR_INSTANCE_KEY):
        instance_key_make(host->place.row, key);
        return value_binary(tag, key, sizeof key, head, out);
    case PROP_ID(PR_FOLDER_TYPE):
        return value_long(tag, folder->kind, out);
    case PROP_ID(PR_CONTENT_COUNT):
        return value_long(tag, folder->content_count, out);
    case PROP_ID(PR_CONTENT_UNREAD):
        return value_long(tag, folder->unread_count, out);
    case PROP_ID(PR_ASSOC_CONTENT_COUNT):
        return value_long(tag, folder->associated_count, out);
    case PROP_ID(PR_SUBFOLDERS):
        return value_boolean(tag, folder->has_folders, out);
    case PROP_ID(PR_CREATION_TIME):
        return value_time(tag, folder->created, out);
    case PROP_ID(PR_LAST_MODIFICATION_TIME):
        return value_time(tag, folder->modified, out);
    case PROP_ID(PR_ACCESS):
        return value_long(tag, access_of(folder), out);
    case PROP_ID(PR_DISPLAY_TYPE):
        return value_long(tag, folder_display_type(folder->kind), out);
    case PROP_ID(PR_STATUS):
        return value_long(tag, 0, out);
    case PROP_ID(PR_STORE_UNSAVED_COUNT): /* asked by the session, which reaches a logon's objects only */
        return value_long(tag, (ULONG)atomic_load(&host->store->unsaved), out);
    case PROP_ID(PR_IPM_DRAFTS_ENTRYID):
        if (names_drafts(host))
            return value_entryid(host->store, tag, MAPI_FOLDER, host->store->folders[FOLDER_OF_DRAFTS], head, out);
        return MAPI_E_NOT_FOUND;
    default:
        return value_common(host, tag, MAPI_FOLDER, head, out);
    }
}

static const ULONG computed_tags[] = {
    PR_ENTRYID,           PR_RECORD_KEY,    PR_PARENT_ENTRYID,         PR_INSTANCE_KEY,
    PR_FOLDER_TYPE,       PR_CONTENT_COUNT, PR_CONTENT_UNREAD,         PR_ASSOC_CONTENT_COUNT,
    PR_SUBFOLDERS,        PR_CREATION_TIME, PR_LAST_MODIFICATION_TIME, PR_ACCESS,
    PR_DISPLAY_TYPE,      PR_STATUS,        PR_STORE_ENTRYID,          PR_STORE_RECORD_KEY,
    PR_MAPPING_SIGNATURE, PR_OBJECT_TYPE,   PR_ACCESS_LEVEL,
};

enum { COMPUTED_COUNT = sizeof computed_tags / sizeof computed_tags[0] };

static bool is_computed(ULONG tag)
{
    size_t i;

    for (i = 0; i < COMPUTED_COUNT; i++)
        if (PROP_ID(computed_tags[i]) == PROP_ID(tag))
            return true;
    return false;
}

static HRESULT folder_get(void *self, ULONG tag, ULONG flags, void *head, SPropValue *out)
{
    struct folder *folder = from_host(self);
    struct host *host = &folder->host;

    if (is_computed(tag) || PROP_ID(tag) == PROP_ID(PR_STORE_UNSAVED_COUNT) ||
        (PROP_ID(tag) == PROP_ID(PR_IPM_DRAFTS_ENTRYID) && names_drafts(host)))
        return value_checked(get_computed(folder, tag, head, out), tag, out);
    return holder_get(&host->props, host->store, host->place, tag, flags, head, out);
}

static HRESULT folder_list(void *self, struct prop_tag_list *out)
{
    static const ULONG objects[] = {PR_CONTAINER_HIERARCHY, PR_CONTAINER_CONTENTS, PR_FOLDER_ASSOCIATED_CONTENTS};
    struct folder *folder = from_host(self);
    const struct prop_bag *bag = &folder->host.props.bag;
    HRESULT hr = S_OK;
    size_t i;

    for (i = 0; i < bag->count && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, bag->items[i].tag);
    for (i = 0; i < COMPUTED_COUNT && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, computed_tags[i]);
    for (i = 0; i < sizeof objects / sizeof objects[0] && SUCCEEDED(hr); i++)
        hr = prop_tag_list_add(out, objects[i]);
    if (SUCCEEDED(hr) && names_drafts(&folder->host))
        hr = prop_tag_list_add(out, PR_IPM_DRAFTS_ENTRYID);
    return hr;
}

static HRESULT rename_folder(struct folder *folder, const SPropValue *value)
{
    struct byte_buffer name;
    int64_t other = 0;
    HRESULT hr;

    if (PROP_TYPE(value->ulPropTag) != PT_UNICODE && PROP_TYPE(value->ulPropTag) != PT_STRING8)
        return MAPI_E_INVALID_TYPE;
    hr = search_refuse(folder, "The folder could not be renamed");
    if (FAILED(hr))
        return hr;
    byte_buffer_init(&name);
    hr = prop_payload_from_value(value, &name);
    if (SUCCEEDED(hr))
        hr = folder_check_name(name.bytes, name.size);
    if (SUCCEEDED(hr))
        hr = folder_find_child(folder->host.store, folder->parent, (const char *)name.bytes, name.size, &other);
    if (SUCCEEDED(hr) && other != 0 && other != folder->host.place.row)
        hr = fail(MAPI_E_COLLISION, "There is another folder of that name.");
    if (SUCCEEDED(hr))
        hr = holder_set_payload(&folder->host.props, PR_DISPLAY_NAME_W, name.bytes, name.size);
    byte_buffer_free(&name);
    return hr;
}

static HRESULT folder_set(void *self, const SPropValue *value)
{
    struct folder *folder = from_host(self);

    if (is_computed(value->ulPropTag))
        return MAPI_E_COMPUTED;
    if (PROP_ID(value->ulPropTag) == PROP_ID(PR_DISPLAY_NAME_W))
        return rename_folder(folder, value);
    return holder_set(&folder->host.props, value);
}

static HRESULT folder_remove(void *self, ULONG tag)
{
    struct folder *folder = from_host(self);

    if (is_computed(tag))
        return MAPI_E_COMPUTED;
    if (PROP_ID(tag) == PROP_ID(PR_DISPLAY_NAME_W))
        return MAPI_E_NO_ACCESS;
    return holder_remove(&folder->host.props, tag);
}

static HRESULT open_object(struct host *host, ULONG tag, REFIID iid, ULONG options, ULONG flags, LPUNKNOWN *out)
{
    LPMAPITABLE *table = (LPMAPITABLE *)(void *)out;
    ULONG wide = options & MAPI_UNICODE;

    (void)flags;
    if (PROP_ID(tag) != PROP_ID(PR_CONTAINER_CONTENTS) && PROP_ID(tag) != PROP_ID(PR_CONTAINER_HIERARCHY) &&
        PROP_ID(tag) != PROP_ID(PR_FOLDER_ASSOCIATED_CONTENTS))
        return MAPI_E_NOT_FOUND;
    if (memcmp(iid, &IID_IMAPITable, sizeof *iid) != 0)
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    if (PROP_ID(tag) == PROP_ID(PR_CONTAINER_HIERARCHY))
        return hierarchy_table(from_host(host), wide, table);
    return contents_table_create(from_host(host), PROP_ID(tag) == PROP_ID(PR_FOLDER_ASSOCIATED_CONTENTS), wide, table);
}

static const struct host_class folder_class = {
    {folder_get, folder_list, folder_set, folder_remove},
    is_computed,
    load,
    write,
    NULL,
    NULL,
    open_object,
    folder_iids,
    folder_copy_object,
    NULL,
};

HOST_METHODS(folder, IMAPIFolder)

/* Most methods have one shape: enter, do, leave. */
#define FOLDER_CALL(expression)                                                                                        \
    struct folder *folder = of(This);                                                                                  \
    HRESULT hr = host_enter(&folder->host);                                                                            \
                                                                                                                       \
    if (FAILED(hr))                                                                                                    \
        return hr;                                                                                                     \
    hr = (expression);                                                                                                 \
    host_leave(&folder->host);                                                                                         \
    return hr

/* A folder that is gone has no tables: an empty one would say that it is there and holds nothing. */
static HRESULT contents(struct folder *folder, ULONG flags, LPMAPITABLE *out)
{
    HRESULT hr;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MAPI_UNICODE | MAPI_DEFERRED_ERRORS | MAPI_ASSOCIATED | SHOW_SOFT_DELETES)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = folder_check_exists(folder->host.store, folder->host.place.row);
    if (FAILED(hr))
        return hr;
    return contents_table_create(folder, (flags & MAPI_ASSOCIATED) != 0, flags, out);
}

static HRESULT STDMETHODCALLTYPE folder_get_contents_table(IMAPIFolder *This, ULONG flags, LPMAPITABLE *out)
{
    if (out != NULL)
        *out = NULL;
    FOLDER_CALL(contents(folder, flags, out));
}

static HRESULT hierarchy(struct folder *folder, ULONG flags, LPMAPITABLE *out)
{
    HRESULT hr;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MAPI_UNICODE | MAPI_DEFERRED_ERRORS | CONVENIENT_DEPTH | SHOW_SOFT_DELETES)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = folder_check_exists(folder->host.store, folder->host.place.row);
    return SUCCEEDED(hr) ? hierarchy_table(folder, flags, out) : hr;
}

static HRESULT STDMETHODCALLTYPE folder_get_hierarchy_table(IMAPIFolder *This, ULONG flags, LPMAPITABLE *out)
{
    if (out != NULL)
        *out = NULL;
    FOLDER_CALL(hierarchy(folder, flags, out));
}

static HRESULT STDMETHODCALLTYPE folder_open_entry(IMAPIFolder *This, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                                                   ULONG *type, LPUNKNOWN *out)
{
    if (out != NULL)
        *out = NULL;
    FOLDER_CALL(store_open_entry(folder->host.store, size, id, iid, flags, type, out));
}

static HRESULT STDMETHODCALLTYPE folder_set_search_criteria(IMAPIFolder *This, LPSRestriction restriction,
                                                            LPENTRYLIST list, ULONG flags)
{
    FOLDER_CALL(search_set_criteria(folder, restriction, list, flags));
}

static HRESULT STDMETHODCALLTYPE folder_get_search_criteria(IMAPIFolder *This, ULONG flags, LPSRestriction *restriction,
                                                            LPENTRYLIST *list, ULONG *state)
{
    if (restriction != NULL)
        *restriction = NULL;
    if (list != NULL)
        *list = NULL;
    if (state != NULL)
        *state = 0;
    FOLDER_CALL(search_get_criteria(folder, flags, restriction, list, state));
}

static HRESULT create_message(struct folder *folder, LPCIID iid, ULONG flags, LPMESSAGE *out)
{
    struct message *message;
    HRESULT hr;

    if (out == NULL)
        return MAPI_E_INVALID_PARAMETER;
    if ((flags & ~(MAPI_ASSOCIATED | MAPI_DEFERRED_ERRORS | ITEMPROC_FORCE)) != 0)
        return MAPI_E_UNKNOWN_FLAGS;
    hr = check_interface(iid, message_iids);
    if (FAILED(hr))
        return hr;
    if (!folder->host.writable)
        return fail(MAPI_E_NO_ACCESS, "The folder was opened for reading.");
    hr = search_refuse(folder, "The message could not be made");
    if (FAILED(hr))
        return hr;
    hr = message_create(folder->host.store, folder->host.place.row, (flags & MAPI_ASSOCIATED) != 0, NULL, &message);
    if (SUCCEEDED(hr))
        *out = (LPMESSAGE)(void *)message;
    return hr;
}

static HRESULT STDMETHODCALLTYPE folder_create_message(IMAPIFolder *This, LPCIID iid, ULONG flags, LPMESSAGE *out)
{
    if (out != NULL)
        *out = NULL;
    FOLDER_CALL(create_message(folder, iid, flags, out));
}

/* Lists are treated at once, but piece by piece where somebody watches. */
enum { PIECES = 100 };

struct list_call {
    IMAPIFolder *folder;
    HRESULT (*treat)(const struct list_call *call, LPENTRYLIST list);
    LPCIID iid; /* CopyMessages */
    LPVOID destination;
    ULONG flags;
};

static HRESULT treat_pieces(const struct list_call *call, LPENTRYLIST list, LPMAPIPROGRESS progress)
{
    ULONG piece = list->cValues / PIECES + 1;
    struct progress shown;
    HRESULT result = S_OK;
    ULONG done;

    progress_begin(&shown, true, progress, list->cValues);
    for (done = 0; SUCCEEDED(result) && done < list->cValues; done += piece) {
        ULONG left = list->cValues - done;
        ENTRYLIST part = {left < piece ? left : piece, list->lpbin + done};
        HRESULT hr;

        progress_at(&shown, done);
        hr = call->treat(call, &part);
        if (hr != S_OK)
            result = hr;
    }
    return progress_end(&shown, result);
}

static HRESULT treat_list(const struct list_call *call, LPENTRYLIST list, LPMAPIPROGRESS progress)
{
    struct progress shown;

    if ((call->flags & MESSAGE_DIALOG) == 0 || progress == NULL)
        return call->treat(call, list);
    if (list != NULL && list->cValues > 1 && list->lpbin != NULL)
        return treat_pieces(call, list, progress);
    progress_begin(&shown, true, progress, 1);
    return progress_end(&shown, call->treat(call, list));
}

/* Within a store file its own logon does all, and the destination's may be at work on another thread. */
static HRESULT enter_with(struct folder *folder, void *destination, struct store **also)
{
    HRESULT hr = host_enter(&folder->host);

    *also = NULL;
    if (FAILED(hr) || folder_of_same_store(folder, destination) != NULL)
        return hr;
    host_leave(&folder->host);
    return host_enter_both(&folder->host, destination, also);
}

static HRESULT copy_list(const struct list_call *call, LPENTRYLIST list)
{
    struct folder *folder = of(call->folder);
    struct store *also;
    HRESULT hr = enter_with(folder, call->destination, &also);

    if (FAILED(hr))
        return hr;
    hr = folder_copy_messages(folder, list, call->iid, call->destination, call->flags);
    host_leave_both(&folder->host, also);
    return hr;
}

static HRESULT STDMETHODCALLTYPE folder_copy_messages_method(IMAPIFolder *This, LPENTRYLIST list, LPCIID iid,
                                                             LPVOID destination, ULONG_PTR ui, LPMAPIPROGRESS progress,
                                                             ULONG flags)
{
    const struct list_call call = {This, copy_list, iid, destination, flags};

    (void)ui;
    return treat_list(&call, list, progress);
}

static HRESULT delete_list(const struct list_call *call, LPENTRYLIST list)
{
    IMAPIFolder *This = call->folder;
    FOLDER_CALL(folder_delete_messages(folder, list, call->flags));
}

static HRESULT STDMETHODCALLTYPE folder_delete_messages_method(IMAPIFolder *This, LPENTRYLIST list, ULONG_PTR ui,
                                                               LPMAPIPROGRESS progress, ULONG flags)
{
    const struct list_call call = {This, delete_list, NULL, NULL, flags};

    (void)ui;
    return treat_list(&call, list, progress);
}

static HRESULT STDMETHODCALLTYPE folder_create_folder(IMAPIFolder *This, ULONG type, LPTSTR name, LPTSTR comment,
                                                      LPCIID iid, ULONG flags, LPMAPIFOLDER *out)
{
    if (out != NULL)
        *out = NULL;
    FOLDER_CALL(folder_create_child(folder, type, name, comment, iid, flags, out));
}

static HRESULT copy_folder(IMAPIFolder *This, ULONG size, LPENTRYID id, LPCIID iid, LPVOID destination, LPTSTR name,
                           ULONG flags)
{
    struct folder *folder = of(This);
    struct store *also;
    HRESULT hr = enter_with(folder, destination, &also);

    if (FAILED(hr))
        return hr;
    hr = folder_copy_child(folder, size, id, iid, destination, name, flags);
    host_leave_both(&folder->host, also);
    return hr;
}

static HRESULT STDMETHODCALLTYPE folder_copy_folder(IMAPIFolder *This, ULONG size, LPENTRYID id, LPCIID iid,
                                                    LPVOID destination, LPTSTR name, ULONG_PTR ui,
                                                    LPMAPIPROGRESS progress, ULONG flags)
{
    struct progress shown;

    (void)ui;
    progress_begin(&shown, (flags & FOLDER_DIALOG) != 0, progress, 1);
    return progress_end(&shown, copy_folder(This, size, id, iid, destination, name, flags));
}

static HRESULT delete_folder(IMAPIFolder *This, ULONG size, LPENTRYID id, ULONG flags)
{
    FOLDER_CALL(folder_delete_child(folder, size, id, flags));
}

static HRESULT STDMETHODCALLTYPE folder_delete_folder(IMAPIFolder *This, ULONG size, LPENTRYID id, ULONG_PTR ui,
                                                      LPMAPIPROGRESS progress, ULONG flags)
{
    struct progress shown;

    (void)ui;
    progress_begin(&shown, (flags & FOLDER_DIALOG) != 0, progress, 1);
    return progress_end(&shown, delete_folder(This, size, id, flags));
}

static HRESULT mark_list(const struct list_call *call, LPENTRYLIST list)
{
    IMAPIFolder *This = call->folder;
    FOLDER_CALL(folder_set_read_flags(folder, list, call->flags));
}

static HRESULT STDMETHODCALLTYPE folder_set_read_flags_method(IMAPIFolder *This, LPENTRYLIST list, ULONG_PTR ui,
                                                              LPMAPIPROGRESS progress, ULONG flags)
{
    const struct list_call call = {This, mark_list, NULL, NULL, flags};

    (void)ui;
    return treat_list(&call, list, progress);
}

static HRESULT STDMETHODCALLTYPE folder_get_message_status(IMAPIFolder *This, ULONG size, LPENTRYID id, ULONG flags,
                                                           ULONG *status)
{
    FOLDER_CALL(folder_get_status(folder, size, id, flags, status));
}

static HRESULT STDMETHODCALLTYPE folder_set_message_status(IMAPIFolder *This, ULONG size, LPENTRYID id, ULONG status,
                                                           ULONG mask, ULONG *old)
{
    FOLDER_CALL(folder_set_status(folder, size, id, status, mask, old));
}

static HRESULT STDMETHODCALLTYPE folder_save_contents_sort(IMAPIFolder *This, LPSSortOrderSet order, ULONG flags)
{
    (void)order, (void)flags;
    FOLDER_CALL(MAPI_E_NO_SUPPORT);
}

static HRESULT empty_folder(IMAPIFolder *This, ULONG flags)
{
    FOLDER_CALL(folder_empty(folder, flags));
}

static HRESULT STDMETHODCALLTYPE folder_empty_folder(IMAPIFolder *This, ULONG_PTR ui, LPMAPIPROGRESS progress,
                                                     ULONG flags)
{
    struct progress shown;

    (void)ui;
    progress_begin(&shown, (flags & FOLDER_DIALOG) != 0, progress, 1);
    return progress_end(&shown, empty_folder(This, flags));
}

const IMAPIFolderVtbl folder_vtbl = {
    HOST_SLOTS(folder),
    folder_get_contents_table,
    folder_get_hierarchy_table,
    folder_open_entry,
    folder_set_search_criteria,
    folder_get_search_criteria,
    folder_create_message,
    folder_copy_messages_method,
    folder_delete_messages_method,
    folder_create_folder,
    folder_copy_folder,
    folder_delete_folder,
    folder_set_read_flags_method,
    folder_get_message_status,
    folder_set_message_status,
    folder_save_contents_sort,
    folder_empty_folder,
};
