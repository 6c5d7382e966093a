#include "core/stores_table.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/list_table.h"
#include "core/notify_queue.h"
#include "core/profile_database.h"
#include "core/profile_watch.h"
#include "core/table_row.h"

/* Text is stored wide; the columns that the client sees first are as wide as it asks for. */
static const SizedSPropTagArray(10, wide_columns) = {10,
                                                     {PR_DEFAULT_STORE, PR_DISPLAY_NAME_W, PR_ENTRYID, PR_INSTANCE_KEY,
                                                      PR_MDB_PROVIDER, PR_OBJECT_TYPE, PR_PROVIDER_DISPLAY_W,
                                                      PR_RECORD_KEY, PR_RESOURCE_FLAGS, PR_RESOURCE_TYPE}};
static const SizedSPropTagArray(10, narrow_columns) = {
    10,
    {PR_DEFAULT_STORE, PR_DISPLAY_NAME_A, PR_ENTRYID, PR_INSTANCE_KEY, PR_MDB_PROVIDER, PR_OBJECT_TYPE,
     PR_PROVIDER_DISPLAY_A, PR_RECORD_KEY, PR_RESOURCE_FLAGS, PR_RESOURCE_TYPE}};

/* What the rows were read at: as long as it is the same, so are they. */
struct moment {
    uint64_t changes; /* of the profile database, if known */
    unsigned generation;
    unsigned choice; /* of the simple store, for this session only */
};

struct stores_table {
    struct list_source source;
    struct session_core *core; /* counted */
    MAPIUID *known; /* the sections of all stores that were ever in the table: a row's id is the place in it, from 1 */
    size_t known_count;
    struct section_list stores; /* as they were listed last */
    size_t default_store;       /* among them */
    struct table_row row;
    struct list_row shown; /* what is in `row` */
    struct moment read_at;
    uint64_t version; /* one more whenever that may have become another */

    size_t registrations;
    ULONG_PTR key; /* under which they are in the session's set */
    struct list_told told;
    struct stores_table *next; /* of those that somebody is registered with */
    struct stores_table *previous;
};

/* Guarded by the profile database's lock. */
static struct stores_table *listening;
static atomic_size_t listening_count; /* also read without it */

static atomic_bool look_again;

static struct stores_table *of(struct list_source *source)
{
    return (struct stores_table *)(void *)source;
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for the table of message stores.");
}

/* ---- the rows ---- */

static HRESULT enter(struct list_source *source)
{
    HRESULT hr = lifeline_enter(source->life);
    if (hr == S_OK) {
        profile_database_lock();
    }
    return hr;
}

static void leave(struct list_source *source)
{
    profile_database_unlock();
    lifeline_leave(source->life);
}

static HRESULT version(struct list_source *source, uint64_t *out)
{
    struct stores_table *table = of(source);
    struct moment now = {0};
    struct database *db;
    HRESULT hr = profile_database_enter(&db);
    if (hr != S_OK) {
        return hr;
    }
    bool known = profile_changes(&now.changes);
    now.generation = profile_database_generation();
    profile_database_leave();
    now.choice = session_simple_choice(table->core);
    const struct moment *then = &table->read_at;
    if (!known || now.changes != then->changes || now.generation != then->generation || now.choice != then->choice) {
        table->read_at = now;
        table->version++;
    }
    *out = table->version;
    return S_OK;
}

/* The default store is the first of the profile with STATUS_DEFAULT_STORE (mapi-profiles.md). */
static size_t find_default(const struct section_list *stores)
{
    size_t i = 0;
    while (i < stores->count && !(bag_long(&stores->items[i].props, PR_RESOURCE_FLAGS, 0) & STATUS_DEFAULT_STORE)) {
        i++;
    }
    return i;
}

/* FNV-1a. */
static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    for (const unsigned char *at = bytes, *end = at + size; at < end; at++) {
        hash = (hash ^ *at) * UINT64_C(0x100000001B3);
    }
    return hash;
}

