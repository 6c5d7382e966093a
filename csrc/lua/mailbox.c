/* folder:import_mbox and its siblings: files of mail, in and out (mapimailbox.h). */
#include "folder.h"

#include <string.h>

#include <mapimailbox.h>

#include "args.h"
#include "failure.h"
#include "message.h"
#include "types.h"

/* --- progress --------------------------------------------------------------------------------------------------- */

/* What the progress callback of one call works on. The stack below holds the function and has room for an error. */
struct telling {
    lua_State *L;
    int function; /* stack index; what is there may be nil */
    int problem;  /* where what it raised goes */
    bool raised;
    bool refused; /* it has answered false */
};

/* Calls the function: (telling, function). In a call of its own even where there is none, so that the hook by which an
 * interpreter ends a program runs. */
static int call_progress(lua_State *L)
{
    struct telling *telling = (struct telling *)lua_touserdata(L, 1);
    const struct mapi_mail_progress *now = (const struct mapi_mail_progress *)lua_touserdata(L, 2);

    if (lua_isnil(L, 3)) {
        return 0;
    }
    lua_pushinteger(L, (lua_Integer)now->done);
    lua_pushinteger(L, (lua_Integer)now->total);
    lua_pushinteger(L, now->messages);
    lua_pushinteger(L, now->skipped);
    lua_pushinteger(L, now->failed);
    lua_call(L, 5, 1);
    telling->refused = lua_isboolean(L, -1) && !lua_toboolean(L, -1);
    return 0;
}

/* Nothing may be raised through the subsystem: an error waits in the stack until the call has returned. */
static HRESULT tell(void *context, const struct mapi_mail_progress *now)
{
    struct telling *telling = (struct telling *)context;
    lua_State *L = telling->L;

    if (telling->raised) {
        return MAPI_E_USER_CANCEL;
    }
    lua_pushcfunction(L, call_progress);
    lua_pushlightuserdata(L, telling);
    lua_pushlightuserdata(L, (void *)(uintptr_t)now);
    lua_pushvalue(L, telling->function);
    if (lua_pcall(L, 3, 0, 0) != LUA_OK) {
        lua_replace(L, telling->problem);
        telling->raised = true;
    }
    return telling->raised || telling->refused ? MAPI_E_USER_CANCEL : S_OK;
}

/* --- results ---------------------------------------------------------------------------------------------------- */

static void push_failure(lua_State *L, const struct mapi_mail_failure *failure)
{
    lua_createtable(L, 0, 4);
    if (failure->path != NULL) {
        lua_pushstring(L, failure->path);
        lua_setfield(L, -2, "path");
        lua_pushinteger(L, (lua_Integer)failure->offset);
        lua_setfield(L, -2, "offset");
    }
    if (failure->entryid.cb > 0) {
        lua_pushlstring(L, (const char *)failure->entryid.lpb, failure->entryid.cb);
        lua_setfield(L, -2, "entryid");
    }
    if (failure->reason != NULL) {
        lua_pushstring(L, failure->reason);
    } else {
        lm_push_text(L, failure->hr);
    }
    lua_setfield(L, -2, "message");
    lm_push_name(L, failure->hr, false);
    lua_setfield(L, -2, "name");
}

/* The third result of a call that has succeeded. */
static void push_report(lua_State *L, const struct mapi_mail_report *report)
{
    const struct mapi_mail_failure *failure = report->failures;

    lua_createtable(L, 0, 4);
    lua_pushinteger(L, report->counts.messages);
    lua_setfield(L, -2, "messages");
    lua_pushinteger(L, report->counts.skipped);
    lua_setfield(L, -2, "skipped");
    lua_pushinteger(L, report->counts.failed);
    lua_setfield(L, -2, "failed");
    lua_newtable(L);
    for (lua_Integer i = 1; failure != NULL; failure = failure->next) {
        push_failure(L, failure);
        lua_rawseti(L, -2, i++);
    }
    lua_setfield(L, -2, "failures");
}

/* What the call answers: the number of messages, the name of the warning or nil, and the report; a failure; or what the
 * progress function has raised. `done`: "imported" or "exported". */
