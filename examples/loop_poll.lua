--- mapi.fd under plain poll(), by way of lua-posix: for programs whose event loop is a system call.
--
--     make
--     export LUA_PATH="lua/?.lua;lua/?/init.lua;;" LUA_CPATH="build/?.so;;"
--     .ci/with-home lua5.4 examples/loop_poll.lua
--
-- lua-posix is no Debian package for Lua 5.4; `luarocks install luaposix` has it. examples/host.c does the same in C.

local mapi = require "mapi"
local poll = require("posix.poll").poll

local PROFILE, MESSAGES, PATIENCE = "loop", 3, 20000

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

local seen = 0
assert(store:advise(function(event)
    if event.object_type ~= "message" then
        return
    end
    local message <close> = assert(store:open(event.entryid))
    seen = seen + 1
    print(("told of message %d: %s"):format(seen, message:get "subject"))
end, { events = { "object_created" } }))

-- Where there are other descriptors to wait for, they go into the same table.
local descriptor = assert(mapi.fd())
local waiting = { [descriptor] = { events = { IN = true } } }

for number = 1, MESSAGES do
    local message <close> = assert(inbox:new_message { subject = "number " .. number })
    assert(message:save())
    while seen < number do
        local ready = assert(poll(waiting, PATIENCE))
        assert(ready > 0, "nothing has happened for 20 seconds")
        if waiting[descriptor].revents.IN then
            mapi.dispatch() -- what a callback raises comes out here
        end
    end
end
print "all have been told"
