/*
 * mapispi.h - what MAPI and service providers call on each other.
 *
 * Connection numbers are as wide as a pointer, also where a page prints ULONG.
 */
#ifndef LUAMAPI_MAPISPI_H
#define LUAMAPI_MAPISPI_H

#include "mapix.h"

MAPI_BEGIN_DECLS

typedef struct IMAPISupport IMAPISupport, *LPMAPISUP;
typedef struct IMSProvider IMSProvider, *LPMSPROVIDER;
typedef struct IMSLogon IMSLogon, *LPMSLOGON;
typedef struct IABProvider IABProvider, *LPABPROVIDER;
typedef struct IABLogon IABLogon, *LPABLOGON;
typedef struct IXPProvider IXPProvider, *LPXPPROVIDER;
typedef struct IXPLogon IXPLogon, *LPXPLOGON;
typedef struct IMAPIProviderShutdown IMAPIProviderShutdown, *LPMAPIPROVIDERSHUTDOWN;
typedef struct IMAPIGetSession IMAPIGetSession, *LPMAPIGETSESSION;

#define CURRENT_SPI_VERSION ((ULONG)0x00010010)

/* IMAPISupport: slots 3 to 43 --------------------------------------------------------------------------------- */

#define STATUSROW_UPDATE ((ULONG)0x10000000) /* ModifyStatusRow */

/*
 * The order is the header's, which has UpdatePAB and Preprocess where the pages have none; both of them only take
 * their slots.
 */
