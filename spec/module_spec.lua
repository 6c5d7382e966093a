local support = require "spec.support"
local mapi = require "mapi"

describe("the module", function()
    after_each(support.forget_profiles)

    it("has a version", function()
        assert.equal("string", type(mapi._VERSION))
        assert.truthy(mapi._VERSION:match "^mapi ")
    end)

    it("leaves no global behind", function()
        local text, ok = support.run [[
            local before = {}
            for name in pairs(_G) do before[name] = true end
            require "mapi"
            for name in pairs(_G) do assert(before[name], name) end
        ]]
        assert.is_true(ok, text)
    end)

    it("loads nothing that is not needed: no GMime, and few files", function()
        local text, ok = support.run [[
            require "mapi"
            for line in io.lines "/proc/self/maps" do assert(not line:find "gmime", line) end
            local count = 0
            for name in pairs(package.loaded) do
                if name:match "^mapi" then count = count + 1 end
            end
            assert(count == 2, count)
        ]]
        assert.is_true(ok, text)
    end)

    it("is loaded inside a coroutine that is then abandoned, and works on", function()
        local text, ok = support.run [[
            local mapi
            coroutine.wrap(function() mapi = require "mapi"; coroutine.yield() end)()
            collectgarbage() collectgarbage()
            assert(mapi.profiles.create "c")
            local session <close> = assert(mapi.logon "c")
            assert(session:profile() == "c")
            local helper = mapi.helper {
                get_session = function() return session end,
                hands_off = function() return true end,
            }
            assert(helper:get_session() == session)
            assert(helper:close())
        ]]
        assert.is_true(ok, text)
    end)

    it("is initialised when first needed, and once", function()
        local text, ok = support.run [[
            local mapi = require "mapi"
            assert(next(mapi.stats()))
            assert(mapi.hresult.S_OK == 0 and mapi.type(1) == nil)
            assert(not io.open(os.getenv "MAPI_HOME" .. "/profiles.db"))
            assert(mapi.profiles.create "x")
            assert(io.open(os.getenv "MAPI_HOME" .. "/profiles.db"))
        ]]
        assert.is_true(ok, text)
    end)

    describe("mapi.type", function()
        it("tells our objects, open and closed, from everything else", function()
            local session = support.logon()
            assert.equal("session", mapi.type(session))
            session:close()
            assert.equal("closed session", mapi.type(session))
            for _, value in ipairs { 1, "session", {}, print, io.stdout, true } do
                assert.is_nil(mapi.type(value))
            end
            assert.is_nil(mapi.type(nil))
            support.raises("value expected", mapi.type)
        end)

        it("is not deceived by another module's type of the same name", function()
            local impostor = setmetatable({}, { __name = "mapi.session", __index = { profile = print } })
            assert.is_nil(mapi.type(impostor))
            assert.is_false((pcall(mapi.helper, { session = impostor })))
            -- luaL_newmetatable of another module uses the registry under the name alone.
            debug.getregistry()["mapi.session"] = { __name = "mapi.session" }
            local file = io.tmpfile()
            local metatable = debug.getmetatable(file)
            debug.setmetatable(file, debug.getregistry()["mapi.session"])
            local session <close> = support.logon()
            assert.is_nil(mapi.type(file))
            support.raises("mapi.session expected", session.profile, file)
            support.raises("mapi.session expected", session.close, file)
            debug.setmetatable(file, metatable)
            debug.getregistry()["mapi.session"] = nil
            assert.equal("session", mapi.type(session))
        end)
    end)

    it("counts native objects by type", function()
        local before = mapi.stats()
        local session = support.logon()
        assert.equal(before.session + 1, mapi.stats().session)
        session:close()
        assert.equal(before.session, mapi.stats().session)
        for kind, count in pairs(mapi.stats()) do
            assert.equal("string", type(kind))
            assert.equal("integer", math.type(count))
        end
    end)

    it("delivers nothing when nothing waits, whatever the timeout", function()
        assert.equal(0, mapi.dispatch())
        assert.equal(0, mapi.dispatch(0))
        assert.equal(0, mapi.dispatch(0.01))
        support.raises("seconds", mapi.dispatch, -1)
        support.raises("seconds", mapi.dispatch, 0 / 0)
        support.raises("number expected", mapi.dispatch, {})
    end)

    it("has one descriptor", function()
        assert.equal(assert(mapi.fd()), mapi.fd())
    end)

    it("keeps a dialog handler and gives the old one back", function()
        local first, second = function() end, setmetatable({}, { __call = function() end })
        assert.is_nil(mapi.set_dialog(first))
        assert.equal(first, mapi.set_dialog(second))
        assert.equal(second, mapi.set_dialog(false))
        assert.is_false(mapi.set_dialog(nil))
        assert.is_nil(mapi.set_dialog(nil))
        support.raises("function, false or nil expected", mapi.set_dialog, true)
        support.raises("function, false or nil expected", mapi.set_dialog, "ask")
        support.raises("value expected", mapi.set_dialog)
    end)
end)
