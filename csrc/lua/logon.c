/* mapi.logon: options to flags, MAPILogonEx, and the check that the session is of the profile that was asked for. */
#include "logon.h"

#include "failure.h"
#include "session.h"
#include "types.h"

#include <lauxlib.h>

enum {
    OPT_PROFILE,
    OPT_SHARED,
    OPT_NEW_SESSION,
    OPT_USE_DEFAULT,
    OPT_EXPLICIT_PROFILE,
    OPT_UI,
    OPT_NO_MAIL,
    OPT_BACKGROUND,
    OPT_FORCE_DOWNLOAD,
    OPT_TIMEOUT_SHORT,
    OPT_NT_SERVICE,
    OPT_SERVICE_UI_ALWAYS,
    OPT_WINDOW,
    OPT_FLAGS,
    OPT_PASSWORD,
    OPT_ANY_PROFILE
};

const struct lm_option lm_logon_options[] = {{"profile", LM_TEXT},
                                             {"shared", LM_BOOLEAN},
                                             {"new_session", LM_BOOLEAN},
                                             {"use_default", LM_BOOLEAN},
                                             {"explicit_profile", LM_BOOLEAN},
                                             {"ui", LM_BOOLEAN},
                                             {"no_mail", LM_BOOLEAN},
                                             {"background", LM_BOOLEAN},
                                             {"force_download", LM_BOOLEAN},
                                             {"timeout_short", LM_BOOLEAN},
                                             {"nt_service", LM_BOOLEAN},
                                             {"service_ui_always", LM_BOOLEAN},
                                             {"window", LM_INTEGER},
                                             {"flags", LM_INTEGER},
                                             {"password", LM_TEXT},
                                             {"any_profile", LM_BOOLEAN},
                                             {NULL, LM_ANY}};

/* Flags that are one option each and off unless asked for. */
static const struct {
    int option;
    FLAGS flag;
} plain_flags[] = {
    {OPT_EXPLICIT_PROFILE, MAPI_EXPLICIT_PROFILE},
    {OPT_UI, MAPI_LOGON_UI},
    {OPT_NO_MAIL, MAPI_NO_MAIL},
    {OPT_BACKGROUND, MAPI_BG_SESSION},
    {OPT_FORCE_DOWNLOAD, MAPI_FORCE_DOWNLOAD},
    {OPT_TIMEOUT_SHORT, MAPI_TIMEOUT_SHORT},
    {OPT_NT_SERVICE, MAPI_NT_SERVICE},
    {OPT_SERVICE_UI_ALWAYS, MAPI_SERVICE_UI_ALWAYS},
    {OPT_SHARED, MAPI_ALLOW_OTHERS},
};

void lm_logon_read(lua_State *L, int base, int arg, struct lm_logon *out)
{
    bool named = !lua_isnil(L, base + OPT_PROFILE);
    bool ui = lm_option_flag(L, base + OPT_UI, false);
    bool explicit_profile = lm_option_flag(L, base + OPT_EXPLICIT_PROFILE, false);
    lua_Integer flags = lm_option_integer(L, base + OPT_FLAGS, 0);
    size_t i;

    luaL_argcheck(L, flags >= 0 && flags <= (lua_Integer)0xFFFFFFFF, arg, "option 'flags' is not a 32-bit number");
    out->profile = named ? lm_check_wide_at(L, base + OPT_PROFILE, arg, "option 'profile'", NULL) : NULL;
    out->password = lua_isnil(L, base + OPT_PASSWORD)
                        ? NULL
                        : lm_check_wide_at(L, base + OPT_PASSWORD, arg, "option 'password'", NULL);
    out->window = (ULONG_PTR)lm_option_integer(L, base + OPT_WINDOW, 0);
    out->shared = lm_option_flag(L, base + OPT_SHARED, false);
    out->any_profile = lm_option_flag(L, base + OPT_ANY_PROFILE, false);
    out->flags = MAPI_EXTENDED | MAPI_UNICODE | (FLAGS)flags;
    for (i = 0; i < sizeof plain_flags / sizeof *plain_flags; i++) {
        if (lm_option_flag(L, base + plain_flags[i].option, false)) {
            out->flags |= plain_flags[i].flag;
        }
    }
    /* A script that names a profile means that profile: no joining of whatever session is there. */
    if (lm_option_flag(L, base + OPT_NEW_SESSION, named && !out->shared)) {
        out->flags |= MAPI_NEW_SESSION;
    }
    /* Nothing named and nobody to be asked: the default profile is what is left. */
    if (lm_option_flag(L, base + OPT_USE_DEFAULT, !named && !ui && !explicit_profile)) {
        out->flags |= MAPI_USE_DEFAULT;
    }
}

