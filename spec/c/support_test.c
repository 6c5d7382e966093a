/* IMAPISupport, as a store provider and a message service see it: imapisupport-*.md,
   imapigetsession-getmapisession.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <mapiutil.h>

#include "support/fake_store.h"
#include "support/mapi.h"
#include "support/recording_sink.h"

static IMAPISession *session;
static LPMDB store;
static IMAPISupport *support; /* the store's, with a reference of ours */

static void keep_support(IMAPISupport *given, void *context)
{
    (void)context;
    if (!support) {
        support = given;
        given->lpVtbl->AddRef(given);
    }
}

static int setup(void **state)
{
    int result = mapi_setup(state);
    ULONG size = 0;
    LPENTRYID id = NULL;
    if (result != 0)
        return result;
    create_profile_with("a", FAKE_SERVICE);
    session = log_on("a");
    first_store(session, &size, &id);
    support = NULL;
    fake_plan.during_logon = keep_support;
    HRESULT hr = session->lpVtbl->OpenMsgStore(session, 0, size, id, NULL, 0, &store);
    MAPIFreeBuffer(id);
    return hr == S_OK && support ? 0 : -1;
}

static int teardown(void **state)
{
    if (store)
        release(store);
    if (support)
        release(support);
    if (session)
        log_off(session);
    store = NULL;
    return mapi_teardown(state);
}

static void interfaces(void **state)
{
    (void)state;
    void *found = NULL, *unknown = NULL;
    assert_int_equal(support->lpVtbl->QueryInterface(support, &IID_IMAPISup, &found), S_OK);
    assert_ptr_equal(found, support);
    release(found);
    assert_int_equal(support->lpVtbl->QueryInterface(support, &IID_IMAPIGetSession, &found), S_OK);
    IMAPIGetSession *get = found;
    assert_int_equal(get->lpVtbl->QueryInterface(get, &IID_IUnknown, &unknown), S_OK);
    assert_ptr_equal(unknown, support);
    release(unknown);
    release(get);
    assert_int_equal(support->lpVtbl->QueryInterface(support, &IID_IMAPISession, &found), E_NOINTERFACE);
    assert_null(found);
}

