/*
 * actmgmt.h - the Account Management API: interfaces, properties, constants and status codes.
 *
 * The public header of the same name differs from the documentation in places (the value of E_OLK_REGISTRY, the
 * identifier of IOlkEnum, the parameters of SetOrder and Unadvise, the tags of the passwords); this one follows
 * the documentation [constants-account-management-api.md and the methods' pages].
 *
 * Placeholders are slots without a documented meaning or signature; implementations answer E_NOTIMPL.
 */
#ifndef LUAMAPI_ACTMGMT_H
#define LUAMAPI_ACTMGMT_H

#include "mapicode.h"
#include "mapidefs.h"

MAPI_BEGIN_DECLS

#define E_OLK_REGISTRY ((HRESULT)0x800C8001u)
#define E_OLK_ALREADY_INITIALIZED ((HRESULT)0x800C8002u)
#define E_OLK_PARAM_NOT_SUPPORTED ((HRESULT)0x800C8003u)
#define E_OLK_NOT_INITIALIZED ((HRESULT)0x800C8005u)
#define E_OLK_PROP_READ_ONLY ((HRESULT)0x800C800Du)
#define E_ACCT_NOT_FOUND ((HRESULT)0x800C8101u)
#define E_ACCT_UI_BUSY ((HRESULT)0x800C8102u)
#define E_ACCT_WRONG_SORT_ORDER ((HRESULT)0x800C8105u)

/* IOlkAccountManager::Init; OLK_ACCOUNT_NO_FLAGS is the only value the other methods take. */
#define OLK_ACCOUNT_NO_FLAGS 0
#define ACCT_INIT_NOSYNCH_MAPI_ACCTS 0x00000001
#define ACCT_INIT_NO_STORES_CHECK 0x00000002
#define ACCT_INIT_NO_NOTIFICATIONS 0x00000004

/* IOlkAccountManager::DisplayAccountList. */
#define ACCTUI_NO_WARNING 0x0100
#define ACCTUI_SHOW_DATA_TAB 0x0200
#define ACCTUI_SHOW_ACCTWIZARD 0x0400

/* IOlkAccountNotify::Notify. */
#define NOTIFY_ACCT_CHANGED 1
#define NOTIFY_ACCT_CREATED 2
#define NOTIFY_ACCT_DELETED 3
#define NOTIFY_ACCT_ORDER_CHANGED 4
#define NOTIFY_ACCT_PREDELETED 5

/* Values: PROP_MAPI_TRANSPORT_FLAGS, PROP_SMTP_SECURE_CONNECTION, PROP_SMTP_AUTH_METHOD, PROP_POP_LEAVE_ON_SERVER. */
#define MAPIACCT_SEND_ONLY 0x00000001

#define ENCRYPT_CONN_NO_SECURITY 0
#define ENCRYPT_CONN_SSL 1
#define ENCRYPT_CONN_TLS 2
#define ENCRYPT_CONN_AUTO 3

#define SMTP_AUTH_SAME_AS_POP 0
#define SMTP_AUTH_USER_PASS 1
#define SMTP_AUTH_RECEIVE_BEFORE_SEND 2

#define LEAVE_ON_SERVER 0x1
#define REMOVE_AFTER 0x2
#define REMOVE_ON_NUKE 0x4
#define GET_REMOVE_AFTER_DAYS(ul) ((ul) >> 16)
#define SET_REMOVE_AFTER_DAYS(days) ((days) << 16)

/* Or'ed into the type of a property that is kept encrypted. */
#define SECURE_FLAG 0x8000