static int finish(lua_State *L, const char *operation, HRESULT hr, struct telling *telling,
                  const struct mapi_mail_report *report, const char *done)
{
    ULONG count = report != NULL ? report->counts.messages : 0;

    if (telling->raised) {
        lua_pushvalue(L, telling->problem);
        return lua_error(L);
    }
    if (SUCCEEDED(hr)) {
        lua_pushinteger(L, count);
        if (hr == S_OK) {
            lua_pushnil(L);
        } else {
            lm_push_name(L, hr, false);
        }
        push_report(L, report);
        return 3;
    }
    if (hr == MAPI_E_USER_CANCEL && telling->refused) {
        lua_pushliteral(L, "The progress function has ended it.");
    } else {
        lm_push_text(L, hr);
    }
    if (count > 0) {
        lua_pushfstring(L, "%s %I %s been %s before.", lua_tostring(L, -1), (LUAI_UACINT)count,
                        count == 1 ? "message had" : "messages had", done);
    }
    return lm_fail_text(L, operation, hr, lua_tostring(L, -1));
}

/* --- beginning -------------------------------------------------------------------------------------------------- */

/* Pushes a box with a reference of our own: the script may close the folder while the call works. */
static IMAPIFolder *push_folder(lua_State *L, struct lm_object *self)
{
    void **box = lm_box_unknown(L);

    *box = LM_FOLDER(L, self);
    ((IUnknown *)*box)->lpVtbl->AddRef((IUnknown *)*box);
    return (IMAPIFolder *)*box;
}

/* Pushes what a call works with, and leaves room for its progress function. Answers where the report goes; NULL: there is no
 * converter, and nil, message, name are pushed. */
static void **begin(lua_State *L, const char *operation, struct telling *telling, IMAPIFolder **folder,
                    IConverterSession **converter)
{
    struct lm_object *self = lm_self(L);
    void **report;

    lua_pushnil(L);
    telling->problem = lua_gettop(L);
    if (!lm_converter_push(L, operation, converter)) {
        return NULL;
    }
    *folder = push_folder(L, self);
    report = lm_box_buffer(L);
    luaL_checkstack(L, 12, NULL);
    return report;
}

/* --- import ----------------------------------------------------------------------------------------------------- */

/* MAPI_MBOX_* by name. */
static ULONG check_format(lua_State *L, int index)
{
    static const char *const names[] = {"auto", "mboxrd", "mboxo", "mboxcl", "mboxcl2"};

    if (lua_isnil(L, index)) {
        return MAPI_MBOX_AUTO;
    }
    for (ULONG i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(lua_tostring(L, index), names[i]) == 0) {
            return i;
        }
    }
    luaL_argerror(L, 3, lua_pushfstring(L, "option 'format': unknown format '%s'", lua_tostring(L, index)));
    return MAPI_MBOX_AUTO;
}

static int import(lua_State *L, const char *operation, const struct mapi_mail_import *options, int function)
{
    struct mapi_mail_import what = *options;
    struct telling telling = {L, function, 0, false, false};
    void **report = begin(L, operation, &telling, &what.folder, &what.converter);
    HRESULT hr;

    if (report == NULL) {
        return 3;
    }
    what.size = sizeof what;
    what.progress = tell;
    what.context = &telling;
    hr = MapiImportMail(&what, (struct mapi_mail_report **)report);
    return finish(L, operation, hr, &telling, (const struct mapi_mail_report *)*report, "imported");
}

enum { IMPORT_PROGRESS, IMPORT_SKIP_DUPLICATES, IMPORT_STRICT, IMPORT_OTHER };

/* What both kinds of import take. Answers the index of the first option. */
static int check_import(lua_State *L, const struct lm_option *options, struct mapi_mail_import *what)
{
    int first;

    lm_self(L);
    what->path = lm_check_text(L, 2, NULL);
    lua_settop(L, 3);
    first = lm_options(L, 3, options);
    what->skip_duplicates = lm_option_flag(L, first + IMPORT_SKIP_DUPLICATES, false);
    what->strict = lm_option_flag(L, first + IMPORT_STRICT, false);
    return first;
}

