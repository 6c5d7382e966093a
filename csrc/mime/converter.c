#include "mime/converter.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <mapicode.h>

#include "mime/codepage.h"
#include "mime/export.h"
#include "mime/import.h"

/* Flags by direction [iconvertersession-mimetomapi.md, iconvertersession-maptomimestm.md]; any other is refused. */
enum {
    IMPORT_FLAGS = CCSF_SMTP | CCSF_INCLUDE_BCC | CCSF_USE_RTF | CCSF_EMBEDDED_MESSAGE | CCSF_GLOBAL_MESSAGE,
    EXPORT_FLAGS =
        IMPORT_FLAGS | CCSF_NOHEADERS | CCSF_USE_TNEF | CCSF_8BITHEADERS | CCSF_PLAIN_TEXT_ONLY | CCSF_NO_MSGID,
};

struct converter {
    const IConverterSessionVtbl *vtbl;
    atomic_uint references;
    struct mime_allocators allocators;
    struct mime_settings settings;
};

static struct converter *self_of(IConverterSession *This)
{
    return (struct converter *)(void *)This;
}

/* Says why, where the MAPI of the messages wants to know. */
static HRESULT refuse(struct converter *self, HRESULT hr, const char *sentence)
{
    if (self->allocators.set_error_detail != NULL)
        self->allocators.set_error_detail(hr, sentence);
    return hr;
}

static HRESULT STDMETHODCALLTYPE converter_QueryInterface(IConverterSession *This, REFIID riid, void **ppvObject)
{
    if (ppvObject == NULL || riid == NULL)
        return E_INVALIDARG;
    *ppvObject = NULL;
    if (memcmp(riid, &IID_IUnknown, sizeof *riid) != 0 && memcmp(riid, &IID_IConverterSession, sizeof *riid) != 0)
        return E_NOINTERFACE;
    *ppvObject = This;
    This->lpVtbl->AddRef(This);
    return S_OK;
}

static ULONG STDMETHODCALLTYPE converter_AddRef(IConverterSession *This)
{
    return atomic_fetch_add(&self_of(This)->references, 1) + 1;
}

static ULONG STDMETHODCALLTYPE converter_Release(IConverterSession *This)
{
    struct converter *self = self_of(This);
    ULONG left = atomic_fetch_sub(&self->references, 1) - 1;

    if (left == 0) {
        if (self->settings.address_book != NULL)
            self->settings.address_book->lpVtbl->Release(self->settings.address_book);
        free(self);
    }
    return left;
}

