--- Stores: the standard folders, folders by path, entries by id, the store's own properties and its ending.
local mapi = require "mapi"
local support = require "spec.support"

describe("a store", function()
    local session, store

    before_each(function()
        session = support.logon()
        store = assert(session:open_store { write = true })
    end)

    after_each(function()
        store:close()
        session:close()
        support.forget_profiles()
    end)

    it("has the standard folders", function()
        for _, name in ipairs { "root", "inbox", "outbox", "sent_items", "deleted_items" } do
            local folder <close> = assert(store[name](store))
            assert.equal("folder", mapi.type(folder))
            assert.equal("string", type(folder:entryid()))
        end
        local inbox <close> = store:inbox()
        assert.equal("Inbox", inbox:name())
    end)

    it("opens folders by their path below the folders that users see", function()
        local inbox <close> = store:inbox()
        local work <close> = assert(inbox:create "Work")
        local deep <close> = assert(work:create "2026")
        local found <close> = assert(store:folder "Inbox/Work/2026")
        assert.equal(deep:entryid(), found:entryid())
        assert.equal("Inbox/Work/2026", found:path())
        local top <close> = assert(store:folder "")
        assert.equal("", top:path())
    end)

    it("reads \\/ in a path as a slash in a name", function()
        local inbox <close> = store:inbox()
        for _, name in ipairs { "a/b", "a\\b", "back\\", "/", "ä €" } do
            local made <close> = assert(inbox:create(name))
            local path = made:path()
            local found <close> = assert(store:folder(path))
            assert.equal(made:entryid(), found:entryid())
            assert.equal(name, found:name())
        end
        local slash <close> = assert(store:folder "Inbox/a\\/b")
        assert.equal("Inbox/a\\/b", slash:path())
        support.fails("store:folder", "MAPI_E_NOT_FOUND", store:folder "Inbox/a/b")
    end)

    -- A name that could not be made, because it differed in case only, could not be found either.
    it("finds folders whatever the case of their names", function()
        local inbox <close> = store:inbox()
        local work <close> = assert(inbox:create "Work")
        local found <close> = assert(store:folder "inbox/WORK")
        assert.equal(work:entryid(), found:entryid())
        support.fails("folder:create", "MAPI_E_COLLISION", inbox:create "wOrk")
    end)

    it("says that a part of a path is empty", function()
        for _, path in ipairs { "/", "/Inbox", "Inbox/", "Inbox//Work" } do
            local message = support.fails("store:folder", "MAPI_E_NOT_FOUND", store:folder(path))
            assert.truthy(message:find('a part of the path "' .. path .. '" is empty', 1, true))
        end
    end)

    it("says which part of a path is missing", function()
        local message = support.fails("store:folder", "MAPI_E_NOT_FOUND", store:folder "Inbox/Nowhere/Else")
        assert.truthy(message:find('there is no folder "Nowhere" in "Inbox"', 1, true))
        message = support.fails("store:folder", "MAPI_E_NOT_FOUND", store:folder "Nowhere")
        assert.truthy(message:find('there is no folder "Nowhere"', 1, true))
    end)

    it("opens folders and messages by their entry id", function()
        local inbox <close> = store:inbox()
        local again <close> = assert(store:open(inbox:entryid()))
        assert.equal("folder", mapi.type(again))
        local message <close> = assert(inbox:new_message { subject = "by id" })
        assert(message:save())
        local opened <close> = assert(store:open(message:entryid()))
        assert.equal("message", mapi.type(opened))
        assert.equal("by id", opened:get "subject")
    end)

    it("refuses entry ids that are none", function()
        local inbox <close> = store:inbox()
        local id = inbox:entryid()
        support.fails("store:open", "MAPI_E_INVALID_ENTRYID", store:open "")
        for _, bad in ipairs { id:sub(1, -2), id:sub(1, 8), id .. "x", ("\0"):rep(#id), "x", ("x"):rep(70000),
                               id:sub(1, -9) .. ("\255"):rep(8) } do
            local value, message, name = store:open(bad)
            assert.is_nil(value)
            assert.truthy(message:find("^store:open: MAPI_E_"))
            assert.truthy(name:find "^MAPI_E_")
        end
        support.raises("string expected", store.open, store, 12)
    end)

    it("opens nothing through an entry id of another store", function()
        local other_session = support.logon()
        local other = assert(other_session:open_store { write = true })
        local inbox <close> = other:inbox()
        local value, _, name = store:open(inbox:entryid())
        assert.is_nil(value)
        assert.truthy(name == "MAPI_E_UNKNOWN_ENTRYID" or name == "MAPI_E_INVALID_ENTRYID", name)
        other:close()
        other_session:logoff { ui = false }
    end)

    it("tells its name, entry id and properties", function()
        assert.equal(store:name(), store:get "display_name")
        assert.equal("string", type(store:entryid()))
        local seen = {}
        for tag, value in store:props() do
            seen[tag] = value
        end
        assert.equal(store:name(), seen[0x3001001F])
    end)

    it("ends what was opened through it when it is closed", function()
        local inbox = store:inbox()
        local message = inbox:new_message {}
        local rows = { inbox:rows {} }
        assert.is_true(store:close())
        assert.equal("closed store", mapi.type(store))
        assert.equal("closed folder", mapi.type(inbox))
        assert.equal("closed message", mapi.type(message))
        support.raises("attempt to use a closed folder", inbox.name, inbox)
        support.raises("attempt to use a closed store", store.inbox, store)
        support.raises("attempt to use a closed rows", rows[1], rows[2])
        assert.is_true(store:close())
        assert.truthy(tostring(store):find("(closed)", 1, true))
    end)

    it("lives on in its children when it is dropped", function()
        local inbox = session:open_store({ write = true }):inbox()
        collectgarbage()
        collectgarbage()
        assert.equal("Inbox", inbox:name())
        local message = assert(inbox:new_message { subject = "x" })
        inbox = nil -- luacheck: ignore
        collectgarbage()
        assert(message:save())
        assert.equal("x", message:get "subject")
        message:close()
    end)

    it("is read-only unless write is asked for", function()
        local reader <close> = assert(session:open_store { write = false })
        local inbox <close> = assert(reader:inbox())
        local value, _, name = inbox:create "Work"
        assert.is_nil(value)
        assert.equal("MAPI_E_NO_ACCESS", name)
    end)
end)
