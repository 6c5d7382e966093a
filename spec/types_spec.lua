--- What must hold for every type of object, driven from the methods tables: a new type needs one entry in `makers`.
local support = require "spec.support"
local mapi = require "mapi"
local types = require "mapi.core".types

local mail = table.concat({
    "From: Reading Room <room@example.org>", "To: team@example.org", "Subject: one", "MIME-Version: 1.0",
    "Content-Type: multipart/mixed; boundary=b", "", "--b", "Content-Type: text/plain", "", "hello",
    "--b", "Content-Type: text/plain", "Content-Disposition: attachment; filename=a.txt", "", "attached", "--b--", "",
}, "\r\n")

local profile

-- Each maker returns an open object and its parents, nearest first. What a folder opens belongs to the store: a
-- folder is a place,
-- and closing it ends neither its messages nor a walk over its rows.
local makers = {}

function makers.session()
    return assert(mapi.logon(profile))
end

function makers.helper()
    return assert(mapi.helper { profile = profile })
end

function makers.store()
    local session = makers.session()
    return assert(session:open_store()), session
end

function makers.folder()
    local store, session = makers.store()
    return assert(store:inbox()), store, session
end

function makers.message()
    local folder, store, session = makers.folder()
    return assert(folder:import(mail)), store, session
end

function makers.attachment()
    local message, store, session = makers.message()
    for attachment in message:attachments() do -- luacheck: ignore 512
        return attachment, message, store, session
    end
end

function makers.stream()
    local message, store, session = makers.message()
    return assert(message:stream "body"), message, store, session
end

function makers.table()
    local folder, store, session = makers.folder()
    return assert(folder:table { columns = { "subject" } }), store, session
end

function makers.rows()
    local folder, store, session = makers.folder()
    local _, rows = folder:rows { columns = { "subject" } }
    return rows, store, session
end

function makers.listing()
    local session = makers.session()
    local _, listing = session:stores()
    return listing, session
end

function makers.profile_section()
    local session = makers.session()
    local uid = "{6c0c2f33-9a2b-4e0f-8f0e-5a3a1f0b2c11}"
    local section = session:profile_section(uid)
    if not section then
        assert(session:profile_section(uid, { write = true })):close() -- makes it
        section = assert(session:profile_section(uid)) -- any number may read
    end
    return section, session
end

function makers.account_manager()
    local helper <close> = assert(mapi.helper { profile = profile })
    return assert(mapi.account_manager(helper)) -- has a reference of its own on the helper
end

function makers.account()
    local manager = makers.account_manager()
    local account = manager:find { is_exchange = false }
        or assert(manager:create { type = "imap", name = "Home", server = "imap.example.org" })
    return account, manager
end

function makers.account_enum()
    local manager = makers.account_manager()
    return assert(manager:enumerate()), manager
end

function makers.connection()
    local manager = makers.account_manager()
    return assert(manager:advise(function() end)), manager
end

-- Further ways to such objects: "<type> <how>".
makers["connection of a session"] = function()
    local session = makers.session()
    return assert(session:advise(function() end)), session
end

makers["connection of a store"] = function()
    local store, session = makers.store()
    return assert(store:advise(function() end)), store, session
end

local function closed(type_name)
    return "attempt to use a closed " .. type_name
end

