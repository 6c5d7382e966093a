/*
 * mapidefs.h - property values, rows, restrictions, notifications: the data that MAPI calls exchange, and the
 * flags that belong to them. The interfaces themselves are in mapidefs_objects.h, which this header includes.
 *
 * Structures are laid out as MAPI lays them out, pads included, on 32-bit and 64-bit systems alike;
 * base/layout.c asserts it. An array whose length is given by a counter is declared with MAPI_DIM elements;
 * use the CbNew... macros for its real size and the Sized... macros for static ones.
 */
#ifndef LUAMAPI_MAPIDEFS_H
#define LUAMAPI_MAPIDEFS_H

#include <string.h>

#include "mapiwin.h"

#define MAPI_DIM 1

typedef ULONG FLAGS;
typedef ULONG_PTR BOOKMARK;

/* Flags that many methods take. */
#define MAPI_UNICODE ((ULONG)0x80000000) /* the strings of this call are UTF-16 */
#define MAPI_DEFERRED_ERRORS ((ULONG)0x00000008)
#define MAPI_MODIFY ((ULONG)0x00000001)
#define MAPI_CREATE ((ULONG)0x00000002)
#define MAPI_BEST_ACCESS ((ULONG)0x00000010)
#define MAPI_ASSOCIATED ((ULONG)0x00000040)
#define MAPI_NO_CACHE ((ULONG)0x00000200)
#define MAPI_CACHE_ONLY ((ULONG)0x00004000)
#define SHOW_SOFT_DELETES ((ULONG)0x00000002)

/* Kinds of objects, PR_OBJECT_TYPE [pidtagobjecttype-canonical-property.md]. */
#define MAPI_STORE ((ULONG)0x1)
#define MAPI_ADDRBOOK ((ULONG)0x2)
#define MAPI_FOLDER ((ULONG)0x3)
#define MAPI_ABCONT ((ULONG)0x4)
#define MAPI_MESSAGE ((ULONG)0x5)
#define MAPI_MAILUSER ((ULONG)0x6)
#define MAPI_ATTACH ((ULONG)0x7)
#define MAPI_DISTLIST ((ULONG)0x8)
#define MAPI_PROFSECT ((ULONG)0x9)
#define MAPI_STATUS ((ULONG)0xA)
#define MAPI_SESSION ((ULONG)0xB)
#define MAPI_FORMINFO ((ULONG)0xC)

/* Identifiers ------------------------------------------------------------------------------------------------- */

typedef struct MAPIUID {
    BYTE ab[16];
} MAPIUID, *LPMAPIUID;

#define IsEqualMAPIUID(a, b) (memcmp((a), (b), sizeof(MAPIUID)) == 0)

typedef struct ENTRYID {
    BYTE abFlags[4];
    BYTE ab[MAPI_DIM];
} ENTRYID, *LPENTRYID;

#define CbNewENTRYID(cb) (offsetof(ENTRYID, ab) + (cb))

/* abFlags[0] and abFlags[1]; a long-term entry identifier has neither [entryid.md]. */
#define MAPI_SHORTTERM 0x80
#define MAPI_NOTRECIP 0x40
#define MAPI_THISSESSION 0x20
#define MAPI_NOW 0x10
#define MAPI_NOTRESERVED 0x08
#define MAPI_COMPOUND 0x80

/* The version and the flags of a one-off entry identifier (MAPI_ONE_OFF_UID is in mapiguid.h). */
#define MAPI_ONE_OFF_UNICODE 0x8000
#define MAPI_ONE_OFF_NO_RICH_INFO 0x0001

/* Property tags and types ------------------------------------------------------------------------------------- */

#define PROP_TYPE_MASK ((ULONG)0x0000FFFF)
#define PROP_TYPE(tag) (((ULONG)(tag)) & PROP_TYPE_MASK)
#define PROP_ID(tag) (((ULONG)(tag)) >> 16)
#define PROP_TAG(type, id) ((((ULONG)(id)) << 16) | ((ULONG)(type)))
#define CHANGE_PROP_TYPE(tag, type) (((ULONG)0xFFFF0000 & (tag)) | (type))

#define PROP_ID_NULL 0
#define PROP_ID_INVALID 0xFFFF
#define PROP_ID_SECURE_MIN 0x67F0 /* left out of GetPropList, and of GetProps without tags */
#define PROP_ID_SECURE_MAX 0x67FF
#define PROP_ID_NAMED_MIN 0x8000 /* ours: named properties [property-identifier-ranges.md] */
#define PROP_ID_NAMED_MAX 0xFFFE

