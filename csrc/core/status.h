/* The status table and its rows (status-tables.md): what MAPI and each provider of the profile say about how they are.
 *
 * A row is a bag of properties, put together whenever somebody looks: MAPI's own three, then one for each provider in the profile in
 * its order, then those of stores that are open without being in the profile. A provider's row begins with what its profile section
 * says; what its logon has set with ModifyStatusRow comes on top; what MAPI computes (identifiers, DLL name, type, flags) last. So
 * a provider that has not been logged on yet (O13) has its row all the same, and a logoff leaves no stale one.
 */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include <stdbool.h>

#include "core/session.h"

/* Which row: of MAPI's own by type alone, of a provider by its section too. */
struct status_key {
    ULONG type; /* MAPI_SUBSYSTEM, MAPI_SPOOLER, MAPI_AB, or a provider's PR_RESOURCE_TYPE */
    MAPIUID section;
};

struct status_row {
    struct status_key key;
    bool in_profile;
    bool own; /* the provider has set a row itself */
    struct prop_bag props;
};

struct status_rows {
    struct status_row *items;
    size_t count;
};

/* status_row.c. Lifeline entered. */
HRESULT status_rows_load(struct session_core *core, struct status_rows *out);
void status_rows_clear(struct status_rows *rows);
const struct status_row *status_rows_find(const struct status_rows *rows, const struct status_key *key); /* or NULL */

/* Entry identifiers of status rows are MAPI's own. */
bool status_entryid_is(ULONG size, const ENTRYID *id);
/* MAPI_E_UNKNOWN_ENTRYID. */
HRESULT status_entryid_parse(ULONG size, const ENTRYID *id, struct status_key *out);

/* status_table.c: IMAPISession::GetStatusTable and OpenEntry of a row. Lifeline entered. */
HRESULT session_status_table(struct session_core *core, ULONG flags, LPMAPITABLE *out);
HRESULT session_open_status(struct session_core *core, ULONG size, const ENTRYID *id, LPCIID iid, ULONG flags,
                            ULONG *type, LPUNKNOWN *out);

/* status_object.c: MAPI's status objects; also for providers that have none of their own. */
HRESULT status_object_create(struct session_core *core, const struct status_key *key, LPCIID iid, LPUNKNOWN *out);

#endif
