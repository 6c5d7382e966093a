local support = require "spec.support"
local mapi = require "mapi"

describe("mapi.helper", function()
    after_each(function()
        support.forget_profiles()
        support.nothing_left()
    end)

    it("is made from a profile, from a session or from functions, and from one of them", function()
        local session <close>, name = support.logon()
        support.raises("from a session, from functions or from logon options", mapi.helper, {})
        support.raises("from a session", mapi.helper, { profile = name, session = session })
        support.raises("from a session", mapi.helper, { session = session, get_identity = function() end })
        support.raises("from a session", mapi.helper, { profile = name, hands_off = function() end })
        support.raises("unknown option 'sesion'", mapi.helper, { sesion = session })
        support.raises("not a mapi.session", mapi.helper, { session = 5 })
        support.raises("not a mapi.session", mapi.helper, { session = io.stdout })
        support.raises("function expected", mapi.helper, { get_session = 5 })
        support.raises("table expected", mapi.helper)
        support.raises("table expected", mapi.helper, name)
        support.raises("NUL", mapi.helper, { profile = "a\0" })
        session:close()
        support.raises("attempt to use a closed session", mapi.helper, { session = session })
    end)

    describe("owning", function()
        local name, helper

        before_each(function()
            name = support.profile()
            helper = assert(mapi.helper { profile = name })
        end)

        after_each(function()
            helper:close()
        end)

        it("H5: logs on when first asked, lends, hands off, and logs on anew", function()
            local before = mapi.stats().session
            assert.equal("idle", helper:state())
            assert.equal(name, helper:get_identity())
            assert.equal(before, mapi.stats().session)
            local session = assert(helper:get_session())
            assert.equal("holding", helper:state())
            assert.equal(name, session:profile())
            assert.equal(session, helper:get_session())
            assert.same({ true, "S_OK" }, { helper:hands_off() })
            assert.equal("handed off", helper:state())
            assert.equal("closed session", mapi.type(session))
            assert.equal(before, mapi.stats().session)
            local again = assert(helper:get_session())
            assert.not_equal(session, again)
            assert.equal("active", again:state())
            assert.equal("holding", helper:state())
        end)

        it("H1, H2: hands off harmlessly when there is nothing, and again", function()
            assert.same({ true, "S_OK" }, { helper:hands_off() })
            assert.equal("idle", helper:state())
            assert(helper:get_session())
            for _ = 1, 3 do
                assert.same({ true, "S_OK" }, { helper:hands_off() })
                assert.equal("handed off", helper:state())
            end
        end)

        it("ends what was opened through the lent session when it hands off", function()
            local session = assert(helper:get_session())
            local store = assert(session:open_store())
            local inbox = assert(store:inbox())
            assert(helper:hands_off())
            for _, object in ipairs { session, store, inbox } do
                assert.truthy(mapi.type(object):match "^closed ")
            end
        end)

        it("is given the session back by close, which stays logged on", function()
            local session = assert(helper:get_session())
            local store = assert(session:open_store())
            assert.is_true(session:close())
            assert.equal("closed store", mapi.type(store))
            assert.equal("holding", helper:state())
            local count = mapi.stats().session
            local again = assert(helper:get_session())
            assert.equal(count, mapi.stats().session)
            assert.equal("active", again:state())
            do
                local scope <close> = again -- luacheck: ignore scope
            end
            assert.equal("holding", helper:state())
            assert.equal(name, assert(helper:get_session()):profile())
        end)

        it("logs on anew after the lent session was really logged off", function()
            local session = assert(helper:get_session())
            assert.is_true(session:logoff())
            assert.equal("closed session", mapi.type(session))
            local again = assert(helper:get_session())
            assert.equal("active", again:state())
            assert.equal("holding", helper:state())
            assert.same({ true, "S_OK" }, { helper:hands_off() })
        end)

        it("collects a lent session without losing the loan or a warning", function()
            assert(helper:get_session())
            collectgarbage()
            assert.equal("holding", helper:state())
            assert.equal("active", assert(helper:get_session()):state())
        end)

        it("hands off when it is closed, in a scope and by the collector", function()
            local session = assert(helper:get_session())
            assert.is_true(helper:close())
            assert.equal("closed session", mapi.type(session))
            do
                local scoped <close> = assert(mapi.helper { profile = name })
                session = assert(scoped:get_session())
            end
            assert.equal("closed session", mapi.type(session))
            assert(mapi.helper { profile = name }):get_session()
            support.nothing_left()
        end)

        it("says why it has no session", function()
            local nobody <close> = assert(mapi.helper { profile = "nobody" })
            assert.equal("nobody", nobody:get_identity())
            support.fails("helper:get_session", "MAPI_E_LOGON_FAILED", nobody:get_session())
            assert.equal("idle", nobody:state())
            local empty <close> = assert(mapi.helper { profile = "" })
            support.fails("helper:get_identity", "E_INVALIDARG", empty:get_identity()) -- H11
        end)

        it("keeps the session that is being asked about", function()
            mapi.set_dialog(function()
                support.fails("helper:hands_off", "MAPI_E_BUSY", helper:hands_off())
                support.fails("helper:close", "MAPI_E_BUSY", helper:close())
                return false
            end)
            local session = assert(helper:get_session())
            local message = assert(assert(session:open_store()):inbox():new_message { subject = "x" })
            assert(message:set("subject", "y"))
            support.fails("session:logoff", "MAPI_E_USER_CANCEL", session:logoff())
            mapi.set_dialog(nil)
            assert.same({ true, "S_OK" }, { helper:hands_off() })
        end)

        it("H16: answers its placeholder as documented", function()
            assert.same({ false, "E_NOTIMPL" }, { helper:placeholder1() })
            assert.same({ false, "E_NOTIMPL" }, { helper:placeholder1(1, 2) })
        end)
    end)

    describe("borrowing", function()
        local session, name, helper

        before_each(function()
            session, name = support.logon()
            helper = assert(session:helper())
        end)

        after_each(function()
            helper:close()
            session:close()
        end)

        it("returns the very session it was given, and changes nothing", function()
            assert.equal("borrowing", helper:state())
            assert.equal(name, helper:get_identity())
            assert.equal(session, helper:get_session())
            assert.same({ false, "E_NOTIMPL" }, { helper:hands_off() })
            assert.same({ false, "E_NOTIMPL" }, { helper:hands_off() })
            assert.equal(session, helper:get_session())
            assert.equal("active", session:state())
            assert.is_true(helper:close())
            assert.equal("active", session:state())
        end)

        it("keeps the session alive, not open", function()
            local kept = helper
            session = nil
            collectgarbage()
            collectgarbage()
            session = assert(kept:get_session())
            assert.equal("active", session:state())
        end)

        it("H12: says that the session has ended", function()
            assert.is_true(session:logoff())
            support.fails("helper:get_session", "MAPI_E_END_OF_SESSION", helper:get_session())
            assert.same({ false, "E_NOTIMPL" }, { helper:hands_off() })
        end)
    end)

    describe("written in Lua", function()
        it("answers for functions that are missing", function()
            local helper <close> = assert(mapi.helper { hands_off = function() return true end })
            assert.equal("scripted", helper:state())
            support.fails("helper:get_identity", "E_INVALIDARG", helper:get_identity())
            support.fails("helper:get_session", "MAPI_E_NOT_FOUND", helper:get_session())
            assert.same({ true, "S_OK" }, { helper:hands_off() })
            local other <close> = assert(mapi.helper { get_identity = function() return "me" end })
            assert.same({ false, "E_NOTIMPL" }, { other:hands_off() })
            assert.equal("me", other:get_identity())
        end)

        it("gives the very session object its function returned", function()
            local session <close>, name = support.logon()
            local helper <close> = assert(mapi.helper {
                get_identity = function() return session:profile() end,
                get_session = function() return session end,
            })
            assert.equal(session, helper:get_session())
            assert.equal(name, helper:get_identity())
        end)

        it("is not fooled by wrong results", function()
            local shut = support.logon()
            shut:close()
            for _, value in ipairs { 5, {}, true, io.stdout, print, shut } do
                local helper <close> = assert(mapi.helper {
                    get_identity = function() return value end,
                    get_session = function() return value end,
                    hands_off = function() return value == true and 1 or value end,
                })
                support.fails("helper:get_identity", "E_INVALIDARG", helper:get_identity())
                support.fails("helper:get_session", "MAPI_E_NOT_FOUND", helper:get_session())
                assert.same({ false, "E_NOTIMPL" }, { helper:hands_off() })
            end
            for _, text in ipairs { "", "a\0b", "\xFF" } do
                local helper <close> = assert(mapi.helper { get_identity = function() return text end })
                support.fails("helper:get_identity", "E_INVALIDARG", helper:get_identity())
            end
        end)

        it("takes identities of any length", function()
            for _, length in ipairs { 1, 63, 64, 65, 255, 256, 257, 5000 } do
                for _, character in ipairs { "x", "é", "😀" } do
                    local text = character:rep(length)
                    local helper <close> = assert(mapi.helper { get_identity = function() return text end })
                    assert.equal(text, helper:get_identity())
                end
            end
        end)

        it("passes errors on as messages", function()
            local helper <close> = assert(mapi.helper {
                get_identity = function() error("identity is out", 0) end,
                get_session = function()
                    error(setmetatable({}, { __tostring = function() return "session is out" end }))
                end,
                hands_off = function() error("hands are full", 0) end,
            })
            local message = support.fails("helper:get_identity", "E_INVALIDARG", helper:get_identity())
            assert.equal("helper:get_identity: E_INVALIDARG: identity is out", message)
            message = support.fails("helper:get_session", "MAPI_E_NOT_FOUND", helper:get_session())
            assert.equal("helper:get_session: MAPI_E_NOT_FOUND: session is out", message)
            message = support.fails("helper:hands_off", "E_NOTIMPL", helper:hands_off())
            assert.equal("helper:hands_off: E_NOTIMPL: hands are full", message)
        end)

        it("cannot yield, and says so", function()
            local helper <close> = assert(mapi.helper {
                get_session = function() coroutine.yield() end,
                get_identity = function() coroutine.yield() end,
                hands_off = function() coroutine.yield() end,
            })
            coroutine.wrap(function()
                for _, message in ipairs {
                    support.fails("helper:get_session", "MAPI_E_NOT_FOUND", helper:get_session()),
                    support.fails("helper:get_identity", "E_INVALIDARG", helper:get_identity()),
                    support.fails("helper:hands_off", "E_NOTIMPL", helper:hands_off()),
                } do
                    assert.truthy(message:find "yield", message)
                end
            end)()
        end)

        it("survives functions that close their own helper or session", function()
            local session <close> = support.logon()
            local helper
            helper = assert(mapi.helper {
                get_identity = function() helper:close() return "gone" end,
            })
            assert.equal("gone", helper:get_identity())
            assert.equal("closed helper", mapi.type(helper))
            helper = assert(mapi.helper { get_session = function() helper:close() return session end })
            assert.equal(session, helper:get_session())
            helper = assert(mapi.helper { get_session = function() session:close() return session end })
            support.fails("helper:get_session", "MAPI_E_NOT_FOUND", helper:get_session())
            helper:close()
            local calls = 0
            local other <close> = support.logon()
            helper = assert(mapi.helper {
                get_session = function() return other end,
                hands_off = function()
                    calls = calls + 1
                    helper:close()
                    other:close()
                    return true
                end,
            })
            assert.equal(other, helper:get_session())
            assert.same({ true, "S_OK" }, { helper:hands_off() })
            assert.is_true(helper:close())
            assert.equal("closed session", mapi.type(other))
            assert.truthy(calls >= 1)
        end)

        it("survives functions that call themselves", function()
            local helper
            helper = assert(mapi.helper { get_session = function() return (helper:get_session()) end })
            support.fails("helper:get_session", "MAPI_E_NOT_FOUND", helper:get_session())
            helper:close()
        end)

        it("hands off at close only what was fetched", function()
            local session <close> = support.logon()
            local calls = 0
            local functions = {
                get_session = function() return session end,
                hands_off = function() calls = calls + 1 return true end,
            }
            local helper = assert(mapi.helper(functions))
            helper:close()
            assert.equal(0, calls)
            helper = assert(mapi.helper(functions))
            assert(helper:get_session())
            helper:close()
            assert.equal(1, calls)
            helper = assert(mapi.helper(functions))
            assert(helper:get_session())
            assert(helper:hands_off())
            helper:close()
            assert.equal(2, calls)
        end)

        it("is never called by the collector: hands_off waits for dispatch", function()
            local session <close> = support.logon()
            local calls = 0
            local function fetch_and_drop(hands_off)
                local function get_session() return session end
                local helper = assert(mapi.helper { get_session = get_session, hands_off = hands_off })
                assert(helper:get_session())
            end
            fetch_and_drop(function() calls = calls + 1 end)
            collectgarbage()
            collectgarbage()
            assert.equal(0, calls)
            assert.equal(1, mapi.dispatch())
            assert.equal(1, calls)
            assert.equal(0, mapi.dispatch())
            -- An error comes out of dispatch, the rest stays queued; a nested dispatch delivers nothing.
            fetch_and_drop(function() calls = calls + 1 error("from hands_off", 0) end)
            fetch_and_drop(function() calls = calls + 1 error("from hands_off", 0) end)
            collectgarbage()
            collectgarbage()
            for _ = 1, 2 do
                local ok, message = pcall(mapi.dispatch)
                assert.is_false(ok)
                assert.equal("from hands_off", message)
            end
            assert.equal(3, calls)
            assert.equal(0, mapi.dispatch())
            local nested
            fetch_and_drop(function() nested = mapi.dispatch() end)
            fetch_and_drop(function() end)
            collectgarbage()
            collectgarbage()
            assert.equal(2, mapi.dispatch())
            assert.equal(0, nested)
        end)

        it("is dropped with a warning when the state closes first", function()
            local text, ok = support.run([[
                local mapi = require "mapi"
                assert(mapi.profiles.create "p")
                kept = mapi.helper {
                    get_session = function() return mapi.logon "p" end,
                    hands_off = function() print "called" return true end,
                }
                kept:get_session()
            ]], { flags = "-W" })
            assert.is_true(ok, text)
            assert.truthy(text:find("hands_off of a helper written in Lua was not called", 1, true), text)
            assert.falsy(text:find("called\n", 1, true) == 1, text)
        end)

        it("does not keep itself alive", function()
            local weak = setmetatable({}, { __mode = "v" })
            do
                local helper
                helper = assert(mapi.helper { get_identity = function() return helper:state() end })
                assert.equal("scripted", helper:get_identity())
                weak[1] = helper
            end
            collectgarbage()
            collectgarbage()
            assert.is_nil(weak[1])
            for _ = 1, 1000 do
                mapi.helper { hands_off = function() return true end }
            end
            support.nothing_left()
        end)
    end)
end)
