/* IMAPISupport (imapisupportiunknown.md): what message stores and message services need of it. */
#include "core/support.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "base/failure.h"
#include "core/notify_queue.h"
#include "core/text.h"

OBJECT_IUNKNOWN(support, IMAPISupport)

struct support *support_of(IMAPISupport *This)
{
    return (struct support *)(void *)This;
}

HRESULT support_result(struct support *self, HRESULT hr)
{
    if (FAILED(hr)) {
        pthread_mutex_lock(&self->error_lock);
        last_error_set(&self->error, hr);
        pthread_mutex_unlock(&self->error_lock);
    }
    return hr;
}

HRESULT support_check_flags(const char *method, ULONG flags, ULONG known)
{
    return flags & ~known ? fail(MAPI_E_UNKNOWN_FLAGS, "IMAPISupport::%s does not know the flags 0x%08x.", method,
                                 (unsigned)(flags & ~known))
                          : S_OK;
}

static HRESULT missing(const char *method)
{
    return fail(MAPI_E_INVALID_PARAMETER, "IMAPISupport::%s lacks an argument.", method);
}

static HRESULT STDMETHODCALLTYPE get_last_error(IMAPISupport *This, HRESULT result, ULONG flags, LPMAPIERROR *out)
{
    struct support *self = support_of(This);
    pthread_mutex_lock(&self->error_lock);
    HRESULT hr = last_error_get(&self->error, result, flags, out);
    pthread_mutex_unlock(&self->error_lock);
    return hr;
}

