/*
 * mapidefs_objects.h - the interfaces that clients and providers share, and the flags of their methods.
 * Part of mapidefs.h; include that.
 *
 * Every list of methods starts with the list of its base, so the slots of an interface are the slots of its base
 * followed by its own, in the order of the documentation; base/layout.c asserts the numbers.
 */
#ifndef LUAMAPI_MAPIDEFS_OBJECTS_H
#define LUAMAPI_MAPIDEFS_OBJECTS_H

typedef struct IMAPIProp IMAPIProp, *LPMAPIPROP;
typedef struct IMAPITable IMAPITable, *LPMAPITABLE;
typedef struct IMAPIContainer IMAPIContainer, *LPMAPICONTAINER;
typedef struct IMAPIFolder IMAPIFolder, *LPMAPIFOLDER;
typedef struct IMsgStore IMsgStore, *LPMDB;
typedef struct IMessage IMessage, *LPMESSAGE;
typedef struct IAttach IAttach, *LPATTACH;
typedef struct IMAPIStatus IMAPIStatus, *LPMAPISTATUS;
typedef struct IProfSect IProfSect, *LPPROFSECT;
typedef struct IMailUser IMailUser, *LPMAILUSER;
typedef struct IABContainer IABContainer, *LPABCONT;
typedef struct IDistList IDistList, *LPDISTLIST;
typedef struct IMAPIAdviseSink IMAPIAdviseSink, *LPMAPIADVISESINK;
typedef struct IMAPIProgress IMAPIProgress, *LPMAPIPROGRESS;
typedef struct IMAPIControl IMAPIControl, *LPMAPICONTROL;
typedef struct IProviderAdmin IProviderAdmin, *LPPROVIDERADMIN;

/* The memory functions, as they are handed to providers. */
typedef SCODE(STDAPICALLTYPE ALLOCATEBUFFER)(ULONG cbSize, LPVOID *lppBuffer);
typedef SCODE(STDAPICALLTYPE ALLOCATEMORE)(ULONG cbSize, LPVOID lpObject, LPVOID *lppBuffer);
typedef ULONG(STDAPICALLTYPE FREEBUFFER)(LPVOID lpBuffer);
typedef ALLOCATEBUFFER *LPALLOCATEBUFFER;
typedef ALLOCATEMORE *LPALLOCATEMORE;
typedef FREEBUFFER *LPFREEBUFFER;

/* GetLastError, the first method of many interfaces. */
#define MAPI_GETLASTERROR_METHOD(IFACE)                                                                              \
    MAPI_METHOD(GetLastError)(IFACE *This, HRESULT hResult, ULONG ulFlags, LPMAPIERROR *lppMAPIError);

/* IMAPIProp: slots 3 to 13 */
#define IMAPIPROP_METHODS(IFACE)                                                                                     \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(SaveChanges)(IFACE *This, ULONG ulFlags);                                                            \
    MAPI_METHOD(GetProps)(IFACE *This, LPSPropTagArray lpPropTagArray, ULONG ulFlags, ULONG *lpcValues,              \
                          LPSPropValue *lppPropArray);                                                               \
    MAPI_METHOD(GetPropList)(IFACE *This, ULONG ulFlags, LPSPropTagArray *lppPropTagArray);                          \
    MAPI_METHOD(OpenProperty)(IFACE *This, ULONG ulPropTag, LPCIID lpiid, ULONG ulInterfaceOptions, ULONG ulFlags,   \
                              LPUNKNOWN *lppUnk);                                                                    \
    MAPI_METHOD(SetProps)(IFACE *This, ULONG cValues, LPSPropValue lpPropArray, LPSPropProblemArray *lppProblems);   \
    MAPI_METHOD(DeleteProps)(IFACE *This, LPSPropTagArray lpPropTagArray, LPSPropProblemArray *lppProblems);         \
    MAPI_METHOD(CopyTo)(IFACE *This, ULONG ciidExclude, LPCIID rgiidExclude, LPSPropTagArray lpExcludeProps,         \
                        ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress, LPCIID lpInterface, LPVOID lpDestObj,        \
                        ULONG ulFlags, LPSPropProblemArray *lppProblems);                                            \
    MAPI_METHOD(CopyProps)(IFACE *This, LPSPropTagArray lpIncludeProps, ULONG_PTR ulUIParam,                         \
                           LPMAPIPROGRESS lpProgress, LPCIID lpInterface, LPVOID lpDestObj, ULONG ulFlags,           \
                           LPSPropProblemArray *lppProblems);                                                        \
    MAPI_METHOD(GetNamesFromIDs)(IFACE *This, LPSPropTagArray *lppPropTags, LPGUID lpPropSetGuid, ULONG ulFlags,     \
                                 ULONG *lpcPropNames, LPMAPINAMEID **lpppPropNames);                                 \
    MAPI_METHOD(GetIDsFromNames)(IFACE *This, ULONG cPropNames, LPMAPINAMEID *lppPropNames, ULONG ulFlags,           \
                                 LPSPropTagArray *lppPropTags);