/* What the row shows, as a number: the row has changed when it is another one. */
static int64_t note_of(const struct stores_table *table, size_t at)
{
    const struct section *store = &table->stores.items[at];
    const ULONG computed[] = {at == table->default_store, session_resource_flags(table->core, store)};
    uint64_t hash = mix(UINT64_C(0xCBF29CE484222325), computed, sizeof computed);
    for (ULONG i = 0; i < wide_columns.cValues; i++) {
        const struct prop_entry *entry = prop_bag_find(&store->props, wide_columns.aulPropTag[i]);
        if (entry) {
            hash = mix(hash, &entry->tag, sizeof entry->tag);
            hash = mix(hash, &entry->size, sizeof entry->size);
            hash = mix(hash, entry->bytes, entry->bytes ? entry->size : 0);
        }
    }
    return (int64_t)hash;
}

static HRESULT id_of(struct stores_table *table, const MAPIUID *uid, int64_t *id)
{
    size_t at = 0;
    while (at < table->known_count && !uid_equal(&table->known[at], uid)) {
        at++;
    }
    if (at == table->known_count) {
        MAPIUID *more = realloc(table->known, (at + 1) * sizeof *more);
        if (!more) {
            return no_memory();
        }
        table->known = more;
        table->known[table->known_count++] = *uid;
    }
    *id = (int64_t)at + 1;
    return S_OK;
}

static const MAPIUID *uid_of(const struct stores_table *table, const struct list_item *item)
{
    return &table->known[item->id - 1];
}

static HRESULT list(struct list_source *source, struct list_items *out)
{
    struct stores_table *table = of(source);
    struct section_list fresh = {0};
    HRESULT hr = session_store_sections(table->core, &fresh);
    if (hr != S_OK) {
        return hr;
    }
    section_list_clear(&table->stores);
    table->stores = fresh;
    table->default_store = find_default(&fresh);
    for (size_t i = 0; i < fresh.count && hr == S_OK; i++) {
        int64_t id = 0;
        hr = id_of(table, &fresh.items[i].uid, &id);
        hr = hr == S_OK ? list_items_add(out, id, note_of(table, i)) : hr;
    }
    return hr;
}

static HRESULT read_row(struct list_source *source, const struct list_item *item, const struct list_row **out)
{
    struct stores_table *table = of(source);
    const MAPIUID *uid = uid_of(table, item);
    size_t at = 0;
    while (at < table->stores.count && !uid_equal(&table->stores.items[at].uid, uid)) {
        at++;
    }
    if (at == table->stores.count) {
        return MAPI_E_NOT_FOUND;
    }
    const struct section *store = &table->stores.items[at];
    table_row_free(&table->row);
    HRESULT hr = table_row_begin(&table->row, wide_columns.cValues + 1);
    if (hr != S_OK) {
        return hr;
    }
    table_row_add_bag(&table->row, (const SPropTagArray *)(const void *)&wide_columns, &store->props);
    table_row_add_binary(&table->row, PR_INSTANCE_KEY, store->uid.ab, sizeof store->uid.ab);
    table_row_add_long(&table->row, PR_OBJECT_TYPE, MAPI_STORE);
    table_row_add_boolean(&table->row, PR_DEFAULT_STORE, at == table->default_store);
    table_row_add_long(&table->row, PR_RESOURCE_FLAGS, session_resource_flags(table->core, store));
    table->shown = (struct list_row){.count = table->row.count, .values = table->row.values};
    *out = &table->shown;
    return table->row.hr;
}

/* ---- telling ---- */

static void set_key(SPropValue *value, const struct stores_table *table, const struct list_item *item)
{
    value->ulPropTag = PR_NULL;
    if (item) {
        value->ulPropTag = PR_INSTANCE_KEY;
        value->Value.bin.cb = sizeof(MAPIUID);
        value->Value.bin.lpb = (LPBYTE)(uintptr_t)uid_of(table, item)->ab;
    }
}

