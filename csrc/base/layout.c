/*
 * layout.c - a wrong layout must not compile.
 *
 * Vtables and structures are shared with code that was compiled elsewhere, so the number of every slot and the
 * size and offsets of every structure are asserted here, for 32-bit and for 64-bit pointers. The numbers come
 * from the documentation, not from our headers.
 */
#include <actmgmt.h>
#include <iconvertersession.h>
#include <mapispi.h>
#include <mapisub.h>
#include <mapix.h>

#define SLOT(iface, number, method)                                                                                    \
    _Static_assert(offsetof(iface##Vtbl, method) == (number) * sizeof(void *), #iface "::" #method)
#define SLOTS(iface, count)                                                                                            \
    _Static_assert(sizeof(iface##Vtbl) == (count) * sizeof(void *), "number of slots of " #iface);                     \
    _Static_assert(sizeof(iface) == sizeof(void *), #iface)

/* A structure's size with 32-bit pointers, and with 64-bit ones. */
#define SIZE(type, size32, size64) _Static_assert(sizeof(type) == (sizeof(void *) == 4 ? (size32) : (size64)), #type)
#define OFFSET(type, member, offset32, offset64)                                                                       \
    _Static_assert(offsetof(type, member) == (sizeof(void *) == 4 ? (offset32) : (offset64)), #type "." #member)
#define UNSIGNED(type, size) _Static_assert(sizeof(type) == (size) && (type)-1 > 0, #type)
#define SIGNED(type, size)   _Static_assert(sizeof(type) == (size) && (type)-1 < 0, #type)

/* Scalars ----------------------------------------------------------------------------------------------------- */

UNSIGNED(BYTE, 1);
UNSIGNED(WORD, 2);
UNSIGNED(WCHAR, 2);
UNSIGNED(DWORD, 4);
UNSIGNED(ULONG, 4);
UNSIGNED(FLAGS, 4);
UNSIGNED(ULONG_PTR, sizeof(void *));
UNSIGNED(BOOKMARK, sizeof(void *));
SIGNED(LONG, 4);
SIGNED(BOOL, 4);
SIGNED(HRESULT, 4);
SIGNED(SCODE, 4);
SIGNED(LONGLONG, 8);
_Static_assert(sizeof(u"x") == 2 * sizeof(WCHAR) && sizeof(*u"x") == sizeof(WCHAR), "u\"...\" is a WCHAR string");
_Static_assert(_Generic((WCHAR)0, unsigned short : 1, default : 0), "WCHAR has the type of u\"...\"");

_Static_assert((ULONG)MAPI_E_NO_SUPPORT == 0x80040102u && MAPI_E_NO_SUPPORT < 0, "MAKE_MAPI_E");
_Static_assert((ULONG)MAPI_W_ERRORS_RETURNED == 0x00040380u && MAPI_W_ERRORS_RETURNED > 0, "MAKE_MAPI_S");
_Static_assert(SUCCEEDED(S_FALSE) && SUCCEEDED(MAPI_W_PARTIAL_COMPLETION) && FAILED(E_FAIL), "FAILED");
_Static_assert((ULONG)HRESULT_FROM_WIN32(ERROR_TIMEOUT) == 0x800705B4u, "HRESULT_FROM_WIN32");
_Static_assert(PROP_TAG(PT_UNICODE, 0x0037) == 0x0037001Fu && PR_SUBJECT_W == 0x0037001Fu, "PROP_TAG");
_Static_assert(PROP_TYPE(PR_SUBJECT_W) == PT_UNICODE && PROP_ID(PR_SUBJECT_W) == 0x37, "PROP_TYPE, PROP_ID");
_Static_assert(CHANGE_PROP_TYPE(PR_SUBJECT_W, PT_STRING8) == PR_SUBJECT_A, "CHANGE_PROP_TYPE");
_Static_assert(PROP_INET_PASSWORD == 0x0102801Fu && PROP_SMTP_PASSWORD == 0x0205801Fu, "SECURE_FLAG");

/* Structures -------------------------------------------------------------------------------------------------- */

SIZE(GUID, 16, 16);
SIZE(MAPIUID, 16, 16);
SIZE(FILETIME, 8, 8);
SIZE(LARGE_INTEGER, 8, 8);
SIZE(ULARGE_INTEGER, 8, 8);
SIZE(CY, 8, 8);
SIZE(STATSTG, 72, 80);
OFFSET(STATSTG, cbSize, 8, 16);
OFFSET(STATSTG, grfMode, 40, 48);
OFFSET(STATSTG, clsid, 48, 56);
OFFSET(ENTRYID, ab, 4, 4);

SIZE(SBinary, 8, 16);
SIZE(SBinaryArray, 8, 16);
SIZE(union PV, 8, 16);
SIZE(SPropValue, 16, 24);
OFFSET(SPropValue, Value, 8, 8);
OFFSET(SPropTagArray, aulPropTag, 4, 4);
SIZE(SPropProblem, 12, 12);
OFFSET(SPropProblemArray, aProblem, 4, 4);
SIZE(MAPINAMEID, 12, 24);
OFFSET(MAPINAMEID, Kind, 8, 16);
SIZE(MAPIERROR, 20, 32);
OFFSET(MAPIERROR, lpszError, 4, 8);
OFFSET(MAPIERROR, ulLowLevelError, 12, 24);

SIZE(SRow, 12, 16);
OFFSET(SRow, cValues, 4, 4);
OFFSET(SRow, lpProps, 8, 8);
OFFSET(SRowSet, aRow, 4, 8);
SIZE(ADRENTRY, sizeof(SRow), sizeof(SRow));
OFFSET(ADRENTRY, cValues, 4, 4);
OFFSET(ADRENTRY, rgPropVals, 8, 8);
OFFSET(ADRLIST, aEntries, 4, 8);
OFFSET(FLATENTRY, abEntry, 4, 4);
OFFSET(FLATENTRYLIST, abEntries, 8, 8);
OFFSET(FlagList, ulFlags, 4, 4);

SIZE(SSortOrder, 8, 8);
OFFSET(SSortOrderSet, aSort, 12, 12);

SIZE(SRestriction, 16, 32);
OFFSET(SRestriction, res, 4, 8);
OFFSET(SAndRestriction, lpRes, 4, 8);
OFFSET(SNotRestriction, lpRes, 4, 8);
OFFSET(SContentRestriction, lpProp, 8, 8);
OFFSET(SPropertyRestriction, lpProp, 8, 8);
OFFSET(SComparePropsRestriction, ulPropTag2, 8, 8);
OFFSET(SBitMaskRestriction, ulMask, 8, 8);
OFFSET(SSizeRestriction, cb, 8, 8);
OFFSET(SExistRestriction, ulPropTag, 4, 4);
OFFSET(SSubRestriction, lpRes, 4, 8);
OFFSET(SCommentRestriction, lpProp, 8, 16);
OFFSET(SCountRestriction, lpRes, 4, 8);

OFFSET(ERROR_NOTIFICATION, scode, 8, 16);
OFFSET(ERROR_NOTIFICATION, lpMAPIError, 16, 24);
OFFSET(NEWMAIL_NOTIFICATION, ulFlags, 16, 32);
OFFSET(NEWMAIL_NOTIFICATION, ulMessageFlags, 24, 48);
OFFSET(OBJECT_NOTIFICATION, ulObjType, 8, 16);
OFFSET(OBJECT_NOTIFICATION, lpPropTagArray, 36, 64);
OFFSET(TABLE_NOTIFICATION, propIndex, 8, 8);
OFFSET(TABLE_NOTIFICATION, propPrior, 24, 32);
OFFSET(TABLE_NOTIFICATION, row, 40, 56);
OFFSET(EXTENDED_NOTIFICATION, pbEventParameters, 8, 8);
OFFSET(STATUS_OBJECT_NOTIFICATION, lpPropVals, 12, 24);
OFFSET(NOTIFICATION, info, 8, 8);
OFFSET(NOTIFKEY, ab, 4, 4);

SIZE(MAPIINIT_0, 8, 8);
SIZE(ACCT_BIN, 8, 16);
OFFSET(ACCT_BIN, pb, 4, 8);
SIZE(ACCT_VARIANT, 12, 24);
OFFSET(ACCT_VARIANT, Val, 4, 8);

/* Interfaces: the slots each adds to its base, and how many it has in all ---------------------------------------- */

SLOT(IUnknown, 0, QueryInterface);
SLOT(IUnknown, 1, AddRef);
SLOT(IUnknown, 2, Release);
SLOTS(IUnknown, 3);

SLOT(ISequentialStream, 3, Read);
SLOT(ISequentialStream, 4, Write);
SLOTS(ISequentialStream, 5);

SLOT(IStream, 5, Seek);
SLOT(IStream, 6, SetSize);
SLOT(IStream, 7, CopyTo);
SLOT(IStream, 8, Commit);
SLOT(IStream, 9, Revert);
SLOT(IStream, 10, LockRegion);
SLOT(IStream, 11, UnlockRegion);
SLOT(IStream, 12, Stat);
SLOT(IStream, 13, Clone);
SLOTS(IStream, 14);

SLOT(IMalloc, 3, Alloc);
SLOT(IMalloc, 4, Realloc);
SLOT(IMalloc, 5, Free);
SLOT(IMalloc, 6, GetSize);
SLOT(IMalloc, 7, DidAlloc);
SLOT(IMalloc, 8, HeapMinimize);
SLOTS(IMalloc, 9);

SLOT(IMAPIProp, 3, GetLastError);
SLOT(IMAPIProp, 4, SaveChanges);
SLOT(IMAPIProp, 5, GetProps);
SLOT(IMAPIProp, 6, GetPropList);
SLOT(IMAPIProp, 7, OpenProperty);
SLOT(IMAPIProp, 8, SetProps);
SLOT(IMAPIProp, 9, DeleteProps);
SLOT(IMAPIProp, 10, CopyTo);
SLOT(IMAPIProp, 11, CopyProps);
SLOT(IMAPIProp, 12, GetNamesFromIDs);
SLOT(IMAPIProp, 13, GetIDsFromNames);
SLOTS(IMAPIProp, 14);

SLOTS(IProfSect, 14);

SLOTS(IMailUser, 14);

SLOTS(IAttach, 14);

SLOT(IMAPITable, 3, GetLastError);
SLOT(IMAPITable, 4, Advise);
SLOT(IMAPITable, 5, Unadvise);
SLOT(IMAPITable, 6, GetStatus);
SLOT(IMAPITable, 7, SetColumns);
SLOT(IMAPITable, 8, QueryColumns);
SLOT(IMAPITable, 9, GetRowCount);
SLOT(IMAPITable, 10, SeekRow);
SLOT(IMAPITable, 11, SeekRowApprox);
SLOT(IMAPITable, 12, QueryPosition);
SLOT(IMAPITable, 13, FindRow);
SLOT(IMAPITable, 14, Restrict);
SLOT(IMAPITable, 15, CreateBookmark);
SLOT(IMAPITable, 16, FreeBookmark);
SLOT(IMAPITable, 17, SortTable);
SLOT(IMAPITable, 18, QuerySortOrder);
SLOT(IMAPITable, 19, QueryRows);
SLOT(IMAPITable, 20, Abort);
SLOT(IMAPITable, 21, ExpandRow);
SLOT(IMAPITable, 22, CollapseRow);
SLOT(IMAPITable, 23, WaitForCompletion);
SLOT(IMAPITable, 24, GetCollapseState);
SLOT(IMAPITable, 25, SetCollapseState);
SLOTS(IMAPITable, 26);

SLOT(IMAPIContainer, 14, GetContentsTable);
SLOT(IMAPIContainer, 15, GetHierarchyTable);
SLOT(IMAPIContainer, 16, OpenEntry);
SLOT(IMAPIContainer, 17, SetSearchCriteria);
SLOT(IMAPIContainer, 18, GetSearchCriteria);
SLOTS(IMAPIContainer, 19);

SLOT(IABContainer, 19, CreateEntry);
SLOT(IABContainer, 20, CopyEntries);
SLOT(IABContainer, 21, DeleteEntries);
SLOT(IABContainer, 22, ResolveNames);
SLOTS(IABContainer, 23);

SLOT(IDistList, 19, CreateEntry);
SLOT(IDistList, 20, CopyEntries);
SLOT(IDistList, 21, DeleteEntries);
SLOT(IDistList, 22, ResolveNames);
SLOTS(IDistList, 23);

SLOT(IMAPIFolder, 19, CreateMessage);
SLOT(IMAPIFolder, 20, CopyMessages);
SLOT(IMAPIFolder, 21, DeleteMessages);
SLOT(IMAPIFolder, 22, CreateFolder);
SLOT(IMAPIFolder, 23, CopyFolder);
SLOT(IMAPIFolder, 24, DeleteFolder);
SLOT(IMAPIFolder, 25, SetReadFlags);
SLOT(IMAPIFolder, 26, GetMessageStatus);
SLOT(IMAPIFolder, 27, SetMessageStatus);
SLOT(IMAPIFolder, 28, SaveContentsSort);
SLOT(IMAPIFolder, 29, EmptyFolder);
SLOTS(IMAPIFolder, 30);

SLOT(IMsgStore, 14, Advise);
SLOT(IMsgStore, 15, Unadvise);
SLOT(IMsgStore, 16, CompareEntryIDs);
SLOT(IMsgStore, 17, OpenEntry);
SLOT(IMsgStore, 18, SetReceiveFolder);
SLOT(IMsgStore, 19, GetReceiveFolder);
SLOT(IMsgStore, 20, GetReceiveFolderTable);
SLOT(IMsgStore, 21, StoreLogoff);
SLOT(IMsgStore, 22, AbortSubmit);
SLOT(IMsgStore, 23, GetOutgoingQueue);
SLOT(IMsgStore, 24, SetLockState);
SLOT(IMsgStore, 25, FinishedMsg);
SLOT(IMsgStore, 26, NotifyNewMail);
SLOTS(IMsgStore, 27);

SLOT(IMessage, 14, GetAttachmentTable);
SLOT(IMessage, 15, OpenAttach);
SLOT(IMessage, 16, CreateAttach);
SLOT(IMessage, 17, DeleteAttach);
SLOT(IMessage, 18, GetRecipientTable);
SLOT(IMessage, 19, ModifyRecipients);
SLOT(IMessage, 20, SubmitMessage);
SLOT(IMessage, 21, SetReadFlag);
SLOTS(IMessage, 22);

SLOT(IMAPIStatus, 14, ValidateState);
SLOT(IMAPIStatus, 15, SettingsDialog);
SLOT(IMAPIStatus, 16, ChangePassword);
SLOT(IMAPIStatus, 17, FlushQueues);
SLOTS(IMAPIStatus, 18);

SLOT(IMAPIAdviseSink, 3, OnNotify);
SLOTS(IMAPIAdviseSink, 4);

SLOT(IMAPIProgress, 3, Progress);
SLOT(IMAPIProgress, 4, GetFlags);
SLOT(IMAPIProgress, 5, GetMax);
SLOT(IMAPIProgress, 6, GetMin);
SLOT(IMAPIProgress, 7, SetLimits);
SLOTS(IMAPIProgress, 8);

SLOT(IMAPIControl, 3, GetLastError);
SLOT(IMAPIControl, 4, Activate);
SLOT(IMAPIControl, 5, GetState);
SLOTS(IMAPIControl, 6);

SLOT(IMAPISession, 3, GetLastError);
SLOT(IMAPISession, 4, GetMsgStoresTable);
SLOT(IMAPISession, 5, OpenMsgStore);
SLOT(IMAPISession, 6, OpenAddressBook);
SLOT(IMAPISession, 7, OpenProfileSection);
SLOT(IMAPISession, 8, GetStatusTable);
SLOT(IMAPISession, 9, OpenEntry);
SLOT(IMAPISession, 10, CompareEntryIDs);
SLOT(IMAPISession, 11, Advise);
SLOT(IMAPISession, 12, Unadvise);
SLOT(IMAPISession, 13, MessageOptions);
SLOT(IMAPISession, 14, QueryDefaultMessageOpt);
SLOT(IMAPISession, 15, EnumAdrTypes);
SLOT(IMAPISession, 16, QueryIdentity);
SLOT(IMAPISession, 17, Logoff);
SLOT(IMAPISession, 18, SetDefaultStore);
SLOT(IMAPISession, 19, AdminServices);
SLOT(IMAPISession, 20, ShowForm);
SLOT(IMAPISession, 21, PrepareForm);
SLOTS(IMAPISession, 22);

SLOT(IAddrBook, 14, OpenEntry);
SLOT(IAddrBook, 15, CompareEntryIDs);
SLOT(IAddrBook, 16, Advise);
SLOT(IAddrBook, 17, Unadvise);
SLOT(IAddrBook, 18, CreateOneOff);
SLOT(IAddrBook, 19, NewEntry);
SLOT(IAddrBook, 20, ResolveName);
SLOT(IAddrBook, 21, Address);
SLOT(IAddrBook, 22, Details);
SLOT(IAddrBook, 23, RecipOptions);
SLOT(IAddrBook, 24, QueryDefaultRecipOpt);
SLOT(IAddrBook, 25, GetPAB);
SLOT(IAddrBook, 26, SetPAB);
SLOT(IAddrBook, 27, GetDefaultDir);
SLOT(IAddrBook, 28, SetDefaultDir);
SLOT(IAddrBook, 29, GetSearchPath);
SLOT(IAddrBook, 30, SetSearchPath);
SLOT(IAddrBook, 31, PrepareRecips);
SLOTS(IAddrBook, 32);

SLOT(IMAPIClientShutdown, 3, QueryFastShutdown);
SLOT(IMAPIClientShutdown, 4, NotifyProcessShutdown);
SLOT(IMAPIClientShutdown, 5, DoFastShutdown);
SLOTS(IMAPIClientShutdown, 6);

SLOT(IMAPIProviderShutdown, 3, QueryFastShutdown);
SLOT(IMAPIProviderShutdown, 4, NotifyProcessShutdown);
SLOT(IMAPIProviderShutdown, 5, DoFastShutdown);
SLOTS(IMAPIProviderShutdown, 6);

SLOT(IMAPIInitMonitor, 3, IsInitialized);
SLOT(IMAPIInitMonitor, 4, Wait);
SLOT(IMAPIInitMonitor, 5, BeginWait);
SLOTS(IMAPIInitMonitor, 6);

SLOT(IMAPIWaitResult, 3, End);
SLOTS(IMAPIWaitResult, 4);

SLOT(IProfAdmin, 3, GetLastError);
SLOT(IProfAdmin, 4, GetProfileTable);
SLOT(IProfAdmin, 5, CreateProfile);
SLOT(IProfAdmin, 6, DeleteProfile);
SLOT(IProfAdmin, 7, ChangeProfilePassword);
SLOT(IProfAdmin, 8, CopyProfile);
SLOT(IProfAdmin, 9, RenameProfile);
SLOT(IProfAdmin, 10, SetDefaultProfile);
SLOT(IProfAdmin, 11, AdminServices);
SLOTS(IProfAdmin, 12);

SLOT(IMsgServiceAdmin, 3, GetLastError);
SLOT(IMsgServiceAdmin, 4, GetMsgServiceTable);
SLOT(IMsgServiceAdmin, 5, CreateMsgService);
SLOT(IMsgServiceAdmin, 6, DeleteMsgService);
SLOT(IMsgServiceAdmin, 7, CopyMsgService);
SLOT(IMsgServiceAdmin, 8, RenameMsgService);
SLOT(IMsgServiceAdmin, 9, ConfigureMsgService);
SLOT(IMsgServiceAdmin, 10, OpenProfileSection);
SLOT(IMsgServiceAdmin, 11, MsgServiceTransportOrder);
SLOT(IMsgServiceAdmin, 12, AdminProviders);
SLOT(IMsgServiceAdmin, 13, SetPrimaryIdentity);
SLOT(IMsgServiceAdmin, 14, GetProviderTable);
SLOTS(IMsgServiceAdmin, 15);

SLOT(IMsgServiceAdmin2, 15, CreateMsgServiceEx);
SLOTS(IMsgServiceAdmin2, 16);

SLOT(IProviderAdmin, 3, GetLastError);
SLOT(IProviderAdmin, 4, GetProviderTable);
SLOT(IProviderAdmin, 5, CreateProvider);
SLOT(IProviderAdmin, 6, DeleteProvider);
SLOT(IProviderAdmin, 7, OpenProfileSection);
SLOTS(IProviderAdmin, 8);

SLOT(IMSProvider, 3, Shutdown);
SLOT(IMSProvider, 4, Logon);
SLOT(IMSProvider, 5, SpoolerLogon);
SLOT(IMSProvider, 6, CompareStoreIDs);
SLOTS(IMSProvider, 7);

SLOT(IABProvider, 3, Shutdown);
SLOT(IABProvider, 4, Logon);
SLOTS(IABProvider, 5);

SLOT(IXPProvider, 3, Shutdown);
SLOT(IXPProvider, 4, TransportLogon);
SLOTS(IXPProvider, 5);

SLOT(IMSLogon, 3, GetLastError);
SLOT(IMSLogon, 4, Logoff);
SLOT(IMSLogon, 5, OpenEntry);
SLOT(IMSLogon, 6, CompareEntryIDs);
SLOT(IMSLogon, 7, Advise);
SLOT(IMSLogon, 8, Unadvise);
SLOT(IMSLogon, 9, OpenStatusEntry);
SLOTS(IMSLogon, 10);

SLOT(IABLogon, 3, GetLastError);
SLOT(IABLogon, 4, Logoff);
SLOT(IABLogon, 5, OpenEntry);
SLOT(IABLogon, 6, CompareEntryIDs);
SLOT(IABLogon, 7, Advise);
SLOT(IABLogon, 8, Unadvise);
SLOT(IABLogon, 9, OpenStatusEntry);
SLOT(IABLogon, 10, OpenTemplateID);
SLOT(IABLogon, 11, GetOneOffTable);
SLOT(IABLogon, 12, PrepareRecips);
SLOTS(IABLogon, 13);

SLOT(IXPLogon, 3, AddressTypes);
SLOT(IXPLogon, 4, RegisterOptions);
SLOT(IXPLogon, 5, TransportNotify);
SLOT(IXPLogon, 6, Idle);
SLOT(IXPLogon, 7, TransportLogoff);
SLOT(IXPLogon, 8, SubmitMessage);
SLOT(IXPLogon, 9, EndMessage);
SLOT(IXPLogon, 10, Poll);
SLOT(IXPLogon, 11, StartMessage);
SLOT(IXPLogon, 12, OpenStatusEntry);
SLOT(IXPLogon, 13, ValidateState);
SLOT(IXPLogon, 14, FlushQueues);
SLOTS(IXPLogon, 15);

SLOT(IMAPISupport, 3, GetLastError);
SLOT(IMAPISupport, 4, GetMemAllocRoutines);
SLOT(IMAPISupport, 5, Subscribe);
SLOT(IMAPISupport, 6, Unsubscribe);
SLOT(IMAPISupport, 7, Notify);
SLOT(IMAPISupport, 8, ModifyStatusRow);
SLOT(IMAPISupport, 9, OpenProfileSection);
SLOT(IMAPISupport, 10, RegisterPreprocessor);
SLOT(IMAPISupport, 11, NewUID);
SLOT(IMAPISupport, 12, MakeInvalid);
SLOT(IMAPISupport, 13, SpoolerYield);
SLOT(IMAPISupport, 14, SpoolerNotify);
SLOT(IMAPISupport, 15, CreateOneOff);
SLOT(IMAPISupport, 16, SetProviderUID);
SLOT(IMAPISupport, 17, CompareEntryIDs);
SLOT(IMAPISupport, 18, OpenTemplateID);
SLOT(IMAPISupport, 19, OpenEntry);
SLOT(IMAPISupport, 20, GetOneOffTable);
SLOT(IMAPISupport, 21, Address);
SLOT(IMAPISupport, 22, Details);
SLOT(IMAPISupport, 23, NewEntry);
SLOT(IMAPISupport, 24, DoConfigPropsheet);
SLOT(IMAPISupport, 25, CopyMessages);
SLOT(IMAPISupport, 26, CopyFolder);
SLOT(IMAPISupport, 27, DoCopyTo);
SLOT(IMAPISupport, 28, DoCopyProps);
SLOT(IMAPISupport, 29, DoProgressDialog);
SLOT(IMAPISupport, 30, ReadReceipt);
SLOT(IMAPISupport, 31, PrepareSubmit);
SLOT(IMAPISupport, 32, ExpandRecips);
SLOT(IMAPISupport, 33, UpdatePAB);
SLOT(IMAPISupport, 34, DoSentMail);
SLOT(IMAPISupport, 35, OpenAddressBook);
SLOT(IMAPISupport, 36, Preprocess);
SLOT(IMAPISupport, 37, CompleteMsg);
SLOT(IMAPISupport, 38, StoreLogoffTransports);
SLOT(IMAPISupport, 39, StatusRecips);
SLOT(IMAPISupport, 40, WrapStoreEntryID);
SLOT(IMAPISupport, 41, ModifyProfile);
SLOT(IMAPISupport, 42, IStorageFromStream);
SLOT(IMAPISupport, 43, GetSvcConfigSupportObj);
SLOTS(IMAPISupport, 44);

SLOT(IMAPIGetSession, 3, GetMAPISession);
SLOTS(IMAPIGetSession, 4);

SLOT(IOlkErrorUnknown, 3, GetLastError);
SLOTS(IOlkErrorUnknown, 4);

SLOT(IOlkAccountHelper, 3, Placeholder1);
SLOT(IOlkAccountHelper, 4, GetIdentity);
SLOT(IOlkAccountHelper, 5, GetMapiSession);
SLOT(IOlkAccountHelper, 6, HandsOffSession);
SLOTS(IOlkAccountHelper, 7);

SLOT(IOlkAccountNotify, 4, Notify);
SLOTS(IOlkAccountNotify, 5);

SLOT(IOlkEnum, 3, GetCount);
SLOT(IOlkEnum, 4, Reset);
SLOT(IOlkEnum, 5, GetNext);
SLOT(IOlkEnum, 6, Skip);
SLOTS(IOlkEnum, 7);

SLOT(IOlkAccount, 10, GetAccountInfo);
SLOT(IOlkAccount, 11, GetProp);
SLOT(IOlkAccount, 12, SetProp);
SLOT(IOlkAccount, 16, FreeMemory);
SLOT(IOlkAccount, 18, SaveChanges);
SLOTS(IOlkAccount, 19);

SLOT(IOlkAccountManager, 4, Init);
SLOT(IOlkAccountManager, 5, DisplayAccountList);
SLOT(IOlkAccountManager, 11, FindAccount);
SLOT(IOlkAccountManager, 15, DeleteAccount);
SLOT(IOlkAccountManager, 17, SaveChanges);
SLOT(IOlkAccountManager, 18, GetOrder);
SLOT(IOlkAccountManager, 19, SetOrder);
SLOT(IOlkAccountManager, 20, EnumerateAccounts);
SLOT(IOlkAccountManager, 23, FreeMemory);
SLOT(IOlkAccountManager, 24, Advise);
SLOT(IOlkAccountManager, 25, Unadvise);
SLOTS(IOlkAccountManager, 29);

SLOT(IConverterSession, 3, SetAdrBook);
SLOT(IConverterSession, 4, SetEncoding);
SLOT(IConverterSession, 6, MIMEToMAPI);
SLOT(IConverterSession, 7, MAPIToMIMEStm);
SLOT(IConverterSession, 11, SetTextWrapping);
SLOT(IConverterSession, 12, SetSaveFormat);
SLOT(IConverterSession, 14, SetCharset);
SLOTS(IConverterSession, 15);

SLOT(IMapiSessionInfo, 3, IsShared);
SLOT(IMapiSessionInfo, 4, WasJoined);
SLOT(IMapiSessionInfo, 5, IsShutdownPending);
SLOT(IMapiSessionInfo, 6, GetProfileName);
SLOT(IMapiSessionInfo, 7, GetPending);
SLOT(IMapiSessionInfo, 8, OpenSpoolerStore);
SLOTS(IMapiSessionInfo, 9);

SLOT(IMapiTableSpan, 3, KeepToPresentRows);
SLOT(IMapiTableSpan, 4, ExpectRows);
SLOTS(IMapiTableSpan, 5);

SLOT(IMapiStoreBatch, 3, Together);
SLOTS(IMapiStoreBatch, 4);

SLOT(IOlkAccountManagerEmbedded, 3, CreateAccount);
SLOT(IOlkAccountManagerEmbedded, 4, Dispatch);
SLOT(IOlkAccountManagerEmbedded, 5, SetManualDispatch);
SLOT(IOlkAccountManagerEmbedded, 6, GetPending);
SLOT(IOlkAccountManagerEmbedded, 7, SetHost);
SLOT(IOlkAccountManagerEmbedded, 8, HoldSecret);
SLOT(IOlkAccountManagerEmbedded, 9, FetchSecret);
SLOTS(IOlkAccountManagerEmbedded, 10);