static HRESULT STDMETHODCALLTYPE get_mem_alloc_routines(IMAPISupport *This, LPALLOCATEBUFFER *allocate_buffer,
                                                        LPALLOCATEMORE *allocate_more, LPFREEBUFFER *free_buffer)
{
    if (!allocate_buffer || !allocate_more || !free_buffer) {
        return support_result(support_of(This), missing("GetMemAllocRoutines"));
    }
    *allocate_buffer = MAPIAllocateBuffer;
    *allocate_more = MAPIAllocateMore;
    *free_buffer = MAPIFreeBuffer;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE subscribe(IMAPISupport *This, LPNOTIFKEY key, ULONG mask, ULONG flags,
                                           LPMAPIADVISESINK sink, ULONG_PTR *connection)
{
    struct support *self = support_of(This);
    if (connection) {
        *connection = 0;
    }
    return support_result(self, support_subscribe(self, key, mask, flags, sink, connection));
}

static HRESULT STDMETHODCALLTYPE unsubscribe(IMAPISupport *This, ULONG_PTR connection)
{
    return support_result(support_of(This), support_unsubscribe(support_of(This), connection));
}

static HRESULT STDMETHODCALLTYPE notify(IMAPISupport *This, LPNOTIFKEY key, ULONG count, LPNOTIFICATION notifications,
                                        ULONG *flags)
{
    return support_result(support_of(This), support_notify(key, count, notifications, flags));
}

/* The row is kept for IMAPISession::QueryIdentity. */
static HRESULT STDMETHODCALLTYPE modify_status_row(IMAPISupport *This, ULONG count, LPSPropValue values, ULONG flags)
{
    struct support *self = support_of(This);
    HRESULT hr = support_check_flags("ModifyStatusRow", flags, STATUSROW_UPDATE);
    if (hr == S_OK && count > 0 && !values) {
        hr = missing("ModifyStatusRow");
    }
    if (hr != S_OK || !self->core) {
        return support_result(self, hr);
    }
    struct prop_bag bag;
    prop_bag_init(&bag);
    pthread_mutex_lock(&self->core->lock);
    if (self->logon && (flags & STATUSROW_UPDATE)) {
        hr = prop_bag_copy(&bag, &self->logon->status);
    }
    for (ULONG i = 0; i < count && hr == S_OK; i++) {
        hr = prop_bag_set(&bag, &values[i]);
    }
    if (hr == S_OK && self->logon) {
        struct prop_bag old = self->logon->status;
        self->logon->status = bag;
        bag = old;
    }
    pthread_mutex_unlock(&self->core->lock);
    prop_bag_clear(&bag);
    return support_result(self, hr);
}

static HRESULT STDMETHODCALLTYPE open_profile_section(IMAPISupport *This, LPMAPIUID uid, ULONG flags, LPPROFSECT *out)
{
    struct support *self = support_of(This);
    bool own = !uid || uid_equal(uid, &self->section);
    struct profsect_request request = {
        .profile = self->profile,
        .life = self->core ? self->core->life : NULL,
        .life_is_callers = self->core != NULL,
        .opener = PROFSECT_PROVIDER,
        .uid = uid ? uid : &self->section,
        .flags = flags,
        .loose = own ? self->loose : NULL,
    };
    return support_result(self, profsect_open(&request, out));
}

static HRESULT STDMETHODCALLTYPE new_uid(IMAPISupport *This, LPMAPIUID uid)
{
    return support_result(support_of(This), uid ? uid_create(uid) : missing("NewUID"));
}

static HRESULT STDMETHODCALLTYPE make_invalid(IMAPISupport *This, ULONG flags, LPVOID object, ULONG refs, ULONG methods)
{
    return support_result(support_of(This), support_make_invalid(flags, object, refs, methods));
}

/* There is no spooler process to yield to or to tell. */
static HRESULT STDMETHODCALLTYPE spooler_yield(IMAPISupport *This, ULONG flags)
{
    (void)This;
    (void)flags;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE spooler_notify(IMAPISupport *This, ULONG flags, LPVOID data)
{
    (void)This;
    (void)flags;
    (void)data;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE create_one_off(IMAPISupport *This, LPTSTR name, LPTSTR type, LPTSTR address,
                                                ULONG flags, ULONG *size, LPENTRYID *out)
{
    bool wide = flags & MAPI_UNICODE;
    char *texts[3] = {NULL, NULL, NULL};
    const void *arguments[3] = {name, type, address};
    HRESULT hr = support_check_flags("CreateOneOff", flags, MAPI_UNICODE | MAPI_SEND_NO_RICH_INFO);
    if (size && out) {
        *size = 0;
        *out = NULL;
    }
    if (!size || !out || !type || !address) {
        hr = missing("CreateOneOff");
    }
    for (int i = 0; i < 3 && hr == S_OK; i++) {
        hr = text_argument(arguments[i], wide, &texts[i]);
    }
    if (hr == S_OK) {
        /* The display name may be missing: the address stands in for it (imapisupport-createoneoff.md). */
        hr = entryid_one_off(texts[0] ? texts[0] : texts[2], texts[1], texts[2], flags, size, out);
    }
    for (int i = 0; i < 3; i++) {
        free(texts[i]);
    }
    return support_result(support_of(This), hr);
}

/* Always adds, duplicates too (imapisupport-setprovideruid.md). */
static HRESULT STDMETHODCALLTYPE set_provider_uid(IMAPISupport *This, LPMAPIUID uid, ULONG flags)
{
    struct support *self = support_of(This);
    HRESULT hr = support_check_flags("SetProviderUID", flags, 0);
    hr = hr == S_OK && !uid ? missing("SetProviderUID") : hr;
    if (hr == S_OK && self->core) {
        pthread_mutex_lock(&self->core->lock);
        struct store_logon *logon = self->logon;
        MAPIUID *uids = logon ? realloc(logon->uids, (logon->uid_count + 1) * sizeof *uids) : NULL;
        if (uids) {
            logon->uids = uids;
            uids[logon->uid_count++] = *uid;
        } else if (logon) {
            hr = fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left to register a provider's identifier.");
        }
        pthread_mutex_unlock(&self->core->lock);
    }
    return support_result(self, hr);
}

static HRESULT no_session(const struct support *self)
{
    if (!self->core) {
        return fail(MAPI_E_UNKNOWN_ENTRYID, "There is no session whose stores could be looked at.");
    }
    return lifeline_ended(self->core->life) ? lifeline_refusal(self->core->life) : S_OK;
}

static HRESULT STDMETHODCALLTYPE compare_entry_ids(IMAPISupport *This, ULONG size1, LPENTRYID id1, ULONG size2,
                                                   LPENTRYID id2, ULONG flags, ULONG *result)
{
    struct support *self = support_of(This);
    HRESULT hr = no_session(self);
    hr = hr == S_OK ? session_compare(self->core, size1, id1, size2, id2, flags, result) : hr;
    return support_result(self, hr);
}

static HRESULT STDMETHODCALLTYPE open_entry(IMAPISupport *This, ULONG size, LPENTRYID id, LPCIID iid, ULONG flags,
                                            ULONG *type, LPUNKNOWN *out)
{
    struct support *self = support_of(This);
    HRESULT hr = out ? no_session(self) : missing("OpenEntry");
    if (out) {
        *out = NULL;
    }
    hr = hr == S_OK ? support_check_flags("OpenEntry", flags, MAPI_MODIFY | MAPI_BEST_ACCESS | MAPI_DEFERRED_ERRORS)
                    : hr;
    hr = hr == S_OK ? session_open_routed(self->core, size, id, iid, flags, type, out) : hr;
    return support_result(self, hr);
}

static HRESULT STDMETHODCALLTYPE copy_messages(IMAPISupport *This, LPCIID source_iid, LPVOID source,
                                               LPENTRYLIST messages, LPCIID destination_iid, LPVOID destination,
                                               ULONG_PTR ui, LPMAPIPROGRESS progress, ULONG flags)
{
    (void)source_iid;
    (void)destination_iid;
    (void)ui;
    (void)progress;
    return support_result(support_of(This), support_copy_messages(source, messages, destination, flags));
}

static HRESULT STDMETHODCALLTYPE do_copy_to(IMAPISupport *This, LPCIID source_iid, LPVOID source, ULONG excluded_count,
                                            LPCIID excluded_iids, LPSPropTagArray excluded_tags, ULONG_PTR ui,
                                            LPMAPIPROGRESS progress, LPCIID iid, LPVOID destination, ULONG flags,
                                            LPSPropProblemArray *problems)
{
    (void)ui;
    (void)progress;
    return support_result(support_of(This), support_copy_to(source_iid, source, excluded_count, excluded_iids,
                                                            excluded_tags, iid, destination, flags, problems));
}

static HRESULT STDMETHODCALLTYPE do_copy_props(IMAPISupport *This, LPCIID source_iid, LPVOID source,
                                               LPSPropTagArray tags, ULONG_PTR ui, LPMAPIPROGRESS progress, LPCIID iid,
                                               LPVOID destination, ULONG flags, LPSPropProblemArray *problems)
{
    (void)ui;
    (void)progress;
    return support_result(support_of(This),
                          support_copy_props(source_iid, source, tags, iid, destination, flags, problems));
}

static HRESULT STDMETHODCALLTYPE prepare_submit(IMAPISupport *This, LPMESSAGE message, ULONG *flags)
{
    return support_result(support_of(This),
                          message && flags ? support_prepare_submit(message, flags) : missing("PrepareSubmit"));
}

/* There are no preprocessors and no personal distribution lists: a message is ready to be submitted as it is. */

static HRESULT STDMETHODCALLTYPE expand_recips(IMAPISupport *This, LPMESSAGE message, ULONG *flags)
{
    if (!message || !flags) {
        return support_result(support_of(This), missing("ExpandRecips"));
    }
    *flags = 0;
    return S_OK;
}

/* There are no transports, so whatever was asked for is complete (imapisupport-storelogofftransports.md). */
static HRESULT STDMETHODCALLTYPE store_logoff_transports(IMAPISupport *This, ULONG *flags)
{
    const ULONG known = LOGOFF_NO_WAIT | LOGOFF_ORDERLY | LOGOFF_PURGE | LOGOFF_ABORT | LOGOFF_QUIET;
    HRESULT hr = flags ? support_check_flags("StoreLogoffTransports", *flags, known) : missing("StoreLogoffTransports");
    if (hr == S_OK) {
        *flags = LOGOFF_COMPLETE;
    }
    return support_result(support_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE wrap_store_entry_id(IMAPISupport *This, ULONG size, LPENTRYID id, ULONG *size_out,
                                                     LPENTRYID *out)
{
    struct support *self = support_of(This);
    if (!id || size == 0 || !size_out || !out) {
        return support_result(self, missing("WrapStoreEntryID"));
    }
    *size_out = 0;
    *out = NULL;
    return support_result(self, entryid_wrap_store(self->service->dll_name, size, id, size_out, out));
}

/* Makes the section of a store that was opened without being in the profile part of it. */
static HRESULT STDMETHODCALLTYPE modify_profile(IMAPISupport *This, ULONG flags)
{
    struct support *self = support_of(This);
    HRESULT hr = support_check_flags("ModifyProfile", flags, MDB_TEMPORARY);
    if (hr == S_OK && !(flags & MDB_TEMPORARY) && self->loose) {
        hr = loose_section_settle(self->loose, self->profile);
    }
    return support_result(self, hr);
}

static HRESULT STDMETHODCALLTYPE get_svc_config_support_obj(IMAPISupport *This, ULONG flags, LPMAPISUP *out)
{
    struct support *self = support_of(This);
    HRESULT hr = out ? support_check_flags("GetSvcConfigSupportObj", flags, 0) : missing("GetSvcConfigSupportObj");
    if (out) {
        *out = NULL;
    }
    hr = hr == S_OK ? support_create_for_service(self->profile, self->service, &self->section, out) : hr;
    return support_result(self, hr);
}

/* What no message store needs. */
static HRESULT unsupported(IMAPISupport *This, const char *method)
{
    return support_result(support_of(This), fail(MAPI_E_NO_SUPPORT, "This MAPI has no IMAPISupport::%s.", method));
}

static HRESULT STDMETHODCALLTYPE register_preprocessor(IMAPISupport *This, LPMAPIUID uid, LPTSTR type, LPTSTR dll,
                                                       LPSTR preprocess, LPSTR remove_info, ULONG flags)
{
    (void)uid;
    (void)type;
    (void)dll;
    (void)preprocess;
    (void)remove_info;
    (void)flags;
    return unsupported(This, "RegisterPreprocessor");
}

static HRESULT STDMETHODCALLTYPE open_template_id(IMAPISupport *This, ULONG size, LPENTRYID id, ULONG flags,
                                                  LPMAPIPROP data, LPCIID iid, LPMAPIPROP *out, LPMAPIPROP sibling)
{
    (void)size;
    (void)id;
    (void)flags;
    (void)data;
    (void)iid;
    (void)sibling;
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "OpenTemplateID");
}

static HRESULT STDMETHODCALLTYPE get_one_off_table(IMAPISupport *This, ULONG flags, LPMAPITABLE *out)
{
    (void)flags;
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "GetOneOffTable");
}

static HRESULT STDMETHODCALLTYPE address(IMAPISupport *This, ULONG_PTR *ui, LPADRPARM parameters, LPADRLIST *list)
{
    (void)ui;
    (void)parameters;
    (void)list;
    return unsupported(This, "Address");
}

static HRESULT STDMETHODCALLTYPE details(IMAPISupport *This, ULONG_PTR *ui, LPFNDISMISS dismiss, LPVOID dismiss_context,
                                         ULONG size, LPENTRYID id, LPFNBUTTON button, LPVOID button_context,
                                         LPTSTR text, ULONG flags)
{
    (void)ui;
    (void)dismiss;
    (void)dismiss_context;
    (void)size;
    (void)id;
    (void)button;
    (void)button_context;
    (void)text;
    (void)flags;
    return unsupported(This, "Details");
}

static HRESULT STDMETHODCALLTYPE new_entry(IMAPISupport *This, ULONG_PTR ui, ULONG flags, ULONG container_size,
                                           LPENTRYID container, ULONG template_size, LPENTRYID template_id, ULONG *size,
                                           LPENTRYID *out)
{
    (void)ui;
    (void)flags;
    (void)container_size;
    (void)container;
    (void)template_size;
    (void)template_id;
    if (size) {
        *size = 0;
    }
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "NewEntry");
}

static HRESULT STDMETHODCALLTYPE do_config_propsheet(IMAPISupport *This, ULONG_PTR ui, ULONG flags, LPTSTR title,
                                                     LPMAPITABLE table, LPMAPIPROP data, ULONG page)
{
    (void)ui;
    (void)flags;
    (void)title;
    (void)table;
    (void)data;
    (void)page;
    return unsupported(This, "DoConfigPropsheet");
}

static HRESULT STDMETHODCALLTYPE copy_folder(IMAPISupport *This, LPCIID source_iid, LPVOID source, ULONG size,
                                             LPENTRYID id, LPCIID destination_iid, LPVOID destination, LPTSTR name,
                                             ULONG_PTR ui, LPMAPIPROGRESS progress, ULONG flags)
{
    (void)source_iid;
    (void)source;
    (void)size;
    (void)id;
    (void)destination_iid;
    (void)destination;
    (void)name;
    (void)ui;
    (void)progress;
    (void)flags;
    return unsupported(This, "CopyFolder");
}

static HRESULT STDMETHODCALLTYPE do_progress_dialog(IMAPISupport *This, ULONG_PTR ui, ULONG flags, LPMAPIPROGRESS *out)
{
    (void)ui;
    (void)flags;
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "DoProgressDialog");
}

static HRESULT STDMETHODCALLTYPE read_receipt(IMAPISupport *This, ULONG flags, LPMESSAGE message, LPMESSAGE *report)
{
    return support_result(support_of(This), message && report && *report ? support_read_receipt(flags, message, report)
                                                                         : missing("ReadReceipt"));
}

static HRESULT STDMETHODCALLTYPE update_pab(IMAPISupport *This, ULONG flags, LPMESSAGE message)
{
    (void)flags;
    (void)message;
    return unsupported(This, "UpdatePAB");
}

static HRESULT STDMETHODCALLTYPE do_sent_mail(IMAPISupport *This, ULONG flags, LPMESSAGE message)
{
    HRESULT hr = message ? support_check_flags("DoSentMail", flags, 0) : missing("DoSentMail");
    if (hr == S_OK) {
        message->lpVtbl->Release(message); /* there are no hook providers that would want to see it first */
    }
    return support_result(support_of(This), hr);
}

static HRESULT STDMETHODCALLTYPE open_address_book(IMAPISupport *This, LPCIID iid, ULONG flags, LPADRBOOK *out)
{
    (void)iid;
    (void)flags;
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "OpenAddressBook");
}

