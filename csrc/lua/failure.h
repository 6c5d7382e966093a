/* How the world's failures reach a script: nil, "<operation>: <NAME>: <text>", "<NAME>".
 *
 * `operation` is what the script wrote: "mapi.logon", "session:logoff", "folder:import". The text is the sentence that
 * the subsystem recorded for the failure (MapiErrorDetail), else the plain sentence of the HRESULT.
 */
#ifndef LM_FAILURE_H
#define LM_FAILURE_H

#include <lua.h>

#include <stdbool.h>

#include <mapix.h>

/* Room for a name: "MAPI_E_..." or "0x8004ABCD". */
enum { LM_NAME_SIZE = 64 };

/* Forgets sentences of earlier failures; call at the start of an operation whose failure would otherwise borrow an old
 * one. */
void lm_forget(void);

/* Pushes nil, message, name; returns 3. `lm_fail_olk` uses the E_ names of the account management interfaces (helpers,
 * accounts). */
int lm_fail(lua_State *L, const char *operation, HRESULT hr);
int lm_fail_olk(lua_State *L, const char *operation, HRESULT hr);
/* The same with a text of the binding's own. */
int lm_fail_text(lua_State *L, const char *operation, HRESULT hr, const char *text);

/* Succeeded: pushes true and, for a warning, its name; failed: as lm_fail. */
int lm_result(lua_State *L, const char *operation, HRESULT hr);
/* After the result value was pushed: 1, or for a warning pushes its name and returns 2. */
int lm_value(lua_State *L, HRESULT hr);

/* Raises the message; what iterators do. Never returns. */
int lm_raise(lua_State *L, const char *operation, HRESULT hr);

/* Pushes the message or the name alone. */
void lm_push_message(lua_State *L, const char *operation, HRESULT hr, bool account);
void lm_push_name(lua_State *L, HRESULT hr, bool account);
void lm_push_text(lua_State *L, HRESULT hr);

/* Sends "<type>:<method>: <NAME>: <text>" to warn. Never raises nor allocates; for __close and __gc. */
void lm_warn(lua_State *L, const char *type, const char *method, HRESULT hr);
/* Sends the pieces as one warning; NULL ends them. */
void lm_warn_text(lua_State *L, const char *piece, ...);

#endif
