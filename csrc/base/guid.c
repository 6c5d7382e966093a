/* guid.c - the interface identifiers, class identifiers, property sets and MAPIUIDs that the headers declare. */
#include <actmgmt.h>
#include <iconvertersession.h>
#include <mapiguid.h>
#include <mapisub.h>

/* The identifiers of OLE differ in their first word only. */
#define DEFINE_OLE(name, data1)                       const GUID name = {data1, 0, 0, {0xC0, 0, 0, 0, 0, 0, 0, 0x46}};
#define DEFINE(name, a, b, c, d, e, f, g, h, i, j, k) const GUID name = {a, b, c, {d, e, f, g, h, i, j, k}};
#define DEFINE_UID(name, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                               \
    const MAPIUID name = {{a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p}};

MAPI_OLE_GUIDS(DEFINE_OLE)
MAPI_OTHER_GUIDS(DEFINE)
MAPI_UIDS(DEFINE_UID)
OLK_GUIDS(DEFINE)
CONVERTER_GUIDS(DEFINE)
SUBSYSTEM_GUIDS(DEFINE)

#ifndef _WIN32
MAPI_COM_GUIDS(DEFINE_OLE)
DEFINE(IID_ISequentialStream, 0x0C733A30, 0x2A1C, 0x11CE, 0xAD, 0xE5, 0x00, 0xAA, 0x00, 0x44, 0x77, 0x3D)
#endif
