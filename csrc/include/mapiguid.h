/*
 * mapiguid.h - interface identifiers, property sets and well-known MAPIUIDs.
 *
 * MAPI_GUIDS lists each constant once; base/guid.c makes the definitions from the same list.
 */
#ifndef LUAMAPI_MAPIGUID_H
#define LUAMAPI_MAPIGUID_H

#include "mapidefs.h"

/* {000203nn-0000-0000-C000-000000000046} and its relatives of OLE: X(name, first word). */
#define MAPI_OLE_GUIDS(X)                                                                                            \
    X(IID_IMAPISession, 0x00020300)                                                                                  \
    X(IID_IMAPITable, 0x00020301)                                                                                    \
    X(IID_IMAPIAdviseSink, 0x00020302)                                                                               \
    X(IID_IMAPIProp, 0x00020303)                                                                                     \
    X(IID_IProfSect, 0x00020304)                                                                                     \
    X(IID_IMAPIStatus, 0x00020305)                                                                                   \
    X(IID_IMsgStore, 0x00020306)                                                                                     \
    X(IID_IMessage, 0x00020307)                                                                                      \
    X(IID_IAttachment, 0x00020308)                                                                                   \
    X(IID_IAddrBook, 0x00020309)                                                                                     \
    X(IID_IMailUser, 0x0002030A)                                                                                     \
    X(IID_IMAPIContainer, 0x0002030B)                                                                                \
    X(IID_IMAPIFolder, 0x0002030C)                                                                                   \
    X(IID_IABContainer, 0x0002030D)                                                                                  \
    X(IID_IDistList, 0x0002030E)                                                                                     \
    X(IID_IMAPISup, 0x0002030F)                                                                                      \
    X(IID_IMSProvider, 0x00020310)                                                                                   \
    X(IID_IABProvider, 0x00020311)                                                                                   \
    X(IID_IXPProvider, 0x00020312)                                                                                   \
    X(IID_IMSLogon, 0x00020313)                                                                                      \
    X(IID_IABLogon, 0x00020314)                                                                                      \
    X(IID_IXPLogon, 0x00020315)                                                                                      \
    X(IID_IMAPITableData, 0x00020316)                                                                                \
    X(IID_IMAPIPropData, 0x0002031A)                                                                                 \
    X(IID_IMAPIControl, 0x0002031B)                                                                                  \
    X(IID_IProfAdmin, 0x0002031C)                                                                                    \
    X(IID_IMsgServiceAdmin, 0x0002031D)                                                                              \
    X(IID_IMAPIProgress, 0x0002031F)                                                                                 \
    X(IID_IProviderAdmin, 0x00020325)                                                                                \
    X(PS_MAPI, 0x00020328)                                                                                           \
    X(PS_PUBLIC_STRINGS, 0x00020329)                                                                                 \
    X(PS_INTERNET_HEADERS, 0x00020386)                                                                               \
    X(IID_IMsgServiceAdmin2, 0x00020387)                                                                             \
    X(IID_IMAPIClientShutdown, 0x00020397)                                                                           \
    X(IID_IMAPIProviderShutdown, 0x00020398)                                                                         \
    X(PSETID_Appointment, 0x00062002)                                                                                \
    X(PSETID_Task, 0x00062003)                                                                                       \
    X(PSETID_Address, 0x00062004)                                                                                    \
    X(PSETID_Common, 0x00062008)                                                                                     \
    X(PSETID_Log, 0x0006200A)                                                                                        \
    X(PSETID_Note, 0x0006200E)

/* Those with a number of their own: X(name, Data1, Data2, Data3, Data4[0] ... Data4[7]). */
#define MAPI_OTHER_GUIDS(X)                                                                                          \
    X(IID_IMAPIGetSession, 0x614AB435, 0x491D, 0x4F5B, 0xA8, 0xB4, 0x60, 0xEB, 0x03, 0x10, 0x30, 0xC6)               \
    X(PSETID_Meeting, 0x6ED8DA90, 0x450B, 0x101B, 0x98, 0xDA, 0x00, 0xAA, 0x00, 0x3F, 0x13, 0x05)

/* MAPIUIDs are plain bytes, in the order in which they are stored. */
#define MAPI_UIDS(X)                                                                                                 \
    X(muidOneOff, 0x81, 0x2B, 0x1F, 0xA4, 0xBE, 0xA3, 0x10, 0x19, 0x9D, 0x6E, 0x00, 0xDD, 0x01, 0x0F, 0x54, 0x02)    \
    X(muidStoreWrap, 0x38, 0xA1, 0xBB, 0x10, 0x05, 0xE5, 0x10, 0x1A, 0xA1, 0xBB, 0x08, 0x00, 0x2B, 0x2A, 0x56, 0xC2) \
    X(muidProfileInstance, 0x85, 0x03, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, \
      0x46)                                                                                                          \
    X(muidProfileProperties, 0x98, 0x15, 0xAC, 0x08, 0xAA, 0xB0, 0x10, 0x1A, 0x8C, 0x93, 0x08, 0x00, 0x2B, 0x2A,     \
      0x56, 0xC2)                                                                                                    \
    X(muidGlobalProfileSection, 0x13, 0xDB, 0xB0, 0xC8, 0xAA, 0x05, 0x10, 0x1A, 0x9B, 0xB0, 0x00, 0xAA, 0x00, 0x2F,  \
      0xC4, 0x5A)

MAPI_BEGIN_DECLS

#define MAPI_DECLARE_OLE_GUID(name, data1) extern const GUID name;
#define MAPI_DECLARE_GUID(name, a, b, c, d, e, f, g, h, i, j, k) extern const GUID name;
#define MAPI_DECLARE_UID(name, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p) extern const MAPIUID name;

MAPI_OLE_GUIDS(MAPI_DECLARE_OLE_GUID)
MAPI_OTHER_GUIDS(MAPI_DECLARE_GUID)
MAPI_UIDS(MAPI_DECLARE_UID)

/* The support object and attachments have the older names in the documentation's list of identifiers. */
#define IID_IMAPISupport IID_IMAPISup
#define IID_IAttach IID_IAttachment
/* The section whose PR_SEARCH_KEY is unique to the profile. */
#define MUID_PROFILE_INSTANCE muidProfileInstance

#ifndef _WIN32
/* On Windows these come with the system. */
#define MAPI_COM_GUIDS(X)                                                                                            \
    X(IID_IUnknown, 0x00000000)                                                                                      \
    X(IID_IMalloc, 0x00000002)                                                                                       \
    X(IID_IStorage, 0x0000000B)                                                                                      \
    X(IID_IStream, 0x0000000C)
/* {0C733A30-2A1C-11CE-ADE5-00AA0044773D} */
extern const GUID IID_ISequentialStream;

MAPI_COM_GUIDS(MAPI_DECLARE_OLE_GUID)

#define IsEqualGUID(a, b) (memcmp((a), (b), sizeof(GUID)) == 0)
#define IsEqualIID(a, b) IsEqualGUID(a, b)
#define IsEqualCLSID(a, b) IsEqualGUID(a, b)
#endif

MAPI_END_DECLS

#endif
