/* Fast shutdown (fast-shutdown-overview.md): a client asks whether its process may end without ceremony, says that it is going to, and
 * does it. Providers that implement IMAPIProviderShutdown are asked and told, session by session in the order of their logons, and
 * within a session in the order of loading: transports would come first, then address books, then message stores, which are the only
 * ones that this subsystem loads.
 *
 * After DoFastShutdown the process has no MAPI any more (base/lifeline.h): every call answers MAPI_E_END_OF_SESSION, MAPIUninitialize
 * does nothing. References can still be given back; memory goes with the last one, and providers hear of nothing but that.
 */
#ifndef CORE_FAST_SHUTDOWN_H
#define CORE_FAST_SHUTDOWN_H

#include "core/session.h"

extern const IMAPIClientShutdownVtbl session_shutdown_vtbl; /* of struct session's third interface */

/* The providers of a session that ends in a fast shutdown: those that were not told yet are notified, unless they have been, and
 * told to do it. Lifeline held; for session_core.c. */
void fast_shutdown_tell(struct session_core *core);

#endif