static void IMAPIGetSession_gives_the_session_while_it_lasts(void **state)
{
    (void)state;
    void *found = NULL;
    LPUNKNOWN owner = NULL;
    assert_int_equal(support->lpVtbl->QueryInterface(support, &IID_IMAPIGetSession, &found), S_OK);
    IMAPIGetSession *get = found;
    assert_int_equal(get->lpVtbl->GetMAPISession(get, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(get->lpVtbl->GetMAPISession(get, &owner), S_OK);
    assert_ptr_equal(owner, session);
    release(owner);
    release(store);
    store = NULL;
    log_off(session);
    session = NULL;
    assert_int_equal(get->lpVtbl->GetMAPISession(get, &owner), MAPI_E_END_OF_SESSION);
    assert_null(owner);
    release(get);
}

static void memory(void **state)
{
    (void)state;
    LPALLOCATEBUFFER allocate = NULL;
    LPALLOCATEMORE more = NULL;
    LPFREEBUFFER free_buffer = NULL;
    assert_int_equal(support->lpVtbl->GetMemAllocRoutines(support, &allocate, &more, &free_buffer), S_OK);
    assert_ptr_equal(allocate, MAPIAllocateBuffer);
    assert_ptr_equal(more, MAPIAllocateMore);
    assert_ptr_equal(free_buffer, MAPIFreeBuffer);
    assert_int_equal(support->lpVtbl->GetMemAllocRoutines(support, NULL, &more, &free_buffer),
                     MAPI_E_INVALID_PARAMETER);
}

static void GetLastError(void **state)
{
    (void)state;
    LPMAPIERROR error = NULL;
    assert_int_equal(support->lpVtbl->GetLastError(support, MAPI_E_INVALID_PARAMETER, 0, &error), S_OK);
    assert_null(error);
    assert_int_equal(support->lpVtbl->NewUID(support, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->GetLastError(support, MAPI_E_INVALID_PARAMETER, 0, &error), S_OK);
    assert_non_null(strstr(error->lpszError, "NewUID"));
    MAPIFreeBuffer(error);
}

static void NewUID_is_new(void **state)
{
    (void)state;
    MAPIUID a, b;
    assert_int_equal(support->lpVtbl->NewUID(support, &a), S_OK);
    assert_int_equal(support->lpVtbl->NewUID(support, &b), S_OK);
    assert_memory_not_equal(&a, &b, sizeof a);
    assert_int_equal(a.ab[7] >> 4, 4); /* a random one, and says so */
    assert_int_equal(a.ab[8] >> 6, 2);
}

static void OpenProfileSection(void **state)
{
    (void)state;
    LPPROFSECT own = NULL, other = NULL;
    LPSPropValue value = NULL;
    MAPIUID uid = {{1, 2}}, global = muidGlobalProfileSection;
    assert_int_equal(support->lpVtbl->OpenProfileSection(support, NULL, MAPI_MODIFY, &own), S_OK);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)own, PR_PROVIDER_UID, &value), S_OK);
    memcpy(&uid, value->Value.bin.lpb, sizeof uid);
    MAPIFreeBuffer(value);
    /* What its client has open does not keep a provider from its section, nor the other way round. */
    IMsgServiceAdmin2 *services = service_admin("a");
    assert_int_equal(
        services->lpVtbl->OpenProfileSection(services, &uid, NULL, MAPI_FORCE_ACCESS | MAPI_MODIFY, &other), S_OK);
    release(own);
    assert_int_equal(support->lpVtbl->OpenProfileSection(support, &uid, MAPI_MODIFY, &own), S_OK);
    release(own);
    release(other);
    release(services);
    memset(&uid, 7, sizeof uid);
    assert_int_equal(support->lpVtbl->OpenProfileSection(support, &uid, 0, &own), MAPI_E_NOT_FOUND);
    assert_null(own);
    assert_int_equal(support->lpVtbl->OpenProfileSection(support, &uid, MAPI_FORCE_ACCESS, &own), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(support->lpVtbl->OpenProfileSection(support, &uid, MAPI_MODIFY, &own), S_OK);
    release(own);
    assert_int_equal(support->lpVtbl->OpenProfileSection(support, &global, 0, &own), S_OK);
    /* It ends with the session. */
    release(store);
    store = NULL;
    log_off(session);
    session = NULL;
    assert_int_equal(HrGetOneProp((LPMAPIPROP)own, PR_PROFILE_NAME_A, &value), MAPI_E_INVALID_OBJECT);
    release(own);
}

static void SetProviderUID(void **state)
{
    (void)state;
    MAPIUID uid = {{0x55}};
    unsigned char id[24];
    LPUNKNOWN object = NULL;
    ULONG type = 0;
    fake_object_entryid(&uid, id);
    assert_int_equal(session->lpVtbl->OpenEntry(session, 24, (LPENTRYID)(void *)id, NULL, 0, &type, &object),
                     MAPI_E_UNKNOWN_ENTRYID);
    assert_int_equal(support->lpVtbl->SetProviderUID(support, &uid, 1), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(support->lpVtbl->SetProviderUID(support, NULL, 0), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->SetProviderUID(support, &uid, 0), S_OK);
    assert_int_equal(support->lpVtbl->SetProviderUID(support, &uid, 0), S_OK); /* duplicates too */
    assert_int_equal(session->lpVtbl->OpenEntry(session, 24, (LPENTRYID)(void *)id, NULL, 0, &type, &object), S_OK);
    release(object);
    /* And through the support object. */
    ULONG same = FALSE;
    assert_int_equal(support->lpVtbl->OpenEntry(support, 24, (LPENTRYID)(void *)id, NULL, 0, &type, &object), S_OK);
    release(object);
    assert_int_equal(support->lpVtbl->OpenEntry(support, 24, (LPENTRYID)(void *)id, NULL, 0x200, &type, &object),
                     MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(
        support->lpVtbl->CompareEntryIDs(support, 24, (LPENTRYID)(void *)id, 24, (LPENTRYID)(void *)id, 0, &same),
        S_OK);
    assert_true(same);
    id[5] = 1;
    assert_int_equal(
        support->lpVtbl->CompareEntryIDs(support, 24, (LPENTRYID)(void *)id, 24, (LPENTRYID)(void *)id, 0, &same),
        MAPI_E_UNKNOWN_ENTRYID);
    assert_int_equal(support->lpVtbl->OpenEntry(support, 24, (LPENTRYID)(void *)id, NULL, 0, &type, &object),
                     MAPI_E_UNKNOWN_ENTRYID);
    assert_null(object);
}

static void WrapStoreEntryID(void **state)
{
    (void)state;
    BYTE own[7] = {0, 0, 0, 0, 'x', 'y', 'z'};
    ULONG size = 0;
    LPENTRYID wrapped = NULL;
    assert_int_equal(support->lpVtbl->WrapStoreEntryID(support, sizeof own, (LPENTRYID)(void *)own, &size, &wrapped),
                     S_OK);
    const BYTE *bytes = (const BYTE *)wrapped;
    assert_int_equal(size,
                     4 + 16 + 2 + 5 + 1 + 7); /* flags, uid, version and flags, "fake", padding, the provider's own */
    assert_memory_equal(bytes, "\0\0\0\0", 4);
    assert_memory_equal(bytes + 4, &muidStoreWrap, 16);
    assert_string_equal((const char *)bytes + 22, "fake");
    assert_memory_equal(bytes + 28, own, sizeof own);
    MAPIFreeBuffer(wrapped);
    assert_int_equal(support->lpVtbl->WrapStoreEntryID(support, 0, NULL, &size, &wrapped), MAPI_E_INVALID_PARAMETER);
}

static void ModifyStatusRow_is_kept(void **state)
{
    (void)state;
    SPropValue row[2] = {{.ulPropTag = PR_IDENTITY_ENTRYID}, {.ulPropTag = PR_RESOURCE_FLAGS}};
    ULONG size = 0;
    LPENTRYID id = NULL;
    row[0].Value.bin = (SBinary){4, (LPBYTE)(uintptr_t) "me!!"};
    row[1].Value.ul = STATUS_PRIMARY_IDENTITY;
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, row, 0), S_OK);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, &row[1], STATUSROW_UPDATE), S_OK);
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size, &id), S_OK);
    assert_memory_equal(id, "me!!", 4);
    MAPIFreeBuffer(id);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, &row[1], 0), S_OK); /* a new row */
    assert_int_equal(session->lpVtbl->QueryIdentity(session, &size, &id), MAPI_W_NO_SERVICE);
    MAPIFreeBuffer(id);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, row, 1), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(support->lpVtbl->ModifyStatusRow(support, 1, NULL, 0), MAPI_E_INVALID_PARAMETER);
}