#define IMAPISUPPORT_METHODS(IFACE)                                                                                  \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(GetMemAllocRoutines)(IFACE *This, LPALLOCATEBUFFER *lpAllocateBuffer,                                \
                                     LPALLOCATEMORE *lpAllocateMore, LPFREEBUFFER *lpFreeBuffer);                    \
    MAPI_METHOD(Subscribe)(IFACE *This, LPNOTIFKEY lpKey, ULONG ulEventMask, ULONG ulFlags,                          \
                           LPMAPIADVISESINK lpAdviseSink, ULONG_PTR *lpulConnection);                                \
    MAPI_METHOD(Unsubscribe)(IFACE *This, ULONG_PTR ulConnection);                                                   \
    MAPI_METHOD(Notify)(IFACE *This, LPNOTIFKEY lpKey, ULONG cNotification, LPNOTIFICATION lpNotifications,          \
                        ULONG *lpulFlags);                                                                           \
    MAPI_METHOD(ModifyStatusRow)(IFACE *This, ULONG cValues, LPSPropValue lpColumnVals, ULONG ulFlags);              \
    MAPI_METHOD(OpenProfileSection)(IFACE *This, LPMAPIUID lpUid, ULONG ulFlags, LPPROFSECT *lppProfileObj);         \
    MAPI_METHOD(RegisterPreprocessor)(IFACE *This, LPMAPIUID lpMuid, LPTSTR lpszAdrType, LPTSTR lpszDLLName,         \
                                      LPSTR lpszPreprocess, LPSTR lpszRemovePreprocessInfo, ULONG ulFlags);          \
    MAPI_METHOD(NewUID)(IFACE *This, LPMAPIUID lpMuid);                                                              \
    MAPI_METHOD(MakeInvalid)(IFACE *This, ULONG ulFlags, LPVOID lpObject, ULONG ulRefCount, ULONG cMethods);         \
    MAPI_METHOD(SpoolerYield)(IFACE *This, ULONG ulFlags);                                                           \
    MAPI_METHOD(SpoolerNotify)(IFACE *This, ULONG ulFlags, LPVOID lpvData);                                          \
    MAPI_CREATEONEOFF_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(SetProviderUID)(IFACE *This, LPMAPIUID lpProviderID, ULONG ulFlags);                                 \
    MAPI_COMPAREENTRYIDS_METHOD(IFACE)                                                                               \
    MAPI_METHOD(OpenTemplateID)(IFACE *This, ULONG cbTemplateID, LPENTRYID lpTemplateID, ULONG ulTemplateFlags,      \
                                LPMAPIPROP lpMAPIPropData, LPCIID lpInterface, LPMAPIPROP *lppMAPIPropNew,           \
                                LPMAPIPROP lpMAPIPropSibling);                                                       \
    MAPI_OPENENTRY_METHOD(IFACE)                                                                                     \
    MAPI_METHOD(GetOneOffTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                                  \
    MAPI_ADDRESS_METHOD(IFACE)                                                                                       \
    MAPI_DETAILS_METHOD(IFACE)                                                                                       \
    MAPI_NEWENTRY_METHOD(IFACE)                                                                                      \
    MAPI_METHOD(DoConfigPropsheet)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags, LPTSTR lpszTitle,                \
                                   LPMAPITABLE lpDisplayTable, LPMAPIPROP lpConfigData, ULONG ulTopPage);            \
    MAPI_METHOD(CopyMessages)(IFACE *This, LPCIID lpSrcInterface, LPVOID lpSrcFolder, LPENTRYLIST lpMsgList,         \
                              LPCIID lpDestInterface, LPVOID lpDestFolder, ULONG_PTR ulUIParam,                      \
                              LPMAPIPROGRESS lpProgress, ULONG ulFlags);                                             \
    MAPI_METHOD(CopyFolder)(IFACE *This, LPCIID lpSrcInterface, LPVOID lpSrcFolder, ULONG cbEntryID,                 \
                            LPENTRYID lpEntryID, LPCIID lpDestInterface, LPVOID lpDestFolder,                        \
                            LPTSTR lpszNewFolderName, ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress,                \
                            ULONG ulFlags);                                                                          \
    MAPI_METHOD(DoCopyTo)(IFACE *This, LPCIID lpSrcInterface, LPVOID lpSrcObj, ULONG ciidExclude,                    \
                          LPCIID rgiidExclude, LPSPropTagArray lpExcludeProps, ULONG_PTR ulUIParam,                  \
                          LPMAPIPROGRESS lpProgress, LPCIID lpDestInterface, LPVOID lpDestObj, ULONG ulFlags,        \
                          LPSPropProblemArray *lppProblems);                                                         \
    MAPI_METHOD(DoCopyProps)(IFACE *This, LPCIID lpSrcInterface, LPVOID lpSrcObj, LPSPropTagArray lpIncludeProps,    \
                             ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress, LPCIID lpDestInterface,                 \
                             LPVOID lpDestObj, ULONG ulFlags, LPSPropProblemArray *lppProblems);                     \
    MAPI_METHOD(DoProgressDialog)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags, LPMAPIPROGRESS *lppProgress);     \
    MAPI_METHOD(ReadReceipt)(IFACE *This, ULONG ulFlags, LPMESSAGE lpReadMessage, LPMESSAGE *lppEmptyMessage);       \
    MAPI_METHOD(PrepareSubmit)(IFACE *This, LPMESSAGE lpMessage, ULONG *lpulFlags);                                  \
    MAPI_METHOD(ExpandRecips)(IFACE *This, LPMESSAGE lpMessage, ULONG *lpulFlags);                                   \
    MAPI_METHOD(UpdatePAB)(IFACE *This, ULONG ulFlags, LPMESSAGE lpMessage);                                         \
    MAPI_METHOD(DoSentMail)(IFACE *This, ULONG ulFlags, LPMESSAGE lpMessage);                                        \
    MAPI_METHOD(OpenAddressBook)(IFACE *This, LPCIID lpInterface, ULONG ulFlags, LPADRBOOK *lppAdrBook);             \
    MAPI_METHOD(Preprocess)(IFACE *This, ULONG ulFlags, ULONG cbEntryID, LPENTRYID lpEntryID);                       \
    MAPI_METHOD(CompleteMsg)(IFACE *This, ULONG ulFlags, ULONG cbEntryID, LPENTRYID lpEntryID);                      \
    MAPI_METHOD(StoreLogoffTransports)(IFACE *This, ULONG *lpulFlags);                                               \
    MAPI_METHOD(StatusRecips)(IFACE *This, LPMESSAGE lpMessage, LPADRLIST lpRecipList);                              \
    MAPI_METHOD(WrapStoreEntryID)(IFACE *This, ULONG cbOrigEntry, LPENTRYID lpOrigEntry, ULONG *lpcbWrappedEntry,    \
                                  LPENTRYID *lppWrappedEntry);                                                       \
    MAPI_METHOD(ModifyProfile)(IFACE *This, ULONG ulFlags);                                                          \
    MAPI_METHOD(IStorageFromStream)(IFACE *This, LPUNKNOWN lpUnkIn, LPCIID lpInterface, ULONG ulFlags,               \
                                    LPSTORAGE *lppStorageOut);                                                       \
    MAPI_METHOD(GetSvcConfigSupportObj)(IFACE *This, ULONG ulFlags, LPMAPISUP *lppSvcSupport);