MAPI_INTERFACE(IMAPIProp, IMAPIPROP_METHODS);

/* A profile section and a mail user are property objects and nothing else; an attachment, too. */
MAPI_INTERFACE(IProfSect, IMAPIPROP_METHODS);
MAPI_INTERFACE(IMailUser, IMAPIPROP_METHODS);
MAPI_INTERFACE(IAttach, IMAPIPROP_METHODS);

/* IMAPITable: slots 3 to 25 */
#define TBL_ALL_COLUMNS ((ULONG)0x00000001) /* QueryColumns */
#define TBL_NOADVANCE ((ULONG)0x00000001)   /* QueryRows */
#define TBL_ASYNC ((ULONG)0x00000001)       /* SetColumns, Restrict, SortTable */
#define TBL_BATCH ((ULONG)0x00000002)
#define DIR_BACKWARD ((ULONG)0x00000001) /* FindRow */

#define TBLTYPE_SNAPSHOT ((ULONG)0)
#define TBLTYPE_KEYSET ((ULONG)1)
#define TBLTYPE_DYNAMIC ((ULONG)2)

#define TBLSTAT_COMPLETE ((ULONG)0)
#define TBLSTAT_QCHANGED ((ULONG)7)
#define TBLSTAT_SORTING ((ULONG)9)
#define TBLSTAT_SORT_ERROR ((ULONG)10)
#define TBLSTAT_SETTING_COLS ((ULONG)11)
#define TBLSTAT_SETCOL_ERROR ((ULONG)13)
#define TBLSTAT_RESTRICTING ((ULONG)14)
#define TBLSTAT_RESTRICT_ERROR ((ULONG)15)

#define BOOKMARK_BEGINNING ((BOOKMARK)0)
#define BOOKMARK_CURRENT ((BOOKMARK)1)
#define BOOKMARK_END ((BOOKMARK)2)