static void StoreLogoffTransports(void **state)
{
    (void)state;
    ULONG flags = LOGOFF_ORDERLY;
    assert_int_equal(support->lpVtbl->StoreLogoffTransports(support, &flags), S_OK);
    assert_int_equal(flags, LOGOFF_COMPLETE);
    flags = 0x1000;
    assert_int_equal(support->lpVtbl->StoreLogoffTransports(support, &flags), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(support->lpVtbl->StoreLogoffTransports(support, NULL), MAPI_E_INVALID_PARAMETER);
}

static void ModifyProfile(void **state)
{
    (void)state;
    assert_int_equal(support->lpVtbl->ModifyProfile(support, 0), S_OK); /* it is in the profile */
    assert_int_equal(support->lpVtbl->ModifyProfile(support, MDB_TEMPORARY), S_OK);
    assert_int_equal(support->lpVtbl->ModifyProfile(support, 1), MAPI_E_UNKNOWN_FLAGS);
}

static void notifications_need_all_their_arguments(void **state)
{
    (void)state;
    ULONG_PTR connection = 1;
    ULONG flags = 0;
    NOTIFKEY key = {1, {7}}, empty = {0};
    static struct record heard; /* until the sinks are released */
    IMAPIAdviseSink *sink = make_sink(&heard), *wrapped = NULL;
    NOTIFICATION mail = {.ulEventType = fnevNewMail}, nothing = {0};
    const IMAPISupportVtbl *v = support->lpVtbl;
    assert_int_equal(v->Subscribe(support, &key, fnevNewMail, 0, NULL, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(connection, 0);
    assert_int_equal(v->Subscribe(support, NULL, fnevNewMail, 0, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(v->Subscribe(support, &empty, fnevNewMail, 0, sink, &connection), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(v->Subscribe(support, &key, fnevNewMail, 0, sink, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(v->Subscribe(support, &key, fnevNewMail, 1, sink, &connection), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(v->Subscribe(support, &key, fnevStatusObjectModified, 0, sink, &connection),
                     MAPI_E_INVALID_PARAMETER);
    /* A wrapper for one thread is for asynchronous notification only (supporting-event-notification.md). */
    assert_int_equal(HrThisThreadAdviseSink(sink, &wrapped), S_OK);
    assert_int_equal(v->Subscribe(support, &key, fnevNewMail, NOTIFY_SYNC, wrapped, &connection),
                     MAPI_E_INVALID_PARAMETER);
    release(wrapped);
    assert_int_equal(v->Unsubscribe(support, 1), MAPI_E_NOT_FOUND);
    assert_int_equal(v->Notify(support, &key, 1, &mail, &flags), S_OK); /* nobody has subscribed */
    assert_int_equal(v->Notify(support, &key, 1, &mail, NULL), S_OK);
    assert_int_equal(v->Notify(support, NULL, 1, &mail, &flags), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(v->Notify(support, &key, 0, &mail, &flags), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(v->Notify(support, &key, 1, NULL, &flags), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(v->Notify(support, &key, 1, &nothing, &flags), MAPI_E_INVALID_PARAMETER);
    flags = 1;
    assert_int_equal(v->Notify(support, &key, 1, &mail, &flags), MAPI_E_UNKNOWN_FLAGS);
    release(sink);
}

static void N1_subscribers_are_told_when_somebody_dispatches(void **state)
{
    (void)state;
    static struct record here, there, other; /* until the sinks are released */
    IMAPIAdviseSink *sinks[] = {make_sink(&here), make_sink(&there), make_sink(&other)};
    NOTIFKEY key = {1, {7}}, another = {1, {8}};
    NOTIFICATION mail = {.ulEventType = fnevNewMail};
    ULONG_PTR connections[3];
    ULONG flags = MAPI_UNICODE;
    mail.info.newmail.lpszMessageClass = (LPTSTR)(uintptr_t)u"IPM.Note";
    const IMAPISupportVtbl *v = support->lpVtbl;
    assert_int_equal(v->Subscribe(support, &key, fnevNewMail, 0, sinks[0], &connections[0]), S_OK);
    assert_int_equal(v->Subscribe(support, &key, fnevObjectCreated, 0, sinks[1], &connections[1]), S_OK);
    assert_int_equal(v->Subscribe(support, &another, fnevNewMail, 0, sinks[2], &connections[2]), S_OK);
    for (int i = 0; i < 3; i++)
        assert_int_equal(sinks[i]->lpVtbl->Release(sinks[i]), 1);
    assert_int_equal(v->Notify(support, &key, 1, &mail, &flags), S_OK);
    assert_int_equal(flags, 0);
    assert_int_equal(here.calls, 0);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_int_equal(here.calls, 1);
    assert_int_equal(here.events[0], fnevNewMail);
    assert_int_equal(there.calls + other.calls, 0);
    /* What was queued before Unsubscribe is dropped (N3), and its number is nobody's any more. */
    assert_int_equal(v->Notify(support, &key, 1, &mail, NULL), S_OK);
    assert_int_equal(v->Unsubscribe(support, connections[0]), S_OK);
    assert_int_equal(here.freed, 1);
    assert_int_equal(v->Unsubscribe(support, connections[0]), MAPI_E_NOT_FOUND);
    assert_int_equal(HrDispatchNotifications(0), S_OK);
    assert_int_equal(here.calls, 1);
    assert_int_equal(v->Unsubscribe(support, connections[1]), S_OK);
    /* A client cannot cancel what a provider has subscribed; the session's end does. */
    assert_int_equal(session->lpVtbl->Unadvise(session, connections[2]), MAPI_E_NOT_FOUND);
}

static void synchronous_subscribers_are_told_at_once(void **state)
{
    (void)state;
    static struct record first, second; /* until the sinks are released */
    IMAPIAdviseSink *sinks[] = {make_sink(&first), make_sink(&second)};
    NOTIFKEY key = {1, {7}};
    NOTIFICATION two[2] = {{.ulEventType = fnevNewMail}, {.ulEventType = fnevObjectDeleted}};
    ULONG_PTR connections[2];
    ULONG flags = 0;
    const ULONG mask = fnevNewMail | fnevObjectDeleted;
    const IMAPISupportVtbl *v = support->lpVtbl;
    for (int i = 0; i < 2; i++)
        assert_int_equal(v->Subscribe(support, &key, mask, NOTIFY_SYNC, sinks[i], &connections[i]), S_OK);
    assert_int_equal(v->Notify(support, &key, 2, two, &flags), S_OK);
    assert_int_equal(flags, 0);
    assert_int_equal(first.calls, 2);
    assert_int_equal(second.calls, 2);
    first.answer = second.answer = CALLBACK_DISCONTINUE;
    assert_int_equal(v->Notify(support, &key, 2, two, &flags), S_OK);
    assert_int_equal(flags, NOTIFY_CANCELED);
    assert_int_equal(first.calls + second.calls, 5); /* whoever was asked first has ended it */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(v->Unsubscribe(support, connections[i]), S_OK);
        release(sinks[i]);
    }
}

static void CreateOneOff(void **state)
{
    (void)state;
    ULONG size = 0;
    LPENTRYID id = NULL;
    assert_int_equal(support->lpVtbl->CreateOneOff(support, (LPTSTR) "Desk", (LPTSTR) "SMTP",
                                                   (LPTSTR) "desk@example.org", MAPI_SEND_NO_RICH_INFO, &size, &id),
                     S_OK);
    const BYTE *bytes = (const BYTE *)id;
    assert_memory_equal(bytes + 4, &muidOneOff, 16);
    assert_int_equal(bytes[22] | bytes[23] << 8, MAPI_ONE_OFF_UNICODE | MAPI_ONE_OFF_NO_RICH_INFO);
    assert_memory_equal(bytes + 24, u"Desk\0SMTP\0desk@example.org", sizeof u"Desk\0SMTP\0desk@example.org");
    assert_int_equal(size, 24 + sizeof u"Desk\0SMTP\0desk@example.org");
    MAPIFreeBuffer(id);
    assert_int_equal(support->lpVtbl->CreateOneOff(support, NULL, NULL, (LPTSTR) "a", 0, &size, &id),
                     MAPI_E_INVALID_PARAMETER);
    assert_null(id);
    assert_int_equal(support->lpVtbl->CreateOneOff(support, NULL, (LPTSTR) "SMTP", (LPTSTR) "\xFF", 0, &size, &id),
                     MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->CreateOneOff(support, NULL, (LPTSTR) "SMTP", (LPTSTR) "a", 1, &size, &id),
                     MAPI_E_UNKNOWN_FLAGS);
}

/* An object of a provider that is to be invalid from now on. */
struct victim {
    const void *const *vtbl;
    char more[24];
};

static void MakeInvalid(void **state)
{
    (void)state;
    struct victim *victim = NULL;
    void *found = NULL;
    LPMAPITABLE table = NULL;
    assert_int_equal(MAPIAllocateBuffer(sizeof *victim, (LPVOID *)&victim), S_OK);
    memset(victim, 0, sizeof *victim);
    assert_int_equal(support->lpVtbl->MakeInvalid(support, 1, victim, 2, 22), MAPI_E_UNKNOWN_FLAGS);
    assert_int_equal(support->lpVtbl->MakeInvalid(support, 0, NULL, 2, 22), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->MakeInvalid(support, 0, victim, 0, 22), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->MakeInvalid(support, 0, victim, 2, 2), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->MakeInvalid(support, 0, victim, 2, 22), S_OK);
    IMAPIProp *dead = (IMAPIProp *)(void *)victim;
    assert_int_equal(dead->lpVtbl->AddRef(dead), 3);
    assert_int_equal(dead->lpVtbl->Release(dead), 2);
    assert_int_equal(dead->lpVtbl->QueryInterface(dead, &IID_IUnknown, &found), S_OK);
    assert_ptr_equal(found, dead);
    release(found);
    assert_int_equal(dead->lpVtbl->QueryInterface(dead, &IID_IMAPIProp, &found), E_NOINTERFACE);
    assert_null(found);
    assert_int_equal(dead->lpVtbl->SaveChanges(dead, 0), MAPI_E_INVALID_OBJECT);
    IMsgStore *as_store = (IMsgStore *)(void *)victim;
    assert_int_equal(as_store->lpVtbl->GetReceiveFolderTable(as_store, 0, &table), MAPI_E_INVALID_OBJECT);
    assert_int_equal(dead->lpVtbl->Release(dead), 1);
    assert_int_equal(live("buffer"), 1);
    assert_int_equal(dead->lpVtbl->Release(dead), 0);
    assert_int_equal(live("buffer"), 0);
}

static void copying(void **state)
{
    (void)state;
    MAPIUID from_uid = {{1}}, to_uid = {{2}};
    LPPROFSECT from = NULL, to = NULL;
    LPSPropValue value = NULL;
    SPropValue comment = {.ulPropTag = PR_COMMENT_A};
    static const SizedSPropTagArray(1, tags) = {1, {PR_COMMENT_A}};
    comment.Value.lpszA = (LPSTR) "copied";
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, &from_uid, NULL, MAPI_MODIFY, &from), S_OK);
    assert_int_equal(session->lpVtbl->OpenProfileSection(session, &to_uid, NULL, MAPI_MODIFY, &to), S_OK);
    assert_int_equal(from->lpVtbl->SetProps(from, 1, &comment, NULL), S_OK);
    assert_int_equal(
        support->lpVtbl->DoCopyTo(support, &IID_IProfSect, from, 0, NULL, NULL, 0, NULL, &IID_IProfSect, to, 0, NULL),
        S_OK);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)to, PR_COMMENT_A, &value), S_OK);
    MAPIFreeBuffer(value);
    assert_int_equal(to->lpVtbl->DeleteProps(to, (LPSPropTagArray)(uintptr_t)&tags, NULL), S_OK);
    assert_int_equal(support->lpVtbl->DoCopyProps(support, &IID_IProfSect, from, (LPSPropTagArray)(uintptr_t)&tags, 0,
                                                  NULL, &IID_IProfSect, to, 0, NULL),
                     S_OK);
    assert_int_equal(HrGetOneProp((LPMAPIPROP)to, PR_COMMENT_A, &value), S_OK);
    MAPIFreeBuffer(value);
    assert_int_equal(
        support->lpVtbl->DoCopyTo(support, NULL, from, 0, NULL, NULL, 0, NULL, &IID_IProfSect, to, 0, NULL),
        MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->CopyMessages(support, NULL, NULL, NULL, NULL, NULL, 0, NULL, 0),
                     MAPI_E_INVALID_PARAMETER);
    release(from);
    release(to);
}

static void no_cycle_keeps_the_session(void **state)
{
    (void)state;
    release(session); /* abandoned, with the store open and its support object held */
    session = NULL;
    assert_int_equal(live("session"), 0);
    assert_int_equal(live("provider"), 0);
    assert_int_equal(live("support"), 1);
}

static void what_is_not_supported(void **state)
{
    (void)state;
    LPMAPITABLE table = (LPMAPITABLE)(uintptr_t)1;
    LPADRBOOK book = (LPADRBOOK)(uintptr_t)1;
    LPMESSAGE message = (LPMESSAGE)(uintptr_t)1;
    assert_int_equal(support->lpVtbl->GetOneOffTable(support, 0, &table), MAPI_E_NO_SUPPORT);
    assert_null(table);
    assert_int_equal(support->lpVtbl->OpenAddressBook(support, NULL, 0, &book), MAPI_E_NO_SUPPORT);
    assert_null(book);
    assert_int_equal(support->lpVtbl->ReadReceipt(support, 0, NULL, &message), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->UpdatePAB(support, 0, NULL), MAPI_E_NO_SUPPORT);
    assert_int_equal(support->lpVtbl->DoSentMail(support, 0, NULL), MAPI_E_INVALID_PARAMETER);
    assert_int_equal(support->lpVtbl->SpoolerYield(support, 0), S_OK);
    assert_int_equal(support->lpVtbl->SpoolerNotify(support, 0, NULL), S_OK);
}

/* A message service's support object has no session behind it. */
static HRESULT in_entry[3];

static void try_in_entry(IMAPISupport *given, IProviderAdmin *admin, ULONG context_of_call, void *context)
{
    void *found = NULL;
    LPUNKNOWN owner = NULL;
    ULONG same;
    BYTE id[24] = {0};
    (void)admin;
    (void)context;
    if (context_of_call != MSG_SERVICE_CONFIGURE)
        return;
    in_entry[0] = given->lpVtbl->QueryInterface(given, &IID_IMAPIGetSession, &found);
    in_entry[1] = ((IMAPIGetSession *)found)->lpVtbl->GetMAPISession(found, &owner);
    release(found);
    in_entry[2] = given->lpVtbl->CompareEntryIDs(given, 24, (LPENTRYID)(void *)id, 24, (LPENTRYID)(void *)id, 0, &same);
}

static void a_services_support_object(void **state)
{
    (void)state;
    static const ULONG columns[] = {PR_SERVICE_UID};
    IMsgServiceAdmin2 *services = service_admin("a");
    LPMAPITABLE table = NULL;
    MAPIUID uid;
    assert_int_equal(services->lpVtbl->GetMsgServiceTable(services, 0, &table), S_OK);
    LPSRowSet rows = all_rows(table, 1, columns);
    memcpy(&uid, rows->aRow[0].lpProps[0].Value.bin.lpb, sizeof uid);
    FreeProws(rows);
    fake_plan.during_entry = try_in_entry;
    assert_int_equal(services->lpVtbl->ConfigureMsgService(services, &uid, 0, 0, 0, NULL), S_OK);
    assert_int_equal(in_entry[0], S_OK);
    assert_int_equal(in_entry[1], MAPI_E_END_OF_SESSION);
    assert_int_equal(in_entry[2], MAPI_E_UNKNOWN_ENTRYID);
    release(services);
    LPMAPISUP other = NULL;
    assert_int_equal(support->lpVtbl->GetSvcConfigSupportObj(support, 0, &other), S_OK);
    release(other);
}

#define IN_STORE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(interfaces),
        IN_STORE(IMAPIGetSession_gives_the_session_while_it_lasts),
        IN_STORE(memory),
        IN_STORE(GetLastError),
        IN_STORE(NewUID_is_new),
        IN_STORE(OpenProfileSection),
        IN_STORE(SetProviderUID),
        IN_STORE(WrapStoreEntryID),
        IN_STORE(ModifyStatusRow_is_kept),
        IN_STORE(StoreLogoffTransports),
        IN_STORE(ModifyProfile),
        IN_STORE(notifications_need_all_their_arguments),
        IN_STORE(N1_subscribers_are_told_when_somebody_dispatches),
        IN_STORE(synchronous_subscribers_are_told_at_once),
        IN_STORE(CreateOneOff),
        IN_STORE(MakeInvalid),
        IN_STORE(copying),
        IN_STORE(no_cycle_keeps_the_session),
        IN_STORE(what_is_not_supported),
        IN_STORE(a_services_support_object),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