/* MAPI joins an existing shared session whatever profile was named (mapilogonex.md). A script that named one and got
 * another would file mail in the wrong place: answers the name of the other profile (MAPIFreeBuffer), or NULL when all
 * is well. */
static WCHAR *other_profile(struct lm_session *session, const struct lm_logon *logon)
{
    BOOL joined = FALSE;
    LPWSTR name = NULL;
    size_t i = 0;

    if (logon->profile == NULL || logon->any_profile || session->info == NULL ||
        FAILED(session->info->lpVtbl->WasJoined(session->info, &joined)) || !joined ||
        FAILED(session->info->lpVtbl->GetProfileName(session->info, &name))) {
        return NULL;
    }
    while (name[i] != 0 && name[i] == logon->profile[i]) {
        i++;
    }
    if (name[i] == logon->profile[i]) {
        MAPIFreeBuffer(name);
        return NULL;
    }
    return name;
}

/* Leaves the session of the other profile again. */
static int leave(lua_State *L, struct lm_session *session, const struct lm_logon *logon, WCHAR *name)
{
    void **box;

    lm_end(&session->object, LM_EXPLICIT);
    box = lm_box_buffer(L);
    *box = name;
    lm_push_wide(L, logon->profile);
    lm_push_wide(L, name);
    lua_pushfstring(L, "profile '%s' was asked for, but the shared session that exists is of profile '%s'",
                    lua_tostring(L, -2), lua_tostring(L, -1));
    return lm_fail_text(L, "mapi.logon", MAPI_E_LOGON_FAILED, lua_tostring(L, -1));
}

static HRESULT log_on(const struct lm_logon *logon, IMAPISession **native)
{
    return MAPILogonEx(logon->window, (LPTSTR)logon->profile, (LPTSTR)logon->password, logon->flags, native);
}

int lm_logon(lua_State *L)
{
    struct lm_logon logon;
    struct lm_session *self;
    IMAPISession *native = NULL;
    WCHAR *other;
    HRESULT hr;

    lua_settop(L, 1);
    if (lua_type(L, 1) == LUA_TSTRING) {
        lua_createtable(L, 0, 1);
        lua_insert(L, 1);
        lua_setfield(L, 1, "profile");
    }
    lm_logon_read(L, lm_options(L, 1, lm_logon_options), 1, &logon);
    hr = lm_state_need(L);
    if (FAILED(hr)) {
        return lm_fail(L, "mapi.logon", hr);
    }
    self = lm_session_of(lm_new(L, &lm_session_type, 0, 0));
    lm_forget();
    hr = log_on(&logon, &native);
    if (FAILED(hr) && lm_exhausted(L, hr)) {
        hr = log_on(&logon, &native);
    }
    if (FAILED(hr)) {
        return lm_fail(L, "mapi.logon", hr);
    }
    self->shared = logon.shared;
    lm_session_open(self, native);
    other = other_profile(self, &logon);
    if (other != NULL) {
        return leave(L, self, &logon, other);
    }
    lm_session_enter(L, self);
    return lm_value(L, hr);
}
