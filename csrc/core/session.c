/* IMAPISession (imapisessioniunknown.md): the handle and its methods, most of which are in files of their own. */
#include "core/session.h"

#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/admin.h"
#include "core/fast_shutdown.h"
#include "core/advise_sink.h"
#include "core/status.h"

OBJECT_IUNKNOWN(session, IMAPISession)

struct session *session_of(IMAPISession *This)
{
    return (struct session *)(void *)This;
}

/* A sink that logs off, as a critical error asks it to, may drop the very reference that the method was called through. */
static bool survives_sinks(struct session *self)
{
    object_addref(&self->object);
    advise_sink_pump_thread();
    return object_release(&self->object) > 0;
}

HRESULT session_enter(struct session *self)
{
    /* Before any lock is taken, since sinks may do anything (N8). */
    if (advise_sink_thread_has_work() && !survives_sinks(self)) {
        return fail(MAPI_E_INVALID_OBJECT, "The session was logged off and released by an advise sink of this thread.");
    }
    failure_clear(); /* not every failure comes with a sentence, and an old one would pass for its reason */
    return lifeline_enter(self->core->life);
}

HRESULT session_leave(struct session *self, HRESULT hr)
{
    if (hr != S_OK && !self->core->error_is_new) {
        last_error_set(&self->core->error, hr);
    }
    self->core->error_is_new = false;
    lifeline_leave(self->core->life);
    return hr;
}

static HRESULT no_place(const char *method)
{
    return fail(MAPI_E_INVALID_PARAMETER, "%s needs a place for its result.", method);
}

static HRESULT STDMETHODCALLTYPE get_last_error(IMAPISession *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    struct session *self = session_of(This);
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(self);
    if (hr == S_OK) {
        hr = last_error_get(&self->core->error, result, flags, out);
        lifeline_leave(self->core->life);
    }
    return hr;
}

