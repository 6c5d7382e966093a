--- The decisions about the helper and the manager, H1 to H23, as a script meets them. Some are in accounts_spec.lua
-- (H3, H12, H14, H15, H19, H21, H23) and in helper_spec.lua (H16). H9 and H17 are about pointers, which a script
-- does not have; what is left of them is what a script's helper and a wrong object are answered.
local support = require "spec.support"
local mapi = require "mapi"

describe("account management decisions", function()
    local profile

    before_each(function() profile = support.profile() end)

    after_each(function()
        support.forget_profiles()
        support.nothing_left()
    end)

    local function owning() return assert(mapi.helper { profile = profile }) end

    it("H1: hands_off without a session is harmless, and says whose session it is", function()
        local helper <close> = owning()
        assert.same({ true, "S_OK" }, { helper:hands_off() })
        local session <close> = assert(mapi.logon(profile))
        local borrowing <close> = assert(session:helper())
        assert.same({ false, "E_NOTIMPL" }, { borrowing:hands_off() })
    end)

    it("H2, H5: hands_off twice answers the same, and the helper logs on anew", function()
        local helper <close> = owning()
        local first = assert(helper:get_session())
        assert.same({ true, "S_OK" }, { helper:hands_off() })
        assert.same({ true, "S_OK" }, { helper:hands_off() })
        assert.equal("handed off", helper:state())
        local second = assert(helper:get_session())
        assert.not_equal(first, second)
        assert.equal("holding", helper:state())
    end)

    it("H4: a script may hand off under the manager, which asks for the session again", function()
        local helper <close> = owning()
        local manager <close> = assert(mapi.account_manager(helper, { sync = true }))
        assert.equal("holding", helper:state())
        assert.is_true(helper:hands_off())
        local account = assert(manager:create { type = "imap", name = "A" })
        assert.equal("string", type(account:get "acct_delivery_store")) -- looked up through the session
        assert.equal("holding", helper:state())
        assert(manager:close())
        assert.equal("handed off", helper:state())
    end)

    it("H6, H7: get_session gives the session itself, the same one each time, which the helper keeps", function()
        local helper <close> = owning()
        do
            local session = assert(helper:get_session())
            assert.equal("session", mapi.type(session))
            assert.equal(session, assert(helper:get_session()))
            assert.is_false(session:is_shared())
        end
        collectgarbage()
        assert.equal("holding", helper:state())
    end)

    it("H8: a helper without a session says so, and a manager takes none for a failure", function()
        local helper <close> = assert(mapi.helper {
            get_identity = function() return profile end,
            get_session = function() return nil end,
        })
        support.fails("helper:get_session", "MAPI_E_NOT_FOUND", helper:get_session())
        local message = support.fails("mapi.account_manager", "E_OLK_REGISTRY",
            mapi.account_manager(helper, { sync = true }))
        assert.truthy(message:find("no session to lend", 1, true), message)
    end)

    it("H9: there is always a place for the session, also where nobody takes it", function()
        local helper <close> = owning()
        helper:get_session()
        assert.equal("holding", helper:state())
        assert.is_true(helper:hands_off())
    end)

    it("H10: the longest name that a profile can have is told whole, and found again", function()
        local name = ("n"):rep(64)
        assert(mapi.profiles.create(name))
        local helper <close> = assert(mapi.helper { profile = name })
        assert.equal(name, helper:get_identity())
        local scripted <close> = assert(mapi.helper { get_identity = function() return name end })
        assert.equal(name, scripted:get_identity())
        local manager <close> = assert(mapi.account_manager(scripted))
        assert(manager:create { type = "pop3", name = "A" })
        local other <close> = assert(mapi.account_manager(helper))
        assert.equal(1, other:enumerate():count())
        other:close()
        manager:close()
        assert(mapi.profiles.delete(name))
    end)

    it("H11: a helper that knows no profile fails, and so does the manager", function()
        for _, answer in ipairs { function() return "" end, function() return nil end, function() return {} end } do
            local helper <close> = assert(mapi.helper { get_identity = answer })
            assert.falsy((mapi.account_manager(helper)))
        end
        assert.equal(0, mapi.stats().account_manager)
    end)

    it("H13: a session that the helper has made is its own to log off, and other sessions stay", function()
        local session <close> = assert(mapi.logon(profile))
        local helper <close> = owning()
        local own = assert(helper:get_session())
        assert.is_true(helper:hands_off())
        support.raises("attempt to use a closed session", own.is_shared, own)
        assert.is_false(session:is_shared())
    end)

    it("H17: what is no helper is taken for none", function()
        local helper <close> = owning()
        local session <close> = assert(mapi.logon(profile))
        for _, other in ipairs { session, io.stdout, {}, "helper", 5 } do
            assert.is_false((pcall(mapi.account_manager, other)))
            assert.is_false((pcall(helper.get_session, other)))
        end
        assert.equal("idle", helper:state())
    end)

    it("H18: no helper is misuse; after a failure everything is as it was, and another try may succeed", function()
        support.raises("mapi.helper expected", mapi.account_manager, nil)
        local helper <close> = assert(mapi.helper { profile = profile .. " of tomorrow" })
        support.fails("mapi.account_manager", "E_OLK_REGISTRY", mapi.account_manager(helper))
        assert(mapi.profiles.create(profile .. " of tomorrow"))
        local manager <close> = assert(mapi.account_manager(helper))
        assert(manager:close())
        assert(mapi.profiles.delete(profile .. " of tomorrow"))
    end)

    it("H20: E_OLK_REGISTRY has its documented value, and not that of E_OLK_ALREADY_INITIALIZED", function()
        assert.equal(0x800C8001, mapi.hresult.E_OLK_REGISTRY)
        assert.equal(0x800C8002, mapi.hresult.E_OLK_ALREADY_INITIALIZED)
    end)

    it("H22: the order of mail accounts can be read and not be set", function()
        local helper <close> = owning()
        local manager <close> = assert(mapi.account_manager(helper))
        local id = assert(manager:create { type = "imap", name = "A" }):id()
        assert.same({ id }, manager:order "mail")
        support.fails("manager:set_order", "E_INVALIDARG", manager:set_order("mail", { id }))
    end)

    it("a manager outlives a session that its owner has logged off, and says what is missing", function()
        local session <close> = assert(mapi.logon(profile))
        local helper <close> = assert(session:helper())
        local manager <close> = assert(mapi.account_manager(helper, { sync = true }))
        local account = assert(manager:create { type = "imap", name = "A" })
        assert(session:logoff())
        assert.equal("A", account:get "acct_name")
        assert(account:set("acct_name", "B"))
        assert(account:save())
        support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "acct_delivery_store")
        assert.equal(2, manager:enumerate():count()) -- this one, and that of the message service
        assert(manager:delete(account:id()))
    end)
end)
