/* store/store.h - the SQLite message store: what the core's service table refers to. Everything else about the store
 * goes through the documented provider interfaces.
 *
 * A store is one file, MAPI_HOME/stores/<32 hexadecimal digits of its uid>.db. Copies of a profile share it.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <mapispi.h>

/* The store provider's entry point, an MSPROVIDERINIT (msproviderinit.md). */
HRESULT STDAPICALLTYPE store_provider_init(HINSTANCE instance, LPMALLOC allocator, LPALLOCATEBUFFER allocate_buffer,
                                           LPALLOCATEMORE allocate_more, LPFREEBUFFER free_buffer, ULONG flags,
                                           ULONG mapi_version, ULONG *provider_version, LPMSPROVIDER *out);

/* The message service's entry point, a MSGSERVICEENTRY (msgserviceentry.md). MSG_SERVICE_CREATE makes the store file
 * with its standard folders and fills the provider section: PR_DISPLAY_NAME, PR_ENTRYID (wrapped), PR_RECORD_KEY (16
 * bytes), PR_RESOURCE_FLAGS, PR_PROVIDER_DISPLAY, PR_MDB_PROVIDER. MSG_SERVICE_CONFIGURE sets PR_DISPLAY_NAME from
 * the properties given; MSG_SERVICE_DELETE removes nothing: the file goes with store_remove. */
HRESULT STDAPICALLTYPE store_service_entry(HINSTANCE instance, LPMALLOC allocator, LPMAPISUP support, ULONG_PTR ui,
                                           ULONG flags, ULONG context, ULONG count, LPSPropValue properties,
                                           LPPROVIDERADMIN providers, LPMAPIERROR *error);

/* Deletes the file of the store with this PR_RECORD_KEY, if it exists, with what SQLite keeps beside it. For the
 * core, when the last provider section that named it has gone. */
void store_remove(const char *home, const MAPIUID *record_key);

/* Under this name the core knows it (PR_PROVIDER_DLL_NAME). */
#define STORE_DLL_NAME "luamapi"

/* What the store puts into PR_MDB_PROVIDER. */
extern const MAPIUID store_provider_uid;

/* Properties of the store object that the session asks for before a logoff with LOGOFF_UI: how many open objects hold
 * changes that were not saved, and how many messages wait in the Outbox or are submitted. Secure range: clients
 * listing the store do not see them. */
#define PR_STORE_UNSAVED_COUNT PROP_TAG(PT_LONG, 0x67F0)
#define PR_STORE_UNSENT_COUNT  PROP_TAG(PT_LONG, 0x67F1)

#endif
