/*
 * mapiwin.h - the Windows and COM types that the MAPI headers are written in.
 *
 * On Windows they come from <windows.h>. Elsewhere this header defines the few that MAPI needs, with the widths
 * that the documented structures and vtables have: ULONG, LONG, DWORD and HRESULT are 32 bits, ULONG_PTR is as
 * wide as a pointer, WCHAR is one 16-bit UTF-16 code unit (never wchar_t).
 *
 * Interfaces are C structures with one member, the vtable pointer:
 *
 *     hr = table->lpVtbl->QueryRows(table, 10, 0, &rows);
 *
 * The toolchain's own MAPI headers must not be included beside these: they declare 32-bit connection numbers, and
 * on 64-bit systems MAPI would write past the variable.
 */
#ifndef LUAMAPI_MAPIWIN_H
#define LUAMAPI_MAPIWIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define MAPI_BEGIN_DECLS extern "C" {
#define MAPI_END_DECLS }
#else
#define MAPI_BEGIN_DECLS
#define MAPI_END_DECLS
#endif

/*
 * MAPI_METHOD declares one vtable slot; MAPI_INTERFACE makes an interface from a macro that lists all its slots.
 * Every such list takes the interface's name, because that is the type of `This`, and starts with the list of the
 * base interface, so that inheritance repeats nothing.
 */
#define MAPI_METHOD_(type, name) type(STDMETHODCALLTYPE *name)
#define MAPI_METHOD(name) MAPI_METHOD_(HRESULT, name)

#define MAPI_INTERFACE(IFACE, METHODS)                                                                               \
    typedef struct IFACE##Vtbl {                                                                                     \
        METHODS(IFACE)                                                                                               \
    } IFACE##Vtbl;                                                                                                   \
    struct IFACE {                                                                                                   \
        const IFACE##Vtbl *lpVtbl;                                                                                   \
    }

/* Slots 0 to 2 of every interface. */
#define IUNKNOWN_METHODS(IFACE)                                                                                      \
    MAPI_METHOD(QueryInterface)(IFACE *This, REFIID riid, void **ppvObject);                                         \
    MAPI_METHOD_(ULONG, AddRef)(IFACE *This);                                                                        \
    MAPI_METHOD_(ULONG, Release)(IFACE *This);

#ifdef _WIN32

#ifndef CINTERFACE
#define CINTERFACE
#endif
#include <windows.h>
#include <objbase.h>
#include <objidl.h>

typedef const IID *LPCIID;

#else /* not Windows */

/* Calling conventions and Windows' annotations mean nothing here. */
#define STDMETHODCALLTYPE
#define STDAPICALLTYPE
#define WINAPI
#define FAR

typedef uint8_t BYTE;
typedef uint16_t WORD;
typedef uint32_t DWORD;
typedef uint32_t ULONG;
typedef int32_t LONG;
typedef unsigned int UINT;
typedef int INT;
typedef int BOOL;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef uintptr_t ULONG_PTR;
typedef intptr_t LONG_PTR;
typedef LONG HRESULT;
typedef LONG SCODE;
typedef char CHAR;
typedef uint16_t WCHAR; /* the type of u"..." literals, one UTF-16 code unit */

typedef void *LPVOID;
typedef const void *LPCVOID;
typedef BYTE *LPBYTE;
typedef DWORD *LPDWORD;
typedef char *LPSTR;
typedef const char *LPCSTR;
typedef WCHAR *LPWSTR;
typedef const WCHAR *LPCWSTR;

/* As on Windows, TCHAR is wide only where UNICODE is defined. Prefer the explicit forms. */
#ifdef UNICODE
typedef WCHAR TCHAR;
typedef LPWSTR LPTSTR;
typedef LPCWSTR LPCTSTR;
#else
typedef char TCHAR;
typedef LPSTR LPTSTR;
typedef LPCSTR LPCTSTR;
#endif

typedef void *HANDLE;
typedef void *HINSTANCE;
typedef void *HWND;

#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif

typedef struct GUID {
    uint32_t Data1;
    uint16_t Data2;
    uint16_t Data3;
    uint8_t Data4[8];
} GUID;
typedef GUID IID;
typedef GUID CLSID;
typedef GUID *LPGUID;
typedef IID *LPIID;
typedef CLSID *LPCLSID;
typedef const IID *LPCIID;
typedef const GUID *REFGUID;
typedef const IID *REFIID;
typedef const CLSID *REFCLSID;