MAPI_INTERFACE(IMAPISupport, IMAPISUPPORT_METHODS);

/* SpoolerNotify, from a message store; what PrepareSubmit and ExpandRecips find necessary. */
#define NOTIFY_READYTOSEND ((ULONG)0x00000002)
#define NOTIFY_NEWMAIL_RECEIVED ((ULONG)0x20000000)
#define NEEDS_PREPROCESSING ((ULONG)0x00000001)
#define NEEDS_SPOOLER ((ULONG)0x00000002)
#define MAPI_NON_READ ((ULONG)0x00000001) /* ReadReceipt */

/* From the support object of any provider: the session that loaded it [imapigetsession-getmapisession.md]. */
#define IMAPIGETSESSION_METHODS(IFACE)                                                                               \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(GetMAPISession)(IFACE *This, LPUNKNOWN *lppSession);

MAPI_INTERFACE(IMAPIGetSession, IMAPIGETSESSION_METHODS);

/* Exposed by provider objects that take part in fast shutdown: slots 3 to 5. */
MAPI_INTERFACE(IMAPIProviderShutdown, IMAPISHUTDOWN_METHODS);

/* Message stores: IMSProvider slots 3 to 6, IMSLogon slots 3 to 9 --------------------------------------------- */

#define IMSPROVIDER_METHODS(IFACE)                                                                                   \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(Shutdown)(IFACE *This, ULONG *lpulFlags);                                                            \
    MAPI_METHOD(Logon)(IFACE *This, LPMAPISUP lpMAPISup, ULONG_PTR ulUIParam, LPTSTR lpszProfileName,                \
                       ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulFlags, LPCIID lpInterface,                      \
                       ULONG *lpcbSpoolSecurity, LPBYTE *lppbSpoolSecurity, LPMAPIERROR *lppMAPIError,               \
                       LPMSLOGON *lppMSLogon, LPMDB *lppMDB);                                                        \
    MAPI_METHOD(SpoolerLogon)(IFACE *This, LPMAPISUP lpMAPISup, ULONG_PTR ulUIParam, LPTSTR lpszProfileName,         \
                              ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulFlags, LPCIID lpInterface,               \
                              ULONG cbSpoolSecurity, LPBYTE lpbSpoolSecurity, LPMAPIERROR *lppMAPIError,             \
                              LPMSLOGON *lppMSLogon, LPMDB *lppMDB);                                                 \
    MAPI_METHOD(CompareStoreIDs)(IFACE *This, ULONG cbEntryID1, LPENTRYID lpEntryID1, ULONG cbEntryID2,              \
                                 LPENTRYID lpEntryID2, ULONG ulFlags, ULONG *lpulResult);

MAPI_INTERFACE(IMSProvider, IMSPROVIDER_METHODS);

#define IMSLOGON_METHODS(IFACE)                                                                                      \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(Logoff)(IFACE *This, ULONG *lpulFlags);                                                              \
    MAPI_OPENENTRY_METHOD(IFACE)                                                                                     \
    MAPI_COMPAREENTRYIDS_METHOD(IFACE)                                                                               \
    MAPI_ADVISE_METHODS(IFACE)                                                                                       \
    MAPI_METHOD(OpenStatusEntry)(IFACE *This, LPCIID lpInterface, ULONG ulFlags, ULONG *lpulObjType,                 \
                                 LPVOID *lppEntry);

MAPI_INTERFACE(IMSLogon, IMSLOGON_METHODS);

/* Address books: IABProvider slots 3 and 4, IABLogon slots 3 to 12. Logoff takes its flags by value here. -------- */

#define IABPROVIDER_METHODS(IFACE)                                                                                   \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(Shutdown)(IFACE *This, ULONG *lpulFlags);                                                            \
    MAPI_METHOD(Logon)(IFACE *This, LPMAPISUP lpMAPISup, ULONG_PTR ulUIParam, LPTSTR lpszProfileName,                \
                       ULONG ulFlags, ULONG *lpulcbSecurity, LPBYTE *lppbSecurity, LPMAPIERROR *lppMAPIError,        \
                       LPABLOGON *lppABLogon);

