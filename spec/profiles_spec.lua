local support = require "spec.support"
local mapi = require "mapi"

local function names()
    local list = {}
    for profile in mapi.profiles.each() do
        list[profile.name] = profile.default
    end
    return list
end

describe("mapi.profiles", function()
    after_each(support.leave_home)

    it("creates a profile that is ready to log on, with a default message store", function()
        assert.is_true(mapi.profiles.create "work")
        assert.same({ work = false }, names())
        local session <close> = assert(mapi.logon "work")
        local count = 0
        for store in session:stores() do
            assert.is_true(store.default)
            assert.equal("string", type(store.entryid))
            assert.equal("string", type(store.display_name))
            assert.equal("string", type(store.provider))
            count = count + 1
        end
        assert.equal(1, count)
    end)

    it("makes a profile the default only when asked", function()
        assert(mapi.profiles.create "one")
        support.fails("mapi.profiles.default", "MAPI_E_NOT_FOUND", mapi.profiles.default())
        assert(mapi.profiles.create("two", { default = true }))
        assert.equal("two", mapi.profiles.default())
        assert.same({ one = false, two = true }, names())
        assert.is_true(mapi.profiles.set_default "one")
        assert.same({ one = true, two = false }, names())
        assert.is_true(mapi.profiles.set_default(nil))
        support.fails("mapi.profiles.default", "MAPI_E_NOT_FOUND", mapi.profiles.default())
        support.fails("mapi.profiles.set_default", "MAPI_E_NOT_FOUND", mapi.profiles.set_default "nobody")
    end)

    it("refuses a name that is taken, and what is no name", function()
        assert(mapi.profiles.create "work")
        support.fails("mapi.profiles.create", "MAPI_E_NO_ACCESS", mapi.profiles.create "work")
        for _, name in ipairs {
            "", " work", "work ", "a/b", "a\\b", "a:b", "a*b", "a?b", 'a"b', "a<b", "a|b", "a\1b", ("x"):rep(65),
        } do
            support.fails("mapi.profiles.create", "MAPI_E_INVALID_PARAMETER", mapi.profiles.create(name))
        end
        support.raises("NUL", mapi.profiles.create, "a\0b")
        support.raises("UTF-8", mapi.profiles.create, "a\xFFb")
        support.raises("string expected", mapi.profiles.create, 5)
        support.raises("unknown option 'defualt'", mapi.profiles.create, "x", { defualt = true })
        support.raises("boolean expected", mapi.profiles.create, "x", { default = 1 })
        assert.same({ work = false }, names())
    end)

    it("takes names of 64 characters, in any script", function()
        for _, name in ipairs {
            ("x"):rep(64), ("é"):rep(64), ("😀"):rep(32), "Ünïcödé 邮件", "a.b-c@d+e's (f), g & h #1",
        } do
            assert(mapi.profiles.create(name))
            assert.is_false(names()[name])
            local session <close> = assert(mapi.logon(name))
            assert.equal(name, session:profile())
        end
    end)

    it("tells upper from lower case", function()
        assert(mapi.profiles.create "work")
        assert(mapi.profiles.create "Work")
        assert(mapi.profiles.delete "work")
        assert.same({ Work = false }, names())
    end)

    it("copies, renames and deletes", function()
        assert(mapi.profiles.create "a")
        assert.is_true(mapi.profiles.copy("a", "b"))
        assert.is_true(mapi.profiles.rename("b", "c"))
        assert.same({ a = false, c = false }, names())
        support.fails("mapi.profiles.copy", "MAPI_E_NO_ACCESS", mapi.profiles.copy("a", "c"))
        support.fails("mapi.profiles.copy", "MAPI_E_NOT_FOUND", mapi.profiles.copy("x", "y"))
        support.fails("mapi.profiles.rename", "MAPI_E_NOT_FOUND", mapi.profiles.rename("x", "y"))
        assert.is_true(mapi.profiles.delete "a")
        support.fails("mapi.profiles.delete", "MAPI_E_NOT_FOUND", mapi.profiles.delete "a")
        assert.same({ c = false }, names())
        for _, call in pairs { mapi.profiles.copy, mapi.profiles.rename } do
            support.raises("string expected", call, "a")
            support.raises("NUL", call, "a", "b\0")
        end
    end)

    it("releases the table at the end, at break and on error", function()
        for i = 1, 3 do
            assert(mapi.profiles.create("p" .. i))
        end
        collectgarbage "stop"
        local before = mapi.stats().table
        for _ in mapi.profiles.each() do end
        assert.equal(before, mapi.stats().table)
        for _ in mapi.profiles.each() do break end -- luacheck: ignore 512
        assert.equal(before, mapi.stats().table)
        pcall(function()
            for _ in mapi.profiles.each() do error "enough" end -- luacheck: ignore 512
        end)
        assert.equal(before, mapi.stats().table)
        collectgarbage "restart"
    end)

    it("survives the process", function()
        local home = support.new_home()
        local create = [[assert(require "mapi".profiles.create("kept", { default = true }))]]
        local text, ok = support.run(create, { home = home })
        assert.is_true(ok, text)
        assert.equal("kept\n", (support.run([[print(require "mapi".profiles.default())]], { home = home })))
        support.remove_home(home)
    end)

    it("says clearly what is wrong with a database that cannot be used", function()
        local function attempt(prepare)
            local home = support.new_home()
            prepare(home)
            local text = support.run([[
                local mapi = require "mapi"
                for _, call in ipairs { mapi.logon, mapi.profiles.create } do
                    local ok, message, name = call "x"
                    assert(ok == nil)
                    print(name, message)
                end
                print(pcall(function() for _ in mapi.profiles.each() do end end))
            ]], { home = home })
            support.remove_home(home)
            return text
        end
        local text = attempt(function(home)
            local file = assert(io.open(home .. "/profiles.db", "wb"))
            file:write(("not a database "):rep(1000))
            file:close()
        end)
        assert.truthy(text:find("MAPI_E_CORRUPT_DATA", 1, true), text)
        assert.falsy(text:find("lua5.4:", 1, true), text)
    end)
end)
