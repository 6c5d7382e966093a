/*
 * mapisub.h - what the embedded MAPI subsystem offers beyond the documented interfaces. Nothing here exists in
 * another implementation of MAPI: callers find IMapiSessionInfo by QueryInterface and must do without it where that
 * fails.
 */
#ifndef LUAMAPI_MAPISUB_H
#define LUAMAPI_MAPISUB_H

#include "actmgmt.h"
#include "iconvertersession.h"
#include "mapix.h"

MAPI_BEGIN_DECLS

/* What a session knows about itself; from IMAPISession by QueryInterface. Slots 3 to 7. ------------------------- */

typedef struct IMapiSessionInfo IMapiSessionInfo, *LPMAPISESSIONINFO;

/*
 * IsShared: others can join. WasJoined: this logon joined a session that was there. IsShutdownPending: a sharer has
 * asked all to log off. GetProfileName: free with MAPIFreeBuffer. GetPending: messages waiting in the Outbox,
 * objects with changes not saved, and other clients of a shared session; each pointer may be NULL.
 *
 * OpenSpoolerStore: OpenMsgStore for who is going to send what is in the store's outgoing queue: the provider's SpoolerLogon is
 * called, and GetOutgoingQueue, SetLockState and FinishedMsg of the store can be (imsprovider-spoolerlogon.md).
 */
#define IMAPISESSIONINFO_METHODS(IFACE)                                                                              \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(IsShared)(IFACE *This, BOOL *shared);                                                                \
    MAPI_METHOD(WasJoined)(IFACE *This, BOOL *joined);                                                               \
    MAPI_METHOD(IsShutdownPending)(IFACE *This, BOOL *pending);                                                      \
    MAPI_METHOD(GetProfileName)(IFACE *This, LPWSTR *name);                                                          \
    MAPI_METHOD(GetPending)(IFACE *This, ULONG *unsent, ULONG *unsaved, ULONG *clients);                             \
    MAPI_METHOD(OpenSpoolerStore)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulFlags, LPMDB *lppMDB);

MAPI_INTERFACE(IMapiSessionInfo, IMAPISESSIONINFO_METHODS);

/* What a loop wants of a contents table; from IMAPITable by QueryInterface. Slots 3 to 4. ------------------------ */

typedef struct IMapiTableSpan IMapiTableSpan;

/*
 * KeepToPresentRows: rows that are created from now on do not appear, so that whoever creates a row for each row it
 * reads comes to an end. It holds for as long as the table does.
 *
 * ExpectRows: how many rows are going to be read one by one from here on; what is read ahead is read for them.
 */
#define IMAPITABLESPAN_METHODS(IFACE)                                                                                \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(KeepToPresentRows)(IFACE *This);                                                                     \
    MAPI_METHOD(ExpectRows)(IFACE *This, ULONG count);

MAPI_INTERFACE(IMapiTableSpan, IMAPITABLESPAN_METHODS);

/* Many changes of a store as one; from IMsgStore or IMAPIFolder by QueryInterface. Slot 3. ------------------------- */

typedef struct IMapiStoreBatch IMapiStoreBatch, *LPMAPISTOREBATCH;

/* Whatever a batch does; a failure undoes all of it. */
typedef HRESULT (*MAPIBATCHWORK)(void *context);

/*
 * Together: calls `work` once. What it changes through the objects of this logon reaches the disk in one transaction when it
 * returns a success, and not at all when it fails, when a change in it has failed, or when the process dies: the result says
 * which. Others do not see it before; who wants to write meanwhile waits, so a batch should be short. Messages and
 * attachments saved in a batch that failed can only be released. `work` must not fork, nor end the logon or the session.
 * MAPI_E_NO_ACCESS: the store was opened for reading; MAPI_E_TIMEOUT: others kept writing; else what the
 * commit says.
 */
#define IMAPISTOREBATCH_METHODS(IFACE)                                                                               \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(Together)(IFACE *This, MAPIBATCHWORK work, void *context);

MAPI_INTERFACE(IMapiStoreBatch, IMAPISTOREBATCH_METHODS);

