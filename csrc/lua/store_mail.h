/* Methods of mapi.store: where mail arrives, and how it leaves. */
#ifndef LM_STORE_MAIL_H
#define LM_STORE_MAIL_H

#include "mail.h"

int lm_store_receive_folder(lua_State *L);
int lm_store_set_receive_folder(lua_State *L);
int lm_store_receive_folders(lua_State *L);

int lm_store_abort_submit(lua_State *L);
int lm_store_outgoing_queue(lua_State *L);
int lm_store_set_lock_state(lua_State *L);
int lm_store_finished_msg(lua_State *L);

#endif
