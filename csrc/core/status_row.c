/* The rows of the status table (status-tables.md, status-table-and-status-objects.md). */
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "base/hresult.h"
#include "core/status.h"

/* Whose status rows are: MAPI's. */
static const MAPIUID status_uid = {
    {0x6C, 0x75, 0x61, 0x6D, 0x61, 0x70, 0x69, 0x2D, 0x73, 0x74, 0x61, 0x74, 0x75, 0x73, 0x2D, 0x31}};

/* abFlags, the MAPIUID above, the row's type (little endian), its section. */
enum { UID_AT = 4, TYPE_AT = 20, SECTION_AT = 24, ENTRYID_SIZE = 40 };

static void make_entryid(const struct status_key *key, unsigned char *out)
{
    memset(out, 0, ENTRYID_SIZE);
    memcpy(out + UID_AT, status_uid.ab, sizeof status_uid.ab);
    for (int i = 0; i < 4; i++) {
        out[TYPE_AT + i] = (unsigned char)(key->type >> 8 * i);
    }
    memcpy(out + SECTION_AT, key->section.ab, sizeof key->section.ab);
}

bool status_entryid_is(ULONG size, const ENTRYID *id)
{
    return id && size >= TYPE_AT && memcmp((const unsigned char *)id + UID_AT, &status_uid, sizeof status_uid) == 0;
}

HRESULT status_entryid_parse(ULONG size, const ENTRYID *id, struct status_key *out)
{
    const unsigned char *bytes = (const unsigned char *)id;
    if (!status_entryid_is(size, id) || size != ENTRYID_SIZE) {
        return fail(MAPI_E_UNKNOWN_ENTRYID, "The entry identifier of a status object is cut off or too long.");
    }
    out->type = 0;
    for (int i = 0; i < 4; i++) {
        out->type |= (ULONG)bytes[TYPE_AT + i] << 8 * i;
    }
    memcpy(out->section.ab, bytes + SECTION_AT, sizeof out->section.ab);
    return S_OK;
}

void status_rows_clear(struct status_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        prop_bag_clear(&rows->items[i].props);
    }
    free(rows->items);
    *rows = (struct status_rows){0};
}

const struct status_row *status_rows_find(const struct status_rows *rows, const struct status_key *key)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->items[i].key.type == key->type && uid_equal(&rows->items[i].key.section, &key->section)) {
            return &rows->items[i];
        }
    }
    return NULL;
}

static HRESULT no_memory(void)
{
    return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for the status table.");
}

static HRESULT append(struct status_rows *rows, ULONG type, const MAPIUID *section, struct status_row **out)
{
    struct status_row *items = realloc(rows->items, (rows->count + 1) * sizeof *items);
    if (!items) {
        return no_memory();
    }
    rows->items = items;
    *out = &items[rows->count++];
    **out = (struct status_row){.key = {.type = type, .section = *section}};
    return S_OK;
}

/* What is said about a state, unless `text` is NULL. */
static HRESULT set_state(struct prop_bag *bag, ULONG code, const char *text)
{
    HRESULT hr = bag_set_long(bag, PR_STATUS_CODE, code);
    return hr == S_OK && text ? bag_set_text(bag, PR_STATUS_STRING, text) : hr;
}

/* The properties that MAPI computes for every row (status-tables.md); they replace what a provider has said. */
static HRESULT compute(struct status_rows *rows, struct status_row *row, const char *dll_name, ULONG flags)
{
    unsigned char id[ENTRYID_SIZE];
    struct prop_bag *bag = &row->props;
    make_entryid(&row->key, id);
    HRESULT hr = bag_set_text(bag, PR_PROVIDER_DLL_NAME, dll_name);
    hr = hr == S_OK ? bag_set_long(bag, PR_RESOURCE_FLAGS, flags) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_RESOURCE_TYPE, row->key.type) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_OBJECT_TYPE, MAPI_STATUS) : hr;
    hr = hr == S_OK ? bag_set_long(bag, PR_ROWID, (ULONG)(row - rows->items)) : hr;
    hr = hr == S_OK ? bag_set_binary(bag, PR_ENTRYID, id, sizeof id) : hr;
    return hr == S_OK ? bag_set_binary(bag, PR_INSTANCE_KEY, id + TYPE_AT, sizeof id - TYPE_AT) : hr;
}

struct mapi_row {
    ULONG type;
    const char *name; /* NULL: the profile's (finding-a-profile-name.md) */
    ULONG methods;
    ULONG code;
    const char *text;
};