#define SUBSYSTEM_GUIDS(X)                                                                                           \
    X(IID_IMapiSessionInfo, 0x5E0A6C1B, 0x93D7, 0x4B62, 0x8F, 0x14, 0x2D, 0xB7, 0x60, 0xE9, 0x3A, 0x58)                \
    X(IID_IMapiStoreBatch, 0x2F6E0B93, 0xD15A, 0x47C8, 0xA4, 0x3B, 0x7E, 0x90, 0x5C, 0xD2, 0x18, 0xF6)                 \
    X(IID_IMapiTableSpan, 0x91D3B7F4, 0x2C68, 0x4A0D, 0x9E, 0x57, 0xC4, 0x1F, 0x83, 0x6B, 0xD0, 0x29)                  \
    X(IID_IOlkAccountManagerEmbedded, 0xA2C41F6E, 0x7D05, 0x4E19, 0xB3, 0x8A, 0x51, 0x0E, 0xC7, 0x94, 0x2B, 0x66)

SUBSYSTEM_GUIDS(MAPI_DECLARE_GUID)

/* Counting ---------------------------------------------------------------------------------------------------- */

/* Live native objects of a kind, and the kind's name ("session", ..., the last is "buffer"); NULL past the end. */
ULONG MapiObjectCount(ULONG kind);
const char *MapiObjectKindName(ULONG kind);

/* Why the last call of this thread failed --------------------------------------------------------------------- */

/*
 * The sentence recorded for the last failure of this thread, if that failure was `hr`; else NULL. Belongs to the
 * subsystem and is valid until the thread's next call.
 */
const char *MapiErrorDetail(HRESULT hr);
void MapiClearErrorDetail(void);
/* For modules outside the subsystem, such as the converter: records a copy of `sentence`. */
void MapiSetErrorDetail(HRESULT hr, const char *sentence);

/* Asking on the terminal -------------------------------------------------------------------------------------- */

#define MAPI_TERMINAL_NOBODY 0 /* there is nobody to ask */
#define MAPI_TERMINAL_YES 1
#define MAPI_TERMINAL_NO 2 /* or the end of input, or a signal */

/*
 * Asks `question` (one line, UTF-8, control characters are shown as '?') and waits for a line that starts with y or Y.
 * Only where standard input and standard error are the same terminal, it is in canonical mode, and this process's
 * group is its foreground group; in every other place, and on Windows, answers MAPI_TERMINAL_NOBODY at once.
 */
int MapiAskTerminal(const char *question);

/* Asking the user ---------------------------------------------------------------------------------------------- */

#define MAPI_DIALOG_LOGON 1  /* MAPILogonEx with MAPI_LOGON_UI and no profile: which one? */
#define MAPI_DIALOG_LOGOFF 2 /* Logoff with MAPI_LOGOFF_UI: something would be left behind. Log off all the same? */

/* What is asked. Later versions add fields at the end. */
struct mapi_dialog {
    ULONG size; /* of this structure */
    ULONG kind;
    ULONG_PTR window; /* ulUIParam and the flags of the call that asks */
    ULONG flags;
    /* MAPI_DIALOG_LOGOFF: UTF-8; as IMapiSessionInfo::GetPending counts; clients is 0 without MAPI_LOGOFF_SHARED. */
    const char *profile;
    ULONG unsent;
    ULONG unsaved;
    ULONG clients;
    /* MAPI_DIALOG_LOGON: the place for the profile's name, UTF-8, of name_size bytes; empty as it comes. */
    char *name;
    ULONG name_size;
};

/*
 * Answers TRUE to go on, FALSE to cancel: then the call answers MAPI_E_USER_CANCEL and nothing has changed. Called on the
 * calling thread without any lock held; the session takes calls meanwhile, but for Logoff, which answers MAPI_E_BUSY.
 */
typedef BOOL (*LPMAPIDIALOG)(void *context, struct mapi_dialog *dialog);

/*
 * Who is asked in this process from now on. NULL, as in the beginning: a logoff is asked for on the terminal
 * (MapiAskTerminal), and goes on where nobody is there; a logon that would have to ask fails. Nobody is asked when nothing
 * would be left behind. A call that is under way on another thread may still use the one before.
 */
void MapiSetDialog(LPMAPIDIALOG dialog, void *context);

/* Waiting ----------------------------------------------------------------------------------------------------- */

/* Seconds since some moment, by a clock that nobody sets. */
double MapiNow(void);
/* Waits for at most so many milliseconds; FALSE when a signal has ended that. */
BOOL MapiPause(ULONG milliseconds);

/* Notifications ------------------------------------------------------------------------------------------------- */

