/*
 * iconvertersession.h - IConverterSession, the converter between MIME streams and MAPI messages.
 *
 * Placeholders are slots without a documented meaning; implementations answer E_NOTIMPL
 * [iconvertersessioniunknown.md, mapi-constants.md].
 */
#ifndef LUAMAPI_ICONVERTERSESSION_H
#define LUAMAPI_ICONVERTERSESSION_H

#include "mapix.h"

MAPI_BEGIN_DECLS

typedef struct IConverterSession IConverterSession, *LPCONVERTERSESSION;

typedef enum ENCODINGTYPE {
    IET_UNKNOWN = 0,
    IET_BASE64 = 1,
    IET_UUENCODE = 2,
    IET_QP = 3,
    IET_7BIT = 4,
    IET_8BIT = 5
} ENCODINGTYPE;

typedef enum MIMESAVETYPE {
    SAVE_RFC822 = 0, /* uuencode */
    SAVE_RFC1521 = 1 /* MIME, the default */
} MIMESAVETYPE;

typedef enum CSETAPPLYTYPE {
    CSET_APPLY_UNTAGGED = 0,
    CSET_APPLY_ALL = 1,
    CSET_APPLY_TAG_ALL = 2
} CSETAPPLYTYPE;

/* A handle to a character set; what it refers to is the converter's own affair. */
typedef struct HCHARSET__ {
    int unused;
} * HCHARSET;

#define CCSF_SMTP 0x00000002
#define CCSF_NOHEADERS 0x00000004
#define CCSF_USE_TNEF 0x00000010
#define CCSF_INCLUDE_BCC 0x00000020
#define CCSF_8BITHEADERS 0x00000040
#define CCSF_USE_RTF 0x00000080
#define CCSF_PLAIN_TEXT_ONLY 0x00001000
#define CCSF_NO_MSGID 0x00004000
#define CCSF_EMBEDDED_MESSAGE 0x00008000
#define CCSF_PRESERVE_SOURCE 0x00040000
#define CCSF_GLOBAL_MESSAGE 0x00200000

/* IConverterSession: slots 3 to 14 */
#define ICONVERTERSESSION_METHODS(IFACE)                                                                             \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(SetAdrBook)(IFACE *This, LPADRBOOK pab);                                                             \
    MAPI_METHOD(SetEncoding)(IFACE *This, ENCODINGTYPE et);                                                          \
    MAPI_METHOD(PlaceHolder1)(IFACE *This);                                                                          \
    MAPI_METHOD(MIMEToMAPI)(IFACE *This, LPSTREAM pstm, LPMESSAGE pmsg, LPCSTR pszSrcSrv, ULONG ulFlags);            \
    MAPI_METHOD(MAPIToMIMEStm)(IFACE *This, LPMESSAGE pmsg, LPSTREAM pstm, ULONG ulFlags);                           \
    MAPI_METHOD(PlaceHolder2)(IFACE *This);                                                                          \
    MAPI_METHOD(PlaceHolder3)(IFACE *This);                                                                          \
    MAPI_METHOD(PlaceHolder4)(IFACE *This);                                                                          \
    MAPI_METHOD(SetTextWrapping)(IFACE *This, BOOL fWrapText, ULONG ulWrapWidth);                                    \
    MAPI_METHOD(SetSaveFormat)(IFACE *This, MIMESAVETYPE mstSaveFormat);                                             \
    MAPI_METHOD(PlaceHolder5)(IFACE *This);                                                                          \
    MAPI_METHOD(SetCharset)(IFACE *This, BOOL fApply, HCHARSET hcharset, CSETAPPLYTYPE csetapplytype);

MAPI_INTERFACE(IConverterSession, ICONVERTERSESSION_METHODS);

#define CONVERTER_GUIDS(X)                                                                                           \
    X(CLSID_IConverterSession, 0x4E3A7680, 0xB77A, 0x11D0, 0x9D, 0xA5, 0x00, 0xC0, 0x4F, 0xD6, 0x56, 0x85)           \
    X(IID_IConverterSession, 0x4B401570, 0xB77B, 0x11D0, 0x9D, 0xA5, 0x00, 0xC0, 0x4F, 0xD6, 0x56, 0x85)

CONVERTER_GUIDS(MAPI_DECLARE_GUID)

MAPI_END_DECLS

#endif