#define MV_FLAG 0x1000
#define MV_INSTANCE 0x2000
#define MVI_FLAG (MV_FLAG | MV_INSTANCE)
#define MVI_PROP(tag) ((tag) | MVI_FLAG)

#define PT_UNSPECIFIED ((ULONG)0x0000)
#define PT_NULL ((ULONG)0x0001)
#define PT_I2 ((ULONG)0x0002)
#define PT_LONG ((ULONG)0x0003)
#define PT_R4 ((ULONG)0x0004)
#define PT_DOUBLE ((ULONG)0x0005)
#define PT_CURRENCY ((ULONG)0x0006)
#define PT_APPTIME ((ULONG)0x0007)
#define PT_ERROR ((ULONG)0x000A)
#define PT_BOOLEAN ((ULONG)0x000B)
#define PT_OBJECT ((ULONG)0x000D)
#define PT_I8 ((ULONG)0x0014)
#define PT_STRING8 ((ULONG)0x001E)
#define PT_UNICODE ((ULONG)0x001F)
#define PT_SYSTIME ((ULONG)0x0040)
#define PT_CLSID ((ULONG)0x0048)
#define PT_BINARY ((ULONG)0x0102)
#define PT_PTR ((ULONG)0x0103) /* within one process only */
#define PT_SRESTRICTION ((ULONG)0x00FD)
#define PT_ACTIONS ((ULONG)0x00FE)

#define PT_SHORT PT_I2
#define PT_I4 PT_LONG
#define PT_FLOAT PT_R4
#define PT_R8 PT_DOUBLE
#define PT_LONGLONG PT_I8

#define PT_MV_I2 (MV_FLAG | PT_I2)
#define PT_MV_LONG (MV_FLAG | PT_LONG)
#define PT_MV_R4 (MV_FLAG | PT_R4)
#define PT_MV_DOUBLE (MV_FLAG | PT_DOUBLE)
#define PT_MV_CURRENCY (MV_FLAG | PT_CURRENCY)
#define PT_MV_APPTIME (MV_FLAG | PT_APPTIME)
#define PT_MV_I8 (MV_FLAG | PT_I8)
#define PT_MV_STRING8 (MV_FLAG | PT_STRING8)
#define PT_MV_UNICODE (MV_FLAG | PT_UNICODE)
#define PT_MV_SYSTIME (MV_FLAG | PT_SYSTIME)
#define PT_MV_CLSID (MV_FLAG | PT_CLSID)
#define PT_MV_BINARY (MV_FLAG | PT_BINARY)
#define PT_MV_SHORT PT_MV_I2
#define PT_MV_I4 PT_MV_LONG
#define PT_MV_FLOAT PT_MV_R4
#define PT_MV_R8 PT_MV_DOUBLE
#define PT_MV_LONGLONG PT_MV_I8

/* The types of TCHAR strings; the explicit PT_STRING8 and PT_UNICODE say what they mean. */
#ifdef UNICODE
#define PT_TSTRING PT_UNICODE
#define PT_MV_TSTRING PT_MV_UNICODE
#define LPSZ lpszW
#define MVSZ MVszW
#else
#define PT_TSTRING PT_STRING8
#define PT_MV_TSTRING PT_MV_STRING8
#define LPSZ lpszA
#define MVSZ MVszA
#endif

/* Property values --------------------------------------------------------------------------------------------- */

typedef struct SBinary {
    ULONG cb;
    LPBYTE lpb;
} SBinary, *LPSBinary;

typedef struct SShortArray {
    ULONG cValues;
    short int *lpi;
} SShortArray;

typedef struct SLongArray {
    ULONG cValues;
    LONG *lpl;
} SLongArray;

typedef struct SRealArray {
    ULONG cValues;
    float *lpflt;
} SRealArray;

typedef struct SDoubleArray {
    ULONG cValues;
    double *lpdbl;
} SDoubleArray;

typedef struct SCurrencyArray {
    ULONG cValues;
    CURRENCY *lpcur;
} SCurrencyArray;

typedef struct SAppTimeArray {
    ULONG cValues;
    double *lpat;
} SAppTimeArray;

typedef struct SDateTimeArray {
    ULONG cValues;
    FILETIME *lpft;
} SDateTimeArray;

typedef struct SBinaryArray {
    ULONG cValues;
    SBinary *lpbin;
} SBinaryArray;

typedef struct SLPSTRArray {
    ULONG cValues;
    LPSTR *lppszA;
} SLPSTRArray;

