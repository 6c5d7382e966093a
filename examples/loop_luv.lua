--- mapi.fd under luv: a program whose event loop is libuv's hears of new messages without asking for them.
--
--     make
--     export LUA_PATH="lua/?.lua;lua/?/init.lua;;" LUA_CPATH="build/?.so;;"
--     .ci/with-home lua5.4 examples/loop_luv.lua
--
-- The loop does three things at once: it watches MAPI's descriptor, a timer drops a message into the Inbox now and
-- then, and another one gives up if nothing happens at all.

local mapi = require "mapi"
local uv = require "luv"

local PROFILE, MESSAGES = "loop", 3

local known = false
for profile in mapi.profiles.each() do
    known = known or profile.name == PROFILE
end
if not known then
    assert(mapi.profiles.create(PROFILE))
end

local session <close> = assert(mapi.logon(PROFILE))
local store <close> = assert(session:open_store { write = true })
local inbox <close> = assert(store:inbox())

-- The descriptor is readable when something waits for this state. It belongs to mapi: it is polled, never read or
-- closed.
local watcher = assert(uv.new_poll(assert(mapi.fd())))
local writer, patience = uv.new_timer(), uv.new_timer()
local failure

--- Everything that keeps the loop going; without it uv.run returns.
local function stop()
    for _, handle in ipairs { watcher, writer, patience } do
        if not handle:is_closing() then
            handle:close()
        end
    end
end

-- What a callback raises comes out of mapi.dispatch. libuv's callbacks are no place for errors: it is kept for later.
watcher:start("r", function()
    local ok, why = pcall(mapi.dispatch)
    if not ok then
        failure = why
        stop()
    end
end)

local seen = 0
assert(store:advise(function(event)
    if event.object_type ~= "message" then
        return
    end
    local message <close> = assert(store:open(event.entryid))
    seen = seen + 1
    print(("told of message %d: %s"):format(seen, message:get "subject"))
    if seen == MESSAGES then
        stop()
    end
end, { events = { "object_created" } }))

local written = 0
writer:start(0, 50, function()
    written = written + 1
    if written == MESSAGES then
        writer:stop()
    end
    local message <close> = assert(inbox:new_message { subject = "number " .. written })
    assert(message:save())
end)

patience:start(20000, 0, function()
    failure = "nothing has happened for 20 seconds"
    stop()
end)

uv.run()
if failure then
    error(failure, 0)
end
print "the loop has nothing left to do"
