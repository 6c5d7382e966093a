--- Fast shutdown from Lua. What shuts MAPI down for good does so in a process of its own.
local support = require "spec.support"

local start = [[
local mapi = require "mapi"
assert(mapi.profiles.create "work")
local session = assert(mapi.logon "work")
local function dead(what, value, message, name)
    if value or name ~= "MAPI_E_END_OF_SESSION" then
        error(what .. ": " .. tostring(value) .. ", " .. tostring(message), 2)
    end
end
]]

--- Runs a script after `start`; it must print "done" and nothing else.
local function in_process(source, options)
    local text, ok = support.run(start .. source .. "\nprint 'done'", options)
    assert.equal("done\n", text)
    assert.is_true(ok)
end

describe("fast shutdown", function()
    after_each(function()
        support.forget_profiles()
        support.nothing_left()
    end)

    it("may be asked for, and announced, without ending anything", function()
        local session <close> = support.logon()
        local store <close> = assert(session:open_store())
        assert.is_true(session:query_fast_shutdown())
        assert.is_true(session:notify_process_shutdown())
        assert.equal("active", session:state())
        assert.equal("string", type(store:name()))
    end)

    it("is off where the user has turned it off", function()
        in_process([[
            local ok, message, name = session:query_fast_shutdown()
            assert(not ok and name == "MAPI_E_NO_SUPPORT", message)
            assert(message:find("turned off", 1, true), message)
            ok, message, name = session:do_fast_shutdown()
            assert(not ok and name == "MAPI_E_NO_SUPPORT", message)
            assert(session:state() == "active")
            assert(session:logoff { ui = false })
        ]], { prefix = "MAPI_FAST_SHUTDOWN=2" })
    end)

    it("leaves nothing that can be called, and everything can be closed", function()
        in_process [[
            local store = assert(session:open_store())
            local inbox = assert(store:inbox())
            local message = assert(inbox:new_message { subject = "kept" })
            assert(message:save())
            local lost = assert(inbox:new_message { subject = "lost" })
            local profiles = mapi.profiles.each()
            assert(session:query_fast_shutdown())
            assert(session:notify_process_shutdown())
            assert(session:do_fast_shutdown() == true)
            dead("profile", session:profile())
            dead("open_store", session:open_store())
            dead("query", session:query_fast_shutdown())
            dead("notify", session:notify_process_shutdown())
            dead("do", session:do_fast_shutdown())
            dead("inbox", store:inbox())
            dead("save", lost:save())
            dead("get", message:get "subject")
            dead("logon", mapi.logon "work")
            dead("create", mapi.profiles.create "other")
            assert(message:close() and inbox:close())
            store, lost = nil, nil
            collectgarbage()
            assert(session:close())
        ]]
    end)

    it("keeps what was saved and nothing else", function()
        local home <const> = support.new_home()
        in_process([[
            local inbox = assert(assert(session:open_store()):inbox())
            assert(assert(inbox:new_message { subject = "kept" }):save())
            assert(inbox:new_message { subject = "lost" })
            assert(session:do_fast_shutdown())
            os.exit(print "done" or 0, false)                   -- as a client does then: at once
        ]], { home = home })
        local text = support.run([[
            local mapi = require "mapi"
            local session <close> = assert(mapi.logon "work")
            for row in assert(assert(session:open_store()):inbox()):rows { columns = { "subject" } } do
                print(row.subject)
            end
        ]], { home = home })
        assert.equal("kept\n", text)
        support.remove_home(home)
    end)

    it("is said by sessions that have ended to be too late", function()
        local session = support.logon()
        session:close()
        support.raises("closed session", session.query_fast_shutdown, session)
    end)
end)