static HRESULT STDMETHODCALLTYPE preprocess(IMAPISupport *This, ULONG flags, ULONG size, LPENTRYID id)
{
    (void)flags;
    (void)size;
    (void)id;
    return unsupported(This, "Preprocess");
}

static HRESULT STDMETHODCALLTYPE complete_msg(IMAPISupport *This, ULONG flags, ULONG size, LPENTRYID id)
{
    (void)flags;
    (void)size;
    (void)id;
    return unsupported(This, "CompleteMsg");
}

static HRESULT STDMETHODCALLTYPE status_recips(IMAPISupport *This, LPMESSAGE message, LPADRLIST list)
{
    (void)message;
    (void)list;
    return unsupported(This, "StatusRecips");
}

static HRESULT STDMETHODCALLTYPE storage_from_stream(IMAPISupport *This, LPUNKNOWN stream, LPCIID iid, ULONG flags,
                                                     LPSTORAGE *out)
{
    (void)stream;
    (void)iid;
    (void)flags;
    if (out) {
        *out = NULL;
    }
    return unsupported(This, "IStorageFromStream");
}

static const IMAPISupportVtbl vtbl = {
    support_query_interface,
    support_addref,
    support_release,
    get_last_error,
    get_mem_alloc_routines,
    subscribe,
    unsubscribe,
    notify,
    modify_status_row,
    open_profile_section,
    register_preprocessor,
    new_uid,
    make_invalid,
    spooler_yield,
    spooler_notify,
    create_one_off,
    set_provider_uid,
    compare_entry_ids,
    open_template_id,
    open_entry,
    get_one_off_table,
    address,
    details,
    new_entry,
    do_config_propsheet,
    copy_messages,
    copy_folder,
    do_copy_to,
    do_copy_props,
    do_progress_dialog,
    read_receipt,
    prepare_submit,
    expand_recips,
    update_pab,
    do_sent_mail,
    open_address_book,
    preprocess,
    complete_msg,
    store_logoff_transports,
    status_recips,
    wrap_store_entry_id,
    modify_profile,
    storage_from_stream,
    get_svc_config_support_obj,
};