static HRESULT append_mapi_row(struct session_core *core, struct status_rows *rows, const struct mapi_row *what)
{
    struct status_row *row = NULL;
    HRESULT hr = append(rows, what->type, &uid_none, &row);
    hr = hr == S_OK ? bag_set_text(&row->props, PR_DISPLAY_NAME, what->name ? what->name : core->profile->name) : hr;
    hr = hr == S_OK ? bag_set_text(&row->props, PR_PROVIDER_DISPLAY, "lua-mapi") : hr;
    hr = hr == S_OK ? bag_set_long(&row->props, PR_RESOURCE_METHODS, what->methods) : hr;
    hr = hr == S_OK ? set_state(&row->props, what->code, what->text) : hr;
    return hr == S_OK ? compute(rows, row, "mapi", STATUS_NO_PRIMARY_IDENTITY) : hr;
}

/* Three rows are MAPI's: the subsystem's, the spooler's and the integrated address book's. A session with MAPI_NO_MAIL has no use of
 * the spooler, and its row says so (mapilogonex.md).
 */
static HRESULT append_mapi_rows(struct session_core *core, struct status_rows *rows)
{
    static const struct mapi_row subsystem = {MAPI_SUBSYSTEM, NULL, STATUS_VALIDATE_STATE, STATUS_AVAILABLE, NULL};
    static const struct mapi_row spooler = {MAPI_SPOOLER, "Message spooler",
                                            STATUS_VALIDATE_STATE | STATUS_FLUSH_QUEUES, STATUS_AVAILABLE, NULL};
    static const struct mapi_row no_spooler = {MAPI_SPOOLER, "Message spooler", STATUS_VALIDATE_STATE, STATUS_FAILURE,
                                               "The session was logged on with MAPI_NO_MAIL."};
    static const struct mapi_row address_book = {MAPI_AB, "Address book", STATUS_VALIDATE_STATE, STATUS_FAILURE,
                                                 "This MAPI has no address book."};
    HRESULT hr = append_mapi_row(core, rows, &subsystem);
    hr = hr == S_OK ? append_mapi_row(core, rows, core->flags & MAPI_NO_MAIL ? &no_spooler : &spooler) : hr;
    return hr == S_OK ? append_mapi_row(core, rows, &address_book) : hr;
}

/* What the logons have said, copied for looking at it without the lock. */
struct said {
    MAPIUID section;
    const struct service *service;
    struct prop_bag props;
};

struct said_list {
    struct said *items;
    size_t count;
};

static void said_clear(struct said_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        prop_bag_clear(&list->items[i].props);
    }
    free(list->items);
}

/* Logons that have set no row have said nothing. Several on one store have one row: that of the first one in the list. */
static HRESULT said_load(struct session_core *core, struct said_list *out)
{
    HRESULT hr = S_OK;
    size_t room = 0;
    *out = (struct said_list){0};
    pthread_mutex_lock(&core->lock);
    for (const struct store_logon *logon = core->logons; logon; logon = logon->next) {
        room += logon->status.count > 0;
    }
    out->items = room > 0 ? calloc(room, sizeof *out->items) : NULL;
    if (room > 0 && !out->items) {
        hr = no_memory();
    }
    for (const struct store_logon *logon = core->logons; logon && hr == S_OK && room > 0; logon = logon->next) {
        if (logon->status.count > 0) {
            struct said *said = &out->items[out->count];
            said->section = logon->section;
            said->service = logon->provider->service;
            hr = prop_bag_copy(&said->props, &logon->status);
            out->count += hr == S_OK;
        }
    }
    pthread_mutex_unlock(&core->lock);
    return hr;
}

static const struct said *said_find(const struct said_list *list, const MAPIUID *section)
{
    for (size_t i = 0; i < list->count; i++) {
        if (uid_equal(&list->items[i].section, section)) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* What a provider's row begins with. */
static HRESULT begin_with_section(struct prop_bag *bag, const struct section *section)
{
    static const ULONG tags[] = {PR_DISPLAY_NAME, PR_PROVIDER_DISPLAY, PR_IDENTITY_DISPLAY, PR_IDENTITY_ENTRYID,
                                 PR_IDENTITY_SEARCH_KEY};
    HRESULT hr = S_OK;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0] && hr == S_OK; i++) {
        const struct prop_entry *entry = prop_bag_find(&section->props, tags[i]);
        if (entry && entry->size != PROP_EXTERNAL) {
            hr = prop_bag_set_payload(bag, entry->tag, entry->bytes, entry->size);
        }
    }
    return hr;
}

