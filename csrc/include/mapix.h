/*
 * mapix.h - what a client calls: initialisation, logon, the session, profile administration, the address book.
 */
#ifndef LUAMAPI_MAPIX_H
#define LUAMAPI_MAPIX_H

#include "mapicode.h"
#include "mapidefs.h"
#include "mapiguid.h"
#include "mapitags.h"

MAPI_BEGIN_DECLS

typedef struct IMAPISession IMAPISession, *LPMAPISESSION;
typedef struct IAddrBook IAddrBook, *LPADRBOOK;
typedef struct IProfAdmin IProfAdmin, *LPPROFADMIN;
typedef struct IMsgServiceAdmin IMsgServiceAdmin, *LPSERVICEADMIN;
typedef struct IMsgServiceAdmin2 IMsgServiceAdmin2, *LPSERVICEADMIN2;
typedef struct IMAPIClientShutdown IMAPIClientShutdown, *LPMAPICLIENTSHUTDOWN;
typedef struct IMAPIInitMonitor IMAPIInitMonitor;
typedef struct IMAPIWaitResult IMAPIWaitResult;

/* The process ------------------------------------------------------------------------------------------------- */

typedef struct MAPIINIT_0 {
    ULONG ulVersion; /* MAPI_INIT_VERSION */
    ULONG ulFlags;
} MAPIINIT_0, *LPMAPIINIT_0;
typedef MAPIINIT_0 MAPIINIT, *LPMAPIINIT;

#define MAPI_INIT_VERSION 0

#define MAPI_MULTITHREAD_NOTIFICATIONS ((ULONG)0x00000001)
#define MAPI_NO_COINIT ((ULONG)0x00000008)
#define MAPI_NT_SERVICE ((ULONG)0x00010000) /* also a flag of MAPILogonEx */

/* Counted: every success needs one MAPIUninitialize [mapiinitialize.md]. NULL means the defaults. */
HRESULT STDAPICALLTYPE MAPIInitialize(LPVOID lpMapiInit);
void STDAPICALLTYPE MAPIUninitialize(void);

/* MAPIFreeBuffer frees a block of MAPIAllocateBuffer and every MAPIAllocateMore block chained to it. */
SCODE STDAPICALLTYPE MAPIAllocateBuffer(ULONG cbSize, LPVOID *lppBuffer);
SCODE STDAPICALLTYPE MAPIAllocateMore(ULONG cbSize, LPVOID lpObject, LPVOID *lppBuffer);
ULONG STDAPICALLTYPE MAPIFreeBuffer(LPVOID lpBuffer);

/* Logging on -------------------------------------------------------------------------------------------------- */

#define MAPI_MAX_PROFILE_NAME 64 /* ours: characters, the limit of the page, without the NUL */

#define MAPI_LOGON_UI ((ULONG)0x00000001)
#define MAPI_NEW_SESSION ((ULONG)0x00000002)
#define MAPI_APP_PROFILE ((ULONG)0x00000004)
#define MAPI_ALLOW_OTHERS ((ULONG)0x00000008)
#define MAPI_EXPLICIT_PROFILE ((ULONG)0x00000010)
#define MAPI_EXTENDED ((ULONG)0x00000020)
#define MAPI_USE_DEFAULT ((ULONG)0x00000040)
#define MAPI_FORCE_DOWNLOAD ((ULONG)0x00001000)
#define MAPI_SERVICE_UI_ALWAYS ((ULONG)0x00002000)
#define MAPI_NO_MAIL ((ULONG)0x00008000)
#define MAPI_PASSWORD_UI ((ULONG)0x00020000)
#define MAPI_TIMEOUT_SHORT ((ULONG)0x00100000)
#define MAPI_BG_SESSION ((ULONG)0x00200000)

#define MAPI_SIMPLE_DEFAULT (MAPI_LOGON_UI | MAPI_FORCE_DOWNLOAD | MAPI_ALLOW_OTHERS)
#define MAPI_SIMPLE_EXPLICIT (MAPI_NEW_SESSION | MAPI_FORCE_DOWNLOAD | MAPI_EXPLICIT_PROFILE)