static void post(void *context, ULONG event, const struct list_item *item, const struct list_item *prior, ULONG count,
                 LPSPropValue values)
{
    const struct stores_table *table = context;
    NOTIFICATION notification;
    TABLE_NOTIFICATION *info = &notification.info.tab;
    memset(&notification, 0, sizeof notification);
    notification.ulEventType = fnevTableModified;
    info->ulTableEvent = event;
    set_key(&info->propIndex, table, item);
    set_key(&info->propPrior, table, prior);
    info->row.cValues = values ? count : 0;
    info->row.lpProps = values;
    notify_set_post(table->core->notify, &table->key, sizeof table->key, 1, &notification, NULL);
}

/* As long as nothing can be read, that is said once. */
static void tell(struct stores_table *table)
{
    const struct list_teller teller = {.context = table, .post = post};
    bool lost = table->told.lost;
    if (list_table_tell(table->source.table, &table->told, &teller) != S_OK && !(lost && table->told.lost)) {
        post(table, TABLE_CHANGED, NULL, NULL, 0, NULL);
    }
    if (table->told.lost) {
        atomic_store(&look_again, true);
    }
}

static void tell_all(void)
{
    for (struct stores_table *table = listening; table; table = table->next) {
        if (!lifeline_ended(table->source.life)) {
            tell(table);
        }
    }
}

/* Whether somebody is in the middle of a change, or nobody knows: then what is read now can be another thing in a moment. */
static bool is_settled(void)
{
    struct database *db;
    uint64_t count = 0;
    if (profile_database_enter(&db) != S_OK) {
        return false;
    }
    bool settled = profile_changes(&count);
    profile_database_leave();
    return settled;
}

void stores_table_look(bool changed)
{
    if (atomic_load_explicit(&listening_count, memory_order_relaxed) == 0) {
        return;
    }
    if (changed) {
        atomic_store(&look_again, true);
    }
    if (!atomic_load(&look_again) || !profile_database_lock_unless_changing()) {
        return;
    }
    bool changing = profile_database_changing(); /* a service's entry point dispatches; it may yet be rolled back */
    atomic_store(&look_again, changing || !is_settled());
    if (!changing) {
        tell_all();
    }
    profile_database_unlock();
}

/* ---- registering ---- */

static void link_table(struct stores_table *table)
{
    table->previous = NULL;
    table->next = listening;
    if (listening) {
        listening->previous = table;
    }
    listening = table;
    atomic_fetch_add(&listening_count, 1);
}

static void unlink_table(struct stores_table *table)
{
    if (table->previous) {
        table->previous->next = table->next;
    } else {
        listening = table->next;
    }
    if (table->next) {
        table->next->previous = table->previous;
    }
    atomic_fetch_sub(&listening_count, 1);
}

/* The watch comes first: a change after the list was made is told. */
static HRESULT start(struct stores_table *table)
{
    HRESULT hr = profile_watch_begin();
    if (hr == S_OK) {
        table->core->stores_watched++;
        list_table_begin_telling(table->source.table, &table->told);
        link_table(table);
    }
    return hr;
}

/* Where the session is ending, its watches have been given back. Lifeline entered. */
static void end_watch(struct session_core *core)
{
    if (core->stores_watched > 0) {
        core->stores_watched--;
        profile_watch_end();
    }
}

static void stop(struct stores_table *table)
{
    unlink_table(table);
    end_watch(table->core);
}

static HRESULT add(struct stores_table *table, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    const struct notify_registration registration = {
        .key = &table->key,
        .key_size = sizeof table->key,
        .mask = fnevTableModified,
        .overflow = NOTIFY_SAYS_RELOAD,
        .owner = table,
        .sink = sink,
    };
    return notify_set_add(table->core->notify, &registration, connection);
}

