--- The account manager from Lua: contract/03 of the account management interfaces (one `describe` for each), the H
-- decisions, bad input, helpers that fail, notifications, secrets.
local support = require "spec.support"
local uv = require "luv"
local mapi = require "mapi"

local imap = {
    type = "imap", name = "Home", address = "desk@example.org", display_name = "Desk", server = "imap.example.org",
    user = "ada", port = 993, ssl = true, smtp_server = "smtp.example.org", smtp_port = 587,
}

--- A copy of a table with other values in it.
local function with(base, changes)
    local copy = {}
    for key, value in pairs(base) do copy[key] = value end
    for key, value in pairs(changes) do copy[key] = value end
    return copy
end

--- A manager on a profile of its own. The helper is released again: the manager has its own reference.
local function new_manager(options, name)
    name = name or support.profile()
    local helper <close> = assert(mapi.helper { profile = name })
    return assert(mapi.account_manager(helper, options)), name
end

local function create(manager, changes)
    return assert(manager:create(with(imap, changes or {})))
end

local function names(iterator, ...)
    local list = {}
    for account in iterator(...) do list[#list + 1] = account:get "acct_name" end
    return table.concat(list, " ")
end

describe("mapi.account_manager", function()
    local manager, profile

    before_each(function() manager, profile = new_manager() end)

    after_each(function()
        mapi.set_dialog(nil)
        manager:close()
        support.forget_profiles()
        support.nothing_left()
    end)

    -- --------------------------------------------------------------------------------------------------------- Init

    describe("Init", function()
        it("needs a helper, and knows its options", function()
            local helper <close> = assert(mapi.helper { profile = profile })
            support.raises("mapi.helper expected", mapi.account_manager)
            support.raises("mapi.helper expected", mapi.account_manager, {})
            support.raises("mapi.helper expected", mapi.account_manager, manager)
            support.raises("unknown option 'synch'", mapi.account_manager, helper, { synch = true })
            support.raises("boolean expected", mapi.account_manager, helper, { sync = 1 })
            helper:close()
            support.raises("attempt to use a closed helper", mapi.account_manager, helper)
        end)

        it("takes a helper of any kind, and says whose accounts they are", function()
            local session <close> = assert(mapi.logon(profile))
            local owning <close> = assert(mapi.helper { profile = profile })
            local borrowing <close> = assert(session:helper())
            local scripted <close> = assert(mapi.helper { get_identity = function() return profile end })
            create(manager)
            for _, helper in ipairs { owning, borrowing, scripted } do
                local other <close> = assert(mapi.account_manager(helper))
                assert.equal("account_manager", mapi.type(other))
                assert.equal("Home", names(other.accounts, other))
                if helper ~= scripted then assert.truthy(tostring(other):find(profile, 1, true)) end
            end
        end)

        it("answers E_OLK_REGISTRY where there is no such profile, with the reason", function()
            for _, name in ipairs { "nobody", "a\tb" } do
                local helper <close> = assert(mapi.helper { get_identity = function() return name end })
                support.fails("mapi.account_manager", "E_OLK_REGISTRY", mapi.account_manager(helper))
            end
            local empty <close> = assert(mapi.helper { profile = "" })
            support.fails("mapi.account_manager", "E_OLK_REGISTRY", mapi.account_manager(empty))
            local mute <close> = assert(mapi.helper { hands_off = function() end })
            support.fails("mapi.account_manager", "E_OLK_REGISTRY", mapi.account_manager(mute))
            local broken <close> = assert(mapi.helper { get_identity = function() error("who am I?", 0) end })
            local _, message = mapi.account_manager(broken)
            assert.equal("mapi.account_manager: E_OLK_REGISTRY: who am I?", message)
        end)

        it("asks for the identity once, and for the session only to synchronise", function()
            local calls = {}
            local session <close> = assert(mapi.logon(profile))
            local helper <close> = assert(mapi.helper {
                get_identity = function() calls[#calls + 1] = "identity" return profile end,
                get_session = function() calls[#calls + 1] = "session" return session end,
                hands_off = function() calls[#calls + 1] = "hands off" end,
            })
            assert(mapi.account_manager(helper)):close()
            assert.equal("identity", table.concat(calls, ", "))
            calls = {}
            assert(mapi.account_manager(helper, { sync = true })):close()
            assert.equal("identity, session, hands off", table.concat(calls, ", "))
        end)

        it("makes accounts of the profile's message services, unless told not to", function()
            local other <close> = new_manager({ sync = true }, profile)
            local account = other:accounts()(other:enumerate())
            assert.equal("exchange", account:info().type)
            assert.equal(0, account:get "acct_is_exch")
        end)

        it("does without the session where it cannot be had, and fails where it has to", function()
            local helper <close> = assert(mapi.helper {
                get_identity = function() return profile end,
                get_session = function() error("no session today", 0) end,
            })
            local other <close> = assert(mapi.account_manager(helper))
            local account = create(other)
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "acct_delivery_store")
            local _, message, name = mapi.account_manager(helper, { sync = true })
            assert.equal("mapi.account_manager: E_OLK_REGISTRY: no session today", message)
            assert.equal("E_OLK_REGISTRY", name)
        end)

        it("H12: says that a session that was lent has been logged off", function()
            local session <close> = assert(mapi.logon(profile))
            local helper <close> = assert(session:helper())
            local other <close> = assert(mapi.account_manager(helper))
            local account = create(other)
            assert(account:get "acct_delivery_store")
            assert(session:logoff())
            local message = support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "acct_delivery_store")
            assert.truthy(message:find("logged off", 1, true))
            assert.equal("Home", account:get "acct_name")
        end)
    end)

    -- ------------------------------------------------------------------------------------------------ HandsOffSession

    describe("the end", function()
        it("H14, H3: hands a session off that it had asked for, and lets the helper go", function()
            local helper <close> = assert(mapi.helper { profile = profile })
            local other = assert(mapi.account_manager(helper))
            assert.equal("idle", helper:state())
            assert(create(other):get "acct_delivery_store")
            assert.equal("holding", helper:state())
            local lent = assert(helper:get_session())
            local store = assert(lent:open_store())
            assert.is_true(other:close())
            assert.equal("handed off", helper:state())
            assert.equal("closed session", mapi.type(lent))
            assert.equal("closed store", mapi.type(store))
            assert.is_true(helper:close())
            assert.equal(1, mapi.stats().account_manager) -- the one of before_each
        end)

        it("leaves a session alone that it had not asked for", function()
            local helper <close> = assert(mapi.helper { profile = profile })
            local other = assert(mapi.account_manager(helper))
            local lent = assert(helper:get_session())
            assert.is_true(other:close())
            assert.equal("holding", helper:state())
            assert.equal("active", lent:state())
        end)

        it("H15: calls a script's hands_off once, whatever it answers or raises", function()
            for _, answer in ipairs { true, false, "x", error } do
                local calls = 0
                local session <close> = assert(mapi.logon(profile))
                local helper = assert(mapi.helper {
                    get_identity = function() return profile end,
                    get_session = function() return session end,
                    hands_off = function()
                        calls = calls + 1
                        return answer ~= error and answer or error "from hands_off"
                    end,
                })
                local other = assert(mapi.account_manager(helper, { sync = true }))
                assert.equal(0, calls)
                assert.is_true(other:close())
                assert.equal(1, calls)
                assert.is_true(other:close())
                assert.is_true(helper:close())
                assert.equal(1, calls)
                assert.equal("active", session:state())
            end
        end)

        it("works with a helper that was closed meanwhile", function()
            local helper = assert(mapi.helper { profile = profile })
            local other <close> = assert(mapi.account_manager(helper))
            local account = create(other)
            assert.is_true(helper:close())
            assert(account:get "acct_delivery_store") -- logs on
            assert.equal(1, mapi.stats().session)
            assert.is_true(other:close())
            assert.equal(0, mapi.stats().session)
            assert.equal(1, mapi.stats().helper)
        end)

        it("is never a finalizer's business: hands_off waits for dispatch", function()
            local calls = 0
            local session <close> = assert(mapi.logon(profile))
            local function drop()
                local helper = assert(mapi.helper {
                    get_identity = function() return profile end,
                    get_session = function() return session end,
                    hands_off = function() calls = calls + 1 return true end,
                })
                assert(mapi.account_manager(helper, { sync = true }))
            end
            drop()
            collectgarbage()
            collectgarbage()
            assert.equal(0, calls)
            assert.equal(1, mapi.dispatch())
            assert.equal(1, calls)
            assert.equal(0, mapi.dispatch())
        end)

        it("closes its accounts, enumerators and connections; accounts outlive enumerators", function()
            local enumerator = assert(manager:enumerate())
            local account = create(manager)
            local connection = assert(manager:advise(function() end))
            local list = assert(manager:enumerate())
            local listed = assert(list:next())
            assert.is_true(list:close())
            assert.equal("Home", listed:get "acct_name")
            assert.is_true(manager:close())
            for _, object in ipairs { enumerator, account, connection, listed } do
                assert.truthy(mapi.type(object):match "^closed ")
            end
            support.raises("attempt to use a closed account", account.get, account, "acct_name")
            support.raises("attempt to use a closed account_manager", manager.order, manager, "mail")
        end)

        it("waits for a question about the session that would be handed off", function()
            local helper <close> = assert(mapi.helper { profile = profile })
            local other = assert(mapi.account_manager(helper, { sync = true }))
            local session = assert(helper:get_session())
            local message = assert(assert(assert(session:open_store()):inbox()):new_message { subject = "x" })
            assert(message:set("subject", "y"))
            mapi.set_dialog(function()
                support.fails("manager:close", "MAPI_E_BUSY", other:close())
                return false
            end)
            support.fails("session:logoff", "MAPI_E_USER_CANCEL", session:logoff())
            mapi.set_dialog(nil)
            assert.is_true(other:close())
        end)

        it("may come from the helper that the manager is calling", function()
            local session <close> = assert(mapi.logon(profile))
            local other, calls = nil, 0
            local helper = assert(mapi.helper {
                get_identity = function() return profile end,
                get_session = function()
                    if other then other:close() end
                    return session
                end,
                hands_off = function() calls = calls + 1 return true end,
            })
            other = assert(mapi.account_manager(helper))
            local account = create(other)
            pcall(account.get, account, "acct_delivery_store")
            assert.equal("closed account", mapi.type(account))
            other = assert(mapi.account_manager(helper))
            account = assert(other:find { id = 1 })
            pcall(account.get, account, { "acct_delivery_store", "acct_name" })
            assert.equal("closed account_manager", mapi.type(other))
            assert.equal(2, calls)
            helper:close()
        end)
    end)

    -- ------------------------------------------------------------------------------------------------------- accounts

    describe("CreateAccount", function()
        it("makes accounts of all five types, in their categories", function()
            local categories = {
                pop3 = "mail", imap = "mail,store", exchange = "mail,store", http = "mail,store", ldap = "address_book",
            }
            for kind, expected in pairs(categories) do
                local account = assert(manager:create { type = kind })
                local info = account:info()
                assert.equal(kind, info.type)
                assert.equal(expected, table.concat(info.categories, ","))
                assert.equal(kind == "exchange" and 1 or 0, account:get "acct_is_exch")
                assert.not_equal("", account:get "acct_name") -- made up
            end
        end)

        it("takes short names, documented ones and tags, and returns the account", function()
            local account = create(manager, { PROP_SMTP_USER = "ada", [0x02050000 | 0x801F] = "smtp secret" })
            assert.equal("account", mapi.type(account))
            assert.equal(1, account:id())
            local got = assert(account:get {
                "acct_name", "PROP_INET_SERVER", 0x01040003, "inet_ssl", "smtp_user", "smtp_password", "inet_password",
            })
            assert.same({
                acct_name = "Home", PROP_INET_SERVER = "imap.example.org", [0x01040003] = 993, inet_ssl = 1,
                smtp_user = "ada", smtp_password = "smtp secret",
            }, got)
            assert.equal("Desk", account:get "acct_user_display_name")
            assert.equal("desk@example.org", account:get "PROP_ACCT_USER_EMAIL_ADDR")
        end)

        it("refuses what is no account", function()
            support.raises("table expected", manager.create, manager)
            support.raises("needs a type", manager.create, manager, {})
            support.raises("unknown type of account 'smtp'", manager.create, manager, { type = "smtp" })
            support.raises("unknown type of account", manager.create, manager, { type = 5 })
            support.raises("unknown property 'sever'", manager.create, manager, with(imap, { sever = "x" }))
            support.raises("inet_server is given twice", manager.create, manager, with(imap, { inet_server = "x" }))
            support.raises("integer expected, got string", manager.create, manager, with(imap, { port = "993" }))
            support.raises("32-bit", manager.create, manager, with(imap, { port = 1 << 32 }))
            support.raises("string expected, got table", manager.create, manager, with(imap, { name = {} }))
            support.raises("NUL", manager.create, manager, with(imap, { name = "a\0b" }))
            support.raises("UTF-8", manager.create, manager, with(imap, { name = "\xED\xA0\x80" }))
            support.raises("property name or tag expected", manager.create, manager, { [true] = 1, type = "imap" })
            support.fails("manager:create", "E_INVALIDARG", manager:create(with(imap, { port = 0 })))
            support.fails("manager:create", "E_INVALIDARG", manager:create(with(imap, { [0x00990003] = 1 })))
            support.fails("manager:create", "E_INVALIDARG", manager:create(with(imap, { [0x0002001E] = "x" })))
            support.fails("manager:create", "E_OLK_PROP_READ_ONLY", manager:create(with(imap, { acct_id = 5 })))
            assert.equal("", names(manager.accounts, manager))
        end)

        it("never uses an id again", function()
            local first = create(manager):id()
            assert.is_true(manager:delete(first))
            assert.equal(first + 1, create(manager):id())
        end)
    end)

    describe("FindAccount", function()
        it("finds by id, and by whether it is an Exchange account", function()
            create(manager)
            local exchange = assert(manager:create { type = "exchange", name = "Work" })
            assert.equal("Home", assert(manager:find { id = 1 }):get "acct_name")
            assert.equal(exchange:id(), assert(manager:find { is_exchange = true }):id())
            assert.equal(1, assert(manager:find { is_exchange = false }):id())
        end)

        it("answers E_ACCT_NOT_FOUND for what is not there", function()
            support.fails("manager:find", "E_ACCT_NOT_FOUND", manager:find { is_exchange = true })
            for _, id in ipairs { 0, 1, -1, 1 << 31, 0xFFFFFFFF, 1 << 32, math.mininteger, 3.0 } do
                support.fails("manager:find", "E_ACCT_NOT_FOUND", manager:find { id = id })
            end
        end)

        it("takes one of the two, and nothing else", function()
            support.raises("table expected", manager.find, manager)
            support.raises("by 'id' or by 'is_exchange'", manager.find, manager, {})
            support.raises("by 'id' or by 'is_exchange'", manager.find, manager, { id = 1, is_exchange = true })
            support.raises("unknown option 'name'", manager.find, manager, { name = "Home" })
            support.raises("integer expected", manager.find, manager, { id = "1" })
            support.raises("integer expected", manager.find, manager, { id = 1.5 })
            support.raises("boolean expected", manager.find, manager, { is_exchange = 1 })
        end)
    end)

    describe("ids that no account can have", function()
        it("are named in the error as they were given, and not as 0", function()
            for _, id in ipairs { 1 << 32, (1 << 32) + 1, math.maxinteger, math.mininteger, -1, 0, 4294967295 } do
                local function refused(operation, ...)
                    local message = support.fails(operation, "E_ACCT_NOT_FOUND", ...)
                    assert.truthy(message:find(("id %d."):format(id), 1, true), message)
                end
                refused("manager:find", manager:find { id = id })
                refused("manager:delete", manager:delete(id))
                refused("manager:save", manager:save(id))
            end
            support.fails("manager:find", "E_ACCT_NOT_FOUND", manager:find { is_exchange = true })
        end)
    end)

    describe("DeleteAccount and SaveChanges", function()
        it("deletes; what shows the account lives on, and cannot be saved", function()
            local account = create(manager)
            assert.is_true(account:set("acct_name", "Away"))
            assert.is_true(manager:delete(account:id()))
            assert.equal("Away", account:get "acct_name")
            support.fails("account:save", "E_ACCT_NOT_FOUND", account:save())
            support.fails("manager:save", "E_ACCT_NOT_FOUND", manager:save(1))
            support.fails("manager:delete", "E_ACCT_NOT_FOUND", manager:delete(1))
            support.fails("manager:delete", "E_ACCT_NOT_FOUND", manager:delete(-1))
            support.raises("id of an account expected, got string", manager.delete, manager, "1")
            support.raises("id of an account expected, got no value", manager.save, manager)
            support.raises("no integer", manager.delete, manager, 1.5)
        end)

        it("keeps what was set for the object alone until it is saved, by either of the two", function()
            for _, save in ipairs { "account", "manager" } do
                local account = create(manager, { name = "before" })
                local other = assert(manager:find { id = account:id() })
                assert.is_true(account:set("acct_name", "after"))
                assert.equal("after", account:get "acct_name")
                assert.equal("before", other:get "acct_name")
                assert.equal("before", assert(manager:find { id = account:id() }):get "acct_name")
                assert.is_true(save == "account" and account:save() or manager:save(account:id()))
                assert.equal("after", assert(manager:find { id = account:id() }):get "acct_name")
                assert.equal("before", other:get "acct_name") -- a snapshot
                assert.is_true(other:save())
                assert.equal("after", other:get "acct_name")
            end
        end)
    end)

    describe("EnumerateAccounts", function()
        before_each(function()
            create(manager, { name = "i1" })
            create(manager, { type = "pop3", name = "p1" })
            create(manager, { type = "ldap", name = "l1" })
            create(manager, { type = "exchange", name = "e1" })
        end)

        it("lists by category and type, in order, a snapshot", function()
            assert.equal("i1 p1 e1 l1", names(manager.accounts, manager))
            assert.equal("i1 p1 e1", names(manager.accounts, manager, { category = "mail" }))
            assert.equal("l1", names(manager.accounts, manager, { category = "address_book" }))
            assert.equal("i1 e1", names(manager.accounts, manager, { category = "store" }))
            assert.equal("p1", names(manager.accounts, manager, { type = "pop3" }))
            assert.equal("e1", names(manager.accounts, manager, { category = "store", type = "exchange" }))
            assert.equal("", names(manager.accounts, manager, { category = "address_book", type = "exchange" }))
            assert.equal("", names(manager.accounts, manager, { type = "http" }))
            local seen = {}
            for account in manager:accounts() do
                seen[#seen + 1] = account:get "acct_name"
                create(manager, { name = "more" })
                manager:delete(account:id())
            end
            assert.equal("i1 p1 e1 l1", table.concat(seen, " "))
        end)

        it("closes at the end, at break and at an error; accounts stay", function()
            local kept
            for account in manager:accounts() do -- luacheck: ignore 512
                kept = account
                break
            end
            assert.equal("i1", kept:get "acct_name")
            pcall(function()
                for _ in manager:accounts() do error "out" end -- luacheck: ignore 512
            end)
            for _ in manager:accounts() do end -- luacheck: ignore 542
            assert.equal(0, mapi.stats().account_enum)
        end)

        it("raises what is misuse", function()
            for _, method in ipairs { "accounts", "enumerate" } do
                local call = manager[method]
                support.raises("unknown category 'male'", call, manager, { category = "male" })
                support.raises("unknown type of account 'smtp'", call, manager, { type = "smtp" })
                support.raises("unknown option 'kind'", call, manager, { kind = "imap" })
                support.raises("string expected", call, manager, { type = 5 })
                support.raises("table expected", call, manager, "mail")
            end
        end)

        it("IOlkEnum: counts, walks, skips, and starts again", function()
            local list <close> = assert(manager:enumerate { category = "mail" })
            assert.equal(3, list:count())
            assert.equal("i1", assert(list:next()):get "acct_name")
            assert.equal(3, list:count())
            assert.same({ true }, { list:skip(1) })
            assert.equal("e1", assert(list:next()):get "acct_name")
            assert.same({ nil, n = 1 }, table.pack(list:next()))
            assert.same({ nil, n = 1 }, table.pack(list:next()))
            assert.is_true(list:reset())
            assert.same({ true }, { list:skip(3) })
            assert.is_nil((list:next()))
            assert.is_true(list:reset())
            assert.same({ true, "S_FALSE" }, { list:skip(4) })
            assert.same({ true }, { list:skip(0) })
            assert.same({ true, "S_FALSE" }, { list:skip(math.maxinteger) })
            assert.is_nil((list:next()))
            support.raises("number of accounts", list.skip, list, -1)
            support.raises("number expected", list.skip, list)
        end)
    end)

    describe("GetOrder and SetOrder", function()
        it("H21: reads and sets the order of a category", function()
            for i = 1, 3 do create(manager, { name = "a" .. i }) end
            assert.same({ 1, 2, 3 }, manager:order "mail")
            assert.same({ 1, 2, 3 }, manager:order "store")
            assert.same({}, manager:order "address_book")
            assert.is_true(manager:set_order("store", { 3, 1, 2 }))
            assert.same({ 3, 1, 2 }, manager:order "store")
            assert.same({ 1, 2, 3 }, manager:order "mail")
            assert.equal("a3 a1 a2", names(manager.accounts, manager, { category = "store" }))
            assert.is_true(manager:set_order("address_book", {}))
        end)

        it("refuses what is no order", function()
            for _ = 1, 2 do create(manager) end
            support.fails("manager:set_order", "E_ACCT_WRONG_SORT_ORDER", manager:set_order("store", { 1 }))
            support.fails("manager:set_order", "E_ACCT_WRONG_SORT_ORDER", manager:set_order("store", { 1, 2, 3 }))
            support.fails("manager:set_order", "E_INVALIDARG", manager:set_order("store", { 1, 1 }))
            support.fails("manager:set_order", "E_INVALIDARG", manager:set_order("store", { 1, 99 }))
            support.fails("manager:set_order", "E_INVALIDARG", manager:set_order("store", { 1, -2 }))
            support.fails("manager:set_order", "E_INVALIDARG", manager:set_order("mail", { 2, 1 })) -- H22
            support.raises("unknown category 'x'", manager.order, manager, "x")
            support.raises("unknown category 'x'", manager.set_order, manager, "x", {})
            support.raises("string expected", manager.order, manager)
            support.raises("table expected", manager.set_order, manager, "store")
            support.raises("id of an account expected", manager.set_order, manager, "store", { 1, "2" })
            assert.same({ 1, 2 }, manager:order "store")
        end)
    end)

    describe("GetLastError", function()
        it("H19: has the text of a code, by name or number", function()
            local text = assert(manager:error_text "E_ACCT_NOT_FOUND")
            assert.equal(text, manager:error_text(0x800C8101))
            assert.equal(text, manager:error_text(0x800C8101 - (1 << 32)))
            assert.equal(text, manager:error_text(mapi.hresult.E_ACCT_NOT_FOUND))
            assert.truthy(manager:error_text "S_OK")
            -- H20: the documented value, and not that of the header.
            assert.not_equal(manager:error_text(0x800C8001), manager:error_text(0x800C8002))
            support.fails("manager:error_text", "E_INVALIDARG", manager:error_text(0x12345))
            support.fails("manager:error_text", "E_INVALIDARG", manager:error_text "E_NONSENSE")
            support.fails("manager:error_text", "E_INVALIDARG", manager:error_text(1 << 40))
            support.raises("name or integer expected", manager.error_text, manager, {})
        end)
    end)

    describe("DisplayAccountList", function()
        it("answers E_ACCT_UI_BUSY where nobody shows it", function()
            support.fails("manager:display_account_list", "E_ACCT_UI_BUSY", manager:display_account_list())
            mapi.set_dialog(false)
            support.fails("manager:display_account_list", "E_ACCT_UI_BUSY", manager:display_account_list {})
        end)

        it("asks the dialog handler, which may cancel, yield, and raise", function()
            local question
            local answer = true
            mapi.set_dialog(function(asked)
                question = asked
                if answer == error then error({ 5 }) end
                return answer
            end)
            assert.is_true(manager:display_account_list { data_tab = true, window = 7 })
            assert.same({
                kind = "accounts", profile = profile, manager = manager, wizard = false, data_tab = true,
                no_warning = false, window = 7,
            }, question)
            answer = false
            support.fails("manager:display_account_list", "MAPI_E_USER_CANCEL", manager:display_account_list())
            support.fails("manager:display_account_list", "E_FAIL", -- MAPI_E_CALL_FAILED
                manager:display_account_list { wizard = true })
            answer = error
            local ok, raised = pcall(manager.display_account_list, manager)
            assert.is_false(ok)
            assert.same({ 5 }, raised)
            mapi.set_dialog(function() return coroutine.yield "asking" end)
            local thread = coroutine.wrap(function() return manager:display_account_list() end)
            assert.equal("asking", thread())
            assert.is_true(thread(true))
            mapi.set_dialog(function() manager:close() return true end)
            support.raises("attempt to use a closed account_manager", manager.display_account_list, manager)
        end)

        it("looks at its arguments first", function()
            mapi.set_dialog(function() error "asked" end)
            support.fails("manager:display_account_list", "E_INVALIDARG",
                manager:display_account_list { wizard = true, data_tab = true })
            support.raises("unknown option 'title'", manager.display_account_list, manager, { title = "x" })
        end)
    end)

    -- ---------------------------------------------------------------------------------------------------- IOlkAccount

    describe("GetProp and SetProp", function()
        it("has integers, strings and bytes", function()
            local account = create(manager)
            assert.equal(1, account:get "acct_id")
            assert.equal("integer", math.type(account:get "acct_mini_uid"))
            assert.equal(16, #account:get "acct_preferences_uid")
            assert.equal(account:get "acct_stamp", account:get "acct_send_stamp")
            for _, value in ipairs { "", "Ärger", "😀", ("x"):rep(300), ("é"):rep(5000), ("x"):rep(1 << 20) } do
                assert.is_true(account:set("acct_name", value))
                assert.equal(value, account:get "acct_name")
                assert.is_true(account:save())
                assert.equal(value, assert(manager:find { id = 1 }):get "acct_name")
            end
            for _, value in ipairs { "\0\xFF", ("\0"):rep(1 << 20) } do
                assert.is_true(account:set("mapi_identity_entryid", value))
                assert.equal(value, account:get "mapi_identity_entryid")
            end
            assert.is_true(account:set("mapi_identity_entryid", "")) -- bytes that are none are no value
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "mapi_identity_entryid")
            assert.is_true(account:set("mapi_transport_flags", "\1\0\0\0"))
            support.fails("account:set", "E_INVALIDARG", account:set("mapi_transport_flags", "\1"))
            support.fails("account:set", "E_INVALIDARG", account:set("acct_name", ("x"):rep((16 << 20) + 1)))
        end)

        it("answers E_ACCT_NOT_FOUND for what is absent, also under another type", function()
            local account = create(manager)
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "pop_leave_on_server")
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "mapi_emsmdb_uid")
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get(0x00020003))
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get(0x0001001F))
            local count = 0
            for id = 0, 0x7FFF, 7 do -- as clients look for properties that nobody has told them of
                for _, kind in ipairs { 0x0003, 0x001F, 0x0102 } do
                    local value, _, name = account:get(id << 16 | kind)
                    assert.is_true(value ~= nil or name == "E_ACCT_NOT_FOUND")
                    count = count + (value ~= nil and 1 or 0)
                end
            end
            assert.is_true(count > 0)
        end)

        it("answers E_INVALIDARG for what can be no property, and raises for what is no name", function()
            local account = create(manager)
            for _, tag in ipairs { 0, 0x0002001E, 0x00020000, 0x0002000B, 0xFFFFFFFF } do
                support.fails("account:get", "E_INVALIDARG", account:get(tag))
                support.fails("account:set", "E_INVALIDARG", account:set(tag, "x"))
            end
            support.fails("account:set", "E_INVALIDARG", account:set(0x00020003, 5))
            support.raises("unknown property 'acct_nam'", account.get, account, "acct_nam")
            support.raises("unknown property 'ACCT_NAME'", account.get, account, "ACCT_NAME")
            support.raises("unknown property 'PROP_acct_name'", account.get, account, "PROP_acct_name")
            support.raises("not a property tag", account.get, account, -1)
            support.raises("not a property tag", account.get, account, 1 << 32)
            support.raises("not a property tag", account.get, account, 1.5)
            support.raises("property name or tag expected, got no value", account.get, account)
            support.raises("property name or tag expected, got boolean", account.get, account, { true })
            support.raises("string expected, got number", account.set, account, "acct_name", 5)
            support.raises("string expected, got nil", account.set, account, "acct_name")
            support.raises("string expected, got nil", account.set, account, "acct_name", nil)
            support.raises("NUL", account.set, account, "acct_name", "a\0b")
            support.raises("UTF-8", account.set, account, "acct_name", "\xFF")
            support.raises("string expected", account.set, account, "mapi_transport_flags", 1)
        end)

        it("H23: sets what can be set, and nothing else", function()
            local account = create(manager, { pop_leave_on_server = nil })
            for _, name in ipairs { "acct_id", "acct_mini_uid", "acct_is_exch", "inet_port", "smtp_ssl" } do
                support.fails("account:set", "E_OLK_PROP_READ_ONLY", account:set(name, 1))
            end
            for _, name in ipairs { "acct_stamp", "acct_send_stamp", "inet_server", "inet_user", "inet_password",
                "smtp_password", "acct_preferences_uid" } do
                support.fails("account:set", "E_OLK_PROP_READ_ONLY", account:set(name, "x"))
            end
            support.fails("account:set", "E_ACCT_NOT_FOUND", account:set("acct_sentitems_eid", "x"))
            local exchange = assert(manager:create { type = "exchange" })
            support.fails("account:set", "E_OLK_PROP_READ_ONLY", exchange:set("acct_sentitems_eid", "x"))
        end)

        it("gets and sets several", function()
            local account = create(manager)
            assert.is_true(account:set { acct_name = "New", PROP_ACCT_USER_DISPLAY_NAME = "Lovelace" })
            assert.same({ [0x0002001F] = "New", acct_user_display_name = "Lovelace" },
                account:get { 0x0002001F, "acct_user_display_name", "pop_leave_on_server" })
            assert.same({}, account:get {})
            assert.is_true(account:set {})
            support.fails("account:set", "E_OLK_PROP_READ_ONLY", account:set { acct_name = "x", inet_user = "y" })
            assert.equal("x", account:get "acct_name")
            support.raises("unknown property 'nome'", account.set, account, { acct_name = "z", nome = "y" })
            assert.equal("x", account:get "acct_name")
            support.fails("account:get", "E_INVALIDARG", account:get { "acct_name", 0x0002001E })
        end)

        it("lists what an account has: tag, value, name; never a password", function()
            local other <close> = new_manager({ stores_check = false }, profile)
            local account = create(other, { password = "hunter2" })
            local seen = {}
            for tag, value, name in account:props() do
                assert.equal(value, account:get(tag))
                assert.equal(value, account:get(name))
                assert.not_equal("hunter2", value)
                seen[#seen + 1] = name
            end
            assert.equal("acct_id acct_name acct_mini_uid acct_user_display_name acct_user_email_addr acct_stamp " ..
                "acct_send_stamp acct_is_exch acct_preferences_uid inet_server inet_user inet_port inet_ssl " ..
                "smtp_server smtp_port", table.concat(seen, " "))
        end)

        it("finds the places of delivery through the session, where stores are looked at", function()
            local session <close> = assert(mapi.logon(profile))
            local store <close> = assert(session:open_store())
            local account = create(manager)
            assert.is_true(session:compare_entry_ids(store:entryid(), account:get "acct_delivery_store"))
            local inbox <close> = assert(store:inbox())
            assert.is_true(session:compare_entry_ids(inbox:entryid(), account:get "acct_delivery_folder"))
            local other <close> = new_manager({ stores_check = false }, profile)
            support.fails("account:get", "E_ACCT_NOT_FOUND", assert(other:find { id = 1 }):get "acct_delivery_store")
        end)
    end)

    -- -------------------------------------------------------------------------------------------------------- secrets

    describe("secrets", function()
        local secret = "correct horse battery staple"

        it("are held by this process, and by no file", function()
            local account = create(manager, { password = secret })
            assert.equal(secret, account:get "inet_password")
            local other <close> = new_manager(nil, profile)
            assert.equal(secret, assert(other:find { id = 1 }):get "inet_password")
            assert.falsy(tostring(account):find(secret, 1, true))
            local utf16 = secret:gsub(".", "%0\0")
            local pipe = assert(io.popen("cat '" .. support.use_home() .. "'/*.db*"))
            local files = pipe:read "a"
            pipe:close()
            assert.is_true(#files > 1000)
            assert.falsy(files:find(secret, 1, true))
            assert.falsy(files:find(utf16, 1, true))
            local text = support.run(([[
                local mapi = require "mapi"
                local helper = mapi.helper { profile = %q }
                print(select(3, assert(mapi.account_manager(helper):find { id = 1 }):get "inet_password"))
            ]]):format(profile), { home = support.use_home() })
            assert.equal("E_ACCT_NOT_FOUND\n", text)
        end)

        it("can be given and taken away later", function()
            local account = create(manager)
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "inet_password")
            assert.is_true(account:hold_secret("inet_password", secret))
            assert.is_true(account:hold_secret("smtp_password", "other"))
            assert.equal(secret, account:get "inet_password")
            assert.equal("other", account:get "smtp_password")
            assert.is_true(account:hold_secret("inet_password", nil))
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "inet_password")
            support.fails("account:hold_secret", "E_INVALIDARG", account:hold_secret("acct_name", secret))
            support.raises("value expected", account.hold_secret, account, "inet_password")
            support.raises("string expected", account.hold_secret, account, "inet_password", 5)
            assert.is_true(manager:delete(1))
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "smtp_password")
            support.fails("account:hold_secret", "E_ACCT_NOT_FOUND", account:hold_secret("smtp_password", "x"))
        end)

        it("come from a command that is stored, when they are asked for", function()
            local account = create(manager, { password_command = "printf 'first line\\nsecond'" })
            assert.equal("printf 'first line\\nsecond'", account:get "inet_password_command")
            support.fails("account:get", "E_ACCT_NOT_FOUND", account:get "inet_password")
            assert.is_true(account:fetch_secret "inet_password")
            assert.equal("first line", account:get "inet_password")
            support.fails("account:fetch_secret", "E_ACCT_NOT_FOUND", account:fetch_secret "smtp_password")
            support.fails("account:fetch_secret", "E_INVALIDARG", account:fetch_secret "acct_name")
            assert.is_true(account:set("inet_password_command", "echo " .. secret .. "; false"))
            assert.is_true(account:save())
            local message = support.fails("account:fetch_secret", "E_ACCT_NOT_FOUND",
                account:fetch_secret "inet_password")
            assert.falsy(message:find(secret, 1, true))
        end)

        it("are in no error", function()
            local function never(...)
                for i = 1, select("#", ...) do
                    assert.falsy(tostring((select(i, ...))):find("horse", 1, true))
                end
            end
            local account = create(manager)
            never(account:set("inet_password", secret))
            never(account:hold_secret("acct_name", secret))
            never(pcall(account.hold_secret, account, "inet_password", secret .. "\0"))
            never(pcall(account.hold_secret, account, "inet_password", secret .. "\xFF"))
            never(pcall(manager.create, manager, { type = "imap", password = secret .. "\xFF" }))
            never(manager:create { type = "imap", password = secret, port = 0 })
            for kind in pairs(mapi.stats()) do never(kind) end
        end)
    end)

    -- -------------------------------------------------------------------------------------------------- notifications

    describe("Advise", function()
        local seen

        local function note(event, id) seen[#seen + 1] = event .. " " .. id end

        before_each(function() seen = {} end)

        it("tells what was committed, when it is dispatched and not before", function()
            local connection = assert(manager:advise(note))
            assert.equal("connection", mapi.type(connection))
            local account = create(manager)
            assert(account:set("acct_name", "x"))
            assert.equal(1, (mapi.dispatch())) -- what is not saved is nobody's business
            assert(account:save())
            create(manager)
            assert(manager:set_order("store", { 2, 1 }))
            assert(manager:delete(1))
            manager:delete(1)
            assert.same({ "created 1" }, seen)
            assert.equal(5, mapi.dispatch())
            assert.same({ "created 1", "changed 1", "created 2", "order_changed 0", "predeleted 1", "deleted 1" }, seen)
            assert.equal(0, mapi.dispatch())
        end)

        it("tells every manager of the profile, and nobody of other profiles", function()
            local other <close> = new_manager(nil, profile)
            local elsewhere <close> = new_manager()
            assert(manager:advise(function(...) note(...) seen[#seen] = "mine: " .. seen[#seen] end))
            assert(other:advise(function(...) note(...) seen[#seen] = "other: " .. seen[#seen] end))
            assert(elsewhere:advise(function() error "not for me" end))
            create(manager)
            assert.equal(2, mapi.dispatch())
            table.sort(seen)
            assert.same({ "mine: created 1", "other: created 1" }, seen)
        end)

        it("tells of other processes, and waits for them", function()
            assert(manager:advise(note))
            local script = os.tmpname()
            local file = assert(io.open(script, "w"))
            file:write(([[
                local mapi = require "mapi"
                local manager = assert(mapi.account_manager(mapi.helper { profile = %q }))
                os.execute "sleep 0.3"
                assert(manager:create { type = "pop3" })
            ]]):format(profile))
            file:close()
            local pipe = assert(io.popen("lua5.4 " .. script))
            assert.equal(0, mapi.dispatch(0.05))
            assert.equal(1, mapi.dispatch(60))
            assert.same({ "created 1" }, seen)
            assert.is_true(pipe:close())
            os.remove(script)
        end)

        it("waits as long as it was told, and not at all for nobody", function()
            local before = uv.hrtime()
            assert.equal(0, mapi.dispatch(math.huge))
            local connection = assert(manager:advise(note))
            assert.equal(0, mapi.dispatch(0.1))
            local passed = (uv.hrtime() - before) / 1e9
            assert.is_true(passed >= 0.1 and passed < 5)
            connection:close()
            assert.equal(0, mapi.dispatch(math.huge))
        end)

        it("is not told of what happened before, nor when notifications are off", function()
            create(manager)
            assert(manager:advise(note))
            local off <close> = new_manager({ notifications = false }, profile)
            assert(off:advise(function() error "told" end))
            create(off)
            assert.equal(1, mapi.dispatch())
            assert.same({ "created 2" }, seen)
        end)

        it("belongs to the manager: a connection that is collected changes nothing", function()
            manager:advise(note)
            collectgarbage()
            collectgarbage()
            create(manager)
            assert.equal(1, mapi.dispatch())
        end)

        it("ends with unadvise, close and a scope, twice without harm", function()
            local connection = assert(manager:advise(note))
            local other = assert(manager:advise(note))
            do
                local scoped <close> = assert(manager:advise(note)) -- luacheck: ignore scoped
            end
            create(manager)
            assert.is_true(connection:unadvise())
            assert.is_true(connection:unadvise())
            assert.is_true(connection:close())
            assert.equal(1, mapi.dispatch()) -- the other one
            assert.is_true(other:close())
            create(manager)
            assert.equal(0, mapi.dispatch())
        end)

        it("raises a function's error from dispatch, and keeps the rest", function()
            assert(manager:advise(function(event, id)
                note(event, id)
                if id == 2 then error({ id }) end
            end))
            for _ = 1, 3 do create(manager) end
            local ok, raised = pcall(mapi.dispatch)
            assert.is_false(ok)
            assert.same({ 2 }, raised)
            assert.same({ "created 1", "created 2" }, seen)
            assert.equal(1, mapi.dispatch())
            assert.same({ "created 1", "created 2", "created 3" }, seen)
        end)

        it("lets functions unadvise, close, edit and dispatch, but not yield", function()
            local first, second
            first = assert(manager:advise(function(event, id)
                note(event, id)
                first:unadvise()
                second:unadvise()
                assert.equal(0, mapi.dispatch())
            end))
            second = assert(manager:advise(function() error "unadvised" end))
            create(manager)
            assert.equal(1, mapi.dispatch())

            local edits = 0
            local editing = assert(manager:advise(function(_, id)
                edits = edits + 1
                local account = assert(manager:find { id = id })
                assert(account:set("acct_name", "edit " .. edits))
                assert(account:save())
            end))
            create(manager)
            assert.equal(1, mapi.dispatch()) -- what it did itself waits for the next time
            assert.equal(1, mapi.dispatch())
            assert.equal(2, edits)
            editing:close()

            local yielding = assert(manager:advise(coroutine.yield))
            create(manager)
            support.raises("yield", coroutine.wrap(mapi.dispatch))
            yielding:close()

            local closing <close> = new_manager(nil, profile)
            assert(closing:advise(function(...) note(...) closing:close() end))
            assert(closing:advise(function() error "closed" end))
            create(manager)
            create(manager)
            assert.equal(1, mapi.dispatch())
            assert.equal("closed account_manager", mapi.type(closing))
        end)

        it("takes what can be called", function()
            local callable = setmetatable({}, { __call = function(_, ...) note(...) end })
            assert(manager:advise(callable))
            create(manager)
            assert.equal(1, mapi.dispatch())
            assert.same({ "created 1" }, seen)
            support.raises("function expected", manager.advise, manager)
            support.raises("function expected", manager.advise, manager, {})
        end)

        it("lets the functions go", function()
            local weak = setmetatable({}, { __mode = "v" })
            local function watch()
                weak[1] = function() return seen end
                return assert(manager:advise(weak[1]))
            end
            local connection = watch()
            collectgarbage()
            assert.truthy(weak[1])
            connection:unadvise()
            collectgarbage()
            assert.is_nil(weak[1])
        end)

        it("survives that the profile goes", function()
            assert(manager:advise(note))
            create(manager)
            assert(mapi.profiles.delete(profile))
            local count, _, name = mapi.dispatch()
            assert.is_true(count == 1 or name == "E_OLK_REGISTRY")
        end)
    end)
end)

describe("account managers of another Lua state", function()
    after_each(function()
        support.forget_profiles()
        support.nothing_left()
    end)

    local prologue = [[
        local mapi = require "mapi"
        assert(mapi.profiles.create "p")
        local function open(functions)
            local helper = functions and mapi.helper(functions) or mapi.helper { profile = "p" }
            local manager = assert(mapi.account_manager(helper, { sync = functions ~= nil }))
            local account = assert(manager:create { type = "imap", password = "x" })
            local connection = assert(manager:advise(function() end))
            return { helper = helper, manager = manager, account = account, list = assert(manager:enumerate()),
                connection = connection, stored = account:get "acct_delivery_store" }
        end
    ]]

    it("end with everything open, in any order", function()
        for _, order in ipairs { "helper manager account list connection", "connection list account manager helper",
            "account helper connection", "list", "connection" } do
            local text, ok = support.run(prologue .. ([[
                kept = {}
                local all = open()
                for name in ("%s"):gmatch "%%w+" do kept[#kept + 1] = all[name] end
            ]]):format(order), { flags = "-W" })
            assert.is_true(ok, text)
            assert.equal("", text)
        end
    end)

    it("never call a script at the end, and say so", function()
        local text, ok = support.run(prologue .. [[
            local session = mapi.logon "p"
            kept = open { get_identity = function() return "p" end, get_session = function() return session end,
                hands_off = function() print "called" end }
            session:close()
        ]], { flags = "-W" })
        assert.is_true(ok, text)
        assert.falsy(text:find("called\n", 1, true) == 1, text)
        assert.truthy(text:find("hands_off of a helper written in Lua was not called", 1, true), text)
    end)

    it("warn of a helper that raises at the end", function()
        local text, ok = support.run(prologue .. [[
            local session <close> = mapi.logon "p"
            local all = open { get_identity = function() return "p" end, get_session = function() return session end,
                hands_off = function() error("hands are full", 0) end }
            all.manager:close()
        ]], { flags = "-W" })
        assert.is_true(ok, text)
        assert.truthy(text:find("hands are full", 1, true), text)
    end)
end)

describe("examples/accounts.lua", function()
    it("runs, and tells what happens", function()
        local home = support.new_home()
        local pipe = assert(io.popen("MAPI_HOME='" .. home .. "' lua5.4 -W examples/accounts.lua 2>&1"))
        local text = pipe:read "a"
        assert.is_true(pipe:close(), text)
        support.remove_home(home)
        for _, line in ipairs { "told: created 1", "told: changed 2", "told: order_changed", "told: deleted 2",
            "the helper is handed off" } do
            assert.truthy(text:find(line, 1, true), text)
        end
        assert.falsy(text:find("warning", 1, true), text)
    end)
end)
