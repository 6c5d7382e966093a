/*
 * mapiutil.h - helpers over the interfaces. Each is documented on a page of its own name.
 */
#ifndef LUAMAPI_MAPIUTIL_H
#define LUAMAPI_MAPIUTIL_H

#include "mapix.h"

MAPI_BEGIN_DECLS

/* A row set or address list, and every row's properties. NULL is allowed. */
void STDAPICALLTYPE FreeProws(LPSRowSet prows);
void STDAPICALLTYPE FreePadrlist(LPADRLIST padrlist);

/* All rows; crowsMax 0 means no limit, more rows than that MAPI_E_TABLE_TOO_BIG. Free with FreeProws. */
HRESULT STDAPICALLTYPE HrQueryAllRows(LPMAPITABLE ptable, LPSPropTagArray ptaga, LPSRestriction pres,
                                      LPSSortOrderSet psos, LONG crowsMax, LPSRowSet *pprows);

/* One property; free with MAPIFreeBuffer. Its error is the result. */
HRESULT STDAPICALLTYPE HrGetOneProp(LPMAPIPROP pmp, ULONG ulPropTag, LPSPropValue *ppprop);
HRESULT STDAPICALLTYPE HrSetOneProp(LPMAPIPROP pmp, LPSPropValue pprop);

/* The value with that tag, or with that id if the tag's type is PT_UNSPECIFIED; else NULL. */
LPSPropValue STDAPICALLTYPE PpropFindProp(LPSPropValue rgprop, ULONG cprop, ULONG ulPropTag);

/* Advise sinks over a function, which gets the context as it is. The sink is the caller's to release. */
HRESULT STDAPICALLTYPE HrAllocAdviseSink(LPNOTIFCALLBACK lpfnCallback, LPVOID lpvContext,
                                         LPMAPIADVISESINK *lppAdviseSink);

/* A sink that hands on to lpAdviseSink, on the thread that made it only: when that thread dispatches, or calls MAPI. */
HRESULT STDAPICALLTYPE HrThisThreadAdviseSink(LPMAPIADVISESINK lpAdviseSink, LPMAPIADVISESINK *lppAdviseSink);

/* Delivers what waits for the process's sinks, on this thread. ulFlags: 0. */
HRESULT STDAPICALLTYPE HrDispatchNotifications(ULONG ulFlags);

MAPI_END_DECLS

#endif
