local support = require "spec.support"
local mapi = require "mapi"

--- Leaves a change unsaved, so that a logoff has something to ask. Returns the message.
local function leave_unsaved(session)
    local store = assert(session:open_store())
    local message = assert(store:inbox():new_message { subject = "not saved" })
    assert(message:set("subject", "still not saved"))
    return message
end

describe("session:logoff", function()
    after_each(function()
        mapi.set_dialog(nil)
        support.forget_profiles()
        support.nothing_left()
    end)

    it("ends the session, and what was opened through it", function()
        local session = support.logon()
        local store = assert(session:open_store())
        local inbox = assert(store:inbox())
        assert.is_true(session:logoff())
        assert.equal("closed session", mapi.type(session))
        assert.equal("closed store", mapi.type(store))
        assert.equal("closed folder", mapi.type(inbox))
        local _, kinds = support.alive()
        assert.equal("", kinds)
        support.raises("attempt to use a closed session", session.logoff, session)
        support.raises("attempt to use a closed store", store.inbox, store)
        assert.is_true(session:close())
    end)

    it("takes its options and no others", function()
        local session <close> = support.logon()
        support.raises("unknown option 'share'", session.logoff, session, { share = true })
        support.raises("boolean expected", session.logoff, session, { ui = 1 })
        support.raises("integer expected", session.logoff, session, { window = "w" })
        support.raises("table expected", session.logoff, session, true)
        assert.equal("session", mapi.type(session))
        assert.is_true(session:logoff { shared = true, ui = false, window = 5 }) -- L5: private, so nobody is told
    end)

    it("R1: is done by close, by a scope and by the collector as well", function()
        local session = support.logon()
        assert.is_true(session:close())
        do
            local scoped <close> = support.logon()
            session = scoped
        end
        assert.equal("closed session", mapi.type(session))
        support.logon()
        support.nothing_left()
    end)

    it("L13: leaves values that were read before usable", function()
        local session = support.logon()
        local rows = {}
        for row in session:stores() do
            rows[#rows + 1] = row
        end
        session:logoff()
        assert.equal("string", type(rows[1].entryid))
    end)

    it("may be called while iterating", function()
        local session = support.logon()
        local store = assert(session:open_store())
        local inbox = assert(store:inbox())
        for i = 1, 3 do
            assert(inbox:new_message { subject = "m" .. i }):save()
        end
        support.raises("attempt to use a closed", function()
            for _ in inbox:rows { columns = { "subject" } } do
                if mapi.type(session) == "session" then
                    assert(session:logoff())
                end
            end
        end)
    end)

    it("is warned about when a session is dropped without it, and only then", function()
        local prelude = [[
            local mapi = require "mapi"
            assert(mapi.profiles.create "dropped")
        ]]
        local expected = "Lua warning: mapi.session: a session of profile 'dropped' was dropped without logoff\n"
        local drop = prelude .. [[mapi.logon "dropped" collectgarbage() print "here"]]
        local text, ok = support.run(drop, { flags = "-W" })
        assert.is_true(ok)
        assert.equal(expected .. "here\n", text)
        text = support.run(prelude .. [[kept = mapi.logon "dropped"]], { flags = "-W" })
        assert.equal(expected, text)
        text = support.run(prelude .. [[
            mapi.logon "dropped":close()
            mapi.logon "dropped":logoff()
            do local session <close> = mapi.logon "dropped" end
            local helper <close> = mapi.helper { profile = "dropped" }
            helper:get_session()
            mapi.logon "nobody"
        ]], { flags = "-W" })
        assert.equal("", text)
    end)
end)

describe("the dialog handler", function()
    local session, message

    before_each(function()
        session = support.logon()
        message = leave_unsaved(session)
    end)

    after_each(function()
        mapi.set_dialog(nil)
        session:close()
        support.forget_profiles()
        support.nothing_left()
    end)

    it("is asked before anything is undone, with the counts", function()
        local asked
        mapi.set_dialog(function(...)
            asked = { n = select("#", ...), ... }
            assert.equal("message", mapi.type(message))
            assert.equal("still not saved", message:get "subject")
            return true
        end)
        assert.is_true(session:logoff { window = 42 })
        assert.equal(1, asked.n)
        assert.equal("logoff", asked[1].kind)
        assert.equal(0, asked[1].unsent)
        assert.truthy(asked[1].unsaved >= 1)
        assert.equal(0, asked[1].clients)
        assert.equal(42, asked[1].window)
        assert.equal("string", type(asked[1].profile))
        assert.equal("closed session", mapi.type(session))
    end)

    it("is told how many messages are waiting to be sent", function()
        local unsent
        mapi.set_dialog(function(question)
            unsent = question.unsent
            return false
        end)
        local store <close> = assert(session:open_store())
        local outbox <close> = assert(store:outbox())
        for _ = 1, 2 do
            local letter <close> = assert(outbox:new_message { subject = "to be sent" })
            assert(letter:set_recipients { { type = "to", name = "Reading Room", address = "room@example.org" } })
            assert(letter:submit())
        end
        support.fails("session:logoff", "MAPI_E_USER_CANCEL", session:logoff())
        assert.equal(2, unsent)
    end)

    it("cancels with anything but true, and everything is as it was", function()
        for _, answer in ipairs { false, 0, "yes", {} } do
            mapi.set_dialog(function() return answer end)
            support.fails("session:logoff", "MAPI_E_USER_CANCEL", session:logoff())
        end
        mapi.set_dialog(function() end)
        support.fails("session:logoff", "MAPI_E_USER_CANCEL", session:logoff())
        assert.equal("session", mapi.type(session))
        assert.equal("still not saved", message:get "subject")
        assert.is_true(message:save())
        assert.equal("active", session:state())
    end)

    it("is asked only when there is something to ask, and wanted", function()
        mapi.set_dialog(function() error "not to be asked" end)
        local other = support.logon()
        assert.is_true(other:logoff())
        assert.is_true(message:save())
        assert.is_true(session:logoff())
        session = support.logon()
        leave_unsaved(session)
        assert.is_true(session:logoff { ui = false })
        session = support.logon()
        leave_unsaved(session)
        mapi.set_dialog(false)
        assert.is_true(session:logoff())
        session = support.logon()
        leave_unsaved(session)
        mapi.set_dialog(function() error "not to be asked" end)
        assert.is_true(session:close())
    end)

    it("keeps the session busy while it runs", function()
        local results = {}
        mapi.set_dialog(function()
            results.logoff = { session:logoff() }
            results.close = { session:close() }
            do
                local scope <close> = session -- luacheck: ignore scope
            end
            results.type = mapi.type(session)
            return false
        end)
        support.fails("session:logoff", "MAPI_E_USER_CANCEL", session:logoff())
        support.fails("session:logoff", "MAPI_E_BUSY", results.logoff[1], table.unpack(results.logoff, 2))
        support.fails("session:close", "MAPI_E_BUSY", results.close[1], table.unpack(results.close, 2))
        assert.equal("session", results.type)
        assert.is_true(session:close())
    end)

    it("raises through logoff unchanged, and nothing is undone", function()
        local value = setmetatable({}, { __tostring = function() return "mine" end })
        mapi.set_dialog(function() error(value) end)
        local ok, got = pcall(session.logoff, session)
        assert.is_false(ok)
        assert.equal(value, got)
        assert.equal("message", mapi.type(message))
        mapi.set_dialog(function() error("text", 0) end)
        ok, got = pcall(session.logoff, session)
        assert.is_false(ok)
        assert.equal("text", got)
        -- In a coroutine that stays dead with the error, the session is not left busy.
        assert.is_false((coroutine.resume(coroutine.create(function() session:logoff() end))))
        mapi.set_dialog(false)
        assert.is_true(session:logoff())
    end)

    it("may yield", function()
        mapi.set_dialog(function(question) return coroutine.yield(question.kind) end)
        local thread = coroutine.create(function() return session:logoff() end)
        assert.same({ true, "logoff" }, { coroutine.resume(thread) })
        support.fails("session:logoff", "MAPI_E_BUSY", session:logoff())
        assert.equal("message", mapi.type(message))
        assert.same({ true, true }, { coroutine.resume(thread, true) })
        assert.equal("closed session", mapi.type(session))
    end)

    it("may yield and never come back", function()
        mapi.set_dialog(function() coroutine.yield() end)
        local thread = coroutine.create(function() return session:logoff() end)
        assert(coroutine.resume(thread))
        support.fails("session:close", "MAPI_E_BUSY", session:close())
        assert.is_true(coroutine.close(thread))
        assert.equal("active", session:state())
        thread = coroutine.create(function() return session:logoff() end)
        assert(coroutine.resume(thread))
        thread = nil
        assert.is_nil(thread)
        collectgarbage()
        collectgarbage()
        assert.is_true(session:close())
    end)

    it("is not asked again by the objects it closes meanwhile", function()
        mapi.set_dialog(function()
            assert.is_true(message:close())
            return true
        end)
        assert.is_true(session:logoff())
    end)

    it("is by default the terminal's, and nobody's where there is none", function()
        local text, ok = support.run([[
            local mapi = require "mapi"
            assert(mapi.profiles.create "p")
            local session = assert(mapi.logon "p")
            local store = assert(session:open_store())
            local message = assert(store:inbox():new_message { subject = "x" })
            assert(message:set("subject", "y"))
            print(session:logoff())
        ]], { prefix = "</dev/null" })
        assert.is_true(ok, text)
        assert.equal("true\n", text)
    end)

    -- Ctrl-C is sent the moment the question is there: a signal between the question and the wait for the answer
    -- was lost once, and nobody answered any more.
    it("asks on a terminal: yes, no, end of file, Ctrl-C", function()
        local probe = io.popen "command -v python3"
        local python = probe:read "a"
        probe:close()
        if python == "" then
            pending "python3 makes the terminal"
            return
        end
        local script = [[
            local mapi = require "mapi"
            assert(mapi.profiles.create "p")
            local session = assert(mapi.logon "p")
            local message = assert(assert(session:open_store()):inbox():new_message { subject = "x" })
            assert(message:set("subject", "y"))
            print("answer", select("#", session:logoff()))
        ]]
        local driver = os.tmpname()
        local file = assert(io.open(driver, "w"))
        file:write [[
import os, pty, signal, sys
signal.alarm(60)
answer = sys.argv[1].encode().decode("unicode_escape").encode()
pid, fd = pty.fork()
if pid == 0:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])
said, sent = b"", False
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    said += part
    if b"[y/N]" in said and not sent:
        sent = True
        os.write(fd, answer)
os.waitpid(pid, 0)
sys.stdout.write(said.decode(errors="replace"))
]]
        file:close()
        local answers = {
            ["y\\n"] = 1, ["Yes\\n"] = 1, ["n\\n"] = 3, ["\\n"] = 3, ["\\x04"] = 3, ["\\x03"] = false,
        }
        for answer, results in pairs(answers) do
            local text = support.run(script, { prefix = "python3 " .. driver .. " '" .. answer .. "'" })
            assert.truthy(text:find("[y/N]", 1, true), text)
            if results then
                assert.truthy(text:find("answer\t" .. results, 1, true), answer .. ": " .. text)
            end
        end
        os.remove(driver)
    end)
end)