#define IMAPITABLE_METHODS(IFACE)                                                                                    \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(Advise)(IFACE *This, ULONG ulEventMask, LPMAPIADVISESINK lpAdviseSink, ULONG_PTR *lpulConnection);   \
    MAPI_METHOD(Unadvise)(IFACE *This, ULONG_PTR ulConnection);                                                      \
    MAPI_METHOD(GetStatus)(IFACE *This, ULONG *lpulTableStatus, ULONG *lpulTableType);                               \
    MAPI_METHOD(SetColumns)(IFACE *This, LPSPropTagArray lpPropTagArray, ULONG ulFlags);                             \
    MAPI_METHOD(QueryColumns)(IFACE *This, ULONG ulFlags, LPSPropTagArray *lpPropTagArray);                          \
    MAPI_METHOD(GetRowCount)(IFACE *This, ULONG ulFlags, ULONG *lpulCount);                                          \
    MAPI_METHOD(SeekRow)(IFACE *This, BOOKMARK bkOrigin, LONG lRowCount, LONG *lplRowsSought);                       \
    MAPI_METHOD(SeekRowApprox)(IFACE *This, ULONG ulNumerator, ULONG ulDenominator);                                 \
    MAPI_METHOD(QueryPosition)(IFACE *This, ULONG *lpulRow, ULONG *lpulNumerator, ULONG *lpulDenominator);           \
    MAPI_METHOD(FindRow)(IFACE *This, LPSRestriction lpRestriction, BOOKMARK bkOrigin, ULONG ulFlags);               \
    MAPI_METHOD(Restrict)(IFACE *This, LPSRestriction lpRestriction, ULONG ulFlags);                                 \
    MAPI_METHOD(CreateBookmark)(IFACE *This, BOOKMARK *lpbkPosition);                                                \
    MAPI_METHOD(FreeBookmark)(IFACE *This, BOOKMARK bkPosition);                                                     \
    MAPI_METHOD(SortTable)(IFACE *This, LPSSortOrderSet lpSortCriteria, ULONG ulFlags);                              \
    MAPI_METHOD(QuerySortOrder)(IFACE *This, LPSSortOrderSet *lppSortCriteria);                                      \
    MAPI_METHOD(QueryRows)(IFACE *This, LONG lRowCount, ULONG ulFlags, LPSRowSet *lppRows);                          \
    MAPI_METHOD(Abort)(IFACE *This);                                                                                 \
    MAPI_METHOD(ExpandRow)(IFACE *This, ULONG cbInstanceKey, LPBYTE pbInstanceKey, ULONG ulRowCount, ULONG ulFlags,  \
                           LPSRowSet *lppRows, ULONG *lpulMoreRows);                                                 \
    MAPI_METHOD(CollapseRow)(IFACE *This, ULONG cbInstanceKey, LPBYTE pbInstanceKey, ULONG ulFlags,                  \
                             ULONG *lpulRowCount);                                                                   \
    MAPI_METHOD(WaitForCompletion)(IFACE *This, ULONG ulFlags, ULONG ulTimeout, ULONG *lpulTableStatus);             \
    MAPI_METHOD(GetCollapseState)(IFACE *This, ULONG ulFlags, ULONG cbInstanceKey, LPBYTE lpbInstanceKey,            \
                                  ULONG *lpcbCollapseState, LPBYTE *lppbCollapseState);                              \
    MAPI_METHOD(SetCollapseState)(IFACE *This, ULONG ulFlags, ULONG cbCollapseState, LPBYTE pbCollapseState,         \
                                  BOOKMARK *lpbkLocation);

MAPI_INTERFACE(IMAPITable, IMAPITABLE_METHODS);

/* OpenEntry as containers, stores, the session, the address book and logon objects have it. */
#define MAPI_OPENENTRY_METHOD(IFACE)                                                                                 \
    MAPI_METHOD(OpenEntry)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, LPCIID lpInterface, ULONG ulFlags,     \
                           ULONG *lpulObjType, LPUNKNOWN *lppUnk);

/* CompareEntryIDs, Advise and Unadvise; IMsgStore, the session, the address book and logon objects have them. */
#define MAPI_COMPAREENTRYIDS_METHOD(IFACE)                                                                           \
    MAPI_METHOD(CompareEntryIDs)(IFACE *This, ULONG cbEntryID1, LPENTRYID lpEntryID1, ULONG cbEntryID2,              \
                                 LPENTRYID lpEntryID2, ULONG ulFlags, ULONG *lpulResult);
#define MAPI_ADVISE_METHODS(IFACE)                                                                                   \
    MAPI_METHOD(Advise)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulEventMask,                        \
                        LPMAPIADVISESINK lpAdviseSink, ULONG_PTR *lpulConnection);                                   \
    MAPI_METHOD(Unadvise)(IFACE *This, ULONG_PTR ulConnection);

/* IMAPIContainer: slots 14 to 18 */
#define CONVENIENT_DEPTH ((ULONG)0x00000001) /* GetHierarchyTable */

#define STOP_SEARCH ((ULONG)0x00000001) /* SetSearchCriteria */
#define RESTART_SEARCH ((ULONG)0x00000002)
#define RECURSIVE_SEARCH ((ULONG)0x00000004)
#define SHALLOW_SEARCH ((ULONG)0x00000008)
#define FOREGROUND_SEARCH ((ULONG)0x00000010)
#define BACKGROUND_SEARCH ((ULONG)0x00000020)

