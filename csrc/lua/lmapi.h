/* lmapi.h - MAPI for programs that embed Lua 5.4.
 *
 * A host gives its scripts sessions, takes sessions from them, and delivers their notifications from its own event loop.
 * It needs this header, those in include/, and Lua; it links to nothing of lua-mapi:
 *
 *     lmapi_set_host(L, &host);                         // optional, before anything requires "mapi"
 *     const struct lmapi_api *api = lmapi_api(L);       // requires "mapi" if no script has
 *     api->mapi->MAPILogonEx(0, profile, NULL, MAPI_UNICODE | MAPI_EXTENDED | MAPI_NEW_SESSION, &session);
 *     api->lend_session(L, session);                    // pushes the session object
 *     lua_setglobal(L, "session");
 *
 * examples/host.c is a whole program. The functions are in a table, not exported, so that this works wherever require
 * found the module, and on Windows. The module is never unloaded: the table, and every interface a host has got, stay
 * valid after lua_close.
 *
 * Do not link libmapi.a into a program whose scripts load the module: that would be two MAPI subsystems in one process,
 * which know nothing of each other. Use the `mapi` table.
 *
 * ERRORS. No function of the table raises, yields or panics, also outside any protected call. Those that answer a
 * status answer as lua_pcall does: LUA_OK, or LUA_ERRRUN, LUA_ERRMEM or LUA_ERRERR with the error on the top of the
 * stack (a sentence, but for errors of the script's own that are something else). All of them want four free stack
 * slots (lua_checkstack) and leave nothing on the stack but what they say.
 *
 * THREADS. As for any use of a lua_State: one thread at a time. A session itself can be used by any thread.
 */
#ifndef LMAPI_H
#define LMAPI_H

#ifdef __cplusplus
#include <lua.hpp>
#else
#include <lauxlib.h>
#include <lua.h>
#endif

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <mapisub.h>
#include <mapiutil.h>
#include <mapix.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when something that is there changes its meaning. What is added comes at the end: the size tells. */
#define LMAPI_VERSION 1

/* --- what a host can do for the module ---------------------------------------------------------------------------- */

/* What a user is asked before a session is logged off. */
struct lmapi_question {
    uint32_t size;       /* sizeof(struct lmapi_question) of the module */
    uint32_t unsent;     /* messages that wait in the Outbox */
    uint32_t unsaved;    /* open objects with changes that are not saved */
    uint32_t clients;    /* others on the same shared session, if all are to be logged off */
    const char *kind;    /* "logoff" */
    const char *profile; /* UTF-8 */
    uintptr_t window;    /* what the script gave as `window`, or 0 */
};

enum lmapi_answer {
    LMAPI_ANSWER_CANCEL = 0, /* MAPI_E_USER_CANCEL, and nothing is undone */
    LMAPI_ANSWER_GO_ON = 1
};

enum lmapi_permission {
    /* A script may log off, with session:logoff, a session that it was only lent. Without it: MAPI_E_NO_ACCESS. */
    LMAPI_MAY_LOGOFF_LOANS = 0x1,
    /* session:do_fast_shutdown, which ends MAPI for the whole process, also while other states have sessions. Without
     * it: MAPI_E_NO_SUPPORT. */
    LMAPI_MAY_FAST_SHUTDOWN = 0x2
};

struct lmapi_host {
    uint32_t size;    /* sizeof(struct lmapi_host) */
    uint32_t version; /* LMAPI_VERSION */
    void *context;    /* handed to the functions */
    /* Asks the user. In place of the question on the terminal; a handler that the script itself has set with
     * mapi.set_dialog comes first. Called on the thread that runs the script, inside session:logoff. It may use `L`,
     * leaves its stack as it was, and must not close the state. NULL: the terminal. */
    enum lmapi_answer (*ask)(void *context, lua_State *L, const struct lmapi_question *question);
    /* A sentence for the log, without a newline: what went wrong that no caller can be told, such as a session that was
     * dropped without logoff. Also called by finalizers: it must use no lua_State. NULL: Lua's own warnings, which are
     * silent until somebody turns them on. */
    void (*warn)(void *context, const char *sentence);
    uint32_t permissions; /* of enum lmapi_permission, or'ed */
};