/* The strings are wide with MAPI_UNICODE [mapilogonex.md]. */
HRESULT STDAPICALLTYPE MAPILogonEx(ULONG_PTR ulUIParam, LPTSTR lpszProfileName, LPTSTR lpszPassword, FLAGS flFlags,
                                   LPMAPISESSION *lppSession);

HRESULT STDAPICALLTYPE MAPIAdminProfiles(ULONG ulFlags, LPPROFADMIN *lppProfAdmin);

/* IMAPISession: slots 3 to 21 --------------------------------------------------------------------------------- */

#define MAPI_LOGOFF_SHARED ((ULONG)0x00000001) /* Logoff */
#define MAPI_LOGOFF_UI ((ULONG)0x00000002)

#define MDB_NO_DIALOG ((ULONG)0x00000001) /* OpenMsgStore */
#define MDB_WRITE ((ULONG)0x00000004)
#define MDB_TEMPORARY ((ULONG)0x00000020)
#define MDB_NO_MAIL ((ULONG)0x00000080)
#define MDB_ONLINE ((ULONG)0x00000100)

#define MAPI_FORCE_ACCESS ((ULONG)0x00080000) /* OpenProfileSection */

#define AB_NO_DIALOG ((ULONG)0x00000001) /* OpenAddressBook */
#define AB_UNICODEUI ((ULONG)0x00000040)

/* SetDefaultStore: exactly one of these; they are numbers, not bits. */
#define MAPI_DEFAULT_STORE ((ULONG)0x00000001)
#define MAPI_SIMPLE_STORE_TEMPORARY ((ULONG)0x00000002)
#define MAPI_SIMPLE_STORE_PERMANENT ((ULONG)0x00000003)
#define MAPI_PRIMARY_STORE ((ULONG)0x00000004)
#define MAPI_SECONDARY_STORE ((ULONG)0x00000005)

#define MAPI_POST_MESSAGE ((ULONG)0x00000001) /* ShowForm */
#define MAPI_NEW_MESSAGE ((ULONG)0x00000002)

#define IMAPISESSION_METHODS(IFACE)                                                                                  \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(GetMsgStoresTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                               \
    MAPI_METHOD(OpenMsgStore)(IFACE *This, ULONG_PTR ulUIParam, ULONG cbEntryID, LPENTRYID lpEntryID,                \
                              LPCIID lpInterface, ULONG ulFlags, LPMDB *lppMDB);                                     \
    MAPI_METHOD(OpenAddressBook)(IFACE *This, ULONG_PTR ulUIParam, LPCIID lpInterface, ULONG ulFlags,                \
                                 LPADRBOOK *lppAdrBook);                                                             \
    MAPI_METHOD(OpenProfileSection)(IFACE *This, LPMAPIUID lpUID, LPCIID lpInterface, ULONG ulFlags,                 \
                                    LPPROFSECT *lppProfSect);                                                        \
    MAPI_METHOD(GetStatusTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                                  \
    MAPI_OPENENTRY_METHOD(IFACE)                                                                                     \
    MAPI_COMPAREENTRYIDS_METHOD(IFACE)                                                                               \
    MAPI_ADVISE_METHODS(IFACE)                                                                                       \
    MAPI_METHOD(MessageOptions)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags, LPTSTR lpszAdrType,                 \
                                LPMESSAGE lpMessage);                                                                \
    MAPI_METHOD(QueryDefaultMessageOpt)(IFACE *This, LPTSTR lpszAdrType, ULONG ulFlags, ULONG *lpcValues,            \
                                        LPSPropValue *lppOptions);                                                   \
    MAPI_METHOD(EnumAdrTypes)(IFACE *This, ULONG ulFlags, ULONG *lpcAdrTypes, LPTSTR **lpppszAdrTypes);              \
    MAPI_METHOD(QueryIdentity)(IFACE *This, ULONG *lpcbEntryID, LPENTRYID *lppEntryID);                              \
    MAPI_METHOD(Logoff)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags, ULONG ulReserved);                          \
    MAPI_METHOD(SetDefaultStore)(IFACE *This, ULONG ulFlags, ULONG cbEntryID, LPENTRYID lpEntryID);                  \
    MAPI_METHOD(AdminServices)(IFACE *This, ULONG ulFlags, LPSERVICEADMIN *lppServiceAdmin);                         \
    MAPI_METHOD(ShowForm)(IFACE *This, ULONG_PTR ulUIParam, LPMDB lpMsgStore, LPMAPIFOLDER lpParentFolder,           \
                          LPCIID lpInterface, ULONG_PTR ulMessageToken, LPMESSAGE lpMessageSent, ULONG ulFlags,      \
                          ULONG ulMessageStatus, ULONG ulMessageFlags, ULONG ulAccess, LPSTR lpszMessageClass);      \
    MAPI_METHOD(PrepareForm)(IFACE *This, LPCIID lpInterface, LPMESSAGE lpMessage, ULONG_PTR *lpulMessageToken);