/*
 * Where the notifications for somebody's sinks wait until he dispatches them: a host, a Lua state. HrDispatchNotifications
 * and HrThisThreadAdviseSink do the same for the process and for threads.
 *
 * MapiNotifyPortWrap makes a sink that, given to any Advise, has `sink` called from MapiNotifyPortDispatch on this port
 *     and from nowhere else, on the thread that dispatches, with no lock held, one notification a call. Release both
 *     after Advise. The number that Advise returned is what Unadvise wants, as ever.
 * MapiNotifyPortDispatch: looks for what has happened in other processes, then calls the sinks: at most `max`
 *     notifications, 0: as many as wait now. *delivered (may be NULL) is how many. Within a sink it delivers nothing. A sink
 *     that answers CALLBACK_DISCONTINUE ends the dispatch; what it was called with counts, the rest goes on waiting.
 * MapiNotifyPortDescriptor: polls readable while something waits or may have happened elsewhere; the same one for the
 *     life of the port, to which it belongs. MAPI_E_NO_SUPPORT where the system has none, MAPI_E_NOT_ENOUGH_RESOURCES.
 * MapiNotifyPortWait: waits until the descriptor is readable, at most `milliseconds`, negative: without end. FALSE in
 *     *signalled (may be NULL) unless a signal ended the wait.
 * MapiNotifyPortWake: the descriptor polls readable, and waits end, from TRUE until FALSE: for what waits beside the
 *     notifications and is dispatched together with them.
 * MapiNotifyPortWatchAccounts: TRUE has the port woken whenever the accounts of a profile may have changed, in this
 *     process or another one; until FALSE. MAPI_E_NO_SUPPORT, MAPI_E_NOT_ENOUGH_RESOURCES: then one has to look.
 * MapiNotifyPortRelease: what waits is dropped, and so is what comes; the registrations stay until their Unadvise or
 *     the end of their session. NULL is allowed.
 *
 * Any thread may call them. MAPI need not be initialised. MAPI_E_INVALID_PARAMETER, MAPI_E_NOT_ENOUGH_MEMORY.
 */
typedef struct notify_port *LPMAPINOTIFYPORT;

HRESULT MapiNotifyPortCreate(LPMAPINOTIFYPORT *port);
void MapiNotifyPortRelease(LPMAPINOTIFYPORT port);
HRESULT MapiNotifyPortWrap(LPMAPINOTIFYPORT port, LPMAPIADVISESINK sink, LPMAPIADVISESINK *wrapped);
HRESULT MapiNotifyPortDispatch(LPMAPINOTIFYPORT port, ULONG max, ULONG *delivered);
HRESULT MapiNotifyPortDescriptor(LPMAPINOTIFYPORT port, int *descriptor);
void MapiNotifyPortWake(LPMAPINOTIFYPORT port, BOOL awake);
HRESULT MapiNotifyPortWatchAccounts(LPMAPINOTIFYPORT port, BOOL watch);
HRESULT MapiNotifyPortWait(LPMAPINOTIFYPORT port, LONG milliseconds, BOOL *signalled);

/*
 * For a store provider of ours: how it hears that another process has changed a store, and tells it. A bell is open while
 * somebody is registered with the store; what has happened is in the store itself.
 *
 * MapiBellOpen: `look` is called by each dispatch, without any lock held, between `ref` and `unref`; `ref` answers FALSE if
 *     the context is being freed. Fails where there is no directory to meet in, and says why.
 * MapiBellPath: where others ring; to be put where they find it.
 * MapiBellRing: rings, without waiting. FALSE: nobody is there any more, and what was left of him has been removed.
 */
struct mapi_bell;
struct mapi_bell_owner {
    void *context;
    void (*look)(void *context);
    BOOL (*ref)(void *context);
    void (*unref)(void *context);
};

HRESULT MapiBellOpen(const MAPIUID *store, const struct mapi_bell_owner *owner, struct mapi_bell **bell);
void MapiBellClose(struct mapi_bell *bell);
const char *MapiBellPath(const struct mapi_bell *bell);
BOOL MapiBellRing(const char *path);

/*
 * EXTENDED_NOTIFICATION::ulEvent when clients of a shared session have logged off: cb is 0 for one client, else
 * sizeof(ULONG), and pbEventParameters points to how many.
 */
#define MAPI_EVENT_SESSION_LOGOFF 1

/* Account helpers --------------------------------------------------------------------------------------------- */

/*
 * Logs on to `profile` when GetMapiSession first asks, and ends that session in HandsOffSession. Where the logon joins a
 * shared session of another profile, it is left again, and the answer is MAPI_E_LOGON_FAILED; unless
 * OLK_HELPER_ANY_PROFILE is among the flags.
 */
#define OLK_HELPER_ANY_PROFILE ((FLAGS)0x00000400)
HRESULT OlkCreateOwningHelper(LPCWSTR profile, FLAGS flags, ULONG_PTR ui, LPCWSTR password,
                              IOlkAccountHelper **helper);