#define SEARCH_RUNNING ((ULONG)0x00000001) /* GetSearchCriteria */
#define SEARCH_REBUILD ((ULONG)0x00000002)
#define SEARCH_RECURSIVE ((ULONG)0x00000004)
#define SEARCH_FOREGROUND ((ULONG)0x00000008)

#define IMAPICONTAINER_METHODS(IFACE)                                                                                \
    IMAPIPROP_METHODS(IFACE)                                                                                         \
    MAPI_METHOD(GetContentsTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                                \
    MAPI_METHOD(GetHierarchyTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                               \
    MAPI_OPENENTRY_METHOD(IFACE)                                                                                     \
    MAPI_METHOD(SetSearchCriteria)(IFACE *This, LPSRestriction lpRestriction, LPENTRYLIST lpContainerList,           \
                                   ULONG ulSearchFlags);                                                             \
    MAPI_METHOD(GetSearchCriteria)(IFACE *This, ULONG ulFlags, LPSRestriction *lppRestriction,                       \
                                   LPENTRYLIST *lppContainerList, ULONG *lpulSearchState);

MAPI_INTERFACE(IMAPIContainer, IMAPICONTAINER_METHODS);

/* IABContainer and IDistList: slots 19 to 22 */
#define IABCONTAINER_METHODS(IFACE)                                                                                  \
    IMAPICONTAINER_METHODS(IFACE)                                                                                    \
    MAPI_METHOD(CreateEntry)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulCreateFlags,                 \
                             LPMAPIPROP *lppMAPIPropEntry);                                                          \
    MAPI_METHOD(CopyEntries)(IFACE *This, LPENTRYLIST lpEntries, ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress,     \
                             ULONG ulFlags);                                                                         \
    MAPI_METHOD(DeleteEntries)(IFACE *This, LPENTRYLIST lpEntries, ULONG ulFlags);                                   \
    MAPI_METHOD(ResolveNames)(IFACE *This, LPSPropTagArray lpPropTagArray, ULONG ulFlags, LPADRLIST lpAdrList,       \
                              LPFlagList lpFlagList);

MAPI_INTERFACE(IABContainer, IABCONTAINER_METHODS);
MAPI_INTERFACE(IDistList, IABCONTAINER_METHODS);

/* IMAPIFolder: slots 19 to 29 */
#define FOLDER_ROOT ((ULONG)0) /* PR_FOLDER_TYPE */
#define FOLDER_GENERIC ((ULONG)1)
#define FOLDER_SEARCH ((ULONG)2)

#define OPEN_IF_EXISTS ((ULONG)0x00000001)  /* CreateFolder */
#define ITEMPROC_FORCE ((ULONG)0x00000800)  /* CreateMessage */
#define MESSAGE_MOVE ((ULONG)0x00000001)    /* CopyMessages */
#define MESSAGE_DIALOG ((ULONG)0x00000002)  /* CopyMessages, DeleteMessages, SetReadFlags */
#define FOLDER_MOVE ((ULONG)0x00000001)     /* CopyFolder */
#define FOLDER_DIALOG ((ULONG)0x00000002)   /* CopyFolder, DeleteFolder, EmptyFolder */
#define COPY_SUBFOLDERS ((ULONG)0x00000010) /* CopyFolder */
#define DEL_MESSAGES ((ULONG)0x00000001)    /* DeleteFolder */
#define DEL_FOLDERS ((ULONG)0x00000004)     /* DeleteFolder */
#define DEL_ASSOCIATED ((ULONG)0x00000008)  /* EmptyFolder */
#define DELETE_HARD_DELETE ((ULONG)0x00000010)
#define RECURSIVE_SORT ((ULONG)0x00000002) /* SaveContentsSort */

#define MSGSTATUS_HIGHLIGHTED ((ULONG)0x00000001)
#define MSGSTATUS_TAGGED ((ULONG)0x00000002)
#define MSGSTATUS_HIDDEN ((ULONG)0x00000004)
#define MSGSTATUS_DELMARKED ((ULONG)0x00000008)
#define MSGSTATUS_REMOTE_DOWNLOAD ((ULONG)0x00001000)
#define MSGSTATUS_REMOTE_DELETE ((ULONG)0x00002000)

#define IMAPIFOLDER_METHODS(IFACE)                                                                                   \
    IMAPICONTAINER_METHODS(IFACE)                                                                                    \
    MAPI_METHOD(CreateMessage)(IFACE *This, LPCIID lpInterface, ULONG ulFlags, LPMESSAGE *lppMessage);               \
    MAPI_METHOD(CopyMessages)(IFACE *This, LPENTRYLIST lpMsgList, LPCIID lpInterface, LPVOID lpDestFolder,           \
                              ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress, ULONG ulFlags);                        \
    MAPI_METHOD(DeleteMessages)(IFACE *This, LPENTRYLIST lpMsgList, ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress,  \
                                ULONG ulFlags);                                                                      \
    MAPI_METHOD(CreateFolder)(IFACE *This, ULONG ulFolderType, LPTSTR lpszFolderName, LPTSTR lpszFolderComment,      \
                              LPCIID lpInterface, ULONG ulFlags, LPMAPIFOLDER *lppFolder);                           \
    MAPI_METHOD(CopyFolder)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, LPCIID lpInterface,                   \
                            LPVOID lpDestFolder, LPTSTR lpszNewFolderName, ULONG_PTR ulUIParam,                      \
                            LPMAPIPROGRESS lpProgress, ULONG ulFlags);                                               \
    MAPI_METHOD(DeleteFolder)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, ULONG_PTR ulUIParam,                \
                              LPMAPIPROGRESS lpProgress, ULONG ulFlags);                                             \
    MAPI_METHOD(SetReadFlags)(IFACE *This, LPENTRYLIST lpMsgList, ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress,    \
                              ULONG ulFlags);                                                                        \
    MAPI_METHOD(GetMessageStatus)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulFlags,                  \
                                  ULONG *lpulMessageStatus);                                                         \
    MAPI_METHOD(SetMessageStatus)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulNewStatus,              \
                                  ULONG ulNewStatusMask, ULONG *lpulOldStatus);                                      \
    MAPI_METHOD(SaveContentsSort)(IFACE *This, LPSSortOrderSet lpSortCriteria, ULONG ulFlags);                       \
    MAPI_METHOD(EmptyFolder)(IFACE *This, ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress, ULONG ulFlags);