/* A provider about which nobody has said anything: whether it could be logged on to. */
static HRESULT assume_state(const struct session_core *core, struct prop_bag *bag, const struct section *section,
                            ULONG type)
{
    const char *why = NULL;
    ULONG code = STATUS_AVAILABLE;
    if (type != MAPI_STORE_PROVIDER) {
        code = STATUS_FAILURE;
        why = "This MAPI does not load providers of this kind.";
    }
    for (const struct disabled_service *each = core->disabled; each; each = each->next) {
        if (uid_equal(&each->service, &section->service) && !uid_equal(&each->service, &uid_none)) {
            code = STATUS_FAILURE;
            why = hresult_text(each->reason);
            why = why ? why : "The message service has failed and is disabled until the next logon.";
        }
    }
    HRESULT hr = set_state(bag, code, why);
    return hr == S_OK ? bag_set_long(bag, PR_RESOURCE_METHODS, STATUS_VALIDATE_STATE) : hr;
}

static HRESULT overlay(struct prop_bag *bag, const struct prop_bag *over)
{
    HRESULT hr = S_OK;
    for (size_t i = 0; i < over->count && hr == S_OK; i++) {
        hr = prop_bag_set_payload(bag, over->items[i].tag, over->items[i].bytes, over->items[i].size);
    }
    return hr;
}

/* The identity is the provider's affair, the rest of the flags MAPI's. */
static ULONG merged_flags(ULONG flags, const struct said *said)
{
    const ULONG identity = STATUS_PRIMARY_IDENTITY | STATUS_NO_PRIMARY_IDENTITY;
    ULONG theirs = said ? bag_long(&said->props, PR_RESOURCE_FLAGS, 0) & identity : 0;
    return theirs ? (flags & ~identity) | theirs : flags;
}

static HRESULT append_provider(struct session_core *core, struct status_rows *rows, const struct section *section,
                               const struct said *said)
{
    ULONG type = bag_long(&section->props, PR_RESOURCE_TYPE, 0);
    struct status_row *row = NULL;
    char *dll_name = NULL;
    HRESULT hr = append(rows, type, &section->uid, &row);
    if (hr != S_OK) {
        return hr;
    }
    row->in_profile = true;
    row->own = said != NULL;
    hr = begin_with_section(&row->props, section);
    hr = hr == S_OK ? assume_state(core, &row->props, section, type) : hr;
    if (hr == S_OK && said) {
        prop_bag_remove(&row->props, PR_STATUS_STRING); /* went with an assumption */
        hr = overlay(&row->props, &said->props);
    }
    hr = hr == S_OK ? bag_text(&section->props, PR_PROVIDER_DLL_NAME, &dll_name) : hr;
    if (hr == S_OK) {
        hr = compute(rows, row, dll_name ? dll_name : "", merged_flags(session_resource_flags(core, section), said));
    }
    free(dll_name);
    return hr;
}

/* Of a store that is open without being in the profile (opening-a-message-store.md). */
static HRESULT append_loose(struct status_rows *rows, const struct said *said)
{
    struct status_row *row = NULL;
    HRESULT hr = append(rows, MAPI_STORE_PROVIDER, &said->section, &row);
    if (hr != S_OK) {
        return hr;
    }
    row->own = true;
    hr = set_state(&row->props, STATUS_AVAILABLE, NULL);
    hr = hr == S_OK ? bag_set_long(&row->props, PR_RESOURCE_METHODS, STATUS_VALIDATE_STATE) : hr;
    hr = hr == S_OK ? overlay(&row->props, &said->props) : hr;
    return hr == S_OK ? compute(rows, row, said->service->dll_name, merged_flags(STATUS_NO_DEFAULT_STORE, said)) : hr;
}

static HRESULT append_providers(struct session_core *core, struct status_rows *rows,
                                const struct section_list *sections, const struct said_list *said)
{
    HRESULT hr = S_OK;
    for (size_t i = 0; i < sections->count && hr == S_OK; i++) {
        const struct section *section = &sections->items[i];
        ULONG type = bag_long(&section->props, PR_RESOURCE_TYPE, 0);
        if (type != MAPI_TRANSPORT_PROVIDER || !(core->flags & MAPI_NO_MAIL)) {
            hr = append_provider(core, rows, section, said_find(said, &section->uid));
        }
    }
    for (size_t i = 0; i < said->count && hr == S_OK; i++) {
        struct status_key key = {.type = MAPI_STORE_PROVIDER, .section = said->items[i].section};
        if (!status_rows_find(rows, &key)) {
            hr = append_loose(rows, &said->items[i]);
        }
    }
    return hr;
}

HRESULT status_rows_load(struct session_core *core, struct status_rows *out)
{
    struct section_list sections = {0};
    struct said_list said;
    *out = (struct status_rows){0};
    HRESULT hr = said_load(core, &said);
    hr = hr == S_OK ? session_provider_sections(core, &sections) : hr;
    hr = hr == S_OK ? append_mapi_rows(core, out) : hr;
    hr = hr == S_OK ? append_providers(core, out, &sections, &said) : hr;
    section_list_clear(&sections);
    said_clear(&said);
    if (hr != S_OK) {
        status_rows_clear(out);
    }
    return hr;
}
