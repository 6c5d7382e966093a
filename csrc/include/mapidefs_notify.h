/*
 * mapidefs_notify.h - events and what is told about them. Part of mapidefs.h; include that.
 *
 * A notification and everything it points to is valid during IMAPIAdviseSink::OnNotify only
 * [imapiadvisesink-onnotify.md].
 */
#ifndef LUAMAPI_MAPIDEFS_NOTIFY_H
#define LUAMAPI_MAPIDEFS_NOTIFY_H

#define fnevCriticalError ((ULONG)0x00000001)
#define fnevNewMail ((ULONG)0x00000002)
#define fnevObjectCreated ((ULONG)0x00000004)
#define fnevObjectDeleted ((ULONG)0x00000008)
#define fnevObjectModified ((ULONG)0x00000010)
#define fnevObjectMoved ((ULONG)0x00000020)
#define fnevObjectCopied ((ULONG)0x00000040)
#define fnevSearchComplete ((ULONG)0x00000080)
#define fnevTableModified ((ULONG)0x00000100)
#define fnevStatusObjectModified ((ULONG)0x00000200)
#define fnevIndexing ((ULONG)0x00010000)
#define fnevReservedForMapi ((ULONG)0x40000000)
#define fnevExtended ((ULONG)0x80000000)

/* TABLE_NOTIFICATION::ulTableEvent. */
#define TABLE_CHANGED ((ULONG)1)
#define TABLE_ERROR ((ULONG)2)
#define TABLE_ROW_ADDED ((ULONG)3)
#define TABLE_ROW_DELETED ((ULONG)4)
#define TABLE_ROW_MODIFIED ((ULONG)5)
#define TABLE_SORT_DONE ((ULONG)6)
#define TABLE_RESTRICT_DONE ((ULONG)7)
#define TABLE_SETCOL_DONE ((ULONG)8)
#define TABLE_RELOAD ((ULONG)9)

/* OnNotify may answer this to a synchronous notification instead of S_OK. */
#define CALLBACK_DISCONTINUE ((ULONG)0x80000000)
/* IMAPISupport::Subscribe and Notify. */
#define NOTIFY_SYNC ((ULONG)0x40000000)
#define NOTIFY_CANCELED ((ULONG)0x80000000)

typedef struct ERROR_NOTIFICATION {
    ULONG cbEntryID;
    LPENTRYID lpEntryID; /* may be NULL */
    SCODE scode;
    ULONG ulFlags; /* MAPI_UNICODE if the strings of lpMAPIError are wide */
    LPMAPIERROR lpMAPIError;
} ERROR_NOTIFICATION;

typedef struct NEWMAIL_NOTIFICATION {
    ULONG cbEntryID;
    LPENTRYID lpEntryID;
    ULONG cbParentID;
    LPENTRYID lpParentID;
    ULONG ulFlags;
    LPTSTR lpszMessageClass;
    ULONG ulMessageFlags;
} NEWMAIL_NOTIFICATION;

typedef struct OBJECT_NOTIFICATION {
    ULONG cbEntryID;
    LPENTRYID lpEntryID;
    ULONG ulObjType;
    ULONG cbParentID;
    LPENTRYID lpParentID;
    ULONG cbOldID;
    LPENTRYID lpOldID;
    ULONG cbOldParentID;
    LPENTRYID lpOldParentID;
    LPSPropTagArray lpPropTagArray; /* NULL: unknown */
} OBJECT_NOTIFICATION;

typedef struct TABLE_NOTIFICATION {
    ULONG ulTableEvent;
    HRESULT hResult;
    SPropValue propIndex; /* PR_INSTANCE_KEY of the row */
    SPropValue propPrior; /* of the row before it; PR_NULL if it is the first */
    SRow row;
    ULONG ulPad;
} TABLE_NOTIFICATION;

typedef struct EXTENDED_NOTIFICATION {
    ULONG ulEvent;
    ULONG cb;
    LPBYTE pbEventParameters;
} EXTENDED_NOTIFICATION;

typedef struct STATUS_OBJECT_NOTIFICATION {
    ULONG cbEntryID;
    LPENTRYID lpEntryID;
    ULONG cValues;
    LPSPropValue lpPropVals;
} STATUS_OBJECT_NOTIFICATION;

typedef struct NOTIFICATION {
    ULONG ulEventType;
    ULONG ulAlignPad;
    union {
        ERROR_NOTIFICATION err;
        NEWMAIL_NOTIFICATION newmail;
        OBJECT_NOTIFICATION obj;
        TABLE_NOTIFICATION tab;
        EXTENDED_NOTIFICATION ext;
        STATUS_OBJECT_NOTIFICATION statobj;
    } info;
} NOTIFICATION, *LPNOTIFICATION;

typedef struct NOTIFKEY {
    ULONG cb;
    BYTE ab[MAPI_DIM];
} NOTIFKEY, *LPNOTIFKEY;

#define CbNewNOTIFKEY(cb) (offsetof(NOTIFKEY, ab) + (cb))

typedef ULONG(STDAPICALLTYPE NOTIFCALLBACK)(LPVOID lpvContext, ULONG cNotification, LPNOTIFICATION lpNotifications);
typedef NOTIFCALLBACK *LPNOTIFCALLBACK;

#endif