/* The second interface, IMAPIGetSession ------------------------------------------------------------------ */

static struct support *of_get_session(IMAPIGetSession *This)
{
    return (struct support *)(void *)((char *)This - offsetof(struct support, get_session));
}

static HRESULT STDMETHODCALLTYPE get_session_query(IMAPIGetSession *This, REFIID iid, void **out)
{
    return object_query(&of_get_session(This)->object, iid, out);
}

static ULONG STDMETHODCALLTYPE get_session_addref(IMAPIGetSession *This)
{
    return object_addref(&of_get_session(This)->object);
}

static ULONG STDMETHODCALLTYPE get_session_release(IMAPIGetSession *This)
{
    return object_release(&of_get_session(This)->object);
}

/* With a reference; MAPI_E_END_OF_SESSION once the session has logged off (imapigetsession-getmapisession.md,
   02 section 6). */
static HRESULT STDMETHODCALLTYPE get_mapi_session(IMAPIGetSession *This, LPUNKNOWN *out)
{
    struct support *self = of_get_session(This);
    if (!out) {
        return support_result(self, missing("GetMAPISession"));
    }
    *out = NULL;
    if (self->core && !lifeline_ended(self->core->life)) {
        *out = (LPUNKNOWN)(void *)session_core_handle(self->core);
    }
    return *out ? S_OK : support_result(self, fail(MAPI_E_END_OF_SESSION, "The provider's session has ended."));
}