MAPI_INTERFACE(IABProvider, IABPROVIDER_METHODS);

#define IABLOGON_METHODS(IFACE)                                                                                      \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(Logoff)(IFACE *This, ULONG ulFlags);                                                                 \
    MAPI_OPENENTRY_METHOD(IFACE)                                                                                     \
    MAPI_COMPAREENTRYIDS_METHOD(IFACE)                                                                               \
    MAPI_ADVISE_METHODS(IFACE)                                                                                       \
    MAPI_METHOD(OpenStatusEntry)(IFACE *This, LPCIID lpInterface, ULONG ulFlags, ULONG *lpulObjType,                 \
                                 LPMAPISTATUS *lppEntry);                                                            \
    MAPI_METHOD(OpenTemplateID)(IFACE *This, ULONG cbTemplateID, LPENTRYID lpTemplateID, ULONG ulTemplateFlags,      \
                                LPMAPIPROP lpMAPIPropData, LPCIID lpInterface, LPMAPIPROP *lppMAPIPropNew,           \
                                LPMAPIPROP lpMAPIPropSibling);                                                       \
    MAPI_METHOD(GetOneOffTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                                  \
    MAPI_PREPARERECIPS_METHOD(IFACE)

MAPI_INTERFACE(IABLogon, IABLOGON_METHODS);

/* Transports: IXPProvider slots 3 and 4, IXPLogon slots 3 to 14 ----------------------------------------------- */

#define LOGOFF_NORMAL ((ULONG)0x00000001) /* TransportLogoff */
#define LOGOFF_HURRY ((ULONG)0x80000000)

typedef SCODE(STDMETHODCALLTYPE OPTIONCALLBACK)(HINSTANCE hInst, LPMALLOC lpMalloc, ULONG ulFlags, ULONG cbOptionData,
                                                LPBYTE lpbOptionData, LPMAPISUP lpMAPISup,
                                                LPMAPIPROP lpDataSource, LPMAPIPROP *lppWrappedSource,
                                                LPMAPIERROR *lppMAPIError);

typedef struct OPTIONDATA {
    ULONG ulFlags; /* MAPI_RECIPIENT or MAPI_MESSAGE */
    LPGUID lpRecipGUID;
    LPTSTR lpszAdrType;
    LPTSTR lpszDLLName;
    ULONG ulOrdinal;
    ULONG cbOptionsData;
    LPBYTE lpbOptionsData;
} OPTIONDATA, *LPOPTIONDATA;

#define IXPPROVIDER_METHODS(IFACE)                                                                                   \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(Shutdown)(IFACE *This, ULONG *lpulFlags);                                                            \
    MAPI_METHOD(TransportLogon)(IFACE *This, LPMAPISUP lpMAPISup, ULONG_PTR ulUIParam, LPTSTR lpszProfileName,       \
                                ULONG *lpulFlags, LPMAPIERROR *lppMAPIError, LPXPLOGON *lppXPLogon);

MAPI_INTERFACE(IXPProvider, IXPPROVIDER_METHODS);

#define IXPLOGON_METHODS(IFACE)                                                                                      \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(AddressTypes)(IFACE *This, ULONG *lpulFlags, ULONG *lpcAdrType, LPTSTR **lpppszAdrTypeArray,         \
                              ULONG *lpcMAPIUID, LPMAPIUID **lpppUIDArray);                                          \
    MAPI_METHOD(RegisterOptions)(IFACE *This, ULONG *lpulFlags, ULONG *lpcOptions, LPOPTIONDATA *lppOptions);        \
    MAPI_METHOD(TransportNotify)(IFACE *This, ULONG *lpulFlags, LPVOID *lppvData);                                   \
    MAPI_METHOD(Idle)(IFACE *This, ULONG ulFlags);                                                                   \
    MAPI_METHOD(TransportLogoff)(IFACE *This, ULONG ulFlags);                                                        \
    MAPI_METHOD(SubmitMessage)(IFACE *This, ULONG ulFlags, LPMESSAGE lpMessage, ULONG *lpulMsgRef,                   \
                               ULONG *lpulReturnParm);                                                               \
    MAPI_METHOD(EndMessage)(IFACE *This, ULONG ulMsgRef, ULONG *lpulFlags);                                          \
    MAPI_METHOD(Poll)(IFACE *This, ULONG *lpulIncoming);                                                             \
    MAPI_METHOD(StartMessage)(IFACE *This, ULONG ulFlags, LPMESSAGE lpMessage, ULONG *lpulMsgRef);                   \
    MAPI_METHOD(OpenStatusEntry)(IFACE *This, LPCIID lpInterface, ULONG ulFlags, ULONG *lpulObjType,                 \
                                 LPMAPISTATUS *lppEntry);                                                            \
    MAPI_METHOD(ValidateState)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags);                                     \
    MAPI_METHOD(FlushQueues)(IFACE *This, ULONG_PTR ulUIParam, ULONG cbTargetTransport,                              \
                             LPENTRYID lpTargetTransport, ULONG ulFlags);