/* Properties of all accounts, of Internet accounts, SMTP, POP and MAPI ones. */
#define PROP_ACCT_ID PROP_TAG(PT_LONG, 0x0001)
#define PROP_ACCT_NAME PROP_TAG(PT_UNICODE, 0x0002)
#define PROP_ACCT_MINI_UID PROP_TAG(PT_LONG, 0x0003)
#define PROP_ACCT_USER_DISPLAY_NAME PROP_TAG(PT_UNICODE, 0x000B)
#define PROP_ACCT_USER_EMAIL_ADDR PROP_TAG(PT_UNICODE, 0x000C)
#define PROP_ACCT_STAMP PROP_TAG(PT_UNICODE, 0x000D)
#define PROP_ACCT_SEND_STAMP PROP_TAG(PT_UNICODE, 0x000E)
#define PROP_ACCT_IS_EXCH PROP_TAG(PT_LONG, 0x0014)
#define PROP_ACCT_DELIVERY_STORE PROP_TAG(PT_BINARY, 0x0018)
#define PROP_ACCT_DELIVERY_FOLDER PROP_TAG(PT_BINARY, 0x0019)
#define PROP_ACCT_SENTITEMS_EID PROP_TAG(PT_BINARY, 0x0020)
#define PROP_ACCT_PREFERENCES_UID PROP_TAG(PT_BINARY, 0x0022)

#define PROP_INET_SERVER PROP_TAG(PT_UNICODE, 0x0100)
#define PROP_INET_USER PROP_TAG(PT_UNICODE, 0x0101)
#define PROP_INET_PASSWORD PROP_TAG(PT_UNICODE | SECURE_FLAG, 0x0102)
#define PROP_INET_PORT PROP_TAG(PT_LONG, 0x0104)
#define PROP_INET_SSL PROP_TAG(PT_LONG, 0x0105)
#define PROP_INET_USE_SPA PROP_TAG(PT_LONG, 0x0108)

#define PROP_SMTP_SERVER PROP_TAG(PT_UNICODE, 0x0200)
#define PROP_SMTP_PORT PROP_TAG(PT_LONG, 0x0201)
#define PROP_SMTP_SSL PROP_TAG(PT_LONG, 0x0202)
#define PROP_SMTP_USE_AUTH PROP_TAG(PT_LONG, 0x0203)
#define PROP_SMTP_USER PROP_TAG(PT_UNICODE, 0x0204)
#define PROP_SMTP_PASSWORD PROP_TAG(PT_UNICODE | SECURE_FLAG, 0x0205)
#define PROP_SMTP_USE_SPA PROP_TAG(PT_LONG, 0x0207)
#define PROP_SMTP_AUTH_METHOD PROP_TAG(PT_LONG, 0x0208)
#define PROP_SMTP_SECURE_CONNECTION PROP_TAG(PT_LONG, 0x020A)

#define PROP_POP_LEAVE_ON_SERVER PROP_TAG(PT_LONG, 0x1000)

#define PROP_MAPI_IDENTITY_ENTRYID PROP_TAG(PT_BINARY, 0x2002)
#define PROP_MAPI_EMSMDB_UID PROP_TAG(PT_BINARY, 0x2009)
#define PROP_MAPI_TRANSPORT_FLAGS PROP_TAG(PT_BINARY, 0x2010)

typedef struct ACCT_BIN {
    DWORD cb;
    BYTE *pb;
} ACCT_BIN;

typedef struct ACCT_VARIANT {
    DWORD dwType; /* PT_LONG, PT_UNICODE or PT_BINARY */
    union {
        DWORD dw;
        WCHAR *pwsz;
        ACCT_BIN bin;
    } Val;
} ACCT_VARIANT;

typedef struct IOlkErrorUnknown IOlkErrorUnknown;
typedef struct IOlkAccountHelper IOlkAccountHelper;
typedef struct IOlkAccountNotify IOlkAccountNotify;
typedef struct IOlkEnum IOlkEnum;
typedef struct IOlkAccount IOlkAccount;
typedef struct IOlkAccountManager IOlkAccountManager;

#define IOLK_PLACEHOLDER(IFACE, number) MAPI_METHOD(PlaceHolder##number)(IFACE *This);

/* IOlkErrorUnknown: slot 3. The text of the given code, not of the last call. */
#define IOLKERRORUNKNOWN_METHODS(IFACE)                                                                              \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(GetLastError)(IFACE *This, HRESULT hr, LPWSTR *ppwszError);

MAPI_INTERFACE(IOlkErrorUnknown, IOLKERRORUNKNOWN_METHODS);