/* What such a helper, and no other, has done with its session. */
#define OLK_HELPER_IDLE 0       /* never had one */
#define OLK_HELPER_HOLDING 1    /* has one */
#define OLK_HELPER_HANDED_OFF 2 /* had one, and HandsOffSession ended it */
ULONG OlkOwningHelperState(IOlkAccountHelper *helper);
/* Hands out a session that belongs to somebody else; HandsOffSession answers E_NOTIMPL. */
HRESULT OlkCreateBorrowingHelper(IMAPISession *session, IOlkAccountHelper **helper);

/* Account manager --------------------------------------------------------------------------------------------- */

/*
 * A new account manager: our counterpart of CoCreateInstance on CLSID_OlkAccountManager. Init makes it ready; it
 * wants MAPI to be initialised.
 */
HRESULT OlkCreateAccountManager(IOlkAccountManager **manager);

/*
 * Ours: the command whose first line of output is the password. It is stored with the account, which a password never
 * is.
 */
#define PROP_INET_PASSWORD_COMMAND PROP_TAG(PT_UNICODE, 0x01F0)
#define PROP_SMTP_PASSWORD_COMMAND PROP_TAG(PT_UNICODE, 0x02F0)

/* A property of accounts: its tag, its name ("acct_name"), and what may be done with it. */
#define OLK_PROP_SETTABLE 0x1  /* by IOlkAccount::SetProp */
#define OLK_PROP_CREATABLE 0x2 /* may be given when an account is created */
#define OLK_PROP_SECRET 0x4    /* kept in this process's memory only */

struct olk_property {
    DWORD tag;
    const char *name;
    DWORD access;
};

/*
 * The catalogue. Names are the documented ones, lower case and without PROP_ ("acct_name"), or as documented
 * ("PROP_ACCT_NAME"). OlkPropAt enumerates, by increasing id; FALSE past the end. OlkPropName: NULL for an unknown tag.
 */
BOOL OlkPropFromName(const char *name, DWORD *tag);
const char *OlkPropName(DWORD tag);
BOOL OlkPropAt(ULONG index, struct olk_property *out);

/*
 * IOlkAccount::GetProp for those who want UTF-8 and have a place for it: the number of a PT_LONG property in *number,
 * the text of a PT_UNICODE one in `text`, without a NUL, and its size in bytes in *size, which was the room before.
 * E_NOTIMPL for everything else (other types, passwords, text that does not fit, an account of somebody else's MAPI):
 * ask GetProp. Otherwise what GetProp answers.
 */
HRESULT OlkReadProp(IOlkAccount *account, DWORD tag, DWORD *number, char *text, ULONG *size);

/*
 * GetNext for those who want the account: S_FALSE and NULL at the end. OlkEnumAtEnd: whether it would be; FALSE where only
 * GetNext knows, with an enumerator of somebody else's MAPI.
 */
HRESULT OlkEnumNext(IOlkEnum *list, IOlkAccount **account);
BOOL OlkEnumAtEnd(IOlkEnum *list);

/*
 * Account types "pop3", "imap", "exchange", "http", "ldap"; categories "mail", "address_book", "store"; notifications
 * "changed", "created", "deleted", "order_changed", "predeleted". NULL for what there is not.
 */
const CLSID *OlkTypeFromName(const char *name);
const char *OlkTypeName(const CLSID *type);
const CLSID *OlkCategoryFromName(const char *name);
const char *OlkCategoryName(const CLSID *category);
const char *OlkNotifyName(DWORD notify);

/*
 * What the program around a manager can do for it. Either function may be NULL; both are called without any lock
 * held, on a thread that is in one of the manager's methods.
 */
struct olk_host {
    ULONG size;
    void *context;
    /* IOlkAccountManager::DisplayAccountList: S_OK; E_ACCT_UI_BUSY: nothing could be shown; anything else: the dialog
     * failed, or was cancelled. Absent, nothing can be shown. */
    HRESULT (*show_accounts)(void *context, HWND window, DWORD flags);
    /* A sentence (UTF-8) for the log: something went wrong that no caller can be told. */
    void (*warn)(void *context, const char *sentence);
};

