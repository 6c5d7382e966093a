/* Notifications as tables: { type = "object_created", entryid = ..., ... }. */
#include "event.h"

#include "args.h"
#include "failure.h"
#include "value.h"

#include <string.h>

#include <mapisub.h>

static const struct {
    ULONG event;
    const char *name;
} events[] = {
    {fnevCriticalError, "critical_error"},   {fnevNewMail, "new_mail"},
    {fnevObjectCreated, "object_created"},   {fnevObjectDeleted, "object_deleted"},
    {fnevObjectModified, "object_modified"}, {fnevObjectMoved, "object_moved"},
    {fnevObjectCopied, "object_copied"},     {fnevSearchComplete, "search_complete"},
    {fnevTableModified, "table_modified"},   {fnevExtended, "extended"},
};

ULONG lm_event_from_name(const char *name, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof events / sizeof *events; i++) {
        if (strlen(events[i].name) == length && memcmp(events[i].name, name, length) == 0) {
            return events[i].event;
        }
    }
    return 0;
}

static const char *name_of(ULONG event)
{
    size_t i;

    for (i = 0; i < sizeof events / sizeof *events; i++) {
        if (events[i].event == event) {
            return events[i].name;
        }
    }
    return "unknown";
}

/* A new table with room for `fields` and the type; on the top of the stack. */
static void begin(lua_State *L, const char *type, int fields)
{
    lua_createtable(L, 0, fields + 1);
    lua_pushstring(L, type);
    lua_setfield(L, -2, "type");
}

static void set_bytes(lua_State *L, const char *key, const void *bytes, ULONG size)
{
    if (size != 0 && bytes != NULL) {
        lua_pushlstring(L, (const char *)bytes, size);
        lua_setfield(L, -2, key);
    }
}

static void set_integer(lua_State *L, const char *key, lua_Integer value)
{
    lua_pushinteger(L, value);
    lua_setfield(L, -2, key);
}

/* A text that is wide where the flags say so, and UTF-8 else. */
static void set_text(lua_State *L, const char *key, LPCTSTR text, ULONG flags)
{
    if (text == NULL) {
        return;
    }
    if (flags & MAPI_UNICODE) {
        lm_push_wide(L, (const WCHAR *)text);
    } else {
        lua_pushstring(L, (const char *)text);
    }
    lua_setfield(L, -2, key);
}

static void push_critical_error(lua_State *L, const ERROR_NOTIFICATION *what)
{
    begin(L, "critical_error", 5);
    lm_push_name(L, what->scode, false);
    lua_setfield(L, -2, "code");
    set_bytes(L, "entryid", what->lpEntryID, what->cbEntryID);
    if (what->lpMAPIError != NULL) {
        set_text(L, "text", what->lpMAPIError->lpszError, what->ulFlags);
        set_text(L, "component", what->lpMAPIError->lpszComponent, what->ulFlags);
        set_integer(L, "low_level", (lua_Integer)what->lpMAPIError->ulLowLevelError);
        set_integer(L, "context", (lua_Integer)what->lpMAPIError->ulContext);
    }
}

/* N7: clients have logged off; several may have been merged into one. */
static void push_logoff(lua_State *L, const EXTENDED_NOTIFICATION *what)
{
    ULONG count = 1;

    if (what->cb == sizeof count && what->pbEventParameters != NULL) {
        memcpy(&count, what->pbEventParameters, sizeof count);
    }
    begin(L, "extended", 2);
    lua_pushliteral(L, "logoff");
    lua_setfield(L, -2, "event");
    set_integer(L, "count", (lua_Integer)count);
}

static void push_extended(lua_State *L, const EXTENDED_NOTIFICATION *what)
{
    if (what->ulEvent == MAPI_EVENT_SESSION_LOGOFF) {
        push_logoff(L, what);
        return;
    }
    begin(L, "extended", 2);
    set_integer(L, "event", (lua_Integer)what->ulEvent);
    set_bytes(L, "parameters", what->pbEventParameters, what->cb);
}

static void push_new_mail(lua_State *L, const NEWMAIL_NOTIFICATION *what)
{
    begin(L, "new_mail", 4);
    set_bytes(L, "entryid", what->lpEntryID, what->cbEntryID);
    set_bytes(L, "parent_entryid", what->lpParentID, what->cbParentID);
    set_text(L, "message_class", what->lpszMessageClass, what->ulFlags);
    set_integer(L, "message_flags", (lua_Integer)what->ulMessageFlags);
}