describe("every type of object", function()
    setup(function()
        profile = support.profile "types"
    end)

    teardown(function()
        support.nothing_left()
        support.leave_home()
    end)

    after_each(function()
        collectgarbage "restart"
        collectgarbage "incremental"
        support.nothing_left()
    end)

    for name in pairs(types) do
        it("has a maker here: " .. name, function()
            assert.truthy(makers[name], "spec/types_spec.lua does not test " .. name)
        end)
    end

    for title, make in pairs(makers) do
        local name = title:match "^%S+"
        local methods = types[name]

        describe(title, function()
            it("is known, and described", function()
                local object <close> = make()
                assert.equal(name, mapi.type(object))
                assert.truthy(tostring(object):match("^mapi%." .. name .. "[: ].*%(?0x%x+%)$"), tostring(object))
                object:close()
                assert.equal("closed " .. name, mapi.type(object))
                assert.equal("mapi." .. name .. " (closed)", tostring(object))
            end)

            it("hides its metatable and metamethods", function()
                local object <close> = make()
                assert.is_false(getmetatable(object))
                for _, key in ipairs { "__gc", "__close", "__index", "__name", "__tostring", "__metatable" } do
                    assert.is_nil(object[key])
                end
                assert.is_nil(object.no_such_method)
                assert.is_false((pcall(function() object.field = 1 end)))
            end)

            it("raises from every method of a closed one, close apart", function()
                local object = make()
                object:close()
                for method, call in pairs(methods) do
                    if method == "close" or method == "unadvise" then
                        assert.is_true(call(object))
                    else
                        support.raises(closed(name), call, object)
                        support.raises(closed(name), call, object, "x", "y")
                        support.raises(closed(name), call, object, {})
                    end
                end
            end)

            it("raises from every method on anything else", function()
                local object <close> = make()
                local other <close> = name == "session" and makers.helper() or makers.session()
                for _, call in pairs(methods) do
                    for _, value in ipairs { 1, "x", {}, io.stdout, other, print } do
                        support.raises("mapi." .. name .. " expected", call, value)
                    end
                    support.raises("mapi." .. name .. " expected", call)
                end
                assert.equal(name, mapi.type(object))
            end)

            it("is closed twice without harm", function()
                local object = make()
                assert.is_true(object:close())
                assert.is_true(object:close())
                local ok = pcall(function()
                    local again <close> = object -- luacheck: ignore again
                end)
                assert.is_true(ok)
            end)

            it("is closed by its scope, also when an error leaves it", function()
                local kept
                do
                    local object <close> = make()
                    kept = object
                end
                assert.equal("closed " .. name, mapi.type(kept))
                local ok, message = pcall(function()
                    local object <close> = make()
                    kept = object
                    error("unchanged", 0)
                end)
                assert.is_false(ok)
                assert.equal("unchanged", message)
                assert.equal("closed " .. name, mapi.type(kept))
            end)

            it("is closed with any parent that is closed first, and not by a child", function()
                local chain = { make() }
                for i = 1, #chain do
                    assert.is_true(chain[i]:close())
                end
                for which = 1, #chain - 1 do
                    chain = { make() }
                    assert.is_true(chain[which + 1]:close())
                    assert.equal("closed " .. name, mapi.type(chain[1]))
                    assert.is_true(chain[1]:close())
                    for i = which + 2, #chain do
                        assert.falsy(mapi.type(chain[i]):match "^closed", tostring(chain[i]))
                    end
                    chain[#chain]:close()
                    for i = 1, #chain do
                        assert.truthy(mapi.type(chain[i]):match "^closed")
                    end
                end
            end)

            it("keeps its parents alive when they are dropped", function()
                local object = make()
                collectgarbage()
                collectgarbage()
                assert.equal(name, mapi.type(object))
                if object.get then
                    local property = name == "account" and "acct_name" or "display_name"
                    assert(object:get(property) or select(3, object:get(property)))
                end
                assert.is_true(object:close())
            end)

            it("is released by the collector, in every mode", function()
                for _, mode in ipairs { "incremental", "generational" } do
                    collectgarbage(mode)
                    for _ = 1, 20 do
                        make()
                    end
                    support.nothing_left()
                end
            end)

            it("is released when it is closed, while the collector is stopped", function()
                support.nothing_left()
                collectgarbage "stop"
                for _ = 1, 3 do
                    local chain = { make() }
                    for i = 1, #chain do
                        chain[i]:close()
                    end
                end
                local count, kinds = support.alive()
                collectgarbage "restart"
                assert.equal(0, count, kinds)
            end)

            it("is released when a coroutine that holds it is abandoned or closed", function()
                local function hold()
                    local object <close> = make()
                    coroutine.yield(object)
                end
                local abandoned = coroutine.create(hold)
                assert(coroutine.resume(abandoned))
                abandoned = nil
                assert.is_nil(abandoned)
                support.nothing_left()
                local thread = coroutine.create(hold)
                local _, object = coroutine.resume(thread)
                assert.is_true(coroutine.close(thread))
                assert.equal("closed " .. name, mapi.type(object))
            end)

            it("is released by finalizers in any order", function()
                for _ = 1, 5 do
                    local chain = { make() }
                    -- Finalizers of the script's own, before and after ours, that use what is already finalized.
                    setmetatable({ chain = chain }, { __gc = function(self)
                        for _, object in ipairs(self.chain) do
                            pcall(object.close, object)
                        end
                    end })
                    setmetatable({ chain = chain }, { __gc = function(self)
                        for i = #self.chain, 1, -1 do
                            tostring(self.chain[i])
                            pcall(self.chain[i].get, self.chain[i], "subject")
                        end
                    end })
                    chain = nil
                    assert.is_nil(chain)
                    collectgarbage()
                end
            end)
        end)
    end

    describe("of another Lua state", function()
        it("is closed with everything open, whatever the order", function()
            local text, ok = support.run([[
                local mapi = require "mapi"
                assert(mapi.profiles.create "p")
                kept = {}
                for i = 1, 3 do
                    local session = assert(mapi.logon "p")
                    local store = assert(session:open_store())
                    local inbox = assert(store:inbox())
                    kept[i] = i == 1 and { session, store, inbox } or i == 2 and { inbox, store, session } or { inbox }
                end
                setmetatable({}, { __gc = function()
                    -- During lua_close: what is made now has no finalizer of its own.
                    late = mapi.logon "p"
                    if late then late:open_store() end
                end })
            ]])
            assert.is_true(ok, text)
        end)
    end)
end)