static const IMAPIGetSessionVtbl get_session_vtbl = {get_session_query, get_session_addref, get_session_release,
                                                     get_mapi_session};

static void destroy(struct object *object)
{
    struct support *self = (struct support *)object;
    if (self->core) {
        notify_set_remove_owner(self->core->notify, self);
        session_support_gone(self->core, self);
    }
    object_retire(object);
    last_error_clear(&self->error);
    pthread_mutex_destroy(&self->error_lock);
    loose_section_unref(self->loose);
    profile_unref(self->profile);
    session_core_unref(self->core);
    free(self);
}

static HRESULT query(struct object *object, REFIID iid, void **out)
{
    if (!IsEqualIID(iid, &IID_IMAPIGetSession)) {
        return MAPI_E_INTERFACE_NOT_SUPPORTED;
    }
    object_addref(object);
    *out = &((struct support *)object)->get_session;
    return S_OK;
}

static const GUID *const iids[] = {&IID_IMAPISup, NULL};

static const struct object_type type = {.kind = OBJECT_SUPPORT, .iids = iids, .destroy = destroy, .query = query};

static struct support *make(struct profile *profile, const struct service *service, const MAPIUID *section)
{
    struct support *self = calloc(1, sizeof *self);
    if (!self) {
        fail(MAPI_E_NOT_ENOUGH_MEMORY, "No memory left for a support object.");
        return NULL;
    }
    self->get_session.lpVtbl = &get_session_vtbl;
    self->profile = profile_ref(profile);
    self->service = service;
    self->section = *section;
    pthread_mutex_init(&self->error_lock, NULL);
    object_init(&self->object, &type, &vtbl);
    return self;
}

HRESULT support_create_for_service(struct profile *profile, const struct service *service, const MAPIUID *section,
                                   LPMAPISUP *out)
{
    struct support *self = make(profile, service, section);
    *out = (LPMAPISUP)(void *)self;
    return self ? S_OK : MAPI_E_NOT_ENOUGH_MEMORY;
}

HRESULT support_create_for_store(struct session_core *core, const struct service *service, const MAPIUID *section,
                                 struct loose_section *loose, struct store_logon *logon, struct support **out)
{
    *out = make(core->profile, service, section);
    if (!*out) {
        return MAPI_E_NOT_ENOUGH_MEMORY;
    }
    (*out)->core = session_core_ref(core);
    (*out)->loose = loose_section_ref(loose);
    pthread_mutex_lock(&core->lock);
    (*out)->logon = logon;
    logon->support = *out;
    pthread_mutex_unlock(&core->lock);
    return S_OK;
}
