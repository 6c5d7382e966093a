/* Listening for changes, and reading them (declared in events.h). */
#include "store/events.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "store/entryid.h"
#include "store/logon.h"
#include "store/table_events.h"
#include "store/tree.h"

static const char failed[] = "The changes of the store could not be read";
static const char listen_failed[] = "The store could not be told that somebody is registered";

/* ---- ringing ---- */

/* Rings whoever else listens; the rows of those that are dead are listed. */
static HRESULT ring_others(struct store *store, struct row_list *dead)
{
    int64_t own = store->events != NULL ? store->events->id : 0;
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT id, bell FROM listener", &statement);
    int rc = SQLITE_OK;

    if (FAILED(hr))
        return hr;
    while (SUCCEEDED(hr) && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t id = sqlite3_column_int64(statement, 0);
        const char *bell = (const char *)sqlite3_column_text(statement, 1);

        if (id != own && bell != NULL && !MapiBellRing(bell))
            hr = row_list_add(dead, id);
    }
    if (SUCCEEDED(hr))
        hr = database_error(store->db, rc, failed);
    database_done(statement);
    return hr;
}

/* Removes listeners, and what was written down for them if they were the last. Waits for nobody: what cannot be done
 * now is done by whoever next rings. */
static void remove_listeners(struct store *store, const struct row_list *listeners)
{
    HRESULT hr = S_OK;
    size_t i;

    if (listeners->count == 0)
        return;
    database_set_patience(store->db, false);
    hr = database_begin(store->db);
    if (SUCCEEDED(hr)) {
        for (i = 0; i < listeners->count && SUCCEEDED(hr); i++)
            hr = tree_run(store, "DELETE FROM listener WHERE id = ?1", listeners->rows[i], listen_failed);
        if (SUCCEEDED(hr))
            hr =
                tree_run(store, "DELETE FROM event WHERE ?1 AND NOT EXISTS (SELECT 1 FROM listener)", 1, listen_failed);
        if (SUCCEEDED(hr))
            (void)database_commit(store->db);
        else
            database_rollback(store->db);
    }
    database_set_patience(store->db, true);
}

static void ring(struct store *store)
{
    struct row_list dead = {NULL, 0, 0};

    (void)ring_others(store, &dead);
    remove_listeners(store, &dead);
    row_list_free(&dead);
}

void events_after_commit(struct store *store)
{
    if (store->pending.count == 0)
        return;
    ring(store);
    if (store->events != NULL)
        atomic_store(&store->look, true);
}

/* ---- listening ---- */

static void look(void *context)
{
    struct store *store = context;

    atomic_store(&store->look, true);
    events_look(store);
}

static BOOL ref(void *context)
{
    struct store *store = context;
    unsigned refs = atomic_load(&store->refs);

    while (refs > 0 && !atomic_compare_exchange_weak(&store->refs, &refs, refs + 1))
        continue;
    return refs > 0;
}

static void unref(void *context)
{
    store_unref(context);
}

static HRESULT last_change(struct store *store, int64_t *seq)
{
    static const char sql[] = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'event'";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *seq = sqlite3_column_int64(statement, 0);
    hr = database_error(store->db, rc, failed);
    database_done(statement);
    return hr;
}

static HRESULT insert_listener(struct store *store, struct events *events)
{
    const char *path = MapiBellPath(events->bell);
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "INSERT INTO listener (bell) VALUES (?1)", &statement);

    if (FAILED(hr))
        return hr;
    sqlite3_bind_text(statement, 1, path, -1, SQLITE_STATIC);
    hr = database_run(store->db, statement, listen_failed);
    events->id = sqlite3_last_insert_rowid(database_handle(store->db));
    return SUCCEEDED(hr) ? last_change(store, &events->seen) : hr;
}

static HRESULT enter_list(struct store *store, struct events *events)
{
    HRESULT hr = database_begin(store->db);

    if (FAILED(hr))
        return hr;
    hr = insert_listener(store, events);
    if (SUCCEEDED(hr))
        return database_commit(store->db);
    database_rollback(store->db);
    return hr;
}