/*
 * What the documented interface of a manager cannot do; from IOlkAccountManager by QueryInterface. Slots 3 to 9. All
 * but SetHost and SetManualDispatch answer E_OLK_NOT_INITIALIZED before Init.
 *
 * CreateAccount: makes an account. type: CLSID_OlkPOP3Account, ...; the values are checked and copied; PROP_ACCT_NAME
 *     is made up where it is missing. S_OK with the new id in *pdwAcctID (which may be NULL); E_INVALIDARG;
 *     E_OLK_PROP_READ_ONLY for what nobody can choose. Ids are never used again within a profile.
 * Dispatch: tells the clients registered with Advise what has been committed since, in this process or another, oldest
 *     first, with at most `max` calls of Notify (0: as many as it takes). *delivered (may be NULL) is the number of
 *     calls. From within a Notify it delivers nothing.
 * SetManualDispatch: TRUE: Notify is called from Dispatch only. FALSE, as in the beginning: also at the end of each of
 *     the manager's methods and of IOlkAccount::SaveChanges.
 * GetPending: the number of changes waiting for Dispatch; 0 where nobody is registered.
 * SetHost: copies *host; NULL: nobody.
 * HoldSecret: gives this process the value of PROP_INET_PASSWORD or PROP_SMTP_PASSWORD; NULL takes it away and
 *     wipes it. E_ACCT_NOT_FOUND, E_INVALIDARG.
 * FetchSecret: runs the account's password command and holds what it says. E_ACCT_NOT_FOUND: no such account, no
 *     command, or it failed. Waits for the command.
 *
 * Changes are kept in the profile, not in memory, the last OLK_CHANGES_KEPT of them. A manager that has fallen
 * behind by more gets one NOTIFY_ACCT_ORDER_CHANGED (which never names an account) in place of all it missed: read the
 * accounts again.
 */
#define OLK_CHANGES_KEPT 1024

typedef struct IOlkAccountManagerEmbedded IOlkAccountManagerEmbedded;

#define IOLKACCOUNTMANAGEREMBEDDED_METHODS(IFACE)                                                                    \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(CreateAccount)(IFACE *This, const CLSID *type, ULONG cProps, const DWORD *rgProps,                   \
                               const ACCT_VARIANT *rgValues, DWORD *pdwAcctID);                                      \
    MAPI_METHOD(Dispatch)(IFACE *This, ULONG max, ULONG *delivered);                                                 \
    MAPI_METHOD(SetManualDispatch)(IFACE *This, BOOL manual);                                                        \
    MAPI_METHOD(GetPending)(IFACE *This, ULONG *waiting);                                                            \
    MAPI_METHOD(SetHost)(IFACE *This, const struct olk_host *host);                                                  \
    MAPI_METHOD(HoldSecret)(IFACE *This, DWORD dwAcctID, DWORD dwProp, LPCWSTR secret);                              \
    MAPI_METHOD(FetchSecret)(IFACE *This, DWORD dwAcctID, DWORD dwProp);

MAPI_INTERFACE(IOlkAccountManagerEmbedded, IOLKACCOUNTMANAGEREMBEDDED_METHODS);

/* The MIME module --------------------------------------------------------------------------------------------- */

/*
 * The converter lives in a library of its own, which is loaded when first used. Its Lua entry point returns a light
 * userdata to a struct mime_module; whoever calls it passes the functions of the MAPI that the messages belong to.
 * The size and the version come first and are checked before anything else is read.
 */
#define MIME_MODULE_VERSION 2

struct mime_allocators {
    ULONG size;
    LPALLOCATEBUFFER allocate_buffer;
    LPALLOCATEMORE allocate_more;
    LPFREEBUFFER free_buffer;
    void (*set_error_detail)(HRESULT hr, const char *sentence); /* may be NULL */
};

struct mime_module {
    ULONG size;
    ULONG version;
    HRESULT (*create_converter)(const struct mime_allocators *allocators, IConverterSession **converter);
    /* Hands `put` the characters of a body that is in one of Windows' code pages (PR_INTERNET_CPID), in pieces that split
     * none; what is no character of it becomes U+FFFD. MAPI_E_NOT_FOUND: the code page is not known. Stops at the first
     * failure of `put` and answers it. */
    HRESULT (*decode)(ULONG codepage, const void *bytes, size_t size,
                      HRESULT (*put)(void *context, LPCWSTR wide, size_t units), void *context);
    /* Hands `put` the HTML in a body of compressed RTF, or else its text, as UTF-8; *is_html says which of them.
     * MAPI_E_CORRUPT_DATA, MAPI_E_TOO_BIG. */
    HRESULT (*read_rtf)(const void *bytes, size_t size, HRESULT (*put)(void *context, const char *utf8, size_t length),
                        void *context, BOOL *is_html);
};

MAPI_END_DECLS

#endif