/* 100-nanosecond ticks since 1601-01-01 UTC. */
typedef struct FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME;
typedef FILETIME *LPFILETIME;

/* The halves are in the order of a little-endian machine, as in everything MAPI stores. */
typedef union LARGE_INTEGER {
    struct {
        DWORD LowPart;
        LONG HighPart;
    };
    LONGLONG QuadPart;
} LARGE_INTEGER;

typedef union ULARGE_INTEGER {
    struct {
        DWORD LowPart;
        DWORD HighPart;
    };
    ULONGLONG QuadPart;
} ULARGE_INTEGER;

/* Currency: the amount times 10,000. */
typedef union CY {
    struct {
        ULONG Lo;
        LONG Hi;
    };
    LONGLONG int64;
} CY;
typedef CY CURRENCY;

#define SUCCEEDED(hr) ((HRESULT)(hr) >= 0)
#define FAILED(hr) ((HRESULT)(hr) < 0)
#define HRESULT_CODE(hr) ((hr) & 0xFFFF)
#define HRESULT_FACILITY(hr) (((hr) >> 16) & 0x1FFF)
#define HRESULT_SEVERITY(hr) (((hr) >> 31) & 1)
#define MAKE_HRESULT(sev, fac, code)                                                                                 \
    ((HRESULT)(((uint32_t)(sev) << 31) | ((uint32_t)(fac) << 16) | (uint32_t)(code)))
#define ResultFromScode(sc) ((HRESULT)(sc))
#define GetScode(hr) ((SCODE)(hr))

#define SEVERITY_SUCCESS 0
#define SEVERITY_ERROR 1

#define FACILITY_NULL 0
#define FACILITY_RPC 1
#define FACILITY_DISPATCH 2
#define FACILITY_STORAGE 3
#define FACILITY_ITF 4
#define FACILITY_WIN32 7
#define FACILITY_WINDOWS 8

/* What IMAPIInitMonitor::Wait answers when the time is up is HRESULT_FROM_WIN32(ERROR_TIMEOUT). */
#define ERROR_TIMEOUT 1460
#define HRESULT_FROM_WIN32(error) MAKE_HRESULT(SEVERITY_ERROR, FACILITY_WIN32, error)

#define S_OK ((HRESULT)0)
#define S_FALSE ((HRESULT)1)
#define NOERROR 0
#define E_UNEXPECTED ((HRESULT)0x8000FFFFu)
#define E_NOTIMPL ((HRESULT)0x80004001u)
#define E_NOINTERFACE ((HRESULT)0x80004002u)
#define E_POINTER ((HRESULT)0x80004003u)
#define E_ABORT ((HRESULT)0x80004004u)
#define E_FAIL ((HRESULT)0x80004005u)
#define E_ACCESSDENIED ((HRESULT)0x80070005u)
#define E_HANDLE ((HRESULT)0x80070006u)
#define E_OUTOFMEMORY ((HRESULT)0x8007000Eu)
#define E_INVALIDARG ((HRESULT)0x80070057u)
#define RPC_E_WRONG_THREAD ((HRESULT)0x8001010Eu)

/* What IStream and IStorage implementations answer. */
#define STG_E_INVALIDFUNCTION ((HRESULT)0x80030001u)
#define STG_E_FILENOTFOUND ((HRESULT)0x80030002u)
#define STG_E_ACCESSDENIED ((HRESULT)0x80030005u)
#define STG_E_INSUFFICIENTMEMORY ((HRESULT)0x80030008u)
#define STG_E_INVALIDPOINTER ((HRESULT)0x80030009u)
#define STG_E_SEEKERROR ((HRESULT)0x80030019u)
#define STG_E_WRITEFAULT ((HRESULT)0x8003001Du)
#define STG_E_READFAULT ((HRESULT)0x8003001Eu)
#define STG_E_INVALIDPARAMETER ((HRESULT)0x80030057u)
#define STG_E_MEDIUMFULL ((HRESULT)0x80030070u)
#define STG_E_INVALIDFLAG ((HRESULT)0x800300FFu)
#define STG_E_REVERTED ((HRESULT)0x80030102u)

typedef struct IUnknown IUnknown;
typedef struct ISequentialStream ISequentialStream;
typedef struct IStream IStream;
typedef struct IStorage IStorage; /* passed through, never implemented here */
typedef struct IMalloc IMalloc;