typedef struct SWStringArray {
    ULONG cValues;
    LPWSTR *lppszW;
} SWStringArray;

typedef struct SGuidArray {
    ULONG cValues;
    GUID *lpguid;
} SGuidArray;

typedef struct SLargeIntegerArray {
    ULONG cValues;
    LARGE_INTEGER *lpli;
} SLargeIntegerArray;

typedef union PV {
    short int i;              /* PT_I2 */
    LONG l;                   /* PT_LONG */
    ULONG ul;                 /* PT_LONG, unsigned */
    float flt;                /* PT_R4 */
    double dbl;               /* PT_DOUBLE */
    unsigned short int b;     /* PT_BOOLEAN, two bytes */
    CURRENCY cur;             /* PT_CURRENCY */
    double at;                /* PT_APPTIME */
    FILETIME ft;              /* PT_SYSTIME */
    LPSTR lpszA;              /* PT_STRING8 */
    SBinary bin;              /* PT_BINARY */
    LPWSTR lpszW;             /* PT_UNICODE */
    LPGUID lpguid;            /* PT_CLSID */
    LARGE_INTEGER li;         /* PT_I8 */
    SShortArray MVi;          /* PT_MV_I2 */
    SLongArray MVl;           /* PT_MV_LONG */
    SRealArray MVflt;         /* PT_MV_R4 */
    SDoubleArray MVdbl;       /* PT_MV_DOUBLE */
    SCurrencyArray MVcur;     /* PT_MV_CURRENCY */
    SAppTimeArray MVat;       /* PT_MV_APPTIME */
    SDateTimeArray MVft;      /* PT_MV_SYSTIME */
    SBinaryArray MVbin;       /* PT_MV_BINARY */
    SLPSTRArray MVszA;        /* PT_MV_STRING8 */
    SWStringArray MVszW;      /* PT_MV_UNICODE */
    SGuidArray MVguid;        /* PT_MV_CLSID */
    SLargeIntegerArray MVli;  /* PT_MV_I8 */
    SCODE err;                /* PT_ERROR */
    LONG x;                   /* PT_NULL, PT_OBJECT: no value */
    LPVOID lpv;               /* PT_PTR */
} __UPV;

typedef struct SPropValue {
    ULONG ulPropTag;
    ULONG dwAlignPad;
    union PV Value;
} SPropValue, *LPSPropValue;

typedef struct SPropTagArray {
    ULONG cValues;
    ULONG aulPropTag[MAPI_DIM];
} SPropTagArray, *LPSPropTagArray;

typedef struct SPropProblem {
    ULONG ulIndex;
    ULONG ulPropTag;
    SCODE scode;
} SPropProblem, *LPSPropProblem;

typedef struct SPropProblemArray {
    ULONG cProblem;
    SPropProblem aProblem[MAPI_DIM];
} SPropProblemArray, *LPSPropProblemArray;

#define CbNewSPropTagArray(c) (offsetof(SPropTagArray, aulPropTag) + (c) * sizeof(ULONG))
#define CbSPropTagArray(p) CbNewSPropTagArray((p)->cValues)
#define CbNewSPropProblemArray(c) (offsetof(SPropProblemArray, aProblem) + (c) * sizeof(SPropProblem))
#define CbSPropProblemArray(p) CbNewSPropProblemArray((p)->cProblem)

/* For static arrays; hand them out as (LPSPropTagArray)&name. */
#define SizedSPropTagArray(count, name)                                                                              \
    struct SPropTagArray_##name {                                                                                    \
        ULONG cValues;                                                                                               \
        ULONG aulPropTag[count];                                                                                     \
    } name

typedef struct MAPINAMEID {
    LPGUID lpguid;
    ULONG ulKind;
    union {
        LONG lID;
        LPWSTR lpwstrName; /* wide whatever the call's flags */
    } Kind;
} MAPINAMEID, *LPMAPINAMEID;

#define MNID_ID 0
#define MNID_STRING 1

#define MAPI_NO_STRINGS ((ULONG)0x00000001)
#define MAPI_NO_IDS ((ULONG)0x00000002)

/* IMAPIProp::SaveChanges, CopyTo and CopyProps. */
#define KEEP_OPEN_READONLY ((ULONG)0x00000001)
#define KEEP_OPEN_READWRITE ((ULONG)0x00000002)
#define FORCE_SAVE ((ULONG)0x00000004)
#define SPAMFILTER_ONSAVE ((ULONG)0x00000080)
#define NON_EMS_XP_SAVE ((ULONG)0x00001000)
#define MAPI_MOVE ((ULONG)0x00000001)
#define MAPI_NOREPLACE ((ULONG)0x00000002)
#define MAPI_DECLINE_OK ((ULONG)0x00000004)
#define MAPI_DIALOG ((ULONG)0x00000008)