static HRESULT STDMETHODCALLTYPE converter_SetAdrBook(IConverterSession *This, LPADRBOOK pab)
{
    struct converter *self = self_of(This);

    if (pab != NULL)
        pab->lpVtbl->AddRef(pab);
    if (self->settings.address_book != NULL)
        self->settings.address_book->lpVtbl->Release(self->settings.address_book);
    self->settings.address_book = pab;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE converter_SetEncoding(IConverterSession *This, ENCODINGTYPE et)
{
    if ((int)et < IET_BASE64 || (int)et > IET_8BIT)
        return refuse(self_of(This), E_INVALIDARG, "The encoding must be one of IET_BASE64 to IET_8BIT.");
    self_of(This)->settings.encoding = et;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE converter_PlaceHolder(IConverterSession *This)
{
    (void)This;
    return E_NOTIMPL;
}

static HRESULT STDMETHODCALLTYPE converter_MIMEToMAPI(IConverterSession *This, LPSTREAM pstm, LPMESSAGE pmsg,
                                                      LPCSTR pszSrcSrv, ULONG ulFlags)
{
    struct converter *self = self_of(This);

    if (pstm == NULL || pmsg == NULL)
        return refuse(self, E_INVALIDARG, "A stream and a message are needed.");
    if (pszSrcSrv != NULL)
        return refuse(self, E_INVALIDARG, "The source server must be NULL.");
    if ((ulFlags & ~(ULONG)IMPORT_FLAGS) != 0)
        return refuse(self, E_INVALIDARG, "A flag is not one that MIMEToMAPI takes.");
    return mime_import_stream(&self->allocators, pstm, pmsg, ulFlags);
}

static HRESULT STDMETHODCALLTYPE converter_MAPIToMIMEStm(IConverterSession *This, LPMESSAGE pmsg, LPSTREAM pstm,
                                                         ULONG ulFlags)
{
    struct converter *self = self_of(This);

    if (pstm == NULL || pmsg == NULL)
        return refuse(self, E_INVALIDARG, "A stream and a message are needed.");
    if ((ulFlags & ~(ULONG)EXPORT_FLAGS) != 0)
        return refuse(self, E_INVALIDARG, "A flag is not one that MAPIToMIMEStm takes.");
    if ((ulFlags & CCSF_SMTP) == 0)
        return refuse(self, E_INVALIDARG, "CCSF_SMTP must always be set.");
    return mime_export_stream(&self->allocators, &self->settings, pmsg, pstm, ulFlags);
}

static HRESULT STDMETHODCALLTYPE converter_SetTextWrapping(IConverterSession *This, BOOL fWrapText, ULONG ulWrapWidth)
{
    self_of(This)->settings.wrap = fWrapText;
    self_of(This)->settings.wrap_width = ulWrapWidth;
    return S_OK;
}

static HRESULT STDMETHODCALLTYPE converter_SetSaveFormat(IConverterSession *This, MIMESAVETYPE mstSaveFormat)
{
    if (mstSaveFormat != SAVE_RFC822 && mstSaveFormat != SAVE_RFC1521)
        return refuse(self_of(This), E_INVALIDARG, "The save format must be SAVE_RFC822 or SAVE_RFC1521.");
    self_of(This)->settings.save_format = mstSaveFormat;
    return S_OK;
}

/* A handle to a character set is the number of its Windows code page. */
static HRESULT STDMETHODCALLTYPE converter_SetCharset(IConverterSession *This, BOOL fApply, HCHARSET hcharset,
                                                      CSETAPPLYTYPE csetapplytype)
{
    uintptr_t codepage = (uintptr_t)hcharset;

    if ((unsigned)csetapplytype > CSET_APPLY_TAG_ALL)
        return refuse(self_of(This), E_INVALIDARG, "The way to apply a charset must be one of CSETAPPLYTYPE.");
    if (!fApply)
        codepage = 0;
    if (codepage != 0 && (codepage > 0xFFFF || mime_codepage_charset((ULONG)codepage) == NULL))
        return refuse(self_of(This), E_INVALIDARG, "The charset must be the number of a known Windows code page.");
    self_of(This)->settings.codepage = (ULONG)codepage;
    self_of(This)->settings.apply = csetapplytype;
    return S_OK;
}

static const IConverterSessionVtbl converter_vtbl = {
    .QueryInterface = converter_QueryInterface,
    .AddRef = converter_AddRef,
    .Release = converter_Release,
    .SetAdrBook = converter_SetAdrBook,
    .SetEncoding = converter_SetEncoding,
    .PlaceHolder1 = converter_PlaceHolder,
    .MIMEToMAPI = converter_MIMEToMAPI,
    .MAPIToMIMEStm = converter_MAPIToMIMEStm,
    .PlaceHolder2 = converter_PlaceHolder,
    .PlaceHolder3 = converter_PlaceHolder,
    .PlaceHolder4 = converter_PlaceHolder,
    .SetTextWrapping = converter_SetTextWrapping,
    .SetSaveFormat = converter_SetSaveFormat,
    .PlaceHolder5 = converter_PlaceHolder,
    .SetCharset = converter_SetCharset,
};

HRESULT
mime_converter_create(const struct mime_allocators *allocators, IConverterSession **converter)
{
    struct converter *self;

    if (converter == NULL)
        return MAPI_E_INVALID_PARAMETER;
    *converter = NULL;
    if (allocators == NULL || allocators->size < sizeof *allocators || allocators->allocate_buffer == NULL ||
        allocators->allocate_more == NULL || allocators->free_buffer == NULL)
        return MAPI_E_INVALID_PARAMETER;
    self = calloc(1, sizeof *self);
    if (self == NULL)
        return MAPI_E_NOT_ENOUGH_MEMORY;
    self->vtbl = &converter_vtbl;
    atomic_init(&self->references, 1);
    self->allocators = *allocators;
    self->settings.save_format = SAVE_RFC1521;
    *converter = (IConverterSession *)(void *)self;
    return S_OK;
}