/* --- what the module does for a host ------------------------------------------------------------------------------ */

/* The MAPI subsystem that the module uses: its entry points, by their documented signatures. */
struct lmapi_mapi {
    uint32_t size;
    uint32_t reserved;
    HRESULT(STDAPICALLTYPE *MAPIInitialize)(LPVOID init);
    void(STDAPICALLTYPE *MAPIUninitialize)(void);
    HRESULT(STDAPICALLTYPE *MAPILogonEx)
    (ULONG_PTR window, LPTSTR profile, LPTSTR password, FLAGS flags, LPMAPISESSION *session);
    HRESULT(STDAPICALLTYPE *MAPIAdminProfiles)(ULONG flags, LPPROFADMIN *admin);
    SCODE(STDAPICALLTYPE *MAPIAllocateBuffer)(ULONG size, LPVOID *buffer);
    SCODE(STDAPICALLTYPE *MAPIAllocateMore)(ULONG size, LPVOID object, LPVOID *buffer);
    ULONG(STDAPICALLTYPE *MAPIFreeBuffer)(LPVOID buffer);
    /* Why this thread's last call failed with `hr`: a sentence that is valid until its next call, or NULL. */
    const char *(*error_detail)(HRESULT hr);
    /* "MAPI_E_NOT_FOUND", or NULL where a code has no name. */
    const char *(*error_name)(HRESULT hr);
    /* Notifications for the host's own sinks, and who is asked when C code passes MAPI_LOGOFF_UI (mapisub.h). */
    HRESULT(STDAPICALLTYPE *HrAllocAdviseSink)(LPNOTIFCALLBACK callback, LPVOID context, LPMAPIADVISESINK *sink);
    HRESULT(STDAPICALLTYPE *HrDispatchNotifications)(ULONG flags);
    void (*set_dialog)(LPMAPIDIALOG dialog, void *context);
};

enum lmapi_found {
    LMAPI_NO_SESSION = 0, /* anything else */
    LMAPI_CLOSED_SESSION, /* closed by the script, by the module, or recalled */
    LMAPI_OPEN_SESSION    /* whether it still works, only a call can tell: anybody may have logged it off */
};

struct lmapi_api {
    uint32_t size;
    uint32_t version;
    const struct lmapi_mapi *mapi;

    /* Pushes the session object of `session`, which is the state's own from now on: the reference that the caller held
     * is the object's. It is logged off by the script, by <close>, or, with a warning, when the collector finds it or
     * the state is closed. On failure the reference is still the caller's. A session that the state has on loan from the
     * host becomes its own. An error: it is no session, or has been logged off; the state has it already, of its own or
     * from a helper; the state is being closed. */
    int (*give_session)(lua_State *L, IMAPISession *session);

    /* Pushes the session object of `session`, which goes on belonging to the host. The object has a reference of its
     * own. Closing it, collecting it, and the end of the state end the loan and nothing else. One session has one object
     * in a state: lending it again pushes the same one, and so does lending what the state owns. Errors as for
     * give_session, but that it may be there already. */
    int (*lend_session)(lua_State *L, IMAPISession *session);

    /* Ends the loan from the host's side: closes the object and everything the script has opened through it. Harmless
     * where the state has no such loan. An error: the script's dialog handler is just being asked about this session. */
    int (*recall_session)(lua_State *L, IMAPISession *session);

    /* What is at the index (any, also one that is not valid). Never fails. */
    enum lmapi_found (*test_session)(lua_State *L, int index);

    /* The session at the index with a reference for the caller, or NULL where there is no open one. The object keeps its
     * own: it goes on working, whatever the script does to the object, until somebody logs the session off. */
    IMAPISession *(*fetch_session)(lua_State *L, int index);

