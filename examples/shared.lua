--- One session, several programs: whoever logs off for all, all are told.
--
--     make demo-shared                     plays it with three processes
--
-- or with your own hands, in as many terminals as you like (`make` first; both lines in each terminal):
--
--     export LUA_PATH="lua/?.lua;lua/?/init.lua;;" LUA_CPATH="build/?.so;;"
--     lua5.4 examples/shared.lua hold      shares a session, or joins it, and waits to be told
--     lua5.4 examples/shared.lua end       joins it too, and logs off for all
--
-- A word behind either is what that program calls itself. The profile is made where it is missing.

local mapi = require "mapi"

local PROFILE = "shared demo"
local what, name = arg[1], arg[2]

local function say(...)
    print((name and name .. ": " or "") .. string.format(...))
    io.stdout:flush()
end

--- Joins the session that is shared on this machine, or is the first to share one.
local function logon()
    local known = false
    for profile in mapi.profiles.each() do
        known = known or profile.name == PROFILE
    end
    if not known then
        assert(mapi.profiles.create(PROFILE))
    end
    local session = assert(mapi.logon { profile = PROFILE, shared = true })
    local how = session:joined() and "joined the shared session" or "shares a new session"
    say("%s, profile '%s'", how, session:profile())
    return session
end

--- Holds the session until somebody ends it for all.
local function hold()
    local session <close> = logon()
    local told = 0
    assert(session:advise(function(event)
        if event.type == "critical_error" then
            told = told + 1
            say("was told %s: a sharer has logged off for all; the session is now '%s'", event.code, session:state())
        end
    end))
    say "is waiting; nothing of it runs meanwhile"
    while told == 0 do
        mapi.dispatch(math.huge) -- sleeps until something comes
    end
    -- Nobody is thrown out: each leaves when it is ready, and what it has opened works until then.
    assert(session:logoff { ui = false })
    say("has logged off, having been told %s", told == 1 and "once" or told .. " times")
end

--- Ends it for all. Where there is a terminal, it is the user who decides.
local function finish()
    local session <close> = logon()
    say "logs off for all"
    local ok, message, code = session:logoff { shared = true }
    if code == "MAPI_E_USER_CANCEL" then
        say "has left it at that: nothing has changed for anybody"
        return
    end
    assert(ok, message)
    say "has logged off"
end

if what == "hold" then
    hold()
elseif what == "end" then
    finish()
else
    io.stderr:write("usage: lua5.4 examples/shared.lua hold|end [name]\n")
    os.exit(2)
end