/* PR_ACCESS, PR_ACCESS_LEVEL. */
#define MAPI_ACCESS_MODIFY ((ULONG)0x00000001)
#define MAPI_ACCESS_READ ((ULONG)0x00000002)
#define MAPI_ACCESS_DELETE ((ULONG)0x00000004)
#define MAPI_ACCESS_CREATE_HIERARCHY ((ULONG)0x00000008)
#define MAPI_ACCESS_CREATE_CONTENTS ((ULONG)0x00000010)
#define MAPI_ACCESS_CREATE_ASSOCIATED ((ULONG)0x00000020)

/* Rows and lists; SRow and ADRENTRY, SRowSet and ADRLIST are interchangeable by design -------------------------- */

typedef struct SRow {
    ULONG ulAdrEntryPad;
    ULONG cValues;
    LPSPropValue lpProps; /* in a row set: its own allocation */
} SRow, *LPSRow;

typedef struct SRowSet {
    ULONG cRows;
    SRow aRow[MAPI_DIM];
} SRowSet, *LPSRowSet;

typedef struct ADRENTRY {
    ULONG ulReserved1;
    ULONG cValues;
    LPSPropValue rgPropVals;
} ADRENTRY, *LPADRENTRY;

typedef struct ADRLIST {
    ULONG cEntries;
    ADRENTRY aEntries[MAPI_DIM];
} ADRLIST, *LPADRLIST;

#define CbNewSRowSet(c) (offsetof(SRowSet, aRow) + (c) * sizeof(SRow))
#define CbSRowSet(p) CbNewSRowSet((p)->cRows)
#define CbNewADRLIST(c) (offsetof(ADRLIST, aEntries) + (c) * sizeof(ADRENTRY))
#define CbADRLIST(p) CbNewADRLIST((p)->cEntries)

typedef SBinaryArray ENTRYLIST, *LPENTRYLIST;

typedef struct FLATENTRY {
    ULONG cb;
    BYTE abEntry[MAPI_DIM];
} FLATENTRY, *LPFLATENTRY;

/* Entries follow one another, each padded to a multiple of four bytes but for the last. */
typedef struct FLATENTRYLIST {
    ULONG cEntries;
    ULONG cbEntries;
    BYTE abEntries[MAPI_DIM];
} FLATENTRYLIST, *LPFLATENTRYLIST;

#define CbNewFLATENTRY(cb) (offsetof(FLATENTRY, abEntry) + (cb))
#define CbNewFLATENTRYLIST(cb) (offsetof(FLATENTRYLIST, abEntries) + (cb))

typedef struct FlagList {
    ULONG cFlags;
    ULONG ulFlags[MAPI_DIM];
} FlagList, *LPFlagList;

/* Extended error information; the strings are wide if the call that returned it had MAPI_UNICODE [mapierror.md]. */
typedef struct MAPIERROR {
    ULONG ulVersion;
    LPTSTR lpszError;
    LPTSTR lpszComponent;
    ULONG ulLowLevelError;
    ULONG ulContext;
} MAPIERROR, *LPMAPIERROR;

#define MAPI_ERROR_VERSION 0

/* Sort orders ------------------------------------------------------------------------------------------------- */

typedef struct SSortOrder {
    ULONG ulPropTag;
    ULONG ulOrder;
} SSortOrder, *LPSSortOrder;

typedef struct SSortOrderSet {
    ULONG cSorts;
    ULONG cCategories;
    ULONG cExpanded;
    SSortOrder aSort[MAPI_DIM];
} SSortOrderSet, *LPSSortOrderSet;

#define CbNewSSortOrderSet(c) (offsetof(SSortOrderSet, aSort) + (c) * sizeof(SSortOrder))
#define CbSSortOrderSet(p) CbNewSSortOrderSet((p)->cSorts)

#define SizedSSortOrderSet(count, name)                                                                              \
    struct SSortOrderSet_##name {                                                                                    \
        ULONG cSorts;                                                                                                \
        ULONG cCategories;                                                                                           \
        ULONG cExpanded;                                                                                             \
        SSortOrder aSort[count];                                                                                     \
    } name

#define TABLE_SORT_ASCEND ((ULONG)0)
#define TABLE_SORT_DESCEND ((ULONG)1)
#define TABLE_SORT_COMBINE ((ULONG)2)
#define TABLE_SORT_CATEG_MAX ((ULONG)4)
#define TABLE_SORT_CATEG_MIN ((ULONG)8)