MAPI_INTERFACE(IXPLogon, IXPLOGON_METHODS);

/* Entry points of provider and message service libraries ------------------------------------------------------ */

typedef HRESULT(STDMETHODCALLTYPE MSPROVIDERINIT)(HINSTANCE hInstance, LPMALLOC lpMalloc,
                                                  LPALLOCATEBUFFER lpAllocateBuffer, LPALLOCATEMORE lpAllocateMore,
                                                  LPFREEBUFFER lpFreeBuffer, ULONG ulFlags, ULONG ulMAPIVer,
                                                  ULONG *lpulProviderVer, LPMSPROVIDER *lppMSProvider);
typedef HRESULT(STDMETHODCALLTYPE ABPROVIDERINIT)(HINSTANCE hInstance, LPMALLOC lpMalloc,
                                                  LPALLOCATEBUFFER lpAllocateBuffer, LPALLOCATEMORE lpAllocateMore,
                                                  LPFREEBUFFER lpFreeBuffer, ULONG ulFlags, ULONG ulMAPIVer,
                                                  ULONG *lpulProviderVer, LPABPROVIDER *lppABProvider);
typedef HRESULT(STDMETHODCALLTYPE XPPROVIDERINIT)(HINSTANCE hInstance, LPMALLOC lpMalloc,
                                                  LPALLOCATEBUFFER lpAllocateBuffer, LPALLOCATEMORE lpAllocateMore,
                                                  LPFREEBUFFER lpFreeBuffer, ULONG ulFlags, ULONG ulMAPIVer,
                                                  ULONG *lpulProviderVer, LPXPPROVIDER *lppXPProvider);
typedef MSPROVIDERINIT *LPMSPROVIDERINIT;
typedef ABPROVIDERINIT *LPABPROVIDERINIT;
typedef XPPROVIDERINIT *LPXPPROVIDERINIT;

typedef HRESULT(STDAPICALLTYPE MSGSERVICEENTRY)(HINSTANCE hInstance, LPMALLOC lpMalloc, LPMAPISUP lpMAPISup,
                                                ULONG_PTR ulUIParam, ULONG ulFlags, ULONG ulContext, ULONG cValues,
                                                LPSPropValue lpProps, LPPROVIDERADMIN lpProviderAdmin,
                                                LPMAPIERROR *lppMapiError);
typedef MSGSERVICEENTRY *LPMSGSERVICEENTRY;

/* MSGSERVICEENTRY's ulContext. */
#define MSG_SERVICE_INSTALL ((ULONG)0x00000001)
#define MSG_SERVICE_CREATE ((ULONG)0x00000002)
#define MSG_SERVICE_CONFIGURE ((ULONG)0x00000003)
#define MSG_SERVICE_DELETE ((ULONG)0x00000004)
#define MSG_SERVICE_UNINSTALL ((ULONG)0x00000005)
#define MSG_SERVICE_PROVIDER_CREATE ((ULONG)0x00000006)
#define MSG_SERVICE_PROVIDER_DELETE ((ULONG)0x00000007)

/* MSGSERVICEENTRY's ulFlags, beside SERVICE_UI_ALWAYS and SERVICE_UI_ALLOWED of mapix.h. */
#define MSG_SERVICE_UI_READ_ONLY ((ULONG)0x00000008)
#define UI_CURRENT_PROVIDER_FIRST ((ULONG)0x00000004)
#define SERVICE_LOGON_FAILED ((ULONG)0x00000020)

MAPI_END_DECLS

#endif
