--- Leaves through os.exit with the state closed, from inside scopes, an iterator and a coroutine.
assert(os.getenv "MAPI_HOME", "set MAPI_HOME to a directory of this script's own")
local mapi = require "mapi"

assert(mapi.profiles.create "exit_inside")
local session <close> = assert(mapi.logon "exit_inside")
local store <close> = assert(session:open_store())
local inbox <close> = assert(store:inbox())
for i = 1, 3 do
    local message <close> = assert(inbox:new_message { subject = "number " .. i })
    assert(message:save())
end
coroutine.wrap(function()
    for message in inbox:messages {} do
        local same <close> = message
        assert(same:get "subject")
        os.exit(true, true)
    end
end)()
error "not reached"