MAPI_INTERFACE(IMAPISession, IMAPISESSION_METHODS);

/* IMAPIClientShutdown: slots 3 to 5; also those of IMAPIProviderShutdown in mapispi.h. */
#define IMAPISHUTDOWN_METHODS(IFACE)                                                                                 \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(QueryFastShutdown)(IFACE *This);                                                                     \
    MAPI_METHOD(NotifyProcessShutdown)(IFACE *This);                                                                 \
    MAPI_METHOD(DoFastShutdown)(IFACE *This);

MAPI_INTERFACE(IMAPIClientShutdown, IMAPISHUTDOWN_METHODS);

/* IAddrBook: slots 14 to 31 ----------------------------------------------------------------------------------- */

typedef BOOL(STDMETHODCALLTYPE ACCELERATEABSDI)(ULONG_PTR ulUIParam, LPVOID lpvmsg);
typedef void(STDMETHODCALLTYPE DISMISSMODELESS)(ULONG_PTR ulUIParam, LPVOID lpvContext);
typedef SCODE(STDMETHODCALLTYPE FNBUTTON)(ULONG_PTR ulUIParam, LPVOID lpvContext, ULONG cbEntryID,
                                          LPENTRYID lpSelection, ULONG ulFlags);
typedef ACCELERATEABSDI *LPFNABSDI;
typedef DISMISSMODELESS *LPFNDISMISS;
typedef FNBUTTON *LPFNBUTTON;

typedef struct ADRPARM {
    ULONG cbABContEntryID;
    LPENTRYID lpABContEntryID;
    ULONG ulFlags;
    LPVOID lpReserved;
    ULONG ulHelpContext;
    LPTSTR lpszHelpFileName;
    LPFNABSDI lpfnABSDI;
    LPFNDISMISS lpfnDismiss;
    LPVOID lpvDismissContext;
    LPTSTR lpszCaption;
    LPTSTR lpszNewEntryTitle;
    LPTSTR lpszDestWellsTitle;
    ULONG cDestFields;
    ULONG nDestFieldFocus;
    LPTSTR *lppszDestTitles;
    ULONG *lpulDestComps;
    LPSRestriction lpContRestriction;
    LPSRestriction lpHierRestriction;
} ADRPARM, *LPADRPARM;

/* The methods that IMAPISupport has as well. */
#define MAPI_CREATEONEOFF_METHOD(IFACE)                                                                              \
    MAPI_METHOD(CreateOneOff)(IFACE *This, LPTSTR lpszName, LPTSTR lpszAdrType, LPTSTR lpszAddress, ULONG ulFlags,   \
                              ULONG *lpcbEntryID, LPENTRYID *lppEntryID);
#define MAPI_ADDRESS_METHOD(IFACE)                                                                                   \
    MAPI_METHOD(Address)(IFACE *This, ULONG_PTR *lpulUIParam, LPADRPARM lpAdrParms, LPADRLIST *lppAdrList);
#define MAPI_DETAILS_METHOD(IFACE)                                                                                   \
    MAPI_METHOD(Details)(IFACE *This, ULONG_PTR *lpulUIParam, LPFNDISMISS lpfnDismiss, LPVOID lpvDismissContext,     \
                         ULONG cbEntryID, LPENTRYID lpEntryID, LPFNBUTTON lpfButtonCallback,                         \
                         LPVOID lpvButtonContext, LPTSTR lpszButtonText, ULONG ulFlags);
#define MAPI_NEWENTRY_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(NewEntry)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags, ULONG cbEIDContainer,                     \
                          LPENTRYID lpEIDContainer, ULONG cbEIDNewEntryTpl, LPENTRYID lpEIDNewEntryTpl,              \
                          ULONG *lpcbEIDNewEntry, LPENTRYID *lppEIDNewEntry);