static HRESULT advise(struct list_source *source, ULONG mask, LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    struct stores_table *table = of(source);
    HRESULT hr = list_table_check_advise(mask, sink, connection);
    bool first = table->registrations == 0;
    if (hr == S_OK && first) {
        hr = start(table);
    }
    if (hr != S_OK) {
        return hr;
    }
    hr = add(table, sink, connection);
    if (hr == S_OK) {
        table->registrations++;
    } else if (first) {
        stop(table);
    }
    return hr;
}

/* The sink's last Release can be anybody's code: the lock that others need is not held for it. */
static HRESULT unadvise(struct list_source *source, ULONG_PTR connection)
{
    struct stores_table *table = of(source);
    profile_database_unlock();
    HRESULT hr = notify_set_remove_of(table->core->notify, table, connection);
    profile_database_lock();
    if (hr == S_OK && --table->registrations == 0) {
        stop(table);
    }
    return hr;
}

static void rearranged(struct list_source *source)
{
    struct stores_table *table = of(source);
    if (table->registrations > 0) {
        list_table_begin_telling(table->source.table, &table->told);
    }
}

void stores_table_end_session(struct session_core *core)
{
    while (core->stores_watched > 0) {
        end_watch(core);
    }
}

void stores_table_after_fork_in_child(void)
{
    listening = NULL;
    atomic_store(&look_again, false);
    atomic_store(&listening_count, 0);
}

/* ---- the object ---- */

/* The last Release. In a child the list is not the one that the table was in. */
static void forget(struct stores_table *table)
{
    if (table->registrations == 0 || lifeline_inherited(table->source.life)) {
        return;
    }
    profile_database_lock();
    unlink_table(table);
    profile_database_unlock();
    notify_set_remove_owner(table->core->notify, table);
    if (lifeline_enter(table->source.life) == S_OK) {
        end_watch(table->core);
        lifeline_leave(table->source.life);
    }
}

static void free_table(struct stores_table *table)
{
    free(table->known);
    section_list_clear(&table->stores);
    table_row_free(&table->row);
    list_items_free(&table->told.rows);
    session_core_unref(table->core);
    free(table);
}

static void end(struct list_source *source)
{
    forget(of(source));
    free_table(of(source));
}

static const struct list_source_class stores_class = {
    .type = TBLTYPE_DYNAMIC,
    .enter = enter,
    .leave = leave,
    .version = version,
    .list = list,
    .read = read_row,
    .advise = advise,
    .unadvise = unadvise,
    .rearranged = rearranged,
    .end = end,
};

/* Reads the profile, so that whoever cannot use the table is told now. */
static HRESULT try_reading(struct session_core *core)
{
    struct section_list stores = {0};
    HRESULT hr = session_store_sections(core, &stores);
    section_list_clear(&stores);
    return hr;
}

HRESULT session_stores_table(struct session_core *core, ULONG flags, LPMAPITABLE *out)
{
    *out = NULL;
    if (flags & ~MAPI_UNICODE) {
        return fail(MAPI_E_UNKNOWN_FLAGS, "GetMsgStoresTable takes the flag MAPI_UNICODE only, not 0x%08x.",
                    (unsigned)flags);
    }
    HRESULT hr = try_reading(core);
    if (hr != S_OK) {
        return hr;
    }
    struct stores_table *table = calloc(1, sizeof *table);
    if (!table) {
        return no_memory();
    }
    table->source.class = &stores_class;
    table->source.life = core->life;
    table->core = session_core_ref(core);
    table->key = notify_number();
    const void *columns = flags & MAPI_UNICODE ? (const void *)&wide_columns : (const void *)&narrow_columns;
    struct list_table *made;
    hr = list_table_create(&table->source, columns, &made);
    if (hr != S_OK) {
        free_table(table);
        return hr;
    }
    *out = list_table_as_table(made);
    return S_OK;
}