    /* mapi.dispatch(timeout): calls the functions that the scripts have registered for what waits; first waits for it at
     * most `timeout` seconds (0: not at all; HUGE_VAL: without end). *delivered (may be NULL) is how many were called.
     * The error of a function that raised is the error; what comes after it is delivered by the next call. */
    int (*dispatch)(lua_State *L, double timeout, unsigned *delivered);

    /* mapi.fd(): polls readable while something waits for this state; for the life of the state, to which it belongs. An
     * error where the system has no such descriptor (Windows). -1 in *descriptor then. */
    int (*descriptor)(lua_State *L, int *descriptor);
};

/* --- getting at it ------------------------------------------------------------------------------------------------ */

/* Registry keys. The host's value is a userdata, full or light (then it must live until require has read it), that holds a
 * struct lmapi_host; the module's a light one. */
#define LMAPI_HOST_KEY "lmapi.host"
#define LMAPI_API_KEY  "lmapi.api"

/* For the two functions below. */
static inline int lmapi_put_host_(lua_State *L)
{
    const struct lmapi_host *host = (const struct lmapi_host *)lua_touserdata(L, 1);
    const size_t least = offsetof(struct lmapi_host, context); /* the size and the version, whatever the size says */
    void *copy = lua_newuserdatauv(L, host->size > least ? host->size : least, 0);
    memcpy(copy, host, host->size > least ? host->size : least);
    lua_setfield(L, LUA_REGISTRYINDEX, LMAPI_HOST_KEY);
    return 0;
}

/* For the two functions below. */
static inline int lmapi_find_api_(lua_State *L)
{
    const struct lmapi_api *api;
    if (lua_getfield(L, LUA_REGISTRYINDEX, LMAPI_API_KEY) != LUA_TLIGHTUSERDATA) {
        luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
        if (lua_getfield(L, -1, LUA_GNAME) != LUA_TTABLE || lua_getfield(L, -1, "require") != LUA_TFUNCTION) {
            return luaL_error(L,
                              "This state has no require, so the module \"mapi\" cannot be found; call luaL_openlibs "
                              "first, or at least luaopen_base and luaopen_package.");
        }
        lua_pushstring(L, "mapi");
        lua_call(L, 1, 0);
        lua_getfield(L, LUA_REGISTRYINDEX, LMAPI_API_KEY);
    }
    api = (const struct lmapi_api *)lua_touserdata(L, -1);
    if (api == NULL) {
        return luaL_error(L,
                          "The module \"mapi\" of this state offers nothing to hosts; it is older than this program, "
                          "or another one of that name.");
    }
    if (api->version != LMAPI_VERSION || api->size < sizeof(struct lmapi_api)) {
        return luaL_error(L,
                          "The module \"mapi\" has a host interface of version %d with %d bytes, but this program was "
                          "compiled for version %d with %d bytes; compile it with the module's own lmapi.h.",
                          (int)api->version, (int)api->size, LMAPI_VERSION, (int)sizeof(struct lmapi_api));
    }
    return 1;
}

/* Announces the host; *host is copied. To be called before anything requires "mapi", which checks it: a version or size
 * that it does not know makes that require fail. Later it has no effect. LUA_OK, or as lua_pcall. */
static inline int lmapi_set_host(lua_State *L, const struct lmapi_host *host)
{
    lua_pushcfunction(L, lmapi_put_host_);
    lua_pushlightuserdata(L, (void *)(uintptr_t)host);
    return lua_pcall(L, 1, 0, 0);
}

/* The module's table, good for all states of the process that have required the module; or NULL, with the reason on the
 * top of the stack. Requires "mapi" if nobody has. */
static inline const struct lmapi_api *lmapi_api(lua_State *L)
{
    const struct lmapi_api *api;
    lua_pushcfunction(L, lmapi_find_api_);
    if (lua_pcall(L, 0, 1, 0) != LUA_OK) {
        return NULL;
    }
    api = (const struct lmapi_api *)lua_touserdata(L, -1);
    lua_pop(L, 1);
    return api;
}

#ifdef __cplusplus
}
#endif

#endif