#define MAPI_PREPARERECIPS_METHOD(IFACE)                                                                             \
    MAPI_METHOD(PrepareRecips)(IFACE *This, ULONG ulFlags, LPSPropTagArray lpPropTagArray, LPADRLIST lpRecipList);

#define IADDRBOOK_METHODS(IFACE)                                                                                     \
    IMAPIPROP_METHODS(IFACE)                                                                                         \
    MAPI_OPENENTRY_METHOD(IFACE)                                                                                     \
    MAPI_COMPAREENTRYIDS_METHOD(IFACE)                                                                               \
    MAPI_ADVISE_METHODS(IFACE)                                                                                       \
    MAPI_CREATEONEOFF_METHOD(IFACE)                                                                                  \
    MAPI_NEWENTRY_METHOD(IFACE)                                                                                      \
    MAPI_METHOD(ResolveName)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags, LPTSTR lpszNewEntryTitle,              \
                             LPADRLIST lpAdrList);                                                                   \
    MAPI_ADDRESS_METHOD(IFACE)                                                                                       \
    MAPI_DETAILS_METHOD(IFACE)                                                                                       \
    MAPI_METHOD(RecipOptions)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags, LPADRENTRY lpRecip);                  \
    MAPI_METHOD(QueryDefaultRecipOpt)(IFACE *This, LPTSTR lpszAdrType, ULONG ulFlags, ULONG *lpcValues,              \
                                      LPSPropValue *lppOptions);                                                     \
    MAPI_METHOD(GetPAB)(IFACE *This, ULONG *lpcbEntryID, LPENTRYID *lppEntryID);                                     \
    MAPI_METHOD(SetPAB)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID);                                          \
    MAPI_METHOD(GetDefaultDir)(IFACE *This, ULONG *lpcbEntryID, LPENTRYID *lppEntryID);                              \
    MAPI_METHOD(SetDefaultDir)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID);                                   \
    MAPI_METHOD(GetSearchPath)(IFACE *This, ULONG ulFlags, LPSRowSet *lppSearchPath);                                \
    MAPI_METHOD(SetSearchPath)(IFACE *This, ULONG ulFlags, LPSRowSet lpSearchPath);                                  \
    MAPI_PREPARERECIPS_METHOD(IFACE)

MAPI_INTERFACE(IAddrBook, IADDRBOOK_METHODS);

#define MAPI_SEND_NO_RICH_INFO ((ULONG)0x00010000) /* CreateOneOff */

/* Profile administration -------------------------------------------------------------------------------------- */

#define MAPI_DEFAULT_SERVICES ((ULONG)0x00000001) /* CreateProfile */

/* IProfAdmin: slots 3 to 11 */
#define IPROFADMIN_METHODS(IFACE)                                                                                    \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(GetProfileTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                                 \
    MAPI_METHOD(CreateProfile)(IFACE *This, LPTSTR lpszProfileName, LPTSTR lpszPassword, ULONG_PTR ulUIParam,        \
                               ULONG ulFlags);                                                                       \
    MAPI_METHOD(DeleteProfile)(IFACE *This, LPTSTR lpszProfileName, ULONG ulFlags);                                  \
    MAPI_METHOD(ChangeProfilePassword)(IFACE *This, LPTSTR lpszProfileName, LPTSTR lpszOldPassword,                  \
                                       LPTSTR lpszNewPassword, ULONG ulFlags);                                       \
    MAPI_METHOD(CopyProfile)(IFACE *This, LPTSTR lpszOldProfileName, LPTSTR lpszOldPassword,                         \
                             LPTSTR lpszNewProfileName, ULONG_PTR ulUIParam, ULONG ulFlags);                         \
    MAPI_METHOD(RenameProfile)(IFACE *This, LPTSTR lpszOldProfileName, LPTSTR lpszOldPassword,                       \
                               LPTSTR lpszNewProfileName, ULONG_PTR ulUIParam, ULONG ulFlags);                       \
    MAPI_METHOD(SetDefaultProfile)(IFACE *This, LPTSTR lpszProfileName, ULONG ulFlags);                              \
    MAPI_METHOD(AdminServices)(IFACE *This, LPTSTR lpszProfileName, LPTSTR lpszPassword, ULONG_PTR ulUIParam,        \
                               ULONG ulFlags, LPSERVICEADMIN *lppServiceAdmin);

