--- Shuts MAPI down for good with things open, and ends: what is left is only released, in any order.
assert(os.getenv "MAPI_HOME", "set MAPI_HOME to a directory of this script's own")
local mapi = require "mapi"

assert(mapi.profiles.create "fast_shutdown")
local open = {}
package.loaded["fast shutdown"] = open                  -- reachable to the very end

local session <close> = assert(mapi.logon "fast_shutdown")
open[1] = assert(mapi.logon "fast_shutdown")
open[2] = assert(open[1]:open_store())
open[3] = assert(open[2]:inbox())
open[4] = assert(open[3]:new_message { subject = "never saved" })
open[5] = assert(mapi.helper { profile = "fast_shutdown" })
open[6] = assert(open[5]:get_session())
open[7] = assert(mapi.account_manager(open[5]))
assert(open[7]:advise(function() end))
assert(open[1]:advise(function() end))
assert(session:do_fast_shutdown())