typedef IUnknown *LPUNKNOWN;
typedef IStream *LPSTREAM;
typedef IStorage *LPSTORAGE;
typedef IMalloc *LPMALLOC;

MAPI_INTERFACE(IUnknown, IUNKNOWN_METHODS);

#define ISEQUENTIALSTREAM_METHODS(IFACE)                                                                             \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD(Read)(IFACE *This, void *pv, ULONG cb, ULONG *pcbRead);                                              \
    MAPI_METHOD(Write)(IFACE *This, const void *pv, ULONG cb, ULONG *pcbWritten);

MAPI_INTERFACE(ISequentialStream, ISEQUENTIALSTREAM_METHODS);

enum { STREAM_SEEK_SET = 0, STREAM_SEEK_CUR = 1, STREAM_SEEK_END = 2 };
enum { STGTY_STORAGE = 1, STGTY_STREAM = 2, STGTY_LOCKBYTES = 3, STGTY_PROPERTY = 4 };
enum { STATFLAG_DEFAULT = 0, STATFLAG_NONAME = 1 };
enum { STGC_DEFAULT = 0, STGC_OVERWRITE = 1, STGC_ONLYIFCURRENT = 2, STGC_DANGEROUSLYCOMMITMERELYTODISKCACHE = 4 };

#define STGM_READ 0x00000000
#define STGM_WRITE 0x00000001
#define STGM_READWRITE 0x00000002
#define STGM_TRANSACTED 0x00010000
#define STGM_CREATE 0x00001000

typedef struct STATSTG {
    LPWSTR pwcsName;
    DWORD type;
    ULARGE_INTEGER cbSize;
    FILETIME mtime;
    FILETIME ctime;
    FILETIME atime;
    DWORD grfMode;
    DWORD grfLocksSupported;
    CLSID clsid;
    DWORD grfStateBits;
    DWORD reserved;
} STATSTG;

#define ISTREAM_METHODS(IFACE)                                                                                       \
    ISEQUENTIALSTREAM_METHODS(IFACE)                                                                                 \
    MAPI_METHOD(Seek)(IFACE *This, LARGE_INTEGER dlibMove, DWORD dwOrigin, ULARGE_INTEGER *plibNewPosition);         \
    MAPI_METHOD(SetSize)(IFACE *This, ULARGE_INTEGER libNewSize);                                                    \
    MAPI_METHOD(CopyTo)(IFACE *This, IStream *pstm, ULARGE_INTEGER cb, ULARGE_INTEGER *pcbRead,                      \
                        ULARGE_INTEGER *pcbWritten);                                                                 \
    MAPI_METHOD(Commit)(IFACE *This, DWORD grfCommitFlags);                                                          \
    MAPI_METHOD(Revert)(IFACE *This);                                                                                \
    MAPI_METHOD(LockRegion)(IFACE *This, ULARGE_INTEGER libOffset, ULARGE_INTEGER cb, DWORD dwLockType);             \
    MAPI_METHOD(UnlockRegion)(IFACE *This, ULARGE_INTEGER libOffset, ULARGE_INTEGER cb, DWORD dwLockType);           \
    MAPI_METHOD(Stat)(IFACE *This, STATSTG *pstatstg, DWORD grfStatFlag);                                            \
    MAPI_METHOD(Clone)(IFACE *This, IStream **ppstm);

MAPI_INTERFACE(IStream, ISTREAM_METHODS);

#define IMALLOC_METHODS(IFACE)                                                                                       \
    IUNKNOWN_METHODS(IFACE)                                                                                          \
    MAPI_METHOD_(void *, Alloc)(IFACE *This, size_t cb);                                                             \
    MAPI_METHOD_(void *, Realloc)(IFACE *This, void *pv, size_t cb);                                                 \
    MAPI_METHOD_(void, Free)(IFACE *This, void *pv);                                                                 \
    MAPI_METHOD_(size_t, GetSize)(IFACE *This, void *pv);                                                            \
    MAPI_METHOD_(int, DidAlloc)(IFACE *This, void *pv);                                                              \
    MAPI_METHOD_(void, HeapMinimize)(IFACE *This);

MAPI_INTERFACE(IMalloc, IMALLOC_METHODS);

#endif /* not Windows */

#ifndef HR_SUCCEEDED
#define HR_SUCCEEDED(hr) SUCCEEDED(hr)
#define HR_FAILED(hr) FAILED(hr)
#endif

#endif