/* PR_OBJECT_TYPE by name. */
static void set_object_type(lua_State *L, ULONG type)
{
    static const char *const names[] = {NULL,
                                        "store",
                                        "address_book",
                                        "folder",
                                        "address_book_container",
                                        "message",
                                        "mail_user",
                                        "attachment",
                                        "distribution_list",
                                        "profile_section",
                                        "status",
                                        "session",
                                        "form"};

    if (type == 0) {
        return;
    }
    if (type < sizeof names / sizeof *names) {
        lua_pushstring(L, names[type]);
    } else {
        lua_pushinteger(L, (lua_Integer)type);
    }
    lua_setfield(L, -2, "object_type");
}

static void set_tags(lua_State *L, const SPropTagArray *tags)
{
    ULONG i;

    if (tags == NULL) {
        return; /* unknown which */
    }
    lua_createtable(L, tags->cValues < 1000 ? (int)tags->cValues : 1000, 0);
    for (i = 0; i < tags->cValues; i++) {
        lua_pushinteger(L, (lua_Integer)tags->aulPropTag[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "properties");
}

static void push_object(lua_State *L, const char *type, const OBJECT_NOTIFICATION *what)
{
    int fields = 1 + (what->cbEntryID != 0) + (what->cbParentID != 0) + (what->cbOldID != 0) +
                 (what->cbOldParentID != 0) + (what->lpPropTagArray != NULL);

    begin(L, type, fields);
    set_bytes(L, "entryid", what->lpEntryID, what->cbEntryID);
    set_object_type(L, what->ulObjType);
    set_bytes(L, "parent_entryid", what->lpParentID, what->cbParentID);
    set_bytes(L, "old_entryid", what->lpOldID, what->cbOldID);
    set_bytes(L, "old_parent_entryid", what->lpOldParentID, what->cbOldParentID);
    set_tags(L, what->lpPropTagArray);
}

static void set_value(lua_State *L, const char *key, const SPropValue *value)
{
    lm_value_push(L, value, 0);
    lua_setfield(L, -2, key);
}

static void set_row(lua_State *L, const SRow *row)
{
    ULONG i;

    if (row->cValues == 0 || row->lpProps == NULL) {
        return;
    }
    lua_createtable(L, 0, row->cValues < 1000 ? (int)row->cValues : 1000);
    for (i = 0; i < row->cValues; i++) {
        lm_value_push(L, &row->lpProps[i], 0);
        lua_rawseti(L, -2, (lua_Integer)row->lpProps[i].ulPropTag);
    }
    lua_setfield(L, -2, "row");
}

static void push_table_modified(lua_State *L, const TABLE_NOTIFICATION *what)
{
    static const char *const names[] = {NULL,           "changed",   "error",         "row_added",   "row_deleted",
                                        "row_modified", "sort_done", "restrict_done", "setcol_done", "reload"};

    begin(L, "table_modified", 5);
    if (what->ulTableEvent > 0 && what->ulTableEvent < sizeof names / sizeof *names) {
        lua_pushstring(L, names[what->ulTableEvent]);
    } else {
        lua_pushinteger(L, (lua_Integer)what->ulTableEvent);
    }
    lua_setfield(L, -2, "event");
    if (FAILED(what->hResult)) {
        lm_push_name(L, what->hResult, false);
        lua_setfield(L, -2, "code");
    }
    set_value(L, "index", &what->propIndex);
    set_value(L, "prior", &what->propPrior);
    set_row(L, &what->row);
}

void lm_event_push(lua_State *L, const NOTIFICATION *notification)
{
    ULONG event = notification->ulEventType;

    switch (event) {
    case fnevCriticalError:
        push_critical_error(L, &notification->info.err);
        break;
    case fnevNewMail:
        push_new_mail(L, &notification->info.newmail);
        break;
    case fnevObjectCreated:
    case fnevObjectDeleted:
    case fnevObjectModified:
    case fnevObjectMoved:
    case fnevObjectCopied:
    case fnevSearchComplete:
        push_object(L, name_of(event), &notification->info.obj);
        break;
    case fnevTableModified:
        push_table_modified(L, &notification->info.tab);
        break;
    case fnevExtended:
        push_extended(L, &notification->info.ext);
        break;
    default:
        begin(L, name_of(event), 1);
        set_integer(L, "code", (lua_Integer)event);
        break;
    }
}