/* PR_ROW_TYPE. */
#define TBL_LEAF_ROW ((ULONG)1)
#define TBL_EMPTY_CATEGORY ((ULONG)2)
#define TBL_EXPANDED_CATEGORY ((ULONG)3)
#define TBL_COLLAPSED_CATEGORY ((ULONG)4)

/* Restrictions [types-of-restrictions.md] --------------------------------------------------------------------- */

#define RES_AND ((ULONG)0)
#define RES_OR ((ULONG)1)
#define RES_NOT ((ULONG)2)
#define RES_CONTENT ((ULONG)3)
#define RES_PROPERTY ((ULONG)4)
#define RES_COMPAREPROPS ((ULONG)5)
#define RES_BITMASK ((ULONG)6)
#define RES_SIZE ((ULONG)7)
#define RES_EXIST ((ULONG)8)
#define RES_SUBRESTRICTION ((ULONG)9)
#define RES_COMMENT ((ULONG)10)
#define RES_COUNT ((ULONG)11)
#define RES_ANNOTATION ((ULONG)12)

#define RELOP_LT ((ULONG)0)
#define RELOP_LE ((ULONG)1)
#define RELOP_GT ((ULONG)2)
#define RELOP_GE ((ULONG)3)
#define RELOP_EQ ((ULONG)4)
#define RELOP_NE ((ULONG)5)
#define RELOP_RE ((ULONG)6)

#define BMR_EQZ ((ULONG)0)
#define BMR_NEZ ((ULONG)1)

#define FL_FULLSTRING ((ULONG)0x00000000)
#define FL_SUBSTRING ((ULONG)0x00000001)
#define FL_PREFIX ((ULONG)0x00000002)
#define FL_IGNORECASE ((ULONG)0x00010000)
#define FL_IGNORENONSPACE ((ULONG)0x00020000)
#define FL_LOOSE ((ULONG)0x00040000)

typedef struct SRestriction SRestriction, *LPSRestriction;

typedef struct SAndRestriction {
    ULONG cRes;
    LPSRestriction lpRes;
} SAndRestriction;

typedef struct SOrRestriction {
    ULONG cRes;
    LPSRestriction lpRes;
} SOrRestriction;

typedef struct SNotRestriction {
    ULONG ulReserved;
    LPSRestriction lpRes;
} SNotRestriction;

typedef struct SContentRestriction {
    ULONG ulFuzzyLevel;
    ULONG ulPropTag;
    LPSPropValue lpProp;
} SContentRestriction;

typedef struct SPropertyRestriction {
    ULONG relop;
    ULONG ulPropTag;
    LPSPropValue lpProp;
} SPropertyRestriction;

typedef struct SComparePropsRestriction {
    ULONG relop;
    ULONG ulPropTag1;
    ULONG ulPropTag2;
} SComparePropsRestriction;

typedef struct SBitMaskRestriction {
    ULONG relBMR;
    ULONG ulPropTag;
    ULONG ulMask;
} SBitMaskRestriction;

typedef struct SSizeRestriction {
    ULONG relop;
    ULONG ulPropTag;
    ULONG cb;
} SSizeRestriction;

typedef struct SExistRestriction {
    ULONG ulReserved1;
    ULONG ulPropTag;
    ULONG ulReserved2;
} SExistRestriction;

typedef struct SSubRestriction {
    ULONG ulSubObject;
    LPSRestriction lpRes;
} SSubRestriction;

typedef struct SCommentRestriction {
    ULONG cValues;
    LPSRestriction lpRes;
    LPSPropValue lpProp;
} SCommentRestriction, SAnnotationRestriction;

typedef struct SCountRestriction {
    ULONG ulCount;
    LPSRestriction lpRes;
} SCountRestriction;

struct SRestriction {
    ULONG rt;
    union {
        SComparePropsRestriction resCompareProps;
        SAndRestriction resAnd;
        SOrRestriction resOr;
        SNotRestriction resNot;
        SContentRestriction resContent;
        SPropertyRestriction resProperty;
        SBitMaskRestriction resBitMask;
        SSizeRestriction resSize;
        SExistRestriction resExist;
        SSubRestriction resSub;
        SCommentRestriction resComment;
        SAnnotationRestriction resAnnotation;
        SCountRestriction resCount;
    } res;
};

#include "mapidefs_values.h"
#include "mapidefs_notify.h"
#include "mapidefs_objects.h"

#endif