MAPI_INTERFACE(IProfAdmin, IPROFADMIN_METHODS);

/* IMsgServiceAdmin: slots 3 to 14; IMsgServiceAdmin2 adds slot 15. */
#define SERVICE_UI_ALWAYS ((ULONG)0x00000002) /* CreateMsgService, CopyMsgService, ConfigureMsgService */
#define SERVICE_UI_ALLOWED ((ULONG)0x00000010)
#define SERVICE_NO_RESTART_WARNING ((ULONG)0x00000080)

#define IMSGSERVICEADMIN_METHODS(IFACE)                                                                              \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(GetMsgServiceTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                              \
    MAPI_METHOD(CreateMsgService)(IFACE *This, LPTSTR lpszService, LPTSTR lpszDisplayName, ULONG_PTR ulUIParam,      \
                                  ULONG ulFlags);                                                                    \
    MAPI_METHOD(DeleteMsgService)(IFACE *This, LPMAPIUID lpUID);                                                     \
    MAPI_METHOD(CopyMsgService)(IFACE *This, LPMAPIUID lpUID, LPTSTR lpszDisplayName, LPCIID lpInterfaceToCopy,      \
                                LPCIID lpInterfaceDst, LPVOID lpObjectDst, ULONG_PTR ulUIParam, ULONG ulFlags);      \
    MAPI_METHOD(RenameMsgService)(IFACE *This, LPMAPIUID lpUID, ULONG ulFlags, LPTSTR lpszDisplayName);              \
    MAPI_METHOD(ConfigureMsgService)(IFACE *This, LPMAPIUID lpUID, ULONG_PTR ulUIParam, ULONG ulFlags,               \
                                     ULONG cValues, LPSPropValue lpProps);                                           \
    MAPI_METHOD(OpenProfileSection)(IFACE *This, LPMAPIUID lpUID, LPCIID lpInterface, ULONG ulFlags,                 \
                                    LPPROFSECT *lppProfSect);                                                        \
    MAPI_METHOD(MsgServiceTransportOrder)(IFACE *This, ULONG cUID, LPMAPIUID lpUIDList, ULONG ulFlags);              \
    MAPI_METHOD(AdminProviders)(IFACE *This, LPMAPIUID lpUID, ULONG ulFlags, LPPROVIDERADMIN *lppProviderAdmin);     \
    MAPI_METHOD(SetPrimaryIdentity)(IFACE *This, LPMAPIUID lpUID, ULONG ulFlags);                                    \
    MAPI_METHOD(GetProviderTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);

MAPI_INTERFACE(IMsgServiceAdmin, IMSGSERVICEADMIN_METHODS);

#define IMSGSERVICEADMIN2_METHODS(IFACE)                                                                             \
    IMSGSERVICEADMIN_METHODS(IFACE)                                                                                  \
    MAPI_METHOD(CreateMsgServiceEx)(IFACE *This, LPTSTR lpszService, LPTSTR lpszDisplayName, ULONG_PTR ulUIParam,    \
                                    ULONG ulFlags, LPMAPIUID lpuidService);

MAPI_INTERFACE(IMsgServiceAdmin2, IMSGSERVICEADMIN2_METHODS);

/* Waiting for MAPI to be initialised -------------------------------------------------------------------------- */

#define IMAPIINITMONITOR_METHODS(IFACE)                                                                              \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD_(BOOL, IsInitialized)(IFACE *This);                                                                  \
    MAPI_METHOD(Wait)(IFACE *This, DWORD timeout);                                                                   \
    MAPI_METHOD(BeginWait)(IFACE *This, DWORD timeout, IMAPIWaitResult **ppResult);

MAPI_INTERFACE(IMAPIInitMonitor, IMAPIINITMONITOR_METHODS);

/* The page of End gives it a time-out, that of the interface none; we follow the former [imapiwaitresult-end.md]. */
#define IMAPIWAITRESULT_METHODS(IFACE)                                                                               \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(End)(IFACE *This, DWORD timeout);

MAPI_INTERFACE(IMAPIWaitResult, IMAPIWAITRESULT_METHODS);

MAPI_END_DECLS

#endif