HRESULT events_start(struct store *store)
{
    const struct mapi_bell_owner owner = {store, look, ref, unref};
    struct events *events;
    HRESULT hr;

    if (store->events != NULL)
        return S_OK;
    if (database_in_transaction(store->db) || sqlite3_db_readonly(database_handle(store->db), "main") == 1)
        return fail(MAPI_E_NO_SUPPORT, "Nobody can be registered with a store whose file cannot be written to.");
    events = calloc(1, sizeof *events);
    if (events == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    ring(store); /* finds out who is dead */
    hr = MapiBellOpen(&store->uid, &owner, &events->bell);
    if (SUCCEEDED(hr))
        hr = enter_list(store, events);
    if (FAILED(hr)) {
        MapiBellClose(events->bell);
        free(events);
        return hr;
    }
    events->name = events->id;
    store->events = events;
    return S_OK;
}

static void stop(struct store *store, bool held)
{
    struct events *events = store->events;
    struct row_list own = {&events->id, 1, 1};

    store->events = NULL;
    if (held)
        remove_listeners(store, &own);
    MapiBellClose(events->bell);
    free(events);
}

void events_stop_idle(struct store *store)
{
    if (store->events != NULL && store->events->registrations == NULL && store->events->tables == NULL)
        stop(store, true);
}

size_t events_end(struct store *store, bool held)
{
    struct events *events = store->events;
    size_t routed = 0;

    if (events == NULL)
        return 0;
    while (events->registrations != NULL) {
        struct registration *next = events->registrations->next;

        routed += events->registrations->routed;
        events_unsubscribe(store, events->registrations->number);
        free(events->registrations);
        events->registrations = next;
    }
    table_events_end(store);
    stop(store, held);
    return routed;
}

/* ---- reading ---- */

struct change {
    int64_t seq;
    ULONG event;
    struct event_source source;
    int64_t parent;
    struct event_source old;
    int64_t old_parent;
    bool associated;
};

/* Everybody is told to read again, whatever he is registered for. */
static void post_reload(struct store *store)
{
    const struct registration *each;
    NOTIFICATION reload;

    memset(&reload, 0, sizeof reload);
    reload.ulEventType = fnevTableModified;
    reload.info.tab.ulTableEvent = TABLE_RELOAD;
    reload.info.tab.propIndex.ulPropTag = PR_NULL;
    reload.info.tab.propPrior.ulPropTag = PR_NULL;
    for (each = store->events->registrations; each != NULL; each = each->next) {
        const struct registration *before = store->events->registrations;

        while (before != each && (before->source.kind != each->source.kind || before->source.row != each->source.row))
            before = before->next;
        if (before == each) /* a key is posted to once */
            events_post(store, &each->source, &reload);
    }
    table_events_reload(store);
}

static LPENTRYID make_id(const struct store *store, ULONG kind, int64_t row, unsigned char *place, ULONG *size)
{
    if (kind == MAPI_STORE) {
        *size = store->entryid_size;
        return (LPENTRYID)(void *)store->entryid;
    }
    if (row == 0)
        return NULL;
    object_entryid_make(&store->uid, kind, row, place);
    *size = OBJECT_ENTRYID_SIZE;
    return (LPENTRYID)(void *)place;
}

/* The class and the flags as they are now: the message may be gone. */
static HRESULT describe_mail(struct store *store, int64_t row, struct byte_buffer *class, ULONG *flags)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT message_class, flags FROM message WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, row);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        *flags = (ULONG)sqlite3_column_int64(statement, 1);
        hr = byte_buffer_append(class, sqlite3_column_text(statement, 0), (size_t)sqlite3_column_bytes(statement, 0));
    } else {
        hr = database_error(store->db, rc, failed);
    }
    if (SUCCEEDED(hr))
        hr = byte_buffer_append(class, "", 1);
    database_done(statement);
    return hr;
}

static HRESULT post_new_mail(struct store *store, const struct change *change)
{
    static const struct event_source whole = {MAPI_STORE, 0};
    const struct event_source folder = {MAPI_FOLDER, change->parent};
    unsigned char ids[2][OBJECT_ENTRYID_SIZE];
    struct byte_buffer class;
    NOTIFICATION mail;
    NEWMAIL_NOTIFICATION *info = &mail.info.newmail;
    HRESULT hr;

    memset(&mail, 0, sizeof mail);
    byte_buffer_init(&class);
    mail.ulEventType = fnevNewMail;
    hr = describe_mail(store, change->source.row, &class, &info->ulMessageFlags);
    if (SUCCEEDED(hr)) {
        info->lpEntryID = make_id(store, MAPI_MESSAGE, change->source.row, ids[0], &info->cbEntryID);
        info->lpParentID = make_id(store, MAPI_FOLDER, change->parent, ids[1], &info->cbParentID);
        info->lpszMessageClass = (LPTSTR)(void *)class.bytes;
        events_post(store, &whole, &mail);
        events_post(store, &folder, &mail);
    }
    byte_buffer_free(&class);
    return hr;
}

/* handling-message-store-notification.md says who is told: always those registered with the whole store; those
 * registered with the object too, but for a creation. Of a copy, the object is what was copied. */
static void post_object(struct store *store, const struct change *change)
{
    static const struct event_source whole = {MAPI_STORE, 0};
    unsigned char ids[4][OBJECT_ENTRYID_SIZE];
    NOTIFICATION object;
    OBJECT_NOTIFICATION *info = &object.info.obj;

    memset(&object, 0, sizeof object);
    object.ulEventType = change->event;
    info->ulObjType = change->source.kind;
    info->lpEntryID = make_id(store, change->source.kind, change->source.row, ids[0], &info->cbEntryID);
    info->lpParentID = make_id(store, MAPI_FOLDER, change->parent, ids[1], &info->cbParentID);
    info->lpOldID = make_id(store, change->source.kind, change->old.row, ids[2], &info->cbOldID);
    info->lpOldParentID = make_id(store, MAPI_FOLDER, change->old_parent, ids[3], &info->cbOldParentID);
    if (change->source.kind == MAPI_STORE) {
        info->lpOldID = NULL;
        info->cbOldID = 0;
    }
    events_post(store, &whole, &object);
    if (change->source.kind == MAPI_STORE || change->event == fnevObjectCreated)
        return;
    events_post(store, change->event == fnevObjectCopied ? &change->old : &change->source, &object);
}