MAPI_INTERFACE(IMAPIFolder, IMAPIFOLDER_METHODS);

/* IMsgStore: slots 14 to 26 */
#define MSG_LOCKED ((ULONG)0x00000001) /* SetLockState */
#define MSG_UNLOCKED ((ULONG)0x00000000)

#define LOGOFF_NO_WAIT ((ULONG)0x00000001) /* StoreLogoff, in */
#define LOGOFF_ORDERLY ((ULONG)0x00000002)
#define LOGOFF_PURGE ((ULONG)0x00000004)
#define LOGOFF_ABORT ((ULONG)0x00000008)
#define LOGOFF_QUIET ((ULONG)0x00000010)
#define LOGOFF_COMPLETE ((ULONG)0x00010000) /* StoreLogoff, out */
#define LOGOFF_INBOUND ((ULONG)0x00020000)
#define LOGOFF_OUTBOUND ((ULONG)0x00040000)
#define LOGOFF_OUTBOUND_QUEUE ((ULONG)0x00080000)

#define IMSGSTORE_METHODS(IFACE)                                                                                     \
    IMAPIPROP_METHODS(IFACE)                                                                                         \
    MAPI_ADVISE_METHODS(IFACE)                                                                                       \
    MAPI_COMPAREENTRYIDS_METHOD(IFACE)                                                                               \
    MAPI_OPENENTRY_METHOD(IFACE)                                                                                     \
    MAPI_METHOD(SetReceiveFolder)(IFACE *This, LPTSTR lpszMessageClass, ULONG ulFlags, ULONG cbEntryID,              \
                                  LPENTRYID lpEntryID);                                                              \
    MAPI_METHOD(GetReceiveFolder)(IFACE *This, LPTSTR lpszMessageClass, ULONG ulFlags, ULONG *lpcbEntryID,           \
                                  LPENTRYID *lppEntryID, LPTSTR *lppszExplicitClass);                                \
    MAPI_METHOD(GetReceiveFolderTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                           \
    MAPI_METHOD(StoreLogoff)(IFACE *This, ULONG *lpulFlags);                                                         \
    MAPI_METHOD(AbortSubmit)(IFACE *This, ULONG cbEntryID, LPENTRYID lpEntryID, ULONG ulFlags);                      \
    MAPI_METHOD(GetOutgoingQueue)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                                \
    MAPI_METHOD(SetLockState)(IFACE *This, LPMESSAGE lpMessage, ULONG ulLockState);                                  \
    MAPI_METHOD(FinishedMsg)(IFACE *This, ULONG ulFlags, ULONG cbEntryID, LPENTRYID lpEntryID);                      \
    MAPI_METHOD(NotifyNewMail)(IFACE *This, LPNOTIFICATION lpNotification);

MAPI_INTERFACE(IMsgStore, IMSGSTORE_METHODS);

/* IMessage: slots 14 to 21 */
#define MODRECIP_ADD ((ULONG)0x00000002) /* ModifyRecipients */
#define MODRECIP_MODIFY ((ULONG)0x00000004)
#define MODRECIP_REMOVE ((ULONG)0x00000008)

#define FORCE_SUBMIT ((ULONG)0x00000001)  /* SubmitMessage */
#define ATTACH_DIALOG ((ULONG)0x00000001) /* DeleteAttach */

#define SUPPRESS_RECEIPT ((ULONG)0x00000001) /* SetReadFlag, SetReadFlags */
#define CLEAR_READ_FLAG ((ULONG)0x00000004)
#define GENERATE_RECEIPT_ONLY ((ULONG)0x00000010)
#define CLEAR_RN_PENDING ((ULONG)0x00000020)
#define CLEAR_NRN_PENDING ((ULONG)0x00000040)

#define IMESSAGE_METHODS(IFACE)                                                                                      \
    IMAPIPROP_METHODS(IFACE)                                                                                         \
    MAPI_METHOD(GetAttachmentTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                              \
    MAPI_METHOD(OpenAttach)(IFACE *This, ULONG ulAttachmentNum, LPCIID lpInterface, ULONG ulFlags,                   \
                            LPATTACH *lppAttach);                                                                    \
    MAPI_METHOD(CreateAttach)(IFACE *This, LPCIID lpInterface, ULONG ulFlags, ULONG *lpulAttachmentNum,              \
                              LPATTACH *lppAttach);                                                                  \
    MAPI_METHOD(DeleteAttach)(IFACE *This, ULONG ulAttachmentNum, ULONG_PTR ulUIParam, LPMAPIPROGRESS lpProgress,    \
                              ULONG ulFlags);                                                                        \
    MAPI_METHOD(GetRecipientTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                               \
    MAPI_METHOD(ModifyRecipients)(IFACE *This, ULONG ulFlags, LPADRLIST lpMods);                                     \
    MAPI_METHOD(SubmitMessage)(IFACE *This, ULONG ulFlags);                                                          \
    MAPI_METHOD(SetReadFlag)(IFACE *This, ULONG ulFlags);

MAPI_INTERFACE(IMessage, IMESSAGE_METHODS);

/* IMAPIStatus: slots 14 to 17 */
#define SUPPRESS_UI ((ULONG)0x00000001) /* ValidateState */
#define REFRESH_XP_HEADER_CACHE ((ULONG)0x00010000)
#define PROCESS_XP_HEADER_CACHE ((ULONG)0x00020000)
#define FORCE_XP_CONNECT ((ULONG)0x00040000)
#define FORCE_XP_DISCONNECT ((ULONG)0x00080000)
#define CONFIG_CHANGED ((ULONG)0x00100000)
#define ABORT_XP_HEADER_OPERATION ((ULONG)0x00200000)
#define SHOW_XP_SESSION_UI ((ULONG)0x00400000)
#define UI_READONLY ((ULONG)0x00000001) /* SettingsDialog */
#define FLUSH_UPLOAD ((ULONG)0x00000002) /* FlushQueues */
#define FLUSH_DOWNLOAD ((ULONG)0x00000004)
#define FLUSH_FORCE ((ULONG)0x00000008)
#define FLUSH_NO_UI ((ULONG)0x00000010)
#define FLUSH_ASYNC_OK ((ULONG)0x00000020)

#define IMAPISTATUS_METHODS(IFACE)                                                                                   \
    IMAPIPROP_METHODS(IFACE)                                                                                         \
    MAPI_METHOD(ValidateState)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags);                                     \
    MAPI_METHOD(SettingsDialog)(IFACE *This, ULONG_PTR ulUIParam, ULONG ulFlags);                                    \
    MAPI_METHOD(ChangePassword)(IFACE *This, LPTSTR lpOldPass, LPTSTR lpNewPass, ULONG ulFlags);                     \
    MAPI_METHOD(FlushQueues)(IFACE *This, ULONG_PTR ulUIParam, ULONG cbTargetTransport,                              \
                             LPENTRYID lpTargetTransport, ULONG ulFlags);

MAPI_INTERFACE(IMAPIStatus, IMAPISTATUS_METHODS);

/* IMAPIAdviseSink: slot 3 */
#define IMAPIADVISESINK_METHODS(IFACE)                                                                               \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD_(ULONG, OnNotify)(IFACE *This, ULONG cNotif, LPNOTIFICATION lpNotifications);

MAPI_INTERFACE(IMAPIAdviseSink, IMAPIADVISESINK_METHODS);

/* IMAPIProgress: slots 3 to 7 */
#define MAPI_TOP_LEVEL ((ULONG)0x00000001)

#define IMAPIPROGRESS_METHODS(IFACE)                                                                                 \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(Progress)(IFACE *This, ULONG ulValue, ULONG ulCount, ULONG ulTotal);                                 \
    MAPI_METHOD(GetFlags)(IFACE *This, ULONG *lpulFlags);                                                            \
    MAPI_METHOD(GetMax)(IFACE *This, ULONG *lpulMax);                                                                \
    MAPI_METHOD(GetMin)(IFACE *This, ULONG *lpulMin);                                                                \
    MAPI_METHOD(SetLimits)(IFACE *This, ULONG *lpulMin, ULONG *lpulMax, ULONG *lpulFlags);

MAPI_INTERFACE(IMAPIProgress, IMAPIPROGRESS_METHODS);

/* IMAPIControl: slots 3 to 5 */
#define MAPI_ENABLED ((ULONG)0x00000000)
#define MAPI_DISABLED ((ULONG)0x00000001)

#define IMAPICONTROL_METHODS(IFACE)                                                                                  \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(Activate)(IFACE *This, ULONG ulFlags, ULONG_PTR ulUIParam);                                          \
    MAPI_METHOD(GetState)(IFACE *This, ULONG ulFlags, ULONG *lpulState);

MAPI_INTERFACE(IMAPIControl, IMAPICONTROL_METHODS);

/* IProviderAdmin: slots 3 to 7 */
#define IPROVIDERADMIN_METHODS(IFACE)                                                                                \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_GETLASTERROR_METHOD(IFACE)                                                                                  \
    MAPI_METHOD(GetProviderTable)(IFACE *This, ULONG ulFlags, LPMAPITABLE *lppTable);                                \
    MAPI_METHOD(CreateProvider)(IFACE *This, LPTSTR lpszProvider, ULONG cValues, LPSPropValue lpProps,               \
                                ULONG_PTR ulUIParam, ULONG ulFlags, LPMAPIUID lpUID);                                \
    MAPI_METHOD(DeleteProvider)(IFACE *This, LPMAPIUID lpUID);                                                       \
    MAPI_METHOD(OpenProfileSection)(IFACE *This, LPMAPIUID lpUID, LPCIID lpInterface, ULONG ulFlags,                 \
                                    LPPROFSECT *lppProfSect);

MAPI_INTERFACE(IProviderAdmin, IPROVIDERADMIN_METHODS);

#endif
