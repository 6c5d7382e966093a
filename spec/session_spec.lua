local support = require "spec.support"
local mapi = require "mapi"

describe("mapi.logon", function()
    after_each(support.forget_profiles)

    it("takes a name, a table, or nothing for the default profile", function()
        local name = support.profile()
        local session <close> = assert(mapi.logon(name))
        assert.equal(name, session:profile())
        local again <close> = assert(mapi.logon { profile = name })
        assert.equal(name, again:profile())
        assert.not_equal(session, again)
        local default = support.profile(nil, { default = true })
        local third <close> = assert(mapi.logon())
        assert.equal(default, third:profile())
        local fourth <close> = assert(mapi.logon {})
        assert.equal(default, fourth:profile())
        local fifth <close> = assert(mapi.logon { no_mail = true })
        assert.equal(default, fifth:profile())
    end)

    it("fails without a default profile, and where the default was not wanted", function()
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon())
        support.profile(nil, { default = true })
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon { use_default = false })
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon { explicit_profile = true })
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon "")
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon { ui = true })
        local session <close> = assert(mapi.logon { profile = "", use_default = true })
        assert(session)
    end)

    it("prefers the name to the default (O15)", function()
        support.profile(nil, { default = true })
        local name = support.profile()
        local session <close> = assert(mapi.logon { profile = name, use_default = true })
        assert.equal(name, session:profile())
    end)

    it("O11: fails for a profile that does not exist", function()
        local message = support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon "nobody")
        assert.truthy(message:find("nobody", 1, true), message)
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon(("x"):rep(65)))
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon(("x"):rep(100000)))
    end)

    it("O10: takes no password but an empty one", function()
        local name = support.profile()
        local session <close> = assert(mapi.logon { profile = name, password = "" })
        support.fails("mapi.logon", "MAPI_E_LOGON_FAILED", mapi.logon { profile = name, password = "secret" })
        assert(session)
    end)

    it("takes every documented option", function()
        local name = support.profile()
        for _, option in ipairs {
            "new_session", "use_default", "explicit_profile", "no_mail", "background", "force_download",
            "timeout_short", "nt_service", "any_profile", "ui", "service_ui_always",
        } do
            for _, value in ipairs { true, false } do
                local session <close> = assert(mapi.logon { profile = name, [option] = value })
                assert.is_false(session:is_shared())
            end
        end
        local session <close> = assert(mapi.logon { profile = name, window = 0, flags = 0x8000 })
        assert(session)
        support.fails("mapi.logon", "MAPI_E_UNKNOWN_FLAGS", mapi.logon { profile = name, flags = 0x40000000 })
    end)

    it("raises on misuse", function()
        support.raises("unknown option 'profil'", mapi.logon, { profil = "x" })
        support.raises("unknown option '1'", mapi.logon, { "x" })
        support.raises("option 'profile': string expected, got number", mapi.logon, { profile = 5 })
        support.raises("option 'ui': boolean expected", mapi.logon, { ui = "yes" })
        support.raises("option 'window': integer expected", mapi.logon, { window = "1" })
        support.raises("option 'flags': integer expected", mapi.logon, { flags = 1.5 })
        support.raises("32-bit", mapi.logon, { flags = 1 << 32 })
        support.raises("32-bit", mapi.logon, { flags = -1 })
        support.raises("NUL", mapi.logon, "a\0b")
        support.raises("UTF-8", mapi.logon, "\xED\xA0\x80")
        support.raises("NUL", mapi.logon, { profile = "x", password = "\0" })
        support.raises("table expected", mapi.logon, 5)
        support.raises("table expected", mapi.logon, true)
    end)
end)