/* IOlkAccountHelper: slots 3 to 6; implemented by the client. */
#define IOLKACCOUNTHELPER_METHODS(IFACE)                                                                             \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(Placeholder1)(IFACE *This, void *pv);                                                                \
    MAPI_METHOD(GetIdentity)(IFACE *This, LPWSTR pwszIdentity, DWORD *pcch);                                         \
    MAPI_METHOD(GetMapiSession)(IFACE *This, LPUNKNOWN *ppmsess);                                                    \
    MAPI_METHOD(HandsOffSession)(IFACE *This);

MAPI_INTERFACE(IOlkAccountHelper, IOLKACCOUNTHELPER_METHODS);

/* IOlkAccountNotify: slot 4; implemented by the client. */
#define IOLKACCOUNTNOTIFY_METHODS(IFACE)                                                                             \
    IOLKERRORUNKNOWN_METHODS(IFACE)                                                                                  \
    MAPI_METHOD(Notify)(IFACE *This, DWORD dwNotify, DWORD dwAcctID, DWORD dwFlags);

MAPI_INTERFACE(IOlkAccountNotify, IOLKACCOUNTNOTIFY_METHODS);

/* IOlkEnum: slots 3 to 6. GetNext answers S_FALSE at the end. */
#define IOLKENUM_METHODS(IFACE)                                                                                      \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(GetCount)(IFACE *This, DWORD *pulCount);                                                             \
    MAPI_METHOD(Reset)(IFACE *This);                                                                                 \
    MAPI_METHOD(GetNext)(IFACE *This, LPUNKNOWN *ppunk);                                                             \
    MAPI_METHOD(Skip)(IFACE *This, DWORD cSkip);

MAPI_INTERFACE(IOlkEnum, IOLKENUM_METHODS);

/* IOlkAccount: slots 4 to 18 */
#define IOLKACCOUNT_METHODS(IFACE)                                                                                   \
    IOLKERRORUNKNOWN_METHODS(IFACE)                                                                                  \
    IOLK_PLACEHOLDER(IFACE, 1)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 2)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 3)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 4)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 5)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 6)                                                                                       \
    MAPI_METHOD(GetAccountInfo)(IFACE *This, CLSID *pclsidType, DWORD *pcCategories, CLSID **prgclsidCategory);      \
    MAPI_METHOD(GetProp)(IFACE *This, DWORD dwProp, ACCT_VARIANT *pVar);                                             \
    MAPI_METHOD(SetProp)(IFACE *This, DWORD dwProp, ACCT_VARIANT *pVar);                                             \
    IOLK_PLACEHOLDER(IFACE, 7)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 8)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 9)                                                                                       \
    MAPI_METHOD(FreeMemory)(IFACE *This, BYTE *pv);                                                                  \
    IOLK_PLACEHOLDER(IFACE, 10)                                                                                      \
    MAPI_METHOD(SaveChanges)(IFACE *This, DWORD dwFlags);

MAPI_INTERFACE(IOlkAccount, IOLKACCOUNT_METHODS);

/* IOlkAccountManager: slots 4 to 28 */
#define IOLKACCOUNTMANAGER_METHODS(IFACE)                                                                            \
    IOLKERRORUNKNOWN_METHODS(IFACE)                                                                                  \
    MAPI_METHOD(Init)(IFACE *This, IOlkAccountHelper *pAcctHelper, DWORD dwFlags);                                   \
    MAPI_METHOD(DisplayAccountList)(IFACE *This, HWND hwnd, DWORD dwFlags, LPCWSTR wszTitle, DWORD cCategories,      \
                                    const CLSID *rgclsidCategories, const CLSID *pclsidType);                        \
    IOLK_PLACEHOLDER(IFACE, 1)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 2)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 3)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 4)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 5)                                                                                       \
    MAPI_METHOD(FindAccount)(IFACE *This, DWORD dwProp, ACCT_VARIANT *pVar, IOlkAccount **ppAccount);                \
    IOLK_PLACEHOLDER(IFACE, 6)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 7)                                                                                       \
    IOLK_PLACEHOLDER(IFACE, 8)                                                                                       \
    MAPI_METHOD(DeleteAccount)(IFACE *This, DWORD dwAcctID);                                                         \
    IOLK_PLACEHOLDER(IFACE, 9)                                                                                       \
    MAPI_METHOD(SaveChanges)(IFACE *This, DWORD dwAcctID, DWORD dwFlags);                                            \
    MAPI_METHOD(GetOrder)(IFACE *This, const CLSID *pclsidCategory, DWORD *pcAccts, DWORD **prgAccts);               \
    MAPI_METHOD(SetOrder)(IFACE *This, const CLSID *pclsidCategory, DWORD cAccts, DWORD *rgAccts);                   \
    MAPI_METHOD(EnumerateAccounts)(IFACE *This, const CLSID *pclsidCategory, const CLSID *pclsidType, DWORD dwFlags, \
                                   IOlkEnum **ppEnum);                                                               \
    IOLK_PLACEHOLDER(IFACE, 10)                                                                                      \
    IOLK_PLACEHOLDER(IFACE, 11)                                                                                      \
    MAPI_METHOD(FreeMemory)(IFACE *This, BYTE *pv);                                                                  \
    MAPI_METHOD(Advise)(IFACE *This, IOlkAccountNotify *pNotify, DWORD *pdwCookie);                                  \
    MAPI_METHOD(Unadvise)(IFACE *This, DWORD dwCookie);                                                              \
    IOLK_PLACEHOLDER(IFACE, 12)                                                                                      \
    IOLK_PLACEHOLDER(IFACE, 13)                                                                                      \
    IOLK_PLACEHOLDER(IFACE, 14)