/* The file may be anybody's, and what a notification points to depends on its event. */
static bool makes_sense(const struct change *change)
{
    switch (change->event) {
    case fnevNewMail:
        return change->source.kind == MAPI_MESSAGE;
    case fnevObjectCreated:
    case fnevObjectDeleted:
    case fnevObjectModified:
    case fnevObjectMoved:
    case fnevObjectCopied:
    case fnevSearchComplete:
        return change->source.kind == MAPI_STORE || change->source.kind == MAPI_FOLDER ||
               change->source.kind == MAPI_MESSAGE;
    case EVENT_FOUND:
    case EVENT_SEARCHED:
        return change->source.kind == MAPI_MESSAGE;
    default:
        return false; /* fnevTableModified among them: too many to be told one by one */
    }
}

static HRESULT tell(struct store *store, const struct change *change)
{
    HRESULT hr = S_OK;

    if (!makes_sense(change)) {
        post_reload(store);
        return S_OK;
    }
    if (change->event == fnevNewMail)
        hr = post_new_mail(store, change);
    else if (change->event != EVENT_FOUND && change->event != EVENT_SEARCHED)
        post_object(store, change);
    if (change->event != fnevNewMail) {
        const struct table_change told = {change->event,  change->source.kind, change->source.row,
                                          change->parent, change->old_parent,  change->associated};

        table_events_tell(store, &told);
    }
    return hr;
}

static HRESULT next_change(struct store *store, struct change *change, bool *found)
{
    static const char sql[] = "SELECT seq, event, kind, row, parent, old_row, old_parent, associated FROM event"
                              " WHERE seq > ?1 ORDER BY seq LIMIT 1";
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, sql, &statement);
    int rc;

    *found = false;
    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, store->events->seen);
    rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        *found = true;
        change->seq = sqlite3_column_int64(statement, 0);
        change->event = (ULONG)sqlite3_column_int64(statement, 1);
        change->source.kind = (ULONG)sqlite3_column_int64(statement, 2);
        change->source.row = sqlite3_column_int64(statement, 3);
        change->parent = sqlite3_column_int64(statement, 4);
        change->old.kind = change->source.kind;
        change->old.row = sqlite3_column_int64(statement, 5);
        change->old_parent = sqlite3_column_int64(statement, 6);
        change->associated = sqlite3_column_int(statement, 7) != 0;
    }
    hr = database_error(store->db, rc, failed);
    database_done(statement);
    return hr;
}

static HRESULT still_listed(struct store *store, bool *yes)
{
    sqlite3_stmt *statement;
    HRESULT hr = database_prepare(store->db, "SELECT 1 FROM listener WHERE id = ?1", &statement);
    int rc;

    if (FAILED(hr))
        return hr;
    sqlite3_bind_int64(statement, 1, store->events->id);
    rc = sqlite3_step(statement);
    *yes = rc == SQLITE_ROW;
    hr = database_error(store->db, rc, failed);
    database_done(statement);
    return hr;
}

/* Somebody could not reach our bell (its directory was removed, say) and took us for dead. What happened since was perhaps
 * not written down. */
static HRESULT return_to_list(struct store *store)
{
    HRESULT hr;

    database_set_patience(store->db, false); /* a dispatch waits for nobody; the next one tries again */
    hr = enter_list(store, store->events);
    database_set_patience(store->db, true);
    if (SUCCEEDED(hr))
        post_reload(store);
    return hr;
}

/* What cannot be read now is read at the next look. */
static void read_changes(struct store *store)
{
    struct change change;
    bool listed = true;
    bool found = true;
    HRESULT hr = still_listed(store, &listed);

    if (SUCCEEDED(hr) && !listed)
        hr = return_to_list(store);
    while (SUCCEEDED(hr) && found) {
        hr = next_change(store, &change, &found);
        if (FAILED(hr) || !found)
            break;
        if (change.seq - 1 != store->events->seen) {
            post_reload(store); /* those in between have been pruned */
            hr = last_change(store, &store->events->seen);
            if (store->events->seen < change.seq)
                store->events->seen = change.seq;
            continue;
        }
        hr = tell(store, &change);
        if (SUCCEEDED(hr))
            store->events->seen = change.seq;
    }
    table_events_settle(store);
}

void events_look(struct store *store)
{
    bool first = true;

    while (first && atomic_load(&store->look) && SUCCEEDED(store_try_enter(store))) {
        first = store->entered == 1 && store->depth == 0;
        if (first) {
            atomic_store(&store->look, false);
            if (store->events != NULL)
                read_changes(store);
        }
        store_leave_quietly(store);
    }
}