describe("a session", function()
    local session, name

    before_each(function()
        session, name = support.logon()
    end)

    after_each(function()
        session:close()
        support.forget_profiles()
        support.nothing_left()
    end)

    it("tells about itself", function()
        assert.equal(name, session:profile())
        assert.is_false(session:is_shared())
        assert.is_false(session:joined())
        assert.equal("active", session:state())
        assert.truthy(tostring(session):match("^mapi%.session: " .. name .. " %(0x%x+%)$"), tostring(session))
    end)

    it("lists its stores and opens the default one", function()
        local rows = {}
        for row in session:stores() do
            rows[#rows + 1] = row
        end
        assert.equal(1, #rows)
        assert.is_true(rows[1].default)
        local first = rows[1]
        for _, options in ipairs { {}, { entryid = first.entryid }, { name = first.display_name }, { write = true } } do
            local store <close> = assert(session:open_store(options))
            assert.equal("store", mapi.type(store))
            local same = assert(store:entryid())
            assert.is_true(session:compare_entry_ids(rows[1].entryid, same))
        end
        local store <close> = assert(session:open_store())
        assert(store:inbox())
    end)

    it("opens a store for reading only when told to", function()
        local store <close> = assert(session:open_store { write = false })
        local inbox <close> = assert(store:inbox())
        assert.is_nil((inbox:create "not here"))
    end)

    it("says what is wrong with a store it cannot open", function()
        support.fails("session:open_store", "MAPI_E_NOT_FOUND", session:open_store { name = "no such store" })
        for _, entryid in ipairs { "", "x", ("x"):rep(20), ("\0"):rep(64), ("\xFF"):rep(200) } do
            local store, message, code = session:open_store { entryid = entryid }
            assert.is_nil(store)
            assert.truthy(message:match("^session:open_store: " .. code .. ": "), message)
        end
        support.raises("exclude", session.open_store, session, { name = "a", entryid = "b" })
        support.raises("unknown option", session.open_store, session, { names = "a" })
        support.raises("boolean expected", session.open_store, session, { write = 1 })
        support.raises("table expected", session.open_store, session, "Inbox")
        support.raises("NUL", session.open_store, session, { name = "\0" })
    end)

    it("sets the default store", function()
        local entryid
        for row in session:stores() do
            entryid = row.entryid
        end
        assert.is_true(session:set_default_store(nil))
        support.fails("session:open_store", "MAPI_E_NOT_FOUND", session:open_store())
        assert.is_true(session:set_default_store(entryid))
        local store <close> = assert(session:open_store())
        assert(store)
        assert.is_nil((session:set_default_store "junk"))
        support.raises("string expected", session.set_default_store, session, 1)
    end)

    it("opens and compares entries", function()
        local store <close> = assert(session:open_store())
        local inbox <close> = assert(store:inbox())
        local id = assert(inbox:entryid())
        local folder <close> = assert(session:open_entry(id))
        assert.equal("folder", mapi.type(folder))
        assert.equal(inbox:name(), folder:name())
        assert.is_true(session:compare_entry_ids(id, folder:entryid()))
        assert.is_false(session:compare_entry_ids(id, store:outbox():entryid()))
        local readonly <close> = assert(session:open_entry(id, { write = false }))
        assert(readonly)
        for _, junk in ipairs { "", "x", id:sub(1, -2), ("x"):rep(#id), id .. "x" } do
            local got, message, code = session:open_entry(junk)
            assert.is_nil(got)
            assert.truthy(message:match("^session:open_entry: " .. code .. ": "), message)
        end
        support.fails("session:compare_entry_ids", "MAPI_E_UNKNOWN_ENTRYID", session:compare_entry_ids("x", "y"))
        support.raises("string expected", session.open_entry, session)
        support.raises("string expected", session.compare_entry_ids, session, id)
        support.raises("unknown option", session.open_entry, session, id, { mode = "r" })
    end)

    -- It used to go to the store that was opened last, and to answer MAPI_E_NO_ACCESS where that was one for reading.
    it("opens entries for writing while their store is open for reading", function()
        local id = assert(assert(session:open_store()):inbox():entryid())
        local readonly <close> = assert(session:open_store { write = false })
        local inbox <close> = assert(session:open_entry(id, { write = true }))
        assert.is_true(inbox:set("comment", "written"))
        assert.equal("written", readonly:inbox():get "comment")
        support.fails("folder:set", "MAPI_E_NO_ACCESS", readonly:inbox():set("comment", "x"))
    end)

    -- It used to give the access of the store that was opened last.
    it("opens entries with the best access there is, whichever store was opened last", function()
        local writable = assert(session:open_store { write = true })
        local id = assert(writable:inbox():entryid())
        local readonly <close> = assert(session:open_store { write = false })
        do
            local inbox <close> = assert(session:open_entry(id))
            assert.is_true(inbox:set("comment", "best"))
            assert.equal("best", readonly:inbox():get "comment")
            local asked <close> = assert(session:open_entry(id, { write = false }))
            support.fails("folder:set", "MAPI_E_NO_ACCESS", asked:set("comment", "x"))
        end
        writable:close()
        local inbox <close> = assert(session:open_entry(id))
        support.fails("folder:set", "MAPI_E_NO_ACCESS", inbox:set("comment", "x"))
    end)

    it("N18: has an identity even where no provider knows one", function()
        local id, warning = session:query_identity()
        assert.equal("string", type(id))
        assert.truthy(#id > 0)
        assert.truthy(warning == nil or warning == "MAPI_W_NO_SERVICE")
    end)

    it("lists services", function()
        local count = 0
        for service in session:services() do
            assert.equal("string", type(service.name))
            assert.equal(16, #service.uid)
            count = count + 1
        end
        assert.equal(1, count)
    end)

    it("reads and writes profile sections", function()
        local uid = "{0a1b2c3d-0000-1111-2222-333344445555}"
        support.fails("session:profile_section", "MAPI_E_NOT_FOUND", session:profile_section(uid))
        do
            local section <close> = assert(session:profile_section(uid, { write = true }))
            assert.is_true(section:set("display_name", "mine"))
            assert.equal("mine", section:get "display_name")
        end
        local section <close> = assert(session:profile_section(uid))
        assert.equal("mine", section:get "display_name")
        support.raises("GUID", session.profile_section, session, "not a uid")
        support.raises("string expected", session.profile_section, session)
    end)

    it("lists how MAPI and the providers are doing", function()
        local rows = {}
        for row in session:status() do
            assert.equal("string", type(row.display_name))
            assert.equal("integer", math.type(row.status_code))
            assert.equal("string", type(row.entryid))
            rows[row.resource_type] = row
        end
        assert.equal(name, rows[39].display_name) -- MAPI_SUBSYSTEM
        assert.truthy(rows[37]) -- MAPI_SPOOLER
        assert.truthy(rows[34]) -- MAPI_AB
        assert.truthy(rows[33]) -- MAPI_STORE_PROVIDER
    end)

    it("remembers its last error", function()
        assert.is_nil(session:last_error())
        session:open_entry "x"
        local last = session:last_error()
        assert.equal("string", type(last.text))
        assert.truthy(#last.text > 0)
        assert.equal("integer", math.type(last.low_level))
        assert.equal("integer", math.type(last.context))
    end)

    it("lists what was opened through it, newest first", function()
        assert.same({}, session:objects())
        local store = assert(session:open_store())
        local inbox = assert(store:inbox())
        local objects = session:objects()
        assert.equal(2, #objects)
        assert.equal("folder", objects[1].type)
        assert.equal("store", objects[2].type)
        for _, object in ipairs(objects) do
            assert.equal("integer", math.type(object.age))
            assert.truthy(object.age >= 0)
        end
        inbox:close()
        assert.equal(1, #session:objects())
        store:close()
        assert.same({}, session:objects())
    end)

    it("iterates stores and services safely: break, errors, closing inside", function()
        for _, iterate in ipairs { session.stores, session.services, session.status } do
            collectgarbage "stop"
            local before = mapi.stats().table
            for _ in iterate(session) do break end -- luacheck: ignore 512
            pcall(function()
                for _ in iterate(session) do error "enough" end -- luacheck: ignore 512
            end)
            assert.equal(before, mapi.stats().table)
            collectgarbage "restart"
        end
        local other = support.logon()
        support.raises("attempt to use a closed listing", function()
            for _ in other:stores() do
                other:close()
            end
        end)
        support.raises("attempt to use a closed session", other.stores, other)
    end)
end)