MAPI_INTERFACE(IOlkAccountManager, IOLKACCOUNTMANAGER_METHODS);

/* Identifiers; defined in base/guid.c from these lists, as those of mapiguid.h are. */
#define OLK_INTERFACE_GUID(X, name, byte)                                                                            \
    X(name, 0x9240A600 | (byte), 0xAF41, 0x11D2, 0x8C, 0x3B, 0x00, 0x10, 0x4B, 0x2A, 0x66, 0x76)
#define OLK_CLASS_GUID(X, name, byte)                                                                                \
    X(name, 0xED475400 | (byte), 0xB0D6, 0x11D2, 0x8C, 0x3B, 0x00, 0x10, 0x4B, 0x2A, 0x66, 0x76)
#define OLK_HTTP_GUID(X, name, byte)                                                                                 \
    X(name, 0x4DB5CB00 | (byte), 0x3B77, 0x4852, 0xBC, 0x8E, 0xBB, 0x81, 0x90, 0x88, 0x61, 0xF3)

#define OLK_GUIDS(X)                                                                                                 \
    OLK_INTERFACE_GUID(X, IID_IOlkErrorUnknown, 0xC0)                                                                \
    OLK_INTERFACE_GUID(X, IID_IOlkEnum, 0xC1)                                                                        \
    OLK_INTERFACE_GUID(X, IID_IOlkAccountNotify, 0xC3)                                                               \
    OLK_INTERFACE_GUID(X, IID_IOlkAccountHelper, 0xCB)                                                               \
    OLK_INTERFACE_GUID(X, IID_IOlkAccountManager, 0xCD)                                                              \
    OLK_INTERFACE_GUID(X, IID_IOlkAccount, 0xD2)                                                                     \
    OLK_CLASS_GUID(X, CLSID_OlkAccountManager, 0x10)                                                                 \
    OLK_CLASS_GUID(X, CLSID_OlkPOP3Account, 0x11)                                                                    \
    OLK_CLASS_GUID(X, CLSID_OlkIMAP4Account, 0x12)                                                                   \
    OLK_CLASS_GUID(X, CLSID_OlkMAPIAccount, 0x14)                                                                    \
    OLK_CLASS_GUID(X, CLSID_OlkMail, 0x18)                                                                           \
    OLK_CLASS_GUID(X, CLSID_OlkAddressBook, 0x19)                                                                    \
    OLK_CLASS_GUID(X, CLSID_OlkStore, 0x20)                                                                          \
    OLK_HTTP_GUID(X, CLSID_OlkHotmailAccount, 0xF0)                                                                  \
    OLK_HTTP_GUID(X, CLSID_OlkLDAPAccount, 0xF2)

#define OLK_DECLARE_GUID(name, a, b, c, d, e, f, g, h, i, j, k) extern const GUID name;

OLK_GUIDS(OLK_DECLARE_GUID)

MAPI_END_DECLS

#endif