int lm_folder_import_mbox(lua_State *L)
{
    static const struct lm_option options[] = {{"progress", LM_FUNCTION},
                                               {"skip_duplicates", LM_BOOLEAN},
                                               {"strict", LM_BOOLEAN},
                                               {"format", LM_TEXT},
                                               {NULL, LM_ANY}};
    struct mapi_mail_import what = {.kind = MAPI_MAIL_MBOX};
    int first = check_import(L, options, &what);

    what.format = check_format(L, first + IMPORT_OTHER);
    return import(L, "folder:import_mbox", &what, first + IMPORT_PROGRESS);
}

int lm_folder_import_maildir(lua_State *L)
{
    static const struct lm_option options[] = {{"progress", LM_FUNCTION},
                                               {"skip_duplicates", LM_BOOLEAN},
                                               {"strict", LM_BOOLEAN},
                                               {"recursive", LM_BOOLEAN},
                                               {NULL, LM_ANY}};
    struct mapi_mail_import what = {.kind = MAPI_MAIL_MAILDIR};
    int first = check_import(L, options, &what);

    what.recursive = lm_option_flag(L, first + IMPORT_OTHER, false);
    return import(L, "folder:import_maildir", &what, first + IMPORT_PROGRESS);
}

/* --- export ----------------------------------------------------------------------------------------------------- */

static int export(lua_State *L, const char *operation, const struct mapi_mail_export *options, int function)
{
    struct mapi_mail_export what = *options;
    struct telling telling = {L, function, 0, false, false};
    void **report = begin(L, operation, &telling, &what.folder, &what.converter);
    HRESULT hr;

    if (report == NULL) {
        return 3;
    }
    what.size = sizeof what;
    what.progress = tell;
    what.context = &telling;
    hr = MapiExportMail(&what, (struct mapi_mail_report **)report);
    return finish(L, operation, hr, &telling, (const struct mapi_mail_report *)*report, "exported");
}

enum { EXPORT_PROGRESS, EXPORT_BCC, EXPORT_STRICT, EXPORT_OTHER };

/* What both kinds of export take. Answers the index of the first option. */
static int check_export(lua_State *L, const struct lm_option *options, struct mapi_mail_export *what)
{
    int first;

    lm_self(L);
    what->path = lm_check_text(L, 2, NULL);
    lua_settop(L, 3);
    first = lm_options(L, 3, options);
    what->without_bcc = !lm_option_flag(L, first + EXPORT_BCC, true);
    what->strict = lm_option_flag(L, first + EXPORT_STRICT, false);
    return first;
}

int lm_folder_export_mbox(lua_State *L)
{
    static const struct lm_option options[] = {{"progress", LM_FUNCTION}, {"bcc", LM_BOOLEAN},
                                               {"strict", LM_BOOLEAN},    {"append", LM_BOOLEAN},
                                               {"overwrite", LM_BOOLEAN}, {NULL, LM_ANY}};
    struct mapi_mail_export what = {.kind = MAPI_MAIL_MBOX};
    int first = check_export(L, options, &what);

    what.append = lm_option_flag(L, first + EXPORT_OTHER, false);
    what.overwrite = lm_option_flag(L, first + EXPORT_OTHER + 1, false);
    luaL_argcheck(L, !what.append || !what.overwrite, 3, "one of append and overwrite expected");
    return export(L, "folder:export_mbox", &what, first + EXPORT_PROGRESS);
}

int lm_folder_export_maildir(lua_State *L)
{
    static const struct lm_option options[] = {{"progress", LM_FUNCTION},
                                               {"bcc", LM_BOOLEAN},
                                               {"strict", LM_BOOLEAN},
                                               {"recursive", LM_BOOLEAN},
                                               {NULL, LM_ANY}};
    struct mapi_mail_export what = {.kind = MAPI_MAIL_MAILDIR};
    int first = check_export(L, options, &what);

    what.recursive = lm_option_flag(L, first + EXPORT_OTHER, false);
    return export(L, "folder:export_maildir", &what, first + EXPORT_PROGRESS);
}
