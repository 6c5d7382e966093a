/* Every userdata type of the binding, one per file. module.c registers them all and offers their methods tables as
 * require "mapi.core".types[name]. */
#ifndef LM_TYPES_H
#define LM_TYPES_H

#include "object.h"

extern const struct lm_type lm_session_type;         /* session.c */
extern const struct lm_type lm_helper_type;          /* helper.c */
extern const struct lm_type lm_profile_section_type; /* session_admin.c */
extern const struct lm_type lm_listing_type;         /* listing.c: iterators over small tables */

extern const struct lm_type lm_account_manager_type; /* account_manager.c */
extern const struct lm_type lm_account_type;         /* account.c */
extern const struct lm_type lm_account_enum_type;    /* account_enum.c */
extern const struct lm_type lm_connection_type;      /* connection.c: what advise returns */

extern const struct lm_type lm_store_type;      /* store.c */
extern const struct lm_type lm_folder_type;     /* folder.c */
extern const struct lm_type lm_message_type;    /* message.c */
extern const struct lm_type lm_attachment_type; /* attachment.c */
extern const struct lm_type lm_rows_type;       /* rows.c: what folder:rows and the like iterate over */
extern const struct lm_type lm_stream_type;     /* stream.c */
extern const struct lm_type lm_table_type;      /* table.c: folder:table */

#endif