static HRESULT STDMETHODCALLTYPE get_msg_stores_table(IMAPISession *This, ULONG flags, LPMAPITABLE *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = out ? session_stores_table(session_of(This)->core, flags, out) : no_place("GetMsgStoresTable");
    return session_leave(session_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE open_msg_store(IMAPISession *This, ULONG_PTR ui, ULONG size, LPENTRYID id, LPCIID iid,
                                                ULONG flags, LPMDB *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = out ? session_open_store(session_of(This)->core, ui, size, id, iid, flags, out) : no_place("OpenMsgStore");
    return session_leave(session_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE open_profile_section(IMAPISession *This, LPMAPIUID uid, LPCIID iid, ULONG flags,
                                                      LPPROFSECT *out)
{
    struct session_core *core = session_of(This)->core;
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    struct profsect_request request = {.profile = core->profile,
                                       .life = core->life,
                                       .opener = PROFSECT_SESSION,
                                       .uid = uid,
                                       .iid = iid,
                                       .flags = flags};
    return session_leave(session_of(This), profsect_open(&request, out));
}

static HRESULT STDMETHODCALLTYPE open_entry(IMAPISession *This, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                                            ULONG *type, LPUNKNOWN *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = out ? session_open_entry(session_of(This)->core, size, id, iid, flags, type, out) : no_place("OpenEntry");
    return session_leave(session_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE compare_entry_ids(IMAPISession *This, ULONG size1, LPENTRYID id1, ULONG size2,
                                                   LPENTRYID id2, ULONG flags, ULONG *result)
{
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = session_compare(session_of(This)->core, size1, id1, size2, id2, flags, result);
    return session_leave(session_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE query_identity(IMAPISession *This, ULONG *size, LPENTRYID *out)
{
    if (size) {
        *size = 0;
    }
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = size && out ? session_query_identity(session_of(This)->core, size, out) : no_place("QueryIdentity");
    return session_leave(session_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE logoff(IMAPISession *This, ULONG_PTR ui, ULONG flags, ULONG reserved)
{
    return session_logoff(session_of(This), ui, flags, reserved);
}

static HRESULT STDMETHODCALLTYPE set_default_store(IMAPISession *This, ULONG flags, ULONG size, LPENTRYID id)
{
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    return session_leave(session_of(This), session_set_default_store(session_of(This)->core, flags, size, id));
}

static HRESULT STDMETHODCALLTYPE admin_services(IMAPISession *This, ULONG flags, LPSERVICEADMIN *out)
{
    struct session_core *core = session_of(This)->core;
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = out ? admin_check_flags("AdminServices", flags, MAPI_UNICODE) : no_place("AdminServices");
    hr = hr == S_OK ? service_admin_create(core->profile, core->life, out) : hr;
    return session_leave(session_of(This), hr);
}

/* What this subsystem does not do (yet); after the session's state, so that a dead session says that it is dead. */
static HRESULT unsupported(IMAPISession *This, const char *what)
{
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    return session_leave(session_of(This), fail(MAPI_E_NO_SUPPORT, "This MAPI has no %s.", what));
}

static HRESULT STDMETHODCALLTYPE open_address_book(IMAPISession *This, ULONG_PTR ui, LPCIID iid, ULONG flags,
                                                   LPADRBOOK *out)
{
    (void)ui;
    (void)iid;
    (void)flags;
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "address book");
}

static HRESULT STDMETHODCALLTYPE get_status_table(IMAPISession *This, ULONG flags, LPMAPITABLE *out)
{
    if (out) {
        *out = NULL;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = out ? session_status_table(session_of(This)->core, flags, out) : no_place("GetStatusTable");
    return session_leave(session_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE advise(IMAPISession *This, ULONG size, LPENTRYID id, ULONG mask, LPMAPIADVISESINK sink,
                                        ULONG_PTR *connection)
{
    if (connection) {
        *connection = 0;
    }
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    hr = connection ? session_advise(session_of(This)->core, size, id, mask, sink, connection) : no_place("Advise");
    return session_leave(session_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE unadvise(IMAPISession *This, ULONG_PTR connection)
{
    HRESULT hr = session_enter(session_of(This));
    if (hr != S_OK) {
        return hr;
    }
    return session_leave(session_of(This), session_unadvise(session_of(This)->core, connection));
}

static HRESULT STDMETHODCALLTYPE message_options(IMAPISession *This, ULONG_PTR ui, ULONG flags, LPTSTR type,
                                                 LPMESSAGE message)
{
    (void)ui;
    (void)flags;
    (void)type;
    (void)message;
    return unsupported(This, "message options");
}

static HRESULT STDMETHODCALLTYPE query_default_message_opt(IMAPISession *This, LPTSTR type, ULONG flags, ULONG *count,
                                                           LPSPropValue *options)
{
    (void)type;
    (void)flags;
    if (count) {
        *count = 0;
    }
    if (options) {
        *options = NULL;
    }
    return unsupported(This, "message options");
}

static HRESULT STDMETHODCALLTYPE enum_adr_types(IMAPISession *This, ULONG flags, ULONG *count, LPTSTR **types)
{
    (void)flags;
    if (count) {
        *count = 0;
    }
    if (types) {
        *types = NULL;
    }
    return unsupported(This, "transports");
}

static HRESULT STDMETHODCALLTYPE show_form(IMAPISession *This, ULONG_PTR ui, LPMDB store, LPMAPIFOLDER folder,
                                           LPCIID iid, ULONG_PTR token, LPMESSAGE sent, ULONG flags, ULONG status,
                                           ULONG message_flags, ULONG access, LPSTR message_class)
{
    (void)ui;
    (void)store;
    (void)folder;
    (void)iid;
    (void)token;
    (void)sent;
    (void)flags;
    (void)status;
    (void)message_flags;
    (void)access;
    (void)message_class;
    return unsupported(This, "forms");
}

static HRESULT STDMETHODCALLTYPE prepare_form(IMAPISession *This, LPCIID iid, LPMESSAGE message, ULONG_PTR *token)
{
    (void)iid;
    (void)message;
    if (token) {
        *token = 0;
    }
    return unsupported(This, "forms");
}

const IMAPISessionVtbl session_vtbl = {
    session_query_interface,
    session_addref,
    session_release,
    get_last_error,
    get_msg_stores_table,
    open_msg_store,
    open_address_book,
    open_profile_section,
    get_status_table,
    open_entry,
    compare_entry_ids,
    advise,
    unadvise,
    message_options,
    query_default_message_opt,
    enum_adr_types,
    query_identity,
    logoff,
    set_default_store,
    admin_services,
    show_form,
    prepare_form,
};

static const GUID *const iids[] = {&IID_IMAPISession, NULL};

/* The last Release logs off a session that was not (R1), silently and without waiting for anything outside
   the process (R9). */
static void destroy(struct object *object)
{
    struct session *self = (struct session *)object;
    session_core_bind(self->core, NULL);
    session_core_end(self->core, false);
    object_retire(object);
    session_core_unref(self->core);
    free(self);
}

static struct lifeline *lifeline_of(struct object *object)
{
    return ((struct session *)object)->core->life;
}

static HRESULT query(struct object *object, REFIID iid, void **out)
{
    struct session *self = (struct session *)object;
    if (IsEqualIID(iid, &IID_IMapiSessionInfo)) {
        *out = &self->info;
    } else if (IsEqualIID(iid, &IID_IMAPIClientShutdown)) {
        *out = &self->shutdown;
    } else {
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    }
    object_addref(object);
    return S_OK;
}

static const struct object_type type = {
    .kind = OBJECT_SESSION,
    .iids = iids,
    .destroy = destroy,
    .lifeline = lifeline_of,
    .query = query,
};

HRESULT session_create(struct session_core *core, LPMAPISESSION *out)
{
    struct session *self = calloc(1, sizeof *self);
    *out = NULL;
    if (!self) {
        return fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a session.");
    }
    self->core = core;
    self->info.lpVtbl = &session_info_vtbl;
    self->shutdown.lpVtbl = &session_shutdown_vtbl;
    object_init(&self->object, &type, &session_vtbl);
    session_core_bind(core, self);
    *out = (LPMAPISESSION)(void *)self;
    return S_OK;
}

void session_discard(LPMAPISESSION session)
{
    struct session *self = session_of(session);
    object_retire(&self->object);
    session_core_unref(self->core);
    free(self);
}
